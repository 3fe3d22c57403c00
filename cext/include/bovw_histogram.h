/* Additive kernels between the rows of two matrices, four rows by two at a time.
 * A sum over features runs in eight lanes of float over one chunk, and in double
 * from chunk to chunk, in the same order at every SIMD level and wherever a row lies. */
#ifndef BOVW_HISTOGRAM_H
#define BOVW_HISTOGRAM_H

#include <float.h>
#include <stddef.h>

#include "bovw_v8.h"

#define BOVW_HIST_CHUNK 1024 /* features; 4 rows of it fill half of a 32 kB cache */
#define BOVW_HIST_ROWS 64    /* rows of y that stay in the second cache meanwhile */

BOVW_INLINE v8 bovw_inner_product_lanes(v8 x, v8 y) { return v8_mul(x, y); }
BOVW_INLINE float bovw_inner_product_one(float x, float y) { return x * y; }

BOVW_INLINE v8 bovw_intersection_lanes(v8 x, v8 y) { return v8_min(x, y); }
BOVW_INLINE float bovw_intersection_one(float x, float y) { return x < y ? x : y; }

/* Half of 2xy / (x + y); the least normal float makes 0 / 0 into 0 and is lost in any other sum. */
BOVW_INLINE v8 bovw_chi2_lanes(v8 x, v8 y)
{
    return v8_mul(x, v8_div(y, v8_add(v8_add(x, y), v8_set1(FLT_MIN))));
}
BOVW_INLINE float bovw_chi2_one(float x, float y) { return x * (y / ((x + y) + FLT_MIN)); }

/* sums[i][j] += term summed over n features, for ni <= 4 rows of x and nj <= 2 rows of y. */
#define BOVW_HISTOGRAM_KERNEL(NAME, LANES, ONE, FACTOR)                                                     \
    BOVW_INLINE void NAME##_micro(const float *const *x, const float *const *y, size_t n, double *sums,     \
                                  size_t stride, size_t ni, size_t nj)                                      \
    {                                                                                                       \
        v8 acc[4][2];                                                                                       \
        size_t t = 0;                                                                                       \
        for (size_t i = 0; i < 4; ++i)                                                                      \
            for (size_t j = 0; j < 2; ++j) acc[i][j] = v8_set1(0);                                          \
        for (; t + 8 <= n; t += 8) {                                                                        \
            const v8 y0 = v8_load(y[0] + t), y1 = v8_load(y[1] + t);                                        \
            for (size_t i = 0; i < 4; ++i) {                                                                \
                const v8 xi = v8_load(x[i] + t);                                                            \
                acc[i][0] = v8_add(acc[i][0], LANES(xi, y0));                                               \
                acc[i][1] = v8_add(acc[i][1], LANES(xi, y1));                                               \
            }                                                                                               \
        }                                                                                                   \
        for (size_t i = 0; i < ni; ++i)                                                                     \
            for (size_t j = 0; j < nj; ++j) {                                                               \
                float rest = 0;                                                                             \
                for (size_t u = t; u < n; ++u) rest += ONE(x[i][u], y[j][u]);                               \
                sums[i * stride + j] += (double)v8_sum(acc[i][j]) + rest;                                   \
            }                                                                                               \
    }                                                                                                       \
    /* out[i * out_stride + j] = the kernel of row i of x and row j of y, all of them n features long. */   \
    static void NAME(const float *x, size_t rows_x, const float *y, size_t rows_y, size_t n, float *out,    \
                     size_t out_stride)                                                                     \
    {                                                                                                       \
        double sums[BOVW_HIST_ROWS][BOVW_HIST_ROWS];                                                        \
        for (size_t i0 = 0; i0 < rows_x; i0 += BOVW_HIST_ROWS)                                              \
            for (size_t j0 = 0; j0 < rows_y; j0 += BOVW_HIST_ROWS) {                                        \
                const size_t ni = rows_x - i0 < BOVW_HIST_ROWS ? rows_x - i0 : BOVW_HIST_ROWS;              \
                const size_t nj = rows_y - j0 < BOVW_HIST_ROWS ? rows_y - j0 : BOVW_HIST_ROWS;              \
                memset(sums, 0, sizeof sums);                                                               \
                for (size_t t0 = 0; t0 < n; t0 += BOVW_HIST_CHUNK) {                                        \
                    const size_t m = n - t0 < BOVW_HIST_CHUNK ? n - t0 : BOVW_HIST_CHUNK;                   \
                    for (size_t i = 0; i < ni; i += 4)                                                      \
                        for (size_t j = 0; j < nj; j += 2) {                                                \
                            const float *px[4], *py[2];                                                     \
                            const size_t li = ni - i < 4 ? ni - i : 4, lj = nj - j < 2 ? nj - j : 2;        \
                            for (size_t u = 0; u < 4; ++u)                                                  \
                                px[u] = x + (i0 + i + (u < li ? u : 0)) * n + t0;                           \
                            for (size_t u = 0; u < 2; ++u)                                                  \
                                py[u] = y + (j0 + j + (u < lj ? u : 0)) * n + t0;                           \
                            NAME##_micro(px, py, m, &sums[i][j], BOVW_HIST_ROWS, li, lj);                   \
                        }                                                                                   \
                }                                                                                           \
                for (size_t i = 0; i < ni; ++i)                                                             \
                    for (size_t j = 0; j < nj; ++j)                                                         \
                        out[(i0 + i) * out_stride + j0 + j] = (float)(FACTOR * sums[i][j]);                 \
            }                                                                                               \
    }

BOVW_HISTOGRAM_KERNEL(bovw_inner_product, bovw_inner_product_lanes, bovw_inner_product_one, 1.0)
BOVW_HISTOGRAM_KERNEL(bovw_intersection, bovw_intersection_lanes, bovw_intersection_one, 1.0)
BOVW_HISTOGRAM_KERNEL(bovw_chi2, bovw_chi2_lanes, bovw_chi2_one, 2.0)

#endif
