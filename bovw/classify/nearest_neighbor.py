r"""Nearest-neighbor classification: the baseline that needs no training.

A sample is compared with all training samples by one of the distances

.. math::
    D_{\text{l2}}(x, y) &= \|x - y\|, \\
    D_{\chi^2}(x, y) &= \sum_t \frac{(x_t - y_t)^2}{x_t + y_t} \quad (0/0 = 0), \\
    D_{\text{intersection}}(x, y) &= \tfrac12 \textstyle\sum_t x_t + \tfrac12 \sum_t y_t
    - \sum_t \min(x_t, y_t) = \tfrac12 \|x - y\|_1 .

For histograms of sum 1 the last is one minus their intersection (Swain and Ballard
1991). With one neighbor the score of a class is minus the distance :math:`d_c` to its
nearest sample. With k neighbors (Cover and Hart 1967) it is the number of votes of the
class among the k nearest, less :math:`d_c / (1 + d_c) < 1`: ties, and classes without a
vote, go by distance. Samples that show several classes vote for each of them; from the votes,
also of one neighbor, half of k (rounded down) is then taken off, so that the score is positive
if more than half of the neighbors show the class.

A sample of weight w is one given w times: the k votes go to the nearest samples, each of which has as many
as it weighs, until none is left. For the nearest sample alone weights do not matter, unless they are 0.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike

from .._parameters import Choice, Integer, Jobs
from ..errors import ParameterError
from .contract import SignatureClassifier
from .kernels import chi2_kernel, intersection_kernel, linear_kernel
from .ranking import top_k

DISTANCES = ("l2", "chi2", "intersection")
_QUERY_ROWS = 256


def pairwise_distances(
    X: ArrayLike, Y: ArrayLike, distance: str = "l2", *, n_jobs: int | None = None
) -> np.ndarray:
    """Distances between signatures.

    Parameters
    ----------
    X : array of shape (n, d)
    Y : array of shape (m, d)
        Both float32; not negative for ``"chi2"`` and ``"intersection"``.
    distance : {"l2", "chi2", "intersection"}, default "l2"
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
    NearestNeighbor.PARAMETERS["distance"].check("distance", distance)
    if distance == "l2":
        products = linear_kernel(X, Y, n_jobs=n_jobs)
        X, Y = np.asarray(X, np.float32), np.asarray(Y, np.float32)
        squares = np.einsum("ij,ij->i", X, X)[:, None] + np.einsum("ij,ij->i", Y, Y) - 2 * products
        return np.sqrt(np.maximum(squares, 0, out=squares), out=squares)
    kernel = chi2_kernel if distance == "chi2" else intersection_kernel
    values = kernel(X, Y, n_jobs=n_jobs)
    sums = np.asarray(X).sum(axis=1, dtype=np.float64)[:, None] + np.asarray(Y).sum(axis=1, dtype=np.float64)
    # chi-square: |x| + |y| - 2 k; intersection: half of that, with its own kernel
    result = sums - 2.0 * values
    if distance == "intersection":
        result /= 2
    return np.maximum(result, 0).astype(np.float32)


