"""``BovwClassifier``: from image files to ranked class names."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from .._methods import unless
from .._parameters import Boolean, Choice, Declared, Jobs, Optional, Part
from .._threads import share_workers
from .._validation import shown
from ..classify import (
    OneVsRestDual,
    as_classifier,
    held_out_folds,
    is_indicator,
    possible_folds,
    read_labels,
    read_targets,
    score_matrix,
)
from ..classify.machines import WAYS_TO_PROBABILITIES
from ..classify.weights import check_sample_weight
from ..codebook import DescriptorPCA
from ..errors import ParameterError
from ..images import as_image_list
from ..pooling import EmptyImageWarning
from ..stores import SignatureStore
from .image_encoder import ImageEncoder, encode_images
from .ranked import ImageClassifier
from .reader import image_name

#: signature numbers at most that are held while images are scored: 256 MB
BLOCK_NUMBERS = 2**26


class EncoderParts(Part):
    """An ImageEncoder, or a list of them."""

    def check(self, name, value):
        if not isinstance(value, (list, tuple)):
            return super().check(name, value)
        if not value:
            raise ParameterError(f"{name}=[] names no encoder; give at least one ImageEncoder")
        one = Part(self.what, methods=self.methods)
        return [one.check(f"{name}[{i}]", encoder) for i, encoder in enumerate(value)]

    def __str__(self):
        return "ImageEncoder, list of ImageEncoder or None"


def default_encoder() -> ImageEncoder:
    """Dense SIFT, PCA to 64 dimensions, a Fisher vector of 64 Gaussians over the whole image."""
    return ImageEncoder(pca=DescriptorPCA(64))


def _why_no_probabilities(model):
    """Why a model has no probabilities; None if it has."""
    classifier = getattr(model, "classifier_", None) or model.part("classifier")
    return None if hasattr(classifier, "predict_proba") else (
        f"{type(model).__name__} has no predict_proba: its classifier, {type(classifier).__name__}, has none; "
        f"{WAYS_TO_PROBABILITIES}"
    )


class BovwClassifier(Declared, ImageClassifier):
    """Image classification by bags of visual words, from image files to ranked class names.

    Parameters
    ----------
    encoder : ImageEncoder, list of ImageEncoder or None, default None
        What makes the signature. The signatures of several encoders (say, SIFT and
        color) are concatenated. None is ``ImageEncoder(pca=DescriptorPCA(64))``.
    classifier : classifier or None, default None
        Any of bovw's, or of scikit-learn's with ``decision_function`` or ``predict_proba`` (which cannot be
        saved); ``fit`` learns a clone. None is ``OneVsRestDual()``.
    codec : codec or None, default None
        Such as ``ProductQuantizer()``: it is fitted on the training signatures, and the classifier learns
        from what it leaves of them. New images are scored uncompressed, as Sánchez and Perronnin [1]_ do.
        None compresses nothing.
    on_error : {"raise", "skip"}, default "raise"
        What to do with an image that cannot be read. "skip" keeps its row: it takes no
        part in training, its signature is zero, and it is listed in ``skipped_``.
    n_jobs : int or None, default None
        Worker threads, given to the encoders and the classifier where theirs is None. None is one, -1 all cores.
    verbose : bool, default False
        Show progress.

    Attributes
    ----------
    encoders_ : list of ImageEncoder
    classifier_ : classifier
        The fitted clone, whoever's it is.
    codec_ : codec or None
    classes_ : array of shape (n_classes,)
    multilabel_ : bool
        Whether an image may show several classes.
    skipped_ : dict of str to str
        Name and error of each image that the last ``fit`` skipped.

    Notes
    -----
    A classifier without ``decision_function`` is ranked by its probabilities.

    References
    ----------
    .. [1] J. Sánchez, F. Perronnin, "High-dimensional signature compression for large-scale image
       classification", CVPR 2011. :doi:`10.1109/CVPR.2011.5995504`

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

    PARAMETERS = {
        "encoder": EncoderParts("ImageEncoder", default=default_encoder, methods=("fit_images", "encode_image")),
        "classifier": Part(
            "classifier", default=OneVsRestDual, methods=("fit", ("decision_function", "predict_proba"))
        ),
        "codec": Optional(Part("codec", methods=("fit", "encode", "decode"))),
        "on_error": Choice("raise", "skip"),
        "n_jobs": Jobs(),
        "verbose": Boolean(),
    }

    def __init__(
        self, encoder=None, *, classifier=None, codec=None, on_error="raise", n_jobs=None, verbose=False,
    ):
        self.encoder = encoder
        self.classifier = classifier
        self.codec = codec
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.verbose = verbose

    def check_pairs(self):
        """Raise ParameterError if the classifier asks for a kernel matrix where it is given signatures."""
        if getattr(self.classifier, "kernel", None) == "precomputed":
            raise ParameterError(
                f"classifier={shown(self.classifier)} takes kernel matrices, but is given signatures; name its kernel"
            )

    def fit(
        self, images: Iterable, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        classes: Sequence[str] | None = None,
    ) -> Self:
        """Learn codebooks and classifier; returns self.

        Parameters
        ----------
        images : images
            In any form that :class:`ImageEncoder` takes.
        y : array-like of shape (n_images,), or (n_images, n_classes)
            Class labels, numbers or strings, in any one-dimensional form, taken by position; or, where an image
            may show several classes, an indicator matrix of 1 (shows the class), 0 (does not) and -1 (left out
            of that class).
        sample_weight : array-like of shape (n_images,), optional
            How much each image counts for the classifier; by default 1. Codebooks do not look at it.
        classes : sequence of n_classes names, optional
            What the columns of an indicator matrix are called; by default their numbers.

        Raises
        ------
        ParameterError
            If lengths differ or a parameter is out of range.
        ImageDecodeError
            If an image cannot be read and ``on_error="raise"``.
        """
        signatures, learning = self.fit_signatures(images, y, sample_weight, classes=classes)
        return self.fit_classifier(signatures, **learning)

    def fit_signatures(
        self, images: Iterable, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        classes: Sequence[str] | None = None,
    ) -> tuple[np.ndarray, dict]:
        """The first two thirds of :meth:`fit`: learn the encoders and encode the training images.

        Parameters
        ----------
        images, y, sample_weight, classes
            As in :meth:`fit`.

        Returns
        -------
        signatures : array of shape (n_images, signature_size), float32
        learning : dict
            The other arguments of :meth:`fit_classifier`: labels, weights, names, and the rows of skipped images.
        """
        self.check_params()
        listed, labels = as_image_list(images), check_labels(y, classes)
        if len(labels) != len(listed):
            raise ParameterError(f"y has {len(labels)} labels for {len(listed)} images; one label an image is needed")
        if len(labels):
            read_targets(labels)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, len(labels))
        self.fit_encoders(listed)
        signatures, errors = self.signatures_and_errors(listed)
        self.skipped_ = {image_name(listed, i): error for i, error in errors.items()}
        return signatures, {"y": labels, "skip": list(errors), "sample_weight": sample_weight, "classes": classes}

    def fit_encoders(self, images: Iterable) -> Self:
        """The first third of :meth:`fit`: learn PCA and codebook of every encoder from ``images``; returns self.

        Parameters
        ----------
        images : images
        """
        self.check_params()
        listed, chosen = as_image_list(images), self.part("encoder")
        self.encoders_ = list(chosen) if isinstance(chosen, (list, tuple)) else [chosen]
        for encoder in self.encoders_:
            share_workers(encoder, self.n_jobs, self.verbose).fit_images(listed, on_error=self.on_error)
        return self

    def fit_classifier(
        self, signatures: np.ndarray | SignatureStore, y: ArrayLike, skip: Sequence[int] = (),
        sample_weight: ArrayLike | None = None, *, classes: Sequence[str] | None = None,
        checkpoint: str | PathLike | None = None,
    ) -> Self:
        """The last third of :meth:`fit`: learn the classifier; returns self.

        Parameters
        ----------
        signatures : array of shape (n_images, signature_size), or SignatureStore
            ``OneVsRestSGD`` reads a store block by block, other classifiers read all of it at once. A store
            brings what its own codec left of the signatures.
        y : array-like of shape (n_images,), or (n_images, n_classes)
        skip : sequence of int, default ()
            Rows of skipped images, which take no part.
        sample_weight : array-like of shape (n_images,), optional
        classes : sequence of n_classes names, optional
            As in :meth:`fit`.
        checkpoint : path, optional
            Where ``OneVsRestSGD`` keeps the state of its training, to be gone on with.
        """
        X, labels, kept = self._start_classifier(signatures, y, skip, classes)
        self._machine().fit(X, labels, sample_weight, rows=kept, checkpoint=checkpoint)
        self._name_classes(classes)
        return self

    def fit_classifier_out_of_fold(
        self, signatures: np.ndarray | SignatureStore, y: ArrayLike, skip: Sequence[int] = (),
        sample_weight: ArrayLike | None = None, *, cv: int = 5, classes: Sequence[str] | None = None,
        checkpoint: str | PathLike | None = None,
    ) -> np.ndarray:
        """:meth:`fit_classifier`, and what :meth:`out_of_fold_scores` would return after it.

        ``OneVsRestDual`` reads the signatures and computes their Gram matrix once for both. Parameters and
        errors are those of the two methods.
        """
        if not as_classifier(self.part("classifier")).cheap_folds:
            self.fit_classifier(signatures, y, skip, sample_weight, classes=classes, checkpoint=checkpoint)
            return self.out_of_fold_scores(signatures, y, skip, sample_weight, cv=cv)
        X, labels, kept = self._start_classifier(signatures, y, skip, classes)
        known, weights = labels[kept], _weights_of(sample_weight, kept)
        folds = held_out_folds(known, possible_folds(known, cv))
        held_out = self._machine().fit_out_of_fold(_take(X, kept), known, folds, weights)
        self._name_classes(classes)
        return _spread(held_out, kept, len(labels))

    @property
    def multilabel_(self) -> bool:
        """Whether the classifier learnt from an indicator matrix."""
        check_is_fitted(self, "classifier_")
        return self._machine().multilabel_

    def _start_classifier(self, signatures, y, skip, classes):
        """Set ``codec_`` and an unfitted ``classifier_``; what it learns from, the labels, the rows that count."""
        y = check_labels(y, classes)
        kept = np.delete(np.arange(len(y)), skip)
        if isinstance(signatures, np.ndarray):
            self.codec_ = None
            if self.codec is not None:
                self.codec_ = share_workers(self.part("codec"), self.n_jobs).fit(_take(signatures, kept))
        else:
            self.codec_ = signatures.codec
        self.classifier_ = share_workers(self.part("classifier"), self.n_jobs)
        return self._compressed(signatures), y, kept

    def _machine(self):
        """The classifier behind the methods that all of bovw's have."""
        return as_classifier(self.classifier_)

    def _name_classes(self, classes):
        self.classes_ = self._machine().classes_ if classes is None else np.asarray(classes)

    def out_of_fold_scores(
        self, signatures: np.ndarray | SignatureStore, y: ArrayLike, skip: Sequence[int] = (),
        sample_weight: ArrayLike | None = None, *, cv: int = 5,
    ) -> np.ndarray:
        """Scores of each training image by a classifier that did not see it, (n_images, n_classes) float32.

        The encoders, which know no labels, C and class weight stay those of the fitted model. Rows in ``skip``
        are NaN.

        Parameters
        ----------
        signatures, y, skip, sample_weight
            As given to :meth:`fit_classifier`.
        cv : int >= 2, default 5
            Folds at most; no more than the smallest class has images.

        Raises
        ------
        NotFittedError
            Before :meth:`fit_classifier`.
        ParameterError
            If a class has one image only.
        """
        check_is_fitted(self, "classifier_")
        labels = check_labels(y)
        kept = np.delete(np.arange(len(labels)), skip)
        known, weights = labels[kept], _weights_of(sample_weight, kept)
        X, machine = self._compressed(signatures), self._machine().chosen()
        if len(skip) or not machine.reads_blocks:
            X = _take(X, kept)
        folds = held_out_folds(known, possible_folds(known, cv))
        return _spread(machine.out_of_fold(X, known, folds, weights), kept, len(labels))

    def _compressed(self, signatures):
        """The signatures as the classifier sees them: an array after a pass through the codec, a store as it is."""
        if self.codec_ is None or not isinstance(signatures, np.ndarray):
            return signatures
        return self.codec_.decode(self.codec_.encode(signatures))

    def signatures(self, images: Iterable) -> np.ndarray:
        """Signatures under the fitted encoders, (n_images, signature_size) float32; zero rows for skipped images."""
        return self.signatures_and_errors(images)[0]

    def signatures_and_errors(
        self, images: Iterable, rows: Sequence[int] | None = None,
    ) -> tuple[np.ndarray, dict[int, str]]:
        """As :meth:`signatures`, of all images or of ``rows``, with a dict from place to message of skipped ones."""
        check_is_fitted(self, "encoders_")
        return encode_images(
            self.encoders_, images, on_error=self.on_error, rows=rows, n_jobs=self.n_jobs, verbose=self.verbose
        )

    def scores_and_errors(self, images: Iterable) -> tuple[np.ndarray, dict[int, str]]:
        """Scores with one column a class, (n_images, n_classes), and a dict from row to message of skipped images.

        Memory holds the signatures of all ``images``: give them in blocks.
        """
        check_is_fitted(self, "classifier_")
        signatures, errors = self.signatures_and_errors(images)
        return score_matrix(self._machine().decision_function(signatures)), errors

    @property
    def signature_size(self) -> int:
        """The dimension of a signature."""
        check_is_fitted(self, "encoders_")
        return sum(encoder.signature_size for encoder in self.encoders_)

    def decision_function(self, images: Iterable) -> np.ndarray:
        """Scores of the classes: (n_images, n_classes), or (n_images,) for two classes with one label an image.

        Images are encoded and scored in blocks, so memory stays small. With
        ``on_error="skip"`` an unreadable image gives a warning and the scores of
        the zero signature.
        """
        return self._of_blocks(images, lambda signatures: self._machine().decision_function(signatures))

    @unless(_why_no_probabilities)
    def predict_proba(self, images: Iterable) -> np.ndarray:
        """Probabilities of the classes, (n_images, n_classes), where the classifier has them."""
        return self._of_blocks(images, lambda signatures: self.classifier_.predict_proba(signatures))

    def _of_blocks(self, images, score):
        """What ``score`` gives for the signatures of ``images``, block by block."""
        check_is_fitted(self, "classifier_")
        images = as_image_list(images)
        if len(images) == 0:
            raise ParameterError("images is empty; give at least one image")
        block, values = max(1, BLOCK_NUMBERS // self.signature_size), []
        for start in range(0, len(images), block):
            rows = range(start, min(start + block, len(images)))
            signatures, errors = self.signatures_and_errors(images, rows)
            values.append(score(signatures))
            for i, error in errors.items():
                warnings.warn(f"{image_name(images, i)} was skipped: {error}", EmptyImageWarning, stacklevel=3)
        return np.concatenate(values)


def check_labels(y, classes=None):
    """Labels as an array, or ParameterError: if they are none that a classifier learns from, or ``classes`` not theirs.

    Parameters
    ----------
    y : array-like of shape (n_images,), or (n_images, n_classes)
    classes : sequence of n_classes names, optional
    """
    shape = np.shape(y)
    if len(shape) > 1 and not is_indicator(y):
        columns = list(getattr(y, "columns", ()))
        column = f"y[{columns[0]!r}]" if len(columns) == 1 else "np.ravel(y)"
        raise ParameterError(
            f"y has shape {shape}; one label an image is needed, or a row of an indicator matrix of at least two "
            "classes" + (f": give {column}" if shape[1:] == (1,) else "")
        )
    y = read_labels(y)
    if classes is not None and (not is_indicator(y) or len(set(classes)) != len(classes) or len(classes) != y.shape[1]):
        raise ParameterError(
            f"classes has {len(classes)} names; one name, of its own, for each column of an indicator matrix is "
            "needed, and none beside labels that are names themselves"
        )
    return y


def _take(X, rows):
    """Rows of an array or a store as an array; an array that is wanted whole is not copied."""
    return X if isinstance(X, np.ndarray) and len(rows) == len(X) else X[rows]


def _weights_of(sample_weight, rows):
    return None if sample_weight is None else np.asarray(sample_weight)[rows]


def _spread(scores, rows, n_images):
    """``scores`` as these rows of all images, one column a class, NaN in the others."""
    scores = score_matrix(scores)
    spread = np.full((n_images, scores.shape[1]), np.nan, np.float32)
    spread[rows] = scores
    return spread
