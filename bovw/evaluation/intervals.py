r"""How sure a measured error is.

*Bootstrap.* n images are drawn from the n with replacement, the mean is taken, and
the middle share of many such means is the interval (percentile method). A mean
depends on the draw only through how often each distinct value occurs, and these
counts are multinomial: so one multinomial draw replaces n uniform ones, with the
same distribution. An image that is tested in several draws of the training set has
several values, which are not independent: all values of an image are then drawn
together, and the mean is the ratio of the drawn sums and the drawn numbers of values.

*Paired comparison.* Two systems judged on the same images are compared by the mean
of the differences image by image, which cancels what makes an image hard for both.
Its p-value is the sign test: among images on which the systems differ, each is
equally likely to be the better one; for errors of 0 and 1 this is McNemar's exact
test.

References
----------
.. [1] B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
.. [2] E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
   Inference", JASA 22, 1927.
.. [3] Q. McNemar, "Note on the sampling error of the difference between correlated
   proportions or percentages", Psychometrika 12, 1947.
.. [4] C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated
   in the case of the binomial", Biometrika 26, 1934.
"""

from typing import NamedTuple

import numpy as np

from .._random import check_seed, stage_rng
from .._validation import check_int, check_matrix, check_number
from ..errors import ParameterError

_BLOCK = 1 << 22  # counts held at a time


class Interval(NamedTuple):
    """An estimate between two ends that hold the true value with probability ``confidence``."""

    estimate: float
    low: float
    high: float
    confidence: float


class DrawSummary(NamedTuple):
    """Mean, sample standard deviation (n - 1; 0 for a single draw) and the list over draws."""

    mean: float
    std: float
    draws: tuple


class PairedComparison(NamedTuple):
    """What is different between two systems on the same images.

    Attributes
    ----------
    difference : float
        First - second: mean over images of their errors, negative where the first has the
        smaller ones; or of the mean average precisions.
    low, high, confidence : float
        Bootstrap interval of the difference.
    n_first_better, n_second_better : int
        Images on which one has the smaller error; or classes on which one has the greater
        average precision.
    p_value : float
        Two-sided sign test, over these, of "neither is better more often".
    """

    difference: float
    low: float
    high: float
    confidence: float
    n_first_better: int
    n_second_better: int
    p_value: float


def _values(name, values):
    values = np.asarray(values)
    if values.ndim != 1 or len(values) == 0:
        raise ParameterError(f"{name} has shape {values.shape}; at least one value an image, (n,), is needed")
    return check_matrix(name, values[:, None], dtype=np.float64)[:, 0]


def _resampled_means(sums, sizes, n_resamples, rng):
    """Means of resampled images, of which each brings the sum of its values and their number."""
    distinct, counts = np.unique(np.column_stack([sums, sizes]), axis=0, return_counts=True)
    rows = max(1, _BLOCK // len(distinct))
    means = []
    for start in range(0, n_resamples, rows):
        drawn = rng.multinomial(len(sums), counts / len(sums), size=min(rows, n_resamples - start)) @ distinct
        means.append(drawn[:, 0] / drawn[:, 1])
    return np.concatenate(means)


def percentiles(means, confidence):
    tail = (1 - confidence) / 2
    return (float(v) for v in np.quantile(means, [tail, 1 - tail]))


def bootstrap_interval(values, *, groups=None, images=None, confidence=0.95, n_resamples=2000, random_state=0):
    """Bootstrap interval of a mean over images.

    Parameters
    ----------
    values : array of shape (n,)
        One figure an image, such as a column of
        :func:`bovw.evaluation.image_flat_errors`.
    groups : array of shape (n,), optional
        Class of each image. The estimate is then the mean of the class means, and
        images are drawn inside each class, as many as it has.
    images : array of shape (n,), optional
        The image that each value belongs to, where an image has values from several
        draws of the training set: they are drawn together. By default each value is
        an image of its own.
    confidence : float, default 0.95
        In (0, 1).
    n_resamples : int, default 2000
    random_state : int, RandomState, Generator or None, default 0

    Returns
    -------
    Interval

    Notes
    -----
    Where all values are equal, as with no error at all, the interval has no width;
    :func:`wilson_interval` is the better choice for such shares.
    """
    confidence = check_confidence(confidence)
    n_resamples = check_int("n_resamples", n_resamples, minimum=1)
    rng = stage_rng(check_seed(random_state), "bootstrap")
    values = _values("values", values)
    codes = codes_of("groups", groups, len(values))
    sums, sizes, codes = _image_sums(values, codes, images)
    parts = [codes == code for code in range(codes.max() + 1)]
    means = sum(_resampled_means(sums[part], sizes[part], n_resamples, rng) for part in parts) / len(parts)
    estimate = float(np.mean([sums[part].sum() / sizes[part].sum() for part in parts]))
    return Interval(estimate, *percentiles(means, confidence), confidence)


def codes_of(name, labels, n):
    """Numbers from 0 of the distinct labels of n values; all 0 where there are no labels."""
    if labels is None:
        return np.zeros(n, np.intp)
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise ParameterError(f"{name} has shape {labels.shape} for {n} values")
    return np.unique(labels, return_inverse=True)[1]


def _image_sums(values, codes, images):
    """Of each image the sum of its values, their number, and its group."""
    if images is None:
        return values, np.ones(len(values)), codes
    rows = codes_of("images", images, len(values))
    n_images = rows.max() + 1
    group = np.empty(n_images, np.intp)
    group[rows] = codes
    if (group[rows] != codes).any():
        raise ParameterError("images has an image with values in two groups; an image is of one class")
    return np.bincount(rows, values, n_images), np.bincount(rows, minlength=n_images).astype(np.float64), group


def wilson_interval(n_hits, n, *, confidence=0.95):
    """Wilson's score interval of a share, sound for small n and shares near 0 and 1.

    Parameters
    ----------
    n_hits, n : int
        ``n_hits`` of ``n`` independent trials.
    confidence : float, default 0.95

    Returns
    -------
    Interval
    """
    from scipy.stats import norm

    confidence = check_confidence(confidence)
    n = check_int("n", n, minimum=1)
    n_hits = check_int("n_hits", n_hits, minimum=0, maximum=n)
    share, z = n_hits / n, float(norm.ppf((1 + confidence) / 2))
    center = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, float(center - half)), min(1.0, float(center + half)), confidence)