class NearestNeighbor(SignatureClassifier):
    """Classification by the nearest training samples.

    Parameters
    ----------
    n_neighbors : int >= 1, default 1
        How many vote; at most the number of training samples count.
    distance : {"l2", "chi2", "intersection"}, default "l2"
        ``"chi2"`` and ``"intersection"`` are for histograms, not negative.
    n_jobs : int or None, default None
        Worker threads (-1: all cores). Results do not depend on it.

    Attributes
    ----------
    classes_, multilabel_
        As those of :class:`OneVsRestDual`.
    X_fit_ : array of shape (n, d), float32
        The training signatures, ordered by class; as they came where they may show several.
    target_ : array of shape (n,), int64, or (n, n_classes), int8
        Their classes, as indices into ``classes_``; or the indicator matrix.
    sample_weight_ : array of shape (n,), float64, or None
        Their weights; None: each 1.
    n_features_in_ : int

    Notes
    -----
    There is no cost to choose and no problem to rebalance, so no ``C`` and no ``class_weight``; votes and distances
    are no probabilities. Nothing is trained: a fit costs a copy of X.

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

    PARAMETERS = {"n_neighbors": Integer(1), "distance": Choice(*DISTANCES), "n_jobs": Jobs()}

    sample_weight_ = None

    def __init__(self, n_neighbors: int = 1, *, distance: str = "l2", n_jobs: int | None = None):
        self.n_neighbors = n_neighbors
        self.distance = distance
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.distance != "l2"
        return tags

    def _learn(self, X, data, checkpoint):
        if self.distance != "l2" and X.size and X.min() < 0:
            raise ParameterError(
                f"Negative values in data: distance={self.distance!r} is for histograms, X holds {X.min():g}; "
                "use distance='l2'"
            )
        if self.multilabel_:
            order, target = slice(None), data.targets.matrix
        else:
            order, target = np.argsort(data.targets.index, kind="stable"), data.targets.index.astype(np.int64)
        self.X_fit_, self.target_ = X[order].copy() if self.multilabel_ else X[order], target[order]
        self.sample_weight_ = None if data.weight is None else data.weight[order]

    def _score(self, X):
        scores, members = np.empty((len(X), len(self.classes_)), np.float32), self._members()
        for start in range(0, len(X), _QUERY_ROWS):
            block = X[start : start + _QUERY_ROWS]
            distances = pairwise_distances(block, self.X_fit_, self.distance, n_jobs=self.n_jobs)
            scores[start : start + len(block)] = self._block_scores(block, distances, members)
        return scores[:, 1:] - scores[:, :1] if len(self.classes_) == 2 and not self.multilabel_ else scores

    def _members(self):
        """The training samples of each class: slices of the ordered ones, or arrays of their numbers."""
        if self.multilabel_:
            return [np.flatnonzero(column == 1) for column in self.target_.T]
        bounds = np.searchsorted(self.target_, np.arange(len(self.classes_) + 1))
        return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]

    def _block_scores(self, X, distances, members):
        nearest = self._nearest(X, distances, members)
        if min(self.n_neighbors, distances.shape[1]) == 1 and not self.multilabel_:
            return -nearest
        neighbors, share, k = self._neighbors(distances)
        if self.multilabel_:
            votes = (share * (self.target_[neighbors] == 1)).sum(axis=1) - k // 2
            return (votes - nearest / (1 + nearest)).astype(np.float32)
        votes = np.zeros_like(nearest)
        for row, chosen, weight in zip(votes, neighbors, np.broadcast_to(share[..., 0], neighbors.shape), strict=True):
            np.add.at(row, self.target_[chosen], weight)
        return votes - nearest / (1 + nearest)

    def _neighbors(self, distances):
        """Numbers of the nearest samples, (n, m), the votes of each, (n, m, 1) or (1, 1, 1), and all votes of a row."""
        n = distances.shape[1]
        if self.sample_weight_ is None:
            k = min(self.n_neighbors, n)
            return top_k(-distances, k), np.ones((1, 1, 1), np.int64), k
        k = min(self.n_neighbors, self.sample_weight_.sum())
        lightest = np.cumsum(np.sort(self.sample_weight_))
        neighbors = top_k(-distances, min(n, int(np.searchsorted(lightest, k)) + 1))  # surely enough of them
        weight = self.sample_weight_[neighbors]
        share = np.clip(k - (np.cumsum(weight, axis=1) - weight), 0, weight)
        return neighbors, share[..., None], k

    def _nearest(self, X, distances, members):
        """Distance of each row of ``X`` to the nearest sample of each class, (n, n_classes)."""
        nearest, numbers = np.empty((len(X), len(members)), np.float32), np.arange(len(self.X_fit_))
        for c, own in enumerate(members):
            if self.distance != "l2":
                distances[:, own].min(axis=1, out=nearest[:, c])
                continue
            # inner products say which sample it is, its distance comes from the difference, free of their rounding
            difference = X - self.X_fit_[numbers[own][distances[:, own].argmin(axis=1)]]
            nearest[:, c] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        return nearest
