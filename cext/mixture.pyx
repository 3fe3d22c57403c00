"""Kernels of the diagonal Gaussian mixture: expanded rows and the fused softmax."""

from libc.math cimport log
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc

ctypedef fused element:
    float
    unsigned char

cdef extern from "bovw_mask.h":
    void bovw_prepare_masks() noexcept nogil

cdef extern from "bovw_posterior.h":
    float bovw_posterior_row(
        float *scores, const float *constants, float *sums, Py_ssize_t K, float threshold
    ) noexcept nogil
    float bovw_list_posteriors(
        const float *scores, const float *constants, Py_ssize_t K, float threshold, float depth, int32_t row,
        Py_ssize_t stride, int32_t *rows, float *values, int32_t *counts, int *found, float *kept
    ) noexcept nogil
    double bovw_sum8(const float *values, Py_ssize_t n) noexcept nogil
    void bovw_listed_moments(
        const float *z, Py_ssize_t stride, Py_ssize_t d, const int32_t *rows, const float *values,
        Py_ssize_t count, float *second, float *first
    ) noexcept nogil


bovw_prepare_masks()


def expand_rows(
    const element[:, ::1] X, const float[::1] center, const float[::1] inverse_scale,
    float limit, float[:, ::1] expanded,
):
    """``expanded[i] = [z * z, z]`` with ``z = (X[i] - center) * inverse_scale``.

    z is clamped to ``[-limit, limit]``. Shapes: X (m, d), center and inverse_scale (d,), expanded (m, 2 d).
    """
    cdef Py_ssize_t i, j, d = X.shape[1]
    cdef float z
    cdef const element *row
    cdef float *squares
    cdef float *values
    if d == 0:
        return
    with nogil:
        for i in range(X.shape[0]):
            row = &X[i, 0]
            squares = &expanded[i, 0]
            values = squares + d
            for j in range(d):
                z = (row[j] - center[j]) * inverse_scale[j]
                z = z if z < limit else limit
                z = z if z > -limit else -limit
                values[j] = z
                squares[j] = z * z


def softmax_rows(
    float[:, ::1] scores, const float[::1] constants, float threshold,
    float[::1] log_likelihoods, float[::1] sums,
):
    """Turn each row of scores into posteriors, in place.

    A row becomes ``softmax(row + constants)``, with what is below ``threshold``
    (at least 1e-20) set to 0; its log-sum-exp goes to ``log_likelihoods[i]`` and the posteriors
    are added to ``sums``. Shapes: scores (m, K), constants and sums (K,),
    log_likelihoods (m,).
    """
    cdef Py_ssize_t i, K = scores.shape[1]
    if K == 0:
        return
    with nogil:
        for i in range(scores.shape[0]):
            log_likelihoods[i] = bovw_posterior_row(&scores[i, 0], &constants[0], &sums[0], K, threshold)


def count_positive(const float[:, ::1] posteriors):
    """The number of entries above 0."""
    cdef Py_ssize_t i, k, total = 0
    cdef int in_row
    with nogil:
        for i in range(posteriors.shape[0]):
            in_row = 0
            for k in range(posteriors.shape[1]):
                in_row += posteriors[i, k] > 0
            total += in_row
    return total


def list_posteriors(
    const float[:, ::1] scores, const float[::1] constants, float threshold, float[::1] log_likelihoods,
    int32_t[:, ::1] rows, float[:, ::1] values, int32_t[::1] counts,
):
    """The posteriors that reach ``threshold`` as lists, one a component.

    List k is ``rows[k, :counts[k]]``, numbers of rows of ``scores``, rising, and ``values[k, :counts[k]]``,
    their posteriors. What is so small that all of it together changes a row's sum by less than 1e-6 of it is not
    added to the sum. Shapes: scores (m, K), constants and counts (K,), log_likelihoods (m,), rows
    and values (K, more than m).
    """
    cdef Py_ssize_t i, K = scores.shape[1]
    cdef float depth = -log(min(<double>threshold, 1e-6 / max(K, 1)))
    cdef int *found
    cdef float *kept
    counts[:] = 0
    if K == 0 or scores.shape[0] == 0:
        return
    found = <int *>malloc((K + 8) * sizeof(int))
    kept = <float *>malloc((K + 8) * sizeof(float))
    if found == NULL or kept == NULL:
        free(found)
        free(kept)
        raise MemoryError()
    with nogil:
        for i in range(scores.shape[0]):
            log_likelihoods[i] = bovw_list_posteriors(
                &scores[i, 0], &constants[0], K, threshold, depth, <int32_t>i, rows.shape[1], &rows[0, 0],
                &values[0, 0], &counts[0], found, kept,
            )
    free(found)
    free(kept)


def listed_moments(
    const float[:, ::1] expanded, const int32_t[:, ::1] rows, const float[:, ::1] values, const int32_t[::1] counts,
    double[::1] sums, double[:, ::1] moments,
):
    """Add the product of listed posteriors with the expanded rows to ``moments``, and their sums to ``sums``.

    Returns how many there are. Shapes: expanded (m, 2 d), rows and values (K, any), counts and sums (K,), moments
    (K, 2 d).
    """
    cdef Py_ssize_t j, k, d = expanded.shape[1] // 2, n = 0
    cdef float *part
    if d == 0 or expanded.shape[0] == 0:
        return 0
    part = <float *>malloc(2 * d * sizeof(float))
    if part == NULL:
        raise MemoryError()
    with nogil:
        for k in range(rows.shape[0]):
            if counts[k] == 0:
                continue
            n += counts[k]
            sums[k] += bovw_sum8(&values[k, 0], counts[k])
            bovw_listed_moments(
                &expanded[0, d], 2 * d, d, &rows[k, 0], &values[k, 0], counts[k], part, part + d
            )
            for j in range(2 * d):
                moments[k, j] += part[j]
    free(part)
    return n
