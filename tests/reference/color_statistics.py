"""Local color statistics by their definition, patch by patch, in double precision."""

import numpy as np


def color_statistics(image, patch_size, step, cells):
    """(n, cells * cells * 6) float64."""
    image = np.asarray(image, np.float64)
    side = patch_size // cells
    result = []
    for y in range(0, image.shape[0] - patch_size + 1, step):
        for x in range(0, image.shape[1] - patch_size + 1, step):
            for i in range(cells):
                for j in range(cells):
                    cell = image[y + i * side : y + (i + 1) * side, x + j * side : x + (j + 1) * side]
                    result += [*cell.mean(axis=(0, 1)), *cell.std(axis=(0, 1))]
    return np.array(result).reshape(-1, cells * cells * 6)
