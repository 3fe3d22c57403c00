r"""``ImageEncoder``: from an image to its signature.

.. math::
    \text{image} \to \text{descriptors} \to \text{PCA} \to \text{codes, pooled over cells}
    \to \text{signature} \ (\to \text{additive kernel map})
"""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from .._progress import Progress
from .._random import check_seed, stage_rng
from .._threads import map_in_order, single_threaded
from .._validation import check_int
from ..codebook import GMMCodebook, sample_descriptors
from ..descriptors import DenseSIFT
from ..encoding import FisherVector
from ..errors import ParameterError
from ..images import resize_image
from ..pooling import SpatialPyramid
from .reader import ImageReader, gather_signatures


class ImageEncoder(TransformerMixin, BaseEstimator):
    """Images to signatures: extractor, PCA, and a pyramid that owns an encoder.

    Parameters
    ----------
    extractor : extractor, default DenseSIFT()
        Any of bovw's dense extractors.
    pca : DescriptorPCA, optional
        Reduction of the descriptors; none by default.
    pyramid : SpatialPyramid, optional
        Default: a Fisher vector of 64 Gaussians over the whole image, power and L2
        normalized.
    kernel_map : HomogeneousKernelMap, optional
        Applied to the pooled signature: an additive kernel for a linear classifier.
    n_descriptors : int, default 200_000
        How many descriptors, balanced over the images, PCA and codebook learn from.
    n_images : int, optional
        Images at most that :meth:`fit` takes the sample from, drawn by ``random_state``; all by default.
    resize : dict, optional
        Limits handed to :func:`bovw.resize_image`, such as ``{"max_side": 480}``.
    n_jobs : int, optional
        Worker threads. The result does not depend on it.
    random_state : int, default 0
        Seed of the sample. PCA and codebook have their own.
    verbose : bool, default False
        Show progress.

    Attributes
    ----------
    pca_ : DescriptorPCA or None
    pyramid_ : SpatialPyramid
    kernel_map_ : HomogeneousKernelMap or None
        Fitted clones.
    """

    def __init__(
        self, extractor=None, *, pca=None, pyramid=None, kernel_map=None, n_descriptors=200_000, n_images=None,
        resize=None, n_jobs=None, random_state=0, verbose=False,
    ):
        self.extractor = extractor
        self.pca = pca
        self.pyramid = pyramid
        self.kernel_map = kernel_map
        self.n_descriptors = n_descriptors
        self.n_images = n_images
        self.resize = resize
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, images, y=None):
        """Learn PCA and codebook from a sample of the descriptors of ``images``.

        Parameters
        ----------
        images : list of paths, list of arrays, or ImageCollection
            Images that a collection skips have no descriptors.
        y : ignored

        Raises
        ------
        ParameterError
            If there is no image or too few descriptors for the codebook.
        ImageDecodeError
            If an image cannot be read.
        """
        return self._fit(ImageReader(images, self._mode()))

    def _fit(self, reader):
        if len(reader) == 0:
            raise ParameterError("images is empty; give at least one image")

        def describe(i):
            image = reader(i)
            return None if image is None else self.describe(image)

        self._extractor()  # a wrong parameter is named before the first image is read
        rows = range(len(reader))
        if self.n_images is not None and check_int("n_images", self.n_images, 1) < len(reader):
            order = stage_rng(check_seed(self.random_state), "sample images").permutation(len(reader))
            rows = np.sort(order[:self.n_images])
        with Progress("descriptor sample", len(rows), enabled=self.verbose) as progress:
            sets = progress.wrap(map_in_order(describe, rows, self.n_jobs))
            return self.fit_descriptors(s for s in sets if s is not None)

    def fit_descriptors(self, descriptor_sets):
        """Learn PCA and codebook as :meth:`fit` does, from descriptors that are there already.

        Parameters
        ----------
        descriptor_sets : iterable of DescriptorSet
            Of the extractor's descriptors, seen once, in order; such as the images of a DescriptorStore.
        """
        n, seed = check_int("n_descriptors", self.n_descriptors, 1), check_seed(self.random_state)
        sample = sample_descriptors(descriptor_sets, n, random_state=seed)
        with single_threaded():
            self.pca_ = None
            if self.pca is not None:
                self.pca_ = clone(self.pca).fit(sample.descriptors)
                sample = sample.replace(self.pca_.transform(sample.descriptors))
            pyramid = clone(self._pyramid())
            _set_codebook_progress(pyramid, self.verbose)
            self.pyramid_ = pyramid.fit(sample)
            _set_codebook_progress(pyramid, False)
            self.kernel_map_ = None
            if self.kernel_map is not None:
                self.kernel_map_ = clone(self.kernel_map).fit(np.zeros((1, pyramid.signature_size), np.float32))
        return self

    def _extractor(self):
        extractor = DenseSIFT() if self.extractor is None else self.extractor
        extractor.check_params()
        return extractor

    def _pyramid(self):
        return SpatialPyramid(FisherVector(GMMCodebook(64)), norm=("power", "l2")) if self.pyramid is None \
            else self.pyramid

    def _mode(self):
        return "rgb" if self._extractor().color else "gray"

    def describe(self, image):
        """The descriptors of one decoded image, resized as the encoder says: a DescriptorSet of length 1.

        Parameters
        ----------
        image : array of shape (height, width) or (height, width, 3)
        """
        if self.resize:
            image = resize_image(image, **self.resize)
        return self._extractor().extract(image)

    def encode_descriptors(self, descriptors):
        """The signature of one image's descriptors, (signature_size,) float32.

        Parameters
        ----------
        descriptors : DescriptorSet of length 1
            As :meth:`describe` gives them.
        """
        if self.pca_ is not None:
            rows = descriptors.descriptors
            reduced = self.pca_.transform(rows) if len(rows) else np.empty((0, len(self.pca_.components_)))
            descriptors = descriptors.replace(reduced)
        signature = self.pyramid_.encode(descriptors)
        return signature if self.kernel_map_ is None else self.kernel_map_.transform(signature[None])[0]

    def encode_image(self, image):
        """The signature of one decoded image, (signature_size,) float32.

        Parameters
        ----------
        image : array of shape (height, width) or (height, width, 3)
        """
        return self.encode_descriptors(self.describe(image))

    @property
    def signature_size(self):
        """The dimension of a signature."""
        check_is_fitted(self)
        size = self.pyramid_.signature_size
        return size if self.kernel_map_ is None else size * (2 * self.kernel_map_.order + 1)

    def transform(self, images):
        """Signatures of many images, (n_images, signature_size) float32; zero rows for skipped images."""
        check_is_fitted(self)
        return gather_signatures([self], ImageReader(images, self._mode()), self.n_jobs, self.verbose)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def _set_codebook_progress(pyramid, verbose):
    """Let the codebook inside a pyramid, fitted or not, show the progress of its iterations."""
    for encoder in (pyramid.encoder, getattr(pyramid, "encoder_", None)):
        for codebook in (getattr(encoder, "codebook", None), getattr(encoder, "codebook_", None)):
            if codebook is not None and "verbose" in codebook.get_params(deep=False):
                codebook.set_params(verbose=verbose)


