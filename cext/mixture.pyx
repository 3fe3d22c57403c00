"""Kernels of the diagonal Gaussian mixture: expanded rows and the fused softmax."""

ctypedef fused element:
    float
    unsigned char

cdef extern from "bovw_posterior.h":
    Py_ssize_t bovw_next_positive(const float *values, Py_ssize_t start, Py_ssize_t count) noexcept nogil
    float bovw_posterior_row(
        float *scores, const float *constants, float *sums, Py_ssize_t K, float threshold
    ) noexcept nogil


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


def add_sparse_moments(const float[:, ::1] posteriors, const float[:, ::1] expanded, float[:, ::1] moments):
    """``moments += posteriors.T @ expanded``, touching only posteriors above 0.

    Shapes: posteriors (m, K), expanded (m, w), moments (K, w).
    """
    cdef Py_ssize_t i, j, k, K = posteriors.shape[1], width = expanded.shape[1]
    cdef float weight
    cdef const float *row
    cdef const float *values
    cdef float *sums
    if K == 0 or width == 0:
        return
    with nogil:
        for i in range(posteriors.shape[0]):
            row = &posteriors[i, 0]
            values = &expanded[i, 0]
            k = bovw_next_positive(row, 0, K)
            while k < K:
                weight = row[k]
                sums = &moments[k, 0]
                for j in range(width):
                    sums[j] += weight * values[j]
                k = bovw_next_positive(row, k + 1, K)
