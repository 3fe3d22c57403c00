r"""What samples are labelled with: one class each, or several.

``y`` of shape (n,) holds one label a sample. ``y`` of shape (n, n_classes), of two columns at
least, is an indicator matrix as scikit-learn's ``OneVsRestClassifier`` takes it, with one more value:

==  =========================================================================================
1   the sample shows the class
0   it does not
-1  left out: the sample is neither positive nor negative for this class (PASCAL VOC's
    "difficult"), neither in training nor where the scores of held-out samples are judged
==  =========================================================================================

A one-vs-rest classifier sees either form as problems of signs and of samples that count, and
chooses its parameters by how good held-out scores are: by mean per-class accuracy for one
label a sample, by mean average precision for several.

The folds of several labels are dealt by iterative stratification [1]_: the class with the
fewest samples that are not dealt yet goes first, each of its samples to the fold that lacks
that class most.

References
----------
.. [1] K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data",
   ECML PKDD 2011, algorithm 1.
"""

import numpy as np
from scipy.sparse import issparse
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.validation import column_or_1d

from .._random import stage_rng
from ..errors import ParameterError

_KINDS = {
    "boolean": (bool, np.bool_), "integer": (int, np.integer), "number": (float, np.floating), "string": (str,),
    "bytes": (bytes,),
}


def read_labels(y, n=None):
    """Labels of any kind as an array that holds no objects.

    Parameters
    ----------
    y : sequence, array, Series, Index or Categorical of length n; or indicator matrix (n, n_classes), dense or sparse
        Strings, integers, booleans, bytes or whole floats, of one kind. Series are read by position.
    n : int, optional
        How many samples there are.

    Returns
    -------
    array of shape (n,), or (n, n_classes)
        Of strings, integers, booleans, bytes or floats, so that what is learnt from them can be saved.

    Raises
    ------
    ParameterError
        If a label is missing, of another type or kind, or a fraction, naming the first such; or if there are not
        ``n`` of them.

    Examples
    --------
    >>> read_labels(np.array(["cat", "dog"], dtype=object))
    array(['cat', 'dog'], dtype='<U3')
    """
    if y is None:
        raise ParameterError("y is None; y should be a 1d array of labels, or an indicator matrix")
    if issparse(y):
        labels = y.toarray()
    else:
        # NumPy would make a string of 1 beside "a"
        labels = np.array(y, dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y)
        if labels.ndim == 0:
            raise ParameterError(
                f"y is a {type(y).__name__}; y should be a 1d array of labels, one a sample: give a list"
            )
        if not _is_matrix(labels.shape):
            try:
                labels = column_or_1d(labels, warn=True)
            except ValueError as error:
                raise ParameterError(str(error)) from None
        labels = _plain(labels)
    if n is not None and len(labels) != n:
        raise ParameterError(f"y has {len(labels)} labels for the {n} rows of X; one a row is needed")
    return labels


def _is_matrix(shape):
    return len(shape) == 2 and shape[1] > 1


def _plain(labels):
    """An array of labels without objects; the first that is no label is named."""
    kind = labels.dtype.kind
    if kind in "OT":
        return _from_objects(labels)
    if kind == "f" and labels.ndim == 1:
        wrong = np.flatnonzero(~np.isfinite(labels) | (labels != np.floor(labels)))
        if len(wrong):
            raise ParameterError(_why_no_label(wrong[0], float(labels[wrong[0]])))
    elif kind not in "biufUS":
        raise ParameterError(f"Unknown label type: y has dtype {labels.dtype}; labels are strings or whole numbers")
    return labels


def _why_no_label(i, value):
    if str(value) in ("None", "nan", "<NA>", "NaT"):
        return f"Unknown label type: y[{i}]={value} is missing; leave the sample out, or give it a label"
    return f"Unknown label type: y[{i}]={value!r} is no class label; labels are strings or whole numbers"


