"""Local binary patterns.

The code of a pixel c (Ojala, Pietikäinen and Mäenpää 2002, eq. 9) compares it
with P points g_p on a circle of radius R around it::

    LBP_{P,R} = sum_p s(g_p - c) 2^p,   s(v) = 1 if v >= 0 else 0

Point p lies at angle 2 pi p / P, counted anticlockwise from the right as one
sees the image: at (x + R cos, y - R sin). Off the pixel grid g_p is interpolated
bilinearly; coordinates are rounded to five decimals, so that the axes are hit
exactly and all weights are integers times 1e-10. Codes of integer images are
then exact, ties included.

Codes are gathered into labels, the bins of a histogram:

``"plain"``
    The code itself, 2^P labels.
``"ri"``
    Rotations of the circle are one label (eq. 8): codes are replaced by the
    smallest of their P rotations, and those numbered in rising order (36 for
    P = 8).
``"uniform"`` (u2)
    A code is uniform if its bits change at most twice around the circle, that
    is, if its ones form one run. Each uniform code has its own label, all others
    share the last one: P (P - 1) + 3 labels, 59 for P = 8 (Ahonen, Hadid and
    Pietikäinen 2006). All zeros is 0; a run of n ones that starts at bit i is
    1 + (n - 1) P + (-i mod P); all ones is P (P - 1) + 1; the rest P (P - 1) + 2.
``"riu2"``
    Uniform codes by their number of ones, 0 to P; all others P + 1 (eq. 10).
``"vlfeat"``
    VLFeat's 58: 3 x 3 square, strict > for >=, bits counted clockwise; a run of
    n ones that starts at bit i is 7 i + n - 1, both constant codes are 56, the
    rest 57.

Histograms are taken over square cells (Ahonen et al. 2006) or over patches of a
dense grid, cut into cells, for coding with a visual codebook (Lin et al. 2011).
"""

from __future__ import annotations

import functools
import itertools
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt

from .._cext import lbp as _kernels
from .._docs import documented_by
from .._parameters import Choice, Integer, Jobs, Kind, Number, Optional, Series
from .._validation import check_gray_image, check_output
from ..errors import ParameterError
from ..images import ImageLike
from .base import Extractor, plain_values
from .grid import frames_along, whole_frame
from .local_descriptors import LocalDescriptors
from .patch_grid import MAX_LENGTH, PATCH_SIZES, STEP, check_divides, patch_frames, patch_grid_shapes, sum_patch_cells

_UNIT = 100_000  # sampling coordinates are multiples of 1 / _UNIT
_MAX_TABLE_POINTS = 16  # labels of longer codes are computed, not looked up
_MAX_SHARED_CELL = 1024  # keeps the kernel's sums exact

_LABELS = {
    "method": Choice("uniform", "riu2", "ri", "plain", "vlfeat"),
    "interpolation": Choice("auto", "bilinear", "nearest"),
}
_CIRCLE = {"n_points": Integer(4, 32), "radius": Number(0, 1000, exclusive=True), **_LABELS}
#: parameters of :func:`lbp_codes`
_CODES = {**_CIRCLE, "border": Choice("valid", "zero", "edge")}
#: parameters of :func:`lbp_cells`
_CELLS = {
    "cell_size": Optional(Integer(1)), **_CIRCLE, "sharing": Choice("auto", "none", "bilinear"),
    "norm": Choice("auto", None, "l1", "l1-sqrt", "l2"),
}
_NORM = Choice(None, "l1", "l1-sqrt", "l2")


class _Pair(Kind):
    """A circle: (n_points, radius)."""

    def check(self, name, value):
        pair = tuple(value) if np.iterable(value) else ()
        if len(pair) != 2:
            raise ParameterError(f"{name}={value!r} must be a pair {self}")
        return _CIRCLE["n_points"].check(f"{name}[0]", pair[0]), _CIRCLE["radius"].check(f"{name}[1]", pair[1])

    def __str__(self):
        return "(n_points, radius)"


