"""Pictures of HoG cell grids: one star of strokes a cell.

A stroke lies along the edge, that is across the gradient, and is as bright as the
bin is strong.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .._parameters import Integer
from .._validation import check_matrix
from ..errors import ParameterError
from .base import plain_values
from .oriented_gradients import VARIANT

_PARAMETERS = {"variant": VARIANT, "glyph_size": Integer(3)}


def hog_image(grid: npt.ArrayLike, *, variant: str = "uoctti", glyph_size: int = 21) -> np.ndarray:
    """Draw a grid of HoG cells.

    Parameters
    ----------
    grid : array of shape (rows, cols, d)
        As :func:`bovw.hog_cells` gives it, or weights of a classifier of that shape.
    variant : {"uoctti", "dalal-triggs"}, default "uoctti"
        What ``grid`` holds. Drawn are the unsigned bins: the ones of "uoctti", or half
        the sum of the four copies of "dalal-triggs". Negative values are left out.
    glyph_size : int, default 21
        Side of the picture of a cell in pixels.

    Returns
    -------
    array of shape (rows * glyph_size, cols * glyph_size), float32
        Where strokes cross, the brightest counts; the background is 0.

    Raises
    ------
    ParameterError
        If ``grid`` is not finite, or its last axis does not fit ``variant``.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> picture = bovw.hog_image(bovw.hog_cells(skimage.data.camera()))
    >>> picture.shape, round(float(picture.max()), 2)
    ((1344, 1344), 0.4)
    """
    glyph_size = plain_values(_PARAMETERS, locals()).glyph_size
    grid = np.asarray(grid)
    if grid.ndim != 3:
        raise ParameterError(f"grid has shape {grid.shape}; (rows, cols, d) is needed")
    rows, cols, d = grid.shape
    orientations, rest = divmod(d - 4, 3) if variant == "uoctti" else divmod(d, 4)
    if orientations < 1 or rest:
        rule = "3 * orientations + 4" if variant == "uoctti" else "4 * orientations"
        raise ParameterError(f"grid has {d} numbers a cell; variant={variant!r} needs {rule}")
    features = check_matrix("grid", grid.reshape(-1, d)).reshape(grid.shape)
    if variant == "uoctti":
        weights = features[:, :, 2 * orientations : 3 * orientations]
    else:
        weights = 0.5 * features.reshape(rows, cols, 4, orientations).sum(axis=2)
    picture = np.zeros((rows, glyph_size, cols, glyph_size), np.float32)
    for k in range(orientations):
        stroke = _stroke(np.pi * k / orientations, glyph_size)
        np.maximum(picture, weights[:, None, :, None, k] * stroke[None, :, None, :], out=picture)
    return picture.reshape(rows * glyph_size, cols * glyph_size)


def _stroke(angle, size):
    """A smooth stroke two pixels wide through the middle of a disc, across the direction ``angle``."""
    offset = np.arange(size) - (size - 1) / 2
    x, y = offset[None, :], offset[:, None]
    across = np.abs(x * np.cos(angle) + y * np.sin(angle))
    inside = np.clip(size / 2 - np.hypot(x, y), 0, 1)
    return (np.clip(1.5 - across, 0, 1) * inside).astype(np.float32)
