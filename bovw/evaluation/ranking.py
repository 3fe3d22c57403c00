r"""Precision, recall and average precision of a ranked list.

Images are ranked by falling score. With :math:`P(i)` and :math:`R(i)` the precision
and recall among the first i, and the interpolated precision
:math:`P^*(r) = \max_{R(i) \ge r} P(i)`,

``"11-point"``
    :math:`\frac{1}{11} \sum_{r \in \{0, 0.1 \dots 1\}} P^*(r)`: PASCAL VOC up to 2009,
    so VOC 2007 [1]_ [2]_.
``"all-point"``
    :math:`\int_0^1 P^*(r)\,dr`: PASCAL VOC from 2010, the ILSVRC detection task.
``"step"``
    :math:`\sum_i (R(i) - R(i-1)) P(i)`, without interpolation: information
    retrieval, scikit-learn.

An image may have a weight, as if it stood in the list so many times: this is how the
bootstrap (``precision_intervals``) draws images without sorting them again.

References
----------
.. [1] M. Everingham, L. Van Gool, C. Williams, J. Winn, A. Zisserman, "The PASCAL
   Visual Object Classes (VOC) Challenge", IJCV 88, 2010, section 4.2.1.
.. [2] M. Everingham, J. Winn, "The PASCAL Visual Object Classes Challenge 2007 (VOC2007)
   Development Kit", section 3.4, and ``VOCevalcls.m``.
"""

import numpy as np

from .._validation import check_choice, check_matrix
from ..errors import ParameterError

METHODS = ("11-point", "all-point", "step")


class RankedClass:
    """The images of a test in the order of their scores for one class.

    Parameters
    ----------
    relevant, scores, ignore
        As in :func:`precision_recall_curve`.

    Attributes
    ----------
    order : array of shape (n_kept,), int64
        The images that are not ignored, best first.
    relevant : array of shape (n_kept,), bool
        In that order.
    last : array of shape (n_distinct_scores,), int64
        Places in the order at which a group of equal scores ends.
    """

    def __init__(self, relevant, scores, ignore=None):
        relevant, scores, kept = _checked(relevant, scores, ignore)
        order = np.argsort(-scores.astype(np.float64), kind="stable")
        self.order, self.relevant = kept[order], relevant[order]
        self.last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))

    def average_precisions(self, method, weights):
        """Average precisions under several weights.

        Parameters
        ----------
        method : {"11-point", "all-point", "step"}
        weights : array of shape (n, n_weights), int
            How often each image counts.

        Returns
        -------
        array of shape (n_weights,), float64
            NaN where no relevant image has a weight.
        """
        weights = weights[self.order]
        n_found = np.cumsum(self.relevant)[self.last]
        rising = np.diff(n_found, prepend=0) > 0  # precision is of interest where another relevant image was found
        found = np.cumsum(weights[self.relevant], axis=0, dtype=weights.dtype)[n_found[rising] - 1]
        seen = np.cumsum(weights, axis=0, dtype=weights.dtype)[self.last[rising]]
        area = _area(method, found, found / np.maximum(seen, 1))
        return np.where(found[-1] > 0, area, np.nan)

    def average_precision(self, method):
        """Average precision where every image counts once, a float."""
        once = np.ones((self.order.max() + 1, 1), np.int64)
        return float(self.average_precisions(method, once)[0])


def _area(method, found, precision):
    """Areas under curves, one a column; ``found`` counts relevant images and ends with all of them."""
    total = np.maximum(found[-1], 1)
    if method == "step":
        return (np.diff(found, axis=0, prepend=0) * precision).sum(axis=0) / total
    best_from = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    if method == "all-point":
        return (np.diff(found, axis=0, prepend=0) * best_from).sum(axis=0) / total
    columns, at_level = np.arange(len(total)), []
    for level in range(11):  # in whole numbers: 3 of 10 reaches the level 0.3
        first = (10 * found < level * total).sum(axis=0)
        at_level.append(best_from[np.minimum(first, len(found) - 1), columns])
    return np.mean(at_level, axis=0)


