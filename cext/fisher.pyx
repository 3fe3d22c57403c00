"""Fisher vectors: the sums that listed posteriors weigh."""

from libc.stdint cimport int32_t


cdef extern from "bovw_fisher.h":
    void bovw_listed_fisher(
        const float *z, Py_ssize_t stride, const float *mean, const float *inverse_deviation, Py_ssize_t d,
        const int32_t *rows, const float *values, Py_ssize_t count, float *u, float *v
    ) noexcept nogil


def listed_fisher(
    const float[:, ::1] expanded, const float[:, ::1] means, const float[:, ::1] inverse_deviations,
    const int32_t[:, ::1] rows, const float[:, ::1] values, const int32_t[::1] counts, float[::1] mass,
    float[:, ::1] first, float[:, ::1] second,
):
    """The posterior mass and the first and second order sums of each component, from its list.

    Shapes: expanded (m, 2 d), whose second half are the coordinates; means,
    inverse_deviations, first and second (K, d); rows and values (K, any), counts and mass (K,).
    """
    cdef Py_ssize_t i, k, d = means.shape[1]
    cdef double total
    if expanded.shape[0] == 0 or d == 0:
        return
    with nogil:
        for k in range(means.shape[0]):
            total = 0
            for i in range(counts[k]):
                total += values[k, i]
            mass[k] = <float>total
            bovw_listed_fisher(
                &expanded[0, d], 2 * d, &means[k, 0], &inverse_deviations[k, 0], d, &rows[k, 0], &values[k, 0],
                counts[k], &first[k, 0], &second[k, 0],
            )
