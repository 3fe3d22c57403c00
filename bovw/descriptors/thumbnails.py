"""The tiny image: a whole image as one descriptor of a few pixels.

Torralba, Fergus and Freeman (2008, section 3) shrink images to a side of 16 or 32
pixels, their aspect ratio given up, and compare them with zero mean and unit norm.
"""

from __future__ import annotations

import numpy as np

from .._docs import documented_by
from .._parameters import Boolean, Integer, Jobs
from .._validation import check_color_image, check_gray_image
from ..images import ImageLike
from ..images.opencv import cv2
from .base import Extractor
from .grid import whole_frame
from .local_descriptors import LocalDescriptors


class TinyImage(Extractor):
    """The whole image as one descriptor of a few pixels; :func:`tiny_image` takes one image.

    Parameters
    ----------
    size : int >= 1, default 16
        Side in pixels. The aspect ratio is not kept.
    color : bool, default False
        Keep RGB; otherwise gray.
    n_jobs : int or None, default None
        Worker threads over images.

    Notes
    -----
    Shrinking averages over areas, enlarging is bilinear. The mean is that of all
    numbers, over the channels too.

    References
    ----------
    A. Torralba, R. Fergus, W. T. Freeman. 80 million tiny images: a large data set for
    nonparametric object and scene recognition. PAMI 2008, section 3.
    :doi:`10.1109/TPAMI.2008.128`

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.TinyImage().transform([skimage.data.camera(), skimage.data.coins()])
    DescriptorSet(2 images, 2 descriptors of size 256 float32, frames, sizes)
    """

    PARAMETERS = {"size": Integer(1), "color": Boolean(), "n_jobs": Jobs()}

    def __init__(self, *, size: int = 16, color: bool = False, n_jobs: int | None = None):
        self.size = size
        self.color = color
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self) -> int:
        """The dimension of the descriptor."""
        return self.size**2 * (3 if self.color else 1)

    def _describe(self, image, parameters):
        size = parameters.size
        image = check_gray_image(image) if image.ndim == 2 else check_color_image(image)
        enlarges = size > min(image.shape[:2])
        tiny = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR if enlarges else cv2.INTER_AREA).ravel()
        tiny -= tiny.mean(dtype=np.float64)
        length = np.linalg.norm(tiny.astype(np.float64))
        # what is left of a flat image is the rounding of its mean
        tiny = tiny / np.float32(length) if length > 1e-3 else np.zeros_like(tiny)
        return LocalDescriptors(tiny[None], whole_frame(image))


@documented_by(TinyImage)
def tiny_image(image: ImageLike, *, size: int = 16, color: bool = False) -> np.ndarray:
    """The image at a size of ``size`` x ``size`` pixels, of zero mean and unit norm.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), or path
        As :func:`bovw.load_image` reads it: uint8, uint16 (divided by 257, rounded) or float on the 0-255 scale.
    size, color
        As in :class:`TinyImage`, which does the same for many images.

    Returns
    -------
    array of shape (size**2,), or (3 * size**2,) with ``color``, float32
        Row, column, channel; zero for a flat image.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> (100 * bovw.tiny_image(skimage.data.camera(), size=3)).astype(int).reshape(3, 3).tolist()
    [[29, 17, 44], [-56, -26, 17], [-48, 11, 11]]
    """
    return TinyImage(size=size, color=color).describe(image).descriptors[0]
