/* The row operations of dense SIFT on eight orientation lanes at a time.
 * cext/dsift.pyx holds the mathematics and decides which rows meet. A pixel is
 * `stride` consecutive floats (its orientation energies, padded to a multiple
 * of eight). */
#ifndef BOVW_DSIFT_ROWS_H
#define BOVW_DSIFT_ROWS_H

#include <stddef.h>

#include "bovw_v8.h"

#define DSIFT_EPSILON 1.19209290e-7f

/* Gradient modulus and orientation position in [0, orientations) of eight pixels. */
BOVW_INLINE void dsift_polar(v8 gx, v8 gy, float orientations, int exact, float *modulus, float *position) {
    const v8 zero = v8_set1(0.0f), epsilon = v8_set1(DSIFT_EPSILON);
    v8 ax = v8_abs(gx), ay = v8_add(v8_abs(gy), epsilon), angle, turns;
    v8_store(modulus, v8_sqrt(v8_add(v8_mul(gx, gx), v8_mul(gy, gy))));
    if (exact) {
        /* atan on [0, 1]: odd polynomial of degree 17 (Chebyshev fit), error below 2e-7 */
        v8 low = v8_min(ax, ay), high = v8_max(ax, ay);
        v8 a = v8_div(low, high), s = v8_mul(a, a), p = v8_set1(2.834064299e-03f);
        p = v8_madd(p, s, v8_set1(-1.600503050e-02f));
        p = v8_madd(p, s, v8_set1(4.258760747e-02f));
        p = v8_madd(p, s, v8_set1(-7.495445443e-02f));
        p = v8_madd(p, s, v8_set1(1.063675410e-01f));
        p = v8_madd(p, s, v8_set1(-1.420257051e-01f));
        p = v8_madd(p, s, v8_set1(1.999248358e-01f));
        p = v8_madd(p, s, v8_set1(-3.333306678e-01f));
        p = v8_madd(p, s, v8_set1(9.999999842e-01f));
        angle = v8_mul(p, a);
        angle = v8_choose_less(ax, ay, v8_sub(v8_set1(1.57079633f), angle), angle);
        angle = v8_choose_less(gx, zero, v8_sub(v8_set1(3.14159265f), angle), angle);
    } else {
        /* x >= 0: r = (x - |y|) / (x + |y|), else r = (x + |y|) / (|y| - x) */
        v8 sum = v8_add(ax, ay);
        v8 signed_difference = v8_choose_less(gx, zero, v8_sub(ay, ax), v8_sub(ax, ay));
        v8 r = v8_div(signed_difference, sum);
        v8 base = v8_choose_less(gx, zero, v8_set1(2.35619449f), v8_set1(0.78539816f));
        v8 slope = v8_sub(v8_mul(v8_set1(0.1821f), v8_mul(r, r)), v8_set1(0.9675f));
        angle = v8_add(base, v8_mul(slope, r));
    }
    turns = v8_mul(angle, v8_set1(orientations * 0.159154943f));
    turns = v8_choose_less(gy, zero, v8_sub(v8_set1(orientations), turns), turns);
    v8_store(position, turns);
}

/* Modulus and orientation position of a whole row; vertical = 0.5, or 1 for a one-sided difference. */
static void dsift_gradient_row(const float *up, const float *row, const float *down, ptrdiff_t width, float vertical,
                               float orientations, int exact, float *modulus, float *position, float *gx,
                               float *gy) {
    ptrdiff_t x;
    if (width == 1) {
        gx[0] = 0.0f;
    } else {
        gx[0] = row[1] - row[0];
        for (x = 1; x < width - 1; ++x) gx[x] = 0.5f * (row[x + 1] - row[x - 1]);
        gx[width - 1] = row[width - 1] - row[width - 2];
    }
    for (x = 0; x < width; ++x) gy[x] = vertical * (down[x] - up[x]);
    for (x = width; x < (width + 7) / 8 * 8; ++x) gx[x] = gy[x] = 0.0f;
    if (exact)
        for (x = 0; x < width; x += 8)
            dsift_polar(v8_load(gx + x), v8_load(gy + x), orientations, 1, modulus + x, position + x);
    else
        for (x = 0; x < width; x += 8)
            dsift_polar(v8_load(gx + x), v8_load(gy + x), orientations, 0, modulus + x, position + x);
}

