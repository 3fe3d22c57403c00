"""Regular grids of square patches, each cut into cells, and sums over those cells.

A patch of ``patch_size`` pixels starts at every ``step``-th pixel from the top
left corner on, as long as it lies wholly inside the image. Its frame holds its
center, ``start + (patch_size - 1) / 2``, and ``patch_size`` as the scale. The
order is: patch sizes as given, then rows, then columns.

Patches overlap, and so do their cells; every pixel is visited once all the same.
With g the greatest common divisor of step and cell side, each cell is a block of
whole g x g tiles that begin at multiples of g: sum the tiles first, then add up
blocks of tiles.
"""

import math

import numpy as np

from .._cext.patch_sums import add_tiles
from .._parameters import Integer, OneOrMore
from ..errors import ParameterError
from .grid import frames_along

#: bytes of tile sums held at once; images with more are worked off in bands of patch rows
_BAND_BYTES = 1 << 24
#: pixels; a larger patch or step is a mistake, and would not fit the integers of the kernels
MAX_LENGTH = 1 << 20


PATCH_SIZES = OneOrMore(Integer(1, MAX_LENGTH))
STEP = Integer(1, MAX_LENGTH)


def check_divides(name, sizes, parts_name, parts):
    """Raise ParameterError unless each of the ``sizes`` in pixels is a multiple of ``parts``."""
    for size in sizes:
        if size % parts:
            raise ParameterError(
                f"{name}={size} does not divide into {parts_name}={parts} x {parts}; use a multiple of {parts}"
            )


def patch_grid_shapes(height, width, patch_sizes, step):
    """Rows and columns of the grid of each patch size, and where each grid's rows of descriptors begin and end."""
    shapes = [tuple(frames_along(side, size - 1, step) for side in (height, width)) for size in patch_sizes]
    return shapes, np.cumsum([0, *(rows * columns for rows, columns in shapes)])


def patch_frames(height, width, patch_sizes, step):
    """Frames of all patches, (n, 4) float32: center x, center y, patch size, 0."""
    shapes, ends = patch_grid_shapes(height, width, patch_sizes, step)
    frames = np.zeros((ends[-1], 4), np.float32)
    for size, shape, first, last in zip(patch_sizes, shapes, ends[:-1], ends[1:], strict=True):
        row, column = np.indices(shape).reshape(2, -1)
        frames[first:last, 0] = column * step + (size - 1) / 2
        frames[first:last, 1] = row * step + (size - 1) / 2
        frames[first:last, 2] = size
    return frames


def sum_patch_cells(tile_sums, patch_size, step, sums):
    """Sums over the cells of all patches of one size.

    Parameters
    ----------
    tile_sums : callable
        ``tile_sums(top, bottom, right, tile)`` returns a (rows, columns, depth)
        array, float32 or float64: the sums of the ``tile`` x ``tile`` squares that fill image rows
        ``top:bottom`` and columns ``0:right``.
    patch_size, step : int
    sums : array of shape (n_rows, n_columns, cells, cells, depth)
        Written, of the same dtype: a grid of patches, each ``cells`` x ``cells``, shaped as
        :func:`patch_grid_shapes` says.
    """
    rows, columns, cells, _, depth = sums.shape
    if rows == 0 or columns == 0:
        return
    side = patch_size // cells
    tile = math.gcd(step, side)
    stride = step // tile
    right = (columns - 1) * step + patch_size
    band = max(1, _BAND_BYTES // (stride * (right // tile) * depth * sums.itemsize))
    for first in range(0, rows, band):
        last = min(first + band, rows)
        tiles = tile_sums(first * step, (last - 1) * step + patch_size, right, tile)
        add_tiles(tiles, side // tile, stride, sums[first:last])
