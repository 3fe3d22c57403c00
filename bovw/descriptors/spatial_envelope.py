"""GIST: energies of oriented band-pass filters, averaged over a coarse grid of blocks.

The descriptor of Oliva and Torralba (2001), with the filters and constants of the
authors' public Matlab code, in four steps:

1. *Prefilter* (contrast normalization). With v = log(1 + I) and G the Gaussian
   exp(-(f / s)^2), s = (prefilter / 256) / sqrt(ln 2), f in cycles per pixel::

       u = v - G * v,   w = u / (0.2 + sqrt(G * u^2))

2. *Filters*, defined on frequencies of radius f and angle t. Scale s = 0, 1, ...
   is centered at f_s = 0.3 / 1.85^s cycles per pixel, orientation o of its n at
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

from __future__ import annotations

import functools
import math

import numpy as np
import scipy.fft

from .._docs import documented_by
from .._parameters import Integer, Jobs, Number, Optional, Series
from .._validation import all_finite, check_gray_image
from ..errors import ParameterError
from ..images import ImageLike
from ..images.opencv import cv2
from .base import Extractor
from .grid import whole_frame
from .local_descriptors import LocalDescriptors
from .patch_grid import MAX_LENGTH, STEP, check_divides, patch_frames, patch_grid_shapes, sum_patch_cells

_PADDING = 32  # pixels by which an image is mirrored at each side before it is filtered
_MAX_IMAGE_SIZE = 16384
_CACHED_PIXELS = 1 << 20  # filters of padded images up to this size are kept
_BLOCK_PIXELS = 1 << 20  # of a larger image so many are filtered at once


class GIST(Extractor):
    """GIST descriptors: images in, a DescriptorSet out; one descriptor an image, or dense patches.

    :func:`gist` takes one image.

    Parameters
    ----------
    image_size : int in [1, 16,384], default 256
        Side in pixels of the square to which a whole image is resized first, a multiple of ``blocks``.
    orientations : sequence of int >= 1, default (8, 8, 8, 8)
        Number of orientations of each scale, finest scale first.
    blocks : int >= 1, default 4
        Responses are averaged over ``blocks`` x ``blocks`` blocks of the image or patch.
    prefilter : float >= 0.001 or None, default 4.0
        Cut-off of the contrast normalization, in cycles per 256 pixels; None leaves it out.
    patch_size : int in [1, 1,048,576] or None, default None
        None describes the whole image. A number, a multiple of ``blocks``, describes patches of that side on a
        dense grid, for coding with a visual codebook: the image is filtered once at its own size, each patch
        then averages the responses over its own blocks.
    step : int in [1, 1,048,576], default 16
        Pixels between neighboring patches, in x and y.
    n_jobs : int or None, default None
        Worker threads over images.

    Notes
    -----
    Deviations from the authors' code: the whole image is resized to a square,
    which changes its aspect ratio (they crop the center); the border is mirrored
    once, by 32 pixels, for both the prefilter and the filters (they: 5, then 32);
    the prefilter's cut-off is relative to 256 pixels, not to the padded side.

    Filters reach beyond a patch into the image around it. Patches need 16 bytes of
    memory a pixel beside the result. Fisher vectors of dense GIST were part of ISI's
    entry to ILSVRC 2012; its patch size and step are not published.

    References
    ----------
    A. Oliva, A. Torralba, "Modeling the shape of the scene: a holistic
    representation of the spatial envelope", IJCV 42(3), 2001, section 3.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.GIST().transform([skimage.data.camera(), skimage.data.coins()])
    DescriptorSet(2 images, 2 descriptors of size 512 float32, frames, sizes)
    """

    PARAMETERS = {
        "image_size": Integer(1, _MAX_IMAGE_SIZE), "orientations": Series(Integer(1)), "blocks": Integer(1),
        "prefilter": Optional(Number(1e-3)), "patch_size": Optional(Integer(1, MAX_LENGTH)), "step": STEP,
        "n_jobs": Jobs(),
    }

    def __init__(
        self, *, image_size: int = 256, orientations=(8, 8, 8, 8), blocks: int = 4, prefilter: float | None = 4.0,
        patch_size: int | None = None, step: int = 16, n_jobs: int | None = None,
    ):
        self.image_size = image_size
        self.orientations = orientations
        self.blocks = blocks
        self.prefilter = prefilter
        self.patch_size = patch_size
        self.step = step
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self) -> int:
        """The dimension of a descriptor, ``sum(orientations) * blocks**2``."""
        return sum(self.orientations) * self.blocks**2

    def check_pairs(self):
        """What is described, image or patches, must divide into blocks."""
        name = "image_size" if self.patch_size is None else "patch_size"
        check_divides(name, [getattr(self, name)], "blocks", self.blocks)

    def _describe(self, image, parameters):
        if parameters.patch_size is not None:
            return _patches(image, parameters)
        image = _check_image(image)
        size, blocks = parameters.image_size, parameters.blocks
        shrinks = max(image.shape) >= size
        square = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        side = size // blocks
        energies = [
            energy(0, size).reshape(blocks, side, blocks, side).mean(axis=(1, 3)).ravel()
            for energy in _energies(_padded(square), square.shape, parameters.orientations, parameters.prefilter)
        ]
        return LocalDescriptors(np.concatenate(energies)[None], whole_frame(image))


@documented_by(GIST)
def gist(
    image: ImageLike, *, image_size: int = 256, orientations=(8, 8, 8, 8), blocks: int = 4,
    prefilter: float | None = 4.0, patch_size: int | None = None, step: int = 16,
) -> LocalDescriptors:
    """GIST descriptor of a whole image, or with ``patch_size`` of the patches of a dense grid.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), or path
        As :func:`bovw.load_image` reads it, in gray: uint8, uint16 (divided by 257, rounded) or float on the 0-255
        scale, not negative.
    image_size, orientations, blocks, prefilter, patch_size, step
        As in :class:`GIST`, which does the same for many images.

    Returns
    -------
    LocalDescriptors
        descriptors (n, sum(orientations) * blocks**2) float32, filter by filter, blocks row by row: a single row
        for a whole image, no row if the image is smaller than a patch. frames (n, 4) float32: center x, center y,
        patch size or the longer side of the image, 0. norms None.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> descriptors, frames, _ = bovw.gist(skimage.data.camera())
    >>> descriptors.shape, (1000 * descriptors[0, :4]).astype(int).tolist()
    ((1, 512), [1, 13, 4, 2])
    """
    extractor = GIST(
        image_size=image_size, orientations=orientations, blocks=blocks, prefilter=prefilter, patch_size=patch_size,
        step=step,
    )
    return extractor.describe(image)


def _patches(image, parameters):
    patch_size, step, blocks = parameters.patch_size, parameters.step, parameters.blocks
    image = _check_image(image)
    shape = image.shape
    ((rows, columns),), _ = patch_grid_shapes(*shape, [patch_size], step)
    depth = sum(parameters.orientations)
    descriptors = np.empty((rows, columns, depth, blocks, blocks), np.float32)
    if descriptors.size:
        image = _padded(image)
        energies = _energies(image, shape, parameters.orientations, parameters.prefilter)
        del image  # what may be a large copy
        sums = np.empty((rows, columns, blocks, blocks, 1), np.float32)
        for k, energy in enumerate(energies):
            sum_patch_cells(functools.partial(_tile_sums, energy), patch_size, step, sums)
            np.multiply(sums[..., 0], np.float32(1 / (patch_size // blocks) ** 2), out=descriptors[:, :, k])
    return LocalDescriptors(descriptors.reshape(-1, depth * blocks**2), patch_frames(*shape, [patch_size], step))


def _check_image(image):
    image = check_gray_image(image)
    if image.min() < 0:
        raise ParameterError(f"image has the value {image.min()}; intensities below 0 have no logarithm here")
    return image


def _padded(image):
    """The image mirrored at all sides, to lengths of fast transforms."""
    padding = [
        (_PADDING, scipy.fft.next_fast_len(side + 2 * _PADDING) - side - _PADDING) for side in image.shape
    ]
    return np.pad(image, padding, mode="symmetric")


def _energies(padded, inner, orientations, prefilter):
    """Yield for each filter a function: rows ``top:bottom`` of an image -> magnitudes of its response, float32.

    A transform of the whole image goes along the columns, block by block, into ``passed``, and from there along
    the rows that are asked for: memory holds the spectrum and ``passed``, 16 bytes a pixel. ``padded`` is overwritten,
    and ``inner`` is the shape of the image within it.
    """
    height, width = inner
    shape = padded.shape
    if prefilter is not None:
        _normalize_contrast(padded, prefilter)
    spectrum = scipy.fft.fft2(padded)
    if not all_finite(spectrum.real):
        raise ParameterError("image has values too large for a float32 spectrum; scale it to 0-255")
    del padded
    passed = np.empty((height, shape[1]), spectrum.dtype)
    rows = slice(_PADDING, _PADDING + height)

    def energy(top, bottom):
        return np.abs(scipy.fft.ifft(passed[top:bottom], axis=1)[:, _PADDING : _PADDING + width])

    for scale, n in enumerate(orientations):
        for k in range(n):
            for block in _blocks(shape[1], shape[0]):
                values = spectrum[:, block] * _filter(shape, orientations, scale, k, block)
                passed[:, block] = scipy.fft.ifft(values, axis=0, overwrite_x=True)[rows]
            yield energy


def _tile_sums(energy, top, bottom, right, tile):
    """Sums over the squares that fill rows ``top:bottom`` and columns ``0:right``, as ``sum_patch_cells`` asks."""
    sums = np.empty(((bottom - top) // tile, right // tile, 1), np.float32)
    for block in _blocks(len(sums), tile * right):
        band = energy(top + block.start * tile, top + block.stop * tile)[:, :right]
        band.reshape(-1, tile, right // tile, tile).sum(axis=(1, 3), out=sums[block, :, 0])
    return sums


def _blocks(n, length):
    """Slices that cut ``n`` lines of ``length`` pixels into blocks."""
    step = max(1, _BLOCK_PIXELS // length)
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def _normalize_contrast(image, cutoff):
    """Step 1, in place."""
    np.log1p(image, out=image)
    for rows, smooth in _smoothed(image, cutoff):
        image[rows] -= smooth
    for rows, smooth in _smoothed(image * image, cutoff):
        image[rows] /= np.float32(0.2) + np.sqrt(np.abs(smooth))


def _smoothed(image, cutoff):
    """Yield (rows, those rows of the image convolved with the Gaussian); the image may change meanwhile."""
    shape = image.shape
    half = scipy.fft.rfft2(image)
    del image
    y = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None]
    x = np.fft.rfftfreq(shape[1]).astype(np.float32)
    for block in _blocks(len(x), shape[0]):
        gaussian = np.exp(-math.log(2) * (256 / cutoff) ** 2 * (x[block] * x[block] + y * y)).astype(np.float32)
        half[:, block] = scipy.fft.ifft(half[:, block] * gaussian, axis=0, overwrite_x=True)
    for rows in _blocks(*shape):
        yield rows, scipy.fft.irfft(half[rows], shape[1], axis=1)


def _filter(shape, orientations, scale, k, columns):
    """Columns of the transfer function of filter ``k`` of a scale on the frequency grid of ``shape``, float32."""
    n = orientations[scale]
    if shape[0] * shape[1] <= _CACHED_PIXELS:
        radial, angular = _cached_parts(shape, orientations)
        return radial[scale][:, columns] * angular[n, k][:, columns]
    radius, angle = _polar_frequencies(shape, columns)
    return _radial(radius, scale) * _angular(angle, n, k)


@functools.lru_cache(maxsize=4)
def _cached_parts(shape, orientations):
    radius, angle = _polar_frequencies(shape)
    radial = [_radial(radius, scale) for scale in range(len(orientations))]
    return radial, {(n, k): _angular(angle, n, k) for n in set(orientations) for k in range(n)}


def _polar_frequencies(shape, columns=slice(None)):
    y = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None]
    x = np.fft.fftfreq(shape[1])[columns].astype(np.float32)
    return np.hypot(x, y), np.arctan2(y, x)


def _radial(radius, scale):
    center = 0.3 / 1.85**scale
    return np.exp(-3.5 * (radius / np.float32(center) - 1) ** 2)


def _angular(angle, n_orientations, k):
    distance = angle - np.float32(math.pi * k / n_orientations)
    distance -= np.float32(2 * math.pi) * np.rint(distance * np.float32(0.5 / math.pi))
    return np.exp(np.float32(-2 * math.pi * (n_orientations / 8) ** 2) * distance**2)
