r"""Nearest-neighbour classification: the baseline that needs no training.

A sample is compared with all training samples by one of the distances

.. math::
    D_{\text{l2}}(x, y) &= \|x - y\|, \\
    D_{\chi^2}(x, y) &= \sum_t \frac{(x_t - y_t)^2}{x_t + y_t} \quad (0/0 = 0), \\
    D_{\text{intersection}}(x, y) &= \tfrac12 \textstyle\sum_t x_t + \tfrac12 \sum_t y_t
    - \sum_t \min(x_t, y_t) = \tfrac12 \|x - y\|_1 .

For histograms of sum 1 the last is one minus their intersection (Swain and Ballard
1991). With one neighbour the score of a class is minus the distance :math:`d_c` to its
nearest sample. With k neighbours (Cover and Hart 1967) it is the number of votes of the
class among the k nearest, less :math:`d_c / (1 + d_c) < 1`: ties, and classes without a
vote, go by distance.
"""

import itertools

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from .._threads import check_n_jobs
from .._validation import check_choice, check_int
from ..errors import ParameterError
from .kernels import chi2_kernel, intersection_kernel, linear_kernel
from .one_vs_rest import classes_of
from .ranking import top_k
from .samples import check_signatures

DISTANCES = ("l2", "chi2", "intersection")
_QUERY_ROWS = 256


def pairwise_distances(X, Y, distance="l2", *, n_jobs=None):
    """Distances between signatures.

    Parameters
    ----------
    X : array of shape (n, d)
    Y : array of shape (m, d)
        Both float32; not negative for ``"chi2"`` and ``"intersection"``.
    distance : {"l2", "chi2", "intersection"}
        See the head of this module.
    n_jobs : int, optional
        Worker threads (-1: all cores). The result does not depend on it.

    Returns
    -------
    array of shape (n, m), float32
        Not negative.

    Raises
    ------
    ParameterError
        If an input is no finite matrix, has values that the distance does not take, or the widths differ.

    Notes
    -----
    From inner products and row sums in float32: a distance that should be 0 comes out
    as up to about 5e-4 (``"l2"``) or 1e-6 of the length or sum of the rows.

    Examples
    --------
    >>> pairwise_distances([[0.5, 0.5]], [[1.0, 0.0], [0.5, 0.5]], "intersection")
    array([[0.5, 0. ]], dtype=float32)
    """
    check_choice("distance", distance, DISTANCES)
    if distance == "l2":
        products = linear_kernel(X, Y, n_jobs=n_jobs)
        X, Y = np.asarray(X, np.float32), np.asarray(Y, np.float32)
        squares = np.einsum("ij,ij->i", X, X)[:, None] + np.einsum("ij,ij->i", Y, Y) - 2 * products
        return np.sqrt(np.maximum(squares, 0, out=squares), out=squares)
    kernel = chi2_kernel if distance == "chi2" else intersection_kernel
    values = kernel(X, Y, n_jobs=n_jobs)
    sums = np.sum(X, axis=1, dtype=np.float64)[:, None] + np.sum(Y, axis=1, dtype=np.float64)
    # chi-square: |x| + |y| - 2 k; intersection: half of that, with its own kernel
    result = sums - 2.0 * values
    if distance == "intersection":
        result /= 2
    return np.maximum(result, 0).astype(np.float32)


class NearestNeighbor(ClassifierMixin, BaseEstimator):
    """Classification by the nearest training samples.

    Parameters
    ----------
    n_neighbors : int
        How many vote; at most the number of training samples count.
    distance : {"l2", "chi2", "intersection"}
        ``"chi2"`` and ``"intersection"`` are for histograms, not negative.
    n_jobs : int, optional
        Worker threads (-1: all cores). Results do not depend on it.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    X_fit_ : array of shape (n, d), float32
        The training signatures, ordered by class.
    target_ : array of shape (n,), int64
        Their classes, as indices into ``classes_``.
    n_features_in_ : int

    References
    ----------
    T. Cover, P. Hart. Nearest neighbor pattern classification. IEEE Transactions on Information
    Theory 13, 1967. :doi:`10.1109/TIT.1967.1053964`

    M. Swain, D. Ballard. Color indexing. IJCV 7, 1991. :doi:`10.1007/BF00130487`

    Examples
    --------
    >>> model = NearestNeighbor().fit([[0.0, 1.0], [1.0, 0.0]], ["sky", "sea"])
    >>> model.predict([[0.9, 0.2]])
    array(['sea'], dtype='<U3')
    """

    def __init__(self, n_neighbors=1, *, distance="l2", n_jobs=None):
        self.n_neighbors = n_neighbors
        self.distance = distance
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.distance != "l2"
        return tags

    def fit(self, X, y):
        """Keep the training samples.

        Parameters
        ----------
        X : array of shape (n, d)
            Signatures.
        y : array of shape (n,)
            Labels of any sortable type, at least two different ones.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If an argument is out of its range, or X or y is malformed.
        """
        check_int("n_neighbors", self.n_neighbors, 1)
        check_choice("distance", self.distance, DISTANCES)
        check_n_jobs(self.n_jobs)
        X, y = check_signatures(self, X, y=y)
        if self.distance != "l2" and X.size and X.min() < 0:
            raise ParameterError(
                f"Negative values in data: distance={self.distance!r} is for histograms, X holds {X.min():g}; "
                "use distance='l2'"
            )
        self.classes_, target = classes_of(y)
        order = np.argsort(target, kind="stable")
        self.X_fit_, self.target_ = X[order], target[order].astype(np.int64)
        return self

    def decision_function(self, X):
        """Scores of all classes.

        Parameters
        ----------
        X : array of shape (n, d)

        Returns
        -------
        array of shape (n, n_classes), float32; (n,) for two classes
            As the head of this module defines them; for two classes the score of
            ``classes_[1]`` less that of ``classes_[0]``.
        """
        check_is_fitted(self)
        X = check_signatures(self, X)
        scores = np.empty((len(X), len(self.classes_)), np.float32)
        for start in range(0, len(X), _QUERY_ROWS):
            block = X[start : start + _QUERY_ROWS]
            distances = pairwise_distances(block, self.X_fit_, self.distance, n_jobs=self.n_jobs)
            scores[start : start + len(block)] = self._scores(block, distances)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def _scores(self, X, distances):
        nearest = self._nearest(X, distances)
        k = min(self.n_neighbors, distances.shape[1])
        if k == 1:
            return -nearest
        votes = np.zeros_like(nearest)
        for row, neighbors in zip(votes, top_k(-distances, k), strict=True):
            np.add.at(row, self.target_[neighbors], 1)
        return votes - nearest / (1 + nearest)

    def _nearest(self, X, distances):
        """Distance of each row of ``X`` to the nearest sample of each class, (n, n_classes)."""
        first = np.searchsorted(self.target_, np.arange(len(self.classes_)))
        if self.distance != "l2":
            return np.minimum.reduceat(distances, first, axis=1)
        nearest = np.empty((len(X), len(first)), np.float32)
        for c, (start, stop) in enumerate(itertools.pairwise([*first, len(self.target_)])):
            # inner products say which sample it is, its distance comes from the difference, free of their rounding
            difference = X - self.X_fit_[start + distances[:, start:stop].argmin(axis=1)]
            nearest[:, c] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        return nearest

    def predict(self, X):
        """The class of the highest score of each sample, the lower class index on a tie."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(np.int64) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[best]
