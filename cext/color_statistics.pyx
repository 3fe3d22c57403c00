"""Sums of pixel values and of their squares over square tiles of an RGB image, and what follows from them."""

from libc.math cimport sqrt
from libc.stdint cimport uint8_t

ctypedef fused intensity:
    uint8_t
    float


def tile_sums(const intensity[:, :, ::1] image, Py_ssize_t top, Py_ssize_t tile, double[:, :, ::1] sums):
    """Sums over tiles of side ``tile``; ``sums[i, j]`` begins at row ``top + i * tile``, column ``j * tile``.

    Six numbers a tile: R, G, B, R^2, G^2, B^2, in double precision; exact for bytes.
    """
    cdef Py_ssize_t i, j, y, x
    cdef double r, g, b, red, green, blue, red_2, green_2, blue_2
    with nogil:
        for i in range(sums.shape[0]):
            for j in range(sums.shape[1]):
                red = green = blue = red_2 = green_2 = blue_2 = 0
                for y in range(top + i * tile, top + (i + 1) * tile):
                    for x in range(j * tile, (j + 1) * tile):
                        r = image[y, x, 0]
                        g = image[y, x, 1]
                        b = image[y, x, 2]
                        red += r
                        green += g
                        blue += b
                        red_2 += r * r
                        green_2 += g * g
                        blue_2 += b * b
                sums[i, j, 0] = red
                sums[i, j, 1] = green
                sums[i, j, 2] = blue
                sums[i, j, 3] = red_2
                sums[i, j, 4] = green_2
                sums[i, j, 5] = blue_2


def statistics(const double[:, ::1] sums, double n, float[:, ::1] out):
    """Means and deviations from the sums over ``n`` pixels, row by row."""
    cdef Py_ssize_t i, k
    cdef double spread
    with nogil:
        for i in range(sums.shape[0]):
            for k in range(3):
                out[i, k] = <float>(sums[i, k] / n)
                spread = n * sums[i, 3 + k] - sums[i, k] * sums[i, k]
                out[i, 3 + k] = <float>(sqrt(max(spread, 0.0)) / n)
