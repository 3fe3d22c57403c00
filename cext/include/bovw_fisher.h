/* The statistics of Fisher vectors, from sparse posteriors. */
#ifndef BOVW_FISHER_H
#define BOVW_FISHER_H

#include "bovw_mask.h"

/* Append the entries of a row that are greater than 0; return how many there are. */
static int bovw_compress_row(const float *row, int n, int *index, float *value) {
    const v8 zero = v8_set1(0);
    int j = 0, m = 0;
    for (; j + 8 <= n; j += 8) {
        unsigned mask = v8_greater_mask(v8_load(row + j), zero);
        for (; mask; mask &= mask - 1) {
            index[m] = j + bovw_lowest_bit(mask);
            value[m] = row[index[m]];
            ++m;
        }
    }
    for (; j < n; ++j)
        if (row[j] > 0) {
            index[m] = j;
            value[m++] = row[j];
        }
    return m;
}

/* u += g y, v += g (y * y - 1) with y = (z - mean) / deviation. */
static void bovw_add_fisher(const float *z, const float *mean, const float *inverse_deviation, float g, int d,
                            float *u, float *v) {
    const v8 weight = v8_set1(g);
    int t = 0;
    for (; t + 8 <= d; t += 8) {
        const v8 y = v8_mul(v8_sub(v8_load(z + t), v8_load(mean + t)), v8_load(inverse_deviation + t));
        const v8 gy = v8_mul(weight, y);
        v8_store(u + t, v8_add(v8_load(u + t), gy));
        v8_store(v + t, v8_add(v8_load(v + t), v8_sub(v8_mul(gy, y), weight)));
    }
    for (; t < d; ++t) {
        const float y = (z[t] - mean[t]) * inverse_deviation[t], gy = g * y;
        u[t] += gy;
        v[t] += gy * y - g;
    }
}

#endif
