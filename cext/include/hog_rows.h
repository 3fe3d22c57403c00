/* Row kernels of the histograms of oriented gradients. All loops run over
 * independent pixels or bins, so compilers vectorize them and the bits do not
 * depend on the vector width. */
#ifndef BOVW_HOG_ROWS_H
#define BOVW_HOG_ROWS_H

#include "bovw_restrict.h"
#include "bovw_v8.h"

/* Four lanes: one register everywhere. */
#if defined(__GNUC__) || defined(__clang__)
typedef float v4 __attribute__((vector_size(16)));
BOVW_INLINE v4 v4_madd(float m, v4 w, v4 a) { return m * w + a; }
#else
typedef struct { float f[4]; } v4;
BOVW_INLINE v4 v4_madd(float m, v4 w, v4 a) {
    int t;
    for (t = 0; t < 4; ++t) a.f[t] = m * w.f[t] + a.f[t];
    return a;
}
#endif
BOVW_INLINE v4 v4_load(const float *p) { v4 r; memcpy(&r, p, sizeof r); return r; }
BOVW_INLINE void v4_store(float *p, v4 a) { memcpy(p, &a, sizeof a); }

/* h[0:4] += m * w[0:4] */
BOVW_INLINE void hog_vote_once(float *h, float m, v4 w) { v4_store(h, v4_madd(m, w, v4_load(h))); }

/* How an angle becomes a bin. Bin k is centered at (k + offset) * pi / per_half. */
typedef struct {
    int per_half; /* bins in half a turn */
    int n_bins;   /* per_half (unsigned: opposite gradients are equal) or twice that (signed) */
    float offset; /* 0 or 1/2 bin */
    int bilinear; /* share a vote between the two nearest bins */
} hog_bins;

/* One image row as float planes, channel c at c * stride. */
#define HOG_LOAD_ROW(name, type)                                                                         \
    BOVW_INLINE void name(const type *BOVW_RESTRICT row, int width, int channels, int stride,            \
                          float *BOVW_RESTRICT planes) {                                                 \
        if (channels == 1) {                                                                             \
            for (int x = 0; x < width; ++x) planes[x] = (float)row[x];                                   \
            return;                                                                                      \
        }                                                                                                \
        float *BOVW_RESTRICT green = planes + stride;                                                    \
        float *BOVW_RESTRICT blue = planes + 2 * stride;                                                 \
        for (int x = 0; x < width; ++x) {                                                                \
            planes[x] = (float)row[3 * x];                                                               \
            green[x] = (float)row[3 * x + 1];                                                            \
            blue[x] = (float)row[3 * x + 2];                                                             \
        }                                                                                                \
    }
HOG_LOAD_ROW(hog_load_floats, float)
HOG_LOAD_ROW(hog_load_bytes, unsigned char)

/* One row of [-1 0 1] derivatives of the channel with the largest magnitude, the first among equals.
 * Rows and results are padded to a multiple of 8; mid[-1] and mid[width] hold the neighbors. */
BOVW_INLINE void hog_gradient(const float *BOVW_RESTRICT up, const float *BOVW_RESTRICT mid,
                              const float *BOVW_RESTRICT down, int channels, int stride, int width,
                              float *BOVW_RESTRICT gx, float *BOVW_RESTRICT gy, float *BOVW_RESTRICT energy) {
    for (int x = 0; x < width; x += 8) {
        v8 dx = v8_sub(v8_load(mid + x + 1), v8_load(mid + x - 1));
        v8 dy = v8_sub(v8_load(down + x), v8_load(up + x));
        v8 e = v8_madd(dx, dx, v8_mul(dy, dy));
        for (int i = x + stride, c = 1; c < channels; ++c, i += stride) {
            const v8 dx1 = v8_sub(v8_load(mid + i + 1), v8_load(mid + i - 1));
            const v8 dy1 = v8_sub(v8_load(down + i), v8_load(up + i));
            const v8 e1 = v8_madd(dx1, dx1, v8_mul(dy1, dy1));
            dx = v8_choose_less(e, e1, dx1, dx);
            dy = v8_choose_less(e, e1, dy1, dy);
            e = v8_choose_less(e, e1, e1, e);
        }
        v8_store(gx + x, dx);
        v8_store(gy + x, dy);
        v8_store(energy + x, e);
    }
}

