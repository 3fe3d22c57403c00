"""Intersection and chi-square kernels between the rows of two non-negative matrices, and inner products.

The mathematics is in ``bovw.classify.kernels``, the loops are in ``bovw_histogram.h``.
"""

cdef extern from "bovw_histogram.h":
    void bovw_inner_product(
        const float *x, size_t rows_x, const float *y, size_t rows_y, size_t n, float *out, size_t out_stride
    ) noexcept nogil
    void bovw_intersection(
        const float *x, size_t rows_x, const float *y, size_t rows_y, size_t n, float *out, size_t out_stride
    ) noexcept nogil
    void bovw_chi2(
        const float *x, size_t rows_x, const float *y, size_t rows_y, size_t n, float *out, size_t out_stride
    ) noexcept nogil


def intersection(
    const float[:, ::1] x, const float[:, ::1] y, float[:, ::1] out, Py_ssize_t row, Py_ssize_t column
):
    """Write the kernel of all rows of ``x`` and ``y`` into ``out`` from (row, column) on."""
    if x.shape[0] and y.shape[0]:
        with nogil:
            bovw_intersection(
                &x[0, 0], x.shape[0], &y[0, 0], y.shape[0], x.shape[1], &out[row, column], out.shape[1]
            )


def inner_product(
    const float[:, ::1] x, const float[:, ::1] y, float[:, ::1] out, Py_ssize_t row, Py_ssize_t column
):
    """As :func:`intersection`, for inner products; values of any sign."""
    if x.shape[0] and y.shape[0]:
        with nogil:
            bovw_inner_product(
                &x[0, 0], x.shape[0], &y[0, 0], y.shape[0], x.shape[1], &out[row, column], out.shape[1]
            )


def chi2(const float[:, ::1] x, const float[:, ::1] y, float[:, ::1] out, Py_ssize_t row, Py_ssize_t column):
    """As :func:`intersection`, for the additive chi-square kernel."""
    if x.shape[0] and y.shape[0]:
        with nogil:
            bovw_chi2(&x[0, 0], x.shape[0], &y[0, 0], y.shape[0], x.shape[1], &out[row, column], out.shape[1])
