/* Rows of a separable symmetric filter: out(x) = taps[0] p(x) + sum_{1 <= k <= radius} taps[k] (p(x - k) + p(x + k)),
 * summed in this order whatever the vector width, so the bits never differ. */
#ifndef BOVW_BLUR_H
#define BOVW_BLUR_H

#include <stddef.h>

#include "bovw_v8.h"

/* Down: rows[0 .. 2 radius] are the image rows around the one in the middle, `width` pixels each. */
static void blur_down(const float *const *rows, ptrdiff_t radius, ptrdiff_t width, const float *taps, float *out) {
    const float *const *middle = rows + radius;
    ptrdiff_t x = 0, k;
    for (; x + 16 <= width; x += 16) { /* two sums at a time: their additions do not wait for each other */
        const v8 w = v8_set1(taps[0]);
        v8 a = v8_mul(w, v8_load(middle[0] + x)), b = v8_mul(w, v8_load(middle[0] + x + 8));
        for (k = 1; k <= radius; ++k) {
            const float *above = middle[-k] + x, *below = middle[k] + x;
            const v8 tap = v8_set1(taps[k]);
            a = v8_madd(tap, v8_add(v8_load(above), v8_load(below)), a);
            b = v8_madd(tap, v8_add(v8_load(above + 8), v8_load(below + 8)), b);
        }
        v8_store(out + x, a);
        v8_store(out + x + 8, b);
    }
    for (; x < width; ++x) {
        float a = taps[0] * middle[0][x];
        for (k = 1; k <= radius; ++k) a = taps[k] * (middle[-k][x] + middle[k][x]) + a;
        out[x] = a;
    }
}

/* Across: `row` can be read `radius` pixels to the left, and `radius` + 15 past its end; `out` takes `width` pixels
 * rounded up to a multiple of 16. */
static void blur_across(const float *row, ptrdiff_t radius, ptrdiff_t width, const float *taps, float *out) {
    ptrdiff_t x, k;
    for (x = 0; x < width; x += 16) {
        const v8 w = v8_set1(taps[0]);
        v8 a = v8_mul(w, v8_load(row + x)), b = v8_mul(w, v8_load(row + x + 8));
        for (k = 1; k <= radius; ++k) {
            const float *left = row + x - k, *right = row + x + k;
            const v8 tap = v8_set1(taps[k]);
            a = v8_madd(tap, v8_add(v8_load(left), v8_load(right)), a);
            b = v8_madd(tap, v8_add(v8_load(left + 8), v8_load(right + 8)), b);
        }
        v8_store(out + x, a);
        v8_store(out + x + 8, b);
    }
}

#endif
