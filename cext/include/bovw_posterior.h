/* One row of a mixture's posteriors: a softmax over K scores, in place. */
#ifndef BOVW_POSTERIOR_H
#define BOVW_POSTERIOR_H

#include <math.h>
#include <stddef.h>

#include "bovw_exp.h"

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

/* The first k >= start with values[k] > 0, or count. Values are not negative; eight
 * zeros are skipped at a time. */
static ptrdiff_t bovw_next_positive(const float *values, ptrdiff_t start, ptrdiff_t count) {
    ptrdiff_t k = start;
    while (k < count) {
        uint64_t bits[4];
        if (values[k] > 0.0f) return k;
        ++k;
        while (k + 8 <= count) {
            memcpy(bits, values + k, sizeof bits);
            if (bits[0] | bits[1] | bits[2] | bits[3]) break;
            k += 8;
        }
    }
    return count;
}

/* scores[k] becomes the posterior exp(scores[k] + constants[k]) / sum, or 0
 * where that is below `threshold`, which must be at least 1e-20 (v8_exp does not
 * reach zero); posteriors are added to sums[k]. Returns
 * log(sum), the log-likelihood of the row. */
static float bovw_posterior_row(
    float *scores, const float *constants, float *sums, ptrdiff_t K, float threshold) {
    const ptrdiff_t whole = K & ~(ptrdiff_t)7, rest = K - whole;
    const v8 lowest = v8_set1(BOVW_NO_SCORE);
    v8 top = lowest, other = lowest, total = v8_set1(0.0f);
    v8 last = lowest; /* the scores of the last, partly filled group */
    ptrdiff_t k = 0;
    for (; k + 16 <= whole; k += 16) {
        top = v8_max(top, v8_add(v8_load(scores + k), v8_load(constants + k)));
        other = v8_max(other, v8_add(v8_load(scores + k + 8), v8_load(constants + k + 8)));
    }
    if (k < whole) top = v8_max(top, v8_add(v8_load(scores + k), v8_load(constants + k)));
    if (rest) {
        last = v8_add(
            v8_load_some(scores + whole, rest, 0.0f), v8_load_some(constants + whole, rest, BOVW_NO_SCORE));
        top = v8_max(top, last);
    }
    top = v8_max(top, other);
    float peak = V8_LANE(top, 0);
    for (int t = 1; t < 8; ++t)
        if (V8_LANE(top, t) > peak) peak = V8_LANE(top, t);

    const v8 shift = v8_set1(peak);
    for (k = 0; k < whole; k += 8) {
        const v8 e = v8_exp(v8_sub(v8_add(v8_load(scores + k), v8_load(constants + k)), shift));
        v8_store(scores + k, e);
        total = v8_add(total, e);
    }
    if (rest) {
        last = v8_exp(v8_sub(last, shift));
        for (int t = (int)rest; t < 8; ++t) V8_LANE(last, t) = 0.0f;
        total = v8_add(total, last);
    }
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

#endif
