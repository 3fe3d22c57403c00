"""The hallway as estimators: images in, signatures and five class names out.

``ImageEncoder`` takes an image to its signature: local descriptors, PCA, codes of
a codebook, pooled over the cells of a pyramid. ``BovwClassifier`` puts a linear
one-vs-rest classifier behind one or several of them. Both go image by image, so
memory holds the signatures, never all descriptors.
"""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ._progress import Progress
from ._random import check_seed
from ._threads import map_in_order, single_threaded
from ._validation import check_choice, check_int
from .classify import OneVsRestDual, score_matrix, top_k
from .codebook import DescriptorPCA, GMMCodebook, sample_descriptors
from .descriptors import DenseSIFT
from .encoding import FisherVector
from .errors import ImageDecodeError, ParameterError
from .images import load_image, resize_image
from .persist import load_model, save_model
from .pooling import EmptyImageWarning, SpatialPyramid


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
        normalised.
    n_descriptors : int, default 200_000
        How many descriptors, balanced over the images, PCA and codebook learn from.
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
        Fitted clones.
    """

    def __init__(
        self, extractor=None, *, pca=None, pyramid=None, n_descriptors=200_000, resize=None, n_jobs=None,
        random_state=0, verbose=False,
    ):
        self.extractor = extractor
        self.pca = pca
        self.pyramid = pyramid
        self.n_descriptors = n_descriptors
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
        return self._fit(_Reader(images, self._mode()))

    def _fit(self, reader):
        n = check_int("n_descriptors", self.n_descriptors, 1)
        seed = check_seed(self.random_state)
        if len(reader) == 0:
            raise ParameterError("images is empty; give at least one image")

        def describe(i):
            image = reader(i)
            return None if image is None else self._describe(image)

        with Progress("descriptor sample", len(reader), enabled=self.verbose) as progress:
            sets = progress.wrap(map_in_order(describe, range(len(reader)), self.n_jobs))
            sample = sample_descriptors((s for s in sets if s is not None), n, random_state=seed)
        with single_threaded():
            self.pca_ = None
            if self.pca is not None:
                self.pca_ = clone(self.pca).fit(sample.descriptors)
                sample = sample.replace(self.pca_.transform(sample.descriptors))
            pyramid = clone(self._pyramid())
            _set_codebook_progress(pyramid, self.verbose)
            self.pyramid_ = pyramid.fit(sample)
            _set_codebook_progress(pyramid, False)
        return self

    def _extractor(self):
        extractor = DenseSIFT() if self.extractor is None else self.extractor
        extractor._check_params()
        return extractor

    def _pyramid(self):
        return SpatialPyramid(FisherVector(GMMCodebook(64)), norm=("power", "l2")) if self.pyramid is None \
            else self.pyramid

    def _mode(self):
        return "rgb" if self._extractor().color else "grey"

    def _describe(self, image):
        if self.resize:
            image = resize_image(image, **self.resize)
        return self._extractor().extract(image)

    def encode_image(self, image):
        """The signature of one decoded image, (signature_size,) float32.

        Parameters
        ----------
        image : array of shape (height, width) or (height, width, 3)
        """
        descriptors = self._describe(image)
        if self.pca_ is not None:
            rows = descriptors.descriptors
            reduced = self.pca_.transform(rows) if len(rows) else np.empty((0, len(self.pca_.components_)))
            descriptors = descriptors.replace(reduced)
        return self.pyramid_.encode(descriptors)

    @property
    def signature_size(self):
        """The dimension of a signature."""
        check_is_fitted(self)
        return self.pyramid_.signature_size

    def transform(self, images):
        """Signatures of many images, (n_images, signature_size) float32; zero rows for skipped images."""
        check_is_fitted(self)
        return _gather([self], _Reader(images, self._mode()), self.n_jobs, self.verbose)

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


class BovwClassifier(ClassifierMixin, BaseEstimator):
    """Image classification by bags of visual words, from image files to ranked class names.

    Parameters
    ----------
    encoder : ImageEncoder or list of ImageEncoder, optional
        What makes the signature. The signatures of several encoders (say, SIFT and
        colour) are concatenated. Default: ``ImageEncoder()`` with PCA to 64 dimensions.
    classifier : OneVsRestDual, optional
        Default ``OneVsRestDual()``.
    on_error : {"raise", "skip"}, default "raise"
        What to do with an image that cannot be read. "skip" keeps its row: it takes no
        part in training, its signature is zero, and it is listed in ``skipped_``.
    n_jobs : int, optional
        Worker threads, given to the encoders and the classifier where theirs is None.
    verbose : bool, default False
        Show progress.

    Attributes
    ----------
    encoders_ : list of ImageEncoder
    classifier_ : OneVsRestDual
    classes_ : array of shape (n_classes,)
    skipped_ : dict of str to str
        Name and error of each image that the last ``fit`` skipped.

    Examples
    --------
    >>> import bovw, skimage.data
    >>> a, b = skimage.data.brick(), skimage.data.grass()
    >>> train = [x[:, i:i + 64] for x in (a, b) for i in range(0, 256, 64)]
    >>> test = [x[:, i:i + 64] for x in (a, b) for i in range(256, 512, 64)]
    >>> labels = ["brick"] * 4 + ["grass"] * 4
    >>> model = bovw.BovwClassifier(bovw.ImageEncoder(bovw.DenseSIFT(step=8), pyramid=bovw.SpatialPyramid(
    ...     bovw.FisherVector(bovw.GMMCodebook(8)), norm=("power", "l2")))).fit(train, labels)
    >>> model.score(test, labels)
    1.0
    """

    def __init__(self, encoder=None, *, classifier=None, on_error="raise", n_jobs=None, verbose=False):
        self.encoder = encoder
        self.classifier = classifier
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, images, y):
        """Learn codebooks and classifier.

        Parameters
        ----------
        images : list of paths, list of arrays, or ImageCollection
        y : array-like of shape (n_images,)
            Class labels, numbers or strings.

        Raises
        ------
        ParameterError
            If lengths differ or a parameter is out of range.
        ImageDecodeError
            If an image cannot be read and ``on_error="raise"``.
        """
        y = np.asarray(y)
        if y.ndim != 1 or len(y) != len(images):
            raise ParameterError(f"y has shape {y.shape} for {len(images)} images; one label an image is needed")
        check_classification_targets(y)
        self.fit_encoders(images)
        reader = self._reader(images)
        signatures = _gather(self.encoders_, reader, self.n_jobs, self.verbose)
        self.skipped_ = {reader.name(i): error for i, error in sorted(reader.errors.items())}
        return self.fit_classifier(signatures, y, skip=sorted(reader.errors))

    def fit_encoders(self, images):
        """The first third of :meth:`fit`: learn PCA and codebook of every encoder from ``images``."""
        encoders = list(self.encoder) if isinstance(self.encoder, (list, tuple)) else [self.encoder]
        if not encoders:
            raise ParameterError("encoder=[] names no encoder; give at least one ImageEncoder")
        self.encoders_ = []
        for encoder in encoders:
            encoder = ImageEncoder(pca=DescriptorPCA(64)) if encoder is None else clone(encoder)
            self._share_workers(encoder)
            self.encoders_.append(encoder._fit(_Reader(images, encoder._mode(), self.on_error)))
        return self

    def _reader(self, images):
        mode = "rgb" if any(encoder._mode() == "rgb" for encoder in self.encoders_) else "grey"
        return _Reader(images, mode, self.on_error)

    def fit_classifier(self, signatures, y, skip=()):
        """The last third of :meth:`fit`: learn the classifier.

        Parameters
        ----------
        signatures : array of shape (n_images, signature_size)
        y : array of shape (n_images,)
        skip : sequence of int
            Rows of skipped images, which take no part.
        """
        y = np.asarray(y)
        if len(skip):
            signatures, y = np.delete(signatures, skip, axis=0), np.delete(y, skip)
        self.classifier_ = OneVsRestDual() if self.classifier is None else clone(self.classifier)
        self._share_workers(self.classifier_)
        self.classifier_.fit(signatures, y)
        self.classes_ = self.classifier_.classes_
        return self

    def _share_workers(self, estimator):
        if "n_jobs" in estimator.get_params(deep=False) and estimator.n_jobs is None:
            estimator.set_params(n_jobs=self.n_jobs)
        if isinstance(estimator, ImageEncoder) and self.verbose:
            estimator.set_params(verbose=True)

    def signatures(self, images):
        """Signatures under the fitted encoders, (n_images, signature_size) float32; zero rows for skipped images."""
        return self.signatures_and_errors(images)[0]

    def signatures_and_errors(self, images):
        """As :meth:`signatures`, with a dict from row to message of the images that were skipped."""
        check_is_fitted(self, "encoders_")
        reader = self._reader(images)
        signatures = _gather(self.encoders_, reader, self.n_jobs, self.verbose)
        return signatures, dict(sorted(reader.errors.items()))

    def scores_and_errors(self, images):
        """Scores with one column a class, (n_images, n_classes), and a dict from row to message of skipped images.

        Memory holds the signatures of all ``images``: give them in blocks.
        """
        signatures, errors = self.signatures_and_errors(images)
        return score_matrix(self.classifier_.decision_function(signatures)), errors

    @property
    def signature_size(self):
        """The dimension of a signature."""
        check_is_fitted(self, "encoders_")
        return sum(encoder.signature_size for encoder in self.encoders_)

    def decision_function(self, images):
        """Scores of the classes: (n_images, n_classes), or (n_images,) for two classes.

        Images are encoded and scored in blocks, so memory stays small. With
        ``on_error="skip"`` an unreadable image gives a warning and the scores of
        the zero signature.
        """
        check_is_fitted(self, "classifier_")
        if len(images) == 0:
            raise ParameterError("images is empty; give at least one image")
        reader, scores = self._reader(images), []
        for rows in _score_blocks(len(images), self.signature_size):
            signatures = _gather(self.encoders_, reader, self.n_jobs, self.verbose, rows)
            scores.append(self.classifier_.decision_function(signatures))
        for i, error in sorted(reader.errors.items()):
            warnings.warn(f"{reader.name(i)} was skipped: {error}", EmptyImageWarning, stacklevel=2)
        return np.concatenate(scores)

    def predict(self, images):
        """The best class of each image, (n_images,)."""
        return self.predict_top_k(images, 1)[:, 0]

    def predict_top_k(self, images, k=5):
        """The ``k`` best classes of each image, (n_images, k), best first; all classes if there are fewer.

        Ties go to the class that comes first in ``classes_``.
        """
        return self.classes_[self.rank(self.decision_function(images), k)]

    def rank(self, scores, k=5):
        """Indices into ``classes_`` of the ``k`` best scores, (n_images, min(k, n_classes))."""
        return top_k(score_matrix(scores), k)

    def save(self, path):
        """Write the fitted model into the folder ``path`` as model.json and .npy files."""
        check_is_fitted(self, "classifier_")
        save_model(self, path)

    @classmethod
    def load(cls, path):
        """Read a model written by :meth:`save`. Raises ModelFormatError if anything about it is wrong."""
        return load_model(path, expected=cls)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


class _Reader:
    """Decodes image ``i`` when called, in whatever worker; with "skip" it notes what went wrong and gives None."""

    def __init__(self, images, mode, on_error="raise"):
        self.images, self.mode = images, mode
        self.on_error = check_choice("on_error", on_error, ("raise", "skip"))
        self.errors = {}

    def __len__(self):
        return len(self.images)

    def __call__(self, i):
        try:
            item = self.images[i]
            if item is not None:
                return load_image(item, mode=self.mode)
            self.errors[i] = getattr(self.images, "errors", {}).get(i, "there is no image")
        except ImageDecodeError as error:
            if self.on_error == "raise":
                raise
            self.errors[i] = str(error)
        return None

    def name(self, i):
        """What messages call image ``i``."""
        if hasattr(self.images, "names"):
            return str(self.images.names[i])
        item = self.images[i]
        return f"image {i}" if isinstance(item, np.ndarray) else str(item)


def _gather(encoders, reader, n_jobs, verbose, rows=None):
    """Signatures of the images ``rows`` (default all); each image is decoded once for all encoders."""
    rows = range(len(reader)) if rows is None else rows
    size = sum(encoder.signature_size for encoder in encoders)

    def encode(i):
        image = reader(i)
        if image is None:
            return None
        return [encoder.encode_image(image) for encoder in encoders]

    signatures = np.zeros((len(rows), size), np.float32)
    with Progress("signatures", len(rows), enabled=verbose) as progress:
        for row, parts in zip(signatures, progress.wrap(map_in_order(encode, rows, n_jobs)), strict=True):
            if parts is not None:
                np.concatenate(parts, out=row)
    return signatures


def _score_blocks(n, signature_size, budget=2**26):
    """Ranges that cut ``n`` images into blocks of at most ``budget`` signature numbers (256 MB)."""
    block = max(1, budget // signature_size)
    return [range(start, min(start + block, n)) for start in range(0, n, block)]
