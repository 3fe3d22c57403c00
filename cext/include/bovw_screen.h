/* Upper and lower bounds of scores from 8-bit products, the arithmetic of bovw.codebook.screening.
 *
 * A tile of sums is that of bovw_int8.h: 8 rows by 48 words. What is made of it is written once, as plain loops over
 * the 48, and compiled twice: for processors with AVX-512 and for all others. Roundings may differ between the two, the
 * bounds allow for them. */
#ifndef BOVW_SCREEN_H
#define BOVW_SCREEN_H

#include <math.h>

#include "bovw_int8.h"
#include "bovw_mask.h"
#include "bovw_restrict.h"

#ifdef BOVW_COMPILES_512
#define BOVW_FOR_512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl")))
#else
#define BOVW_FOR_512
#endif

enum { BOVW_MOST_COLUMNS = 4096 }; /* of a row: sums of squares in float32 stay within 1e-4 */

/* Rows rounded to 8 bits: panels as in bovw_int8.h, and by row the sum of the integers, the length of a step, and upper
 * bounds of the length of the row, rounded or not, and of that of what rounding took off it. */
typedef struct {
    int8_t *panels;
    int32_t *sums;
    float *scales, *lengths, *errors;
} bovw_rounded;

/* What a row was rounded to: squares are in steps, whatever the row's own scale. What the product with `steps` rounds is
 * below 1.2e-7 of it. */
BOVW_INLINE void bovw_note_row(
    const bovw_rounded *rounded, ptrdiff_t row, float step, float lost, float kept, int32_t total) {
    const float error = sqrtf(lost) * 1.0001f + sqrtf(kept) * 1e-6f;
    rounded->errors[row] = error * step;
    rounded->lengths[row] = (sqrtf(kept) * 1.0001f + error) * step;
    rounded->scales[row] = step;
    rounded->sums[row] = total;
}

/* The larger length; infinite from the first on that float32 does not hold. */
BOVW_INLINE float bovw_longer(float longest, float length) {
    if (!(length <= 3.0e38f)) return INFINITY;
    return length > longest ? length : longest;
}

/* Rounds n rows, as bovw_int8_round_row does, and returns the largest length. */
static float bovw_round_rows(
    const float *x, ptrdiff_t n, ptrdiff_t width, ptrdiff_t groups, const bovw_rounded *rounded) {
    float longest = 0;
    for (ptrdiff_t row = 0; row < n; ++row, x += width) {
        int8_t *place = rounded->panels + 64 * groups * (row / BOVW_PANEL) + 4 * (row % BOVW_PANEL);
        const float steps = bovw_int8_steps(x, width);
        const float step = bovw_int8_round_row(x, width, groups, steps, place, &rounded->sums[row]);
        double lost = 0, kept = 0;
        for (ptrdiff_t j = 0; j < width; ++j) {
            const float v = x[j] * steps, off = v - (float)place[64 * (j / 4) + j % 4];
            lost += off * off;
            kept += v * v;
        }
        bovw_note_row(rounded, row, step, (float)lost, (float)kept, rounded->sums[row]);
        longest = bovw_longer(longest, rounded->lengths[row]);
    }
    return longest;
}

#ifdef BOVW_COMPILES_512
BOVW_FOR_512 static float bovw_round_rows_512(
    const float *x, ptrdiff_t n, ptrdiff_t width, ptrdiff_t groups, const bovw_rounded *rounded) {
    float longest = 0;
    for (ptrdiff_t row = 0; row < n; ++row, x += width) {
        int8_t *place = rounded->panels + 64 * groups * (row / BOVW_PANEL) + 4 * (row % BOVW_PANEL);
        __m512 top = _mm512_setzero_ps(), lost = top, kept = top;
        __m512i total = _mm512_setzero_si512();
        ptrdiff_t j, t;
        for (j = 0; j < width; j += 16) {
            const __mmask16 inside = (__mmask16)(width - j >= 16 ? 0xffff : (1 << (width - j)) - 1);
            top = _mm512_max_ps(top, _mm512_abs_ps(_mm512_maskz_loadu_ps(inside, x + j)));
        }
        const float largest = _mm512_reduce_max_ps(top);
        const float steps = largest > 1e-30f ? 127 / largest : 0;
        for (j = 0; j < width; j += 16) {
            const __mmask16 inside = (__mmask16)(width - j >= 16 ? 0xffff : (1 << (width - j)) - 1);
            const __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(inside, x + j), _mm512_set1_ps(steps));
            const __m512i whole = _mm512_cvtps_epi32(v);
            const __m512 off = _mm512_sub_ps(v, _mm512_cvtepi32_ps(whole));
            int32_t fours[4];
            lost = _mm512_fmadd_ps(off, off, lost);
            kept = _mm512_fmadd_ps(v, v, kept);
            total = _mm512_add_epi32(total, whole);
            _mm_storeu_si128((__m128i *)fours, _mm512_cvtepi32_epi8(whole));
            for (t = 0; t < 4 && j / 4 + t < groups; ++t) memcpy(place + 64 * (j / 4 + t), fours + t, 4);
        }
        bovw_note_row(
            rounded, row, steps > 0 ? 1 / steps : 0, _mm512_reduce_add_ps(lost), _mm512_reduce_add_ps(kept),
            _mm512_reduce_add_epi32(total));
        longest = bovw_longer(longest, rounded->lengths[row]);
    }
    return longest;
}
#else
#define bovw_round_rows_512 bovw_round_rows
#endif

/* upper = score + margin, and the largest score - margin of each of 48 lanes, for m rows of a tile. The constants of a
 * tile's words are 48 scales, then as many lengths, errors and halves of squared lengths. */
