"""Confusion of classes and the accuracies that follow from it.

Row i of the confusion matrix counts the images of class i, column j those that
were taken for class j. Mean class accuracy is the mean over classes of (correct /
images of the class), so that every class weighs the same: the figure that
15-Scene and Caltech-101 papers report.

References
----------
.. [1] S. Lazebnik, C. Schmid, J. Ponce, "Beyond Bags of Features", CVPR 2006, section 5.
"""

from typing import NamedTuple

import numpy as np

from .._validation import check_int
from ..errors import ParameterError
from ._labels import as_classes, as_truth_and_answers, missing, positions, true_positions


class ClassRow(NamedTuple):
    """What happened to one class.

    Attributes
    ----------
    label : int or str
    name : str
    n_images : int
        Images whose true label it is.
    n_correct : int
    accuracy : float or None
        ``n_correct / n_images``; None for a class without images.
    precision : float or None
        Share of the images taken for this class that belong to it; None if none were.
    confused_with : tuple of (label, count)
        The classes its images were most often taken for, most frequent first.
    """

    label: int | str
    name: str
    n_images: int
    n_correct: int
    accuracy: float | None
    precision: float | None
    confused_with: tuple


def _labels_of(truth, predicted, labels):
    if labels is None:
        return np.unique(np.concatenate([truth, predicted]))
    return as_classes("labels", labels)


def confusion_matrix(truth, predicted, labels=None):
    """Counts of images by true and predicted class.

    Parameters
    ----------
    truth, predicted : array of shape (n,)
        Labels, integers or strings.
    labels : sequence of n_classes labels, optional
        The classes, in the order of rows and columns. By default all labels that
        occur, sorted; a missing guess (-1 or ``""``) is then a class like others.

    Returns
    -------
    int64 array of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.

    Raises
    ------
    ParameterError
        If a label is not in ``labels``, or there are no images.
    """
    truth, predicted = as_truth_and_answers(truth, predicted)
    labels = _labels_of(truth, predicted, labels)
    rows, columns = true_positions(truth, labels), positions(predicted, labels)
    if (columns < 0).any():
        unknown = predicted[columns < 0][0].item()
        raise ParameterError(f"the predicted label {unknown!r} is not in labels; add it or drop the image")
    n = len(labels)
    return np.bincount(rows * n + columns, minlength=n * n).reshape(n, n)


def mean_class_accuracy(truth, predicted):
    """Mean over the classes in ``truth`` of each one's share of correct answers.

    Parameters
    ----------
    truth, predicted : array of shape (n,)
        Labels, integers or strings. A missing guess (-1 or ``""``) is wrong.

    Returns
    -------
    float
        In [0, 1].
    """
    truth, predicted = as_truth_and_answers(truth, predicted)
    _, codes = np.unique(truth, return_inverse=True)
    correct = np.bincount(codes, weights=truth == predicted)
    return float((correct / np.bincount(codes)).mean())


def per_class_table(truth, predicted, labels=None, names=None, n_confused=3):
    """One :class:`ClassRow` a class, in the order of the labels.

    Parameters
    ----------
    truth, predicted : array of shape (n,)
    labels : sequence of labels, optional
        By default all that occur in ``truth``, sorted.
    names : sequence of str, optional
        A name for each of ``labels``; by default the labels.
    n_confused : int, default 3
        How many confusions a row names at most.

    Returns
    -------
    list of ClassRow

    Raises
    ------
    ParameterError
        If a true label is not in ``labels`` or ``names`` has another length.
    """
    n_confused = check_int("n_confused", n_confused, minimum=0)
    truth, predicted = as_truth_and_answers(truth, predicted)
    labels = np.unique(truth) if labels is None else as_classes("labels", labels)
    names = [str(label) for label in labels] if names is None else [str(name) for name in names]
    if len(names) != len(labels):
        raise ParameterError(f"names has {len(names)} entries for {len(labels)} labels")
    rows, columns = true_positions(truth, labels), positions(predicted, labels)
    taken_for = np.bincount(columns[columns >= 0], minlength=len(labels))
    order = np.argsort(rows, kind="stable")
    answers = np.split(predicted[order], np.cumsum(np.bincount(rows, minlength=len(labels)))[:-1])
    table = []
    for label, name, given, n_taken in zip(labels, names, answers, taken_for, strict=True):
        correct = int((given == label).sum())
        wrong = given[(given != label) & (given != missing(given.dtype))]
        others, counts = np.unique(wrong, return_counts=True)
        worst = np.argsort(-counts, kind="stable")[:n_confused]
        table.append(
            ClassRow(
                label.item(), name, len(given), correct,
                correct / len(given) if len(given) else None,
                correct / int(n_taken) if n_taken else None,
                tuple((others[i].item(), int(counts[i])) for i in worst),
            )
        )
    return table
