"""Histograms of oriented gradients: cell grids, normalized blocks and dense patches.

*Votes* (Dalal and Triggs 2005, section 6). The gradient of a pixel is taken with
[-1 0 1] in the color channel where it is longest. Its length m votes for the
orientation of the gradient, in n bins over half a turn (unsigned: opposite
gradients are equal) or a whole turn (signed), and for the cells around it; a
bilinear vote is shared between the two nearest bins or cells in proportion.

*Cell grids*, :func:`hog_cells`. With h(cell) the votes in 2 n signed bins and u(cell) the
same in n unsigned bins, each cell belongs to four blocks of 2 x 2 cells,
N_b = sqrt(sum over the block of |u|^2 + 1e-4), and

    dalal-triggs    min(u / N_b, 0.2) for the four b, 4 n numbers;
    uoctti          1/2 sum_b min(h / N_b, 0.2), 2 n numbers,
                    1/2 sum_b min(u / N_b, 0.2), n numbers,
                    sum_k min(u_k / N_b, 0.2) / sqrt(18) for the four b,

31 numbers for n = 9: the analytic projection of Felzenszwalb et al. (2010, section
6). Cells beyond the border of the image repeat those on it.

*Blocks and patches*, :func:`hog_blocks`, :func:`hog_window` and :func:`hog`: a square
of c x c cells is described on its own. A vote is further weighted by a Gaussian about
the square's center, cells outside of the square get nothing, and the c c n histogram v
is normalized as a whole. "l2-hys" is v / sqrt(|v|^2 + epsilon^2), clipped at 0.2, and
normalized again (section 6.4).

References
----------
N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection",
CVPR 2005. P. Felzenszwalb, R. Girshick, D. McAllester and D. Ramanan, "Object
detection with discriminatively trained part-based models", PAMI 2010. A. Vedaldi
and B. Fulkerson, "VLFeat", ACM Multimedia 2010.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .._cext import hog as _kernels
from .._docs import documented_by
from .._parameters import Boolean, Choice, Integer, Jobs, Number, Optional, Series
from .._validation import all_finite, check_color_image, check_gray_image, check_output
from ..errors import ParameterError
from ..images import ImageLike, warn_of_unit_scale
from ..images.opencv import cv2
from .base import Extractor, plain_values
from .grid import whole_frame
from .local_descriptors import LocalDescriptors
from .patch_grid import MAX_LENGTH, PATCH_SIZES, STEP, patch_frames, patch_grid_shapes

_VOTES = {
    "orientations": Integer(1, 180), "sigma": Optional(Number(0, exclusive=True)),
    "norm": Choice("l2-hys", "l2", "l1-sqrt", "l1", None), "epsilon": Number(1e-10),
}
VARIANT = Choice("uoctti", "dalal-triggs")
#: parameters of :func:`hog_cells`
_CELLS = {
    "cell_size": Integer(1), "orientations": _VOTES["orientations"], "variant": VARIANT,
    "bilinear_orientations": Boolean(),
}
#: parameters of :func:`hog_blocks`
_BLOCKS = {
    "cell_size": Integer(1, MAX_LENGTH), "block_cells": Integer(1, 64), "orientations": _VOTES["orientations"],
    "signed": Boolean(), "sigma": _VOTES["sigma"], "bilinear_cells": Boolean(), "bilinear_orientations": Boolean(),
    "norm": _VOTES["norm"], "epsilon": _VOTES["epsilon"],
}
_CLIP = 0.2
_BLOCK_EPSILON2 = 1e-4


def hog_cells(
    image: npt.ArrayLike, *, cell_size: int = 8, orientations: int = 9, variant: str = "uoctti",
    bilinear_orientations: bool = False, out: np.ndarray | None = None,
) -> np.ndarray:
    """A grid of HoG cells, as VLFeat defines it.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3)
        Gray or RGB; uint8, uint16, or float on the 0-255 scale. In each pixel the
        channel with the longest gradient counts.
    cell_size : int, default 8
        Side of a cell in pixels.
    orientations : int, default 9
        Bins over half a turn. Bin k is centered at k * 180 / orientations degrees,
        measured from x towards y (down).
    variant : {"uoctti", "dalal-triggs"}, default "uoctti"
        3 * orientations + 4 or 4 * orientations numbers a cell: see Notes.
    bilinear_orientations : bool, default False
        Share each vote between the two nearest orientations. By default the
        nearest takes all; a vote halfway between two goes to the lower.
    out : array of the shape that is returned, float32, optional
        Where to write, C-contiguous; spares the page faults of a fresh array.

    Returns
    -------
    array of shape (rows, cols, d), float32
        With rows = (height + cell_size // 2) // cell_size, likewise cols. Values lie in
        [0, 0.4], the texture features of "uoctti" in [0, 0.2 * orientations / sqrt(18)].

    Raises
    ------
    ParameterError
        If a parameter is out of range, the image is not finite, or it is too
        small for a single cell.

    Warns
    -----
    ImageScaleWarning
        If the values of a float image lie in [0, 1].

    Notes
    -----
    "uoctti": 2 * orientations signed bins, orientations unsigned bins, and the
    gradient energy in the four blocks. "dalal-triggs": the unsigned bins in each of
    the four blocks, clipped and not renormalized, without Gaussian window; for the
    blocks of the paper see :func:`hog_blocks`. The order of blocks is upper left,
    upper right, lower left, lower right. As in VLFeat the outermost pixels do not
    vote, border cells are kept, and 1 / sqrt(18) stays for any number of
    orientations. Nearest votes agree with VLFeat to about 1e-6. Its bilinear votes go
    through an arc cosine in single precision, which is inexact near the bin
    centers: cells of 8 pixels differ by about 1e-5.

    References
    ----------
    P. Felzenszwalb, R. Girshick, D. McAllester, D. Ramanan, "Object detection with
    discriminatively trained part-based models", PAMI 2010, section 6; the formulas stand
    at the head of :mod:`bovw.descriptors.oriented_gradients`.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> grid = bovw.hog_cells(skimage.data.camera())
    >>> grid.shape, (100 * grid[30, 30, 18:27]).astype(int).tolist()
    ((64, 64, 31), [37, 3, 25, 4, 11, 0, 0, 9, 40])
    """
    parameters = plain_values(_CELLS, locals())
    cell_size, orientations = parameters.cell_size, parameters.orientations
    warn_of_unit_scale(np.asarray(image))
    pixels = _pixels(image)
    rows, cols = ((side + cell_size // 2) // cell_size for side in pixels.shape[:2])
    if rows == 0 or cols == 0:
        least = cell_size - cell_size // 2
        raise ParameterError(
            f"image has shape {pixels.shape[:2]}; a cell of cell_size={cell_size} needs at least {least} x {least} "
            "pixels; lower cell_size"
        )
    cells = np.zeros((rows, cols, 2 * orientations), np.float32)
    _kernels.cell_histograms(pixels, cell_size, parameters.bilinear_orientations, cells)
    _check_range(cells)
    uoctti = variant == "uoctti"
    features = check_output("out", out, (rows, cols, 3 * orientations + 4 if uoctti else 4 * orientations))
    _kernels.normalize_cells(cells, uoctti, _BLOCK_EPSILON2, features)
    return features


class HOG(Extractor):
    """Dense HoG patches: images in, a DescriptorSet out.

    Parameters
    ----------
    patch_sizes : int in [1, 1,048,576], or a sequence of them, default (16, 25, 31)
        Sides of the patches in pixels, each at least ``patch_cells``.
    step : int in [1, 1,048,576], default 8
        Pixels between neighboring patches of one size. The first begins in the
        upper left corner; all lie wholly inside the image.
    patch_cells : int in [1, 64], default 4
        A patch is cut into ``patch_cells`` x ``patch_cells`` cells, of a fractional number of pixels
        where the sides do not divide.
    orientations : int in [1, 180], default 9
        Bins over half a turn, the first centered at half a bin.
    variant : {"uoctti", "dalal-triggs"}, default "dalal-triggs"
        "dalal-triggs" has ``orientations`` unsigned bins a cell; "uoctti" has
        2 * orientations signed bins and, after them, the unsigned ones.
    sigma : float > 0 or None, default 0.5
        Standard deviation of the Gaussian window in patch widths; None for no window.
    norm : {"l2-hys", "l2", "l1-sqrt", "l1", None}, default "l2-hys"
        Normalization of a descriptor.
    epsilon : float >= 1e-10, default 0.01
        Regularizer of the norm, in units of the histogram.
    color : bool, default True
        Take each pixel's strongest channel of the RGB image; with False images are
        read as gray.
    n_jobs : int or None, default None
        Worker threads of :meth:`transform`.

    See Also
    --------
    hog : the same for one image.
    hog_cells, hog_blocks : cell grids of a whole image.

    Notes
    -----
    A patch is one R-HOG block with more cells: trilinear votes, nothing from outside.
    Wang et al. and Lin et al. leave cells, bins and normalization of their patches
    open; ``patch_cells=4, orientations=8`` gives 128 numbers. Votes are pooled from rows
    of orientation energies without integral images, so the cost hardly depends on the
    patch size.

    References
    ----------
    N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection",
    CVPR 2005, section 6. J. Wang et al., "Locality-constrained linear coding for image
    classification", CVPR 2010, section 5 (patches of 16, 25 and 31 pixels, step 8).
    Y. Lin et al., "Large-scale image classification: fast feature extraction and SVM
    training", CVPR 2011.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.HOG(patch_sizes=16).transform([skimage.data.camera()])
    DescriptorSet(1 images, 3969 descriptors of size 144 float32, frames, norms, sizes)
    """

    PARAMETERS = {
        "patch_sizes": PATCH_SIZES, "step": STEP, "patch_cells": Integer(1, 64), "orientations": _VOTES["orientations"],
        "variant": VARIANT, "sigma": _VOTES["sigma"], "norm": _VOTES["norm"], "epsilon": _VOTES["epsilon"],
        "color": Boolean(), "n_jobs": Jobs(),
    }

    gray_suffices = True

    def __init__(
        self, *, patch_sizes=(16, 25, 31), step: int = 8, patch_cells: int = 4, orientations: int = 9,
        variant: str = "dalal-triggs", sigma: float | None = 0.5, norm: str | None = "l2-hys", epsilon: float = 0.01,
        color: bool = True, n_jobs: int | None = None,
    ):
        self.patch_sizes = patch_sizes
        self.step = step
        self.patch_cells = patch_cells
        self.orientations = orientations
        self.variant = variant
        self.sigma = sigma
        self.norm = norm
        self.epsilon = epsilon
        self.color = color
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self) -> int:
        """The dimension of a descriptor."""
        return self.patch_cells**2 * _n_bins(self.orientations, self.variant)

    def check_pairs(self):
        """A cell needs a pixel."""
        for size in self.checked("patch_sizes"):
            if size < self.patch_cells:
                raise ParameterError(
                    f"patch_sizes={size} must be at least patch_cells={self.patch_cells}, a pixel a cell; lower "
                    "patch_cells"
                )

    def _describe(self, image, parameters, *, out=None):
        sizes, cells, orientations = parameters.patch_sizes, parameters.patch_cells, parameters.orientations
        pixels = _pixels(image)
        height, width = pixels.shape[:2]
        shapes, ends = patch_grid_shapes(height, width, sizes, parameters.step)
        frames = patch_frames(height, width, sizes, parameters.step)
        n_bins = _n_bins(orientations, parameters.variant)
        descriptors = check_output("out", out, (int(ends[-1]), cells**2 * n_bins), may_be_longer=True)
        norms = np.empty(ends[-1], np.float32)
        if ends[-1] == 0:
            return LocalDescriptors(descriptors, frames, norms)
        taps = [_taps(size, cells, parameters.sigma, True) for size in sizes]
        if parameters.variant == "uoctti":
            signed = [np.empty((*shape, cells, cells, 2 * orientations), np.float32) for shape in shapes]
            _pool(pixels, (0, 0), parameters.step, taps, True, True, signed)
            whole = descriptors.reshape(-1, cells**2, n_bins)
            for part, first, last in zip(signed, ends[:-1], ends[1:], strict=True):
                part = part.reshape(-1, cells**2, 2 * orientations)
                whole[first:last, :, : 2 * orientations] = part
                np.add(
                    part[..., :orientations], part[..., orientations:], out=whole[first:last, :, 2 * orientations :]
                )
        else:
            patches = [
                descriptors[first:last].reshape(*shape, cells, cells, n_bins)
                for shape, first, last in zip(shapes, ends[:-1], ends[1:], strict=True)
            ]
            _pool(pixels, (0, 0), parameters.step, taps, False, True, patches)
        for size, first, last in zip(sizes, ends[:-1], ends[1:], strict=True):
            unsigned = descriptors[first:last].reshape(-1, cells**2, n_bins)[..., n_bins - orientations :]
            norms[first:last] = unsigned.sum(axis=(1, 2)) / np.float32(size) ** 2
        _normalize(descriptors, parameters.norm, parameters.epsilon)
        return LocalDescriptors(descriptors, frames, norms)


@documented_by(HOG)
def hog(
    image: ImageLike, *, patch_sizes=(16, 25, 31), step: int = 8, patch_cells: int = 4, orientations: int = 9,
    variant: str = "dalal-triggs", sigma: float | None = 0.5, norm: str | None = "l2-hys", epsilon: float = 0.01,
    color: bool = True, out: np.ndarray | None = None,
) -> LocalDescriptors:
    """HoG descriptors of square patches on a dense grid, the local features of coding pipelines.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), or path
        As :func:`bovw.load_image` reads it: uint8, uint16 (divided by 257, rounded) or float on the 0-255 scale.
    patch_sizes, step, patch_cells, orientations, variant, sigma, norm, epsilon, color
        As in :class:`HOG`, which does the same for many images.
    out : array of shape (m, d), float32, optional
        Where to write, C-contiguous, with m >= n rows; spares the page faults of a fresh array.

    Returns
    -------
    LocalDescriptors
        descriptors (n, patch_cells**2 * n_bins) float32: patch size after patch size, rows of patches outer,
        columns inner; inside a descriptor cell y, cell x, orientation. No rows if all patches are larger than the
        image. frames (n, 4) float32: x, y of the center in pixels, scale = patch size, angle = 0. norms (n,)
        float32: mean gradient magnitude, the sum of the raw unsigned bins / patch_size**2.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> descriptors, frames, norms = bovw.hog(skimage.data.camera(), patch_sizes=16)
    >>> descriptors.shape, (100 * descriptors[2000, 45:54]).astype(int).tolist()
    ((3969, 144), [3, 2, 7, 19, 19, 16, 6, 1, 0])
    """
    extractor = HOG(
        patch_sizes=patch_sizes, step=step, patch_cells=patch_cells, orientations=orientations, variant=variant,
        sigma=sigma, norm=norm, epsilon=epsilon, color=color,
    )
    return extractor.describe(image, out=out)


@documented_by(HOG)
class HOGWindow(Extractor):
    """The HoG blocks of a detection window as one descriptor: 3,780 numbers for a person of 128 x 64 pixels.

    :func:`hog_window` takes one image.

    Parameters
    ----------
    window : sequence of 2 int >= 1, default (128, 64)
        (height, width) in pixels, multiples of ``cell_size``. It lies in the middle of the image; the pixels
        around it serve its gradients, as with the margins of INRIA's person crops.
    cell_size : int in [1, 1,048,576], default 8
        Side of a cell in pixels, and the distance of neighboring blocks.
    block_cells : int in [1, 64], default 2
        A block has ``block_cells`` x ``block_cells`` cells.
    orientations : int in [1, 180], default 9
        Bins over half a turn. Bin k is centered at (k + 1/2) * 180 / orientations degrees.
    signed : bool, default False
        Use 2 * orientations bins over the whole turn.
    sigma : float > 0 or None, default 0.5
        Standard deviation of the Gaussian window in block widths; None for no window.
    bilinear_cells : bool, default True
        Share votes between the nearest cells. With False the nearest takes all.
    bilinear_orientations : bool, default True
        Share votes between the two nearest orientations. With False the nearest takes all.
    norm : {"l2-hys", "l2", "l1-sqrt", "l1", None}, default "l2-hys"
        Normalization of a block.
    epsilon, color, n_jobs
        As in :class:`HOG`.

    Notes
    -----
    An image smaller than the window is enlarged, its aspect ratio kept, until it covers
    the window; INRIA's person crops never are.

    References
    ----------
    N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection",
    CVPR 2005, section 6.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.HOGWindow().transform([skimage.data.astronaut()])
    DescriptorSet(1 images, 1 descriptors of size 3780 float32, frames, sizes)
    """

    PARAMETERS = {"window": Series(Integer(1), length=2), **_BLOCKS, "color": Boolean(), "n_jobs": Jobs()}

    gray_suffices = True

    def __init__(
        self, *, window: tuple[int, int] = (128, 64), cell_size: int = 8, block_cells: int = 2, orientations: int = 9,
        signed: bool = False, sigma: float | None = 0.5, bilinear_cells: bool = True,
        bilinear_orientations: bool = True, norm: str | None = "l2-hys", epsilon: float = 0.01, color: bool = True,
        n_jobs: int | None = None,
    ):
        self.window = window
        self.cell_size = cell_size
        self.block_cells = block_cells
        self.orientations = orientations
        self.signed = signed
        self.sigma = sigma
        self.bilinear_cells = bilinear_cells
        self.bilinear_orientations = bilinear_orientations
        self.norm = norm
        self.epsilon = epsilon
        self.color = color
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self) -> int:
        """The dimension of the descriptor."""
        rows, cols = (side // self.cell_size - self.block_cells + 1 for side in self.window)
        return rows * cols * self.block_cells**2 * self.orientations * (2 if self.signed else 1)

    def check_pairs(self):
        """The window must be made of cells and hold a block."""
        window = self.checked("window")
        if any(side % self.cell_size for side in window):
            raise ParameterError(f"window={window} must have sides that are multiples of cell_size={self.cell_size}")
        _check_block_fits("window", window, self.cell_size, self.block_cells)

    def _describe(self, image, parameters):
        blocks = _blocks(_pixels(_covering(image, parameters.window)), parameters.window, parameters)
        return LocalDescriptors(blocks.reshape(1, -1), whole_frame(image))


@documented_by(HOGWindow)
def hog_blocks(
    image: npt.ArrayLike, *, cell_size: int = 8, block_cells: int = 2, orientations: int = 9, signed: bool = False,
    sigma: float | None = 0.5, bilinear_cells: bool = True, bilinear_orientations: bool = True,
    norm: str | None = "l2-hys", epsilon: float = 0.01, out: np.ndarray | None = None,
) -> np.ndarray:
    """The R-HOG blocks of Dalal and Triggs, one cell apart.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3)
        As in :func:`hog_cells`. The paper's square-root gamma is ``np.sqrt(image)``.
    cell_size, block_cells, orientations, signed, sigma, bilinear_cells, bilinear_orientations, norm, epsilon
        As in :class:`HOGWindow`.
    out : array of the shape that is returned, float32, optional
        Where to write, C-contiguous; spares the page faults of a fresh array.

    Returns
    -------
    array of shape (rows, cols, block_cells, block_cells, n_bins), float32
        With rows = height // cell_size - block_cells + 1, likewise cols. Axes are block y,
        block x, cell y, cell x, orientation; OpenCV's order is ``.transpose(1, 0, 3, 2, 4)``.

    Warns
    -----
    ImageScaleWarning
        If the values of a float image lie in [0, 1].

    Notes
    -----
    Derivatives across the border of the image are zero, as in OpenCV and
    scikit-image. With ``sigma=None, bilinear_cells=False,
    bilinear_orientations=False`` the definition is that of ``skimage.feature.hog``,
    whose histograms are divided by cell_size**2. OpenCV centers its Gaussian half a
    pixel off and has other regularisers.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> blocks = bovw.hog_blocks(skimage.data.camera())
    >>> blocks.shape, (100 * blocks[30, 30, 0, 0]).astype(int).tolist()
    ((63, 63, 2, 2, 9), [16, 14, 18, 4, 11, 0, 9, 36, 36])
    """
    parameters = plain_values(_BLOCKS, locals())
    warn_of_unit_scale(np.asarray(image))
    pixels = _pixels(image)
    return _blocks(pixels, pixels.shape[:2], parameters, out)


@documented_by(HOGWindow)
def hog_window(
    image: ImageLike, *, window: tuple[int, int] = (128, 64), cell_size: int = 8, block_cells: int = 2,
    orientations: int = 9, signed: bool = False, sigma: float | None = 0.5, bilinear_cells: bool = True,
    bilinear_orientations: bool = True, norm: str | None = "l2-hys", epsilon: float = 0.01, color: bool = True,
) -> np.ndarray:
    """The descriptor of a detection window: all its blocks, 3,780 numbers for a person of 128 x 64 pixels.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), or path
        As :func:`bovw.load_image` reads it: uint8, uint16 (divided by 257, rounded) or float on the 0-255 scale.
    window, cell_size, block_cells, orientations, signed, sigma, bilinear_cells, bilinear_orientations, norm, epsilon, \
