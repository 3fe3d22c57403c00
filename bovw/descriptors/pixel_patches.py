r"""Raw pixels: normalized patches of a dense grid.

A patch of p x p pixels is the row x of its :math:`d = p^2` or :math:`3 p^2` intensities. Coates, Lee and
Ng (2011, section 3.1.1) normalize each for brightness and contrast,

.. math::
    y = \frac{x - \bar x}{\sqrt{s^2 + \varepsilon}}, \qquad
    s^2 = \frac1{d - 1} \sum_j (x_j - \bar x)^2,

with :math:`\varepsilon = 10` on the 0-255 scale, and whiten them afterwards (see
:class:`bovw.DescriptorPCA`).
"""

import numpy as np

from .._validation import check_bool, check_color_image, check_gray_image, check_int, check_number
from .base import Extractor
from .patch_grid import patch_frames, patch_grid_shapes


def raw_patches(image, *, patch_size=6, step=1, normalize=True, epsilon=10.0):
    """Pixels of the patches of a dense grid.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3)
        uint8, uint16 (divided by 257) or float on the 0-255 scale.
    patch_size : int
        Side of the square patches in pixels.
    step : int
        Pixels between neighboring patches, in x and y.
    normalize : bool
        Take the mean from each patch and divide by its deviation.
    epsilon : float
        Added to the variance of a patch, in squared intensities.

    Returns
    -------
    descriptors : array of shape (n, patch_size**2 * n_channels), float32
        Pixel row, pixel column, channel; the channel runs fastest. Empty if the image is
        smaller than a patch.
    frames : array of shape (n, 4), float32
        Center x, center y, patch size, 0. Rows of patches outer, columns inner.

    Raises
    ------
    ParameterError
        If the image or a parameter is out of range.

    References
    ----------
    A. Coates, H. Lee, A. Ng. An analysis of single-layer networks in unsupervised feature
    learning. AISTATS 2011.

    Examples
    --------
    >>> descriptors, frames = raw_patches(np.zeros((32, 32, 3), np.uint8))
    >>> descriptors.shape
    (729, 108)
    """
    _check_patch_params(patch_size, step, normalize, epsilon)
    image = np.asarray(image)
    image = check_gray_image(image)[:, :, None] if image.ndim == 2 else check_color_image(image)
    height, width, channels = image.shape
    size = patch_size**2 * channels
    [(rows, columns)], _ = patch_grid_shapes(height, width, [patch_size], step)
    frames = patch_frames(height, width, [patch_size], step)
    if rows * columns == 0:
        return np.empty((0, size), np.float32), frames
    windows = np.lib.stride_tricks.sliding_window_view(image, (patch_size, patch_size), axis=(0, 1))
    windows = windows[::step, ::step].transpose(0, 1, 3, 4, 2)
    descriptors = np.array(windows, order="C").reshape(rows * columns, size)
    if normalize:
        descriptors -= descriptors.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", descriptors, descriptors) / np.float32(max(size - 1, 1))
        # with epsilon = 0 a flat patch is zero already
        deviation = np.sqrt(variance + np.float32(epsilon))
        descriptors /= np.where(deviation > 0, deviation, 1)[:, None]
    return descriptors, frames


class RawPatches(Extractor):
    """Pixels of dense patches: images in, a DescriptorSet out.

    Parameters
    ----------
    patch_size, step, normalize, epsilon
        As in :func:`raw_patches`.
    color : bool, default True
        Take RGB patches; with False gray ones.
    n_jobs : int, optional
        Worker threads over images.

    See Also
    --------
    raw_patches : the same for one array.

    Examples
    --------
    >>> RawPatches(patch_size=6).extract(np.zeros((32, 32, 3), np.uint8))
    DescriptorSet(1 images, 729 descriptors of size 108 float32, frames, sizes)
    """

    def __init__(self, patch_size=6, *, step=1, normalize=True, epsilon=10.0, color=True, n_jobs=None):
        self.patch_size = patch_size
        self.step = step
        self.normalize = normalize
        self.epsilon = epsilon
        self.color = color
        self.n_jobs = n_jobs

    @property
    def descriptor_size(self):
        """The dimension of a descriptor."""
        return self.patch_size**2 * (3 if self.color else 1)

    def check_params(self):
        _check_patch_params(self.patch_size, self.step, self.normalize, self.epsilon)
        check_bool("color", self.color)

    def _extract(self, image):
        patches = raw_patches(
            image, patch_size=self.patch_size, step=self.step, normalize=self.normalize, epsilon=self.epsilon
        )
        return *patches, None


def _check_patch_params(patch_size, step, normalize, epsilon):
    check_int("patch_size", patch_size, 1)
    check_int("step", step, 1)
    check_bool("normalize", normalize)
    check_number("epsilon", epsilon, 0)
