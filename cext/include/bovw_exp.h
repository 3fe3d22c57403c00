/* exp() on eight lanes, with the same bits wherever it is compiled.
 *
 * x = n ln 2 + r with |r| <= ln(2)/2, and exp(x) = 2^n (1 + r + r^2 p(r)), p the
 * polynomial of degree 4 that fits (exp(r) - 1 - r) / r^2 (truncation below
 * 1e-8). ln 2 is split in two so that n ln 2 is subtracted without loss. The
 * argument is clamped to [-60, 88]: the result is never infinite, and small ones
 * (8.8e-27 at least) can be scaled further without becoming denormal, which
 * would be slow. The relative error stays below 2e-7. */
#ifndef BOVW_EXP_H
#define BOVW_EXP_H

#include <stdint.h>

#include "bovw_v8.h"

/* a 2^n, n the integer that stands in the low bits of `shifted` = n + 1.5 * 2^23. */
BOVW_INLINE v8 v8_scale_by_power(v8 a, v8 shifted) {
#if defined(__GNUC__) || defined(__clang__)
    return (v8)((v8i)a + ((v8i)shifted << 23));
#else
    uint32_t bits[8], power[8];
    memcpy(bits, &a, sizeof bits);
    memcpy(power, &shifted, sizeof power);
    for (int t = 0; t < 8; ++t) bits[t] += power[t] << 23;
    memcpy(&a, bits, sizeof bits);
    return a;
#endif
}

BOVW_INLINE v8 v8_exp(v8 x) {
    const v8 round_to_integer = v8_set1(12582912.0f); /* 1.5 * 2^23 */
    x = v8_min(v8_max(x, v8_set1(-60.0f)), v8_set1(88.0f));
    const v8 shifted = v8_madd(x, v8_set1(1.44269504f), round_to_integer);
    const v8 n = v8_sub(shifted, round_to_integer);
    v8 r = v8_sub(x, v8_mul(n, v8_set1(0.693359375f)));
    r = v8_sub(r, v8_mul(n, v8_set1(-2.12194440e-4f)));
    v8 p = v8_madd(r, v8_set1(0.0013937794f), v8_set1(0.008366619f));
    p = v8_madd(p, r, v8_set1(0.04166642f));
    p = v8_madd(p, r, v8_set1(0.1666655f));
    p = v8_madd(p, r, v8_set1(0.5f));
    p = v8_add(v8_madd(v8_mul(r, r), p, r), v8_set1(1.0f));
    return v8_scale_by_power(p, shifted);
}

#endif
