"""Dense SIFT: the plain function ``dense_sift`` and the extractor ``DenseSIFT``.

The mathematics and the algorithm stand at the head of ``cext/dsift.pyx``. Here
are the grids: one bin size, several on one image (PHOW), several sizes of the
image (multi-resolution), and the protocol of ImageNet's dense-SIFT download.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .._cext import dsift as _kernel
from .._docs import documented_by
from .._parameters import Boolean, Choice, Integer, Jobs, Number, OneOrMore, Optional, Series
from .._validation import check_color_image, check_gray_image, check_int, check_output
from ..errors import ParameterError
from ..images import ImageLike, resize_image
from ..images.opencv import cv2
from .base import Extractor
from .grid import frames_along
from .local_descriptors import LocalDescriptors
from .patch_grid import STEP

_MAX_SIGMA = 1024  # pixels
_WINDOW_SIZE = 2.0  # bins, VLFeat's
_MAX_NORM = 1e9  # keeps the squares of all bins far from overflow
_BAND_ROWS = 64  # of a color image that are converted at a time


def _check_bounds(bounds, shape):
    height, width = shape
    if bounds is None:
        return 0, 0, width - 1, height - 1
    if not isinstance(bounds, (tuple, list, np.ndarray)) or len(bounds) != 4:
        raise ParameterError(f"bounds={bounds!r} must be four integers (x0, y0, x1, y1)")
    x0, y0, x1, y1 = (check_int("bounds", v) for v in bounds)
    if not (0 <= x0 <= x1 < width and 0 <= y0 <= y1 < height):
        raise ParameterError(
            f"bounds={tuple(bounds)} must satisfy 0 <= x0 <= x1 < {width} and 0 <= y0 <= y1 < {height}"
        )
    return x0, y0, x1, y1


class _Plan:
    """Frames of one image size: ``passes`` is a list of (kernel scales, output rows, smoothing sigma)."""

    __slots__ = ("frames", "n_frames", "passes")


@lru_cache(maxsize=64)
def _plan(bounds, bin_sizes, step, spatial_bins, align, magnification):
    x0, y0, x1, y1 = bounds
    span_of = {b: (spatial_bins - 1) * b for b in bin_sizes}
    largest = max(span_of.values())
    plan, frames, start = _Plan(), [], 0
    by_smoothing = {}
    for b in bin_sizes:
        offset = (largest - span_of[b]) // 2 if align else 0
        nx = frames_along(x1 - x0 + 1 - offset, span_of[b], step)
        ny = frames_along(y1 - y0 + 1 - offset, span_of[b], step)
        sigma = 0.0 if magnification is None else b / magnification
        if nx > 0 and ny > 0:
            row = (b, step, x0 + offset, y0 + offset, nx, ny)
            by_smoothing.setdefault(sigma, []).append((row, slice(start, start + nx * ny)))
            centers = np.empty((ny, nx, 4), np.float32)
            centers[..., 0] = x0 + offset + span_of[b] / 2 + step * np.arange(nx)
            centers[..., 1] = (y0 + offset + span_of[b] / 2 + step * np.arange(ny))[:, None]
            centers[..., 2] = b / 3
            centers[..., 3] = 0
            frames.append(centers.reshape(-1, 4))
            start += nx * ny
    plan.n_frames = start
    plan.frames = np.concatenate(frames) if frames else np.empty((0, 4), np.float32)
    plan.frames.setflags(write=False)
    plan.passes = []
    for sigma, entries in by_smoothing.items():
        groups = [[entries[0]]]
        for entry in entries[1:]:  # one kernel call writes neighboring rows
            if entry[1].start == groups[-1][-1][1].stop:
                groups[-1].append(entry)
            else:
                groups.append([entry])
        for group in groups:
            scales = np.array([row for row, _ in group], dtype=np.int64)
            plan.passes.append((scales, slice(group[0][1].start, group[-1][1].stop), sigma))
    return plan


@lru_cache(maxsize=256)
def _window_weights(bin_size, spatial_bins, window, window_size):
    """What the kernel multiplies with: see ``dense_sift`` of ``cext/dsift.pyx``."""
    sigma = window_size * bin_size
    u = np.arange(-bin_size, bin_size)
    delta = bin_size * (np.arange(spatial_bins) - (spatial_bins - 1) / 2)
    gauss = np.exp(-0.5 * ((u[None, :] + delta[:, None]) / sigma) ** 2)  # (bin, u = -b .. b - 1)
    if window == "flat":
        mean = gauss[:, 1:].mean(axis=1)
        return np.outer(mean, mean).ravel().astype(np.float32)
    kernel = (1 - np.abs(u) / bin_size) * gauss
    taps = np.zeros((spatial_bins + 1, bin_size, 2))
    taps[1:, :, 0] = kernel[:, bin_size:]  # falling side of bin s - 1
    taps[:-1, :, 1] = kernel[:, :bin_size]  # rising side of bin s
    return taps.ravel().astype(np.float32)


@lru_cache(maxsize=256)
def _smoothing_taps(sigma):
    """The middle and one side of a Gaussian of radius ceil(4 sigma), normalized; empty for sigma = 0."""
    if sigma == 0:
        return np.empty(0, np.float32)
    x = np.arange(int(np.ceil(4 * sigma)) + 1)
    taps = np.exp(-0.5 * (x / sigma) ** 2)
    return (taps / (taps[0] + 2 * taps[1:].sum())).astype(np.float32)


def _fill(image, plan, parameters, descriptors, norms):
    """Describe a checked image: write the descriptors and norms of all frames of its plan."""
    none_float, none_bytes = np.empty((0, 1), np.float32), np.empty((0, 1), np.uint8)
    bins, window = parameters.spatial_bins, parameters.window
    window_size = _WINDOW_SIZE if parameters.window_size is None else parameters.window_size
    for scales, rows, sigma in plan.passes:
        _kernel.dense_sift(
            image, scales, [_window_weights(int(b), bins, window, window_size) for b in scales[:, 0]],
            smoothing=_smoothing_taps(sigma), gaussian=window == "gaussian", n_bins=bins,
            orientations=parameters.orientations, exact=parameters.arctangent == "exact",
            contrast_threshold=parameters.contrast_threshold, root=parameters.root,
            out_float=descriptors[rows] if parameters.dtype == "float32" else none_float,
            out_bytes=descriptors[rows] if parameters.dtype == "uint8" else none_bytes, norms=norms[rows],
        )
    if not (norms <= _MAX_NORM).all():
        raise ParameterError("image has values too large for float32 gradients; scale it to 0-255")


class DenseSIFT(Extractor):
    """Dense SIFT extractor: images in, a DescriptorSet out; :func:`dense_sift` takes one image.

    Parameters
    ----------
    step : int in [1, 1,048,576], default 4
        Distance of neighboring frames in pixels.
    bin_size : int in [1, 4,096], or a sequence of them, default (4, 6, 8, 10)
        Width of a spatial bin in pixels, one set of frames for each. A SIFT key
        point of scale s has bins of 3 s pixels.
    window : {"flat", "gaussian"}, default "flat"
        "gaussian" weights every pixel by the Gaussian window, as SIFT is defined;
        "flat" weights every bin by the window's mean over it, which is faster.
    window_size : float > 0 or None, default None
        Standard deviation of the Gaussian in bins; None is 2.0 (VLFeat's). PHOW uses
        1.5, and 1.6 with bins of 5 pixels gives the 8 pixels of ImageNet's download.
    magnification : float > 0 or None, default None
        If given, the image is first smoothed for each bin size by a Gaussian with
        sigma = bin_size / magnification pixels (PHOW: 6), at most 1024: normalized,
        of radius ceil(4 sigma), with replicated borders. None: no smoothing.
    align : bool, default True
        With several bin sizes, let all grids start from the frame center of the
        largest, so that their centers coincide (as PHOW does, for even
        differences of bin size; odd ones are rounded down by half a pixel).
        With False, each grid starts at the border.
    spatial_bins : int in [1, 16], default 4
        Spatial bins along each axis.
    orientations : int in [2, 64], default 8
        Bins over the whole turn.
    contrast_threshold : float >= 0, default 0.0
        Descriptors whose norm is smaller become zero; their frame stays. On this
        0-255 scale PHOW's threshold is 0.005 * 255 = 1.275.
    root : bool, default False
        RootSIFT: sqrt(d / sum(d)), of unit Euclidean length.
    arctangent : {"fast", "exact"}, default "fast"
        "fast" is the polynomial of VLFeat (largest element difference from the
        exact one about 2e-3), "exact" is accurate to 2e-7 radians.
    dtype : {"float32", "uint8"}, default "float32"
        "uint8" gives min(512 d, 255), truncated, as VLFeat stores SIFT.
    scales : float in (0, 16], or a sequence of them, default (1.0,)
        The image is resized by each of these factors in turn (area filter when
        shrinking, bilinear when enlarging; sides rounded half up) and descriptors
        are taken from all; frames come back in pixels of the given image.
    fit_within : sequence of 2 int >= 1 or None, default None
        (width, height): first shrink the image, never enlarge it, to fit into this box.
    color_space : {"gray", "rgb", "opponent", "c"}, default "gray"
        Which channels are described; their descriptors are stacked, 3 * 128 numbers
        for color. "opponent" is (m, (R-G)/sqrt(2) + m/100, (R+G-2B)/sqrt(6) + m/100)
        with m = 0.3 R + 0.59 G + 0.11 B. "c" (C-SIFT) is the intensity
        O3 = (R+G+B)/sqrt(3) and the ratios O1/O3 and O2/O3 of the opponent space,
        with one gray level added to O3 so that black stays finite.
        The norm, and so ``contrast_threshold``, is that of the first channel.
    coordinates : {"pixel", "imagenet"}, default "pixel"
        How a resized frame is mapped back. "pixel" keeps pixel centers true:
        (x + 0.5) W / w - 0.5. "imagenet" is plain x W / w, so that dividing by
        the width gives the relative positions of ImageNet's download.
    n_jobs : int or None, default None
        Worker threads of :meth:`transform`.

    Notes
    -----
    Agrees with VLFeat's ``vl_dsift`` to about 1e-5 for ``arctangent="fast"``. The flat
    window has the same definition as VLFeat's fast mode; the triangular filter is
    summed directly instead of by running integrals. The opponent definition is
    VLFeat's; C-SIFT follows van de Sande et al. in using the normalized opponent
    ratios, on image values instead of Gaussian derivatives of the color model
    (Burghouts and Geusebroek).

    References
    ----------
    D. G. Lowe, Distinctive image features from scale-invariant keypoints, IJCV 2004,
    section 6.1. A. Vedaldi and B. Fulkerson, VLFeat, ACM Multimedia 2010. A. Bosch,
    A. Zisserman and X. Munoz, Image classification using random forests and ferns,
    ICCV 2007, section 2 (PHOW). R. Arandjelovic and A. Zisserman, Three things everyone
    should know to improve object retrieval, CVPR 2012, section 2 (RootSIFT).
    K. van de Sande, T. Gevers and C. Snoek, Evaluating color descriptors for object
    and scene recognition, PAMI 2010, section 3.3. G. Burghouts and J.-M. Geusebroek,
    Performance evaluation of local color invariants, CVIU 2009. J. Deng et al., ImageNet,
    CVPR 2009.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.DenseSIFT(step=8, bin_size=(4, 8)).transform([skimage.data.camera()])
    DescriptorSet(1 images, 7565 descriptors of size 128 float32, frames, norms, sizes)
    """

    PARAMETERS = {
        "step": STEP, "bin_size": OneOrMore(Integer(1, 4096)), "window": Choice("flat", "gaussian"),
        "window_size": Optional(Number(0, exclusive=True)), "magnification": Optional(Number(0, exclusive=True)),
        "align": Boolean(), "spatial_bins": Integer(1, 16), "orientations": Integer(2, 64),
        "contrast_threshold": Number(0), "root": Boolean(), "arctangent": Choice("fast", "exact"),
        "dtype": Choice("float32", "uint8"), "scales": OneOrMore(Number(0, 16, exclusive=True)),
        "fit_within": Optional(Series(Integer(1), length=2)),
        "color_space": Choice("gray", "rgb", "opponent", "c"), "coordinates": Choice("pixel", "imagenet"),
        "n_jobs": Jobs(),
    }

    def __init__(
        self, *, step: int = 4, bin_size: int | Sequence[int] = (4, 6, 8, 10), window: str = "flat",
        window_size: float | None = None, magnification: float | None = None, align: bool = True,
        spatial_bins: int = 4, orientations: int = 8, contrast_threshold: float = 0.0, root: bool = False,
        arctangent: str = "fast", dtype: str = "float32", scales: float | Sequence[float] = (1.0,),
        fit_within: tuple[int, int] | None = None, color_space: str = "gray", coordinates: str = "pixel",
        n_jobs: int | None = None,
    ):
        self.step = step
        self.bin_size = bin_size
        self.window = window
        self.window_size = window_size
        self.magnification = magnification
        self.align = align
        self.spatial_bins = spatial_bins
        self.orientations = orientations
        self.contrast_threshold = contrast_threshold
        self.root = root
        self.arctangent = arctangent
        self.dtype = dtype
        self.scales = scales
        self.fit_within = fit_within
        self.color_space = color_space
        self.coordinates = coordinates
        self.n_jobs = n_jobs

    @classmethod
    def imagenet2010(cls, **changes) -> DenseSIFT:
        """The protocol of ImageNet's dense-SIFT download (ILSVRC 2010).

        The image is fitted into 300 x 300, shrinking only; scales 1, 1/2 and 1/4
        are made from that image; bins of 5 pixels every 10, Gaussian window of 8
        pixels, intensities 0-255, no smoothing. Keyword arguments change parameters.
        """
        preset = {
            "step": 10, "bin_size": 5, "window": "gaussian", "window_size": 1.6, "scales": (1.0, 0.5, 0.25),
            "fit_within": (300, 300), "coordinates": "imagenet",
        }
        return cls(**{**preset, **changes})

    @classmethod
    def phow(cls, **changes) -> DenseSIFT:
        """PHOW as VLFeat's ``vl_phow``: bins of 4, 6, 8, 10, sigma = bin / 6, window 1.5, contrast 0.005 of full
        scale."""
        preset = {
            "step": 2, "bin_size": (4, 6, 8, 10), "window_size": 1.5, "magnification": 6.0,
            "contrast_threshold": 0.005 * 255,
        }
        return cls(**{**preset, **changes})

    @property
    def color(self) -> bool:  # type: ignore[override]
        """Whether the extractor needs RGB."""
        return self.color_space != "gray"

    @property
    def descriptor_size(self) -> int:
        """The dimension of a descriptor."""
        return (3 if self.color else 1) * self.spatial_bins**2 * self.orientations

    def check_pairs(self):
        """Smoothing must stay within what a kernel can hold."""
        largest, magnification = max(self.checked("bin_size")), self.magnification
        if magnification is not None and largest / magnification > _MAX_SIGMA:
            raise ParameterError(
                f"magnification={magnification!r} smooths bins of {largest} pixels with sigma = bin / "
                f"magnification above {_MAX_SIGMA} pixels; raise magnification"
            )

    def _describe(self, image, parameters, *, bounds=None, out=None):
        if bounds is not None and (parameters.scales != (1.0,) or parameters.fit_within is not None):
            raise ParameterError(f"bounds={bounds!r} are pixels of an image that scales or fit_within change; drop one")
        height, width = image.shape[:2]
        if parameters.fit_within is not None:
            image = resize_image(image, fit=parameters.fit_within)
        grid = [getattr(parameters, name) for name in ("bin_size", "step", "spatial_bins", "align", "magnification")]
        shapes = [_scaled_shape(image, scale) for scale in parameters.scales]
        plans = [_plan(_check_bounds(bounds, shape), *grid) for shape in shapes]
        ends = np.cumsum([0, *(plan.n_frames for plan in plans)])
        shape = (int(ends[-1]), self.descriptor_size)
        descriptors = check_output("out", out, shape, parameters.dtype, may_be_longer=True)
        frames, norms = np.empty((ends[-1], 4), np.float32), np.empty(ends[-1], np.float32)
        shift = 0.5 if parameters.coordinates == "pixel" else 0.0
        for shape, plan, first, last in zip(shapes, plans, ends[:-1], ends[1:], strict=True):
            _describe(_resized(image, shape), plan, parameters, descriptors[first:last], norms[first:last])
            frames[first:last] = plan.frames
            across, down = width / shape[1], height / shape[0]
            frames[first:last, 0] = (plan.frames[:, 0] + shift) * across - shift
            frames[first:last, 1] = (plan.frames[:, 1] + shift) * down - shift
            frames[first:last, 2] *= across
        return LocalDescriptors(descriptors, frames, norms)


@documented_by(DenseSIFT)
def dense_sift(
    image: ImageLike, *, step: int = 4, bin_size: int | Sequence[int] = (4, 6, 8, 10), window: str = "flat",
    window_size: float | None = None, magnification: float | None = None, align: bool = True, spatial_bins: int = 4,
    orientations: int = 8, contrast_threshold: float = 0.0, root: bool = False, arctangent: str = "fast",
    dtype: str = "float32", scales: float | Sequence[float] = (1.0,), fit_within: tuple[int, int] | None = None,
    color_space: str = "gray", coordinates: str = "pixel", bounds: tuple[int, int, int, int] | None = None,
    out: np.ndarray | None = None,
) -> LocalDescriptors:
    """Dense SIFT descriptors of one image.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), or path
        As :func:`bovw.load_image` reads it, in gray unless ``color_space`` says otherwise: uint8, uint16 (divided by
        257, rounded) or float on the 0-255 scale.
    step, bin_size, window, window_size, magnification, align, spatial_bins, orientations, contrast_threshold, root, \
