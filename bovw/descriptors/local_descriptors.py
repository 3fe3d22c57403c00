"""``LocalDescriptors``: what every function of local descriptors returns for one image."""

from typing import NamedTuple

import numpy as np


class LocalDescriptors(NamedTuple):
    """The descriptors of one image, where they lie, and how strong they were.

    Attributes
    ----------
    descriptors : array of shape (n, d), float32 or uint8
        A row a descriptor, C-contiguous.
    frames : array of shape (n, 4), float32
        Center x and y in pixels (x right, y down, the first pixel at 0), scale in pixels, angle in radians.
    norms : array of shape (n,), float32, or None
        Strength before normalization; None where an extractor defines none.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> descriptors, frames, norms = bovw.dense_sift(skimage.data.camera(), step=8, bin_size=8)
    >>> len(descriptors) == len(frames) == len(norms), frames[1, :2].tolist()
    (True, [20.0, 12.0])
    """

    descriptors: np.ndarray
    frames: np.ndarray
    norms: np.ndarray | None = None
