"""Dense SIFT by its definition: full orientation planes, explicit windows, one descriptor at a time."""

import numpy as np


def fast_atan2(y, x):
    """The polynomial arctangent of the reference implementation, y down, in (-pi, pi]."""
    abs_y = np.abs(y) + 1.19209290e-7
    r = np.where(x >= 0, (x - abs_y) / (x + abs_y), (x + abs_y) / (abs_y - x))
    angle = np.where(x >= 0, np.pi / 4, 3 * np.pi / 4) + (0.1821 * r * r - 0.9675) * r
    return np.where(y < 0, -angle, angle)


def smooth(image, sigma):
    """Gaussian of radius ceil(4 sigma), normalized, with replicated borders; sigma = 0 leaves the image."""
    image = np.asarray(image, dtype=np.float64)
    if sigma == 0:
        return image
    radius = int(np.ceil(4 * sigma))
    x = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (x / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(image, radius, mode="edge")
    columns = np.apply_along_axis(np.convolve, 0, padded, kernel, "valid")
    return np.apply_along_axis(np.convolve, 1, columns, kernel, "valid")


def orientation_energies(image, orientations=8, arctangent="fast"):
    """(height, width, orientations): gradient modulus split linearly between the two nearest orientations."""
    image = np.asarray(image, dtype=np.float64)

    def derivative(a, axis):
        n = a.shape[axis]
        if n == 1:
            return np.zeros_like(a)
        a = np.moveaxis(a, axis, 0)
        d = np.empty_like(a)
        d[1:-1] = 0.5 * (a[2:] - a[:-2])
        d[0], d[-1] = a[1] - a[0], a[-1] - a[-2]
        return np.moveaxis(d, 0, axis)

    gy, gx = derivative(image, 0), derivative(image, 1)
    modulus = np.hypot(gx, gy)
    angle = fast_atan2(gy, gx) if arctangent == "fast" else np.arctan2(gy, gx)
    t = np.mod(orientations * angle / (2 * np.pi), orientations)
    low = np.floor(t).astype(int)
    part = t - low
    energies = np.zeros((*image.shape, orientations))
    yy, xx = np.indices(image.shape)
    np.add.at(energies, (yy, xx, low % orientations), modulus * (1 - part))
    np.add.at(energies, (yy, xx, (low + 1) % orientations), modulus * part)
    return energies


def spatial_kernel(bin_size, bin_index, spatial_bins, sigma, window):
    """Taps at offsets u = -b+1 .. b-1 from the bin's center."""
    u = np.arange(-bin_size + 1, bin_size)
    triangle = 1 - np.abs(u) / bin_size
    delta = bin_size * (bin_index - (spatial_bins - 1) / 2)
    gauss = np.exp(-0.5 * ((u + delta) / sigma) ** 2)
    return triangle * (gauss if window == "gaussian" else gauss.mean())


def dsift(image, *, bin_size, step, window="flat", window_size=2.0, bounds=None, spatial_bins=4, orientations=8,
          arctangent="fast"):
    """Return (descriptors (n, spatial_bins**2 * orientations), frames (n, 2) of x, y, norms (n,))."""
    image = np.asarray(image, dtype=np.float64)
    height, width = image.shape
    x0, y0, x1, y1 = bounds if bounds is not None else (0, 0, width - 1, height - 1)
    energies = orientation_energies(image, orientations, arctangent)
    span = (spatial_bins - 1) * bin_size
    kernels = [spatial_kernel(bin_size, i, spatial_bins, window_size * bin_size, window) for i in range(spatial_bins)]
    taps = np.arange(-bin_size + 1, bin_size)
    descriptors, frames, norms = [], [], []
    for fy in range(y0, y1 - span + 1, step):
        for fx in range(x0, x1 - span + 1, step):
            d = np.zeros((spatial_bins, spatial_bins, orientations))
            for j in range(spatial_bins):
                rows = np.clip(fy + j * bin_size + taps, 0, height - 1)
                for i in range(spatial_bins):
                    columns = np.clip(fx + i * bin_size + taps, 0, width - 1)
                    d[j, i] = np.einsum("yxt,y,x->t", energies[np.ix_(rows, columns)], kernels[j], kernels[i])
            d = d.ravel()
            norms.append(d.sum() / (span + 1) ** 2)
            d = d / (np.linalg.norm(d) + 1.19209290e-7)
            d = np.minimum(d, 0.2)
            d = d / (np.linalg.norm(d) + 1.19209290e-7)
            descriptors.append(d)
            frames.append((fx + span / 2, fy + span / 2))
    size = spatial_bins * spatial_bins * orientations
    return np.array(descriptors).reshape(-1, size), np.array(frames).reshape(-1, 2), np.array(norms)
