"""The best k classes of every sample, with a stated rule for ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._validation import check_int, check_matrix

_BLOCK_ELEMENTS = 1 << 20


def score_matrix(scores: np.ndarray) -> np.ndarray:
    """Scores with one column a class: a two-class decision function (n,) becomes (n, 2), its negative first."""
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


class RankingMixin:
    """``predict`` and ``predict_top_k`` of what has scores and ``classes_``."""

    multilabel_ = False
    classes_: np.ndarray

    def _class_scores(self, X):
        """Scores with one column a class, (n, n_classes)."""
        return score_matrix(self.decision_function(X))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The class of the highest score of each sample, the lower class index on a tie.

        Parameters
        ----------
        X : what the scores are computed from

        Returns
        -------
        array of shape (n,), of labels
            Where it was trained on an indicator matrix: such a matrix, (n, n_classes) int64, 1 where a score is
            positive.
        """
        if self.multilabel_:
            return (self._class_scores(X) > 0).astype(np.int64)
        return self.predict_top_k(X, 1)[:, 0]

    def predict_top_k(self, X: ArrayLike, k: int = 5) -> np.ndarray:
        """The ``k`` best classes of each sample, best first.

        Parameters
        ----------
        X : what the scores are computed from
        k : int >= 1, default 5
            More than there are classes gives all classes.

        Returns
        -------
        array of shape (n, min(k, n_classes))
            Labels; equal scores are ranked by the order of ``classes_``.
        """
        best = top_k(self._class_scores(X), k)
        return self.classes_[best]


def top_k(scores: ArrayLike, k: int = 5) -> np.ndarray:
    """Indices of the ``k`` greatest scores of each row, best first.

    Equal scores are ranked by index, the lower one first, also where a tie
    straddles the k-th place: the result is the first ``k`` columns of a stable
    sort by descending score, as the ILSVRC-2010 development kit ranks.

    Parameters
    ----------
    scores : array of shape (n, n_classes)
        Finite; float32 and float64 are compared as they are.
    k : int >= 1, default 5
        More than ``n_classes`` gives all classes.

    Returns
    -------
    array of shape (n, min(k, n_classes)), int64

    Raises
    ------
    ParameterError
        If ``scores`` is not a finite matrix or ``k`` is not a positive integer.

    Examples
    --------
    >>> top_k([[0.1, 0.7, 0.2, 0.7]], k=3)
    array([[1, 3, 2]])
    """
    dtype = np.float32 if getattr(scores, "dtype", None) == np.float32 else np.float64
    matrix = check_matrix("scores", scores, dtype=dtype)
    n, n_classes = matrix.shape
    k = min(check_int("k", k, 1), n_classes)
    best = np.empty((n, k), dtype=np.int64)
    block = max(1, _BLOCK_ELEMENTS // max(n_classes, 1))
    for start in range(0, n, block):
        best[start : start + block] = _top_k_block(matrix[start : start + block], k)
    return best


def _top_k_block(scores, k):
    negated = -scores
    if 2 * k >= scores.shape[1]:
        return np.argsort(negated, axis=1, kind="stable")[:, :k]
    chosen = np.argpartition(negated, k - 1, axis=1)[:, :k]
    chosen.sort(axis=1)
    values = np.take_along_axis(negated, chosen, axis=1)
    best = np.take_along_axis(chosen, np.argsort(values, axis=1, kind="stable"), axis=1)
    # Which of several equal k-th values was chosen is up to the partition: rank such rows in full.
    last = values.max(axis=1, keepdims=True)
    straddling = np.flatnonzero((negated <= last).sum(axis=1) > k)
    best[straddling] = np.argsort(negated[straddling], axis=1, kind="stable")[:, :k]
    return best
