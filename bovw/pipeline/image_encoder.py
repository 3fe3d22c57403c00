r"""``ImageEncoder``: from an image to its signature.

.. math::
    \text{image} \to \text{descriptors} \to \text{PCA} \to \text{codes, pooled over cells}
    \to \text{signature} \ (\to \text{additive kernel map})
"""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._parameters import Boolean, Declared, Integer, Jobs, Optional, Part, Seed
from .._progress import Progress
from .._random import check_seed, stage_rng
from .._threads import map_in_order, single_threaded
from .._validation import shown
from ..codebook import GMMCodebook, sample_descriptors
from ..descriptors import DenseSIFT, DescriptorSet
from ..encoding import FisherVector
from ..errors import ParameterError
from ..images import resize_image
from ..images.resize import ResizeLimits
from ..pooling import SpatialPyramid
from .reader import ImageReader, encode_rows


def default_pyramid() -> SpatialPyramid:
    """A Fisher vector of 64 Gaussians over the whole image."""
    return SpatialPyramid(FisherVector(GMMCodebook(64)), norm=("power", "l2"))


class ImageEncoder(Declared, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Images to signatures: extractor, PCA, and a pyramid that owns an encoder.

    Parameters
    ----------
    extractor : extractor or None, default None
        Any of bovw's local or global extractors; None is ``DenseSIFT()``.
    pca : DescriptorPCA or None, default None
        Reduction of the descriptors; None is none.
    pyramid : SpatialPyramid or None, default None
        None is a Fisher vector of 64 Gaussians over the whole image, power and L2 normalized [1]_.
    kernel_map : HomogeneousKernelMap or None, default None
        Applied to the pooled signature: an additive kernel for a linear classifier [2]_. None is none.
    n_descriptors : int >= 1, default 200000
        How many descriptors, balanced over the images, PCA and codebook learn from.
    n_images : int >= 1 or None, default None
        Images at most that :meth:`fit` takes the sample from, drawn by ``random_state``; None is all.
    resize : dict or None, default None
        Limits handed to :func:`bovw.resize_image`, such as ``{"max_side": 480}``, in pixels.
    n_jobs : int or None, default None
        Worker threads; None is one, -1 all cores. The result does not depend on it.
    random_state : int, RandomState, Generator or None, default 0
        Seed of the sample. PCA and codebook have their own.
    verbose : bool, default False
        Show progress.

    Attributes
    ----------
    pca_ : DescriptorPCA or None
    pyramid_ : SpatialPyramid
    kernel_map_ : HomogeneousKernelMap or None
        Fitted clones.

    Notes
    -----
    *Images* are a list, tuple, array, pandas Series or Index of paths; a list of arrays (height, width[, 3]);
    an array (n, height, width[, 3]); or an :class:`ImageCollection`. All are taken by position: the index of a
    Series does not matter.

    References
    ----------
    .. [1] F. Perronnin, J. Sánchez, T. Mensink, "Improving the Fisher kernel for large-scale image
       classification", ECCV 2010. :doi:`10.1007/978-3-642-15561-1_11`
    .. [2] A. Vedaldi, A. Zisserman, "Efficient additive kernels via explicit feature maps", IEEE TPAMI 34,
       2012. :doi:`10.1109/TPAMI.2011.153`

    Examples
    --------
    Bricks are more like bricks than like grass:

    >>> import bovw, skimage.data
    >>> images = [x[:64, i:i + 64] for x in (skimage.data.brick(), skimage.data.grass()) for i in (0, 64)]
    >>> words = bovw.SpatialPyramid(bovw.HardAssignment(bovw.KMeansCodebook(16, random_state=0)))
    >>> signatures = bovw.ImageEncoder(bovw.DenseSIFT(step=8), pyramid=words).fit_transform(images)
    >>> signatures.shape
    (4, 16)
    >>> likeness = signatures @ signatures.T
    >>> bool(likeness[0, 1] > likeness[0, 2:].max())
    True
    """

    PARAMETERS = {
        "extractor": Part("extractor", default=DenseSIFT, methods=("extract",)),
        "pca": Optional(Part("DescriptorPCA", methods=("fit", "transform"))),
        "pyramid": Part("SpatialPyramid", default=default_pyramid, methods=("fit", "encode")),
        "kernel_map": Optional(Part("HomogeneousKernelMap", methods=("fit", "transform"))),
        "n_descriptors": Integer(1),
        "n_images": Optional(Integer(1)),
        "resize": Optional(ResizeLimits()),
        "n_jobs": Jobs(),
        "random_state": Seed(),
        "verbose": Boolean(),
    }

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

    def check_pairs(self):
        """Raise ParameterError if a PCA of more components than its descriptors have numbers is asked for."""
        n_components, size = getattr(self.pca, "n_components", None), self._extractor().descriptor_size
        if isinstance(n_components, int) and n_components > size:
            raise ParameterError(
                f"pca.n_components={n_components} exceeds the size of the descriptors of {shown(self._extractor())}, "
                f"{size}; lower it"
            )

    def fit(self, images: Iterable, y: Any = None) -> Self:
        """Learn PCA and codebook from a sample of the descriptors of ``images``; returns self.

        Parameters
        ----------
        images : images
            At least one. Those that a collection skips have no descriptors.
        y : ignored

        Raises
        ------
        ParameterError
            If a parameter is out of range, there is no image, or there are too few descriptors for the codebook.
        ImageDecodeError
            If an image cannot be read.
        """
        return self.fit_images(images)

    def fit_images(self, images: Iterable, *, on_error: str = "raise") -> Self:
        """:meth:`fit`, where ``on_error="skip"`` learns from the images that can be read."""
        self.check_params()
        reader = ImageReader(images, self.mode, on_error)
        if len(reader) == 0:
            raise ParameterError("images is empty; give at least one image")
        rows = np.arange(len(reader))
        if self.n_images is not None and self.n_images < len(reader):
            order = stage_rng(check_seed(self.random_state), "sample images").permutation(len(reader))
            rows = np.sort(order[:self.n_images])

        def describe(i):
            image = reader(i)
            return None if image is None else self.describe(image)

        with Progress("descriptor sample", len(rows), enabled=self.verbose) as progress:
            sets = progress.wrap(map_in_order(describe, rows, self.n_jobs))
            return self.fit_descriptors(s for s in sets if s is not None)

    def fit_descriptors(self, descriptor_sets: Iterable[DescriptorSet]) -> Self:
        """Learn PCA and codebook as :meth:`fit` does, from descriptors that are there already; returns self.

        Parameters
        ----------
        descriptor_sets : iterable of DescriptorSet
            Of the extractor's descriptors, seen once, in order; such as the images of a DescriptorStore.

        Raises
        ------
        ParameterError
            If a parameter is out of range, or there are no descriptors, or too few for the codebook.
        """
        self.check_params()
        seed = check_seed(self.random_state)
        largest = [0, 0]
        sample = sample_descriptors(_note_sizes(descriptor_sets, largest), self.n_descriptors, random_state=seed)
        if not sample.n_descriptors:
            raise ParameterError(self._why_no_descriptors(largest))
        with single_threaded():
            self.pca_ = None
            if self.pca is not None:
                self.pca_ = self.part("pca").fit(sample.descriptors)
                sample = sample.replace(np.asarray(self.pca_.transform(sample.descriptors)))
            pyramid = self.part("pyramid")
            _set_codebook_progress(pyramid, self.verbose)
            self.pyramid_ = pyramid.fit(sample)
            _set_codebook_progress(pyramid, False)
            self.kernel_map_ = None
            if self.kernel_map is not None:
                self.kernel_map_ = self.part("kernel_map").fit(np.zeros((1, pyramid.signature_size), np.float32))
        return self

    def _extractor(self):
        """What extracts, not copied: it learns nothing."""
        return self.PARAMETERS["extractor"].default() if self.extractor is None else self.extractor

    def _why_no_descriptors(self, largest):
        extractor = self._extractor()
        height, width = largest
        seen = f" in images of at most {height} x {width} pixels" if height else ""
        limits = f", resize={self.resize!r}" if self.resize else ""
        side = _smallest_side(extractor)
        need = "" if side is None else f"; it needs {side} x {side}"
        return (
            f"no training image has a descriptor: {type(extractor).__name__} finds none{seen}{limits}{need}; give "
            "larger images, or smaller bins or patches"
        )

    @property
    def mode(self) -> str:
        """How images are to be decoded for the extractor: "gray" or "rgb"."""
        return "rgb" if self._extractor().color else "gray"

    def describe(self, image: np.ndarray) -> DescriptorSet:
        """The descriptors of one decoded image, resized as the encoder says: a DescriptorSet of length 1.

        Parameters
        ----------
        image : array of shape (height, width) or (height, width, 3)
        """
        if self.resize:
            image = resize_image(image, **self.resize)
        return self._extractor().extract(image)

    def encode_descriptors(self, descriptors: DescriptorSet) -> np.ndarray:
        """The signature of one image's descriptors, (signature_size,) float32.

        Parameters
        ----------
        descriptors : DescriptorSet of length 1
            As :meth:`describe` gives them.
        """
        check_is_fitted(self)
        if self.pca_ is not None:
            rows = descriptors.descriptors
            reduced = self.pca_.transform(rows) if len(rows) else np.empty((0, len(self.pca_.components_)))
            descriptors = descriptors.replace(np.asarray(reduced))
        signature = self.pyramid_.encode(descriptors)
        return signature if self.kernel_map_ is None else np.asarray(self.kernel_map_.transform(signature[None]))[0]

    def encode_image(self, image: np.ndarray) -> np.ndarray:
        """The signature of one decoded image, (signature_size,) float32.

        Parameters
        ----------
        image : array of shape (height, width) or (height, width, 3)
        """
        return self.encode_descriptors(self.describe(image))

    @property
    def signature_size(self) -> int:
        """The dimension of a signature."""
        check_is_fitted(self)
        size = self.pyramid_.signature_size
        return size if self.kernel_map_ is None else size * (2 * self.kernel_map_.order + 1)

    @property
    def _n_features_out(self):
        return self.signature_size

    def transform(self, images: Iterable) -> np.ndarray:
        """Signatures of many images.

        Parameters
        ----------
        images : images
            As for :meth:`fit`.

        Returns
        -------
        array of shape (n_images, signature_size), float32
            Zero rows for images that a collection skips. A DataFrame after ``set_output(transform="pandas")``.
        """
        check_is_fitted(self)
        return encode_images([self], images, n_jobs=self.n_jobs, verbose=self.verbose)[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def encode_images(encoders, images, *, on_error="raise", rows=None, n_jobs=None, verbose=False):
    """Signatures under several fitted encoders, side by side; each image is decoded once for all of them.

    Parameters
    ----------
    encoders : list of ImageEncoder
    images : images
    on_error : {"raise", "skip"}, default "raise"
    rows : sequence of int, optional
        Which images; by default all.
    n_jobs, verbose

    Returns
    -------
    signatures : array of shape (n_rows, signature_size), float32
        Zeros for an image that could not be read.
    errors : dict of int to str
        The place in ``images`` of each such image, and why.
    """
    mode = "rgb" if any(encoder.mode == "rgb" for encoder in encoders) else "gray"
    reader = ImageReader(images, mode, on_error)

    def encode(i):
        image = reader(i)
        return None if image is None else np.concatenate([encoder.encode_image(image) for encoder in encoders])

    size = sum(encoder.signature_size for encoder in encoders)
    signatures = encode_rows(encode, range(len(reader)) if rows is None else rows, size, n_jobs, verbose)
    return signatures, dict(sorted(reader.errors.items()))


def _note_sizes(descriptor_sets, largest):
    """The same sets, one after the other; ``largest`` becomes the largest height and width among their images."""
    for descriptors in descriptor_sets:
        sizes = getattr(descriptors, "sizes", None)
        if sizes is not None and len(sizes):
            largest[:] = np.maximum(largest, sizes.max(axis=0)).tolist()
        yield descriptors


def _smallest_side(extractor, most=2048):
    """The side in pixels of the smallest square image that an extractor finds descriptors in; None beyond ``most``."""
    few, enough = 0, 1
    while not extractor.extract(np.zeros((enough, enough), np.uint8)).n_descriptors:
        few, enough = enough, 2 * enough
        if enough > most:
            return None
    while enough - few > 1:
        middle = (few + enough) // 2
        found = extractor.extract(np.zeros((middle, middle), np.uint8)).n_descriptors
        few, enough = (few, middle) if found else (middle, enough)
    return enough


def _set_codebook_progress(pyramid, verbose):
    """Let the codebook inside a pyramid, fitted or not, show the progress of its iterations."""
    for encoder in (pyramid.encoder, getattr(pyramid, "encoder_", None)):
        for codebook in (getattr(encoder, "codebook", None), getattr(encoder, "codebook_", None)):
            if codebook is not None and "verbose" in codebook.get_params(deep=False):
                codebook.set_params(verbose=verbose)
