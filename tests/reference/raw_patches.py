"""Raw patches and tiny images by their definition, in double precision."""

import numpy as np


def raw_patches(image, patch_size, step, epsilon=None):
    """(n, d) float64, normalized if ``epsilon`` is given."""
    image = np.asarray(image, np.float64)
    rows = []
    for y in range(0, image.shape[0] - patch_size + 1, step):
        for x in range(0, image.shape[1] - patch_size + 1, step):
            row = image[y : y + patch_size, x : x + patch_size].ravel()
            if epsilon is not None:
                row = (row - row.mean()) / np.sqrt(row.var(ddof=1) + epsilon)
            rows.append(row)
    return np.array(rows)


def tiny_image(image, size):
    """The means of size x size equal blocks, of zero mean and unit norm; the sides are multiples of ``size``."""
    image = np.asarray(image, np.float64)
    height, width = image.shape[0] // size, image.shape[1] // size
    pixels = np.array([
        [image[i * height : (i + 1) * height, j * width : (j + 1) * width].mean(axis=(0, 1)) for j in range(size)]
        for i in range(size)
    ]).ravel()
    pixels -= pixels.mean()
    return pixels / np.linalg.norm(pixels)
