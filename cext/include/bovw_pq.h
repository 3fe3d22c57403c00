/* Nearest words of subvectors, decoding, and the steps of k-means on subvectors.
 *
 * The words of one subvector are "prepared" for the search: their mean is taken off (rows
 * get the same mean taken off, which keeps the products small where data lie far from the
 * origin), they are transposed to [G][K], and row G holds -|c|^2 / 2, so that the nearest
 * word is the one of largest x.c - |c|^2 / 2. K is a multiple of 16. */
#ifndef BOVW_PQ_H
#define BOVW_PQ_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bovw_v8.h"

/* prepared: (G + 1) * K floats; mean: G floats. */
static void bovw_pq_prepare(const float *words, ptrdiff_t K, ptrdiff_t G, float *prepared, float *mean) {
    float *offsets = prepared + G * K;
    ptrdiff_t j, k;
    for (k = 0; k < K; ++k) offsets[k] = 0;
    for (j = 0; j < G; ++j) {
        double total = 0;
        for (k = 0; k < K; ++k) total += words[k * G + j];
        mean[j] = (float)(total / (double)K);
        for (k = 0; k < K; ++k) {
            const float c = words[k * G + j] - mean[j];
            prepared[j * K + k] = c;
            offsets[k] += c * c;
        }
    }
    for (k = 0; k < K; ++k) offsets[k] *= -0.5f;
}

/* The largest lane. */
BOVW_INLINE float bovw_pq_largest(v8 a) {
#define BOVW_LARGER(x, y) ((x) > (y) ? (x) : (y))
    const float a04 = BOVW_LARGER(V8_LANE(a, 0), V8_LANE(a, 4)), a15 = BOVW_LARGER(V8_LANE(a, 1), V8_LANE(a, 5));
    const float a26 = BOVW_LARGER(V8_LANE(a, 2), V8_LANE(a, 6)), a37 = BOVW_LARGER(V8_LANE(a, 3), V8_LANE(a, 7));
    const float even = BOVW_LARGER(a04, a26), odd = BOVW_LARGER(a15, a37);
    return BOVW_LARGER(even, odd);
#undef BOVW_LARGER
}

/* The words of R rows, `width` floats of each present (the rest of G are zeros before the mean is taken off).
 * R * W accumulators of eight words live in registers. Ties go to the lowest word. */