def lbp_codes(
    image: npt.ArrayLike, *, n_points: int = 8, radius: float = 1.0, method: str = "uniform",
    interpolation: str = "auto", border: str = "valid",
) -> np.ndarray:
    """Label of the local binary pattern of every pixel.

    Parameters
    ----------
    image : array of shape (height, width)
        Gray; uint8 and uint16 keep their exact values, other types become float32.
    n_points : int in [4, 32], default 8
        P, points on the circle; at most 16 for ``"ri"``, 8 for ``"vlfeat"``.
    radius : float in (0, 1,000], default 1.0
        R, pixels.
    method : {"uniform", "riu2", "ri", "plain", "vlfeat"}, default "uniform"
        How codes become labels, see :mod:`bovw.descriptors.binary_patterns`.
    interpolation : {"auto", "bilinear", "nearest"}, default "auto"
        How a point between pixels is read. ``"nearest"`` takes the nearest
        pixel: with 8 points and radius 1 the 3 x 3 square. ``"auto"`` is
        ``"nearest"`` for ``"vlfeat"``, else ``"bilinear"``.
    border : {"valid", "zero", "edge"}, default "valid"
        ``"valid"`` leaves out the ceil(R) pixels along each side whose circle
        leaves the image; ``"zero"`` and ``"edge"`` continue the image with
        zeros or by its edge pixels.

    Returns
    -------
    array of shape (height, width), or (height - 2 m, width - 2 m) where m = ceil(R) for ``"valid"``
        uint8, uint16 or uint32, the narrowest that holds all labels.

    Raises
    ------
    ParameterError
        If the image or a parameter is out of range, or no pixel has all its neighbors.

    Notes
    -----
    With ``border="zero"``, ``"plain"``, ``"riu2"`` and ``"uniform"`` are
    scikit-image's ``"default"``, ``"uniform"`` and ``"nri_uniform"``, with the
    same numbering; ``"ri"`` ranks its ``"ror"``. A difference is only possible
    where a sampled value equals the center to 1e-13: there the code here is that
    of exact arithmetic.

    References
    ----------
    Ojala, Pietikäinen and Mäenpää, PAMI 2002, section 2; in full in :class:`LBP`.

    Examples
    --------
    >>> import bovw
    >>> bovw.lbp_codes([[5, 9, 1], [4, 6, 7], [2, 3, 8]], method="plain", interpolation="nearest").tolist()
    [[133]]
    """
    pattern = _Pattern(plain_values(_CODES, locals()))
    pixels = _check_image(image)
    if border != "valid":
        pixels = np.pad(pixels, pattern.margin, mode="constant" if border == "zero" else "edge")
    codes = pattern.codes(pixels)
    if codes.size == 0:
        raise ParameterError(_too_small(pixels, pattern) + ", or set border='edge'")
    return pattern.label(codes)


