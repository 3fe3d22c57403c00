/* One row of a mixture's posteriors: a softmax over K scores, in place. */
#ifndef BOVW_POSTERIOR_H
#define BOVW_POSTERIOR_H

#include <math.h>
#include <stddef.h>

#include "bovw_exp.h"
#include "bovw_mask.h"

#define BOVW_NO_SCORE (-3.0e38f)

/* `count` < 8 floats, the other lanes filled. */
BOVW_INLINE v8 v8_load_some(const float *p, ptrdiff_t count, float fill) {
    v8 r = v8_set1(fill);
    memcpy(&r, p, (size_t)count * sizeof(float));
    return r;
}

/* Per lane a where a >= least, else 0. */
BOVW_INLINE v8 v8_kept(v8 a, v8 least) {
#if defined(__GNUC__) || defined(__clang__)
    return (v8)((v8i)a & (a >= least));
#else
    for (int t = 0; t < 8; ++t) V8_LANE(a, t) = V8_LANE(a, t) >= V8_LANE(least, t) ? V8_LANE(a, t) : 0.0f;
    return a;
#endif
}

/* The largest of scores[k] + constants[k]; *last receives those of the last, partly filled group of eight. */
BOVW_INLINE float bovw_peak(const float *scores, const float *constants, ptrdiff_t K, v8 *last) {
    const ptrdiff_t whole = K & ~(ptrdiff_t)7, rest = K - whole;
    const v8 lowest = v8_set1(BOVW_NO_SCORE);
    v8 top = lowest, other = lowest;
    ptrdiff_t k = 0;
    for (; k + 16 <= whole; k += 16) {
        top = v8_max(top, v8_add(v8_load(scores + k), v8_load(constants + k)));
        other = v8_max(other, v8_add(v8_load(scores + k + 8), v8_load(constants + k + 8)));
    }
    if (k < whole) top = v8_max(top, v8_add(v8_load(scores + k), v8_load(constants + k)));
    *last = lowest;
    if (rest) {
        *last = v8_add(
            v8_load_some(scores + whole, rest, 0.0f), v8_load_some(constants + whole, rest, BOVW_NO_SCORE));
        top = v8_max(top, *last);
    }
    top = v8_max(top, other);
    float peak = V8_LANE(top, 0);
    for (int t = 1; t < 8; ++t)
        if (V8_LANE(top, t) > peak) peak = V8_LANE(top, t);
    return peak;
}

/* exp(last - peak) in the first `rest` lanes, 0 in the others. */
BOVW_INLINE v8 bovw_last_exponentials(v8 last, v8 peak, ptrdiff_t rest) {
    last = v8_exp(v8_sub(last, peak));
    for (int t = (int)rest; t < 8; ++t) V8_LANE(last, t) = 0.0f;
    return last;
}

/* scores[k] becomes the posterior exp(scores[k] + constants[k]) / sum, or 0
 * where that is below `threshold`, which must be at least 1e-20 (v8_exp does not
 * reach zero); posteriors are added to sums[k]. Returns
 * log(sum), the log-likelihood of the row. */
static float bovw_posterior_row(
    float *scores, const float *constants, float *sums, ptrdiff_t K, float threshold) {
    const ptrdiff_t whole = K & ~(ptrdiff_t)7, rest = K - whole;
    v8 last, total = v8_set1(0.0f);
    const float peak = bovw_peak(scores, constants, K, &last);
    const v8 shift = v8_set1(peak);
    ptrdiff_t k;
    for (k = 0; k < whole; k += 8) {
        const v8 e = v8_exp(v8_sub(v8_add(v8_load(scores + k), v8_load(constants + k)), shift));
        v8_store(scores + k, e);
        total = v8_add(total, e);
    }
    if (rest) total = v8_add(total, last = bovw_last_exponentials(last, shift, rest));
    const float sum = v8_sum(total), inverse = 1.0f / sum;
    const v8 least = v8_set1(threshold);
    for (k = 0; k < whole; k += 8) {
        const v8 g = v8_kept(v8_mul(v8_load(scores + k), v8_set1(inverse)), least);
        v8_store(scores + k, g);
        v8_store(sums + k, v8_add(v8_load(sums + k), g));
    }
    last = v8_kept(v8_mul(last, v8_set1(inverse)), least);
    for (int t = 0; t < (int)rest; ++t) {
        scores[whole + t] = V8_LANE(last, t);
        sums[whole + t] += V8_LANE(last, t);
    }
    return peak + (float)log((double)sum);
}