/* Orientation k gets modulus * max(0, 1 - circular distance(position, k)); lanes past the last orientation 0. */
static void dsift_energy_row(const float *modulus, const float *position, ptrdiff_t width, float orientations,
                             ptrdiff_t stride, float *energy) {
    const v8 zero = v8_set1(0.0f), one = v8_set1(1.0f), wrap = v8_set1(orientations - 1.0f);
    ptrdiff_t first, x;
    for (first = 0; first < stride; first += 8) {
        float lane[8], inside[8];
        const int padded = (float)(first + 8) > orientations;
        v8 k, keep;
        for (x = 0; x < 8; ++x) {
            lane[x] = (float)(first + x);
            inside[x] = lane[x] < orientations ? 1.0f : 0.0f;
        }
        k = v8_load(lane);
        keep = v8_load(inside);
        for (x = 0; x < width; ++x) {
            v8 d = v8_abs(v8_sub(v8_set1(position[x]), k));
            v8 w = v8_max(zero, v8_max(v8_sub(one, d), v8_sub(d, wrap)));
            w = v8_mul(w, v8_set1(modulus[x]));
            v8_store(energy + x * stride + first, padded ? v8_mul(w, keep) : w);
        }
    }
}

/* Copies the outermost pixels `pad` times to the left and right of a row. */
static void dsift_replicate(float *row, ptrdiff_t width, ptrdiff_t pad, ptrdiff_t stride) {
    ptrdiff_t x;
    for (x = 1; x <= pad; ++x) {
        memcpy(row - x * stride, row, (size_t)stride * sizeof(float));
        memcpy(row + (width - 1 + x) * stride, row + (width - 1) * stride, (size_t)stride * sizeof(float));
    }
}

/* Hats of half-width g at every g-th pixel, added with weights w0 and w1 to two grid rows. */
static void dsift_hat_row(const float *pixels, ptrdiff_t columns, ptrdiff_t g, ptrdiff_t stride, const float *taps, float w0,
                          float *row0, float w1, float *row1) {
    const v8 weight0 = v8_set1(w0), weight1 = v8_set1(w1);
    ptrdiff_t c, x, m;
    for (c = 0; c < columns; ++c)
        for (x = 0; x < stride; x += 8) {
            const float *p = pixels + c * g * stride + x;
            v8 v = v8_load(p);
            for (m = 1; m < g; ++m)
                v = v8_madd(v8_set1(taps[m]), v8_add(v8_load(p - m * stride), v8_load(p + m * stride)), v);
            v8_store(row0 + c * stride + x, v8_madd(weight0, v, v8_load(row0 + c * stride + x)));
            if (w1 != 0.0f) v8_store(row1 + c * stride + x, v8_madd(weight1, v, v8_load(row1 + c * stride + x)));
        }
}

/* out[q] = sum over |k| < n of taps[|k|] * row[columns[q] + k]. */
static void dsift_across(const float *row, const int *columns, ptrdiff_t count, ptrdiff_t n, ptrdiff_t stride, const float *taps,
                         float *out) {
    ptrdiff_t q, x, k;
    for (q = 0; q < count; ++q)
        for (x = 0; x < stride; x += 8) {
            const float *p = row + (ptrdiff_t)columns[q] * stride + x;
            v8 v = v8_load(p);
            for (k = 1; k < n; ++k)
                v = v8_madd(v8_set1(taps[k]), v8_add(v8_load(p - k * stride), v8_load(p + k * stride)), v);
            v8_store(out + q * stride + x, v);
        }
}

/* out = sum over |k| < n of taps[|k|] * rows[n - 1 + k], `length` floats (a multiple of 8). */
static void dsift_down(const float *const *rows, ptrdiff_t n, ptrdiff_t length, const float *taps, float *out) {
    ptrdiff_t x, k;
    for (x = 0; x < length; x += 8) {
        v8 v = v8_load(rows[n - 1] + x);
        for (k = 1; k < n; ++k)
            v = v8_madd(v8_set1(taps[k]), v8_add(v8_load(rows[n - 1 - k] + x), v8_load(rows[n - 1 + k] + x)), v);
        v8_store(out + x, v);
    }
}

