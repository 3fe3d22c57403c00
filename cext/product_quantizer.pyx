"""Kernels of product quantization: nearest words of subvectors, decoding, products by table, k-means.

``words`` has shape (S, K, G): the K words of each of S subvectors of G columns; K is
256 with ``bits`` 8, or 16 with ``bits`` 4, and G at most 64. Rows have d columns,
(S - 1) * G < d <= S * G; the last subvector is filled up with zeros. A code is a byte,
or half a byte: the first of a pair in the low half.
"""

from libc.float cimport FLT_MAX
from libc.stdint cimport int64_t

cdef extern from "bovw_pq.h":
    void bovw_pq_prepare(
        const float *words, Py_ssize_t K, Py_ssize_t G, float *prepared, float *mean
    ) noexcept nogil
    void bovw_pq_nearest(
        const float *x, Py_ssize_t m, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t G, Py_ssize_t K,
        const float *prepared, const float *mean, unsigned char *labels
    ) noexcept nogil
    void bovw_pq_decode_row(
        const unsigned char *codes, const float *words, Py_ssize_t first, Py_ssize_t last, Py_ssize_t G,
        Py_ssize_t K, int bits, float *row
    ) noexcept nogil
    void bovw_pq_nearer(
        const float *seeds, Py_ssize_t G, Py_ssize_t n, const float *word, float *nearest, float *totals
    ) noexcept nogil
    Py_ssize_t bovw_pq_draw(const float *nearest, const float *totals, Py_ssize_t n, double draw) noexcept nogil
    double bovw_pq_accumulate(
        const float *x, Py_ssize_t n, Py_ssize_t G, const float *words, const unsigned char *labels, float *distances,
        double *sums, int64_t *counts
    ) noexcept nogil
    int bovw_pq_code(const unsigned char *codes, Py_ssize_t s, int bits) noexcept nogil

cdef enum:
    DECODED = 16  # subvectors decoded for all rows in turn: their words stay in cache
    TABLED = 8  # subvectors of dot() whose tables do; the wrapper gives room for so many


