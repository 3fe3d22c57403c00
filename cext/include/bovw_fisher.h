/* The statistics of Fisher vectors, from the posteriors of one component. */
#ifndef BOVW_FISHER_H
#define BOVW_FISHER_H

#include <stdint.h>

#include "bovw_v8.h"

/* u[j] = sum of g y and v[j] = sum of g (y * y - 1) over a list of rows and their posteriors g, with
 * y = (z - mean) / deviation. */
static void bovw_listed_fisher(
    const float *z, ptrdiff_t stride, const float *mean, const float *inverse_deviation, ptrdiff_t d,
    const int32_t *rows, const float *values, ptrdiff_t count, float *u, float *v) {
    ptrdiff_t j = 0, i;
    int t;
    for (; j + 32 <= d; j += 32) { /* four registers each of sums, means and deviations */
        v8 m[4], s[4], a[4], b[4];
        for (t = 0; t < 4; ++t) {
            m[t] = v8_load(mean + j + 8 * t);
            s[t] = v8_load(inverse_deviation + j + 8 * t);
            a[t] = b[t] = v8_set1(0.0f);
        }
        for (i = 0; i < count; ++i) {
            const float *row = z + rows[i] * stride + j;
            const v8 g = v8_set1(values[i]);
            for (t = 0; t < 4; ++t) {
                const v8 y = v8_mul(v8_sub(v8_load(row + 8 * t), m[t]), s[t]), gy = v8_mul(g, y);
                a[t] = v8_add(a[t], gy);
                b[t] = v8_add(b[t], v8_sub(v8_mul(gy, y), g));
            }
        }
        for (t = 0; t < 4; ++t) {
            v8_store(u + j + 8 * t, a[t]);
            v8_store(v + j + 8 * t, b[t]);
        }
    }
    for (; j + 8 <= d; j += 8) {
        const v8 m = v8_load(mean + j), s = v8_load(inverse_deviation + j);
        v8 a = v8_set1(0.0f), b = a;
        for (i = 0; i < count; ++i) {
            const v8 g = v8_set1(values[i]);
            const v8 y = v8_mul(v8_sub(v8_load(z + rows[i] * stride + j), m), s), gy = v8_mul(g, y);
            a = v8_add(a, gy);
            b = v8_add(b, v8_sub(v8_mul(gy, y), g));
        }
        v8_store(u + j, a);
        v8_store(v + j, b);
    }
    for (; j < d; ++j) {
        u[j] = v[j] = 0.0f;
        for (i = 0; i < count; ++i) {
            const float y = (z[rows[i] * stride + j] - mean[j]) * inverse_deviation[j], gy = values[i] * y;
            u[j] += gy;
            v[j] += gy * y - values[i];
        }
    }
}

#endif
