r"""Standardized signatures: zero mean and unit deviation of every feature, before a classifier.

With the mean :math:`m_j` and the variance :math:`s_j^2` of feature j over the training
samples the classifier sees

.. math::
    z_j = \frac{x_j - m_j}{\sqrt{s_j^2 + \varepsilon}}

(Coates, Lee and Ng 2011, section 3.2.1, where :math:`\varepsilon = 0.01`).
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from .._threads import share_workers
from .._validation import check_number
from .one_vs_rest import OneVsRestDual
from .samples import check_signatures

_ROWS = 1024


class StandardizedClassifier(ClassifierMixin, BaseEstimator):
    """A classifier on standardized features.

    Parameters
    ----------
    classifier : classifier, optional
        Unfitted; ``fit`` clones it. Default ``OneVsRestDual()``.
    epsilon : float
        Added to the variances, in squared units of the features. A feature that
        never varies is 0 for the classifier.
    n_jobs : int, optional
        Worker threads, given to the classifier where its own is None.

    Attributes
    ----------
    classifier_ : classifier
    classes_ : array of shape (n_classes,)
    mean_, scale_ : arrays of shape (d,), float32
        A feature x becomes ``(x - mean_) * scale_``.
    n_features_in_ : int

    Notes
    -----
    ``fit`` holds a float32 copy of X.

    References
    ----------
    A. Coates, H. Lee, A. Ng. An analysis of single-layer networks in unsupervised feature
    learning. AISTATS 2011.

    Examples
    --------
    >>> model = StandardizedClassifier().fit([[0.0, 500.0], [1.0, 500.0]], ["a", "b"])
    >>> model.predict([[0.9, 500.0]])
    array(['b'], dtype='<U1')
    """

    def __init__(self, classifier=None, *, epsilon=0.01, n_jobs=None):
        self.classifier = classifier
        self.epsilon = epsilon
        self.n_jobs = n_jobs

    @property
    def multilabel_(self):
        """Whether the classifier learnt from an indicator matrix."""
        return getattr(self.classifier_, "multilabel_", False)

    def fit(self, X, y):
        """Learn means, deviations and the classifier.

        Parameters
        ----------
        X : array of shape (n, d)
            Signatures.
        y : array of shape (n,), or (n, n_classes)
            What the classifier takes.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If ``epsilon`` is negative, or X or y is not what the classifier takes.
        """
        check_number("epsilon", self.epsilon, 0)
        X, y = check_signatures(self, X, y=y)
        mean, variance = _moments(X)
        deviation = np.sqrt(variance + self.epsilon)
        self.mean_ = mean.astype(np.float32)
        # a variance below the rounding of the mean is none
        varies = variance > (np.finfo(np.float32).eps * np.abs(mean)) ** 2
        self.scale_ = np.where(varies, 1 / np.where(varies, deviation, 1), 0).astype(np.float32)
        classifier = OneVsRestDual() if self.classifier is None else clone(self.classifier)
        share_workers(classifier, self.n_jobs)
        self.classifier_ = classifier.fit(self._standardized(X), y)
        self.classes_ = self.classifier_.classes_
        return self

    def decision_function(self, X):
        """Scores of all classes, as the classifier gives them.

        Parameters
        ----------
        X : array of shape (n, d)

        Returns
        -------
        array of shape (n, n_classes), or (n,)
        """
        check_is_fitted(self)
        return self.classifier_.decision_function(self._standardized(check_signatures(self, X)))

    def predict(self, X):
        """What the classifier predicts: the class of the highest score, or an indicator matrix."""
        check_is_fitted(self)
        return self.classifier_.predict(self._standardized(check_signatures(self, X)))

    def _standardized(self, X):
        out = np.empty_like(X)
        for start in range(0, len(X), _ROWS):
            rows = slice(start, start + _ROWS)
            np.subtract(X[rows], self.mean_, out=out[rows])
            out[rows] *= self.scale_
        return out


def _moments(X):
    """Mean and variance (over n) of each column, float64, by blocks of rows."""
    mean = X.mean(axis=0, dtype=np.float64)
    total = np.zeros_like(mean)
    for start in range(0, len(X), _ROWS):
        block = X[start : start + _ROWS] - mean
        total += np.einsum("ij,ij->j", block, block)
    return mean, total / len(X)