def _checked(relevant, scores, ignore):
    """Relevance, scores and numbers of the images that are not ignored."""
    relevant = np.asarray(relevant)
    if relevant.ndim != 1 or not np.isin(relevant, (0, 1)).all():
        raise ParameterError("relevant must be 1-d and hold 0 and 1 only; leave difficult images to ignore")
    scores = np.asarray(scores)
    if scores.shape != relevant.shape:
        raise ParameterError(f"scores has shape {scores.shape} for {len(relevant)} images")
    scores = check_matrix("scores", scores[:, None], dtype=scores.dtype)[:, 0]
    relevant, kept = relevant.astype(bool), np.arange(len(relevant))
    if ignore is not None:
        ignore = np.asarray(ignore)
        if ignore.dtype != bool or ignore.shape != relevant.shape:
            raise ParameterError(f"ignore must be boolean of shape {relevant.shape}")
        relevant, scores, kept = relevant[~ignore], scores[~ignore], kept[~ignore]
    if not relevant.any():
        raise ParameterError("no image is relevant, so recall and average precision are undefined")
    return relevant, scores, kept


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
    ranked = RankedClass(relevant, scores, ignore)
    found = np.cumsum(ranked.relevant)[ranked.last]
    return found / (ranked.last + 1), found / found[-1]


def average_precision(relevant, scores, method="all-point", *, ignore=None):
    """Average precision of one class.

    Parameters
    ----------
    relevant, scores, ignore
        As in :func:`precision_recall_curve`.
    method : {"11-point", "all-point", "step"}, default "all-point"

    Returns
    -------
    float
        In [0, 1].
    """
    check_choice("method", method, METHODS)
    return RankedClass(relevant, scores, ignore).average_precision(method)


def class_average_precisions(relevant, scores, method="all-point", *, ignore=None):
    """Average precision of each of several classes, each ranked on its own.

    Parameters
    ----------
    relevant : array of shape (n, n_classes)
        1 (or True) where the image shows the class; an image may show several.
    scores : array of shape (n, n_classes)
    method : {"11-point", "all-point", "step"}, default "all-point"
    ignore : bool array of shape (n, n_classes), optional
        Images left out of the list of a class.

    Returns
    -------
    array of shape (n_classes,), float64

    Raises
    ------
    ParameterError
        If shapes differ, or a class has no relevant image.

    Examples
    --------
    >>> relevant = [[1, 0], [0, 1], [1, 1]]
    >>> scores = [[0.9, 0.2], [0.4, 0.8], [0.1, 0.7]]
    >>> class_average_precisions(relevant, scores, "11-point").round(4)
    array([0.8485, 1.    ])
    """
    check_choice("method", method, METHODS)
    return np.array([ranked.average_precision(method) for ranked in rank_classes(relevant, scores, ignore)])


def rank_classes(relevant, scores, ignore=None):
    """A :class:`RankedClass` for each column of ``relevant`` and ``scores``, (n, n_classes)."""
    relevant, scores = np.asarray(relevant), np.asarray(scores)
    if relevant.ndim != 2 or relevant.shape != scores.shape or relevant.shape[1] == 0:
        raise ParameterError(
            f"relevant has shape {relevant.shape} and scores {scores.shape}; both must be (n, n_classes)"
        )
    if ignore is not None and np.shape(ignore) != relevant.shape:
        raise ParameterError(f"ignore has shape {np.shape(ignore)}; {relevant.shape} is needed")
    ranked = []
    for j in range(relevant.shape[1]):
        skipped = None if ignore is None else np.asarray(ignore)[:, j]
        try:
            ranked.append(RankedClass(relevant[:, j], scores[:, j], skipped))
        except ParameterError as error:
            raise ParameterError(f"class {j}: {error}") from None
    return ranked


def mean_average_precision(relevant, scores, method="all-point", *, ignore=None):
    """Mean of the average precisions of several classes, each ranked on its own.

    Parameters
    ----------
    relevant, scores, method, ignore
        As in :func:`class_average_precisions`.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If shapes differ, or a class has no relevant image.
    """
    return float(class_average_precisions(relevant, scores, method, ignore=ignore).mean())
