"""Local color statistics (LCS): the mean and deviation of R, G and B over the cells of patches.

A patch is cut into ``patch_cells`` x ``patch_cells`` cells. Each cell contributes, over its
n pixels v, one channel after the other,

    mean = sum(v) / n,   deviation = sqrt(sum((v - mean)^2) / n)

so 4 x 4 cells give 96 numbers (Clinchant, Csurka, Perronnin and Renders 2007,
section 3.2; the color channel of Perronnin, Sánchez and Mensink 2010). A
cell's order is mean R, G, B, deviation R, G, B; cells run row by row.

The deviation is computed as sqrt(n sum(v^2) - sum(v)^2) / n, from sums that are
exact for bytes and double precision otherwise.
"""

from __future__ import annotations

import numpy as np

from .._cext import color_statistics as _kernels
from .._docs import documented_by
from .._parameters import Integer, Jobs
from .._validation import check_color_image
from ..images import ImageLike
from .base import Extractor
from .local_descriptors import LocalDescriptors
from .patch_grid import MAX_LENGTH, PATCH_SIZES, STEP, check_divides, patch_frames, patch_grid_shapes, sum_patch_cells


class ColorStatistics(Extractor):
    """Dense local color statistics: images in, a DescriptorSet out; :func:`color_statistics` takes one image.

    Parameters
    ----------
    patch_sizes : int in [1, 1,048,576], or a sequence of them, default (16, 24, 32)
        Sides of the square patches in pixels, multiples of ``patch_cells``.
    step : int in [1, 1,048,576], default 8
        Pixels between neighboring patches, in x and y.
    patch_cells : int in [1, 1,048,576], default 4
        A patch is cut into ``patch_cells`` x ``patch_cells`` cells.
    n_jobs : int or None, default None
        Worker threads over images.

    Notes
    -----
    Descriptors are not normalized: contrast and brightness are what they tell.

    References
    ----------
    S. Clinchant, G. Csurka, F. Perronnin, J.-M. Renders, "XRCE's participation to
    ImagEval", ImagEval workshop at CVIR 2007, section 3.2. F. Perronnin, J. Sánchez,
    T. Mensink, "Improving the Fisher kernel for large-scale image classification",
    ECCV 2010, section 4.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.ColorStatistics(patch_sizes=16).transform([skimage.data.astronaut()])
    DescriptorSet(1 images, 3969 descriptors of size 96 float32, frames, sizes)
    """

    PARAMETERS = {"patch_sizes": PATCH_SIZES, "step": STEP, "patch_cells": Integer(1, MAX_LENGTH), "n_jobs": Jobs()}

    color = True

    def __init__(self, *, patch_sizes=(16, 24, 32), step: int = 8, patch_cells: int = 4, n_jobs: int | None = None):
        self.patch_sizes = patch_sizes
        self.step = step
        self.patch_cells = patch_cells
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self) -> int:
        """The dimension of a descriptor, ``6 * patch_cells**2``."""
        return 6 * self.patch_cells**2

    def check_pairs(self):
        """Patches must divide into cells."""
        check_divides("patch_sizes", self.checked("patch_sizes"), "patch_cells", self.patch_cells)

    def _describe(self, image, parameters):
        sizes, step, cells = parameters.patch_sizes, parameters.step, parameters.patch_cells
        image = _check_image(image)
        shapes, ends = patch_grid_shapes(*image.shape[:2], sizes, step)
        descriptors = np.empty((ends[-1], cells * cells * 6), np.float32)

        def tile_sums(top, bottom, right, tile):
            sums = np.empty(((bottom - top) // tile, right // tile, 6))
            _kernels.tile_sums(image, top, tile, sums)
            return sums

        for size, shape, first, last in zip(sizes, shapes, ends[:-1], ends[1:], strict=True):
            sums = np.empty((*shape, cells, cells, 6))
            sum_patch_cells(tile_sums, size, step, sums)
            n_pixels = (size // cells) ** 2
            _kernels.statistics(sums.reshape(-1, 6), n_pixels, descriptors[first:last].reshape(-1, 6))
        return LocalDescriptors(descriptors, patch_frames(*image.shape[:2], sizes, step))


@documented_by(ColorStatistics)
def color_statistics(
    image: ImageLike, *, patch_sizes=(16, 24, 32), step: int = 8, patch_cells: int = 4
) -> LocalDescriptors:
    """Color statistics of the patches of a dense grid.

    Parameters
    ----------
    image : array of shape (height, width, 3) or (height, width), or path
        RGB or gray (three equal channels), as :func:`bovw.load_image` reads it: uint8, uint16 (divided by 257,
        rounded) or float on the 0-255 scale.
    patch_sizes, step, patch_cells
        As in :class:`ColorStatistics`, which does the same for many images.

    Returns
    -------
    LocalDescriptors
        descriptors (n, 6 * patch_cells**2) float32, in units of the intensities, no rows if the image is smaller
        than every patch; frames (n, 4) float32, center x, center y, patch size, 0; norms None.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> descriptors, frames, _ = bovw.color_statistics(skimage.data.astronaut(), patch_sizes=16)
    >>> descriptors[0, :6].round().astype(int).tolist()
    [154, 150, 158, 50, 49, 35]
    """
    return ColorStatistics(patch_sizes=patch_sizes, step=step, patch_cells=patch_cells).describe(image)


def _check_image(image):
    """(height, width, 3), C-contiguous: bytes stay bytes, all else becomes float32."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.size == 0 or image.ndim != 3 or image.shape[2] != 3:
        return check_color_image(image)
    return np.ascontiguousarray(image)
