"""Labels and guesses, brought into one form.

A label is an integer or a string. -1, or the empty string, is the dummy: a guess
that was not made and matches nothing.
"""

import numbers

import numpy as np

from ..errors import ParameterError


def missing(dtype):
    """The dummy of a label dtype."""
    return "" if dtype.kind == "U" else -1


def as_labels(name, values):
    """``values`` as an array of int64 or of strings."""
    values = np.asarray(values)
    kind = values.dtype.kind
    if kind in "OT":  # NumPy's and pandas' strings, and pandas' integers that may be missing
        values = values.astype(object)
        kinds = {_kind_of(value) for value in values.ravel()}
        kind = kinds.pop() if len(kinds) == 1 else "O"
    if kind == "U":
        return values.astype(str)
    if kind not in "iub" and values.size:
        raise ParameterError(f"{name} has dtype {values.dtype}; labels must be integers or strings")
    return values.astype(np.int64)


def _kind_of(value):
    return "U" if isinstance(value, str) else "i" if isinstance(value, (numbers.Integral, np.bool_)) else "O"


def as_rows(name, rows):
    """Rows of labels as one (n, k) array, short rows filled up with the dummy.

    A 1-d array is n rows of one label. A pandas Series or DataFrame is taken by position.
    """
    if hasattr(rows, "to_numpy"):
        rows = rows.to_numpy()
    if isinstance(rows, np.ndarray) and rows.dtype != object:
        rows = as_labels(name, rows)
    else:
        rows = list(rows)
        if any(np.ndim(row) for row in rows):
            parts = [np.atleast_1d(as_labels(name, row)) for row in rows]
            if any(part.ndim != 1 for part in parts):
                raise ParameterError(f"{name} must be (n,) or (n, k), or a list of n lists of labels")
            if len({part.dtype.kind for part in parts if len(part)}) > 1:
                raise ParameterError(f"{name} mixes integers and strings; labels must be of one kind")
            lengths = [len(part) for part in parts]
            joined = np.concatenate([part for part in parts if len(part)] or [np.empty(0, np.int64)])
            filled = np.full((len(parts), max(lengths)), missing(joined.dtype), joined.dtype)
            filled[np.arange(filled.shape[1]) < np.array(lengths)[:, None]] = joined
            rows = filled
        else:
            rows = as_labels(name, rows)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2:
        raise ParameterError(f"{name} has shape {rows.shape}; (n,) or (n, k) is needed")
    return rows


def as_truth_and_guesses(truth, predictions):
    """Truth (n, t) and guesses (n, k), checked against each other."""
    truth, predictions = as_rows("truth", truth), as_rows("predictions", predictions)
    if len(truth) != len(predictions):
        raise ParameterError(
            f"truth has {len(truth)} images and predictions {len(predictions)}; both need one row an image"
        )
    if len(truth) == 0:
        raise ParameterError("there are no images to evaluate")
    if predictions.size == 0:
        predictions = predictions.astype(truth.dtype)
    if truth.dtype.kind != predictions.dtype.kind:
        kinds = {"U": "strings", "i": "integers"}
        raise ParameterError(
            f"truth holds {kinds[truth.dtype.kind]} and predictions {kinds[predictions.dtype.kind]}; "
            f"labels must be of one kind"
        )
    unlabelled = (truth == missing(truth.dtype)).all(axis=1)
    if unlabelled.any():
        raise ParameterError(f"image {int(unlabelled.argmax())} has no true label; leave it out of both")
    return truth, predictions


def as_single(name, labels):
    """Labels (n,), one an image."""
    rows = as_rows(name, labels)
    if rows.shape[1] != 1:
        raise ParameterError(f"{name} has shape {rows.shape}; one label an image is needed, as from [:, 0]")
    return rows[:, 0]


def as_truth_and_answers(truth, predicted):
    """True and predicted labels, both (n,), checked against each other."""
    as_single("truth", truth), as_single("predicted", predicted)
    truth, predicted = as_truth_and_guesses(truth, predicted)
    return truth[:, 0], predicted[:, 0]


def as_classes(name, classes):
    """The labels of the classes in order, (n_classes,), each once and none the dummy."""
    classes = as_single(name, classes)
    if len(classes) == 0:
        raise ParameterError(f"{name} is empty; name at least one class")
    if len(np.unique(classes)) < len(classes):
        raise ParameterError(f"{name} holds a label twice")
    if (classes == missing(classes.dtype)).any():
        raise ParameterError(f"{name} holds {missing(classes.dtype)!r}, which stands for a missing guess")
    return classes


def positions(labels, classes):
    """Where each label stands in ``classes``; -1 where it does not."""
    order = np.argsort(classes, kind="stable")
    found = np.minimum(np.searchsorted(classes, labels, sorter=order), len(classes) - 1)
    index = order[found]
    return np.where(classes[index] == labels, index, -1)


def true_positions(truth, classes):
    """As :func:`positions`, for true labels: each must be a class."""
    index = positions(truth, classes)
    unknown = (index < 0) & (truth != missing(truth.dtype))
    if unknown.any():
        label = truth[unknown][0]
        raise ParameterError(f"the true label {label.item()!r} is not one of the {len(classes)} classes")
    return index
