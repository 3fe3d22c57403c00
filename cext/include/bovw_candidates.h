/* The nearest of a few words, by distances. */
#ifndef BOVW_CANDIDATES_H
#define BOVW_CANDIDATES_H

#include <stddef.h>
#include <stdint.h>

#include "bovw_v8.h"

/* The squared distance of x to a word; the error is below (d / 8 + 8) 2^-24 of it. */
BOVW_INLINE float bovw_squared_distance(const float *x, const float *word, ptrdiff_t d) {
    const ptrdiff_t whole = d & ~(ptrdiff_t)7;
    float lanes[8] = {0};
    v8 total = v8_set1(0.0f);
    ptrdiff_t j;
    for (j = 0; j < whole; j += 8) {
        const v8 v = v8_sub(v8_load(x + j), v8_load(word + j));
        total = v8_madd(v, v, total);
    }
    v8_store(lanes, total);
    for (; j < d; ++j) lanes[j - whole] += (x[j] - word[j]) * (x[j] - word[j]);
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* What float32 may change of a squared distance or of its root, as a share of it. */
BOVW_INLINE float bovw_distance_error(ptrdiff_t d) { return 4 * ((float)d / 8 + 8) * 5.9604645e-8f; }

/* Of the candidates whose `squares` are at most `within` the nearest by distances in float64, the lowest of equals. */
static int32_t bovw_settle_candidates(
    const float *x, const float *words, ptrdiff_t d, const int32_t *candidates, ptrdiff_t n, const float *squares,
    float within) {
    double least = INFINITY;
    int32_t nearest = -1;
    for (ptrdiff_t t = 0; t < n; ++t) {
        double total = 0;
        if (candidates[t] < 0 || !(squares[t] <= within)) continue;
        for (ptrdiff_t j = 0; j < d; ++j) {
            const double difference = (double)x[j] - (double)words[candidates[t] * d + j];
            total += difference * difference;
        }
        if (total < least || (total == least && candidates[t] < nearest)) {
            least = total;
            nearest = candidates[t];
        }
    }
    return nearest;
}

/* The nearest of n candidates, the lowest of equally near ones; a candidate below 0 is none, and -1 is returned if all
 * are. Their squared distances in float32 are left in `squares`, the smallest in *least; what these do not tell apart, or
 * lose to underflow, is settled in float64. */
static int32_t bovw_nearest_candidate(
    const float *x, const float *words, ptrdiff_t d, const int32_t *candidates, ptrdiff_t n, float *squares,
    float *least) {
    float first = INFINITY, second = INFINITY, within;
    int32_t nearest = -1;
    for (ptrdiff_t t = 0; t < n; ++t) {
        squares[t] = candidates[t] < 0 ? INFINITY : bovw_squared_distance(x, words + candidates[t] * d, d);
        if (squares[t] < first) {
            second = first;
            first = squares[t];
            nearest = candidates[t];
        } else if (squares[t] < second)
            second = squares[t];
    }
    *least = first;
    within = first * (1 + bovw_distance_error(d)) + 1e-36f;
    return second <= within && nearest >= 0
        ? bovw_settle_candidates(x, words, d, candidates, n, squares, within) : nearest;
}

#endif
