r"""How sure a mean average precision is, and a difference of two.

An average precision is no mean over images, so the bootstrap of ``intervals`` does not
apply: n images are drawn from the n with replacement, an image that is drawn twice stands
in the ranked lists twice, and all average precisions are computed anew [1]_. A class none
of whose images is drawn has no average precision in that resample and is left out of its
mean. Two systems are compared on the same drawn images, which cancels what makes an image
hard; the sign test beside it asks whether one of them wins more classes than chance would
let it [2]_.

References
----------
.. [1] B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
.. [2] J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7,
   2006, section 3.1.4.
"""

import numpy as np

from .._random import check_seed, stage_rng
from .._validation import check_choice, check_int
from ..errors import ParameterError
from .intervals import Interval, PairedComparison, check_confidence, codes_of, percentiles, sign_test
from .ranking import METHODS, rank_classes

_BLOCK = 64  # resamples at a time


def mean_average_precision_interval(
    relevant, scores, method="all-point", *, ignore=None, images=None, draws=None, confidence=0.95, n_resamples=2000,
    random_state=0,
):
    """Bootstrap interval over images of a mean average precision.

    Parameters
    ----------
    relevant, scores, ignore
        As in :func:`bovw.mean_average_precision`.
    method : {"11-point", "all-point", "step"}, default "all-point"
    images : array of shape (n,), optional
        The image of each row, where an image is tested in several draws of the training
        set: its rows are drawn together. By default each row is an image of its own.
    draws : array of shape (n,), optional
        The draw of each row. Each draw is ranked on its own; the estimate is the mean over draws.
    confidence, n_resamples, random_state
        As in :func:`bootstrap_interval`.

    Returns
    -------
    Interval

    Examples
    --------
    >>> relevant, scores = [[1], [0], [1], [0]], [[0.9], [0.8], [0.7], [0.1]]
    >>> interval = mean_average_precision_interval(relevant, scores, "step")
    >>> round(interval.estimate, 4), interval.low < interval.estimate <= interval.high
    (0.8333, True)
    """
    confidence = check_confidence(confidence)
    resamples = _Resamples(method, len(np.asarray(scores)), images, n_resamples, random_state)
    ranked = _ranked_draws(relevant, scores, ignore, draws, resamples.rows)
    low, high = percentiles(resamples.means(ranked), confidence)
    return Interval(float(resamples.classes(ranked).mean()), low, high, confidence)


def compare_average_precisions(
    relevant, first, second, method="all-point", *, ignore=None, images=None, draws=None, confidence=0.95,
    n_resamples=2000, random_state=0,
):
    """Compare two systems by their mean average precisions on the same images.

    Parameters
    ----------
    relevant : array of shape (n, n_classes)
    first, second : arrays of shape (n, n_classes)
        Scores under either system, rows in the same order.
    method, ignore, images, draws, confidence, n_resamples, random_state
        As in :func:`mean_average_precision_interval`.

    Returns
    -------
    PairedComparison
        Of mean average precisions, and of the classes that either wins.
    """
    confidence = check_confidence(confidence)
    resamples = _Resamples(method, len(np.asarray(first)), images, n_resamples, random_state)
    lists = [_ranked_draws(relevant, scores, ignore, draws, resamples.rows) for scores in (first, second)]
    one, two = (resamples.classes(ranked) for ranked in lists)
    low, high = percentiles(resamples.means(lists[0]) - resamples.means(lists[1]), confidence)
    return PairedComparison(float((one - two).mean()), low, high, confidence, *sign_test(one - two))


def _ranked_draws(relevant, scores, ignore, draws, rows):
    """Of each draw the ranked lists of its classes; ``rows`` gives the image of each row."""
    relevant, scores = np.asarray(relevant), np.asarray(scores)
    codes = codes_of("draws", draws, len(scores))
    found = []
    for draw in range(codes.max() + 1):
        members = np.flatnonzero(codes == draw)
        lists = rank_classes(
            relevant[members], scores[members], None if ignore is None else np.asarray(ignore)[members]
        )
        for ranked in lists:
            ranked.order = rows[members[ranked.order]]
        found.append(lists)
    return found


class _Resamples:
    """The same drawn images for every list that is put to them."""

    def __init__(self, method, n, images, n_resamples, random_state):
        self.method = check_choice("method", method, METHODS)
        if n == 0:
            raise ParameterError("there are no images to evaluate")
        self.rows = np.arange(n) if images is None else codes_of("images", images, n)
        self.n_images = int(self.rows.max()) + 1
        self.n_resamples = check_int("n_resamples", n_resamples, minimum=1)
        self.seed = check_seed(random_state)

    def classes(self, draws):
        """Average precision of each class, mean over draws."""
        return np.mean([[ranked.average_precision(self.method) for ranked in lists] for lists in draws], axis=0)

    def means(self, draws):
        """Mean average precision under each resample in which some class has one."""
        rng, parts = stage_rng(self.seed, "bootstrap"), []
        for start in range(0, self.n_resamples, _BLOCK):
            size = min(_BLOCK, self.n_resamples - start)
            drawn = rng.multinomial(self.n_images, np.full(self.n_images, 1 / self.n_images), size=size)
            weights = np.ascontiguousarray(drawn.T, dtype=np.int32)
            parts.append(np.mean([_class_mean(lists, weights, self.method) for lists in draws], axis=0))
        means = np.concatenate(parts)
        return means[~np.isnan(means)]


def _class_mean(lists, weights, method):
    """Mean over the classes that have an average precision; NaN where none has."""
    values = np.array([ranked.average_precisions(method, weights) for ranked in lists])
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
