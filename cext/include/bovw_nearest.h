/* The largest scores of a row, dealt out to 16 lanes: word k belongs to lane k mod 16. */
#ifndef BOVW_NEAREST_H
#define BOVW_NEAREST_H

#include <stddef.h>
#include <stdint.h>

#include "bovw_v8.h"

#define BOVW_LANES 16

BOVW_INLINE void bovw_fold_score(float s, int32_t word, float *best, int32_t *label, float *rest) {
    const float lower = s > *best ? *best : s;
    if (lower > *rest) *rest = lower;
    if (s > *best) {
        *best = s;
        *label = word;
    }
}

/* Folds scores[k] - offsets[k], k = 0 .. K - 1, into the running maximum of each lane,
 * best[lane] at word label[lane], and into *rest, the largest score of a row that is no lane's maximum;
 * words count from first_label. Among equals in a lane the lowest word stays, and the others count as rest. */
static void bovw_fold_lanes(
    const float *scores, const float *offsets, ptrdiff_t K, int32_t first_label, float *best, int32_t *label,
    float *rest) {
    const ptrdiff_t whole = K & ~(ptrdiff_t)(BOVW_LANES - 1);
    ptrdiff_t k = 0;
#if defined(__GNUC__) || defined(__clang__)
    if (whole) {
        v8 best0 = v8_load(best), best1 = v8_load(best + 8), rest0 = v8_set1(*rest), rest1 = rest0;
        v8i at0, at1, now0 = {0, 1, 2, 3, 4, 5, 6, 7}, now1;
        memcpy(&at0, label, sizeof at0);
        memcpy(&at1, label + 8, sizeof at1);
        now0 += first_label;
        now1 = now0 + 8;
        for (; k < whole; k += BOVW_LANES) {
            const v8 s0 = v8_sub(v8_load(scores + k), v8_load(offsets + k));
            const v8 s1 = v8_sub(v8_load(scores + k + 8), v8_load(offsets + k + 8));
            const v8i above0 = s0 > best0, above1 = s1 > best1;
            rest0 = v8_max(rest0, v8_min(best0, s0));
            rest1 = v8_max(rest1, v8_min(best1, s1));
            best0 = v8_max(best0, s0);
            best1 = v8_max(best1, s1);
            at0 = (v8i)v8_select(above0, (v8)now0, (v8)at0);
            at1 = (v8i)v8_select(above1, (v8)now1, (v8)at1);
            now0 += BOVW_LANES;
            now1 += BOVW_LANES;
        }
        v8_store(best, best0);
        v8_store(best + 8, best1);
        memcpy(label, &at0, sizeof at0);
        memcpy(label + 8, &at1, sizeof at1);
        rest0 = v8_max(rest0, rest1);
        for (int t = 0; t < 8; ++t)
            if (V8_LANE(rest0, t) > *rest) *rest = V8_LANE(rest0, t);
    }
#endif
    for (; k < K; ++k) {
        const int lane = (int)(k % BOVW_LANES);
        bovw_fold_score(scores[k] - offsets[k], first_label + (int32_t)k, best + lane, label + lane, rest);
    }
}

/* The largest of all (the lowest word among equals) and the second largest score of a row. */
static void bovw_reduce_lanes(
    const float *lane_best, const int32_t *lane_label, float rest, float *best, float *second, int32_t *label) {
    float top = lane_best[0];
    int32_t where = lane_label[0];
    for (int t = 1; t < BOVW_LANES; ++t) {
        const float s = lane_best[t], lower = s > top ? top : s;
        if (lower > rest) rest = lower;
        if (s > top || (s == top && lane_label[t] < where)) {
            top = s;
            where = lane_label[t];
        }
    }
    *best = top;
    *second = rest;
    *label = where;
}

#endif
