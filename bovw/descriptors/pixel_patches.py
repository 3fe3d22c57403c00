r"""Raw pixels: normalized patches of a dense grid.

A patch of p x p pixels is the row x of its :math:`d = p^2` or :math:`3 p^2` intensities. Coates, Lee and
Ng (2011, section 3.1.1) normalize each for brightness and contrast,

.. math::
    y = \frac{x - \bar x}{\sqrt{s^2 + \varepsilon}}, \qquad
    s^2 = \frac1{d - 1} \sum_j (x_j - \bar x)^2,

with :math:`\varepsilon = 10` on the 0-255 scale, and whiten them afterwards (see
:class:`bovw.DescriptorPCA`).
"""

from __future__ import annotations

import numpy as np

from .._docs import documented_by
from .._parameters import Boolean, Integer, Jobs, Number
from .._validation import check_color_image, check_gray_image
from ..images import ImageLike
from .base import Extractor
from .local_descriptors import LocalDescriptors
from .patch_grid import patch_frames, patch_grid_shapes


class RawPatches(Extractor):
    """Pixels of dense patches: images in, a DescriptorSet out; :func:`raw_patches` takes one image.

    Parameters
    ----------
    patch_size : int >= 1, default 6
        Side of the square patches in pixels.
    step : int >= 1, default 1
        Pixels between neighboring patches, in x and y.
    normalize : bool, default True
        Take the mean from each patch and divide by its deviation.
    epsilon : float >= 0, default 10.0
        Added to the variance of a patch, in squared intensities.
    color : bool, default True
        Take RGB patches; with False gray ones.
    n_jobs : int or None, default None
        Worker threads over images.

    References
    ----------
    A. Coates, H. Lee, A. Ng. An analysis of single-layer networks in unsupervised feature
    learning. AISTATS 2011, section 3.1.1.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> bovw.RawPatches(step=8).transform([skimage.data.astronaut()])
    DescriptorSet(1 images, 4096 descriptors of size 108 float32, frames, sizes)
    """

    PARAMETERS = {
        "patch_size": Integer(1), "step": Integer(1), "normalize": Boolean(), "epsilon": Number(0), "color": Boolean(),
        "n_jobs": Jobs(),
    }

    def __init__(
        self, *, patch_size: int = 6, step: int = 1, normalize: bool = True, epsilon: float = 10.0, color: bool = True,
        n_jobs: int | None = None,
    ):
        self.patch_size = patch_size
        self.step = step
        self.normalize = normalize
        self.epsilon = epsilon
        self.color = color
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self) -> int:
        """The dimension of a descriptor."""
        return self.patch_size**2 * (3 if self.color else 1)

    def _describe(self, image, parameters):
        patch_size, step = parameters.patch_size, parameters.step
        image = check_gray_image(image)[:, :, None] if image.ndim == 2 else check_color_image(image)
        height, width, channels = image.shape
        size = patch_size**2 * channels
        [(rows, columns)], _ = patch_grid_shapes(height, width, [patch_size], step)
        frames = patch_frames(height, width, [patch_size], step)
        if rows * columns == 0:
            return LocalDescriptors(np.empty((0, size), np.float32), frames)
        windows = np.lib.stride_tricks.sliding_window_view(image, (patch_size, patch_size), axis=(0, 1))
        windows = windows[::step, ::step].transpose(0, 1, 3, 4, 2)
        descriptors = np.array(windows, order="C").reshape(rows * columns, size)
        if parameters.normalize:
            descriptors -= descriptors.mean(axis=1, keepdims=True)
            variance = np.einsum("ij,ij->i", descriptors, descriptors) / np.float32(max(size - 1, 1))
            # with epsilon = 0 a flat patch is zero already
            deviation = np.sqrt(variance + np.float32(parameters.epsilon))
            descriptors /= np.where(deviation > 0, deviation, 1)[:, None]
        return LocalDescriptors(descriptors, frames)


@documented_by(RawPatches)
def raw_patches(
    image: ImageLike, *, patch_size: int = 6, step: int = 1, normalize: bool = True, epsilon: float = 10.0,
    color: bool = True,
) -> LocalDescriptors:
    """Pixels of the patches of a dense grid.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), or path
        As :func:`bovw.load_image` reads it: uint8, uint16 (divided by 257, rounded) or float on the 0-255 scale.
    patch_size, step, normalize, epsilon, color
        As in :class:`RawPatches`, which does the same for many images.

    Returns
    -------
    LocalDescriptors
        descriptors (n, 3 * patch_size**2) float32, or (n, patch_size**2) without ``color``: pixel row, pixel
        column, channel, of which the channel runs fastest; no rows if the image is smaller than a patch. frames
        (n, 4) float32: center x, center y, patch size, 0; rows of patches outer, columns inner. norms None.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> patches = bovw.raw_patches(skimage.data.camera(), patch_size=2, step=100, color=False, normalize=False)
    >>> patches.descriptors[:3].tolist()
    [[200.0, 200.0, 200.0, 199.0], [197.0, 196.0, 197.0, 196.0], [195.0, 195.0, 195.0, 195.0]]
    """
    extractor = RawPatches(patch_size=patch_size, step=step, normalize=normalize, epsilon=epsilon, color=color)
    return extractor.describe(image)