color
        As in :class:`HOGWindow`, which does the same for many images.

    Returns
    -------
    array of shape (d,), float32
        The blocks of the window, y outer, in the order of :func:`hog_blocks`.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> descriptor = bovw.hog_window(skimage.data.astronaut())
    >>> descriptor.shape, (100 * descriptor[1800:1809]).astype(int).tolist()
    ((3780,), [1, 2, 5, 9, 27, 27, 18, 2, 1])
    """
    extractor = HOGWindow(
        window=window, cell_size=cell_size, block_cells=block_cells, orientations=orientations, signed=signed,
        sigma=sigma, bilinear_cells=bilinear_cells, bilinear_orientations=bilinear_orientations, norm=norm,
        epsilon=epsilon, color=color,
    )
    return extractor.describe(image).descriptors[0]


def _covering(image, window):
    """The image, enlarged if it must be until both of its sides reach those of the window."""
    factor = max(side / length for side, length in zip(window, image.shape, strict=False))
    if factor <= 1:
        return image
    height, width = (max(side, round(factor * n)) for side, n in zip(window, image.shape, strict=False))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def _n_bins(orientations, variant):
    return 3 * orientations if variant == "uoctti" else orientations


def _check_block_fits(name, shape, cell_size, block_cells):
    if min(shape) < cell_size * block_cells:
        side = cell_size * block_cells
        raise ParameterError(
            f"{name}: {shape[0]} x {shape[1]} pixels are too few for a block of {side} x {side}; lower cell_size or "
            "block_cells"
        )


def _pixels(image):
    """The image as a C-contiguous (height, width, 1 or 3) array; uint8 stays as it is, all else is float32."""
    image = np.asarray(image)
    gray = image.ndim == 2
    if image.dtype == np.uint8 and image.size and (gray or (image.ndim == 3 and image.shape[2] == 3)):
        image = np.ascontiguousarray(image)
    else:
        image = check_gray_image(image) if gray else check_color_image(image)
    return image[:, :, None] if gray else image


def _check_range(histograms):
    if not all_finite(histograms):
        raise ParameterError("image has values too large for float32 gradients; scale it to 0-255")


def _blocks(pixels, window, parameters, out=None):
    """The blocks of a window in the middle of the image, into ``out`` or a fresh array."""
    cell_size, block_cells, orientations = parameters.cell_size, parameters.block_cells, parameters.orientations
    _check_block_fits("image", window, cell_size, block_cells)
    shape = tuple(side // cell_size - block_cells + 1 for side in window)
    origin = tuple((length - side) // 2 for length, side in zip(pixels.shape, window, strict=False))
    taps = _taps(cell_size * block_cells, block_cells, parameters.sigma, parameters.bilinear_cells)
    n_bins = 2 * orientations if parameters.signed else orientations
    blocks = check_output("out", out, (*shape, block_cells, block_cells, n_bins))
    _pool(pixels, origin, cell_size, [taps], parameters.signed, parameters.bilinear_orientations, [blocks])
    _normalize(blocks.reshape(shape[0] * shape[1], -1), parameters.norm, parameters.epsilon)
    return blocks


def _pool(pixels, origin, step, taps, signed, bilinear_orientations, patches):
    """Raw histograms of patches into ``patches``, one (rows, cols, cells, cells, bins) array a patch size."""
    y0, x0 = origin
    _kernels.patch_histograms(pixels, x0, y0, step, taps, bool(signed), bool(bilinear_orientations), patches)
    for histograms in patches:
        _check_range(histograms)


@lru_cache(maxsize=64)
def _taps(patch_size, cells, sigma, bilinear):
    """(cells, patch_size) weights along one axis: share of each cell in a pixel's vote, times the window."""
    pixel = np.arange(patch_size)
    position = (pixel + 0.5) * cells / patch_size - 0.5
    distance = np.abs(position - np.arange(cells)[:, None])
    taps = np.maximum(0, 1 - distance) if bilinear else np.floor(position + 0.5) == np.arange(cells)[:, None]
    if sigma is not None:
        taps = taps * np.exp(-0.5 * ((pixel - (patch_size - 1) / 2) / (sigma * patch_size)) ** 2)
    taps = np.ascontiguousarray(taps, dtype=np.float32)
    taps.setflags(write=False)
    return taps


def _normalize(histograms, norm, epsilon):
    """Normalize each row in place."""
    if norm in ("l2-hys", "l2"):
        _kernels.normalize_l2_hys(histograms, epsilon, _CLIP if norm == "l2-hys" else 0.0)
    elif norm is not None:
        histograms /= histograms.sum(axis=1, keepdims=True) + np.float32(epsilon)
        if norm == "l1-sqrt":
            np.sqrt(histograms, out=histograms)
