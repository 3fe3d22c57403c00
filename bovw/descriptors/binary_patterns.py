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

import functools
import itertools

import numpy as np

from .._cext import lbp as _kernels
from .._validation import check_choice, check_gray_image, check_int, check_number, check_output
from ..errors import ParameterError
from ..images import load_image
from .base import Extractor
from .grid import frames_along, whole_frame
from .patch_grid import check_patches, patch_frames, patch_grid_shapes, sum_patch_cells

METHODS = ("uniform", "riu2", "ri", "plain", "vlfeat")
INTERPOLATIONS = ("auto", "bilinear", "nearest")
NORMS = (None, "l1", "l1-sqrt", "l2")
BORDERS = ("valid", "zero", "edge")

_UNIT = 100_000  # sampling coordinates are multiples of 1 / _UNIT
_MAX_RADIUS = 1000
_MAX_TABLE_POINTS = 16  # labels of longer codes are computed, not looked up
_MAX_SHARED_CELL = 1024  # keeps the kernel's sums exact


def lbp_codes(image, *, n_points=8, radius=1.0, method="uniform", interpolation="auto", border="valid"):
    """Label of the local binary pattern of every pixel.

    Parameters
    ----------
    image : array of shape (height, width)
        Gray; uint8 and uint16 keep their exact values, other types become float32.
    n_points : int
        P, points on the circle, 4 to 32; at most 16 for ``"ri"``, 8 for ``"vlfeat"``.
    radius : float
        R, pixels, up to 1000.
    method : {"uniform", "riu2", "ri", "plain", "vlfeat"}
        How codes become labels, see the head of this module.
    interpolation : {"auto", "bilinear", "nearest"}
        How a point between pixels is read. ``"nearest"`` takes the nearest
        pixel: with 8 points and radius 1 the 3 x 3 square. ``"auto"`` is
        ``"nearest"`` for ``"vlfeat"``, else ``"bilinear"``.
    border : {"valid", "zero", "edge"}
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
    T. Ojala, M. Pietikäinen, T. Mäenpää, "Multiresolution gray-scale and rotation
    invariant texture classification with local binary patterns", PAMI 24(7), 2002.

    Examples
    --------
    >>> lbp_codes(np.zeros((5, 6), np.uint8)).shape
    (3, 4)
    """
    pattern = _Pattern(n_points, radius, method, interpolation)
    check_choice("border", border, BORDERS)
    image = _check_image(image)
    if border != "valid":
        image = np.pad(image, pattern.margin, mode="constant" if border == "zero" else "edge")
    codes = pattern.codes(image)
    if codes.size == 0:
        raise ParameterError(_too_small(image, pattern) + ", or set border='edge'")
    return pattern.label(codes)


