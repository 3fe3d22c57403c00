"""Sums over the cells of overlapping patches, from sums over the tiles they share."""

from libc.stddef cimport size_t
from libc.stdlib cimport free, malloc

ctypedef fused real:
    float
    double


cdef void _add(real *into, const real *terms, Py_ssize_t n, bint first) noexcept nogil:
    cdef Py_ssize_t k
    if first:
        for k in range(n):
            into[k] = terms[k]
    else:
        for k in range(n):
            into[k] += terms[k]


def add_tiles(const real[:, :, ::1] tiles, Py_ssize_t per_cell, Py_ssize_t stride, real[:, :, :, :, ::1] sums):
    """Write the sums over the cells of a grid of patches.

    Cell (i, j) of patch (r, c) covers ``per_cell`` x ``per_cell`` tiles, the first
    of which is ``tiles[r * stride + i * per_cell, c * stride + j * per_cell]``.
    Tiles are added down first, for a whole row of patches, then across.
    """
    cdef Py_ssize_t r, c, i, j, k, depth = tiles.shape[2], cells = sums.shape[2]
    cdef Py_ssize_t width = tiles.shape[1] * depth
    cdef real *strip
    if sums.shape[0] == 0 or sums.shape[1] == 0 or depth == 0:
        return
    strip = <real *>malloc(<size_t>width * sizeof(real))
    if strip == NULL:
        raise MemoryError(f"a strip of {width} sums")
    with nogil:
        for r in range(sums.shape[0]):
            for i in range(cells):
                for k in range(per_cell):
                    _add(strip, &tiles[r * stride + i * per_cell + k, 0, 0], width, k == 0)
                for c in range(sums.shape[1]):
                    for j in range(cells):
                        for k in range(per_cell):
                            _add(
                                &sums[r, c, i, j, 0], strip + (c * stride + j * per_cell + k) * depth, depth,
                                k == 0)
    free(strip)