def lbp_cells(
    image: npt.ArrayLike, *, cell_size: int | None = 8, n_points: int = 8, radius: float = 1.0,
    method: str = "uniform", interpolation: str = "auto", sharing: str = "auto", norm: str | None = "auto",
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Histograms of local binary patterns over the square cells of an image.

    Cell (i, j) covers rows ``i * cell_size`` to ``(i + 1) * cell_size - 1`` and
    the same for columns; what is left at the right and at the bottom belongs to
    no cell. Only pixels whose circle lies inside the image are counted.

    Parameters
    ----------
    image : array of shape (height, width)
        As in :func:`lbp_codes`.
    cell_size : int >= 1 or None, default 8
        Side of a cell in pixels; None makes the whole image one cell.
    n_points, radius, method, interpolation
        As in :func:`lbp_codes`; ``"plain"`` with at most 16 points.
    sharing : {"auto", "none", "bilinear"}, default "auto"
        ``"bilinear"`` shares each pixel between the four nearest cell centers
        (cells of at most 1024 pixels). ``"auto"`` is ``"bilinear"`` for
        ``"vlfeat"``, else ``"none"``.
    norm : {"auto", None, "l1", "l1-sqrt", "l2"}, default "auto"
        Of each histogram: counts as they are, relative frequencies, their square
        roots, or unit length. ``"auto"`` is ``"l1-sqrt"`` for ``"vlfeat"``, else
        ``"l1"``.
    out : array of the shape that is returned, float32, optional
        Where to write, C-contiguous; spares the page faults of a fresh array.

    Returns
    -------
    array of shape (height // cell_size, width // cell_size, n_bins), float32
        A cell without any counted pixel is zero.

    Raises
    ------
    ParameterError
        If the image or a parameter is out of range, the image smaller than one
        cell, or no pixel has all its neighbors.

    Notes
    -----
    ``method="vlfeat"`` agrees with VLFeat's ``vl_lbp_process`` to float32
    rounding; the axes there are (bin, row, column).

    References
    ----------
    T. Ahonen, A. Hadid, M. Pietikäinen, "Face description with local binary
    patterns: application to face recognition", PAMI 28(12), 2006, section 2.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> cells = bovw.lbp_cells(skimage.data.brick(), cell_size=64, method="riu2")
    >>> cells.shape, (100 * cells[0, 0]).round().astype(int).tolist()
    ((8, 8, 10), [3, 6, 2, 9, 20, 14, 5, 9, 20, 11])
    """
    parameters = plain_values(_CELLS, locals())
    cell_size, pattern = parameters.cell_size, _Pattern(parameters)
    n_bins = pattern.check_histogram()
    if sharing == "auto":
        sharing = "bilinear" if method == "vlfeat" else "none"
    if norm == "auto":
        norm = "l1-sqrt" if method == "vlfeat" else "l1"
    if sharing == "bilinear" and cell_size is not None:
        Integer(1, _MAX_SHARED_CELL).check("cell_size", cell_size)
    pixels = _check_image(image)
    codes = pattern.codes(pixels)
    if codes.size == 0:
        raise ParameterError(_too_small(pixels, pattern))
    height, width = pixels.shape
    if cell_size is None:
        cell_height, cell_width, sharing = height, width, "none"
    else:
        cell_height = cell_width = cell_size
        if min(height, width) < cell_size:
            raise ParameterError(
                f"image has shape {pixels.shape}; each side needs at least cell_size={cell_size} pixels: lower "
                "cell_size, or set it to None for one histogram of the whole image"
            )
    rows, columns = height // cell_height, width // cell_width
    histograms = check_output("out", out, (rows, columns, n_bins))
    if sharing == "bilinear":
        histograms[:] = 0
        row_tiles, row_mass = _tiles(height, rows, cell_size, pattern.margin)
        column_tiles, column_mass = _tiles(width, columns, cell_size, pattern.margin)
        _kernels.spread_cells(codes, pattern.table, cell_size, row_tiles, column_tiles, histograms)
        histograms *= _scale(row_mass, column_mass, norm)[..., None]
    else:
        cells = _cells(rows, columns, cell_height, cell_width, pattern.margin, codes.shape, norm)
        _kernels.count_cells(codes, pattern.table, *cells, histograms)
    return _finish(histograms, norm)


class LBP(Extractor):
    """Dense LBP descriptors: histograms of local binary patterns over patches of a grid; :func:`lbp` takes one image.

    Parameters
    ----------
    patch_sizes : int in [1, 1,048,576], or a sequence of them, default (16, 24, 32)
        Sides of the square patches in pixels, multiples of ``patch_cells``.
    step : int in [1, 1,048,576], default 8
        Pixels between neighboring patches, in x and y.
    patch_cells : int in [1, 1,048,576], default 2
        A patch is cut into ``patch_cells`` x ``patch_cells`` cells.
    n_points : int in [4, 32], default 8
        P, points on the circle; at most 16 for ``"ri"`` and ``"plain"``, 8 for ``"vlfeat"``.
    radius : float in (0, 1,000], default 1.0
        R, pixels.
    method : {"uniform", "riu2", "ri", "plain", "vlfeat"}, default "uniform"
        How codes become bins, see :mod:`bovw.descriptors.binary_patterns`.
    interpolation : {"auto", "bilinear", "nearest"}, default "auto"
        How points between pixels are read: ``"nearest"`` takes the nearest pixel,
        ``"auto"`` is ``"nearest"`` for ``"vlfeat"``, else ``"bilinear"``.
    norm : {None, "l1", "l1-sqrt", "l2"}, default "l2"
        Of each whole descriptor: counts as they are, relative frequencies, their
        square roots, or unit length.
    n_jobs : int or None, default None
        Worker threads over images.

    See Also
    --------
    lbp_cells : the cell grid of a whole image.

    Notes
    -----
    Pixels along the image's sides whose circle leaves the image are counted in no
    patch; a patch without any counted pixel is zero.

    References
    ----------
    T. Ojala, M. Pietikäinen, T. Mäenpää, "Multiresolution gray-scale and rotation
    invariant texture classification with local binary patterns", PAMI 24(7), 2002,
    section 2. Y. Lin et al., "Large-scale image classification: fast feature extraction
    and SVM training", CVPR 2011: dense LBP at several patch sizes. The paper leaves
    cells and normalization open.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.LBP(patch_sizes=16).transform([skimage.data.camera()])
    DescriptorSet(1 images, 3969 descriptors of size 236 float32, frames, sizes)
    """

    PARAMETERS = {
        "patch_sizes": PATCH_SIZES, "step": STEP, "patch_cells": Integer(1, MAX_LENGTH), **_CIRCLE, "norm": _NORM,
        "n_jobs": Jobs(),
    }

    def __init__(
        self, *, patch_sizes=(16, 24, 32), step: int = 8, patch_cells: int = 2, n_points: int = 8, radius: float = 1.0,
        method: str = "uniform", interpolation: str = "auto", norm: str | None = "l2", n_jobs: int | None = None,
    ):
        self.patch_sizes = patch_sizes
        self.step = step
        self.patch_cells = patch_cells
        self.n_points = n_points
        self.radius = radius
        self.method = method
        self.interpolation = interpolation
        self.norm = norm
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self) -> int:
        """The dimension of a descriptor, ``patch_cells**2`` times the number of bins."""
        return self.patch_cells**2 * _Pattern(self).check_histogram()

    def check_pairs(self):
        """Patches must divide into cells, and the method have a histogram of the circle."""
        check_divides("patch_sizes", self.checked("patch_sizes"), "patch_cells", self.patch_cells)
        _Pattern(self).check_histogram()

    def _describe(self, image, parameters, *, out=None):
        sizes, step, cells, norm = (
            getattr(parameters, name) for name in ("patch_sizes", "step", "patch_cells", "norm")
        )
        pattern = _Pattern(parameters)
        n_bins = pattern.n_bins
        image = _check_image(image)
        codes = pattern.codes(image)
        shapes, ends = patch_grid_shapes(*image.shape, sizes, step)
        descriptors = check_output("out", out, (int(ends[-1]), cells * cells * n_bins), may_be_longer=True)

        def tile_counts(top, bottom, right, tile):
            row_edges = _edges(top, (bottom - top) // tile, tile, pattern.margin, codes.shape[0])
            column_edges = _edges(0, right // tile, tile, pattern.margin, codes.shape[1])
            counts = np.empty((len(row_edges) - 1, len(column_edges) - 1, n_bins), np.float32)
            ones = np.ones(counts.shape[:2], np.float32)
            _kernels.count_cells(codes, pattern.table, row_edges, column_edges, ones, counts)
            return counts

        for size, shape, first, last in zip(sizes, shapes, ends[:-1], ends[1:], strict=True):
            part = descriptors[first:last]
            sum_patch_cells(tile_counts, size, step, part.reshape(*shape, cells, cells, n_bins))
            row_mass, column_mass = (_patch_mass(side, size, step, pattern.margin) for side in image.shape)
            if norm in ("l1", "l1-sqrt"):
                part *= _scale(row_mass, column_mass, norm).reshape(-1, 1)
            _finish(part, norm)
        return LocalDescriptors(descriptors, patch_frames(*image.shape, sizes, step))


@documented_by(LBP)
def lbp(
    image: ImageLike, *, patch_sizes=(16, 24, 32), step: int = 8, patch_cells: int = 2, n_points: int = 8,
    radius: float = 1.0, method: str = "uniform", interpolation: str = "auto", norm: str | None = "l2",
    out: np.ndarray | None = None,
) -> LocalDescriptors:
    """Descriptors of patches on a dense grid: the histograms of their cells, one after the other.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), or path
        As :func:`bovw.load_image` reads it, in gray: uint8, uint16 (divided by 257, rounded) or float.
    patch_sizes, step, patch_cells, n_points, radius, method, interpolation, norm
        As in :class:`LBP`, which does the same for many images.
    out : array of shape (m, d), float32, optional
        Where to write, C-contiguous, with m >= n rows; spares the page faults of a fresh array.

    Returns
    -------
    LocalDescriptors
        descriptors (n, patch_cells**2 * n_bins) float32, cells row by row, no rows if the image is smaller than
        every patch; frames (n, 4) float32, center x, center y, patch size, 0; norms None.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> descriptors, frames, _ = bovw.lbp(skimage.data.brick(), patch_sizes=16, method="riu2")
    >>> descriptors.shape, (100 * descriptors[0, :10]).round().astype(int).tolist()
    ((3969, 40), [6, 4, 0, 6, 14, 15, 8, 14, 17, 12])
    """
    extractor = LBP(
        patch_sizes=patch_sizes, step=step, patch_cells=patch_cells, n_points=n_points, radius=radius, method=method,
        interpolation=interpolation, norm=norm,
    )
    return extractor.describe(image, out=out)


class LBPHistogram(Extractor):
    """LBP histograms of the whole image, one (P, R) after the other: one descriptor, a texture signature.

    :func:`lbp_histogram` takes one image.

    Parameters
    ----------
    scales : sequence of (n_points, radius), default ((8, 1.0), (16, 2.0), (24, 3.0))
        P and R of each part, as in :class:`LBP`.
    method : {"uniform", "riu2", "ri", "plain", "vlfeat"}, default "riu2"
        How codes become bins, see :mod:`bovw.descriptors.binary_patterns`.
    interpolation : {"auto", "bilinear", "nearest"}, default "auto"
        How points between pixels are read, as in :class:`LBP`.
    norm : {None, "l1", "l1-sqrt", "l2"}, default "l1"
        Of each part on its own: counts as they are, relative frequencies, their
        square roots, or unit length.
    n_jobs : int or None, default None
        Worker threads over images.

    See Also
    --------
    LBP : dense patches, for a codebook.

    References
    ----------
    Ojala, Pietikäinen and Mäenpää, PAMI 2002, section 2.5; in full in :class:`LBP`.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.LBPHistogram().transform([skimage.data.brick(), skimage.data.grass()])
    DescriptorSet(2 images, 2 descriptors of size 54 float32, frames, sizes)
    """

    PARAMETERS = {"scales": Series(_Pair()), **_LABELS, "norm": _NORM, "n_jobs": Jobs()}

    def __init__(
        self, *, scales=((8, 1.0), (16, 2.0), (24, 3.0)), method: str = "riu2", interpolation: str = "auto",
        norm: str | None = "l1", n_jobs: int | None = None,
    ):
        self.scales = scales
        self.method = method
        self.interpolation = interpolation
        self.norm = norm
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self) -> int:
        """The dimension of the descriptor, the bins of all scales."""
        return sum(pattern.check_histogram() for pattern in self._patterns())

    def check_pairs(self):
        """The method must have a histogram of each circle."""
        for pattern in self._patterns():
            pattern.check_histogram()

    def _patterns(self):
        return [
            _Pattern(SimpleNamespace(
                n_points=n_points, radius=radius, method=self.method, interpolation=self.interpolation
            ))
            for n_points, radius in self.scales
        ]

    def _describe(self, image, parameters):
        parts = [
            lbp_cells(
                image, cell_size=None, n_points=n_points, radius=radius, method=parameters.method,
                interpolation=parameters.interpolation, sharing="none", norm=parameters.norm,
            ).ravel()
            for n_points, radius in parameters.scales
        ]
        return LocalDescriptors(np.concatenate(parts)[None], whole_frame(image))


@documented_by(LBPHistogram)
def lbp_histogram(
    image: ImageLike, *, scales=((8, 1.0), (16, 2.0), (24, 3.0)), method: str = "riu2", interpolation: str = "auto",
    norm: str | None = "l1",
) -> np.ndarray:
    """Texture signature of a whole image: histograms of several (P, R), one after the other.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), or path
        As :func:`bovw.load_image` reads it, in gray: uint8, uint16 (divided by 257, rounded) or float.
    scales, method, interpolation, norm
        As in :class:`LBPHistogram`, which does the same for many images.

    Returns
    -------
    array of shape (n_bins of all scales,), float32
        54 numbers by default: 10 + 18 + 26.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.lbp_histogram(skimage.data.brick(), scales=[(8, 1)], norm=None).astype(int).tolist()
    [8039, 16958, 4180, 22350, 49273, 40176, 15140, 23217, 49512, 31255]
    """
    extractor = LBPHistogram(scales=scales, method=method, interpolation=interpolation, norm=norm)
    return extractor.describe(image).descriptors[0]


class _Pattern:
    """What follows from a choice of circle and labels, each in its range: attributes of ``parameters``."""

    def __init__(self, parameters):
        n_points, radius = parameters.n_points, parameters.radius
        method, interpolation = parameters.method, parameters.interpolation
        self.n_points, self.method = n_points, method
        if method == "vlfeat" and (n_points != 8 or radius != 1 or interpolation == "bilinear"):
            raise ParameterError(
                f"method='vlfeat' is defined on the 3 x 3 square; got n_points={n_points}, radius={radius}, "
                f"interpolation={interpolation!r}: leave them at 8, 1 and 'auto'"
            )
        if method == "ri" and n_points > _MAX_TABLE_POINTS:
            raise ParameterError(f"n_points={n_points} is too many for method='ri', at most 16; use method='riu2'")
        self.strict = method == "vlfeat"
        self._nearest = self.strict or interpolation == "nearest"
        self._taps, self._weights, self.margin = _circle(n_points, radius, self._nearest)
        self._is_3x3 = n_points == 8 and radius == 1

    @property
    def n_bins(self):
        """The number of labels."""
        if self.method == "ri":
            return int(self.table.max()) + 1
        return {
            "plain": 2**self.n_points, "uniform": self.n_points * (self.n_points - 1) + 3,
            "riu2": self.n_points + 2, "vlfeat": 58,
        }[self.method]

    @property
    def table(self):
        """uint16 array that takes every value :meth:`codes` returns to its label."""
        if self.n_points > _MAX_TABLE_POINTS:
            return np.arange(self.n_bins, dtype=np.uint16)
        return _label_table(self.n_points, self.method)

    def check_histogram(self):
        """The number of bins; raises ParameterError if there are too many to count."""
        if self.method == "plain" and self.n_points > _MAX_TABLE_POINTS:
            raise ParameterError(
                f"n_points={self.n_points} gives 2^{self.n_points} bins with method='plain', at most 16 points "
                "have a histogram; use method='uniform' or 'riu2'"
            )
        return self.n_bins

    def codes(self, image):
        """Codes of the pixels whose neighbors all lie inside (may be none); labels already beyond 16 points."""
        height, width = (max(0, side - 2 * self.margin) for side in image.shape)
        if self.n_points <= 8:
            dtype = np.uint8
        else:
            dtype = np.uint16 if self.n_points <= _MAX_TABLE_POINTS else np.uint32
        codes = np.empty((height, width), dtype)
        if codes.size == 0:
            return codes
        if self._is_3x3 and image.dtype == np.uint8:
            _kernels.codes_3x3(image, not self._nearest, self.strict, codes)
        else:
            _kernels.codes_any(image, self._taps, self._weights, self.margin, self.strict, codes)
        if self.n_points <= _MAX_TABLE_POINTS or self.method == "plain":
            return codes
        return _uniform_labels(codes, self.n_points, self.method)

    def label(self, codes):
        """Labels of the values that :meth:`codes` returned, in the narrowest type."""
        if self.method == "plain":
            return codes
        narrow = np.uint8 if self.n_bins <= 256 else np.uint16
        if self.n_points > _MAX_TABLE_POINTS:
            return codes.astype(narrow, copy=False)
        labels = np.empty(codes.shape, narrow)
        _kernels.relabel(codes, self.table, labels)
        return labels


@functools.lru_cache(maxsize=64)
def _circle(n_points, radius, nearest):
    """Taps (P, 4, 2) and weights (P, 4) of the sampling points, and how far they reach in whole pixels."""
    angles = 2 * np.pi * np.arange(n_points) / n_points
    points = np.rint(_UNIT * radius * np.stack([-np.sin(angles), np.cos(angles)], axis=1)).astype(np.int64)
    if nearest:
        points = np.rint(points / _UNIT).astype(np.int64) * _UNIT
    corner, part = np.divmod(points, _UNIT)
    taps = np.repeat(corner[:, None, :], 4, axis=1)
    weights = np.empty((n_points, 4))
    for k, (down, right) in enumerate(itertools.product((0, 1), repeat=2)):
        weights[:, k] = np.where(down, part[:, 0], _UNIT - part[:, 0])
        weights[:, k] *= np.where(right, part[:, 1], _UNIT - part[:, 1])
        # a neighbor of weight 0 may lie outside the margin: read the corner instead
        taps[:, k, 0] += down * (part[:, 0] > 0)
        taps[:, k, 1] += right * (part[:, 1] > 0)
    return taps.astype(np.int32), weights, int(np.abs(taps).max())


@functools.lru_cache(maxsize=64)
def _label_table(n_points, method):
    """The label of each of the 2^P codes, uint16."""
    codes = np.arange(2**n_points, dtype=np.uint32)
    if method in ("uniform", "riu2"):
        return _uniform_labels(codes[None], n_points, method)[0]
    labels = codes
    if method == "ri":
        for shift in range(1, n_points):
            labels = np.minimum(labels, (codes >> shift | codes << (n_points - shift)) % codes.size)
        labels = np.unique(labels, return_inverse=True)[1]
    elif method == "vlfeat":
        labels = np.full(256, 57)
        labels[[0, 255]] = 56
        for first, length in itertools.product(range(8), range(1, 8)):
            clockwise = sum(1 << (first + k) % 8 for k in range(length))
            anticlockwise = sum(1 << -k % 8 for k in range(8) if clockwise >> k & 1)
            labels[anticlockwise] = 7 * first + length - 1
    return labels.astype(np.uint16)


def _uniform_labels(codes, n_points, method):
    """Labels u2 or riu2 of a 2-d uint32 array of codes, uint16."""
    labels = np.empty(codes.shape, np.uint16)
    _kernels.uniform_labels(codes, n_points, method == "riu2", labels)
    return labels


def _check_image(image):
    """uint8 and uint16 as they are, other integers as uint16 where that is exact, all else float32."""
    image = np.asarray(image)
    if image.ndim == 2 and image.size:
        if image.dtype == np.bool_:
            image = image.view(np.uint8)
        elif image.dtype.kind in "iu" and image.dtype.itemsize > 1 and 0 <= image.min() <= image.max() <= 65535:
            image = image.astype(np.uint16, copy=False)
        if image.dtype in (np.uint8, np.uint16):
            return np.ascontiguousarray(image)
    return check_gray_image(image)


def _too_small(image, pattern):
    side = 2 * pattern.margin + 1
    return (
        f"image has shape {image.shape}; no pixel has all its neighbors, each side needs at least {side} pixels: "
        "use a smaller radius or a larger image"
    )


def _edges(start, n_cells, cell_size, margin, n_codes):
    """Edges of ``n_cells`` cells from image pixel ``start`` on, as rows or columns of the codes."""
    edges = start - margin + cell_size * np.arange(n_cells + 1)
    return np.clip(edges, 0, n_codes).astype(np.int32)


@functools.lru_cache(maxsize=64)
def _cells(rows, columns, cell_height, cell_width, margin, codes_shape, norm):
    """Edges of the rows and columns of cells, and the factor of each cell."""
    row_edges = _edges(0, rows, cell_height, margin, codes_shape[0])
    column_edges = _edges(0, columns, cell_width, margin, codes_shape[1])
    return row_edges, column_edges, _scale(np.diff(row_edges), np.diff(column_edges), norm)


def _patch_mass(length, patch_size, step, margin):
    """How many rows or columns with codes each patch along an axis has."""
    starts = step * np.arange(frames_along(length, patch_size - 1, step))
    return np.maximum(np.minimum(starts + patch_size, length - margin) - np.maximum(starts, margin), 0)


@functools.lru_cache(maxsize=64)
def _tiles(length, n_cells, cell_size, margin):
    """Tiles along one axis, as the kernel ``spread_cells`` wants them, and the sum of weights of each cell."""
    tile = min(16, 2048 // cell_size)
    starts = np.arange(-1, n_cells)[:, None] * cell_size + cell_size // 2 + np.arange(0, cell_size, tile)
    before = np.repeat(np.arange(-1, n_cells), starts.shape[1])
    stops = np.minimum(starts + tile, starts[:, :1] + cell_size).clip(margin, length - margin).ravel()
    starts = starts.clip(margin, length - margin).ravel()
    weight = 2 * starts + 1 - cell_size - 2 * cell_size * before
    tiles = np.stack([starts - margin, stops - margin, before, weight], axis=1)[stops > starts]
    n = tiles[:, 1] - tiles[:, 0]
    after = n * (tiles[:, 3] + n - 1) / (2 * cell_size)
    mass = np.bincount(tiles[:, 2] + 1, n - after, n_cells + 1)[1:]
    mass += np.bincount(tiles[:, 2] + 1, after, n_cells + 1)[:n_cells]
    return tiles.astype(np.int32), mass


def _scale(row_mass, column_mass, norm):
    """What to multiply counts by: 1, or 1 / mass for relative frequencies; float32."""
    mass = np.multiply.outer(row_mass, column_mass)
    if norm not in ("l1", "l1-sqrt"):
        return np.ones(mass.shape, np.float32)
    return (1 / np.where(mass > 0, mass, 1)).astype(np.float32)


def _finish(histograms, norm):
    """What is left to do for a norm, in place: square roots, or unit length along the last axis."""
    if norm == "l1-sqrt":
        np.sqrt(histograms, out=histograms)
    elif norm == "l2":
        length = np.sqrt(np.einsum("...i,...i->...", histograms, histograms))
        histograms /= np.where(length > 0, length, 1)[..., None]
    return histograms