BOVW_INLINE void bovw_pq_nearest_rows(
    const float *x, ptrdiff_t stride, ptrdiff_t width, const int R, const int W, const ptrdiff_t G, ptrdiff_t K,
    const float *prepared, const float *mean, unsigned char *labels) {
    float centered[4][64];
    v8 best[4], at[4];
    const float lanes[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    const v8 lane = v8_load(lanes), none = v8_set1(-INFINITY);
    ptrdiff_t j, k0;
    int r, w;
    for (r = 0; r < R; ++r) {
        for (j = 0; j < G; ++j) centered[r][j] = (j < width ? x[r * stride + j] : 0.0f) - mean[j];
        best[r] = none;
        at[r] = v8_set1(0);
    }
    for (k0 = 0; k0 < K; k0 += 8 * W) {
        v8 score[4][4];
        for (w = 0; w < W; ++w)
            for (r = 0; r < R; ++r) score[r][w] = v8_load(prepared + G * K + k0 + 8 * w);
        for (j = 0; j < G; ++j)
            for (w = 0; w < W; ++w) {
                const v8 c = v8_load(prepared + j * K + k0 + 8 * w);
                for (r = 0; r < R; ++r) score[r][w] = v8_madd(v8_set1(centered[r][j]), c, score[r][w]);
            }
        for (w = 0; w < W; ++w) {
            const v8 now = v8_set1((float)(k0 + 8 * w));
            for (r = 0; r < R; ++r) {
                at[r] = v8_choose_less(best[r], score[r][w], now, at[r]);
                best[r] = v8_max(score[r][w], best[r]);
            }
        }
    }
    for (r = 0; r < R; ++r) {
        const float top = bovw_pq_largest(best[r]);
        const v8 candidates = v8_choose_less(best[r], v8_set1(top), none, v8_sub(v8_set1(0), v8_add(at[r], lane)));
        labels[r] = (unsigned char)-bovw_pq_largest(candidates);
    }
}

BOVW_INLINE void bovw_pq_nearest_fixed(
    const float *x, ptrdiff_t m, ptrdiff_t stride, ptrdiff_t width, const ptrdiff_t G, ptrdiff_t K,
    const float *prepared, const float *mean, unsigned char *labels) {
    ptrdiff_t i = 0;
    if (K % 32 == 0) {
        for (; i + 2 <= m; i += 2)
            bovw_pq_nearest_rows(x + i * stride, stride, width, 2, 4, G, K, prepared, mean, labels + i);
    } else {
        for (; i + 4 <= m; i += 4)
            bovw_pq_nearest_rows(x + i * stride, stride, width, 4, 2, G, K, prepared, mean, labels + i);
    }
    for (; i < m; ++i) bovw_pq_nearest_rows(x + i * stride, stride, width, 1, 2, G, K, prepared, mean, labels + i);
}

/* labels[i] = the nearest word of the subvector at x + i * stride, i < m. G is at most 64. */
static void bovw_pq_nearest(
    const float *x, ptrdiff_t m, ptrdiff_t stride, ptrdiff_t width, ptrdiff_t G, ptrdiff_t K, const float *prepared,
    const float *mean, unsigned char *labels) {
    if (G == 8 && width == 8)
        bovw_pq_nearest_fixed(x, m, stride, 8, 8, K, prepared, mean, labels);
    else if (G == 16 && width == 16)
        bovw_pq_nearest_fixed(x, m, stride, 16, 16, K, prepared, mean, labels);
    else
        bovw_pq_nearest_fixed(x, m, stride, width, G, K, prepared, mean, labels);
}

/* The code of subvector s: a byte, or half a byte, the even ones in the low half. */
BOVW_INLINE int bovw_pq_code(const unsigned char *codes, ptrdiff_t s, const int bits) {
    return bits == 8 ? codes[s] : (codes[s >> 1] >> (4 * (int)(s & 1))) & 15;
}

BOVW_INLINE void bovw_pq_decode_fixed(
    const unsigned char *codes, const float *words, ptrdiff_t first, ptrdiff_t last, const ptrdiff_t G,
    ptrdiff_t K, const int bits, float *row) {
    ptrdiff_t s;
    for (s = first; s < last; ++s)
        memcpy(row + s * G, words + (s * K + bovw_pq_code(codes, s, bits)) * G, (size_t)G * sizeof(float));
}

/* row[s * G : (s + 1) * G] = words[s, code of s] for the whole subvectors first <= s < last. */
static void bovw_pq_decode_row(
    const unsigned char *codes, const float *words, ptrdiff_t first, ptrdiff_t last, ptrdiff_t G, ptrdiff_t K, int bits,
    float *row) {
    if (bits == 8) {
        if (G == 8) bovw_pq_decode_fixed(codes, words, first, last, 8, 256, 8, row);
        else if (G == 16) bovw_pq_decode_fixed(codes, words, first, last, 16, 256, 8, row);
        else bovw_pq_decode_fixed(codes, words, first, last, G, 256, 8, row);
    } else {
        if (G == 8) bovw_pq_decode_fixed(codes, words, first, last, 8, 16, 4, row);
        else if (G == 16) bovw_pq_decode_fixed(codes, words, first, last, 16, 16, 4, row);
        else bovw_pq_decode_fixed(codes, words, first, last, G, 16, 4, row);
    }
}

/* Seeding: nearest[i] = min(nearest[i], squared distance of seed i to the word), for n seeds in columns of
 * seeds [G][n], n a multiple of 64. totals[b] receives the sum of nearest over the 64 seeds of block b. */
static void bovw_pq_nearer(
    const float *seeds, ptrdiff_t G, ptrdiff_t n, const float *word, float *nearest, float *totals) {
    ptrdiff_t start, i, j;
    for (start = 0; start < n; start += 64) {
        v8 total = v8_set1(0);
        for (i = start; i < start + 64; i += 8) {
            v8 distance = v8_set1(0);
            for (j = 0; j < G; ++j) {
                const v8 difference = v8_sub(v8_load(seeds + j * n + i), v8_set1(word[j]));
                distance = v8_madd(difference, difference, distance);
            }
            distance = v8_min(distance, v8_load(nearest + i));
            v8_store(nearest + i, distance);
            total = v8_add(total, distance);
        }
        totals[start / 64] = v8_sum(total);
    }
}

/* The seed at the fraction `draw` of the running sum of nearest; -1 if all are zero. */
static ptrdiff_t bovw_pq_draw(const float *nearest, const float *totals, ptrdiff_t n, double draw) {
    double wanted = 0, sum = 0;
    ptrdiff_t b, i, block = -1, found = -1;
    for (b = 0; b < n / 64; ++b) wanted += totals[b];
    wanted *= draw;
    for (b = 0; b < n / 64; ++b) {
        if (!(totals[b] > 0)) continue;
        if (block >= 0) sum += totals[block];
        block = b;
        if (sum + totals[b] > wanted) break;
    }
    if (block < 0) return -1;
    for (i = 64 * block; i < 64 * block + 64; ++i) {
        if (!(nearest[i] > 0)) continue;
        found = i;
        sum += nearest[i];
        if (sum > wanted) break;
    }
    return found; /* where rounding leaves the running sum short, the last one that is not zero */
}

BOVW_INLINE double bovw_pq_accumulate_fixed(
    const float *x, ptrdiff_t n, const ptrdiff_t G, const float *words, const unsigned char *labels,
    float *distances, double *sums, int64_t *counts) {
    double distortion = 0;
    ptrdiff_t i, j;
    for (i = 0; i < n; ++i) {
        const float *row = x + i * G, *word = words + labels[i] * G;
        double *sum = sums + labels[i] * G;
        float total = 0;
        for (j = 0; j < G; ++j) {
            const float difference = row[j] - word[j];
            total += difference * difference;
            sum[j] += row[j];
        }
        counts[labels[i]] += 1;
        distances[i] = total;
        distortion += total;
    }
    return distortion;
}

/* Adds every row of x [n][G] to the sum and count of its word; distances receives its squared distance to
 * that word. Returns the sum of the distances. */
static double bovw_pq_accumulate(
    const float *x, ptrdiff_t n, ptrdiff_t G, const float *words, const unsigned char *labels, float *distances,
    double *sums, int64_t *counts) {
    if (G == 8) return bovw_pq_accumulate_fixed(x, n, 8, words, labels, distances, sums, counts);
    return bovw_pq_accumulate_fixed(x, n, G, words, labels, distances, sums, counts);
}

#endif
