"""GIST: energies of oriented band-pass filters, averaged over a coarse grid of blocks.

The descriptor of Oliva and Torralba (2001), with the filters and constants of the
authors' public Matlab code, in four steps:

1. *Prefilter* (contrast normalization). With v = log(1 + I) and G the Gaussian
   exp(-(f / s)^2), s = (prefilter / 256) / sqrt(ln 2), f in cycles per pixel::

       u = v - G * v,   w = u / (0.2 + sqrt(G * u^2))

2. *Filters*, defined on frequencies of radius f and angle t. Scale s = 0, 1, ...
   is centred at f_s = 0.3 / 1.85^s cycles per pixel, orientation o of its n at
   t_o = pi o / n::

       exp(-3.5 (f / f_s - 1)^2) exp(-2 pi (n / 8)^2 (t - t_o)^2)

   Each passes one half of the frequency plane, so its response is complex and
   the magnitude free of ripple.
3. |w * filter|, for each scale and orientation.
4. Means over ``blocks`` x ``blocks`` blocks: of the whole image, or of each patch
   of a dense grid.

Filter by filter (scale, then orientation), blocks row by row: 4 scales of 8
orientations and 4 x 4 blocks make 512 numbers.
"""

import functools
import math

import cv2
import numpy as np
import scipy.fft

from .._validation import all_finite, check_grey_image, check_int, check_number
from ..errors import ParameterError
from ..images import load_image
from .base import Extractor
from .grid import whole_frame
from .patch_grid import check_patches, patch_frames, patch_grid_shapes, sum_patch_cells

_PADDING = 32  # pixels by which an image is mirrored at each side before it is filtered
_MAX_IMAGE_SIZE = 16384
_CACHED_PIXELS = 1 << 20  # filters of padded images up to this size are kept


