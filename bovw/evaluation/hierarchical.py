r"""Hierarchical error: how far up the hierarchy the best guess meets the truth.

With costs :math:`d(l, g)`, the height of the lowest common ancestor and 0 for
:math:`l = g`,

.. math:: e = \frac{1}{t} \sum_i \min_j d(l_j, g_i),

averaged over images. A guess that was not made costs the largest cost of the
matrix. The 2010 challenge reports heights; the 2011 one divides by the largest, so
that errors lie in [0, 1]. Both are offered.

References
----------
.. [1] ILSVRC2010 development kit, ``readme.txt`` and ``evaluation/eval_hie.m``.
.. [2] J. Deng, A. Berg, K. Li, L. Fei-Fei, "What does classifying more than 10,000
   image categories tell us?", ECCV 2010, section 6.
"""

from typing import NamedTuple

import numpy as np

from .._validation import check_bool, check_matrix
from ..errors import ParameterError
from ._labels import (
    as_classes,
    as_truth_and_answers,
    as_truth_and_guesses,
    missing,
    positions,
    true_positions,
)
from .flat import extend_to, guesses_or_all


def image_hierarchical_errors(truth, predictions, costs, classes, k=None, *, normalize=False):
    """Hierarchical error of every image at 1, 2 ... k guesses.

    Parameters
    ----------
    truth, predictions
        As in :func:`bovw.evaluation.image_flat_errors`.
    costs : array of shape (n_classes, n_classes)
        As from :meth:`bovw.Taxonomy.cost_matrix`: not negative, 0 on the diagonal.
    classes : sequence of n_classes labels
        The label of each row of ``costs``: ``range(1, 1001)`` for a challenge's ids.
    k : int, optional
        By default 5.
    normalize : bool, default False
        Divide by the largest cost.

    Returns
    -------
    float64 array of shape (n, k)

    Raises
    ------
    ParameterError
        If costs and classes disagree, or a true label or a guess is not a class.
    """
    k, normalize = guesses_or_all(k), check_bool("normalize", normalize)
    truth, predictions = as_truth_and_guesses(truth, predictions)
    classes = as_classes("classes", classes)
    costs = check_matrix("costs", costs, n_features=len(classes), dtype=np.asarray(costs).dtype)
    if len(costs) != len(classes):
        raise ParameterError(f"costs has shape {costs.shape} for {len(classes)} classes; it must be square")
    if costs.min() < 0 or costs.diagonal().any():
        raise ParameterError("costs must not be negative, and 0 on the diagonal")
    largest = costs.max()
    rows = true_positions(truth, classes)
    real = rows >= 0
    columns = positions(predictions[:, :k], classes)
    _refuse_unknown(predictions[:, :k], columns, classes)
    if predictions.shape[1] == 0:
        errors = np.full((len(truth), 1), float(largest))
    else:
        total = np.zeros(columns.shape)
        for row, counts in zip(rows.T, real.T, strict=True):
            cost = np.where(columns >= 0, costs[row[:, None], columns], largest)
            total += counts[:, None] * np.minimum.accumulate(cost, axis=1)
        errors = total / real.sum(axis=1, keepdims=True)
    if normalize and largest > 0:
        errors = errors / largest
    return extend_to(errors, k)


def _refuse_unknown(labels, index, classes):
    dummy = missing(labels.dtype)
    unknown = (index < 0) & (labels != dummy)
    if unknown.any():
        image, guess = np.argwhere(unknown)[0]
        raise ParameterError(
            f"guess {guess + 1} of image {image} is {labels[image, guess].item()!r}, none of the "
            f"{len(classes)} classes; {dummy!r} stands for a missing guess"
        )


def hierarchical_error(truth, predictions, costs, classes, k=None, *, normalize=False):
    """Hierarchical error by the challenge's definition.

    Parameters
    ----------
    truth, predictions, costs, classes, k, normalize
        As in :func:`image_hierarchical_errors`.

    Returns
    -------
    float, or float64 array of shape (5,)
        The error at ``k`` guesses, or without ``k`` the errors at 1 to 5; in units of height, or of the largest cost
        with ``normalize``.

    Examples
    --------
    >>> from bovw import Taxonomy, hierarchical_error
    >>> pets = Taxonomy(["pet", "cat", "dog"], [("pet", "cat"), ("pet", "dog")])
    >>> hierarchical_error(["cat", "dog"], [["dog"], ["dog"]], pets.cost_matrix(), pets.leaves(), k=1)
    0.5
    """
    errors = image_hierarchical_errors(truth, predictions, costs, classes, k, normalize=normalize)
    return errors.mean(axis=0) if k is None else float(errors[:, -1].mean())


class SubtreeRow(NamedTuple):
    """What happened to the images of all classes at or below one synset.

    Attributes
    ----------
    wnid, words : str
    height : int
    n_classes, n_images : int
    accuracy : float
        Share of the images whose class was named exactly.
    within : float
        Share whose answer lies at or below the synset; at least ``accuracy``.
    """

    wnid: str
    words: str
    height: int
    n_classes: int
    n_images: int
    accuracy: float
    within: float


def subtree_table(truth, predicted, taxonomy, classes, wnids=None):
    """Accuracy by subtree: where in the hierarchy the errors arise.

    Parameters
    ----------
    truth, predicted : array of shape (n,)
        Labels; a missing guess (-1 or ``""``) is wrong everywhere.
    taxonomy : bovw.Taxonomy
    classes : sequence of labels
    wnids : sequence of str, optional
        The synset of each of ``classes``; by default ``classes`` are wnids.

    Returns
    -------
    list of SubtreeRow
        Every synset with at least two classes and one image below it, highest first.
    """
    truth, predicted = as_truth_and_answers(truth, predicted)
    classes = as_classes("classes", classes)
    wnids = classes.tolist() if wnids is None else list(wnids)
    if len(wnids) != len(classes):
        raise ParameterError(f"wnids has {len(wnids)} entries for {len(classes)} classes")
    rows, columns = true_positions(truth, classes), positions(predicted, classes)
    _refuse_unknown(predicted[:, None], columns[:, None], classes)
    below, ancestors = taxonomy.ancestor_matrix(wnids)
    counts = np.zeros((len(classes), len(classes) + 1), np.int64)  # the last column holds missing guesses
    np.add.at(counts, (rows, columns), 1)
    n_images, n_correct = counts.sum(axis=1), counts.diagonal()
    table = []
    for j in range(len(ancestors) - 1, -1, -1):
        members = np.flatnonzero(below[:, j])
        n = int(n_images[members].sum())
        if len(members) < 2 or n == 0:
            continue
        synset = taxonomy[ancestors[j]]
        table.append(
            SubtreeRow(
                synset.wnid, synset.words, synset.height, len(members), n,
                int(n_correct[members].sum()) / n, int(counts[np.ix_(members, members)].sum()) / n,
            )
        )
    return table
