"""``BovwClassifier``: from image files to ranked class names."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._threads import share_workers
from ..classify import (
    OneVsRestDual,
    as_classifier,
    held_out_folds,
    is_indicator,
    out_of_fold_scores,
    possible_folds,
    read_targets,
    score_matrix,
)
from ..codebook import DescriptorPCA
from ..errors import ParameterError
from ..pooling import EmptyImageWarning
from .image_encoder import ImageEncoder
from .ranked import ImageClassifier
from .reader import ImageReader, gather_signatures, score_blocks


class BovwClassifier(ImageClassifier):
    """Image classification by bags of visual words, from image files to ranked class names.

    Parameters
    ----------
    encoder : ImageEncoder or list of ImageEncoder, optional
        What makes the signature. The signatures of several encoders (say, SIFT and
        color) are concatenated. Default: ``ImageEncoder()`` with PCA to 64 dimensions.
    classifier : classifier, optional
        Any of bovw or scikit-learn that has ``decision_function`` or ``predict_proba``; one of scikit-learn is trained
        and asked, but cannot be saved. Default ``OneVsRestDual()``.
    codec : codec, optional
        Such as ``ProductQuantizer()``: it is fitted on the training signatures, and the classifier learns
        from what it leaves of them. New images are scored uncompressed, as Sánchez and Perronnin (2011) do.
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
    classifier_ : estimator
    codec_ : codec or None
    classes_ : array of shape (n_classes,)
    multilabel_ : bool
        Whether an image may show several classes.
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

    def __init__(
        self, encoder=None, *, classifier=None, codec=None, on_error="raise", n_jobs=None, verbose=False,
    ):
        self.encoder = encoder
        self.classifier = classifier
        self.codec = codec
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, images, y, *, classes=None):
        """Learn codebooks and classifier.

        Parameters
        ----------
        images : list of paths, list of arrays, or ImageCollection
        y : array-like of shape (n_images,), or (n_images, n_classes)
            Class labels, numbers or strings; or, where an image may show several classes, an
            indicator matrix of 1 (shows the class), 0 (does not) and -1 (left out of that class).
        classes : sequence of n_classes names, optional
            What the columns of an indicator matrix are called; by default their numbers.

        Raises
        ------
        ParameterError
            If lengths differ or a parameter is out of range.
        ImageDecodeError
            If an image cannot be read and ``on_error="raise"``.
        """
        signatures, y, skip = self._learn_signatures(images, y, classes)
        return self.fit_classifier(signatures, y, skip, classes=classes)

    def _learn_signatures(self, images, y, classes=None):
        """Fit the encoders; the training signatures, labels and rows of skipped images."""
        y = np.asarray(y)
        if (y.ndim != 1 and not is_indicator(y)) or len(y) != len(images):
            raise ParameterError(
                f"y has shape {y.shape} for {len(images)} images; one label an image is needed, or a row of an "
                "indicator matrix of at least two classes"
            )
        if is_indicator(y):
            read_targets(y)
        else:
            check_classification_targets(y)
        _check_names(classes, y)
        self.fit_encoders(images)
        reader = self._reader(images)
        signatures = gather_signatures(self.encoders_, reader, self.n_jobs, self.verbose)
        self.skipped_ = {reader.name(i): error for i, error in sorted(reader.errors.items())}
        return signatures, y, sorted(reader.errors)

    def fit_encoders(self, images):
        """The first third of :meth:`fit`: learn PCA and codebook of every encoder from ``images``."""
        encoders = list(self.encoder) if isinstance(self.encoder, (list, tuple)) else [self.encoder]
        if not encoders:
            raise ParameterError("encoder=[] names no encoder; give at least one ImageEncoder")
        self.encoders_ = []
        for encoder in encoders:
            encoder = ImageEncoder(pca=DescriptorPCA(64)) if encoder is None else clone(encoder)
            share_workers(encoder, self.n_jobs, self.verbose)
            self.encoders_.append(encoder._fit(ImageReader(images, encoder._mode(), self.on_error)))
        return self

    def _reader(self, images):
        mode = "rgb" if any(encoder._mode() == "rgb" for encoder in self.encoders_) else "gray"
        return ImageReader(images, mode, self.on_error)

    def fit_classifier(self, signatures, y, skip=(), *, classes=None, checkpoint=None):
        """The last third of :meth:`fit`: learn the classifier.

        Parameters
        ----------
        signatures : array of shape (n_images, signature_size), or SignatureStore
            ``OneVsRestSGD`` reads a store block by block, other classifiers read all of it at once. A store
            brings what its own codec left of the signatures.
        y : array of shape (n_images,), or (n_images, n_classes)
        skip : sequence of int
            Rows of skipped images, which take no part.
        classes : sequence of n_classes names, optional
            As in :meth:`fit`.
        checkpoint : path, optional
            Where ``OneVsRestSGD`` keeps the state of its training, to be gone on with.
        """
        X, y, kept = self._start_classifier(signatures, y, skip, classes)
        as_classifier(self.classifier_).fit(X, y, rows=kept, checkpoint=checkpoint)
        self._name_classes(classes)
        return self

    def fit_classifier_out_of_fold(self, signatures, y, skip=(), *, cv=5, classes=None, checkpoint=None):
        """:meth:`fit_classifier`, and what :meth:`out_of_fold_scores` would return after it.

        ``OneVsRestDual`` reads the signatures and computes their Gram matrix once for both. Parameters and
        errors are those of the two methods.
        """
        if not as_classifier(self._chosen_classifier()).cheap_folds:
            self.fit_classifier(signatures, y, skip, classes=classes, checkpoint=checkpoint)
            return self.out_of_fold_scores(signatures, y, skip, cv=cv)
        X, y, kept = self._start_classifier(signatures, y, skip, classes)
        folds = held_out_folds(y[kept], possible_folds(y[kept], cv))
        held_out = score_matrix(self.classifier_.fit_out_of_fold(_take(X, kept), y[kept], folds))
        self._name_classes(classes)
        return _spread(held_out, kept, len(y))

    @property
    def multilabel_(self):
        """Whether the classifier learnt from an indicator matrix."""
        return as_classifier(self.classifier_).multilabel_

    def _chosen_classifier(self):
        return OneVsRestDual() if self.classifier is None else self.classifier

    def _start_classifier(self, signatures, y, skip, classes):
        """Set ``codec_`` and an unfitted ``classifier_``; what it learns from, the labels, the rows that count."""
        y = np.asarray(y)
        _check_names(classes, y)
        kept = np.delete(np.arange(len(y)), skip)
        if isinstance(signatures, np.ndarray):
            self.codec_ = None
            if self.codec is not None:
                self.codec_ = share_workers(clone(self.codec), self.n_jobs).fit(_take(signatures, kept))
        else:
            self.codec_ = signatures.codec
        self.classifier_ = clone(self._chosen_classifier())
        share_workers(self.classifier_, self.n_jobs)
        return self._compressed(signatures), y, kept

    def _name_classes(self, classes):
        self.classes_ = as_classifier(self.classifier_).classes_ if classes is None else np.asarray(classes)

    def out_of_fold_scores(self, signatures, y, skip=(), *, cv=5):
        """Scores of each training image by a classifier that did not see it, (n_images, n_classes) float32.

        The encoders, which know no labels, C and the class weight stay those of the fitted model. Rows in ``skip`` are
        NaN.

        Parameters
        ----------
        signatures, y, skip
            As given to :meth:`fit_classifier`.
        cv : int, default 5
            Folds at most; no more than the smallest class has images.

        Raises
        ------
        ParameterError
            If a class has one image only.
        """
        check_is_fitted(self, "classifier_")
        y = np.asarray(y)
        kept = np.delete(np.arange(len(y)), skip)
        X = self._compressed(signatures)
        classifier = as_classifier(self.classifier_).chosen()
        whole = classifier.reads_blocks and not len(skip)
        cv = possible_folds(y[kept], cv)
        held_out = out_of_fold_scores(classifier, X if whole else _take(X, kept), y[kept], cv=cv)
        return _spread(score_matrix(held_out), kept, len(y))

    def _compressed(self, signatures):
        """The signatures as the classifier sees them: an array after a pass through the codec, a store as it is."""
        if self.codec_ is None or not isinstance(signatures, np.ndarray):
            return signatures
        return self.codec_.decode(self.codec_.encode(signatures))

    def signatures(self, images):
        """Signatures under the fitted encoders, (n_images, signature_size) float32; zero rows for skipped images."""
        return self.signatures_and_errors(images)[0]

    def signatures_and_errors(self, images):
        """As :meth:`signatures`, with a dict from row to message of the images that were skipped."""
        check_is_fitted(self, "encoders_")
        reader = self._reader(images)
        signatures = gather_signatures(self.encoders_, reader, self.n_jobs, self.verbose)
        return signatures, dict(sorted(reader.errors.items()))

    def scores_and_errors(self, images):
        """Scores with one column a class, (n_images, n_classes), and a dict from row to message of skipped images.

        Memory holds the signatures of all ``images``: give them in blocks.
        """
        signatures, errors = self.signatures_and_errors(images)
        return score_matrix(as_classifier(self.classifier_).decision_function(signatures)), errors

    @property
    def signature_size(self):
        """The dimension of a signature."""
        check_is_fitted(self, "encoders_")
        return sum(encoder.signature_size for encoder in self.encoders_)

    def decision_function(self, images):
        """Scores of the classes: (n_images, n_classes), or (n_images,) for two classes with one label an image.

        Images are encoded and scored in blocks, so memory stays small. With
        ``on_error="skip"`` an unreadable image gives a warning and the scores of
        the zero signature.
        """
        check_is_fitted(self, "classifier_")
        if len(images) == 0:
            raise ParameterError("images is empty; give at least one image")
        reader, scores = self._reader(images), []
        for rows in score_blocks(len(images), self.signature_size):
            signatures = gather_signatures(self.encoders_, reader, self.n_jobs, self.verbose, rows)
            scores.append(as_classifier(self.classifier_).decision_function(signatures))
        for i, error in sorted(reader.errors.items()):
            warnings.warn(f"{reader.name(i)} was skipped: {error}", EmptyImageWarning, stacklevel=2)
        return np.concatenate(scores)


def _check_names(classes, y):
    """Raise ParameterError unless ``classes``, if given, names the columns of an indicator matrix."""
    if classes is None:
        return
    if not is_indicator(y) or len(set(classes)) != len(classes) or len(classes) != y.shape[1]:
        raise ParameterError(
            f"classes has {len(classes)} names; one name, of its own, for each column of an indicator matrix is "
            "needed, and none beside labels that are names themselves"
        )


def _take(X, rows):
    """Rows of an array or a store as an array; an array that is wanted whole is not copied."""
    return X if isinstance(X, np.ndarray) and len(rows) == len(X) else X[rows]


def _spread(scores, rows, n_images):
    """``scores`` as these rows of all images, NaN in the others."""
    spread = np.full((n_images, scores.shape[1]), np.nan, np.float32)
    spread[rows] = scores
    return spread