def share_lower_bound(n_hits, n, *, confidence=0.95):
    """A share that the true one exceeds with at least this probability (Clopper and Pearson, one-sided).

    Parameters
    ----------
    n_hits : int or array of int
        Of ``n`` independent trials.
    n : int
    confidence : float, default 0.95

    Returns
    -------
    float64 array of the shape of ``n_hits``

    Notes
    -----
    The smallest share p under which ``n_hits`` or more of ``n`` have at least the
    probability 1 - confidence; a quantile of a beta distribution [4]_.
    """
    from scipy.stats import beta

    confidence = check_confidence(confidence)
    n = check_int("n", n, minimum=1)
    n_hits = np.asarray(n_hits)
    if n_hits.dtype.kind not in "iu" or n_hits.size == 0 or n_hits.min() < 0 or n_hits.max() > n:
        raise ParameterError(f"n_hits must be integers from 0 to n={n}")
    return np.where(n_hits == 0, 0.0, beta.ppf(1 - confidence, np.maximum(n_hits, 1), n - n_hits + 1))


def summarize_draws(values):
    """Mean and standard deviation over draws of the training set.

    Parameters
    ----------
    values : array of shape (n_draws,)

    Returns
    -------
    DrawSummary
    """
    values = _values("values", values)
    std = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return DrawSummary(float(values.mean()), std, tuple(values.tolist()))


def paired_comparison(first, second, *, groups=None, images=None, confidence=0.95, n_resamples=2000, random_state=0):
    """Compare two systems on the same images.

    Parameters
    ----------
    first, second : array of shape (n,)
        An error of each image under either system, in the same order.
    groups, images, confidence, n_resamples, random_state
        As in :func:`bootstrap_interval`. With ``images`` the system is better on an
        image that has the smaller sum of errors.

    Returns
    -------
    PairedComparison
    """
    first, second = _values("first", first), _values("second", second)
    if len(first) != len(second):
        raise ParameterError(f"first has {len(first)} images and second {len(second)}; the same are needed")
    difference = bootstrap_interval(
        first - second, groups=groups, images=images, confidence=confidence, n_resamples=n_resamples,
        random_state=random_state,
    )
    ahead, _, _ = _image_sums(first - second, np.zeros(len(first), np.intp), images)
    return PairedComparison(*difference, *sign_test(-ahead))


def sign_test(differences):
    """How many differences are above and below 0, and the two-sided p-value of "both are as likely"."""
    from scipy.stats import binomtest

    above, below = int((differences > 0).sum()), int((differences < 0).sum())
    return above, below, float(binomtest(above, above + below).pvalue) if above + below else 1.0


def check_confidence(value):
    value = check_number("confidence", value, minimum=0.0, maximum=1.0, exclusive=True)
    if value == 1:
        raise ParameterError("confidence=1 would need an infinite interval; use 0.95 or 0.99")
    return value
