"""From scores to probabilities: Platt scaling and temperature scaling on held-out scores.

Both are fitted on scores of samples that the classifier was not trained on (say, by
:func:`out_of_fold_scores`): those of training samples are too good.

Platt scaling [1]_
------------------
For each class k, with f the score and the class against all others,

    P(k | f) = 1 / (1 + exp(a_k f + b_k)),

fitted by maximum likelihood to the smoothed targets (N+ + 1) / (N+ + 2) for the N+ samples
of the class and 1 / (N- + 2) for the N- others. Newton's method with backtracking, on forms
of the likelihood that neither overflow nor cancel [2]_. The probabilities of the classes are
then divided by their sum. With two classes that share one score the two sigmoids mirror each
other and sum to 1 by themselves.

Temperature scaling [3]_
------------------------
    P(k | f) = exp(f_k / T) / sum_j exp(f_j / T),

with the one T > 0 that maximizes the likelihood of the held-out samples. The logarithm of
the likelihood is concave in 1 / T, so a search on the sign of its derivative finds it. The
ranking of the classes does not change, which with Platt scaling it may.

References
----------
.. [1] J. Platt, "Probabilistic outputs for support vector machines and comparisons to
   regularized likelihood methods", Advances in Large Margin Classifiers, 1999.
.. [2] H.-T. Lin, C.-J. Lin, R. C. Weng, "A note on Platt's probabilistic outputs for support
   vector machines", Machine Learning 68, 2007.
.. [3] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks",
   ICML 2017, section 4.2.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._parameters import Declared
from .._validation import check_matrix
from ..errors import ParameterError
from .ranking import score_matrix
from .targets import read_labels

_NEWTON_STEPS = 100
_GRADIENT_TOLERANCE = 1e-5
_SMALLEST_STEP = 1e-10
_RIDGE = 1e-12
_BISECTIONS = 60
_LOG_RANGE = 12 * np.log(10.0)  # how far the temperature may lie from the scale of the scores


def softmax(scores: np.ndarray) -> np.ndarray:
    """exp(scores), each row divided by its sum; (n, n_classes) float64."""
    shifted = scores - np.max(scores, axis=1, keepdims=True).astype(np.float64)
    np.exp(shifted, out=shifted)
    return shifted / shifted.sum(axis=1, keepdims=True)


def platt_parameters(scores: ArrayLike, positive: ArrayLike) -> tuple[float, float]:
    """Slope and offset of one Platt sigmoid.

    Parameters
    ----------
    scores : array of shape (n,)
    positive : array of shape (n,), bool
        Which samples are of the class.

    Returns
    -------
    a, b : float
        P(class | f) = 1 / (1 + exp(a f + b)); ``a`` is negative where greater scores mean
        the class.

    Examples
    --------
    >>> a, b = platt_parameters([-2.0, -1.0, 0.5, -0.5, 1.0, 2.0], [False, False, False, True, True, True])
    >>> round(float(1 / (1 + np.exp(a * 2.0 + b))), 2)
    0.78
    """
    f, positive = np.asarray(scores, np.float64), np.asarray(positive, bool)
    n_positive = int(positive.sum())
    n_negative = len(f) - n_positive
    scale = np.abs(f).max(initial=0.0) or 1.0  # Newton's method does not mind, its ridge and tolerance do
    f = f / scale
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    a, b = 0.0, float(np.log((n_negative + 1) / (n_positive + 1)))

    def negative_likelihood(a, b):
        z = a * f + b
        return float((np.logaddexp(0, -np.abs(z)) + np.where(z >= 0, target * z, (target - 1) * z)).sum())

    value = negative_likelihood(a, b)
    for _ in range(_NEWTON_STEPS):
        z = a * f + b
        small = np.exp(-np.abs(z))
        p = np.where(z >= 0, small, 1) / (1 + small)
        slope = target - p
        g_a, g_b = float(f @ slope), float(slope.sum())
        if max(abs(g_a), abs(g_b)) < _GRADIENT_TOLERANCE:
            break
        curvature = p * (1 - p)
        h_aa = float(f @ (f * curvature)) + _RIDGE
        h_bb, h_ab = float(curvature.sum()) + _RIDGE, float(f @ curvature)
        determinant = h_aa * h_bb - h_ab * h_ab
        d_a, d_b = -(h_bb * g_a - h_ab * g_b) / determinant, -(h_aa * g_b - h_ab * g_a) / determinant
        step, descent = 1.0, g_a * d_a + g_b * d_b
        while step >= _SMALLEST_STEP:
            further = negative_likelihood(a + step * d_a, b + step * d_b)
            if further < value + 1e-4 * step * descent:
                a, b, value = a + step * d_a, b + step * d_b, further
                break
            step /= 2
        else:
            break
    return a / scale, b


def best_temperature(scores: ArrayLike, target: ArrayLike) -> float:
    """The temperature that maximizes the likelihood of some samples.

    Parameters
    ----------
    scores : array of shape (n, n_classes)
    target : array of shape (n,), int
        Class index of each sample.

    Returns
    -------
    float
        Within 1e-12 and 1e12 times the largest difference of scores in a row; an end of this
        range where the likelihood has no maximum: every sample, or none, ranked right.

    Examples
    --------
    >>> round(best_temperature(np.array([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), [0, 0, 1, 1]), 3)
    1.82
    """
    f = np.asarray(scores, np.float64)
    f = f - f.max(axis=1, keepdims=True)
    scale = float(-f.min(initial=0.0)) or 1.0
    f /= scale
    own = f[np.arange(len(f)), target].sum()

    def derivative(log_inverse):
        """Of the log-likelihood with respect to 1 / T."""
        return own - (softmax(f * np.exp(log_inverse)) * f).sum()

    low, high = -_LOG_RANGE, _LOG_RANGE
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if derivative(middle) > 0 else (low, middle)
    return scale * float(np.exp(-0.5 * (low + high)))


class _Calibration(Declared, BaseEstimator):
    """Scores in, probabilities out. A subclass has ``_fit(scores, target)`` and ``_probabilities(scores)``."""

    PARAMETERS: dict = {}

    def fit(self, scores: ArrayLike, y: ArrayLike) -> Self:
        """Fit the probabilities to held-out scores; returns self.

        Parameters
        ----------
        scores : array-like of shape (n, n_classes), or (n,) for two classes
            Held-out scores, columns in the order of the sorted labels.
        y : array-like of shape (n,)
            Labels, as strings or whole numbers; every class must occur.

        Raises
        ------
        ParameterError
            If shapes or classes do not agree, a score is not finite, or a label is none.
        """
        matrix, labels = self._check_scores(scores), read_labels(y)
        if labels.ndim != 1 or len(labels) != len(matrix) or len(labels) == 0:
            raise ParameterError(
                f"y has shape {labels.shape} for scores of shape {matrix.shape}; one label a row is needed"
            )
        classes, target = np.unique(labels, return_inverse=True)
        if len(classes) != matrix.shape[1]:
            raise ParameterError(
                f"y holds {len(classes)} classes and scores has {matrix.shape[1]} columns; every class must occur "
                "among the held-out samples"
            )
        self.classes_ = classes
        self._fit(matrix, target)
        return self

    def predict_proba(self, scores: ArrayLike) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        scores : array-like of shape (n, n_classes), or (n,) for two classes

        Returns
        -------
        array of shape (n, n_classes), float64
            Each row sums to 1.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ParameterError
            If the number of columns is another one than in ``fit``.
        """
        check_is_fitted(self)
        matrix = self._check_scores(scores)
        if matrix.shape[1] != len(self.classes_):
            raise ParameterError(f"scores has {matrix.shape[1]} columns; {len(self.classes_)} are expected")
        return self._probabilities(matrix)

    def _check_scores(self, scores):
        scores = check_matrix("scores", score_matrix(np.asarray(scores)), dtype=np.float64)
        if scores.shape[1] < 2:
            raise ParameterError(f"scores has shape {scores.shape}; one column a class is needed, or (n,) for two")
        return scores


class PlattScaling(_Calibration):
    """Probabilities by one sigmoid a class, divided by their sum.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in the order of the columns.
    slopes_, offsets_ : arrays of shape (n_classes,), float64
        P(k | f) is proportional to 1 / (1 + exp(slopes_[k] f_k + offsets_[k])).

    See Also
    --------
    TemperatureScaling : one parameter for all classes.

    References
    ----------
    J. Platt, "Probabilistic outputs for support vector machines", 1999, section 2. H.-T. Lin, C.-J. Lin,
    R. C. Weng, "A note on Platt's probabilistic outputs for support vector machines", 2007, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.array([[2.0, -1.0], [1.0, -2.0], [-1.0, 0.5], [-0.5, 1.0]])
    >>> PlattScaling().fit(scores, ["cat", "cat", "dog", "dog"]).predict_proba(scores[:1]).round(2)
    array([[0.69, 0.31]])
    """

    def _fit(self, scores, target):
        parameters = [platt_parameters(column, target == k) for k, column in enumerate(scores.T)]
        self.slopes_, self.offsets_ = (np.array(values) for values in zip(*parameters, strict=True))

    def _probabilities(self, scores):
        z = scores * self.slopes_ + self.offsets_
        logarithm = -np.logaddexp(0, z)  # also where every sigmoid of a row underflows
        return softmax(logarithm)


class TemperatureScaling(_Calibration):
    """Probabilities by a softmax of scores divided by one temperature; the ranking stays.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in the order of the columns.
    temperature_ : float

    See Also
    --------
    PlattScaling : two parameters a class.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.array([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    >>> TemperatureScaling().fit(scores, ["cat", "cat", "dog", "dog"]).predict_proba(scores[:1]).round(2)
    array([[0.75, 0.25]])
    """

    def _fit(self, scores, target):
        self.temperature_ = best_temperature(scores, target)

    def _probabilities(self, scores):
        return softmax(scores / self.temperature_)