def _from_objects(labels):
    values = labels.ravel().tolist()
    kinds = {}
    for cls in set(map(type, values)):
        kinds[cls] = next((name for name, classes in _KINDS.items() if issubclass(cls, classes)), None)
    for i, value in enumerate(values if None in kinds.values() or "number" in kinds.values() else ()):
        if kinds[type(value)] is None or (kinds[type(value)] == "number" and value != value):
            raise ParameterError(_why_no_label(i, value))
    found = set(kinds.values()) - ({"integer"} if "number" in kinds.values() else set())
    if len(found) > 1:
        first = kinds[type(values[0])]
        other = next(i for i, value in enumerate(values) if kinds[type(value)] != first)
        raise ParameterError(
            f"y mixes kinds of labels: y[0]={values[0]!r} ({first}) and y[{other}]={values[other]!r} "
            f"({kinds[type(values[other])]}); give labels of one kind, such as strings"
        )
    plain = np.array(values) if found else np.array(values, np.int64)
    if plain.dtype.kind == "O":
        raise ParameterError("y has integers beyond 64 bits; give such labels as strings")
    return _plain(plain.reshape(labels.shape))


def read_targets(y, weight=None):
    """The :class:`SingleLabels` or :class:`IndicatorLabels` of labels of any kind; ``weight`` is (n,) or None."""
    y = read_labels(y)
    return IndicatorLabels(y, weight) if is_indicator(y) else SingleLabels(y, weight)


def is_indicator(y):
    """Whether labels are a matrix of at least two columns."""
    return _is_matrix(y.shape if issparse(y) else np.asarray(y).shape)


class SingleLabels:
    """One label a sample, (n,).

    Attributes
    ----------
    classes : array of shape (n_classes,)
        The labels that occur, sorted.
    index : array of shape (n,), int
        The class of each sample.
    n_problems : int
        1 for two classes, the second against the first; else one a class.
    weight : array of shape (n,), or None
        What each sample counts in :meth:`quality`; None: all alike.

    Raises
    ------
    ParameterError
        If there is one class only.
    """

    multilabel = False

    def __init__(self, y, weight=None):
        self.classes, self.index = np.unique(y, return_inverse=True)
        self.weight = weight
        if len(self.classes) < 2:
            raise ParameterError(
                f"y holds 1 class only, {self.classes[:1].tolist()}; samples of at least two classes are needed"
            )
        self.n_problems = 1 if len(self.classes) == 2 else len(self.classes)

    def __len__(self):
        return len(self.index)

    @property
    def labels(self):
        """The labels, (n,)."""
        return self.classes[self.index]

    @property
    def counts(self):
        """Samples of each class."""
        return np.bincount(self.index)

    def members(self, k):
        """The samples of class ``k``, ascending."""
        return np.flatnonzero(self.index == k)

    def signs(self, group=slice(None)):
        """+1 and -1 in the problems of a slice, (n_problems, n) int8."""
        positive = np.array([1]) if len(self.classes) == 2 else np.arange(len(self.classes))[group]
        return np.where(self.index == positive[:, None], np.int8(1), np.int8(-1))

    def counted(self, group=slice(None)):
        """Whether a sample counts in the problems of a slice; broadcasts to (n_problems, n)."""
        return np.ones(len(self.index), bool)

    def folds(self, n_folds, seed):
        """The samples of each fold, every class spread evenly; fewer folds if no class has so many samples."""
        n_folds = min(n_folds, int(self.counts.max()))
        if n_folds < 2:
            return [np.arange(len(self.index))]
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        return [test for _, test in folds.split(self.index, self.index)]

    def quality(self, scores, rows):
        """Mean per-class accuracy of scores, (n_problems, len(rows)), on the samples ``rows``."""
        truth, weight = self.index[rows], 1.0 if self.weight is None else self.weight[rows]
        predicted = scores.argmax(axis=0) if len(scores) > 1 else (scores[0] > 0).astype(int)
        members = np.bincount(truth, weights=np.broadcast_to(weight, truth.shape))
        hits = np.bincount(truth, weights=weight * (truth == predicted), minlength=len(members))
        return (hits[members > 0] / members[members > 0]).mean()


