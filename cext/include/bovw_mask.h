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

#endif
