"""The tiny image: a whole image as one descriptor of a few pixels.

Torralba, Fergus and Freeman (2008, section 3) shrink images to a side of 16 or 32
pixels, their aspect ratio given up, and compare them with zero mean and unit norm.
"""

import numpy as np

from .._validation import check_bool, check_color_image, check_gray_image, check_int
from ..images.opencv import cv2
from .base import Extractor
from .grid import whole_frame


def tiny_image(image, *, size=16):
    """The image at a size of ``size`` x ``size`` pixels, of zero mean and unit norm.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3)
    size : int
        Side in pixels. The aspect ratio is not kept.

    Returns
    -------
    array of shape (size**2 * n_channels,), float32
        Row, column, channel; zero for a flat image.

    Raises
    ------
    ParameterError
        If the image or the size is out of range.

    Notes
    -----
    Shrinking averages over areas, enlarging is bilinear. The mean is that of all
    numbers, over the channels too.

    References
    ----------
    A. Torralba, R. Fergus, W. T. Freeman. 80 million tiny images: a large data set for
    nonparametric object and scene recognition. PAMI 2008. :doi:`10.1109/TPAMI.2008.128`

    Examples
    --------
    >>> import skimage.data
    >>> tiny_image(skimage.data.camera()).shape
    (256,)
    """
    size = check_int("size", size, 1)
    image = np.asarray(image)
    image = check_gray_image(image) if image.ndim == 2 else check_color_image(image)
    enlarges = size > min(image.shape[:2])
    tiny = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR if enlarges else cv2.INTER_AREA).ravel()
    tiny -= tiny.mean(dtype=np.float64)
    length = np.linalg.norm(tiny.astype(np.float64))
    # what is left of a flat image is the rounding of its mean
    return tiny / np.float32(length) if length > 1e-3 else np.zeros_like(tiny)


class TinyImage(Extractor):
    """The whole image as one descriptor of a few pixels.

    Parameters
    ----------
    size : int
        Side in pixels.
    color : bool, default False
        Keep RGB; otherwise gray.
    n_jobs : int, optional
        Worker threads over images.

    See Also
    --------
    tiny_image : the same for one array.

    Examples
    --------
    >>> TinyImage().extract(np.zeros((48, 64), np.uint8))
    DescriptorSet(1 images, 1 descriptors of size 256 float32, frames, sizes)
    """

    def __init__(self, size=16, *, color=False, n_jobs=None):
        self.size = size
        self.color = color
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self):
        """The dimension of the descriptor."""
        return self.size**2 * (3 if self.color else 1)

    def check_params(self):
        check_int("size", self.size, 1)
        check_bool("color", self.color)

    def _extract(self, image):
        return tiny_image(image, size=self.size)[None], whole_frame(image), None
