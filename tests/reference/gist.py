"""GIST by its definition: double precision, one filter and one block at a time."""

import math

import numpy as np


def energies(image, orientations, prefilter, shape, padding=32):
    """Magnitudes of all filter responses to an image mirrored to ``shape``, (n_filters, height, width)."""
    height, width = image.shape
    extent = [(padding, full - side - padding) for full, side in zip(shape, image.shape, strict=True)]
    values = np.pad(np.asarray(image, np.float64), extent, mode="symmetric")
    y, x = np.meshgrid(np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), indexing="ij")
    f, t = np.hypot(x, y), np.arctan2(y, x)
    if prefilter is not None:
        s = prefilter / 256 / math.sqrt(math.log(2))
        gaussian = np.exp(-((f / s) ** 2))
        values = np.log(1 + values)
        values = values - np.fft.ifft2(np.fft.fft2(values) * gaussian).real
        values /= 0.2 + np.sqrt(np.abs(np.fft.ifft2(np.fft.fft2(values**2) * gaussian)))
    result = []
    for scale, n in enumerate(orientations):
        for k in range(n):
            distance = np.angle(np.exp(1j * (t - math.pi * k / n)))
            transfer = np.exp(-3.5 * (f / (0.3 / 1.85**scale) - 1) ** 2)
            transfer *= np.exp(-2 * math.pi * (n / 8) ** 2 * distance**2)
            response = np.fft.ifft2(np.fft.fft2(values) * transfer)
            result.append(np.abs(response[padding : padding + height, padding : padding + width]))
    return np.array(result)


def block_means(energies_, blocks):
    """Filter by filter, blocks row by row."""
    return np.concatenate([
        [block.mean() for rows in np.array_split(energy, blocks) for block in np.array_split(rows, blocks, axis=1)]
        for energy in energies_
    ])
