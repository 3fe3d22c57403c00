"""The Gram matrix of rows rounded to 8 bits, for ``bovw.classify.rounded_kernel``."""

from bovw._cext import FAST_INT8

from libc.stdint cimport int8_t, int32_t

cdef extern from "bovw_int8.h":
    enum:
        BOVW_PANEL
        BOVW_TILE_ROWS
        BOVW_TILE_COLUMNS
    float bovw_int8_steps(const float *x, Py_ssize_t width) noexcept nogil
    float bovw_int8_round_row(
        const float *x, Py_ssize_t width, Py_ssize_t groups, float steps, int8_t *place, int32_t *sum) noexcept nogil
    void bovw_int8_add_tile(
        const int8_t *rows, const int8_t *columns, Py_ssize_t groups, const int32_t *row_sums,
        const float *row_scales, const float *column_scales, Py_ssize_t m, Py_ssize_t n, float *out,
        Py_ssize_t stride, int fast) noexcept nogil

PANEL = BOVW_PANEL
TILE_COLUMNS = BOVW_TILE_COLUMNS
cdef bint fast = FAST_INT8


def round_rows(const float[:, ::1] X, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t first, Py_ssize_t width,
               int8_t[:, :, :, ::1] panels, float[::1] scales, int32_t[::1] sums):
    """Round ``X[start:stop, first : first + width]`` to 127 steps to either side of 0, each row on a scale of its own.

    Parameters
    ----------
    X : (n, d)
    start, stop, first, width : int
    panels : (n_panels, groups, 16, 4)
        Written at the same rows; 4 ``groups`` >= ``width``, the rest becomes 0.
    scales : (n_panels * 16,)
        Written: the length of a step of each row, its largest magnitude / 127.
    sums : (n_panels * 16,)
        Written: the sum of each row's integers.
    """
    cdef Py_ssize_t row, groups = panels.shape[1]
    if start < 0 or first < 0 or width < 0 or stop > X.shape[0] or first + width > X.shape[1]:
        raise ValueError("the block lies outside the matrix")
    if stop > scales.shape[0] or scales.shape[0] != sums.shape[0] or panels.shape[0] * BOVW_PANEL != scales.shape[0] \
            or panels.shape[2] != BOVW_PANEL or panels.shape[3] != 4 or width > 4 * groups:
        raise ValueError("the panels do not fit the rows")
    if width == 0:
        return
    with nogil:
        for row in range(start, stop):
            scales[row] = bovw_int8_round_row(
                &X[row, first], width, groups, bovw_int8_steps(&X[row, first], width),
                &panels[row // BOVW_PANEL, 0, row % BOVW_PANEL, 0], &sums[row])


def add_products(const int8_t[:, :, :, ::1] panels, const float[::1] scales, const int32_t[::1] sums,
                 Py_ssize_t start, Py_ssize_t stop, float[:, ::1] out):
    """Add the products of the rounded rows to the lower triangle of ``out``, columns ``start`` to ``stop``.

    Tiles that the diagonal crosses are filled whole, so something above it is written too.

    Parameters
    ----------
    panels, scales, sums
        As :func:`round_rows` leaves them; the number of panels is a multiple of 3.
    start, stop : int
        Multiples of 48.
    out : (n, n)
    """
    cdef Py_ssize_t n = out.shape[0], groups = panels.shape[1], row, column, last, i, j
    cdef const int8_t *rows
    if start % BOVW_TILE_COLUMNS or stop % BOVW_TILE_COLUMNS or start < 0 or stop > panels.shape[0] * BOVW_PANEL:
        raise ValueError("the columns lie outside the panels")
    if n != out.shape[1] or n > scales.shape[0] or scales.shape[0] != panels.shape[0] * BOVW_PANEL:
        raise ValueError("the panels do not fit the matrix")
    if groups == 0 or n == 0:
        return
    with nogil:
        for i in range((n - start + BOVW_TILE_ROWS - 1) // BOVW_TILE_ROWS):
            row = start + i * BOVW_TILE_ROWS
            last = min(stop, row + BOVW_TILE_ROWS, n)  # no tile that lies wholly above the diagonal
            rows = &panels[row // BOVW_PANEL, 0, row % BOVW_PANEL, 0]
            for j in range((last - start + BOVW_TILE_COLUMNS - 1) // BOVW_TILE_COLUMNS):
                column = start + j * BOVW_TILE_COLUMNS
                bovw_int8_add_tile(
                    rows, &panels[column // BOVW_PANEL, 0, 0, 0], groups, &sums[row], &scales[row], &scales[column],
                    min(BOVW_TILE_ROWS, n - row), min(BOVW_TILE_COLUMNS, n - column), &out[row, column], n, fast)
