/* Rows of local binary patterns. Bit p is the neighbor at angle 2 pi p / P,
 * counted anticlockwise from the right as one sees the image. Plain loops over
 * bytes and shorts, which compilers turn into vector code by themselves; all
 * arithmetic on integer images is exact. */
#ifndef BOVW_LBP_H
#define BOVW_LBP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bovw_restrict.h"

/* The eight neighbors of the 3 x 3 square, compared with the center by OP. `up`, `mid` and `down` are three
 * image rows of n + 2 pixels; n codes are written. */
#define BOVW_LBP_SQUARE(NAME, OP)                                                                             \
    static void NAME(const uint8_t *BOVW_RESTRICT up, const uint8_t *BOVW_RESTRICT mid,                       \
                     const uint8_t *BOVW_RESTRICT down, uint8_t *BOVW_RESTRICT codes, ptrdiff_t n) {          \
        for (ptrdiff_t x = 0; x < n; ++x) {                                                                   \
            const uint8_t c = mid[x + 1];                                                                     \
            codes[x] = (uint8_t)((mid[x + 2] OP c) | (up[x + 2] OP c) << 1 | (up[x + 1] OP c) << 2 |          \
                                 (up[x] OP c) << 3 | (mid[x] OP c) << 4 | (down[x] OP c) << 5 |               \
                                 (down[x + 1] OP c) << 6 | (down[x + 2] OP c) << 7);                          \
        }                                                                                                     \
    }
BOVW_LBP_SQUARE(bovw_lbp_square, >=)
BOVW_LBP_SQUARE(bovw_lbp_square_strict, >)

/* The sign of the bilinear sample at 45 degrees, radius 1, minus the center c:
 * with s = sin 45, a the sum of both adjacent neighbors minus 2 c and b the
 * corner minus c, it is that of (1 - s) a + s b, or of a + 2 b + (sqrt 2 - 1) b.
 * a + 2 b is an integer, so the last term may be rounded down; 27146 / 65536
 * gives the same floor as sqrt 2 - 1 (and as 0.70711 for s) for every |b| <= 255
 * and |a| <= 510. All fits in 16 bits. */
static inline int16_t bovw_lbp_diagonal(int16_t adjacent_1, int16_t adjacent_2, int16_t corner, int16_t c) {
    const int16_t b = (int16_t)(corner - c);
    const int16_t a = (int16_t)(adjacent_1 + adjacent_2 - 2 * c);
    return (int16_t)(a + 2 * b + (int16_t)(((int32_t)b * 27146) >> 16));
}

/* P = 8, R = 1 on the circle: the four neighbors on the axes in bytes, then the
 * four diagonals in shorts. */
static inline void bovw_lbp_circle_span(const uint8_t *BOVW_RESTRICT up, const uint8_t *BOVW_RESTRICT mid,
                                        const uint8_t *BOVW_RESTRICT down, uint8_t *BOVW_RESTRICT codes,
                                        ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; ++x) {
        const uint8_t c = mid[x + 1];
        codes[x] = (uint8_t)((mid[x + 2] >= c) | (up[x + 1] >= c) << 2 | (mid[x] >= c) << 4 |
                             (down[x + 1] >= c) << 6);
    }
    for (ptrdiff_t x = 0; x < n; ++x) {
        const int16_t c = mid[x + 1], e = mid[x + 2], w = mid[x], u = up[x + 1], d = down[x + 1];
        codes[x] |= (uint8_t)((bovw_lbp_diagonal(u, e, up[x + 2], c) >= 0) << 1 |
                              (bovw_lbp_diagonal(u, w, up[x], c) >= 0) << 3 |
                              (bovw_lbp_diagonal(d, w, down[x], c) >= 0) << 5 |
                              (bovw_lbp_diagonal(d, e, down[x + 2], c) >= 0) << 7);
    }
}

/* Whole vectors first; the last one goes back over codes already made, which is
 * faster than what is left one by one. */
static void bovw_lbp_circle(const uint8_t *up, const uint8_t *mid, const uint8_t *down, uint8_t *codes,
                            ptrdiff_t n) {
    const ptrdiff_t whole = n / 32 * 32, back = n - 32;
    bovw_lbp_circle_span(up, mid, down, codes, n < 32 ? n : whole);
    if (n > 32 && n > whole) bovw_lbp_circle_span(up + back, mid + back, down + back, codes + back, 32);
}

/* Bit p of n codes from one neighbor of weight 1. */
static void bovw_lbp_bit_1(const double *BOVW_RESTRICT center, const double *BOVW_RESTRICT a,
                           uint32_t *BOVW_RESTRICT codes, int p, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; ++x) codes[x] |= (uint32_t)(a[x] >= center[x]) << p;
}

/* Bit p of n codes from four neighbors with weights w. Weights are integers
 * below 2^34 and differences of 16-bit pixels below 2^16, so every sum of an
 * integer image is exact and ties are ties. */
