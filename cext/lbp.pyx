"""Local binary patterns: codes of whole images, and their histograms over cells.

Codes are made for the pixels whose neighbors all lie inside the image. The
callers in ``bovw.descriptors.binary_patterns`` check every argument.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef extern from "bovw_lbp.h":
    void bovw_lbp_square(
        const uint8_t *up, const uint8_t *mid, const uint8_t *down, uint8_t *codes, Py_ssize_t n) noexcept nogil
    void bovw_lbp_square_strict(
        const uint8_t *up, const uint8_t *mid, const uint8_t *down, uint8_t *codes, Py_ssize_t n) noexcept nogil
    void bovw_lbp_circle(
        const uint8_t *up, const uint8_t *mid, const uint8_t *down, uint8_t *codes, Py_ssize_t n) noexcept nogil
    void bovw_lbp_bit_1(
        const double *center, const double *a, uint32_t *codes, int p, Py_ssize_t n) noexcept nogil
    void bovw_lbp_bit_4(
        const double *center, const double *a, const double *b, const double *c, const double *d,
        const double *w, uint32_t *codes, int p, Py_ssize_t n) noexcept nogil
    void bovw_lbp_uniform(
        const uint32_t *codes, uint16_t *labels, Py_ssize_t n, uint32_t n_points, int invariant) noexcept nogil
    void bovw_lbp_flush_bytes(uint8_t *tables, Py_ssize_t n_bins, float scale, float *out) noexcept nogil
    void bovw_lbp_flush(uint32_t *tables, Py_ssize_t n_bins, float scale, float *out) noexcept nogil
    void bovw_lbp_share(
        uint64_t *even, uint64_t *odd, Py_ssize_t n_bins, float full, float right, float down, float unit,
        float *up_left, float *up_right, float *down_left, float *down_right) noexcept nogil

ctypedef fused pixel:
    uint8_t
    uint16_t
    float

ctypedef fused code:
    uint8_t
    uint16_t
    uint32_t

ctypedef fused counter:
    uint8_t
    uint32_t

ctypedef fused label:
    uint8_t
    uint16_t


def codes_3x3(const uint8_t[:, ::1] image, bint circle, bint strict, uint8_t[:, ::1] codes):
    """Codes of the inner pixels of a uint8 image from its eight neighbors.

    ``circle`` samples the diagonals at radius 1; otherwise they are the corners
    of the square, and ``strict`` compares with > in place of >=.
    """
    cdef Py_ssize_t y, height = codes.shape[0], width = codes.shape[1]
    if width == 0:
        return
    with nogil:
        for y in range(height):
            if circle:
                bovw_lbp_circle(&image[y, 0], &image[y + 1, 0], &image[y + 2, 0], &codes[y, 0], width)
            elif strict:
                bovw_lbp_square_strict(&image[y, 0], &image[y + 1, 0], &image[y + 2, 0], &codes[y, 0], width)
            else:
                bovw_lbp_square(&image[y, 0], &image[y + 1, 0], &image[y + 2, 0], &codes[y, 0], width)


def codes_any(
    const pixel[:, ::1] image, const int32_t[:, :, ::1] taps, const double[:, ::1] weights, int margin, bint strict,
    code[:, ::1] codes,
):
    """Codes from any ring of sampling points.

    ``taps`` (P, 4, 2) are row and column offsets in [-margin, margin] and
    ``weights`` (P, 4) what each pixel counts for; a point whose first weight is
    the only one is read without arithmetic. ``strict`` compares with >: it holds
    where the reversed >= fails, so rows are negated and the codes complemented.
    """
    cdef Py_ssize_t height = codes.shape[0], width = codes.shape[1], full = image.shape[1]
    cdef Py_ssize_t n_rows = 2 * margin + 1, ready = 0, x, y, k
    cdef int p, n_points = taps.shape[0]
    cdef double sign = -1.0 if strict else 1.0
    cdef uint32_t flip = (0xFFFFFFFFu >> (32 - n_points)) if strict else 0
    cdef double *rows
    cdef double *tap[4]
    cdef double *center
    cdef uint32_t *bits
    if height == 0 or width == 0:
        return
    rows = <double *>calloc(<size_t>(n_rows * full), sizeof(double))
    bits = <uint32_t *>calloc(<size_t>width, sizeof(uint32_t))
    if rows == NULL or bits == NULL:
        free(rows)
        free(bits)
        raise MemoryError(f"{n_rows} image rows of {full} numbers")
    with nogil:
        for y in range(height):
            while ready < y + n_rows:
                for x in range(full):
                    rows[(ready % n_rows) * full + x] = sign * image[ready, x]
                ready += 1
            memset(bits, 0, <size_t>width * sizeof(uint32_t))
            center = rows + ((y + margin) % n_rows) * full + margin
            for p in range(n_points):
                for k in range(4):
                    tap[k] = rows + ((y + margin + taps[p, k, 0]) % n_rows) * full + margin + taps[p, k, 1]
                if weights[p, 1] == 0 and weights[p, 2] == 0 and weights[p, 3] == 0:
                    bovw_lbp_bit_1(center, tap[0], bits, p, width)
                else:
                    bovw_lbp_bit_4(center, tap[0], tap[1], tap[2], tap[3], &weights[p, 0], bits, p, width)
            for x in range(width):
                codes[y, x] = <code>(bits[x] ^ flip)
    free(rows)
    free(bits)


def uniform_labels(const uint32_t[:, ::1] codes, int n_points, bint invariant, uint16_t[:, ::1] labels):
    """u2 labels of plain codes, or riu2 if ``invariant``, by counting bits."""
    cdef Py_ssize_t y
    if codes.shape[1] == 0:
        return
    with nogil:
        for y in range(codes.shape[0]):
            bovw_lbp_uniform(&codes[y, 0], &labels[y, 0], codes.shape[1], n_points, invariant)


def relabel(const code[:, ::1] codes, const uint16_t[::1] labels, label[:, ::1] out):
    """``labels[code]`` of every code, by a table."""
    cdef Py_ssize_t x, y
    with nogil:
        for y in range(codes.shape[0]):
            for x in range(codes.shape[1]):
                out[y, x] = <label>labels[codes[y, x]]


cdef void count_cell(
    const code[:, ::1] codes, const uint16_t *labels, Py_ssize_t top, Py_ssize_t bottom, Py_ssize_t left,
    Py_ssize_t right, counter *tables, Py_ssize_t n_bins,
) noexcept nogil:
    # Neighbors often share a label, and a counter raised twice running waits for itself: four tables take turns.
    cdef Py_ssize_t x, y
    for y in range(top, bottom):
        x = left
        while x + 4 <= right:
            tables[labels[codes[y, x]]] += 1
            tables[n_bins + labels[codes[y, x + 1]]] += 1
            tables[2 * n_bins + labels[codes[y, x + 2]]] += 1
            tables[3 * n_bins + labels[codes[y, x + 3]]] += 1
            x += 4
        while x < right:
            tables[labels[codes[y, x]]] += 1
            x += 1


def count_cells(
    const code[:, ::1] codes, const uint16_t[::1] labels, const int32_t[::1] row_edges,
    const int32_t[::1] column_edges, const float[:, ::1] scale, float[:, :, ::1] histograms,
):
    """Histograms of ``labels[code]`` over cells, each times its ``scale``.

    Cell (i, j) covers the codes of rows ``row_edges[i]:row_edges[i + 1]`` and
    columns ``column_edges[j]:column_edges[j + 1]``. Cells of up to 255 codes are
    counted in bytes, which take a quarter of the time to gather and to empty.
    """
    cdef Py_ssize_t i, j, n_bins = histograms.shape[2]
    cdef uint32_t *tables = <uint32_t *>calloc(<size_t>(4 * n_bins), sizeof(uint32_t))
    cdef uint8_t *bytes = <uint8_t *>tables
    if tables == NULL:
        raise MemoryError(f"4 tables of {n_bins} counters")
    with nogil:
        for i in range(histograms.shape[0]):
            for j in range(histograms.shape[1]):
                if (row_edges[i + 1] - row_edges[i]) * <Py_ssize_t>(column_edges[j + 1] - column_edges[j]) <= 255:
                    count_cell(
                        codes, &labels[0], row_edges[i], row_edges[i + 1], column_edges[j], column_edges[j + 1],
                        bytes, n_bins)
                    bovw_lbp_flush_bytes(bytes, n_bins, scale[i, j], &histograms[i, j, 0])
                else:
                    count_cell(
                        codes, &labels[0], row_edges[i], row_edges[i + 1], column_edges[j], column_edges[j + 1],
                        tables, n_bins)
                    bovw_lbp_flush(tables, n_bins, scale[i, j], &histograms[i, j, 0])
    free(tables)


def spread_cells(
    const code[:, ::1] codes, const uint16_t[::1] labels, int cell_size, const int32_t[:, ::1] row_tiles,
    const int32_t[:, ::1] column_tiles, float[:, :, ::1] histograms,
):
    """Histograms over cells with each code shared bilinearly by the four nearest cell centers.

    ``row_tiles`` and ``column_tiles`` (n, 4) cut the codes into tiles of at most
    16 x 16 (and 2048 / cell_size each way) between the centers of neighboring cells: first code, end, the cell
    before, and the first code's weight for the cell after, in units of
    1 / (2 cell_size). Inside a tile all four weights are linear in x and y, so a
    label needs four sums only, of 1, x, y and xy: they fit into 16 bits each and
    are raised by one addition. ``histograms``, zero at the start, is added to;
    while its values stay below 2^24 / (2 cell_size)^2 they are exact. Shares of
    cells outside the grid go to a row of waste.
    """
    cdef Py_ssize_t n_bins = histograms.shape[2], n_rows = histograms.shape[0], n_columns = histograms.shape[1]
    cdef Py_ssize_t s, t, x, y, k, i, j, stop
    cdef float full = 2 * cell_size, unit = 1 / (full * full)
    cdef uint64_t add, step
    cdef uint64_t *even = <uint64_t *>calloc(<size_t>(2 * n_bins), sizeof(uint64_t))
    cdef uint64_t *odd = even + n_bins
    cdef float *waste = <float *>calloc(<size_t>(4 * n_bins), sizeof(float))
    cdef float *share[4]
    if even == NULL or waste == NULL:
        free(even)
        free(waste)
        raise MemoryError(f"8 tables of {n_bins} sums")
    with nogil:
        for s in range(row_tiles.shape[0]):
            for t in range(column_tiles.shape[0]):
                stop = column_tiles[t, 1]
                for y in range(row_tiles[s, 1] - row_tiles[s, 0]):
                    add = 1 + (<uint64_t>y << 32)
                    step = (1 << 16) + (<uint64_t>y << 48)
                    x = column_tiles[t, 0]
                    while x + 2 <= stop:
                        even[labels[codes[row_tiles[s, 0] + y, x]]] += add
                        odd[labels[codes[row_tiles[s, 0] + y, x + 1]]] += add + step
                        add += 2 * step
                        x += 2
                    if x < stop:
                        even[labels[codes[row_tiles[s, 0] + y, x]]] += add
                for k in range(4):
                    i = row_tiles[s, 2] + (k >> 1)
                    j = column_tiles[t, 2] + (k & 1)
                    if 0 <= i < n_rows and 0 <= j < n_columns:
                        share[k] = &histograms[i, j, 0]
                    else:
                        share[k] = waste + k * n_bins
                bovw_lbp_share(
                    even, odd, n_bins, full, <float>column_tiles[t, 3], <float>row_tiles[s, 3], unit,
                    share[0], share[1], share[2], share[3])
    free(even)
    free(waste)
