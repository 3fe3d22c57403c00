"""Scores of training samples under classifiers that have not seen them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from .._random import check_seed
from .._validation import check_int
from ..errors import ParameterError
from .adapter import as_classifier
from .contract import Source
from .targets import read_labels, read_targets


def out_of_fold_scores(
    classifier, X: ArrayLike | Source, y: ArrayLike, *, sample_weight: ArrayLike | None = None, cv: int = 5,
    random_state=0,
) -> np.ndarray:
    """Held-out scores of every sample, for calibration and fusion.

    The samples are dealt into ``cv`` folds, every class evenly; those of a fold are scored
    by the classifier trained on all other folds.

    Parameters
    ----------
    classifier : classifier
        Any of bovw or scikit-learn with ``decision_function`` or ``predict_proba``. Its parameters are used; it is
        neither fitted nor changed.
    X : array-like of shape (n, d), or SignatureStore
        :class:`OneVsRestSGD` reads the rows of a store where they lie. With a precomputed kernel
        of :class:`OneVsRestDual`, the (n, n) kernel matrix.
    y : array-like of shape (n,), or (n, n_classes)
        Labels, or an indicator matrix of 1, 0 and -1 (``bovw.classify.targets``); at least
        two samples a class.
    sample_weight : array-like of shape (n,), optional
        As in ``fit``.
    cv : int >= 2, default 5
        Folds.
    random_state : int, RandomState, Generator or None, default 0
        Seed of the folds.

    Returns
    -------
    array of shape (n, n_classes), float32; (n,) for two classes with one label a sample
        Columns in the order of the sorted labels, or of the indicator matrix.

    Raises
    ------
    ParameterError
        If a class has a single sample, or an argument is out of its range.

    Notes
    -----
    For :class:`OneVsRestDual` all folds share one Gram matrix, in which the samples of a fold
    have cost 0: five folds cost about as much as one training where the Gram matrix is most of
    it. Of several values of C the one of the best accuracy over these folds is used.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw.classify import OneVsRestDual, PlattScaling
    >>> X = np.float32([[1, 0], [0.9, 0.1], [0.8, 0], [0, 1], [0.1, 0.9], [0, 0.8]])
    >>> y = ["cat"] * 3 + ["dog"] * 3
    >>> scores = out_of_fold_scores(OneVsRestDual(), X, y, cv=3)
    >>> (scores > 0).tolist()
    [False, False, False, True, True, True]
    >>> machine = OneVsRestDual().fit(X, y)
    >>> calibration = PlattScaling().fit(scores, y)
    >>> calibration.predict_proba(machine.decision_function(X[:1])).round(1)
    array([[0.9, 0.1]])
    """
    y = read_labels(y)
    return as_classifier(clone(classifier)).out_of_fold(X, y, held_out_folds(y, cv, random_state), sample_weight)


def held_out_folds(y: ArrayLike, cv: int = 5, random_state=0) -> list[np.ndarray]:
    """The rows of each fold of :func:`out_of_fold_scores`: a list of int arrays."""
    check_int("cv", cv, 2)
    target = read_targets(y)
    smallest = int(target.counts.argmin())
    if target.counts[smallest] < 2:
        label = target.classes[smallest].item()
        raise ParameterError(f"class {label!r} has one sample; held-out scores need two of each class")
    return target.folds(cv, check_seed(random_state))


def possible_folds(y: ArrayLike, cv: int) -> int:
    """``cv``, or the size of the smallest class if that is less, but at least 2."""
    return int(max(2, min(cv, read_targets(y).counts.min())))