/* The Gaussian window. The line of pixels under a frame is cut into n_bins + 1 segments of b pixels; a pixel of
 * segment s lies on the falling side of bin s - 1 and on the rising side of bin s, so each is read once.
 * taps[2 * (s * b + u)] is the weight of pixel u of segment s in bin s - 1, taps[2 * (s * b + u) + 1] in bin s. */

/* Horizontally windowed bins of every frame of a row: out[p][i] for frame column p and bin i. */
static void dsift_window_row(const float *row, ptrdiff_t first, ptrdiff_t step, ptrdiff_t count, ptrdiff_t n_bins, ptrdiff_t b, ptrdiff_t stride,
                             const float *taps, float *out) {
    ptrdiff_t p, x, s, u;
    for (p = 0; p < count; ++p)
        for (x = 0; x < stride; x += 8) {
            const float *pixel = row + (first + p * step - b) * stride + x;
            const float *tap = taps;
            v8 rising = v8_set1(0.0f);
            for (s = 0; s <= n_bins; ++s) {
                v8 before = rising, next = v8_set1(0.0f);
                for (u = 0; u < b; ++u, tap += 2, pixel += stride) {
                    v8 e = v8_load(pixel);
                    before = v8_madd(v8_set1(tap[0]), e, before);
                    next = v8_madd(v8_set1(tap[1]), e, next);
                }
                if (s > 0) v8_store(out + (p * n_bins + s - 1) * stride + x, before);
                rising = next;
            }
        }
}

/* Vertically windowed bins, four neighboring vectors (the horizontal bins of a frame) at a time:
 * out[j][x] for the `length` floats x of a frame's horizontal bins. */
static void dsift_window_column(const float *const *rows, ptrdiff_t offset, ptrdiff_t length, ptrdiff_t n_bins, ptrdiff_t b,
                                const float *taps, float *out) {
    ptrdiff_t x = 0, s, u;
    for (; x + 32 <= length; x += 32) {
        const float *tap = taps;
        v8 r0 = v8_set1(0.0f), r1 = r0, r2 = r0, r3 = r0;
        for (s = 0; s <= n_bins; ++s) {
            v8 b0 = r0, b1 = r1, b2 = r2, b3 = r3;
            r0 = r1 = r2 = r3 = v8_set1(0.0f);
            for (u = 0; u < b; ++u, tap += 2) {
                const float *e = rows[s * b + u] + offset + x;
                const v8 fall = v8_set1(tap[0]), rise = v8_set1(tap[1]);
                const v8 e0 = v8_load(e), e1 = v8_load(e + 8), e2 = v8_load(e + 16), e3 = v8_load(e + 24);
                b0 = v8_madd(fall, e0, b0);
                r0 = v8_madd(rise, e0, r0);
                b1 = v8_madd(fall, e1, b1);
                r1 = v8_madd(rise, e1, r1);
                b2 = v8_madd(fall, e2, b2);
                r2 = v8_madd(rise, e2, r2);
                b3 = v8_madd(fall, e3, b3);
                r3 = v8_madd(rise, e3, r3);
            }
            if (s > 0) {
                float *o = out + (s - 1) * length + x;
                v8_store(o, b0);
                v8_store(o + 8, b1);
                v8_store(o + 16, b2);
                v8_store(o + 24, b3);
            }
        }
    }
    for (; x < length; x += 8) {
        const float *tap = taps;
        v8 rising = v8_set1(0.0f);
        for (s = 0; s <= n_bins; ++s) {
            v8 before = rising, next = v8_set1(0.0f);
            for (u = 0; u < b; ++u, tap += 2) {
                v8 e = v8_load(rows[s * b + u] + offset + x);
                before = v8_madd(v8_set1(tap[0]), e, before);
                next = v8_madd(v8_set1(tap[1]), e, next);
            }
            if (s > 0) v8_store(out + (s - 1) * length + x, before);
            rising = next;
        }
    }
}

/* The bins of one frame from n_bins finished rows: bins[j][i] = weights[j][i] * rows[j][slots[i * n]]. */
BOVW_INLINE void dsift_gather(const float *const *rows, const int *slots, ptrdiff_t n, ptrdiff_t n_bins, ptrdiff_t stride,
                              const float *weights, float *bins) {
    ptrdiff_t i, j, x;
    for (j = 0; j < n_bins; ++j)
        for (i = 0; i < n_bins; ++i) {
            const float *p = rows[j] + (ptrdiff_t)slots[i * n] * stride;
            const v8 weight = v8_set1(*weights++);
            for (x = 0; x < stride; x += 8, bins += 8) v8_store(bins, v8_mul(v8_load(p + x), weight));
        }
}

