/* The k largest of scores[j] - bias[j] in one row. */
#ifndef BOVW_TOP_K_H
#define BOVW_TOP_K_H

#include "bovw_mask.h"

BOVW_INLINE float bovw_insert(float value, int j, int k, float *best, int *index) {
    int p = k - 1;
    for (; p > 0 && best[p - 1] < value; --p) {
        best[p] = best[p - 1];
        index[p] = index[p - 1];
    }
    best[p] = value;
    index[p] = j;
    return best[k - 1];
}

/* Best first, ties to the lower index. A place that no finite score fills keeps index -1.
 * Most lanes lose against the k-th best so far, so 32 are dismissed at a time. */
static void bovw_top_k(const float *scores, const float *bias, int n, int k, float *best, int *index) {
    float worst = -INFINITY, lane[32];
    int j, i;
    for (i = 0; i < k; ++i) {
        best[i] = -INFINITY;
        index[i] = -1;
    }
    for (j = 0; j + 32 <= n; j += 32) {
        v8 a = v8_sub(v8_load(scores + j), v8_load(bias + j));
        v8 b = v8_sub(v8_load(scores + j + 8), v8_load(bias + j + 8));
        v8 c = v8_sub(v8_load(scores + j + 16), v8_load(bias + j + 16));
        v8 d = v8_sub(v8_load(scores + j + 24), v8_load(bias + j + 24));
        v8 bar = v8_set1(worst);
        unsigned mask;
        if (!v8_greater_mask(v8_max(v8_max(a, b), v8_max(c, d)), bar)) continue;
        v8_store(lane, a);
        v8_store(lane + 8, b);
        v8_store(lane + 16, c);
        v8_store(lane + 24, d);
        mask = v8_greater_mask(a, bar) | (v8_greater_mask(b, bar) << 8) | (v8_greater_mask(c, bar) << 16) |
               (v8_greater_mask(d, bar) << 24);
        for (; mask; mask &= mask - 1) {
            const int t = bovw_lowest_bit(mask);
            if (lane[t] > worst) worst = bovw_insert(lane[t], j + t, k, best, index);
        }
    }
    for (; j < n; ++j) {
        const float value = scores[j] - bias[j];
        if (value > worst) worst = bovw_insert(value, j, k, best, index);
    }
}

#endif