def encode(
    const float[:, ::1] X, const float[:, :, ::1] words, int bits, float[::1] prepared, float[::1] mean,
    unsigned char[::1] labels, unsigned char[:, ::1] codes,
):
    """``codes`` (m, S) or, with 4 bits, (m, (S + 1) // 2): the nearest word of every subvector of every row.

    Among equally near words the lowest. Workspace: prepared ((G + 1) * K,), mean (G,), labels (m,).
    """
    cdef Py_ssize_t m = X.shape[0], d = X.shape[1], K = words.shape[1], G = words.shape[2], s, i
    if m == 0:
        return
    with nogil:
        for s in range(words.shape[0]):
            bovw_pq_prepare(&words[s, 0, 0], K, G, &prepared[0], &mean[0])
            bovw_pq_nearest(&X[0, s * G], m, d, min(G, d - s * G), G, K, &prepared[0], &mean[0], &labels[0])
            if bits == 8:
                for i in range(m):
                    codes[i, s] = labels[i]
            elif s % 2 == 0:
                for i in range(m):
                    codes[i, s // 2] = labels[i]
            else:
                for i in range(m):
                    codes[i, s // 2] |= labels[i] << 4


def decode(const unsigned char[:, ::1] codes, const float[:, :, ::1] words, int bits, float[:, ::1] out):
    """``out`` (m, d): the words that the codes name, side by side."""
    cdef Py_ssize_t d = out.shape[1], S = words.shape[0], K = words.shape[1], G = words.shape[2]
    cdef Py_ssize_t whole = d // G, block, first, i, j, word
    if out.shape[0] == 0:
        return
    with nogil:
        for block in range((whole + DECODED - 1) // DECODED):
            first = block * DECODED
            for i in range(out.shape[0]):
                bovw_pq_decode_row(
                    &codes[i, 0], &words[0, 0, 0], first, min(first + DECODED, whole), G, K, bits, &out[i, 0]
                )
        if whole < S:
            for i in range(out.shape[0]):
                word = bovw_pq_code(&codes[i, 0], whole, bits)
                for j in range(d - whole * G):
                    out[i, whole * G + j] = words[whole, word, j]


def dot(
    const unsigned char[:, ::1] codes, const float[:, :, ::1] words, int bits, const float[:, ::1] weights,
    float[:, :, ::1] tables, double[:, ::1] out,
):
    """Add to ``out`` (m, 8) the products of the decoded rows with 8 weight vectors, never decoding.

    ``weights`` is (S * G, 8): eight classes side by side, columns past d zero. For a few
    subvectors at a time the products of all their words with the weights are tabled;
    rows then add up table entries. Workspace: tables (8, K, 8).
    """
    cdef Py_ssize_t S = words.shape[0], K = words.shape[1], G = words.shape[2], block, first, last
    cdef Py_ssize_t s, k, j, i, t
    cdef float total[8]
    cdef const float *entry
    cdef float c
    with nogil:
        for block in range((S + TABLED - 1) // TABLED):
            first = block * TABLED
            last = min(first + TABLED, S)
            for s in range(first, last):
                for k in range(K):
                    for t in range(8):
                        total[t] = 0
                    for j in range(G):
                        c = words[s, k, j]
                        for t in range(8):
                            total[t] += c * weights[s * G + j, t]
                    for t in range(8):
                        tables[s - first, k, t] = total[t]
            for i in range(codes.shape[0]):
                for t in range(8):
                    total[t] = 0
                for s in range(first, last):
                    entry = &tables[s - first, bovw_pq_code(&codes[i, 0], s, bits), 0]
                    for t in range(8):
                        total[t] += entry[t]
                for t in range(8):
                    out[i, t] += total[t]


def kmeans(
    const float[:, :, ::1] X, const float[:, ::1] draws, Py_ssize_t n_seeds, int max_iter, double tol,
    float[:, :, ::1] words, float[::1] prepared, float[::1] mean, unsigned char[::1] labels, float[::1] distances,
    float[:, ::1] seeds, float[::1] nearest, float[::1] totals, double[:, ::1] sums, int64_t[::1] counts,
    double[::1] distortions,
):
    """k-means of each of S subvectors, X (S, n, G) -> words (S, K, G); distortions (S,) of the result.

    The start is k-means++ on ``n_seeds`` rows, evenly spaced, with the uniform numbers
    ``draws`` (S, K). An empty word moves onto the row farthest from its own. Stops after
    ``max_iter`` moves or when one lowers the distortion by no more than the fraction
    ``tol``. Workspace: prepared ((G + 1) * K,), mean (G,), labels and distances (n,),
    seeds (G, n_seeds up to a multiple of 64), nearest (as many), totals (one for 64),
    sums (K, G), counts (K,).
    """
    cdef Py_ssize_t n = X.shape[1], K = words.shape[1], G = words.shape[2], s, k, j
    cdef int iteration
    cdef double before, distortion
    cdef bint refilled
    with nogil:
        for s in range(X.shape[0]):
            _seed(X[s], draws[s], n_seeds, words[s], seeds, nearest, totals)
            distortion = 0
            refilled = True
            for iteration in range(max_iter + 1):
                bovw_pq_prepare(&words[s, 0, 0], K, G, &prepared[0], &mean[0])
                bovw_pq_nearest(&X[s, 0, 0], n, G, G, G, K, &prepared[0], &mean[0], &labels[0])
                before = distortion
                sums[:, :] = 0
                counts[:] = 0
                distortion = bovw_pq_accumulate(
                    &X[s, 0, 0], n, G, &words[s, 0, 0], &labels[0], &distances[0], &sums[0, 0], &counts[0]
                )
                if iteration == max_iter or distortion == 0:
                    break
                if iteration > 0 and not refilled and before - distortion <= tol * before:
                    break
                refilled = _refill(X[s], labels, distances, sums, counts)
                for k in range(K):
                    if counts[k] > 0:
                        for j in range(G):
                            words[s, k, j] = <float>(sums[k, j] / counts[k])
            distortions[s] = distortion


cdef void _seed(
    const float[:, ::1] x, const float[::1] draws, Py_ssize_t n_seeds, float[:, ::1] words, float[:, ::1] seeds,
    float[::1] nearest, float[::1] totals,
) noexcept nogil:
    """k-means++: every word but the first is drawn with probability proportional to the squared distance."""
    cdef Py_ssize_t n = x.shape[0], padded = seeds.shape[1], i, j, k, drawn
    cdef Py_ssize_t chosen = min(<Py_ssize_t>(draws[0] * n_seeds), n_seeds - 1)
    for i in range(padded):
        for j in range(seeds.shape[0]):
            seeds[j, i] = x[i * n // n_seeds, j] if i < n_seeds else 0
        nearest[i] = FLT_MAX if i < n_seeds else 0
    for k in range(words.shape[0]):
        for j in range(seeds.shape[0]):
            words[k, j] = seeds[j, chosen]
        if k + 1 < words.shape[0]:
            bovw_pq_nearer(&seeds[0, 0], seeds.shape[0], padded, &words[k, 0], &nearest[0], &totals[0])
            drawn = bovw_pq_draw(&nearest[0], &totals[0], padded, draws[k + 1])
            chosen = drawn if drawn >= 0 else chosen  # no distinct seed left: words repeat and stay empty


cdef bint _refill(
    const float[:, ::1] x, const unsigned char[::1] labels, float[::1] distances, double[:, ::1] sums,
    int64_t[::1] counts,
) noexcept nogil:
    """Give every empty word the farthest row not yet taken whose word has others; True if there was one."""
    cdef Py_ssize_t k, i, j, farthest
    cdef bint refilled = False
    for k in range(counts.shape[0]):
        if counts[k] > 0:
            continue
        farthest = -1
        for i in range(x.shape[0]):
            if distances[i] > 0 and (farthest < 0 or distances[i] > distances[farthest]) and counts[labels[i]] > 1:
                farthest = i
        if farthest < 0:
            break
        for j in range(x.shape[1]):
            sums[labels[farthest], j] -= x[farthest, j]
            sums[k, j] = x[farthest, j]
        counts[labels[farthest]] -= 1
        counts[k] = 1
        distances[farthest] = 0
        refilled = True
    return refilled