arctangent, dtype, scales, fit_within, color_space, coordinates
        As in :class:`DenseSIFT`, which does the same for many images.
    bounds : (x0, y0, x1, y1), optional
        Bin centers stay within these pixels, inclusive. Default: the whole image. Of an image that is not resized,
        so with neither ``scales`` nor ``fit_within``.
    out : (m, d) array, optional
        Where to write, C-contiguous and of the given dtype, with m at least the number of frames; spares the page
        faults of a fresh array.

    Returns
    -------
    LocalDescriptors
        descriptors (n, spatial_bins**2 * orientations), three times as many numbers for color, float32 or uint8:
        scale after scale, bin size after bin size, rows of frames outer, columns inner. Orientation runs fastest,
        then x, then y: index t + 8 * (x + 4 * y). Values in [0, 1], unit Euclidean length (zero where the image is
        flat). frames (n, 4) float32: x, y of the center in pixels, scale = bin_size / 3, angle = 0. norms (n,)
        float32: mean gradient mass, the sum of the raw bins / ((spatial_bins - 1) * bin_size + 1)**2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or the image is not finite or empty.
        An image too small for a single frame gives zero descriptors, no error.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> descriptors, frames, norms = bovw.dense_sift(skimage.data.camera(), step=8, bin_size=(4, 8))
    >>> descriptors.shape, (512 * descriptors[3000, 64:72]).astype(int).tolist()
    ((7565, 128), [47, 15, 39, 44, 24, 25, 27, 81])
    """
    extractor = DenseSIFT(
        step=step, bin_size=bin_size, window=window, window_size=window_size, magnification=magnification,
        align=align, spatial_bins=spatial_bins, orientations=orientations, contrast_threshold=contrast_threshold,
        root=root, arctangent=arctangent, dtype=dtype, scales=scales, fit_within=fit_within, color_space=color_space,
        coordinates=coordinates,
    )
    return extractor.describe(image, bounds=bounds, out=out)


def _scaled_shape(image, scale):
    return tuple(max(1, int(side * scale + 0.5)) for side in image.shape[:2])


def _resized(image, shape):
    if shape == image.shape[:2]:
        return image
    enlarges = shape[0] > image.shape[0] or shape[1] > image.shape[1]
    return cv2.resize(image, shape[::-1], interpolation=cv2.INTER_LINEAR if enlarges else cv2.INTER_AREA)


def _describe(image, plan, parameters, descriptors, norms):
    """Fill in the descriptors of all channels, side by side, and the norms of the first."""
    if parameters.color_space == "gray":
        _fill(check_gray_image(image), plan, parameters, descriptors, norms)
        return
    size = descriptors.shape[1] // 3
    one, others = np.empty((plan.n_frames, size), descriptors.dtype), np.empty_like(norms)
    for c, channel in enumerate(color_channels(image, parameters.color_space)):
        _fill(channel, plan, parameters, one, others if c else norms)
        descriptors[:, c * size : (c + 1) * size] = one
    if parameters.contrast_threshold > 0:
        descriptors[norms < parameters.contrast_threshold] = 0


def color_channels(image, color_space):
    """Yield the three float32 planes, (height, width), that color SIFT describes; see :class:`DenseSIFT`.

    One after the other, and each in bands of rows, for large images.
    """
    pixels = image if image.dtype == np.uint8 and image.ndim == 3 else check_color_image(image)
    for c in range(3):
        plane = np.empty(pixels.shape[:2], np.float32)
        for top in range(0, len(plane), _BAND_ROWS):
            band = pixels[top : top + _BAND_ROWS].astype(np.float32, copy=False)
            plane[top : top + _BAND_ROWS] = _color_channel(*np.moveaxis(band, 2, 0), color_space, c)
        yield plane


def _color_channel(r, g, b, color_space, c):
    if color_space == "rgb":
        return (r, g, b)[c]
    if color_space == "opponent":
        m = np.float32(0.3) * r + np.float32(0.59) * g + np.float32(0.11) * b
        return m if c == 0 else _opponent(r, g, b, c) + np.float32(0.01) * m
    o3 = (r + g + b) / np.float32(np.sqrt(3))
    return o3 if c == 0 else 255 * _opponent(r, g, b, c) / (o3 + 1)


def _opponent(r, g, b, c):
    return (r - g) / np.float32(np.sqrt(2)) if c == 1 else (r + g - 2 * b) / np.float32(np.sqrt(6))