class IndicatorLabels:
    """Any number of classes a sample: a matrix (n, n_classes) of 1, 0 and -1, as the module's head has it.

    Attributes
    ----------
    classes : array of shape (n_classes,), int64
        Numbers of the columns.
    matrix : array of shape (n, n_classes), int8
    n_problems : int
        One a column.
    weight : array of shape (n,), or None
        What each sample counts in :meth:`quality`; None: all alike.

    Raises
    ------
    ParameterError
        If there is another value, or a column without a 1 or without a 0.
    """

    multilabel = True

    def __init__(self, y, weight=None):
        self.weight = weight
        if y.dtype.kind not in "biuf" or not np.isin(y, (-1, 0, 1)).all():
            raise ParameterError(
                "a matrix y must hold 1 (the sample shows the class), 0 (it does not) and -1 (left out) only"
            )
        self.matrix = y.astype(np.int8)
        self.classes = np.arange(y.shape[1])
        self.n_problems = y.shape[1]
        for value, what in ((1, "shows that class"), (0, "is without that class")):
            missing = np.flatnonzero(~(self.matrix == value).any(axis=0))
            if len(missing):
                raise ParameterError(
                    f"column {missing[0]} of y has no {value}: no sample {what}; leave the column out, or write 1 for "
                    "positive, 0 for negative and -1 for left out"
                )

    def __len__(self):
        return len(self.matrix)

    @property
    def labels(self):
        """The matrix itself."""
        return self.matrix

    @property
    def counts(self):
        """Samples that show each class."""
        return (self.matrix == 1).sum(axis=0)

    def members(self, k):
        """The samples that show class ``k``, ascending."""
        return np.flatnonzero(self.matrix[:, k] == 1)

    def signs(self, group=slice(None)):
        """+1 and -1 in the problems of a slice, (n_problems, n) int8; -1 where a sample does not count."""
        shown = np.ascontiguousarray(self.matrix.T[group]) == 1
        return np.where(shown, np.int8(1), np.int8(-1))

    def counted(self, group=slice(None)):
        """Whether a sample counts in the problems of a slice, (n_problems, n)."""
        return self.matrix.T[group] >= 0

    def folds(self, n_folds, seed):
        """The samples of each fold, ascending, by iterative stratification."""
        n_folds = min(n_folds, len(self.matrix))
        if n_folds < 2:
            return [np.arange(len(self.matrix))]
        return iterative_folds(self.matrix == 1, n_folds, stage_rng(seed, "folds"))

    def quality(self, scores, rows):
        """Mean average precision of scores, (n_problems, len(rows)), on the samples ``rows``."""
        return mean_held_out_precision(self.matrix[rows], scores.T, None if self.weight is None else self.weight[rows])


def mean_held_out_precision(matrix, scores, weight=None):
    """Mean over the classes that some sample shows of their average precision, without interpolation.

    Parameters
    ----------
    matrix : array of shape (n, n_classes), int8
        Of 1, 0 and -1, as the module's head has it.
    scores : array of shape (n, n_classes)
    weight : array of shape (n,), optional
        What each sample counts; by default all alike.

    Returns
    -------
    float
        0 if no sample shows a class.
    """
    precisions = []
    for truth, column in zip(matrix.T, scores.T, strict=True):
        counts = truth >= 0
        if (truth == 1).any():
            counted = None if weight is None else weight[counts]
            precisions.append(average_precision_score(truth[counts], column[counts], sample_weight=counted))
    return float(np.mean(precisions)) if precisions else 0.0


def iterative_folds(shown, n_folds, rng):
    """Deal samples with several classes each into folds of like composition.

    Parameters
    ----------
    shown : array of shape (n, n_classes), bool
    n_folds : int
    rng : numpy.random.Generator
        Of the order of samples, and of what remains tied.

    Returns
    -------
    list of n_folds arrays of int64, ascending
    """
    n = len(shown)
    lacking = np.tile(shown.sum(axis=0)[:, None] / n_folds, (1, n_folds))  # of each class in each fold
    room = np.full(n_folds, n / n_folds)
    fold_of = np.full(n, -1)

    def deal(samples, wanted):
        for i in rng.permutation(samples):
            need = wanted()
            best = np.flatnonzero(need == need.max())
            best = best[room[best] == room[best].max()]
            fold = rng.choice(best)
            fold_of[i] = fold
            lacking[shown[i], fold] -= 1
            room[fold] -= 1

    while (left := shown & (fold_of < 0)[:, None]).any():
        counts = left.sum(axis=0)
        rarest = int(np.where(counts > 0, counts, n + 1).argmin())
        deal(np.flatnonzero(left[:, rarest]), lambda k=rarest: lacking[k])
    deal(np.flatnonzero(fold_of < 0), lambda: room)
    return [np.flatnonzero(fold_of == fold) for fold in range(n_folds)]