/* From raw bins to a descriptor in `out` (which may be `bins`): L2, clip at 0.2, L2; returns the sum of the
 * raw bins. `length` is a multiple of 8. Four sums take turns, for an addition to wait less for the one before. */
BOVW_INLINE float dsift_finish(float *bins, ptrdiff_t length, float *out) {
    const v8 clip = v8_set1(0.2f), zero = v8_set1(0.0f);
    v8 t0 = zero, t1 = zero, s0 = zero, s1 = zero, s2 = zero, s3 = zero, scale;
    ptrdiff_t x = 0;
    for (; x + 32 <= length; x += 32) {
        const v8 a = v8_load(bins + x), b = v8_load(bins + x + 8);
        const v8 c = v8_load(bins + x + 16), d = v8_load(bins + x + 24);
        t0 = v8_add(t0, v8_add(a, b));
        t1 = v8_add(t1, v8_add(c, d));
        s0 = v8_madd(a, a, s0);
        s1 = v8_madd(b, b, s1);
        s2 = v8_madd(c, c, s2);
        s3 = v8_madd(d, d, s3);
    }
    for (; x < length; x += 8) {
        const v8 a = v8_load(bins + x);
        t0 = v8_add(t0, a);
        s0 = v8_madd(a, a, s0);
    }
    scale = v8_set1(1.0f / (sqrtf(v8_sum(v8_add(v8_add(s0, s1), v8_add(s2, s3)))) + DSIFT_EPSILON));
    s0 = s1 = s2 = s3 = zero;
    for (x = 0; x + 32 <= length; x += 32) {
        const v8 a = v8_min(v8_mul(v8_load(bins + x), scale), clip);
        const v8 b = v8_min(v8_mul(v8_load(bins + x + 8), scale), clip);
        const v8 c = v8_min(v8_mul(v8_load(bins + x + 16), scale), clip);
        const v8 d = v8_min(v8_mul(v8_load(bins + x + 24), scale), clip);
        s0 = v8_madd(a, a, s0);
        s1 = v8_madd(b, b, s1);
        s2 = v8_madd(c, c, s2);
        s3 = v8_madd(d, d, s3);
        v8_store(bins + x, a);
        v8_store(bins + x + 8, b);
        v8_store(bins + x + 16, c);
        v8_store(bins + x + 24, d);
    }
    for (; x < length; x += 8) {
        const v8 a = v8_min(v8_mul(v8_load(bins + x), scale), clip);
        s0 = v8_madd(a, a, s0);
        v8_store(bins + x, a);
    }
    scale = v8_set1(1.0f / (sqrtf(v8_sum(v8_add(v8_add(s0, s1), v8_add(s2, s3)))) + DSIFT_EPSILON));
    for (x = 0; x < length; x += 8) v8_store(out + x, v8_mul(v8_load(bins + x), scale));
    return v8_sum(v8_add(t0, t1));
}

/* min(512 d, 255), truncated, as bytes. */
BOVW_INLINE void dsift_bytes(const float *descriptor, ptrdiff_t length, unsigned char *bytes) {
    ptrdiff_t x;
    for (x = 0; x < length; ++x) {
        const float value = 512.0f * descriptor[x];
        bytes[x] = (unsigned char)(int)(value < 255.0f ? value : 255.0f);
    }
}

/* RootSIFT: sqrt(d / |d|_1), zero where the descriptor is zero. */
BOVW_INLINE void dsift_root(float *bins, ptrdiff_t length) {
    v8 total = v8_set1(0.0f), scale;
    float sum;
    ptrdiff_t x;
    for (x = 0; x < length; x += 8) total = v8_add(total, v8_load(bins + x));
    sum = v8_sum(total);
    scale = v8_set1(sum > 0.0f ? 1.0f / sum : 0.0f);
    for (x = 0; x < length; x += 8) v8_store(bins + x, v8_sqrt(v8_mul(v8_load(bins + x), scale)));
}

#endif
