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

/* The nearest of n candidates, by squared distances in float32, which are left in `squares`; the smallest and the second
 * smallest go to *first and *second. A candidate below 0 is none. */
static int32_t bovw_nearest_candidate(
    const float *x, const float *words, ptrdiff_t d, const int32_t *candidates, ptrdiff_t n, float *squares,
    float *first, float *second) {
    int32_t nearest = -1;
    *first = *second = INFINITY;
    for (ptrdiff_t t = 0; t < n; ++t) {
        squares[t] = candidates[t] < 0 ? INFINITY : bovw_squared_distance(x, words + candidates[t] * d, d);
        if (squares[t] < *first) {
            *second = *first;
            *first = squares[t];
            nearest = candidates[t];
        } else if (squares[t] < *second)
            *second = squares[t];
    }
    return nearest;
}

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

#endif
