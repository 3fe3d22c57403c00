"""Kernels of the nearest-word search and of k-means: everything around the GEMM."""

from libc.math cimport sqrtf
from libc.stdint cimport int32_t, int64_t

ctypedef fused element:
    float
    unsigned char

cdef extern from "bovw_nearest.h":
    void bovw_best_two(
        const float *scores, const float *offsets, Py_ssize_t K, int32_t first_label, float *best,
        float *second, int32_t *label
    ) noexcept nogil


def center_rows(const element[:, ::1] X, const float[::1] center, float[:, ::1] centered, float[::1] norms):
    """``centered[i] = X[i] - center`` and ``norms[i]`` its length. Shapes (m, d), (d,), (m, d), (m,)."""
    cdef Py_ssize_t i, j, t, d = X.shape[1], whole = d - d % 8
    cdef float v
    cdef float total[8]
    with nogil:
        for i in range(X.shape[0]):
            for t in range(8):
                total[t] = 0
            for j in range(0, whole, 8):
                for t in range(8):
                    v = X[i, j + t] - center[j + t]
                    centered[i, j + t] = v
                    total[t] += v * v
            for j in range(whole, d):
                v = X[i, j] - center[j]
                centered[i, j] = v
                total[j - whole] += v * v
            norms[i] = sqrtf(
                ((total[0] + total[4]) + (total[2] + total[6]))
                + ((total[1] + total[5]) + (total[3] + total[7]))
            )


def best_two(
    const float[:, ::1] scores, const float[::1] offsets, int32_t first_label, float[::1] best,
    float[::1] second, int32_t[::1] labels,
):
    """Fold a block of scores into the running best, second best and label of each row.

    The score of row i and word ``first_label + k`` is ``scores[i, k] - offsets[k]``.
    Shapes: scores (m, K), offsets (K,), the others (m,).
    """
    cdef Py_ssize_t i, K = scores.shape[1]
    if K == 0:
        return
    with nogil:
        for i in range(scores.shape[0]):
            bovw_best_two(&scores[i, 0], &offsets[0], K, first_label, &best[i], &second[i], &labels[i])


def closest_candidates(
    const element[:, ::1] X, const int64_t[::1] rows, const float[:, ::1] words, const float[:, ::1] scores,
    const int64_t[::1] score_rows, const float[::1] offsets, int32_t first_label, const float[::1] least,
    double[::1] distances, int32_t[::1] labels,
):
    """Settle doubtful rows in float64.

    Row ``rows[i]`` of X, whose scores are row ``score_rows[i]``, is compared, by exact
    squared distance, with every word whose score reaches ``least[i]``; a strictly
    smaller distance than ``distances[i]`` replaces it and ``labels[rows[i]]``. Shapes:
    rows, score_rows, least and distances (m,), scores (any, K), words (all words, d).
    """
    cdef Py_ssize_t i, j, k, row, scored, d = X.shape[1]
    cdef double total, difference
    with nogil:
        for i in range(rows.shape[0]):
            row = rows[i]
            scored = score_rows[i]
            for k in range(scores.shape[1]):
                if scores[scored, k] - offsets[k] >= least[i]:
                    total = 0
                    for j in range(d):
                        difference = <double>X[row, j] - <double>words[first_label + k, j]
                        total += difference * difference
                    if total < distances[i]:
                        distances[i] = total
                        labels[row] = first_label + <int32_t>k


def accumulate(
    const element[:, ::1] X, const int32_t[::1] labels, const float[:, ::1] words, double[:, ::1] sums,
    int64_t[::1] counts, float[::1] distances,
):
    """Add each row of X to the sum and the count of its word; return the sum of squared distances.

    ``distances[i]`` receives the squared distance of row i. Shapes: X (m, d), labels
    and distances (m,), words and sums (K, d), counts (K,).
    """
    cdef Py_ssize_t i, j, t, k, d = X.shape[1], whole = d - d % 8
    cdef float v
    cdef float total[8]
    cdef double inertia = 0
    with nogil:
        for i in range(X.shape[0]):
            k = labels[i]
            counts[k] += 1
            for t in range(8):
                total[t] = 0
            for j in range(0, whole, 8):
                for t in range(8):
                    v = X[i, j + t] - words[k, j + t]
                    total[t] += v * v
                    sums[k, j + t] += X[i, j + t]
            for j in range(whole, d):
                v = X[i, j] - words[k, j]
                total[j - whole] += v * v
                sums[k, j] += X[i, j]
            distances[i] = (
                ((total[0] + total[4]) + (total[2] + total[6]))
                + ((total[1] + total[5]) + (total[3] + total[7]))
            )
            inertia += distances[i]
    return inertia
