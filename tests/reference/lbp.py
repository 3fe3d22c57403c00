"""Local binary patterns by their definition, one point, pixel, cell at a time, in exact arithmetic."""

import math

import numpy as np

UNIT = 10**5


def signs(image, n_points, radius, nearest=False):
    """(P, height, width) in {-1, 0, 1}: each sampled value against its center, for an integer image.

    Pixels too near to the border are left out.
    """
    image = np.asarray(image).astype(np.int64)
    points = []
    for p in range(n_points):
        angle = 2 * np.pi * p / n_points
        y, x = (round(UNIT * radius * v) for v in (-math.sin(angle), math.cos(angle)))
        if nearest:
            y, x = UNIT * round(y / UNIT), UNIT * round(x / UNIT)
        points.append((y, x))
    margin = max(math.ceil(abs(v) / UNIT) for point in points for v in point)
    height, width = (side - 2 * margin for side in image.shape)
    if height <= 0 or width <= 0:
        return np.zeros((n_points, max(height, 0), max(width, 0)), np.int64)
    center = image[margin : margin + height, margin : margin + width]
    result = []
    for y, x in points:
        total = np.zeros_like(center)
        for dy in (0, 1):
            for dx in (0, 1):
                weight = (y % UNIT if dy else UNIT - y % UNIT) * (x % UNIT if dx else UNIT - x % UNIT)
                if weight:
                    top, left = margin + y // UNIT + dy, margin + x // UNIT + dx
                    total += weight * (image[top : top + height, left : left + width] - center)
        result.append(np.sign(total))
    return np.array(result)


def codes(image, n_points, radius, nearest=False, strict=False):
    """Plain codes."""
    bits = signs(image, n_points, radius, nearest) > (0 if strict else -1)
    return sum(bits[p].astype(np.int64) << p for p in range(n_points))


def label(code, n_points, method):
    """The label of one code, from its string of bits; "ri" gives the smallest rotation itself."""
    bits = [code >> p & 1 for p in range(n_points)]
    changes = sum(bits[p] != bits[p - 1] for p in range(n_points))
    ones = sum(bits)
    if method == "plain":
        return code
    if method == "ri":
        return min(sum(bits[(p + s) % n_points] << p for p in range(n_points)) for s in range(n_points))
    if method == "riu2":
        return ones if changes <= 2 else n_points + 1
    if method == "uniform":
        if changes > 2:
            return n_points * (n_points - 1) + 2
        if ones in (0, n_points):
            return n_points * (n_points - 1) + 1 if ones else 0
        first = next(p for p in range(n_points) if bits[p] and not bits[p - 1])
        return 1 + (ones - 1) * n_points + -first % n_points
    assert method == "vlfeat"
    clockwise = [bits[-q % 8] for q in range(8)]
    if ones in (0, 8):
        return 56
    if changes > 2:
        return 57
    return 7 * next(q for q in range(8) if clockwise[q] and not clockwise[q - 1]) + ones - 1


def histograms(labels, margin, shape, cell_size, n_bins, bilinear=False):
    """Counts over cells; with ``bilinear`` each pixel is shared by the nearest cell centers."""
    rows, columns = shape[0] // cell_size, shape[1] // cell_size
    result = np.zeros((rows, columns, n_bins))
    for (y, x), bin_ in np.ndenumerate(labels):
        v, u = (y + margin + 0.5) / cell_size - 0.5, (x + margin + 0.5) / cell_size - 0.5
        for i in range(rows):
            for j in range(columns):
                if bilinear:
                    result[i, j, bin_] += max(0, 1 - abs(v - i)) * max(0, 1 - abs(u - j))
                else:
                    result[i, j, bin_] += (i == (y + margin) // cell_size) * (j == (x + margin) // cell_size)
    return result


def patch_histograms(labels, margin, shape, patch_size, step, cells, n_bins):
    """Counts over the cells of patches, (n, cells * cells * n_bins)."""
    side = patch_size // cells
    full = np.full(shape, -1)
    full[margin : shape[0] - margin, margin : shape[1] - margin] = labels
    result = [
        np.concatenate([
            np.bincount(part[part >= 0], minlength=n_bins)
            for i in range(cells)
            for j in range(cells)
            for part in [full[y + i * side : y + (i + 1) * side, x + j * side : x + (j + 1) * side].ravel()]
        ])
        for y in range(0, shape[0] - patch_size + 1, step)
        for x in range(0, shape[1] - patch_size + 1, step)
    ]
    return np.array(result).reshape(-1, cells * cells * n_bins)
