/* The optimality condition of local coordinate coding, checked for all words of the codebook.
 *
 * With nu the multiplier and r the residual, word k without weight needs |z_k'r - nu| <= mu |z_k|^2 + limit.
 * Products of all words in float32, whose rounding is bounded, settle nearly all of them; what they leave
 * open is computed again in double precision. So the verdict is that of double precision. */
#ifndef BOVW_LCC_CHECK_H
#define BOVW_LCC_CHECK_H

#include <float.h>

#include "bovw_lcc.h"
#include "bovw_v8.h"

typedef struct {
    const float *words, *center; /* words and their mean */
    ptrdiff_t n_words, d;
    double mu, tolerance, reach; /* reach: the largest distance of a word from the center */
    double *x;                   /* workspace of d numbers */
} bovw_lcc_checker;

/* 1 if the condition holds for all words, 0 if it does not, -1 if float32 overflows.
 *
 * scores[k] is (x - center)'(c_k - center) - |c_k - center|^2 / 2 and products[k] is r'(c_k - center), in float32;
 * products[k] becomes the violation of word k but for a constant. used[0 .. n_used - 1] are the words with weights,
 * for which it holds up to `spread`. */
static int bovw_lcc_check(
    const bovw_lcc_checker *c, const float *x, const float *scores, float *products, const double *residual,
    double nu, double spread, double scale, const int32_t *used, ptrdiff_t n_used) {
    const double limit = c->tolerance * scale;
    const ptrdiff_t whole = c->n_words & ~(ptrdiff_t)7;
    double yy = 0.0, yr = 0.0, rr = 0.0, xx = 0.0, xr = 0.0, mm = 0.0;
    ptrdiff_t k, j;
    if (scale == 0.0) return 1;
    for (j = 0; j < c->d; ++j) {
        const double y = (c->x[j] = x[j]) - (double)c->center[j];
        yy += y * y;
        yr += y * residual[j];
        rr += residual[j] * residual[j];
        xx += c->x[j] * c->x[j];
        xr += c->x[j] * residual[j];
        mm += (double)c->center[j] * c->center[j];
    }
    /* What is added up below, and in the products themselves, is at most `size` in all; the relative error of a sum
     * of d products is below d units of rounding, the steps around it add a few. */
    const double product = c->reach * (sqrt(xx) + sqrt(mm) + c->reach);
    const double size = sqrt(rr) * c->reach + 2 * c->mu * product + fabs(yr - nu) + c->mu * yy + limit;
    const double margin = (double)(c->d + 16) * (ldexp(size, -24) + FLT_MIN);
    const float shift = (float)(yr - nu), bar = (float)(c->mu * yy + limit - margin), slope = (float)(2 * c->mu);
    v8 top = v8_set1(-INFINITY);
    float highest = -INFINITY;
    if (!(size < 1e38 && product < 1e38)) return -1;
    for (k = 0; k < whole; k += 8) {
        const v8 e = v8_madd(
            v8_set1(slope), v8_load(scores + k), v8_abs(v8_sub(v8_set1(shift), v8_load(products + k))));
        v8_store(products + k, e);
        top = v8_max(e, top);
    }
    for (; k < c->n_words; ++k) {
        products[k] = slope * scores[k] + fabsf(shift - products[k]);
        if (products[k] > highest) highest = products[k];
    }
    for (j = 0; j < 8; ++j)
        if (V8_LANE(top, j) > highest) highest = V8_LANE(top, j);
    if (spread > limit) return 0;
    if (highest <= bar) return 1;
    for (k = 0; k < c->n_words; ++k) {
        if (products[k] <= bar) continue;
        for (j = 0; j < n_used && used[j] != k; ++j) {}
        if (j < n_used) continue;
        const double rise = xr - bovw_word_sum(residual, c->words + k * c->d, c->d, 0) - nu;
        if (fabs(rise) - c->mu * bovw_word_sum(c->x, c->words + k * c->d, c->d, 1) > limit) return 0;
    }
    return 1;
}

/* How many of n numbers are above a bar. */
static ptrdiff_t bovw_count_above(const float *values, ptrdiff_t n, float bar) {
    const ptrdiff_t whole = n & ~(ptrdiff_t)7;
    const v8 limit = v8_set1(bar), one = v8_set1(1.0f), zero = v8_set1(0.0f);
    v8 total = zero;
    ptrdiff_t k, count = 0;
    for (k = 0; k < whole; k += 8) total = v8_add(total, v8_choose_less(limit, v8_load(values + k), one, zero));
    for (; k < n; ++k) count += values[k] > bar;
    return count + (ptrdiff_t)v8_sum(total);
}

/* Indices of `wanted` of n values, about the largest: none that is left out is larger than three quarters of them
 * but for ties. Values of -infinity are never taken; there are at least `wanted` others. */
static void bovw_lcc_rivals(const float *values, ptrdiff_t n, ptrdiff_t wanted, int32_t *index) {
    const ptrdiff_t whole = n & ~(ptrdiff_t)7;
    v8 least = v8_set1(INFINITY), top = v8_set1(-INFINITY);
    float low = INFINITY, high = -INFINITY;
    ptrdiff_t k, count = 0;
    for (k = 0; k < whole; k += 8) {
        const v8 a = v8_load(values + k);
        top = v8_max(a, top);
        least = v8_choose_less(v8_set1(-INFINITY), a, v8_choose_less(a, least, a, least), least);
    }
    for (int t = 0; t < 8; ++t) {
        if (V8_LANE(top, t) > high) high = V8_LANE(top, t);
        if (V8_LANE(least, t) < low) low = V8_LANE(least, t);
    }
    for (; k < n; ++k) {
        if (values[k] > high) high = values[k];
        if (values[k] > -INFINITY && values[k] < low) low = values[k];
    }
    /* Bisection: never more than `wanted` values lie above `high`. */
    for (int i = 0; i < 30 && 4 * count < 3 * wanted; ++i) {
        const float middle = 0.5f * low + 0.5f * high;
        const ptrdiff_t above = bovw_count_above(values, n, middle);
        if (above > wanted) low = middle;
        else {
            high = middle;
            count = above;
        }
    }
    for (k = 0, count = 0; k < n && count < wanted; ++k)
        if (values[k] > high) index[count++] = (int32_t)k;
    for (k = 0; k < n && count < wanted; ++k)
        if (values[k] >= low && values[k] <= high) index[count++] = (int32_t)k;
}

#endif
