/* Products of rows of 8-bit integers, a tile of the product matrix at a time.
 *
 * Rows lie in panels of 16: four neighboring columns of 16 rows make 64 bytes, [columns / 4][16 rows][4], which is
 * what one AVX-512 VNNI instruction multiplies by four columns of another row, broadcast. That instruction takes one
 * unsigned operand, so the columns' side is shifted by 128, and 128 times the sum of the other row is taken off
 * afterwards. Sums are of 32 bits: at most 127 * 255 * 65536 columns fit. All is exact, so the plain C
 * version, which any processor runs, gives the same numbers.
 */
#ifndef BOVW_INT8_H
#define BOVW_INT8_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bovw_cpu.h"

enum { BOVW_PANEL = 16, BOVW_TILE_ROWS = 8, BOVW_TILE_PANELS = 3, BOVW_TILE_COLUMNS = BOVW_PANEL * BOVW_TILE_PANELS };

/* How many steps of rounding make a unit: 127 steps reach the largest magnitude of a row. 0 if that is as good as 0. */
static inline float bovw_int8_steps(const float *x, ptrdiff_t width) {
    enum { LANES = 16 };
    float lanes[LANES] = {0}, largest = 0;
    const ptrdiff_t whole = width - width % LANES;
    ptrdiff_t j;
    int t;
    for (j = 0; j < whole; j += LANES)
        for (t = 0; t < LANES; ++t) {
            const float size = fabsf(x[j + t]);
            lanes[t] = size > lanes[t] ? size : lanes[t];
        }
    for (t = 0; t < width - whole; ++t) {
        const float size = fabsf(x[whole + t]);
        lanes[t] = size > lanes[t] ? size : lanes[t];
    }
    for (t = 0; t < LANES; ++t) largest = lanes[t] > largest ? lanes[t] : largest;
    return largest > 1e-30f ? 127 / largest : 0;
}

/* One row, onto its place in its panel: integers of -127 to 127; what lies beyond its width becomes 0. Adding
 * 1.5 * 2^23 leaves a number's nearest integer in the low bits of a float, without a branch, so compilers take several
 * at a time. Returns the length of a step. */
static inline float bovw_int8_round_row(
    const float *x, ptrdiff_t width, ptrdiff_t groups, float steps, int8_t *place, int32_t *sum) {
    enum { LANES = 16 };
    ptrdiff_t g;
    int t;
    int32_t total = 0;
    for (g = 0; g < groups; g += LANES / 4) {
        int8_t rounded[LANES];
        float values[LANES] = {0};
        const ptrdiff_t left = width - 4 * g, n_groups = groups - g < LANES / 4 ? groups - g : LANES / 4;
        int32_t bits[LANES];
        if (left >= LANES)
            memcpy(values, x + 4 * g, sizeof values);
        else if (left > 0)
            memcpy(values, x + 4 * g, sizeof(float) * (size_t)left);
        for (t = 0; t < LANES; ++t) values[t] = values[t] * steps + 12582912.0f;
        memcpy(bits, values, sizeof bits);
        for (t = 0; t < LANES; ++t) bits[t] -= 0x4B400000;
        for (t = 0; t < LANES; ++t) total += bits[t];
        for (t = 0; t < LANES; ++t) rounded[t] = (int8_t)bits[t];
        for (t = 0; t < n_groups; ++t) memcpy(place + 64 * (g + t), rounded + 4 * t, 4);
    }
    *sum = total;
    return steps > 0 ? 1 / steps : 0;
}

