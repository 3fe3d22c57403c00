"""Scores of training samples under classifiers that have not seen them."""

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import column_or_1d

from .._random import check_seed
from .._validation import check_int
from ..errors import ParameterError
from .one_vs_rest import OneVsRestDual, classes_of, stratified_folds
from .sgd import OneVsRestSGD


def out_of_fold_scores(classifier, X, y, *, cv=5, random_state=0):
    """Held-out scores of every sample, for calibration and fusion.

    The samples are dealt into ``cv`` folds, every class evenly; those of a fold are scored
    by the classifier trained on all other folds.

    Parameters
    ----------
    classifier : OneVsRestDual, OneVsRestSGD, or any classifier with ``decision_function``
        Its parameters are used; it is neither fitted nor changed.
    X : array of shape (n, d), or what else the classifier takes
        :class:`OneVsRestSGD` reads the rows of a store where they lie. With a precomputed kernel
        of :class:`OneVsRestDual`, the (n, n) kernel matrix.
    y : array of shape (n,)
        Labels, at least two samples a class.
    cv : int, default 5
        Folds.
    random_state : int, RandomState, Generator or None, default 0
        Seed of the folds.

    Returns
    -------
    array of shape (n, n_classes), float32; (n,) for two classes
        Columns in the order of the sorted labels.

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
    >>> calibration.predict_proba(machine.decision_function(X[:1])).shape
    (1, 2)
    """
    y = column_or_1d(y)
    folds = held_out_folds(y, cv, random_state)
    if isinstance(classifier, OneVsRestDual):
        return clone(classifier).out_of_fold(X, y, folds)
    n_classes = len(np.unique(y))
    scores = np.empty((len(y), n_classes) if n_classes > 2 else len(y), np.float32)
    for test in folds:
        train = np.setdiff1d(np.arange(len(y)), test)
        if isinstance(classifier, OneVsRestSGD):
            machine = clone(classifier).fit(X, y, rows=train)
            scores[test] = machine.decision_function(X, rows=test)
        else:
            scores[test] = clone(classifier).fit(X[train], y[train]).decision_function(X[test])
    return scores


def held_out_folds(y, cv=5, random_state=0):
    """The rows of each fold of :func:`out_of_fold_scores`: a list of int arrays."""
    check_int("cv", cv, 2)
    classes, target = classes_of(y)
    smallest = int(np.bincount(target).argmin())
    if (target == smallest).sum() < 2:
        raise ParameterError(f"class {classes[smallest]!r} has one sample; held-out scores need two of each class")
    return stratified_folds(target, cv, check_seed(random_state))
