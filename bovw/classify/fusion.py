"""Late fusion: the scores of several classifiers of the same images become one.

Each channel m (descriptor, encoder, or whole system) has a score matrix F_m, (n, n_classes).
It is standardized by two numbers, so that its ranking of the classes does not change,

    Z_m = (F_m - mean_m) / deviation_m,

mean and standard deviation of all entries of the F_m it was fitted on. The fused scores are

    Z = sum_m w_m Z_m,     w_m >= 0, sum_m w_m = 1.

Equal weights are the average by which the XRCE and NEC systems of ILSVRC-2010 joined their
channels; the ISI system of 2012 weighted them. Weights are learnt on out-of-fold scores by
maximum likelihood of the multinomial logistic model

    P(k | image) = softmax_k(sum_m v_m Z_m),     v_m >= 0,

a convex problem in as many unknowns as there are channels; then w = v / sum v. A grid or
coordinate search on the accuracy itself would be a search on a step function, whose maximum
is as often luck as merit; 1 / sum v is moreover the temperature of the fused scores.

Where an image may show several classes (an indicator matrix as labels), each class has a
logistic model of its own with shared weights,

    P(image shows k) = 1 / (1 + exp(-b_k - sum_m v_m Z_mk)),     v_m >= 0,

whose likelihood is maximized over the entries that count. The bias b_k takes no part in the
ranking of the images, and is not kept. There Z_m = F_m / deviation_m: 0 stays what the
machines decide at.

References
----------
F. Perronnin, J. Sanchez, T. Mensink, "Improving the Fisher kernel for large-scale image
classification", ECCV 2010, section 4. P. Gehler, S. Nowozin, "On feature combination for
multiclass object classification", ICCV 2009 (weights learnt on cross-validated scores).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._parameters import AnyOf, Choice, Declared, Number, Series
from .._validation import check_matrix
from ..errors import ParameterError
from .calibration import softmax
from .ranking import RankingMixin, score_matrix
from .targets import is_indicator, read_labels, read_targets

_BLOCK_ROWS = 1024
_MAX_WEIGHT = 1e6  # reached only where the training samples are ranked without an error
_LEAST_SUM = 1e-9


def fuse_scores(scores: Sequence[np.ndarray], weights: Sequence[float] | np.ndarray) -> np.ndarray:
    """The weighted sum of score matrices.

    Parameters
    ----------
    scores : sequence of n_channels arrays of shape (n, n_classes)
    weights : array of shape (n_channels,)

    Returns
    -------
    array of shape (n, n_classes), float64
    """
    fused = np.zeros(scores[0].shape)
    for matrix, weight in zip(scores, weights, strict=True):
        fused += weight * matrix
    return fused


def fusion_weights(scores: Sequence[np.ndarray], target: ArrayLike) -> np.ndarray:
    """Non-negative weights of sum 1 that maximize the likelihood of the classes.

    Parameters
    ----------
    scores : sequence of n_channels arrays of shape (n, n_classes)
        Standardized held-out scores.
    target : array of shape (n,), int, or (n, n_classes), int
        Class index of each sample; or an indicator matrix of 1, 0 and -1 (``bovw.classify.targets``).

    Returns
    -------
    array of shape (n_channels,), float64
        Equal weights if no channel tells anything of the classes.

    Examples
    --------
    >>> good = np.array([[1.0, -1.0], [0.9, -0.9], [-1.0, 1.0], [0.1, -0.1]])
    >>> noise = np.array([[1.0, -1.0], [-1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])
    >>> fusion_weights([good, noise], [0, 0, 1, 1])
    array([1., 0.])
    """
    truth = np.asarray(target)
    loss, n_biases = (_softmax_loss, 0) if truth.ndim == 1 else (_logistic_loss, truth.shape[1])
    bounds = [(0, _MAX_WEIGHT)] * len(scores) + [(-_MAX_WEIGHT, _MAX_WEIGHT)] * n_biases
    start = np.concatenate([np.full(len(scores), 1 / len(scores)), np.zeros(n_biases)])
    found = minimize(
        lambda unknowns: loss(unknowns, scores, truth), start, jac=True, bounds=bounds, method="L-BFGS-B",
        options={"ftol": 1e-12, "gtol": 1e-8},
    ).x[: len(scores)]
    if found.sum() < _LEAST_SUM:
        return np.full(len(scores), 1 / len(scores))
    return found / found.sum()


def _softmax_loss(weights, scores, target):
    """Mean negative log-likelihood of one class a sample, and its gradient."""
    n, value, gradient = len(target), 0.0, np.zeros(len(scores))
    for start in range(0, n, _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        parts = [np.asarray(matrix[rows], np.float64) for matrix in scores]
        own = np.arange(len(parts[0])), target[rows]
        fused = fuse_scores(parts, weights)
        largest = fused.max(axis=1)
        value += (np.log(np.exp(fused - largest[:, None]).sum(axis=1)) + largest - fused[own]).sum()
        probabilities = softmax(fused)
        gradient += [(probabilities * part).sum() - part[own].sum() for part in parts]
    return value / n, gradient / n


def _logistic_loss(unknowns, scores, target):
    """Mean negative log-likelihood of the entries that count, and its gradient by weights and biases."""
    weights, biases = np.split(unknowns, [len(scores)])
    n, value, gradient = len(target), 0.0, np.zeros(len(unknowns))
    for start in range(0, n, _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        parts = [np.asarray(matrix[rows], np.float64) for matrix in scores]
        fused = fuse_scores(parts, weights) + biases
        shown, counts = target[rows] == 1, target[rows] >= 0
        value += (np.logaddexp(0, np.where(shown, -fused, fused)) * counts).sum()
        slope = (expit(fused) - shown) * counts
        gradient += [*((slope * part).sum() for part in parts), *slope.sum(axis=0)]
    return value / n, gradient / n


class ScoreFusion(Declared, RankingMixin, BaseEstimator):
    """Weighted sum of the standardized scores of several classifiers.

    Parameters
    ----------
    weights : {"cv", "equal"} or sequence of float >= 0, default "cv"
        ``"cv"``: learnt in ``fit``, whose scores must be held-out ones, such as
        :func:`out_of_fold_scores` gives. A sequence has one non-negative number a channel and is
        divided by its sum.

    Attributes
    ----------
    classes_, multilabel_
        As those of :class:`OneVsRestDual`.
    weights_ : array of shape (n_channels,), float64
        At least 0, sum 1.
    means_, scales_ : arrays of shape (n_channels,), float64
        What is subtracted from, and divides, all scores of a channel; the means are 0 with an
        indicator matrix.

    See Also
    --------
    TemperatureScaling, PlattScaling : probabilities from the fused scores.

    References
    ----------
    P. Gehler, S. Nowozin, "On feature combination for multiclass object classification", ICCV 2009, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> sift = np.array([[1.0, -1.0], [0.9, -0.9], [-1.0, 1.0], [0.1, -0.1]])
    >>> color = np.array([[5.0, -5.0], [-5.0, 5.0], [-5.0, 5.0], [5.0, -5.0]])
    >>> fusion = ScoreFusion().fit([sift, color], ["cat", "cat", "dog", "dog"])
    >>> fusion.weights_
    array([1., 0.])
    >>> fusion.predict([sift, color])
    array(['cat', 'cat', 'dog', 'cat'], dtype='<U3')
    """

    PARAMETERS = {"weights": AnyOf(Choice("cv", "equal"), Series(Number(0)))}

    def __init__(self, weights: str | Sequence[float] = "cv"):
        self.weights = weights

    def fit(self, scores: Sequence[ArrayLike], y: ArrayLike) -> Self:
        """Learn scales and weights; returns self.

        Parameters
        ----------
        scores : sequence of n_channels arrays of shape (n, n_classes), or (n,) for two classes
            Held-out scores of the same samples, columns in the order of the sorted labels.
        y : array-like of shape (n,), or (n, n_classes)
            Labels, every class must occur; or an indicator matrix of 1, 0 and -1
            (``bovw.classify.targets``).

        Raises
        ------
        ParameterError
            If the shapes do not agree, a score is not finite, or the weights are malformed.
        """
        self.check_params()
        channels, labels = _check_channels(scores), read_labels(y)
        several = is_indicator(labels)
        if (labels.ndim != 1 and not several) or len(labels) != len(channels[0]) or len(labels) == 0:
            raise ParameterError(
                f"y has shape {labels.shape} for {len(channels[0])} rows of scores; give one label a row"
            )
        if several:
            classes, target = np.arange(labels.shape[1]), read_targets(labels).matrix
        else:
            classes, target = np.unique(labels, return_inverse=True)
        if len(classes) != channels[0].shape[1]:
            raise ParameterError(
                f"y holds {len(classes)} classes and the scores have {channels[0].shape[1]} columns; every class must "
                "occur among the held-out samples"
            )
        given = self._given_weights(len(channels))
        self.classes_, self.multilabel_ = classes, several
        self.means_ = np.array([0.0 if several else matrix.mean(dtype=np.float64) for matrix in channels])
        deviations = np.array([matrix.std(dtype=np.float64) for matrix in channels])
        self.scales_ = np.where(deviations > 0, deviations, 1.0)
        self.weights_ = fusion_weights(self._standardized(channels), target) if given is None else given
        return self

    def transform(self, scores: Sequence[ArrayLike]) -> np.ndarray:
        """Fused scores, (n, n_classes) float64.

        Parameters
        ----------
        scores : sequence of n_channels arrays, as in :meth:`fit`
        """
        check_is_fitted(self)
        channels = _check_channels(scores)
        if len(channels) != len(self.weights_) or channels[0].shape[1] != len(self.classes_):
            raise ParameterError(
                f"scores are {len(channels)} matrices of {channels[0].shape[1]} columns; {len(self.weights_)} of "
                f"{len(self.classes_)} are expected"
            )
        return fuse_scores(self._standardized(channels), self.weights_)

    def _class_scores(self, X):
        return self.transform(X)

    def _standardized(self, scores):
        return [
            ((matrix - mean) / scale).astype(matrix.dtype, copy=False)
            for matrix, mean, scale in zip(scores, self.means_, self.scales_, strict=True)
        ]

    def check_pairs(self):
        if not isinstance(self.weights, str) and not any(self.weights):
            raise ParameterError(f"weights={self.weights!r} are all 0; at least one must be positive")

    def _given_weights(self, n_channels):
        """The weights if they are not to be learnt, else None."""
        weights = self.checked("weights")
        if isinstance(weights, str):
            return None if weights == "cv" else np.full(n_channels, 1 / n_channels)
        if len(weights) != n_channels:
            raise ParameterError(f"weights={self.weights!r} must hold one number for each of the {n_channels} channels")
        return np.array(weights) / np.sum(weights)


def _check_channels(scores):
    """The score matrices, float32 or float64 as they are."""
    if isinstance(scores, str) or not np.iterable(scores) or len(scores) == 0:
        raise ParameterError("scores must be a sequence of score matrices, one a channel, not empty")
    matrices = []
    for i, matrix in enumerate(scores):
        dtype = np.float32 if getattr(matrix, "dtype", None) == np.float32 else np.float64
        matrices.append(check_matrix(f"scores[{i}]", score_matrix(np.asarray(matrix)), dtype=dtype))
        if matrices[i].shape != matrices[0].shape:
            raise ParameterError(
                f"scores[{i}] has shape {matrices[i].shape} and scores[0] {matrices[0].shape}; channels are of the "
                "same images and classes"
            )
    return matrices