/* Magnitude, bin and, for bilinear votes, the fraction that goes to the next bin. The rows are padded to
 * a multiple of 8.
 *
 * atan(r) / (pi r) is a polynomial in r^2 (relative error 2e-8) on |r| <= tan(pi/8); the octants are
 * composed in units of bins, so that multiples of 45 degrees are exact. A nearest vote on a boundary
 * goes to the lower bin if offset is 0 and to the upper one otherwise. A gradient of zero gets bin 0. */
BOVW_INLINE void hog_orientation(const float *BOVW_RESTRICT gx, const float *BOVW_RESTRICT gy,
                                 const float *BOVW_RESTRICT energy, int width, hog_bins bins,
                                 float *BOVW_RESTRICT magnitude, int *BOVW_RESTRICT bin,
                                 float *BOVW_RESTRICT fraction) {
    const v8 zero = v8_set1(0.0f), one = v8_set1(1.0f);
    const v8 half = v8_set1((float)bins.per_half), turn = v8_set1((float)bins.n_bins);
    const v8 quarter = v8_mul(half, v8_set1(0.5f)), eighth = v8_mul(half, v8_set1(0.25f));
    const v8 shift = v8_set1(bins.bilinear ? -bins.offset : 0.5f - bins.offset);
    const v8 tie = v8_set1(!bins.bilinear && bins.offset == 0.0f ? -1.0f : 0.0f);
    const v8 last = v8_sub(turn, v8_set1(0.5f));
    for (int x = 0; x < width; x += 8) {
        const v8 dx = v8_load(gx + x), dy = v8_load(gy + x);
        const v8 ax = v8_abs(dx), ay = v8_abs(dy);
        const v8 longer = v8_max(ax, ay), shorter = v8_min(ax, ay);
        const v8 limit = v8_mul(longer, v8_set1(0.41421356f));
        const v8 above = v8_choose_less(limit, shorter, v8_sub(shorter, longer), shorter);
        const v8 below = v8_choose_less(limit, shorter, v8_add(shorter, longer), longer);
        const v8 r = v8_div(above, v8_choose_less(zero, below, below, one));
        const v8 z = v8_mul(r, r);
        v8 p = v8_madd(v8_set1(0.025422573f), z, v8_set1(-0.044092566f));
        p = v8_madd(p, z, v8_set1(0.063580714f));
        p = v8_madd(p, z, v8_set1(-0.106101595f));
        p = v8_madd(p, z, v8_set1(0.31830987f));
        v8 t = v8_madd(v8_mul(p, r), half, v8_choose_less(limit, shorter, eighth, zero));
        t = v8_choose_less(ax, ay, v8_sub(quarter, t), t);
        t = v8_choose_less(dx, zero, v8_sub(half, t), t);
        t = v8_add(v8_choose_less(dy, zero, v8_sub(turn, t), t), shift);
        t = v8_choose_less(t, zero, v8_add(t, turn), t);
        t = v8_choose_less(zero, t, t, zero); /* NaN from an overflow must not become an index */
        v8 k = v8_truncate(t);
        const v8 rest = v8_sub(t, k);
        k = v8_choose_less(zero, rest, k, v8_add(k, tie));
        k = v8_choose_less(k, zero, v8_add(k, turn), k);
        k = v8_choose_less(last, k, v8_sub(k, turn), k);
        v8_store_int(bin + x, k);
        v8_store(fraction + x, rest);
    }
    for (int x = 0; x < width; ++x) magnitude[x] = sqrtf(energy[x]);
}

/* Votes of one row into the boxes between cell centers, weights[c][4] of the box's four cells
 * (upper left, upper right, lower left, lower right) along the row.
 *
 * boxes[box][n_bins + 1][4]: the bin after the last takes what belongs to bin 0. Neighboring votes go
 * to different boxes, so no addition waits for the one before it. Box b covers the pixels
 * (b - 1) * cell_size + cell_size / 2 and the cell_size - 1 after it. */
