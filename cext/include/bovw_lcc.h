/* Local coordinate coding of one descriptor over a few words, by a primal active set.
 *
 *     minimize 1/2 |sum_i gamma_i z_i|^2 + mu sum_i |gamma_i| |z_i|^2   with   sum_i gamma_i = 1,
 *
 * z_i = x - c_i. While the signs s of the words with weights do not change, this is a quadratic
 * programme with one equality. With H = Z Z' + scale 1 1', which the constraint makes the same
 * problem and which is positive definite while the words are affinely independent, and W the lower triangular
 * matrix with W H W' = 1,
 *
 *     gamma = W'(nu u - v),   u = W 1,   v = W (mu s |z|^2),   nu = (1 + u'v) / u'u .
 *
 * A word that violates the optimality condition is added: one row to W, one number to u and v.
 * A weight that would change its sign on the way to the new optimum stops there and leaves: rotations of rows
 * clear its column. A word that depends affinely on those in use can be exchanged without changing
 * Z' gamma; the penalty says in which direction, until a weight arrives at zero. */
#ifndef BOVW_LCC_H
#define BOVW_LCC_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__AVX__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#endif

/* Squared distance of a word from the affine hull of the others, relative to H_ii, that counts as none. */
#define BOVW_LCC_DEPENDENT 1e-12

#define BOVW_EIGHTS(n) (((n) + 7) & ~(ptrdiff_t)7)