BOVW_INLINE void bovw_bound_tile(
    const int32_t *BOVW_RESTRICT sums, const bovw_rounded *rows, const float *BOVW_RESTRICT constants, const float *slack,
    ptrdiff_t row, ptrdiff_t m, float *BOVW_RESTRICT upper, ptrdiff_t stride, float *BOVW_RESTRICT lanes) {
    enum { N = BOVW_TILE_COLUMNS };
    ptrdiff_t i, j;
    for (i = 0; i < m; ++i) {
        const int32_t shifted = 128 * rows->sums[row + i];
        const float scale = rows->scales[row + i], length = rows->lengths[row + i], error = rows->errors[row + i];
        const float more = slack[row + i];
        for (j = 0; j < N; ++j) {
            const float score = (float)(sums[N * i + j] - shifted) * (scale * constants[j]) - constants[3 * N + j];
            const float margin = (error * constants[N + j] + length * constants[2 * N + j]) + more;
            const float low = score - margin;
            upper[stride * i + j] = score + margin;
            lanes[N * i + j] = low > lanes[N * i + j] ? low : lanes[N * i + j];
        }
    }
}

BOVW_FOR_512 static void bovw_bound_tile_512(
    const int32_t *BOVW_RESTRICT sums, const bovw_rounded *rows, const float *BOVW_RESTRICT constants, const float *slack,
    ptrdiff_t row, ptrdiff_t m, float *BOVW_RESTRICT upper, ptrdiff_t stride, float *BOVW_RESTRICT lanes) {
    bovw_bound_tile(sums, rows, constants, slack, row, m, upper, stride, lanes);
}

/* All tiles of a block of rows; the words' number is a multiple of 48. */
static void bovw_bound_scores(
    const bovw_rounded *rows, const int8_t *words, const float *constants, ptrdiff_t groups, const float *slack,
    ptrdiff_t n_rows, ptrdiff_t n_words, float *upper, float *lanes, int fast) {
    int32_t sums[BOVW_TILE_ROWS * BOVW_TILE_COLUMNS];
    ptrdiff_t row, word, i;
    for (i = 0; i < n_rows * BOVW_TILE_COLUMNS; ++i) lanes[i] = -3.0e38f;
    for (word = 0; word < n_words; word += BOVW_TILE_COLUMNS)
        for (row = 0; row < n_rows; row += BOVW_TILE_ROWS) {
            const ptrdiff_t m = n_rows - row < BOVW_TILE_ROWS ? n_rows - row : BOVW_TILE_ROWS;
            const int8_t *r = rows->panels + 64 * groups * (row / BOVW_PANEL) + 4 * (row % BOVW_PANEL);
            const int8_t *w = words + 64 * groups * (word / BOVW_PANEL);
            float *up = upper + n_words * row + word, *most = lanes + BOVW_TILE_COLUMNS * row;
            if (fast) {
                bovw_int8_tile_vnni(r, w, groups, sums);
                bovw_bound_tile_512(sums, rows, constants + 4 * word, slack, row, m, up, n_words, most);
            } else {
                bovw_int8_tile_c(r, w, groups, sums);
                bovw_bound_tile(sums, rows, constants + 4 * word, slack, row, m, up, n_words, most);
            }
        }
}

/* The k-th largest of 48 numbers; k at most 48. */
static float bovw_kth_largest(const float *lanes, ptrdiff_t k) {
    float best[BOVW_TILE_COLUMNS];
    ptrdiff_t n = 0, j, p;
    for (j = 0; j < BOVW_TILE_COLUMNS; ++j) {
        if (n == k && lanes[j] <= best[k - 1]) continue;
        p = n < k ? n++ : k - 1;
        for (; p > 0 && best[p - 1] < lanes[j]; --p) best[p] = best[p - 1];
        best[p] = lanes[j];
    }
    return best[k - 1];
}

/* The numbers of the words whose upper bound reaches `least`, rising; returns how many. */
BOVW_INLINE ptrdiff_t bovw_reaching(const float *upper, ptrdiff_t n_words, float least, int32_t *found) {
    ptrdiff_t word, n = 0;
    int t;
    for (word = 0; word < n_words; word += 16) {
        unsigned mask = 0;
        for (t = 0; t < 16; ++t) mask |= (unsigned)(upper[word + t] >= least) << t;
        for (; mask; mask &= mask - 1) found[n++] = (int32_t)word + bovw_lowest_bit(mask);
    }
    return n;
}

#ifdef BOVW_COMPILES_512
BOVW_FOR_512 static ptrdiff_t bovw_reaching_512(const float *upper, ptrdiff_t n_words, float least, int32_t *found) {
    const __m512 bar = _mm512_set1_ps(least);
    ptrdiff_t word, n = 0;
    for (word = 0; word < n_words; word += 16) {
        unsigned mask = _mm512_cmp_ps_mask(_mm512_loadu_ps(upper + word), bar, _CMP_GE_OQ);
        for (; mask; mask &= mask - 1) found[n++] = (int32_t)word + bovw_lowest_bit(mask);
    }
    return n;
}
#else
#define bovw_reaching_512 bovw_reaching
#endif

/* The numbers of the words of a row that can be among its k nearest, rising; returns how many. */
static ptrdiff_t bovw_possible_words(
    const float *upper, const float *lanes, ptrdiff_t n_words, ptrdiff_t k, int32_t *found, int fast) {
    const float least = bovw_kth_largest(lanes, k);
    return fast ? bovw_reaching_512(upper, n_words, least, found) : bovw_reaching(upper, n_words, least, found);
}

#endif