/* sums[i][j] = sum over t of rows[i][t] * (columns[j][t] + 128); rows: half a panel, columns: three panels */
static void bovw_int8_tile_c(const int8_t *rows, const int8_t *columns, ptrdiff_t groups, int32_t *sums) {
    const ptrdiff_t panel = 64 * groups;
    ptrdiff_t g;
    int i, j, t, p;
    memset(sums, 0, sizeof(int32_t) * BOVW_TILE_ROWS * BOVW_TILE_COLUMNS);
    for (g = 0; g < groups; ++g)
        for (i = 0; i < BOVW_TILE_ROWS; ++i)
            for (p = 0; p < BOVW_TILE_PANELS; ++p)
                for (j = 0; j < BOVW_PANEL; ++j) {
                    const int8_t *a = rows + 64 * g + 4 * i, *b = columns + p * panel + 64 * g + 4 * j;
                    int32_t sum = 0;
                    for (t = 0; t < 4; ++t) sum += a[t] * (b[t] + 128);
                    sums[BOVW_TILE_COLUMNS * i + BOVW_PANEL * p + j] += sum;
                }
}

#ifdef BOVW_COMPILES_512
#include <immintrin.h>
/* 24 sums in registers: a load of columns serves 8 rows, a broadcast row 48 columns */
__attribute__((target("avx512f,avx512vnni")))
static void bovw_int8_tile_vnni(const int8_t *rows, const int8_t *columns, ptrdiff_t groups, int32_t *sums) {
    const ptrdiff_t panel = 64 * groups;
    const __m512i shift = _mm512_set1_epi32((int)0x80808080u);
    __m512i sum[BOVW_TILE_ROWS][BOVW_TILE_PANELS];
    ptrdiff_t g;
    int i;
#pragma GCC unroll 8 /* everywhere, or the sums would live in memory */
    for (i = 0; i < BOVW_TILE_ROWS; ++i)
        sum[i][0] = sum[i][1] = sum[i][2] = _mm512_setzero_si512();
    for (g = 0; g < groups; ++g) {
        const int8_t *at = columns + 64 * g;
        const __m512i c0 = _mm512_xor_si512(_mm512_loadu_si512(at), shift);
        const __m512i c1 = _mm512_xor_si512(_mm512_loadu_si512(at + panel), shift);
        const __m512i c2 = _mm512_xor_si512(_mm512_loadu_si512(at + 2 * panel), shift);
#pragma GCC unroll 8
        for (i = 0; i < BOVW_TILE_ROWS; ++i) {
            int32_t four;
            __m512i row;
            memcpy(&four, rows + 64 * g + 4 * i, sizeof four);
            row = _mm512_set1_epi32(four);
            sum[i][0] = _mm512_dpbusd_epi32(sum[i][0], c0, row);
            sum[i][1] = _mm512_dpbusd_epi32(sum[i][1], c1, row);
            sum[i][2] = _mm512_dpbusd_epi32(sum[i][2], c2, row);
        }
    }
#pragma GCC unroll 8
    for (i = 0; i < BOVW_TILE_ROWS; ++i) {
        int32_t *at = sums + BOVW_TILE_COLUMNS * i;
        _mm512_storeu_si512(at, sum[i][0]);
        _mm512_storeu_si512(at + BOVW_PANEL, sum[i][1]);
        _mm512_storeu_si512(at + 2 * BOVW_PANEL, sum[i][2]);
    }
}
#else
#define bovw_int8_tile_vnni bovw_int8_tile_c
#endif

/* out[i][j] += scale_i * scale_j * <row_i, row_j> for one tile, of which m x n lie inside the matrix */
static inline void bovw_int8_add_tile(
    const int8_t *rows, const int8_t *columns, ptrdiff_t groups, const int32_t *row_sums, const float *row_scales,
    const float *column_scales, ptrdiff_t m, ptrdiff_t n, float *out, ptrdiff_t stride, int fast) {
    int32_t sums[BOVW_TILE_ROWS * BOVW_TILE_COLUMNS];
    ptrdiff_t i, j;
    if (fast)
        bovw_int8_tile_vnni(rows, columns, groups, sums);
    else
        bovw_int8_tile_c(rows, columns, groups, sums);
    for (i = 0; i < m; ++i) {
        const int32_t shifted = 128 * row_sums[i];
        const float scale = row_scales[i];
        for (j = 0; j < n; ++j)
            out[stride * i + j] += (float)(sums[BOVW_TILE_COLUMNS * i + j] - shifted) * (scale * column_scales[j]);
    }
}

#endif
