"""Scores of training samples under classifiers that have not seen them."""

import numpy as np
from sklearn.base import clone

from .._random import check_seed
from .._validation import check_int
from ..errors import ParameterError
from .one_vs_rest import OneVsRestDual
from .sgd import OneVsRestSGD
from .targets import as_label_array, read_targets


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
    y : array of shape (n,), or (n, n_classes)
        Labels, or an indicator matrix of 1, 0 and -1 (``bovw.classify.targets``); at least
        two samples a class.
    cv : int, default 5
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
    >>> calibration.predict_proba(machine.decision_function(X[:1])).shape
    (1, 2)
    """
    y = as_label_array(y)
    folds = held_out_folds(y, cv, random_state)
    if isinstance(classifier, OneVsRestDual):
        return clone(classifier).out_of_fold(X, y, folds)
    scores = None
    for test in folds:
        train = np.setdiff1d(np.arange(len(y)), test)
        if isinstance(classifier, OneVsRestSGD):
            machine = clone(classifier).fit(X, y, rows=train)
            part = machine.decision_function(X, rows=test)
        else:
            part = clone(classifier).fit(X[train], y[train]).decision_function(X[test])
        if scores is None:
            scores = np.empty((len(y), *part.shape[1:]), np.float32)
        scores[test] = part
    return scores


def held_out_folds(y, cv=5, random_state=0):
    """The rows of each fold of :func:`out_of_fold_scores`: a list of int arrays."""
    check_int("cv", cv, 2)
    target = read_targets(y)
    smallest = int(target.counts.argmin())
    if target.counts[smallest] < 2:
        label = target.classes[smallest].item()
        raise ParameterError(f"class {label!r} has one sample; held-out scores need two of each class")
    return target.folds(cv, check_seed(random_state))


def possible_folds(y, cv):
    """``cv``, or the size of the smallest class if that is less, but at least 2."""
    return int(max(2, min(cv, read_targets(y).counts.min())))