static void bovw_lbp_bit_4(const double *BOVW_RESTRICT center, const double *BOVW_RESTRICT a,
                           const double *BOVW_RESTRICT b, const double *BOVW_RESTRICT c,
                           const double *BOVW_RESTRICT d, const double *w, uint32_t *BOVW_RESTRICT codes, int p,
                           ptrdiff_t n) {
    const double wa = w[0], wb = w[1], wc = w[2], wd = w[3];
    for (ptrdiff_t x = 0; x < n; ++x) {
        const double o = center[x];
        const double s = (wa * (a[x] - o) + wb * (b[x] - o)) + (wc * (c[x] - o) + wd * (d[x] - o));
        codes[x] |= (uint32_t)(s >= 0) << p;
    }
}

static inline uint32_t bovw_ones(uint32_t bits) {
    bits -= (bits >> 1) & 0x55555555u;
    bits = (bits & 0x33333333u) + ((bits >> 2) & 0x33333333u);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0Fu;
    return (bits * 0x01010101u) >> 24;
}

/* Labels u2 or, if `invariant`, riu2 of n codes of P bits. A code is uniform if
 * at most one bit is a one that follows a zero; that bit starts the run. */
static void bovw_lbp_uniform(const uint32_t *BOVW_RESTRICT codes, uint16_t *BOVW_RESTRICT labels, ptrdiff_t n,
                             uint32_t P, int invariant) {
    const uint32_t full = 0xFFFFFFFFu >> (32 - P), last = invariant ? P + 1 : P * (P - 1) + 2;
    for (ptrdiff_t x = 0; x < n; ++x) {
        const uint32_t code = codes[x], ones = bovw_ones(code);
        const uint32_t starts = code & ~((code << 1 | code >> (P - 1)) & full);
        const uint32_t start = bovw_ones(starts - 1);
        const uint32_t run = 1 + (ones - 1) * P + (start ? P - start : 0);
        const uint32_t constant = ones ? last - 1 : 0;
        const uint32_t uniform = invariant ? ones : starts ? run : constant;
        labels[x] = (uint16_t)(starts & (starts - 1) ? last : uniform);
    }
}

/* scale * the sum of four tables of n counters, which are emptied. The sum of each bin fits TYPE. */
#define BOVW_LBP_FLUSH(NAME, TYPE)                                                                            \
    static void NAME(TYPE *BOVW_RESTRICT tables, ptrdiff_t n, float scale, float *BOVW_RESTRICT out) {        \
        for (ptrdiff_t b = 0; b < n; ++b) {                                                                   \
            const TYPE *t = tables + b;                                                                       \
            const TYPE total = (TYPE)(t[0] + t[n] + t[2 * n] + t[3 * n]);                                     \
            out[b] = scale * (float)(int32_t)total;                                                           \
        }                                                                                                     \
        memset(tables, 0, (size_t)(4 * n) * sizeof *tables);                                                  \
    }
BOVW_LBP_FLUSH(bovw_lbp_flush_bytes, uint8_t)
BOVW_LBP_FLUSH(bovw_lbp_flush, uint32_t)

/* What a tile adds to the cells up left, up right, down left and down right of
 * it, in multiples of (2 cell)^-2: from the sums of 1, x, y, xy of each bin (16
 * bits each, in two tables that are emptied) and the weights of the tile's first
 * pixel. All numbers are integers below 2^24. */
static void bovw_lbp_share(uint64_t *BOVW_RESTRICT even, uint64_t *BOVW_RESTRICT odd, ptrdiff_t n_bins, float full,
                           float right, float down, float unit, float *BOVW_RESTRICT up_left,
                           float *BOVW_RESTRICT up_right, float *BOVW_RESTRICT down_left,
                           float *BOVW_RESTRICT down_right) {
    uint32_t low[64], high[64]; /* 32-bit lanes become floats in vectors, 64-bit lanes do not */
    for (ptrdiff_t first = 0; first < n_bins; first += 64) {
        const ptrdiff_t n_here = n_bins - first < 64 ? n_bins - first : 64;
        for (ptrdiff_t b = 0; b < n_here; ++b) {
            const uint64_t sums = even[first + b] + odd[first + b];
            low[b] = (uint32_t)sums;
            high[b] = (uint32_t)(sums >> 32);
        }
        for (ptrdiff_t b = 0; b < n_here; ++b) {
            const float n = (float)(int32_t)(low[b] & 0xFFFF), x = 2 * (float)(int32_t)(low[b] >> 16);
            const float y = 2 * (float)(int32_t)(high[b] & 0xFFFF), xy = 4 * (float)(int32_t)(high[b] >> 16);
            const float to_right = right * n + x, to_down = down * n + y;
            const float to_both = (down * to_right + right * y) + xy;
            up_left[first + b] += unit * (full * ((full * n - to_right) - to_down) + to_both);
            up_right[first + b] += unit * (full * to_right - to_both);
            down_left[first + b] += unit * (full * to_down - to_both);
            down_right[first + b] += unit * to_both;
        }
    }
    memset(even, 0, (size_t)n_bins * sizeof *even);
    memset(odd, 0, (size_t)n_bins * sizeof *odd);
}

#endif
