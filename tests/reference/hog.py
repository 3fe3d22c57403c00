"""HoG pixel by pixel and vote by vote, in float64: the slow twin of ``bovw.descriptors.oriented_gradients``."""

import numpy as np


def gradient(image):
    """gx, gy of the channel whose gradient is strongest (the first of equals); the derivative
    across the border of the image is zero."""
    image = np.asarray(image, np.float64)
    if image.ndim == 2:
        image = image[:, :, None]
    gx, gy = np.zeros(image.shape), np.zeros(image.shape)
    gx[:, 1:-1] = image[:, 2:] - image[:, :-2]
    gy[1:-1] = image[2:] - image[:-2]
    strongest = (gx**2 + gy**2).argmax(axis=2)[:, :, None]
    return np.take_along_axis(gx, strongest, 2)[:, :, 0], np.take_along_axis(gy, strongest, 2)[:, :, 0]


def orientation_votes(gx, gy, n_bins, period, offset, bilinear):
    """Two (bin, weight) pairs of one gradient: bin k is centered at (k + offset) * period / n_bins.

    A nearest vote on a boundary goes to the lower bin for offset 0 and to the upper bin for offset
    0.5, where it makes half-open bins of the whole angle.
    """
    position = np.arctan2(gy, gx) % period * n_bins / period
    if abs(position - round(2 * position) / 2) < 1e-12:
        position = round(2 * position) / 2
    position -= offset
    if bilinear:
        low = int(np.floor(position))
        return (low % n_bins, 1 - (position - low)), ((low + 1) % n_bins, position - low)
    low = np.ceil(position - 0.5) if offset == 0 else np.floor(position + 0.5)
    return (int(low) % n_bins, 1.0), (0, 0.0)


def cell_histograms(image, cell_size=8, orientations=9, bilinear_orientations=False):
    """(rows, cols, 2 * orientations) signed histograms with bilinear cells; border pixels do not vote."""
    gx, gy = gradient(image)
    height, width = gx.shape
    rows, cols = (height + cell_size // 2) // cell_size, (width + cell_size // 2) // cell_size
    cells = np.zeros((rows, cols, 2 * orientations))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            votes = orientation_votes(gx[y, x], gy[y, x], 2 * orientations, 2 * np.pi, 0, bilinear_orientations)
            for row, wy in _cell_votes(y, cell_size, rows):
                for col, wx in _cell_votes(x, cell_size, cols):
                    for k, w in votes:
                        cells[row, col, k] += np.hypot(gx[y, x], gy[y, x]) * w * wx * wy
    return cells


def _cell_votes(pixel, cell_size, n_cells):
    position = (pixel + 0.5) / cell_size - 0.5
    low = int(np.floor(position))
    pairs = ((low, 1 - (position - low)), (low + 1, position - low))
    return [(cell, weight) for cell, weight in pairs if 0 <= cell < n_cells]


def grid_features(cells, variant, epsilon2=1e-4):
    """UoCTTI or Dalal-Triggs features of signed cell histograms."""
    rows, cols, n = cells.shape
    orientations = n // 2
    unsigned = cells[:, :, :orientations] + cells[:, :, orientations:]
    energy = np.pad((unsigned**2).sum(axis=2), 1, mode="edge")
    features = []
    for row in range(rows):
        for col in range(cols):
            signed_, unsigned_, clipped_sums = np.zeros(n), np.zeros(orientations), []
            blocks = []
            for dy in (0, 1):
                for dx in (0, 1):
                    norm = np.sqrt(energy[row + dy : row + dy + 2, col + dx : col + dx + 2].sum() + epsilon2)
                    clipped = np.minimum(unsigned[row, col] / norm, 0.2)
                    signed_ += 0.5 * np.minimum(cells[row, col] / norm, 0.2)
                    unsigned_ += 0.5 * clipped
                    clipped_sums.append(clipped.sum() / np.sqrt(18))
                    blocks.append(clipped)
            if variant == "uoctti":
                features.append(np.concatenate([signed_, unsigned_, clipped_sums]))
            else:
                features.append(np.concatenate(blocks))
    return np.array(features).reshape(rows, cols, -1)


def patch_histogram(image, x0, y0, size, cells, orientations, signed, sigma, bilinear_cells, bilinear_orientations):
    """(cells, cells, bins) raw histogram of one patch."""
    gx, gy = gradient(image)
    n_bins, period = (2 * orientations, 2 * np.pi) if signed else (orientations, np.pi)
    histogram = np.zeros((cells, cells, n_bins))
    middle = (size - 1) / 2
    for j in range(size):
        for i in range(size):
            dx, dy = gx[y0 + j, x0 + i], gy[y0 + j, x0 + i]
            window = 1.0 if sigma is None else np.exp(
                -((i - middle) ** 2 + (j - middle) ** 2) / (2 * (sigma * size) ** 2)
            )
            for k, w in orientation_votes(dx, dy, n_bins, period, 0.5, bilinear_orientations):
                for row, wy in _patch_votes(j, size, cells, bilinear_cells):
                    for col, wx in _patch_votes(i, size, cells, bilinear_cells):
                        histogram[row, col, k] += np.hypot(dx, dy) * w * wx * wy * window
    return histogram


def _patch_votes(pixel, size, cells, bilinear):
    if not bilinear:
        return [(int((pixel + 0.5) * cells / size), 1.0)]
    return _cell_votes(pixel, size / cells, cells)


def normalize(v, norm, epsilon):
    """The four normalizations of Dalal and Triggs, section 6.4."""
    if norm == "l1":
        return v / (np.abs(v).sum() + epsilon)
    if norm == "l1-sqrt":
        return np.sqrt(v / (np.abs(v).sum() + epsilon))
    v = v / np.sqrt((v**2).sum() + epsilon**2)
    if norm == "l2":
        return v
    v = np.minimum(v, 0.2)
    return v / np.sqrt((v**2).sum() + epsilon**2)
