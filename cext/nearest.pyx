"""Kernels of the nearest-word search and of k-means: everything around the product of matrices."""

from libc.math cimport sqrt, sqrtf
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc

ctypedef fused element:
    float
    unsigned char

cdef enum:
    LANES = 16

cdef extern from "bovw_nearest.h":
    void bovw_fold_lanes(
        const float *scores, const float *offsets, Py_ssize_t K, int32_t first_label, float *best, int32_t *label,
        float *rest
    ) noexcept nogil
    void bovw_reduce_lanes(
        const float *lane_best, const int32_t *lane_label, float rest, float *best, float *second, int32_t *label
    ) noexcept nogil

cdef extern from "bovw_candidates.h":
    float bovw_distance_error(Py_ssize_t d) noexcept nogil
    int32_t bovw_nearest_candidate(
        const float *x, const float *words, Py_ssize_t d, const int32_t *candidates, Py_ssize_t n, float *squares,
        float *least
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


def fold_lanes(
    const float[:, ::1] scores, const float[::1] offsets, int32_t first_label, float[:, ::1] lane_best,
    int32_t[:, ::1] lane_labels, float[::1] rest,
):
    """Fold a block of scores into the running maximum of each of 16 lanes of each row.

    The score of row i and word ``first_label + k`` is ``scores[i, k] - offsets[k]``; it belongs
    to lane ``k % 16``. ``rest[i]`` becomes the largest score that is no lane's maximum.
    Shapes: scores (m, K), offsets (K,), lane_best and lane_labels (m, 16), rest (m,).
    """
    cdef Py_ssize_t i, K = scores.shape[1]
    if K == 0:
        return
    with nogil:
        for i in range(scores.shape[0]):
            bovw_fold_lanes(
                &scores[i, 0], &offsets[0], K, first_label, &lane_best[i, 0], &lane_labels[i, 0], &rest[i]
            )


def reduce_lanes(
    const float[:, ::1] lane_best, const int32_t[:, ::1] lane_labels, const float[::1] rest, float[::1] best,
    float[::1] second, int32_t[::1] labels,
):
    """The largest score of each row, its word, and the second largest. Shapes: (m, 16), and (m,)."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(lane_best.shape[0]):
            bovw_reduce_lanes(&lane_best[i, 0], &lane_labels[i, 0], rest[i], &best[i], &second[i], &labels[i])


def keep_candidates(
    const float[:, ::1] lane_best, const int32_t[:, ::1] lane_labels, const float[::1] rest, const float[::1] norms,
    const float[::1] errors, const int64_t[::1] rows, int32_t[:, ::1] candidates, float[::1] bounds,
):
    """Remember of each row the words nearer than ``rest``, and how far all others are at least.

    ``candidates[rows[i]]`` are lane i's words whose score exceeds ``rest[i]``, -1 elsewhere; ``bounds[rows[i]]``
    is a lower bound of the distance to every other word. Shapes: lane_best
    and lane_labels (m, 16), rest, norms, errors and rows (m,), candidates (n, 16), bounds (n,).
    """
    cdef Py_ssize_t i, t, row
    cdef double square
    with nogil:
        for i in range(rows.shape[0]):
            row = rows[i]
            for t in range(LANES):
                candidates[row, t] = lane_labels[i, t] if lane_best[i, t] > rest[i] else -1
            square = <double>norms[i] * norms[i] * (1 - 1e-6) - 2 * (<double>rest[i] + errors[i])
            bounds[row] = <float>(sqrt(square) * (1 - 1e-6)) if square > 0 else 0


def lower_bounds(
    float[::1] bounds, double drift, const int32_t[:, ::1] candidates, const int32_t[::1] fast,
    const float[::1] best, const float[::1] second, const int32_t[::1] labels, const float[::1] norms,
    const float[::1] errors,
):
    """Make bounds hold again after words have moved, ``fast`` anyhow, all others by at most ``drift``.

    ``best[i]`` and ``second[i]`` are the two largest scores of row i among the fast words, the first
    that of ``fast[labels[i]]``. Shapes: candidates (m, 16), fast (any,), the others (m,).
    """
    cdef Py_ssize_t i, t
    cdef int32_t word
    cdef double square, nearest, bound
    with nogil:
        for i in range(bounds.shape[0]):
            bound = (bounds[i] - drift) * (1 - 1e-6)
            if fast.shape[0]:
                word = fast[labels[i]]
                nearest = best[i]
                for t in range(LANES):
                    if candidates[i, t] == word:
                        nearest = second[i]
                square = <double>norms[i] * norms[i] * (1 - 1e-6) - 2 * (nearest + errors[i])
                square = sqrt(square) * (1 - 1e-6) if square > 0 else 0
                bound = square if square < bound else bound
            bounds[i] = <float>bound if bound > 0 else 0


def try_candidates(
    const element[:, ::1] X, const float[:, ::1] words, const int32_t[:, ::1] candidates, const float[::1] bounds,
    int32_t[::1] labels, int64_t[::1] undecided,
):
    """Label the rows whose nearest word is certain to be a candidate; return how many others there are.

    Their numbers go to ``undecided``. Distances that are too close to tell apart in float32 are
    compared in float64; among equally near words the lowest is taken. Shapes: X (m, d), words (K, d),
    candidates (m, 16), the others (m,).
    """
    cdef Py_ssize_t i, j, n_undecided = 0, d = X.shape[1]
    cdef int32_t label
    cdef float square
    cdef float squares[LANES]
    cdef float *row = <float *>malloc(d * sizeof(float))
    cdef float error = bovw_distance_error(d)
    if row == NULL:
        raise MemoryError()
    with nogil:
        for i in range(X.shape[0]):
            for j in range(d):
                row[j] = X[i, j]
            label = bovw_nearest_candidate(row, &words[0, 0], d, &candidates[i, 0], LANES, squares, &square)
            if label < 0 or not sqrt(square) * (1 + error) < bounds[i]:
                undecided[n_undecided] = i
                n_undecided += 1
                continue
            labels[i] = label
    free(row)
    return n_undecided


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
