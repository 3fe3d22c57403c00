"""Regular grids of square patches, each cut into cells, and sums over those cells.

A patch of ``patch_size`` pixels starts at every ``step``-th pixel from the top
left corner on, as long as it lies wholly inside the image. Its frame holds its
centre, ``start + (patch_size - 1) / 2``, and ``patch_size`` as the scale. The
order is: patch sizes as given, then rows, then columns.

Patches overlap, and so do their cells; every pixel is visited once all the same.
With g the greatest common divisor of step and cell side, each cell is a block of
whole g x g tiles that begin at multiples of g: sum the tiles first, then add up
blocks of tiles.
"""

import math

import numpy as np

from .._validation import check_int
from ..errors import ParameterError

#: bytes of tile sums held at once; images with more are worked off in bands of patch rows
_BAND_BYTES = 1 << 24


def check_patches(patch_sizes, step, cells=1):
    """Return ``patch_sizes`` as a tuple of ints, ``step`` and ``cells`` as ints, or raise ParameterError."""
    if isinstance(patch_sizes, (int, np.integer)):
        patch_sizes = (patch_sizes,)
    try:
        sizes = tuple(check_int("patch_sizes", size, 1) for size in patch_sizes)
    except TypeError:
        raise ParameterError(f"patch_sizes={patch_sizes!r} must be a list of integers") from None
    if not sizes:
        raise ParameterError("patch_sizes is empty; give at least one side in pixels, such as (16, 24, 32)")
    step = check_int("step", step, 1)
    cells = check_int("cells", cells, 1)
    for size in sizes:
        if size % cells:
            raise ParameterError(
                f"patch_sizes={sizes!r}: a patch of {size} pixels does not divide into {cells} x {cells} cells; "
                f"use multiples of {cells}"
            )
    return sizes, step, cells


def n_patches(length, patch_size, step):
    """How many patches start along an axis of ``length`` pixels."""
    return (length - patch_size) // step + 1 if length >= patch_size else 0


def patch_frames(height, width, patch_size, step):
    """Frames of one patch size, (n, 4) float32: centre x, centre y, ``patch_size``, 0."""
    rows, columns = n_patches(height, patch_size, step), n_patches(width, patch_size, step)
    frames = np.zeros((rows, columns, 4), np.float32)
    frames[:, :, 0] = np.arange(columns) * step + (patch_size - 1) / 2
    frames[:, :, 1] = (np.arange(rows) * step + (patch_size - 1) / 2)[:, None]
    frames[:, :, 2] = patch_size
    return frames.reshape(-1, 4)


def sum_patch_cells(tile_sums, patch_size, step, sums):
    """Sums over the cells of all patches of one size.

    Parameters
    ----------
    tile_sums : callable
        ``tile_sums(top, bottom, right, tile)`` returns a (rows, columns, depth)
        array: the sums of the ``tile`` x ``tile`` squares that fill image rows
        ``top:bottom`` and columns ``0:right``.
    patch_size, step : int
    sums : array of shape (n_rows, n_columns, cells, cells, depth)
        Written: a grid of patches, each ``cells`` x ``cells``, as large as
        :func:`n_patches` says.
    """
    rows, columns, cells, _, depth = sums.shape
    if rows == 0 or columns == 0:
        return
    side = patch_size // cells
    tile = math.gcd(step, side)
    per_cell, stride = side // tile, step // tile
    right = (columns - 1) * step + patch_size
    band = max(1, _BAND_BYTES // (stride * (right // tile) * depth * sums.itemsize))
    for first in range(0, rows, band):
        last = min(first + band, rows)
        tiles = tile_sums(first * step, (last - 1) * step + patch_size, right, tile)
        for i in range(cells):
            strips = _add_shifted(tiles, i * per_cell, per_cell, stride, last - first).swapaxes(0, 1)
            for j in range(cells):
                blocks = _add_shifted(strips, j * per_cell, per_cell, stride, columns)
                sums[first:last, :, i, j] = blocks.swapaxes(0, 1)


def _add_shifted(tiles, start, count, stride, n):
    """Sums of ``count`` neighbouring tiles along the first axis, at ``n`` places ``stride`` apart."""
    stop = start + (n - 1) * stride + 1
    if count == 1:
        return tiles[start:stop:stride]
    total = tiles[start:stop:stride] + tiles[start + 1 : stop + 1 : stride]
    for shift in range(2, count):
        total += tiles[start + shift : stop + shift : stride]
    return total
