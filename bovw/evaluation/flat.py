r"""Flat error: the share of images whose label is not among the first k guesses.

With guesses :math:`l_1, \dots, l_k`, best first, and true labels
:math:`g_1, \dots, g_t` of one image (:math:`t = 1` in every challenge so far),

.. math:: e = \frac{1}{t} \sum_i \min_j [\, l_j \neq g_i \,],

averaged over images. An image with fewer than k guesses is filled up with a dummy
that matches nothing; guesses after the k-th are ignored.

References
----------
.. [1] ILSVRC2010 development kit, ``readme.txt`` and ``evaluation/eval_flat.m``.
.. [2] O. Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge",
   IJCV 115, 2015, section 4.1.
"""

import numpy as np

from .._validation import check_int, check_matrix
from ..errors import ParameterError
from ._labels import as_classes, as_single, as_truth_and_guesses, missing, true_positions

N_GUESSES = 5


def guesses_or_all(k):
    """The number of guesses to look at: ``k``, or the challenge's five for None."""
    return N_GUESSES if k is None else check_int("k", k, minimum=1)


def extend_to(columns, k):
    """(n, j) running minima as (n, k): guesses that were not made change nothing."""
    return columns[:, np.minimum(np.arange(k), columns.shape[1] - 1)]


def image_flat_errors(truth, predictions, k=None):
    """Flat error of every image at 1, 2 ... k guesses.

    Parameters
    ----------
    truth : array of shape (n,) or (n, t), or list of lists
        True labels, integers or strings. Several labels an image may be filled up
        with -1 (or ``""``).
    predictions : array of shape (n,) or (n, m), or list of lists
        Guesses of each image, best first; -1 (or ``""``) is a guess not made.
    k : int, optional
        By default 5.

    Returns
    -------
    float64 array of shape (n, k)
        Column j is the error at j + 1 guesses, in [0, 1]; rows never rise.

    Raises
    ------
    ParameterError
        If there are no images, lengths differ, or an image has no true label.
    """
    k = guesses_or_all(k)
    truth, predictions = as_truth_and_guesses(truth, predictions)
    if predictions.shape[1] == 0:
        return np.ones((len(truth), k))
    predictions = predictions[:, :k]
    real = truth != missing(truth.dtype)
    missed = np.zeros(predictions.shape)
    for labels, counts in zip(truth.T, real.T, strict=True):
        hit = np.logical_or.accumulate(predictions == labels[:, None], axis=1)
        missed += counts[:, None] & ~hit
    return extend_to(missed / real.sum(axis=1, keepdims=True), k)


def flat_error(truth, predictions, k=None):
    """Flat (top-k) error by the challenge's definition.

    Parameters
    ----------
    truth, predictions, k
        As in :func:`image_flat_errors`.

    Returns
    -------
    float, or float64 array of shape (5,)
        The error at ``k`` guesses, or without ``k`` the errors at 1 to 5.

    Examples
    --------
    >>> from bovw.evaluation import flat_error
    >>> flat_error([3, 7], [[3, 1, 2], [5, 7]], k=1)
    0.5
    >>> flat_error([3, 7], [[3, 1, 2], [5, 7]]).tolist()
    [0.5, 0.0, 0.0, 0.0, 0.0]
    """
    errors = image_flat_errors(truth, predictions, k).mean(axis=0)
    return errors if k is None else float(errors[-1])


def top_k_error(truth, scores, k=5, *, classes=None):
    """Flat error at ``k`` guesses straight from the scores of a classifier.

    Parameters
    ----------
    truth : array of shape (n,)
        True labels.
    scores : array of shape (n, n_classes)
        Higher is better. Equal scores rank the lower column first.
    k : int, default 5
    classes : sequence of n_classes labels, optional
        The label of each column; by default 0, 1, 2 ...

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ParameterError
        If shapes disagree, a true label is not a class, or a score is NaN or infinite.
    """
    k = check_int("k", k, minimum=1)
    truth = as_single("truth", truth)
    scores = np.asarray(scores)
    scores = check_matrix("scores", scores, dtype=scores.dtype)
    if len(scores) != len(truth) or len(truth) == 0:
        raise ParameterError(f"scores has {len(scores)} rows for {len(truth)} images; both need at least one")
    classes = np.arange(scores.shape[1]) if classes is None else as_classes("classes", classes)
    if len(classes) != scores.shape[1]:
        raise ParameterError(f"classes has {len(classes)} labels for {scores.shape[1]} columns of scores")
    column = true_positions(truth, classes)[:, None]
    if (column < 0).any():
        raise ParameterError(f"image {int((column < 0).argmax())} has no true label; leave it out")
    own = np.take_along_axis(scores, column, axis=1)
    ahead = (scores > own) | ((scores == own) & (np.arange(scores.shape[1]) < column))
    return float((np.count_nonzero(ahead, axis=1) >= k).mean())
