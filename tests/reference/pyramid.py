"""A slow, obvious twin of the spatial pyramid: each cell by its own mask."""

import numpy as np


def cell_masks(layouts, positions):
    """For each cell of each layout, row by row, which positions lie in it."""
    x, y = np.asarray(positions, np.float64).T
    return [
        (np.floor(y * rows) == row) & (np.floor(x * columns) == column)
        for rows, columns in layouts
        for row in range(rows)
        for column in range(columns)
    ]


def lazebnik_weights(levels):
    """Weight of each cell of a full pyramid of levels 0 .. L."""
    finest = levels - 1
    weights = []
    for level in range(levels):
        weight = 2.0**-finest if level == 0 else 2.0 ** -(finest - level + 1)
        weights += [weight] * 4**level
    return weights