def lbp(
    image, *, cell_size=8, n_points=8, radius=1.0, method="uniform", interpolation="auto", sharing="auto",
    norm="auto", out=None,
):
    """Histograms of local binary patterns over the square cells of an image.

    Cell (i, j) covers rows ``i * cell_size`` to ``(i + 1) * cell_size - 1`` and
    the same for columns; what is left at the right and at the bottom belongs to
    no cell. Only pixels whose circle lies inside the image are counted.

    Parameters
    ----------
    image : array of shape (height, width)
        As in :func:`lbp_codes`.
    cell_size : int or None
        Side of a cell in pixels; None makes the whole image one cell.
    n_points, radius, method, interpolation
        As in :func:`lbp_codes`; ``"plain"`` with at most 16 points.
    sharing : {"auto", "none", "bilinear"}
        ``"bilinear"`` shares each pixel between the four nearest cell centers
        (cells of at most 1024 pixels). ``"auto"`` is ``"bilinear"`` for
        ``"vlfeat"``, else ``"none"``.
    norm : {"auto", None, "l1", "l1-sqrt", "l2"}
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
    patterns: application to face recognition", PAMI 28(12), 2006.

    Examples
    --------
    >>> lbp(np.zeros((40, 60), np.uint8), cell_size=16).shape
    (2, 3, 59)
    """
    pattern = _Pattern(n_points, radius, method, interpolation)
    n_bins = pattern.check_histogram()
    check_choice("sharing", sharing, ("auto", "none", "bilinear"))
    check_choice("norm", norm, ("auto", *NORMS))
    if sharing == "auto":
        sharing = "bilinear" if method == "vlfeat" else "none"
    if norm == "auto":
        norm = "l1-sqrt" if method == "vlfeat" else "l1"
    if cell_size is not None:
        cell_size = check_int("cell_size", cell_size, 1, _MAX_SHARED_CELL if sharing == "bilinear" else None)
    image = _check_image(image)
    codes = pattern.codes(image)
    if codes.size == 0:
        raise ParameterError(_too_small(image, pattern))
    height, width = image.shape
    if cell_size is None:
        cell_height, cell_width, sharing = height, width, "none"
    else:
        cell_height = cell_width = cell_size
        if min(height, width) < cell_size:
            raise ParameterError(
                f"image has shape {image.shape}; each side needs at least cell_size={cell_size} pixels: lower "
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


def lbp_histogram(
    image, *, scales=((8, 1.0), (16, 2.0), (24, 3.0)), method="riu2", interpolation="auto", norm="l1"
):
    """Texture signature of a whole image: histograms of several (P, R), one after the other.

    Parameters
    ----------
    image : array of shape (height, width)
        As in :func:`lbp_codes`.
    scales : list of (int, float)
        n_points and radius of each part.
    method, interpolation
        As in :func:`lbp_codes`.
    norm : {None, "l1", "l1-sqrt", "l2"}
        Of each part on its own.

    Returns
    -------
    array of shape (n_bins of all scales,), float32
        54 numbers by default: 10 + 18 + 26.

    Raises
    ------
    ParameterError
        As :func:`lbp` with ``cell_size=None``.

    References
    ----------
    Ojala et al. 2002, section 2.5 (multiresolution analysis).
    """
    check_choice("norm", norm, NORMS)
    pairs = _check_scales(scales)
    options = {"cell_size": None, "method": method, "interpolation": interpolation, "sharing": "none", "norm": norm}
    parts = [lbp(image, n_points=n_points, radius=radius, **options).ravel() for n_points, radius in pairs]
    return np.concatenate(parts)


def lbp_patches(
    image, *, patch_sizes=(16, 24, 32), step=8, cells=2, n_points=8, radius=1.0, method="uniform",
    interpolation="auto", norm="l2", out=None,
):
    """Descriptors of patches on a dense grid: the histograms of their cells, one after the other.

    Parameters
    ----------
    image : array of shape (height, width)
        As in :func:`lbp_codes`.
    patch_sizes : int or list of int
        Sides of the square patches in pixels, multiples of ``cells``.
    step : int
        Pixels between neighboring patches, in x and y.
    cells : int
        A patch is cut into ``cells`` x ``cells`` cells.
    n_points, radius, method, interpolation
        As in :func:`lbp_codes`; ``"plain"`` with at most 16 points.
    norm : {None, "l1", "l1-sqrt", "l2"}
        Of the whole descriptor.
    out : (m, cells * cells * n_bins) array, float32, optional
        Where to write, C-contiguous, with m >= n rows; spares the page faults of a fresh array.

    Returns
    -------
    descriptors : array of shape (n, cells * cells * n_bins), float32
        Cells row by row; empty if the image is smaller than every patch.
    frames : array of shape (n, 4), float32
        Center x, center y, patch size, 0.

    Raises
    ------
    ParameterError
        If the image or a parameter is out of range.

    Notes
    -----
    Pixels along the image's sides whose circle leaves the image are counted in no
    patch; a patch without any counted pixel is zero.

    References
    ----------
    Y. Lin et al., "Large-scale image classification: fast feature extraction and
    SVM training", CVPR 2011: dense LBP at several patch sizes. The paper leaves
    cells and normalization open.
    """
    sizes, step, cells = check_patches(patch_sizes, step, cells)
    pattern = _Pattern(n_points, radius, method, interpolation)
    n_bins = pattern.check_histogram()
    check_choice("norm", norm, NORMS)
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
    return descriptors, patch_frames(*image.shape, sizes, step)


class LBP(Extractor):
    """Dense LBP descriptors: histograms of local binary patterns over patches of a grid.

    Parameters
    ----------
    patch_sizes : int or list of int
        Sides of the square patches in pixels, multiples of ``cells``.
    step : int
        Pixels between neighboring patches.
    cells : int
        Cells along each side of a patch.
    n_points, radius : int, float
        P and R of the circle.
    method : {"uniform", "riu2", "ri", "plain", "vlfeat"}
        How codes become bins.
    interpolation : {"auto", "bilinear", "nearest"}
        How points between pixels are read.
    norm : {None, "l1", "l1-sqrt", "l2"}
        Of each descriptor.
    n_jobs : int, optional
        Worker threads over images.

    See Also
    --------
    lbp_patches : the same for one array, with the parameters in full.

    Examples
    --------
    >>> LBP(patch_sizes=16, step=8).extract(np.zeros((32, 48), np.uint8))
    DescriptorSet(1 images, 15 descriptors of size 236 float32, frames, sizes)
    """

    def __init__(
        self, patch_sizes=(16, 24, 32), step=8, *, cells=2, n_points=8, radius=1.0, method="uniform",
        interpolation="auto", norm="l2", n_jobs=None,
    ):
        self.patch_sizes = patch_sizes
        self.step = step
        self.cells = cells
        self.n_points = n_points
        self.radius = radius
        self.method = method
        self.interpolation = interpolation
        self.norm = norm
        self.n_jobs = n_jobs

    def _pattern(self):
        return _Pattern(self.n_points, self.radius, self.method, self.interpolation)

    @property
    def descriptor_size(self):
        """The dimension of a descriptor, ``cells**2`` times the number of bins."""
        return self.cells**2 * self._pattern().check_histogram()

    def check_params(self):
        check_patches(self.patch_sizes, self.step, self.cells)
        self._pattern().check_histogram()
        check_choice("norm", self.norm, NORMS)

    def _extract(self, image):
        image = load_image(image, mode="gray") if image.ndim == 3 else image
        descriptors, frames = lbp_patches(
            image, patch_sizes=self.patch_sizes, step=self.step, cells=self.cells,
            n_points=self.n_points, radius=self.radius, method=self.method, interpolation=self.interpolation,
            norm=self.norm,
        )
        return descriptors, frames, None


class LBPHistogram(Extractor):
    """LBP histograms of the whole image, one (P, R) after the other: one descriptor, a texture signature.

    Parameters
    ----------
    scales, method, interpolation, norm
        As in :func:`lbp_histogram`.
    n_jobs : int, optional
        Worker threads over images.

    See Also
    --------
    lbp_histogram : the same for one array.
    LBP : dense patches, for a codebook.

    References
    ----------
    T. Ojala, M. Pietikäinen, T. Mäenpää, "Multiresolution gray-scale and rotation
    invariant texture classification with local binary patterns", PAMI 24(7), 2002.

    Examples
    --------
    >>> LBPHistogram().extract(np.zeros((48, 64), np.uint8))
    DescriptorSet(1 images, 1 descriptors of size 54 float32, frames, sizes)
    """

    def __init__(
        self, scales=((8, 1.0), (16, 2.0), (24, 3.0)), *, method="riu2", interpolation="auto", norm="l1", n_jobs=None
    ):
        self.scales = scales
        self.method = method
        self.interpolation = interpolation
        self.norm = norm
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self):
        """The dimension of the descriptor, the bins of all scales."""
        return sum(
            _Pattern(n_points, radius, self.method, self.interpolation).check_histogram()
            for n_points, radius in _check_scales(self.scales)
        )

    def check_params(self):
        for n_points, radius in _check_scales(self.scales):
            _Pattern(n_points, radius, self.method, self.interpolation).check_histogram()
        check_choice("norm", self.norm, NORMS)

    def _extract(self, image):
        histogram = lbp_histogram(
            image, scales=self.scales, method=self.method, interpolation=self.interpolation, norm=self.norm
        )
        return histogram[None], whole_frame(image), None