/* Eight running sums, whatever the compiler makes of them: the bits do not depend on the vector width. */
static double bovw_dot8(const double *a, const double *b, ptrdiff_t n) {
    double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (ptrdiff_t t = 0; t < n; t += 8)
        for (int lane = 0; lane < 8; ++lane) s[lane] += a[t + lane] * b[t + lane];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

/* z = x - word in double precision, filled up with zeros to a multiple of eight. */
static void bovw_difference(const double *x, const float *word, ptrdiff_t d, double *z) {
    ptrdiff_t t;
    for (t = 0; t < d; ++t) z[t] = x[t] - (double)word[t];
    for (; t % 8; ++t) z[t] = 0.0;
}

/* a'c, or |a - c|^2, of d numbers in eight running sums; a is filled up with zeros to a multiple of eight. */
static double bovw_word_sum(const double *a, const float *word, ptrdiff_t d, int squares) {
    double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (ptrdiff_t t = 0; t < d; ++t) {
        const double c = word[t], z = a[t] - c;
        s[t & 7] += squares ? z * z : a[t] * c;
    }
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

#if defined(__GNUC__) || defined(__clang__)
typedef double bovw_v4d __attribute__((vector_size(32), aligned(8), may_alias));
#if defined(__AVX__) /* one instruction, where gcc 12 makes several of the general form */
#define bovw_widen(p) ((bovw_v4d)_mm256_cvtps_pd(_mm_loadu_ps(p)))
#else
#define bovw_widen(p) ((bovw_v4d){(p)[0], (p)[1], (p)[2], (p)[3]})
#endif

/* The sums of four words: reading `a` once and four sums side by side hide the latency of additions. */
static inline __attribute__((always_inline)) void bovw_four_word_sums(
    const double *a, const float *const word[4], ptrdiff_t d, int squares, double *out) {
    const ptrdiff_t whole = d & ~(ptrdiff_t)7;
    bovw_v4d low[4] = {{0}, {0}, {0}, {0}}, high[4] = {{0}, {0}, {0}, {0}};
    for (ptrdiff_t t = 0; t < d; t += 8) {
        const bovw_v4d a0 = *(const bovw_v4d *)(a + t), a1 = *(const bovw_v4d *)(a + t + 4);
        for (int r = 0; r < 4; ++r) {
            const float *p = word[r] + t;
            float rest[8] = {0};
            if (t == whole) p = memcpy(rest, p, (size_t)(d - whole) * sizeof *p);
            const bovw_v4d c0 = bovw_widen(p);
            const bovw_v4d c1 = bovw_widen(p + 4);
            if (squares) {
                low[r] += (a0 - c0) * (a0 - c0);
                high[r] += (a1 - c1) * (a1 - c1);
            } else {
                low[r] += a0 * c0;
                high[r] += a1 * c1;
            }
        }
    }
    for (int r = 0; r < 4; ++r) {
        const bovw_v4d s = low[r] + high[r];
        out[r] = (s[0] + s[1]) + (s[2] + s[3]);
    }
}
#endif

/* out[i] = a'c, or |a - c|^2, for the word c of number which[i]. */
static inline void bovw_word_sums(
    const double *a, const float *words, ptrdiff_t d, const int32_t *which, ptrdiff_t count, int squares, double *out) {
    ptrdiff_t i = 0;
#if defined(__GNUC__) || defined(__clang__)
    for (; i + 4 <= count; i += 4) {
        const float *const four[4] = {
            words + which[i] * d, words + which[i + 1] * d, words + which[i + 2] * d, words + which[i + 3] * d};
        if (squares) bovw_four_word_sums(a, four, d, 1, out + i);
        else bovw_four_word_sums(a, four, d, 0, out + i);
    }
#endif
    for (; i < count; ++i) out[i] = bovw_word_sum(a, words + which[i] * d, d, squares);
}

typedef struct {
    ptrdiff_t n_words, d, padded, capacity, stride; /* words with weights at most, numbers of a row of W */
    double mu, scale;
    const float *words;       /* of the codebook */
    const int32_t *work;      /* which of them make up the problem */
    double *x;                /* the descriptor, filled up with zeros */
    double *squares, *excess; /* of the words of the problem: |z|^2, and how much they violate the condition */
    unsigned char *taken;     /* active, or barred: rounding keeps it from being added */
    ptrdiff_t n;              /* active words: those with weights, in the order of the rows of W */
    int *active;
    double *sign, *weight;
    double *z;                /* (capacity + 1, padded): of the active words, and of a candidate */
    double *W, *u, *v;        /* (capacity, stride), (stride,), (stride,) */
    double *h, *image, *step; /* (stride,) each, filled up with zeros: H e_j, W h, and W' of something */
    void *memory;
} bovw_lcc;

static size_t bovw_lcc_layout(bovw_lcc *p, char *base) {
    size_t at = 0;
#define BOVW_PLACE(field, count)                                       \
    do {                                                               \
        p->field = (void *)(base + at);                                \
        at += ((size_t)(count) * sizeof *p->field + 63) & ~(size_t)63; \
    } while (0)
    BOVW_PLACE(x, p->padded);
    BOVW_PLACE(squares, p->n_words);
    BOVW_PLACE(excess, p->n_words);
    BOVW_PLACE(taken, p->n_words);
    BOVW_PLACE(active, p->capacity);
    BOVW_PLACE(sign, p->capacity);
    BOVW_PLACE(weight, p->stride);
    BOVW_PLACE(z, (p->capacity + 1) * p->padded);
    BOVW_PLACE(W, p->capacity * p->stride);
    BOVW_PLACE(u, p->stride);
    BOVW_PLACE(v, p->stride);
    BOVW_PLACE(h, p->stride);
    BOVW_PLACE(image, p->stride);
    BOVW_PLACE(step, p->stride);
#undef BOVW_PLACE
    return at;
}

/* Room for problems of n_words out of the words of d numbers; 0 if there is no memory. */
static int bovw_lcc_open(bovw_lcc *p, const float *words, ptrdiff_t n_words, ptrdiff_t d, double mu) {
    p->words = words;
    p->n_words = n_words;
    p->d = d;
    p->padded = BOVW_EIGHTS(d);
    p->capacity = n_words < d + 1 ? n_words : d + 1; /* no more are affinely independent */
    p->stride = BOVW_EIGHTS(p->capacity);
    p->mu = mu;
    p->memory = malloc(bovw_lcc_layout(p, NULL));
    if (!p->memory) return 0;
    bovw_lcc_layout(p, p->memory);
    return 1;
}

static void bovw_lcc_close(bovw_lcc *p) { free(p->memory); }

/* step = W' a. */
static void bovw_lcc_back(bovw_lcc *p, const double *a) {
    memset(p->step, 0, (size_t)p->stride * sizeof *p->step);
    for (ptrdiff_t i = 0; i < p->n; ++i) {
        const double b = a[i], *row = p->W + i * p->stride;
        for (ptrdiff_t j = 0; j <= i; ++j) p->step[j] += b * row[j];
    }
}

/* Puts z of word j behind those of the active words and its products with them into h. */
static void bovw_lcc_correlate(bovw_lcc *p, ptrdiff_t j) {
    double *z = p->z + p->n * p->padded;
    bovw_difference(p->x, p->words + p->work[j] * p->d, p->d, z);
    memset(p->h, 0, (size_t)p->stride * sizeof *p->h);
    for (ptrdiff_t i = 0; i < p->n; ++i) p->h[i] = bovw_dot8(z, p->z + i * p->padded, p->padded);
}

/* Takes the word of row i of W out. */
static void bovw_lcc_drop(bovw_lcc *p, ptrdiff_t i) {
    const ptrdiff_t n = --p->n;
    p->taken[p->active[i]] = 0;
    for (ptrdiff_t k = i; k < n; ++k) { /* rotate rows k and k + 1 so that W[k][i] is 0 */
        double *row = p->W + k * p->stride, *next = row + p->stride;
        const double length = sqrt(row[i] * row[i] + next[i] * next[i]), c = next[i] / length, s = row[i] / length;
        const double u = p->u[k], v = p->v[k];
        for (ptrdiff_t j = 0; j <= k + 1; ++j) {
            const double a = row[j], b = next[j];
            row[j] = c * a - s * b;
            next[j] = s * a + c * b;
        }
        memmove(row + i, row + i + 1, (size_t)(k + 1 - i) * sizeof *row);
        row[k + 1] = 0.0;
        p->u[k] = c * u - s * p->u[k + 1];
        p->v[k] = c * v - s * p->v[k + 1];
        p->u[k + 1] = s * u + c * p->u[k + 1];
        p->v[k + 1] = s * v + c * p->v[k + 1];
        p->active[k] = p->active[k + 1];
        p->sign[k] = p->sign[k + 1];
        p->weight[k] = p->weight[k + 1];
    }
    p->u[n] = p->v[n] = p->weight[n] = 0.0;
    memmove(p->z + i * p->padded, p->z + (i + 1) * p->padded, (size_t)((n - i) * p->padded) * sizeof *p->z);
}

/* The active word whose weight is the first to arrive at zero on the way along `step`, at *t <= limit; or -1. */
static ptrdiff_t bovw_lcc_first_zero(const bovw_lcc *p, double limit, double *t) {
    ptrdiff_t first = -1;
    *t = limit;
    for (ptrdiff_t i = 0; i < p->n; ++i)
        if (p->step[i] * p->sign[i] < 0 && -p->weight[i] / p->step[i] <= *t) {
            *t = -p->weight[i] / p->step[i];
            first = i;
        }
    return first;
}

/* Makes word j, just correlated, active with a sign and a weight, which may be 0 still. */
static void bovw_lcc_add(bovw_lcc *p, ptrdiff_t j, double sign, double weight) {
    for (;; bovw_lcc_correlate(p, j)) {
        const ptrdiff_t n = p->n;
        const double whole = p->squares[j] + p->scale, q = p->mu * p->squares[j] * sign;
        double left, t, slope = q * sign, direction = sign, limit = DBL_MAX;
        ptrdiff_t i, first;
        memset(p->image, 0, (size_t)p->stride * sizeof *p->image);
        for (i = 0; i < n; ++i) p->h[i] += p->scale;
        for (i = 0; i < n; ++i) p->image[i] = bovw_dot8(p->W + i * p->stride, p->h, BOVW_EIGHTS(i + 1));
        left = whole - bovw_dot8(p->image, p->image, BOVW_EIGHTS(n));
        bovw_lcc_back(p, p->image);
        if (left > BOVW_LCC_DEPENDENT * whole && n < p->capacity) {
            const double pivot = sqrt(left);
            double *row = p->W + n * p->stride;
            memset(row, 0, (size_t)p->stride * sizeof *row);
            for (i = 0; i < n; ++i) row[i] = -p->step[i] / pivot;
            row[n] = 1.0 / pivot;
            p->u[n] = (1.0 - bovw_dot8(p->image, p->u, BOVW_EIGHTS(n))) / pivot;
            p->v[n] = (q - bovw_dot8(p->image, p->v, BOVW_EIGHTS(n))) / pivot;
            p->active[n] = (int)j;
            p->sign[n] = sign;
            p->weight[n] = weight;
            p->taken[j] = 1;
            ++p->n;
            return;
        }
        /* Exchange along e_j - H^-1 h_j, on which only the penalty changes. */
        for (i = 0; i < n; ++i) {
            p->step[i] *= -direction;
            slope += p->mu * p->squares[p->active[i]] * p->sign[i] * p->step[i];
        }
        if (slope > 0) { /* the other way: the own weight shrinks */
            direction = -direction;
            limit = fabs(weight);
            for (i = 0; i < n; ++i) p->step[i] = -p->step[i];
        }
        first = bovw_lcc_first_zero(p, limit, &t);
        if (t == DBL_MAX) t = 0.0; /* rounding alone: nothing to exchange with */
        for (i = 0; i < n; ++i) p->weight[i] += t * p->step[i];
        weight += t * direction;
        if (first < 0) {
            p->taken[j] = 1;
            return;
        }
        bovw_lcc_drop(p, first);
    }
}

/* Moves the weights to the optimum of the active words, those that arrive at zero leave; returns the multiplier. */
static double bovw_lcc_settle(bovw_lcc *p) {
    for (;;) {
        const ptrdiff_t eights = BOVW_EIGHTS(p->n);
        const double nu = (1.0 + bovw_dot8(p->u, p->v, eights)) / bovw_dot8(p->u, p->u, eights);
        ptrdiff_t i, first, word;
        double t;
        for (i = 0; i < p->n; ++i) p->image[i] = nu * p->u[i] - p->v[i];
        bovw_lcc_back(p, p->image);
        for (i = 0; i < p->n; ++i) p->step[i] -= p->weight[i];
        first = bovw_lcc_first_zero(p, 1.0, &t);
        for (i = 0; i < p->n; ++i) p->weight[i] += t * p->step[i];
        if (first < 0) return nu - p->scale;
        word = p->active[first];
        bovw_lcc_drop(p, first);
        p->taken[word] = t == 0.0;
    }
}

/* The residual sum gamma_i z_i, and by how much each word violates the condition. Returns the largest violation of a
 * word that may be added; *level becomes the multiplier, *spread by how much the active words need different ones. */
static double bovw_lcc_price(bovw_lcc *p, double *residual, double *level, double *spread) {
    double low = INFINITY, high = -INFINITY, worst = -INFINITY, xr;
    ptrdiff_t i, j;
    memset(residual, 0, (size_t)p->padded * sizeof *residual);
    for (i = 0; i < p->n; ++i) {
        const double weight = p->weight[i], *z = p->z + i * p->padded;
        for (j = 0; j < p->padded; ++j) residual[j] += weight * z[j];
    }
    xr = bovw_dot8(p->x, residual, p->padded);
    bovw_word_sums(residual, p->words, p->d, p->work, p->n_words, 0, p->excess);
    for (i = 0; i < p->n; ++i) {
        j = p->active[i];
        const double nu = xr - p->excess[j] + p->mu * p->squares[j] * p->sign[i];
        if (nu < low) low = nu;
        if (nu > high) high = nu;
    }
    *level = 0.5 * (low + high);
    *spread = high - low;
    for (j = 0; j < p->n_words; ++j) {
        p->excess[j] = fabs(xr - p->excess[j] - *level) - p->mu * p->squares[j];
        if (!p->taken[j] && p->excess[j] > worst) worst = p->excess[j];
    }
    return worst;
}

/* Solves the problem of x over words work[0 .. n_words - 1] of which the first n_used have weights gamma, with sum 1.
 * The words that have weights then, and these, take the first places of work and gamma; returns how many they are.
 * residual, of d numbers rounded up to eights, becomes sum gamma_i z_i, *level the multiplier nu,
 * *spread how far the optimality condition of the words with weights is from holding.
 * *scale becomes the least squared distance if it is 0. */
static ptrdiff_t bovw_lcc_solve(
    bovw_lcc *p, const float *x, int32_t *work, double *gamma, ptrdiff_t n_used, double tolerance,
    ptrdiff_t max_steps, double *scale, double *residual, double *level, double *spread) {
    ptrdiff_t i, j, nearest = 0;
    double nu;
    p->work = work;
    for (i = 0; i < p->padded; ++i) p->x[i] = i < p->d ? x[i] : 0.0;
    bovw_word_sums(p->x, p->words, p->d, work, p->n_words, 1, p->squares);
    for (i = 0; i < p->n_words; ++i)
        if (p->squares[i] < p->squares[nearest]) nearest = i;
    if (*scale == 0.0) *scale = p->squares[nearest];
    p->scale = *scale;
    if (p->scale == 0.0) { /* the descriptor is a word */
        memset(residual, 0, (size_t)p->padded * sizeof *residual);
        *level = *spread = 0.0;
        work[0] = work[nearest];
        gamma[0] = 1.0;
        return 1;
    }
    p->n = 0;
    memset(p->taken, 0, (size_t)p->n_words);
    memset(p->u, 0, (size_t)p->stride * sizeof *p->u);
    memset(p->v, 0, (size_t)p->stride * sizeof *p->v);
    memset(p->weight, 0, (size_t)p->stride * sizeof *p->weight);
    for (i = 0; i < n_used; ++i) {
        bovw_lcc_correlate(p, i);
        bovw_lcc_add(p, i, gamma[i] < 0 ? -1.0 : 1.0, gamma[i]);
    }
    nu = bovw_lcc_settle(p);
    const double limit = tolerance * p->scale;
    while (bovw_lcc_price(p, residual, level, spread) > limit && max_steps > 0) {
        /* The violations are out of date after one addition, but their order is a good guess. */
        for (int added = 0;; ++added) {
            for (j = 0, i = 1; i < p->n_words; ++i)
                if (!p->taken[i] && (p->taken[j] || p->excess[i] > p->excess[j])) j = i;
            if (p->taken[j] || p->excess[j] <= limit) break;
            bovw_lcc_correlate(p, j);
            const double rise = bovw_dot8(p->weight, p->h, BOVW_EIGHTS(p->n)) - nu;
            p->excess[j] = 0.0;
            if (fabs(rise) - p->mu * p->squares[j] <= limit) {
                p->taken[j] = added == 0;
                break;
            }
            bovw_lcc_add(p, j, rise < 0 ? 1.0 : -1.0, 0.0);
            nu = bovw_lcc_settle(p);
            --max_steps;
        }
    }
    for (i = 0; i < p->n; ++i) gamma[i] = p->weight[i];
    for (i = 0; i < p->n; ++i) p->active[i] = work[p->active[i]];
    for (i = 0; i < p->n; ++i) work[i] = p->active[i];
    return p->n;
}

#endif
