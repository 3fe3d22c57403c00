/* One bit a lane of a comparison, to jump over lanes that do not matter. */
#ifndef BOVW_MASK_H
#define BOVW_MASK_H

#include "bovw_v8.h"

#if defined(__GNUC__) || defined(__clang__)
#define bovw_lowest_bit(mask) __builtin_ctz((unsigned)(mask))
#else
static __inline int bovw_lowest_bit(unsigned mask) {
    int t = 0;
    while (!(mask & 1u)) { mask >>= 1; ++t; }
    return t;
}
#endif

#if (defined(__GNUC__) || defined(__clang__)) && defined(__AVX__)
#include <immintrin.h>
/* Bit t is set where a[t] > b[t]. */
BOVW_INLINE unsigned v8_greater_mask(v8 a, v8 b) {
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_GT_OQ));
}
#elif (defined(__GNUC__) || defined(__clang__)) && defined(__SSE2__)
#include <emmintrin.h>
BOVW_INLINE unsigned v8_greater_mask(v8 a, v8 b) {
    __m128 x[2], y[2];
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    return (unsigned)_mm_movemask_ps(_mm_cmpgt_ps(x[0], y[0])) |
           ((unsigned)_mm_movemask_ps(_mm_cmpgt_ps(x[1], y[1])) << 4);
}
#else
BOVW_INLINE unsigned v8_greater_mask(v8 a, v8 b) {
    unsigned mask = 0;
    int t;
    for (t = 0; t < 8; ++t) mask |= (unsigned)(V8_LANE(a, t) > V8_LANE(b, t)) << t;
    return mask;
}
#endif

/* The lanes of a whose bit is set in mask, one after the other, go to value, and first + lane to
 * index; both have room for eight more. Returns how many there are. A module that uses it calls
 * bovw_prepare_masks once, when it is imported. */
#if (defined(__GNUC__) || defined(__clang__)) && defined(__AVX2__)
static unsigned char bovw_set_lanes[256][8]; /* the numbers of the bits that are set */
BOVW_INLINE void bovw_prepare_masks(void) {
    for (int mask = 0; mask < 256; ++mask)
        for (int t = 0, n = 0; t < 8; ++t)
            if (mask >> t & 1) bovw_set_lanes[mask][n++] = (unsigned char)t;
}
BOVW_INLINE int v8_compress(v8 a, unsigned mask, int first, int *index, float *value) {
    const __m256i lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)bovw_set_lanes[mask]));
    _mm256_storeu_ps(value, _mm256_permutevar8x32_ps((__m256)a, lanes));
    _mm256_storeu_si256((__m256i *)index, _mm256_add_epi32(lanes, _mm256_set1_epi32(first)));
    return __builtin_popcount(mask);
}
/* The same, but lane t has the index from[t]; index may be from, or lie before it. */
BOVW_INLINE int v8_compress_again(v8 a, unsigned mask, const int *from, int *index, float *value) {
    const __m256i lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)bovw_set_lanes[mask]));
    const __m256i indices = _mm256_loadu_si256((const __m256i *)from);
    _mm256_storeu_ps(value, _mm256_permutevar8x32_ps((__m256)a, lanes));
    _mm256_storeu_si256((__m256i *)index, _mm256_permutevar8x32_epi32(indices, lanes));
    return __builtin_popcount(mask);
}
#else
BOVW_INLINE void bovw_prepare_masks(void) {}
BOVW_INLINE int v8_compress(v8 a, unsigned mask, int first, int *index, float *value) {
    float lanes[8];
    int n = 0;
    v8_store(lanes, a);
    for (; mask; mask &= mask - 1) {
        const int t = bovw_lowest_bit(mask);
        index[n] = first + t;
        value[n++] = lanes[t];
    }
    return n;
}
BOVW_INLINE int v8_compress_again(v8 a, unsigned mask, const int *from, int *index, float *value) {
    float lanes[8];
    int n = 0;
    v8_store(lanes, a);
    for (; mask; mask &= mask - 1) {
        const int t = bovw_lowest_bit(mask);
        index[n] = from[t];
        value[n++] = lanes[t];
    }
    return n;
}
#endif

#endif