def gist(image, *, image_size=256, orientations=(8, 8, 8, 8), blocks=4, prefilter=4.0):
    """GIST descriptor of a whole image.

    Parameters
    ----------
    image : array of shape (height, width)
        Grey, uint8, uint16 (divided by 257) or float on the 0-255 scale, not negative.
    image_size : int
        Side in pixels of the square to which the image is resized first, a multiple of ``blocks``,
        up to 16384.
    orientations : list of int
        Number of orientations of each scale, finest scale first.
    blocks : int
        Responses are averaged over ``blocks`` x ``blocks`` blocks.
    prefilter : float or None
        Cut-off of the contrast normalization, in cycles per 256 pixels, at least 0.001; None leaves it out.

    Returns
    -------
    array of shape (sum(orientations) * blocks**2,), float32

    Raises
    ------
    ParameterError
        If the image or a parameter is out of range.

    Notes
    -----
    Deviations from the authors' code: the whole image is resized to a square,
    which changes its aspect ratio (they crop the centre); the border is mirrored
    once, by 32 pixels, for both the prefilter and the filters (they: 5, then 32);
    the prefilter's cut-off is relative to 256 pixels, not to the padded side.

    References
    ----------
    A. Oliva, A. Torralba, "Modeling the shape of the scene: a holistic
    representation of the spatial envelope", IJCV 42(3), 2001.

    Examples
    --------
    >>> gist(np.zeros((48, 64), np.uint8)).shape
    (512,)
    """
    orientations, blocks, prefilter = _check_filters(orientations, blocks, prefilter)
    image_size = _check_image_size(image_size, blocks)
    image = _check_image(image)
    shrinks = max(image.shape) >= image_size
    square = cv2.resize(
        image, (image_size, image_size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    side = image_size // blocks
    energies = [
        energy.reshape(blocks, side, blocks, side).mean(axis=(1, 3)).ravel()
        for energy in _energies(square, orientations, prefilter)
    ]
    return np.concatenate(energies)


def gist_patches(image, *, patch_size=64, step=16, orientations=(8, 8, 8, 8), blocks=4, prefilter=4.0):
    """GIST descriptors of the patches of a dense grid.

    The image is filtered once at its own size; each patch then averages the
    responses over its own blocks.

    Parameters
    ----------
    image : array of shape (height, width)
        As in :func:`gist`.
    patch_size : int
        Side of the square patches in pixels, a multiple of ``blocks``.
    step : int
        Pixels between neighbouring patches, in x and y.
    orientations, blocks, prefilter
        As in :func:`gist`.

    Returns
    -------
    descriptors : array of shape (n, sum(orientations) * blocks**2), float32
        Empty if the image is smaller than a patch.
    frames : array of shape (n, 4), float32
        Centre x, centre y, patch size, 0.

    Raises
    ------
    ParameterError
        If the image or a parameter is out of range.

    Notes
    -----
    Filters reach beyond a patch into the image around it. Needs about 40 bytes of
    memory a pixel, and more where the greatest common divisor of step and block
    side is small.
    """
    orientations, blocks, prefilter = _check_filters(orientations, blocks, prefilter)
    (patch_size,), step, blocks = _check_patch(patch_size, step, blocks)
    image = _check_image(image)
    ((rows, columns),), _ = patch_grid_shapes(*image.shape, [patch_size], step)
    depth = sum(orientations)
    sums = np.zeros((rows, columns, blocks, blocks, depth), np.float32)
    if sums.size:
        tile = math.gcd(step, patch_size // blocks)
        height, width = ((n - 1) * step + patch_size for n in (rows, columns))
        tiles = np.empty((height // tile, width // tile, depth), np.float32)
        for k, energy in enumerate(_energies(image, orientations, prefilter)):
            squares = energy[:height, :width].reshape(height // tile, tile, width // tile, tile)
            tiles[:, :, k] = squares.sum(axis=(1, 3))
        sum_patch_cells(lambda top, bottom, *_: tiles[top // tile : bottom // tile], patch_size, step, sums)
    sums *= np.float32(1 / (patch_size // blocks) ** 2)
    descriptors = np.ascontiguousarray(sums.transpose(0, 1, 4, 2, 3)).reshape(-1, depth * blocks**2)
    return descriptors, patch_frames(*image.shape, [patch_size], step)


class GIST(Extractor):
    """GIST descriptors: images in, a DescriptorSet out; one descriptor an image, or dense patches.

    Parameters
    ----------
    image_size : int
        Side of the square to which a whole image is resized.
    orientations : list of int
        Number of orientations of each scale, finest scale first.
    blocks : int
        Blocks along each side of the image or patch.
    prefilter : float or None
        Cut-off of the contrast normalization, in cycles per 256 pixels; None leaves it out.
    patch_size : int or None
        None describes the whole image. A number describes patches of that side on
        a dense grid, at the image's own size, for coding with a visual codebook.
    step : int
        Pixels between neighbouring patches.
    n_jobs : int, optional
        Worker threads over images.

    See Also
    --------
    gist, gist_patches : the same for one array.

    Notes
    -----
    The frame of a whole image is its centre, with the longer side as the scale.
    Fisher vectors of dense GIST were part of ISI's entry to ILSVRC 2012; its patch
    size and step are not published.

    Examples
    --------
    >>> GIST().extract(np.zeros((48, 64), np.uint8))
    DescriptorSet(1 images, 1 descriptors of size 512 float32, frames, sizes)
    """

    def __init__(
        self, *, image_size=256, orientations=(8, 8, 8, 8), blocks=4, prefilter=4.0, patch_size=None, step=16,
        n_jobs=None,
    ):
        self.image_size = image_size
        self.orientations = orientations
        self.blocks = blocks
        self.prefilter = prefilter
        self.patch_size = patch_size
        self.step = step
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self):
        """The dimension of a descriptor, ``sum(orientations) * blocks**2``."""
        return sum(self.orientations) * self.blocks**2

    def _check_params(self):
        _, blocks, _ = _check_filters(self.orientations, self.blocks, self.prefilter)
        if self.patch_size is None:
            _check_image_size(self.image_size, blocks)
        else:
            _check_patch(self.patch_size, self.step, blocks)

    def _extract(self, image):
        image = load_image(image, mode="grey") if image.ndim == 3 else image
        options = {"orientations": self.orientations, "blocks": self.blocks, "prefilter": self.prefilter}
        if self.patch_size is not None:
            return *gist_patches(image, patch_size=self.patch_size, step=self.step, **options), None
        return gist(image, image_size=self.image_size, **options)[None], whole_frame(image), None


def _check_filters(orientations, blocks, prefilter):
    try:
        orientations = tuple(check_int("orientations", n, 1) for n in orientations)
    except TypeError:
        raise ParameterError(f"orientations={orientations!r} must be a list of integers, one a scale") from None
    if not orientations:
        raise ParameterError("orientations is empty; give the number of orientations of each scale, as (8, 8, 8)")
    if prefilter is not None:
        prefilter = check_number("prefilter", prefilter, 1e-3)
    return orientations, check_int("blocks", blocks, 1), prefilter


def _check_image_size(image_size, blocks):
    image_size = check_int("image_size", image_size, blocks, _MAX_IMAGE_SIZE)
    if image_size % blocks:
        raise ParameterError(
            f"image_size={image_size} does not divide into blocks={blocks} x {blocks}; use a multiple of {blocks}"
        )
    return image_size


def _check_patch(patch_size, step, blocks):
    return check_patches(check_int("patch_size", patch_size, 1), step, blocks)


def _check_image(image):
    image = check_grey_image(image)
    if image.min() < 0:
        raise ParameterError(f"image has the value {image.min()}; intensities below 0 have no logarithm here")
    return image


def _energies(image, orientations, prefilter):
    """Yield the magnitude of each filter's response, (height, width) float32."""
    height, width = image.shape
    shape = tuple(scipy.fft.next_fast_len(side + 2 * _PADDING) for side in image.shape)
    padding = [(_PADDING, full - side - _PADDING) for full, side in zip(shape, image.shape, strict=True)]
    padded = np.pad(image, padding, mode="symmetric")
    if prefilter is not None:
        padded = _normalize_contrast(padded, prefilter)
    spectrum = scipy.fft.fft2(padded)
    if not all_finite(spectrum.real):
        raise ParameterError("image has values too large for a float32 spectrum; scale it to 0-255")
    inside = (slice(_PADDING, _PADDING + height), slice(_PADDING, _PADDING + width))
    for transfer in _filters(shape, orientations):
        yield np.abs(scipy.fft.ifft2(spectrum * transfer)[inside])


def _normalize_contrast(image, cutoff):
    rows, columns = image.shape
    y = np.fft.fftfreq(rows).astype(np.float32)[:, None]
    x = np.fft.rfftfreq(columns).astype(np.float32)
    gaussian = np.exp(-math.log(2) * (256 / cutoff) ** 2 * (x * x + y * y)).astype(np.float32)

    def smooth(values):
        return scipy.fft.irfft2(scipy.fft.rfft2(values) * gaussian, s=image.shape)

    high = np.log1p(image)
    high -= smooth(high)
    return high / (np.float32(0.2) + np.sqrt(np.abs(smooth(high * high))))


def _filters(shape, orientations):
    """Yield the transfer function of each filter on the frequency grid of ``shape``, float32."""
    if shape[0] * shape[1] <= _CACHED_PIXELS:
        radial, angular = _cached_parts(shape, orientations)
        for scale, n in enumerate(orientations):
            for k in range(n):
                yield radial[scale] * angular[n, k]
    else:
        radius, angle = _polar_frequencies(shape)
        for scale, n in enumerate(orientations):
            for k in range(n):
                yield _radial(radius, scale) * _angular(angle, n, k)


@functools.lru_cache(maxsize=4)
def _cached_parts(shape, orientations):
    radius, angle = _polar_frequencies(shape)
    radial = [_radial(radius, scale) for scale in range(len(orientations))]
    return radial, {(n, k): _angular(angle, n, k) for n in set(orientations) for k in range(n)}


def _polar_frequencies(shape):
    y = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None]
    x = np.fft.fftfreq(shape[1]).astype(np.float32)
    return np.hypot(x, y), np.arctan2(y, x)


def _radial(radius, scale):
    centre = 0.3 / 1.85**scale
    return np.exp(-3.5 * (radius / np.float32(centre) - 1) ** 2)


def _angular(angle, n_orientations, k):
    distance = angle - np.float32(math.pi * k / n_orientations)
    distance -= np.float32(2 * math.pi) * np.rint(distance * np.float32(0.5 / math.pi))
    return np.exp(np.float32(-2 * math.pi * (n_orientations / 8) ** 2) * distance**2)