BOVW_INLINE void hog_vote(const float *BOVW_RESTRICT magnitude, const int *BOVW_RESTRICT bin,
                          const float *BOVW_RESTRICT fraction, int width, int cell_size, int n_boxes,
                          hog_bins bins, const float *BOVW_RESTRICT weights, float *BOVW_RESTRICT boxes) {
    const int box_size = (bins.n_bins + 1) * 4;
    const int before = cell_size - cell_size / 2;
    for (int d = 0; d < cell_size; ++d) {
        const v4 w = v4_load(weights + 4 * d);
        const int first = d < before ? 1 : 0;
        int stop = (width - 1 - d + before) / cell_size + 1;
        stop = width - 1 - d + before < 0 ? 0 : stop;
        stop = stop < n_boxes ? stop : n_boxes;
        const int x0 = d - before;
        if (bins.bilinear) {
            for (int b = first; b < stop; ++b) {
                const int x = x0 + b * cell_size;
                float *h = boxes + b * box_size + 4 * bin[x];
                const float next = magnitude[x] * fraction[x];
                hog_vote_once(h, magnitude[x] - next, w);
                hog_vote_once(h + 4, next, w);
            }
        } else {
            for (int b = first; b < stop; ++b) {
                const int x = x0 + b * cell_size;
                hog_vote_once(boxes + b * box_size + 4 * bin[x], magnitude[x], w);
            }
        }
    }
}

/* Add the corners of the boxes of a band to one row of cells[n_cols][n_bins], side 0 to the cells above
 * the band's middle and side 2 to those below it. */
BOVW_INLINE void hog_fold(const float *BOVW_RESTRICT boxes, int side, int n_cols, int n_bins,
                          float *BOVW_RESTRICT cells) {
    const int box_size = (n_bins + 1) * 4;
    for (int col = 0; col < n_cols; ++col) {
        const float *BOVW_RESTRICT before = boxes + col * box_size + side + 1;
        const float *BOVW_RESTRICT after = boxes + (col + 1) * box_size + side;
        float *BOVW_RESTRICT cell = cells + col * n_bins;
        for (int k = 0; k < n_bins; ++k) cell[k] += before[4 * k] + after[4 * k];
        cell[0] += before[4 * n_bins] + after[4 * n_bins];
    }
}

/* The orientation energies of one row, votes[x][n_bins], from magnitude, bin and fraction. */
BOVW_INLINE void hog_spread(const float *BOVW_RESTRICT magnitude, const int *BOVW_RESTRICT bin,
                            const float *BOVW_RESTRICT fraction, int width, hog_bins bins,
                            float *BOVW_RESTRICT votes) {
    memset(votes, 0, (size_t)width * bins.n_bins * sizeof(float));
    for (int x = 0; x < width; ++x) {
        float *BOVW_RESTRICT v = votes + (size_t)x * bins.n_bins;
        const int k = bin[x];
        if (bins.bilinear) {
            const int after = k + 1 == bins.n_bins ? 0 : k + 1;
            const float next = magnitude[x] * fraction[x];
            v[k] = magnitude[x] - next;
            v[after] += next;
        } else {
            v[k] = magnitude[x];
        }
    }
}

/* row += the weighted sum of HOG_ROWS rows of votes; row = that sum where begins is set. */
#define HOG_ROWS 4
BOVW_INLINE void hog_add_rows(const float *BOVW_RESTRICT votes, const float *BOVW_RESTRICT weights, int begins,
                              size_t n, float *BOVW_RESTRICT row) {
    const float w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];
    const float *BOVW_RESTRICT v1 = votes + n;
    const float *BOVW_RESTRICT v2 = votes + 2 * n;
    const float *BOVW_RESTRICT v3 = votes + 3 * n;
    if (begins)
        for (size_t i = 0; i < n; ++i) row[i] = (w0 * votes[i] + w1 * v1[i]) + (w2 * v2[i] + w3 * v3[i]);
    else
        for (size_t i = 0; i < n; ++i) row[i] += (w0 * votes[i] + w1 * v1[i]) + (w2 * v2[i] + w3 * v3[i]);
}

/* Sums of taps[j] * row[j * n_bins], of 4, 8 or 12 neighboring bins. */
BOVW_INLINE v4 hog_filter_4(const float *BOVW_RESTRICT row, const float *BOVW_RESTRICT taps, int n_taps, int n_bins) {
    v4 sum = {0};
    for (int j = 0; j < n_taps; ++j, row += n_bins) sum = v4_madd(taps[j], v4_load(row), sum);
    return sum;
}

BOVW_INLINE v8 hog_filter_8(const float *BOVW_RESTRICT row, const float *BOVW_RESTRICT taps, int n_taps, int n_bins) {
    v8 sum = v8_set1(0.0f);
    for (int j = 0; j < n_taps; ++j, row += n_bins) sum = v8_madd(v8_set1(taps[j]), v8_load(row), sum);
    return sum;
}

