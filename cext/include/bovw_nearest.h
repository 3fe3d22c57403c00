/* The largest and the second largest of a row of scores, and where the largest stands. */
#ifndef BOVW_NEAREST_H
#define BOVW_NEAREST_H

#include <stddef.h>
#include <stdint.h>

#include "bovw_v8.h"

#if defined(__GNUC__) || defined(__clang__)

/* Folds scores[k] - offsets[k], k = 0 .. K - 1, into the running *best (at *label)
 * and *second of a row; k counts from first_label. Among equals the lowest label
 * stays *best, and the others count as *second. */
static void bovw_best_two(
    const float *scores, const float *offsets, ptrdiff_t K, int32_t first_label, float *best, float *second,
    int32_t *label) {
    const ptrdiff_t whole = K & ~(ptrdiff_t)15;
    float top = *best, next = *second;
    int32_t where = *label;
    ptrdiff_t k;
    if (whole) {
        /* Two independent groups of eight lanes, each with its own maximum, runner-up and position. */
        v8 best0 = v8_sub(v8_load(scores), v8_load(offsets));
        v8 best1 = v8_sub(v8_load(scores + 8), v8_load(offsets + 8));
        v8 second0 = v8_set1(-INFINITY), second1 = second0;
        v8i at0 = {0, 0, 0, 0, 0, 0, 0, 0}, at1 = at0, now = at0;
        for (k = 16; k < whole; k += 16) {
            const v8 s0 = v8_sub(v8_load(scores + k), v8_load(offsets + k));
            const v8 s1 = v8_sub(v8_load(scores + k + 8), v8_load(offsets + k + 8));
            const v8i above0 = s0 > best0, above1 = s1 > best1;
            now += 16;
            second0 = v8_max(second0, v8_min(best0, s0));
            second1 = v8_max(second1, v8_min(best1, s1));
            best0 = v8_max(best0, s0);
            best1 = v8_max(best1, s1);
            at0 = (v8i)v8_select(above0, (v8)now, (v8)at0);
            at1 = (v8i)v8_select(above1, (v8)now, (v8)at1);
        }
        const v8 groups[2] = {best0, best1}, seconds[2] = {second0, second1};
        const v8i at[2] = {at0, at1};
        float lane_top = groups[0][0], lane_next = -INFINITY;
        int32_t lane_where = at[0][0];
        for (int t = 0; t < 16; ++t) {
            const float s = groups[t >> 3][t & 7];
            const int32_t position = at[t >> 3][t & 7] + t;
            lane_next = seconds[t >> 3][t & 7] > lane_next ? seconds[t >> 3][t & 7] : lane_next;
            if (t == 0) continue;
            const float lower = s > lane_top ? lane_top : s;
            lane_next = lower > lane_next ? lower : lane_next;
            if (s > lane_top || (s == lane_top && position < lane_where)) {
                lane_top = s;
                lane_where = position;
            }
        }
        next = lane_next > next ? lane_next : next;
        if (lane_top > top) {
            next = top > next ? top : next;
            top = lane_top;
            where = first_label + lane_where;
        } else {
            next = lane_top > next ? lane_top : next;
        }
    }
    for (k = whole; k < K; ++k) {
        const float s = scores[k] - offsets[k];
        if (s > top) {
            next = top;
            top = s;
            where = first_label + (int32_t)k;
        } else if (s > next) {
            next = s;
        }
    }
    *best = top;
    *second = next;
    *label = where;
}

#else

static void bovw_best_two(
    const float *scores, const float *offsets, ptrdiff_t K, int32_t first_label, float *best, float *second,
    int32_t *label) {
    ptrdiff_t k;
    for (k = 0; k < K; ++k) {
        const float s = scores[k] - offsets[k];
        if (s > *best) {
            *second = *best;
            *best = s;
            *label = first_label + (int32_t)k;
        } else if (s > *second) {
            *second = s;
        }
    }
}

#endif

#endif
