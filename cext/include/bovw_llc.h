/* One descriptor's approximate LLC weights over its k neighbors. */
#ifndef BOVW_LLC_H
#define BOVW_LLC_H

#include "bovw_v8.h"

/* gram[i * k + j], j <= i: inner products of the k rows of z, each of `stride` floats, a multiple of 8. */
static void bovw_gram(const float *z, int k, int stride, double *gram) {
    int i, j, t;
    for (i = 0; i < k; ++i) {
        const float *a = z + (size_t)i * stride;
        for (j = 0; j + 4 <= i + 1; j += 4) {
            const float *b = z + (size_t)j * stride;
            v8 s0 = v8_set1(0), s1 = s0, s2 = s0, s3 = s0;
            for (t = 0; t < stride; t += 8) {
                const v8 x = v8_load(a + t);
                s0 = v8_madd(x, v8_load(b + t), s0);
                s1 = v8_madd(x, v8_load(b + stride + t), s1);
                s2 = v8_madd(x, v8_load(b + 2 * stride + t), s2);
                s3 = v8_madd(x, v8_load(b + 3 * stride + t), s3);
            }
            gram[i * k + j] = v8_sum(s0);
            gram[i * k + j + 1] = v8_sum(s1);
            gram[i * k + j + 2] = v8_sum(s2);
            gram[i * k + j + 3] = v8_sum(s3);
        }
        for (; j <= i; ++j) {
            const float *b = z + (size_t)j * stride;
            v8 s = v8_set1(0);
            for (t = 0; t < stride; t += 8) s = v8_madd(v8_load(a + t), v8_load(b + t), s);
            gram[i * k + j] = v8_sum(s);
        }
    }
}

/* Solve (gram / trace + beta I) w = 1 by Cholesky in place, then scale w to sum 1.
 * Dividing by the trace keeps tiny and huge descriptors in range. All neighbors
 * equal to the descriptor: the trace is 0 and the weights are equal. */
static void bovw_solve_llc(double *gram, int k, double beta, double *w, float *out) {
    double trace = 0, total = 0;
    int i, j, t;
    for (i = 0; i < k; ++i) trace += gram[i * k + i];
    for (i = 0; i < k; ++i) {
        for (j = 0; j <= i; ++j) {
            double s = trace > 0 ? gram[i * k + j] / trace : 0.0;
            if (i == j) s += beta;
            for (t = 0; t < j; ++t) s -= gram[i * k + t] * gram[j * k + t];
            gram[i * k + j] = i == j ? sqrt(s) : s / gram[j * k + j];
        }
        w[i] = 1.0;
        for (t = 0; t < i; ++t) w[i] -= gram[i * k + t] * w[t];
        w[i] /= gram[i * k + i];
    }
    for (i = k - 1; i >= 0; --i) {
        for (t = i + 1; t < k; ++t) w[i] -= gram[t * k + i] * w[t];
        w[i] /= gram[i * k + i];
        total += w[i];
    }
    for (i = 0; i < k; ++i) out[i] = (float)(w[i] / total);
}

#endif
