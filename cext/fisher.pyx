"""Fisher vectors: posteriors as sparse rows, and the sums that they weigh."""

from libc.stdint cimport int32_t


cdef extern from "bovw_fisher.h":
    int bovw_compress_row(const float *row, int n, int *index, float *value) noexcept nogil
    void bovw_add_fisher(
        const float *z, const float *mean, const float *inverse_deviation, float g, int d, float *u, float *v
    ) noexcept nogil


def compress_rows(const float[:, ::1] dense, int32_t[::1] starts, int32_t[::1] indices, float[::1] values):
    """The entries greater than 0 of each row: row i owns places starts[i]:starts[i + 1].

    Shapes: dense (m, K), starts (m + 1,), indices and values at least (m * K,).
    """
    cdef Py_ssize_t i
    cdef int n = <int>dense.shape[1]
    starts[0] = 0
    with nogil:
        for i in range(dense.shape[0]):
            starts[i + 1] = starts[i] + bovw_compress_row(
                &dense[i, 0], n, <int *>&indices[starts[i]], &values[starts[i]]
            )


def add_fisher(
    const float[:, ::1] expanded, const float[:, ::1] means, const float[:, ::1] inverse_deviations,
    const int32_t[::1] starts, const int32_t[::1] indices, const float[::1] gammas, Py_ssize_t start,
    Py_ssize_t stop, float[::1] mass, float[:, ::1] first, float[:, ::1] second,
):
    """Add the posterior mass and the first and second order sums of rows start:stop, one row a component.

    Shapes: expanded (m, 2 d), whose second half are the coordinates; means,
    inverse_deviations, first and second (K, d); mass (K,).
    """
    cdef Py_ssize_t i, p, k
    cdef int d = <int>means.shape[1]
    with nogil:
        for i in range(start, stop):
            for p in range(starts[i], starts[i + 1]):
                k = indices[p]
                mass[k] += gammas[p]
                bovw_add_fisher(
                    &expanded[i, d], &means[k, 0], &inverse_deviations[k, 0], gammas[p], d,
                    &first[k, 0], &second[k, 0],
                )