def _check_scales(scales):
    try:
        pairs = [(n_points, radius) for n_points, radius in scales]
    except (TypeError, ValueError):
        raise ParameterError(f"scales={scales!r} must be a list of (n_points, radius) pairs") from None
    if not pairs:
        raise ParameterError("scales is empty; give at least one (n_points, radius), such as (8, 1)")
    return pairs


class _Pattern:
    """A checked choice of circle and labels."""

    def __init__(self, n_points, radius, method, interpolation):
        check_choice("method", method, METHODS)
        check_choice("interpolation", interpolation, INTERPOLATIONS)
        self.n_points = check_int("n_points", n_points, 4, 32)
        radius = check_number("radius", radius, 0, _MAX_RADIUS, exclusive=True)
        self.method = method
        if method == "vlfeat" and (self.n_points != 8 or radius != 1 or interpolation == "bilinear"):
            raise ParameterError(
                f"method='vlfeat' is defined on the 3 x 3 square; got n_points={n_points}, radius={radius}, "
                f"interpolation={interpolation!r}: leave them at 8, 1 and 'auto'"
            )
        if method == "ri" and self.n_points > _MAX_TABLE_POINTS:
            raise ParameterError(f"n_points={n_points} is too many for method='ri', at most 16; use method='riu2'")
        self.strict = method == "vlfeat"
        self._nearest = self.strict or interpolation == "nearest"
        self._taps, self._weights, self.margin = _circle(self.n_points, radius, self._nearest)
        self._is_3x3 = self.n_points == 8 and radius == 1

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
