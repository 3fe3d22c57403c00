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
 * `scores` is overwritten.
 *
 * The row is dealt out to 32 lanes. The k-th largest of the lanes' maxima is a lower
 * bound of the k-th best score, so that hardly more than k scores pass it in the second
 * sweep and all others are dismissed 32 at a time. */
static void bovw_top_k(float *scores, const float *bias, int n, int k, float *best, int *index) {
    const int whole = n / 32 * 32;
    float worst = -INFINITY, lane[32];
    v8 top[4];
    int i, j;
    for (i = 0; i < 4; ++i) top[i] = v8_set1(-INFINITY);
    for (j = 0; j < whole; j += 32)
        for (i = 0; i < 4; ++i) {
            const v8 s = v8_sub(v8_load(scores + j + 8 * i), v8_load(bias + j + 8 * i));
            v8_store(scores + j + 8 * i, s);
            top[i] = v8_max(s, top[i]);
        }
    for (; j < n; ++j) scores[j] -= bias[j];

    for (i = 0; i < k; ++i) best[i] = -INFINITY;
    if (whole && k <= 32) {
        for (i = 0; i < 4; ++i) v8_store(lane + 8 * i, top[i]);
        for (j = 0; j < 32; ++j)
            if (lane[j] > worst) worst = bovw_insert(lane[j], j, k, best, index);
        worst = nextafterf(worst, -INFINITY); /* a score equal to the bound passes */
    }
    for (i = 0; i < k; ++i) {
        best[i] = -INFINITY;
        index[i] = -1;
    }
    for (j = 0; j < whole; j += 32) {
        const v8 a = v8_load(scores + j), b = v8_load(scores + j + 8), bar = v8_set1(worst);
        const v8 c = v8_load(scores + j + 16), d = v8_load(scores + j + 24);
        unsigned mask;
        if (!v8_greater_mask(v8_max(v8_max(a, b), v8_max(c, d)), bar)) continue;
        mask = v8_greater_mask(a, bar) | (v8_greater_mask(b, bar) << 8) | (v8_greater_mask(c, bar) << 16) |
               (v8_greater_mask(d, bar) << 24);
        for (; mask; mask &= mask - 1) {
            const int t = j + bovw_lowest_bit(mask);
            if (scores[t] > worst) {
                const float kth = bovw_insert(scores[t], t, k, best, index);
                if (kth > worst) worst = kth;
            }
        }
    }
    for (; j < n; ++j)
        if (scores[j] > worst) {
            const float kth = bovw_insert(scores[j], j, k, best, index);
            if (kth > worst) worst = kth;
        }
}

#endif
