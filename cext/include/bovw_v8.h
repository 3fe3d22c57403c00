/* Eight float lanes. gcc and clang turn the vector type into one AVX register
 * or two SSE / NEON registers, whatever the module is compiled for; every lane
 * is rounded on its own, so the bits do not depend on that choice. Elsewhere
 * (MSVC) a struct of eight floats with plain loops stands in. */
#ifndef BOVW_V8_H
#define BOVW_V8_H

#include <math.h>
#include <string.h>
#if defined(__AVX__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define BOVW_INLINE static inline __attribute__((always_inline, unused))
typedef float v8 __attribute__((vector_size(32)));
typedef int v8i __attribute__((vector_size(32)));
BOVW_INLINE v8 v8_set1(float a) { return (v8){a, a, a, a, a, a, a, a}; }
BOVW_INLINE v8 v8_add(v8 a, v8 b) { return a + b; }
BOVW_INLINE v8 v8_sub(v8 a, v8 b) { return a - b; }
BOVW_INLINE v8 v8_mul(v8 a, v8 b) { return a * b; }
BOVW_INLINE v8 v8_div(v8 a, v8 b) { return a / b; }
BOVW_INLINE v8 v8_select(v8i mask, v8 a, v8 b) { return (v8)((mask & (v8i)a) | (~mask & (v8i)b)); }
#if defined(__AVX2__)
BOVW_INLINE v8 v8_choose_less(v8 a, v8 b, v8 yes, v8 no) { return v8_select(a < b, yes, no); }
BOVW_INLINE v8 v8_truncate(v8 a) { return __builtin_convertvector(__builtin_convertvector(a, v8i), v8); }
BOVW_INLINE void v8_store_int(int *p, v8 a) {
    const v8i k = __builtin_convertvector(a, v8i);
    memcpy(p, &k, sizeof k);
}
#else /* gcc takes comparisons and conversions of vectors wider than a register apart into scalars */
typedef float v8_half __attribute__((vector_size(16)));
typedef int v8i_half __attribute__((vector_size(16)));
typedef union { v8 whole; v8_half half[2]; } v8_halves;
BOVW_INLINE v8 v8_choose_less(v8 a, v8 b, v8 yes, v8 no) {
    const v8_halves p = {a}, q = {b}, y = {yes};
    v8_halves r = {no};
    for (int i = 0; i < 2; ++i) {
        const v8i_half mask = p.half[i] < q.half[i];
        r.half[i] = (v8_half)((mask & (v8i_half)y.half[i]) | (~mask & (v8i_half)r.half[i]));
    }
    return r.whole;
}
BOVW_INLINE v8 v8_truncate(v8 a) {
    v8_halves r = {a};
    for (int i = 0; i < 2; ++i)
        r.half[i] = __builtin_convertvector(__builtin_convertvector(r.half[i], v8i_half), v8_half);
    return r.whole;
}
BOVW_INLINE void v8_store_int(int *p, v8 a) {
    const v8_halves r = {a};
    for (int i = 0; i < 2; ++i) {
        const v8i_half k = __builtin_convertvector(r.half[i], v8i_half);
        memcpy(p + 4 * i, &k, sizeof k);
    }
}
#endif
#if defined(__AVX__) /* one instruction each, where gcc 12 makes several of the general form */
BOVW_INLINE v8 v8_max(v8 a, v8 b) { return (v8)_mm256_max_ps((__m256)a, (__m256)b); } /* a > b ? a : b */
BOVW_INLINE v8 v8_min(v8 a, v8 b) { return (v8)_mm256_min_ps((__m256)a, (__m256)b); } /* a < b ? a : b */
BOVW_INLINE v8 v8_sqrt(v8 a) { return (v8)_mm256_sqrt_ps((__m256)a); }
#else
BOVW_INLINE v8 v8_max(v8 a, v8 b) { return v8_choose_less(b, a, a, b); }
BOVW_INLINE v8 v8_min(v8 a, v8 b) { return v8_choose_less(a, b, a, b); }
BOVW_INLINE v8 v8_sqrt(v8 a) {
    v8 r;
    for (int t = 0; t < 8; ++t) r[t] = sqrtf(a[t]);
    return r;
}
#endif
BOVW_INLINE v8 v8_abs(v8 a) {
    const v8i m = {0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff,
                   0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff};
    return (v8)((v8i)a & m);
}
#define V8_LANE(a, t) ((a)[t])
#else
#define BOVW_INLINE static __inline
typedef struct { float f[8]; } v8;
#define BOVW_V8_BINARY(name, expression)                              \
    BOVW_INLINE v8 name(v8 a, v8 b) {                                 \
        v8 r; int t;                                                  \
        for (t = 0; t < 8; ++t) r.f[t] = expression;                  \
        return r;                                                     \
    }
BOVW_V8_BINARY(v8_add, a.f[t] + b.f[t])
BOVW_V8_BINARY(v8_sub, a.f[t] - b.f[t])
BOVW_V8_BINARY(v8_mul, a.f[t] * b.f[t])
BOVW_V8_BINARY(v8_div, a.f[t] / b.f[t])
BOVW_V8_BINARY(v8_max, a.f[t] > b.f[t] ? a.f[t] : b.f[t])
BOVW_V8_BINARY(v8_min, a.f[t] < b.f[t] ? a.f[t] : b.f[t])
BOVW_INLINE v8 v8_choose_less(v8 a, v8 b, v8 yes, v8 no) { /* per lane: a < b ? yes : no */
    int t;
    for (t = 0; t < 8; ++t) yes.f[t] = a.f[t] < b.f[t] ? yes.f[t] : no.f[t];
    return yes;
}
BOVW_INLINE v8 v8_truncate(v8 a) { int t; for (t = 0; t < 8; ++t) a.f[t] = (float)(int)a.f[t]; return a; }
BOVW_INLINE void v8_store_int(int *p, v8 a) { int t; for (t = 0; t < 8; ++t) p[t] = (int)a.f[t]; }
BOVW_INLINE v8 v8_set1(float a) { v8 r; int t; for (t = 0; t < 8; ++t) r.f[t] = a; return r; }
BOVW_INLINE v8 v8_abs(v8 a) { int t; for (t = 0; t < 8; ++t) a.f[t] = fabsf(a.f[t]); return a; }
BOVW_INLINE v8 v8_sqrt(v8 a) { int t; for (t = 0; t < 8; ++t) a.f[t] = sqrtf(a.f[t]); return a; }
#define V8_LANE(a, t) ((a).f[t])
#endif

/* Unaligned load and store: numpy promises 16 bytes, not 32. */
BOVW_INLINE v8 v8_load(const float *p) { v8 r; memcpy(&r, p, sizeof r); return r; }
BOVW_INLINE void v8_store(float *p, v8 a) { memcpy(p, &a, sizeof a); }
BOVW_INLINE v8 v8_madd(v8 a, v8 b, v8 c) { return v8_add(v8_mul(a, b), c); } /* two roundings, always */
/* The sum of the lanes in one fixed order. */
BOVW_INLINE float v8_sum(v8 a) {
    return ((V8_LANE(a, 0) + V8_LANE(a, 4)) + (V8_LANE(a, 2) + V8_LANE(a, 6))) +
           ((V8_LANE(a, 1) + V8_LANE(a, 5)) + (V8_LANE(a, 3) + V8_LANE(a, 7)));
}

#endif
