/* Half precision to float. Shifted to a float's place, exponent and mantissa of a finite half are that of
 * the number times 2^-112 (a subnormal half as well: it becomes a subnormal float), so one exact product
 * makes them right. Nothing here branches, so compilers take eight at a time. */
#ifndef BOVW_HALF_H
#define BOVW_HALF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static void bovw_half_to_float(const uint16_t *halves, ptrdiff_t n, float *out) {
    ptrdiff_t i;
    for (i = 0; i < n; ++i) {
        const uint32_t magnitude = (uint32_t)(halves[i] & 0x7fff) << 13, sign = (uint32_t)(halves[i] & 0x8000) << 16;
        uint32_t bits;
        float value;
        memcpy(&value, &magnitude, sizeof value);
        value *= 0x1p112f;
        memcpy(&bits, &value, sizeof bits);
        bits |= sign;
        memcpy(out + i, &bits, sizeof bits);
    }
}

#endif