/* The posteriors of a row that reach `threshold` are appended to lists, one a component:
 * component k gets the number `row` in rows[k * stride + counts[k]] and the posterior in
 * the same place of `values`. What lies `depth` or more below the largest score counts for nothing.
 * found and kept are workspaces of K + 8. Returns the log-likelihood of the row. */
static float bovw_list_posteriors(
    const float *scores, const float *constants, ptrdiff_t K, float threshold, float depth, int32_t row,
    ptrdiff_t stride, int32_t *rows, float *values, int32_t *counts, int *found, float *kept) {
    const ptrdiff_t whole = K & ~(ptrdiff_t)7;
    const v8 least = v8_set1(threshold), lowest = v8_set1(-depth);
    v8 last, total = v8_set1(0.0f);
    const float peak = bovw_peak(scores, constants, K, &last);
    const v8 shift = v8_set1(peak);
    int n = 0, listed = 0;
    for (ptrdiff_t k = 0; k < whole; k += 8) {
        const v8 a = v8_sub(v8_add(v8_load(scores + k), v8_load(constants + k)), shift);
        n += v8_compress(a, v8_greater_mask(a, lowest), (int)k, found + n, kept + n);
    }
    last = v8_sub(last, shift);
    if (whole < K) n += v8_compress(last, v8_greater_mask(last, lowest), (int)whole, found + n, kept + n);
    v8_store(kept + n, v8_set1(BOVW_NO_SCORE));
    for (int i = 0; i < n; i += 8) {
        const v8 e = v8_exp(v8_load(kept + i));
        total = v8_add(total, e);
        /* The sum is at least 1, so nothing that is left out here reaches the threshold. */
        listed += v8_compress_again(e, v8_greater_mask(e, least), found + i, found + listed, kept + listed);
    }
    const float sum = v8_sum(total), inverse = 1.0f / sum;
    for (int i = 0; i < listed; ++i) {
        const float g = kept[i] * inverse;
        const ptrdiff_t k = found[i], place = k * stride + counts[k];
        rows[place] = row;
        values[place] = g;
        counts[k] += g >= threshold;
    }
    return peak + (float)log((double)sum);
}

/* The sum of n numbers, in eight running sums. */
static double bovw_sum8(const float *values, ptrdiff_t n) {
    double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int lane = 0; lane < 8; ++lane) s[lane] += values[i + lane];
    for (; i < n; ++i) s[i & 7] += values[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

/* first[j] = sum of g z and second[j] = sum of g z z over a list of rows and their posteriors g. */
static void bovw_listed_moments(
    const float *z, ptrdiff_t stride, ptrdiff_t d, const int32_t *rows, const float *values, ptrdiff_t count,
    float *second, float *first) {
    ptrdiff_t j = 0, i;
    int t;
    for (; j + 32 <= d; j += 32) { /* four registers each of first and second moments */
        v8 a[4], b[4];
        for (t = 0; t < 4; ++t) a[t] = b[t] = v8_set1(0.0f);
        for (i = 0; i < count; ++i) {
            const float *row = z + rows[i] * stride + j;
            const v8 g = v8_set1(values[i]);
            for (t = 0; t < 4; ++t) {
                const v8 y = v8_load(row + 8 * t), gy = v8_mul(g, y);
                a[t] = v8_add(a[t], gy);
                b[t] = v8_madd(gy, y, b[t]);
            }
        }
        for (t = 0; t < 4; ++t) {
            v8_store(first + j + 8 * t, a[t]);
            v8_store(second + j + 8 * t, b[t]);
        }
    }
    for (; j + 8 <= d; j += 8) {
        v8 a = v8_set1(0.0f), b = a;
        for (i = 0; i < count; ++i) {
            const v8 y = v8_load(z + rows[i] * stride + j), gy = v8_mul(v8_set1(values[i]), y);
            a = v8_add(a, gy);
            b = v8_madd(gy, y, b);
        }
        v8_store(first + j, a);
        v8_store(second + j, b);
    }
    for (; j < d; ++j) {
        first[j] = second[j] = 0.0f;
        for (i = 0; i < count; ++i) {
            const float y = z[rows[i] * stride + j], gy = values[i] * y;
            first[j] += gy;
            second[j] += gy * y;
        }
    }
}

#endif
