"""Local color statistics (LCS): the mean and deviation of R, G and B over the cells of patches.

A patch is cut into ``cells`` x ``cells`` cells. Each cell contributes, over its
n pixels v, one channel after the other,

    mean = sum(v) / n,   deviation = sqrt(sum((v - mean)^2) / n)

so 4 x 4 cells give 96 numbers (Clinchant, Csurka, Perronnin and Renders 2007,
section 3.2; the color channel of Perronnin, Sánchez and Mensink 2010). A
cell's order is mean R, G, B, deviation R, G, B; cells run row by row.

The deviation is computed as sqrt(n sum(v^2) - sum(v)^2) / n, from sums that are
exact for bytes and double precision otherwise.
"""

import numpy as np

from .._cext import color_statistics as _kernels
from .._validation import check_color_image
from .base import Extractor
from .patch_grid import check_patches, patch_frames, patch_grid_shapes, sum_patch_cells


def color_statistics(image, *, patch_sizes=(16, 24, 32), step=8, cells=4):
    """Color statistics of the patches of a dense grid.

    Parameters
    ----------
    image : array of shape (height, width, 3) or (height, width)
        RGB or gray (three equal channels), uint8, uint16 (divided by 257) or
        float on the 0-255 scale.
    patch_sizes : int or list of int
        Sides of the square patches in pixels, multiples of ``cells``.
    step : int
        Pixels between neighboring patches, in x and y.
    cells : int
        A patch is cut into ``cells`` x ``cells`` cells.

    Returns
    -------
    descriptors : array of shape (n, cells * cells * 6), float32
        In units of the intensities; empty if the image is smaller than every patch.
    frames : array of shape (n, 4), float32
        Center x, center y, patch size, 0.

    Raises
    ------
    ParameterError
        If the image or a parameter is out of range.

    Notes
    -----
    Descriptors are not normalized: contrast and brightness are what they tell.

    References
    ----------
    S. Clinchant, G. Csurka, F. Perronnin, J.-M. Renders, "XRCE's participation to
    ImagEval", ImagEval workshop at CVIR 2007. F. Perronnin, J. Sánchez, T. Mensink,
    "Improving the Fisher kernel for large-scale image classification", ECCV 2010.

    Examples
    --------
    >>> descriptors, frames = color_statistics(np.zeros((32, 48, 3), np.uint8), patch_sizes=16)
    >>> descriptors.shape
    (15, 96)
    """
    sizes, step, cells = check_patches(patch_sizes, step, cells)
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
    return descriptors, patch_frames(*image.shape[:2], sizes, step)


class ColorStatistics(Extractor):
    """Dense local color statistics: images in, a DescriptorSet out.

    Parameters
    ----------
    patch_sizes : int or list of int
        Sides of the square patches in pixels, multiples of ``cells``.
    step : int
        Pixels between neighboring patches.
    cells : int
        Cells along each side of a patch.
    n_jobs : int, optional
        Worker threads over images.

    See Also
    --------
    color_statistics : the same for one array.

    Examples
    --------
    >>> ColorStatistics(patch_sizes=16, step=8).extract(np.zeros((32, 48, 3), np.uint8))
    DescriptorSet(1 images, 15 descriptors of size 96 float32, frames, sizes)
    """

    color = True

    def __init__(self, patch_sizes=(16, 24, 32), step=8, *, cells=4, n_jobs=None):
        self.patch_sizes = patch_sizes
        self.step = step
        self.cells = cells
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self):
        """The dimension of a descriptor, ``6 * cells**2``."""
        return 6 * self.cells**2

    def check_params(self):
        check_patches(self.patch_sizes, self.step, self.cells)

    def _extract(self, image):
        descriptors, frames = color_statistics(
            image, patch_sizes=self.patch_sizes, step=self.step, cells=self.cells
        )
        return descriptors, frames, None


def _check_image(image):
    """(height, width, 3), C-contiguous: bytes stay bytes, all else becomes float32."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.size == 0 or image.ndim != 3 or image.shape[2] != 3:
        return check_color_image(image)
    return np.ascontiguousarray(image)
