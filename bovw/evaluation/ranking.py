r"""Precision, recall and average precision of a ranked list.

Images are ranked by falling score. With :math:`P(i)` and :math:`R(i)` the precision
and recall among the first i, and the interpolated precision
:math:`P^*(r) = \max_{R(i) \ge r} P(i)`,

``"11-point"``
    :math:`\frac{1}{11} \sum_{r \in \{0, 0.1 \dots 1\}} P^*(r)`: PASCAL VOC up to 2009.
``"all-point"``
    :math:`\int_0^1 P^*(r)\,dr`: PASCAL VOC from 2010, the ILSVRC detection task.
``"step"``
    :math:`\sum_i (R(i) - R(i-1)) P(i)`, without interpolation: information
    retrieval, scikit-learn.

References
----------
.. [1] M. Everingham, L. Van Gool, C. Williams, J. Winn, A. Zisserman, "The PASCAL
   Visual Object Classes (VOC) Challenge", IJCV 88, 2010, section 4.2.1.
"""

import numpy as np

from .._validation import check_choice, check_matrix
from ..errors import ParameterError

METHODS = ("11-point", "all-point", "step")


def _checked(relevant, scores, ignore):
    relevant = np.asarray(relevant)
    if relevant.ndim != 1 or not np.isin(relevant, (0, 1)).all():
        raise ParameterError("relevant must be 1-d and hold 0 and 1 only; leave difficult images to ignore")
    scores = np.asarray(scores)
    if scores.shape != relevant.shape:
        raise ParameterError(f"scores has shape {scores.shape} for {len(relevant)} images")
    scores = check_matrix("scores", scores[:, None], dtype=scores.dtype)[:, 0]
    relevant = relevant.astype(bool)
    if ignore is not None:
        ignore = np.asarray(ignore)
        if ignore.dtype != bool or ignore.shape != relevant.shape:
            raise ParameterError(f"ignore must be boolean of shape {relevant.shape}")
        relevant, scores = relevant[~ignore], scores[~ignore]
    if not relevant.any():
        raise ParameterError("no image is relevant, so recall and average precision are undefined")
    return relevant, scores


def precision_recall_curve(relevant, scores, *, ignore=None):
    """Precision and recall as the list grows.

    Parameters
    ----------
    relevant : array of shape (n,)
        1 (or True) for images of the class.
    scores : array of shape (n,)
        Higher ranks earlier.
    ignore : bool array of shape (n,), optional
        Images left out, as PASCAL VOC does with "difficult" ones.

    Returns
    -------
    precision, recall : float64 arrays of shape (n_distinct_scores,)
        After each distinct score, from the highest down.

    Raises
    ------
    ParameterError
        If no image is relevant, shapes differ or a score is not finite.

    Notes
    -----
    Images of equal score enter the list together, so the curve does not depend on
    the order of the images. VOC's own code lets them enter one by one.
    """
    relevant, scores = _checked(relevant, scores, ignore)
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(relevant[order])[last]
    return found / (np.flatnonzero(last) + 1), found / found[-1]


def average_precision(relevant, scores, method="all-point", *, ignore=None):
    """Average precision of one class.

    Parameters
    ----------
    relevant, scores, ignore
        As in :func:`precision_recall_curve`.
    method : {"11-point", "all-point", "step"}

    Returns
    -------
    float
        In [0, 1].
    """
    check_choice("method", method, METHODS)
    precision, recall = precision_recall_curve(relevant, scores, ignore=ignore)
    if method == "step":
        return float(np.sum(np.diff(recall, prepend=0.0) * precision))
    best_from = np.maximum.accumulate(precision[::-1])[::-1]
    if method == "all-point":
        return float(np.sum(np.diff(recall, prepend=0.0) * best_from))
    at = np.searchsorted(recall, np.arange(11) / 10 - 1e-12)  # 3 of 10 reaches the level 0.3
    return float(best_from[at].mean())


def mean_average_precision(relevant, scores, method="all-point", *, ignore=None):
    """Mean of the average precisions of several classes, each ranked on its own.

    Parameters
    ----------
    relevant : array of shape (n, n_classes)
        1 (or True) where the image shows the class; an image may show several.
    scores : array of shape (n, n_classes)
    method : {"11-point", "all-point", "step"}
    ignore : bool array of shape (n, n_classes), optional

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If shapes differ, or a class has no relevant image.
    """
    relevant, scores = np.asarray(relevant), np.asarray(scores)
    if relevant.ndim != 2 or relevant.shape != scores.shape or relevant.shape[1] == 0:
        raise ParameterError(
            f"relevant has shape {relevant.shape} and scores {scores.shape}; both must be (n, n_classes)"
        )
    if ignore is not None and np.shape(ignore) != relevant.shape:
        raise ParameterError(f"ignore has shape {np.shape(ignore)}; {relevant.shape} is needed")
    precisions = []
    for j in range(relevant.shape[1]):
        skipped = None if ignore is None else np.asarray(ignore)[:, j]
        try:
            precisions.append(average_precision(relevant[:, j], scores[:, j], method, ignore=skipped))
        except ParameterError as error:
            raise ParameterError(f"class {j}: {error}") from None
    return float(np.mean(precisions))