BOVW_INLINE void hog_filter_12(const float *BOVW_RESTRICT row, const float *BOVW_RESTRICT taps, int n_taps, int n_bins,
                               float *BOVW_RESTRICT out) {
    v8 low = v8_set1(0.0f);
    v4 high = {0};
    for (int j = 0; j < n_taps; ++j, row += n_bins) {
        low = v8_madd(v8_set1(taps[j]), v8_load(row), low);
        high = v4_madd(taps[j], v4_load(row + 8), high);
    }
    v8_store(out, low);
    v4_store(out + 8, high);
}

/* cell[n_bins] = sum of taps[j] * row[j][n_bins], up to twelve bins at a time, so that nine are one round.
 * row must be readable for 7 floats past its end. */
BOVW_INLINE void hog_filter(const float *BOVW_RESTRICT row, const float *BOVW_RESTRICT taps, int n_taps,
                            int n_bins, float *BOVW_RESTRICT cell) {
    for (int k = 0; k < n_bins; k += 12) {
        const int rest = n_bins - k < 12 ? n_bins - k : 12;
        float sums[12];
        if (rest > 8)
            hog_filter_12(row + k, taps, n_taps, n_bins, sums);
        else if (rest > 4)
            v8_store(sums, hog_filter_8(row + k, taps, n_taps, n_bins));
        else
            v4_store(sums, hog_filter_4(row + k, taps, n_taps, n_bins));
        if (rest >= 8) memcpy(cell + k, sums, 8 * sizeof(float));
        for (int b = rest >= 8 ? 8 : 0; b < rest; ++b) cell[k + b] = sums[b];
    }
}

BOVW_INLINE float hog_clipped(float a) { return a < 0.2f ? a : 0.2f; }

/* Features of one cell from its signed votes h[2 * half] and the inverse norms of its four blocks.
 * UoCTTI: out[3 * half + 4]. */
BOVW_INLINE void hog_uoctti_cell(const float *BOVW_RESTRICT h, const float *norms, int half,
                                 float *BOVW_RESTRICT out) {
    const float n0 = norms[0], n1 = norms[1], n2 = norms[2], n3 = norms[3];
    float t0 = 0.0f, t1 = 0.0f, t2 = 0.0f, t3 = 0.0f;
    for (int k = 0; k < 2 * half; ++k)
        out[k] = 0.5f * ((hog_clipped(h[k] * n0) + hog_clipped(h[k] * n1)) +
                         (hog_clipped(h[k] * n2) + hog_clipped(h[k] * n3)));
    for (int k = 0; k < half; ++k) {
        const float u = h[k] + h[half + k];
        const float u0 = hog_clipped(u * n0), u1 = hog_clipped(u * n1);
        const float u2 = hog_clipped(u * n2), u3 = hog_clipped(u * n3);
        out[2 * half + k] = 0.5f * ((u0 + u1) + (u2 + u3));
        t0 += u0, t1 += u1, t2 += u2, t3 += u3;
    }
    out[3 * half] = 0.23570226f * t0; /* 1 / sqrt(18) */
    out[3 * half + 1] = 0.23570226f * t1;
    out[3 * half + 2] = 0.23570226f * t2;
    out[3 * half + 3] = 0.23570226f * t3;
}

/* Dalal-Triggs: out[4][half]. */
BOVW_INLINE void hog_dalal_triggs_cell(const float *BOVW_RESTRICT h, const float *norms, int half,
                                       float *BOVW_RESTRICT out) {
    for (int b = 0; b < 4; ++b) {
        const float norm = norms[b];
        for (int k = 0; k < half; ++k) out[b * half + k] = hog_clipped((h[k] + h[half + k]) * norm);
    }
}

/* v = v * scale, clipped if limit > 0; returns the sum of the squares, in one fixed order. */
BOVW_INLINE float hog_scale(float *v, int n, float scale, float limit) {
    const v8 scales = v8_set1(scale), limits = v8_set1(limit > 0.0f ? limit : 3.0e38f);
    v8 squares = v8_set1(0.0f);
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        const v8 a = v8_min(v8_mul(v8_load(v + i), scales), limits);
        squares = v8_madd(a, a, squares);
        v8_store(v + i, a);
    }
    float sum = v8_sum(squares);
    for (; i < n; ++i) {
        const float a = v[i] * scale;
        v[i] = limit > 0.0f && a > limit ? limit : a;
        sum += v[i] * v[i];
    }
    return sum;
}

#endif
