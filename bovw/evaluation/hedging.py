r"""Hedged prediction: the most specific synset that keeps a wanted accuracy.

A classifier that must name a leaf is often wrong; naming an ancestor, *dog* instead
of *Pembroke*, is right more often and says less. With the probabilities
:math:`p(y|x)` of the classes, a synset :math:`v` is right with probability

.. math:: p(v|x) = \sum_{y \preceq v} p(y|x),

each class at or below :math:`v` counted once, although in a DAG several paths may
lead down to it. Its reward is the information that it gives,

.. math:: r_v = \log_2 n - \log_2 n_v,

with :math:`n_v` of the :math:`n` classes at or below it: 0 for the root,
:math:`\log_2 n` for a single class. DARTS (dual accuracy reward trade-off search)
answers

.. math:: f_\lambda(x) = \arg\max_v \, (r_v + \lambda) \, p(v|x)

and finds by bisection, on held-out images, the smallest :math:`\lambda \ge 0` whose
answers are right for a share :math:`1 - \epsilon`. :math:`\lambda = 0` is tried first;
:math:`\bar\lambda = r_{\max} (1 - \epsilon) / \epsilon` suffices where the
probabilities are true.

As :math:`\lambda` grows, the probability of an image's answer never falls and its
reward never rises.

References
----------
.. [1] J. Deng, J. Krause, A. Berg, L. Fei-Fei, "Hedging Your Bets: Optimizing
   Accuracy-Specificity Trade-offs in Large Scale Visual Recognition", CVPR 2012,
   sections 3 and 4.
"""

import math
from typing import NamedTuple

import numpy as np

from .._validation import check_matrix, check_number
from ..errors import ParameterError
from ._labels import as_single, true_positions

_BLOCK = 1024  # images scored at a time
_LARGEST_LAMBDA = 2.0**40


class HedgePoint(NamedTuple):
    """One point of a trade-off.

    Attributes
    ----------
    parameter : float
        The lambda, or the threshold, of the answers.
    accuracy : float
        Share of the images whose answer is the true class or an ancestor of it.
    reward : float
        Mean reward in bits, 0 for a wrong answer.
    specificity : float
        Mean over all answers of their reward, right or wrong, divided by that of a
        single class: 1 if all answers are classes, 0 if all are the root.
    """

    parameter: float
    accuracy: float
    reward: float
    specificity: float


class AnswerSpace:
    """The synsets that may be answered when the classes are given.

    Parameters
    ----------
    taxonomy : bovw.Taxonomy
    wnids : sequence of str
        The synset of each class, in the order of the columns of the probabilities.

    Attributes
    ----------
    classes : tuple of str
    nodes : tuple of str
        The possible answers, most specific first, the root last. Of synsets that
        cover the same classes only the lowest is there: the others say less and
        are right equally often.
    contains : bool array of shape (n_classes, n_nodes)
        Whether a class lies at or below a node.
    rewards : float64 array of shape (n_nodes,)
        In bits.

    Raises
    ------
    ParameterError
        If a class is unknown or given twice, or no synset covers all of them.
    """

    def __init__(self, taxonomy, wnids):
        self.classes = tuple(str(wnid) for wnid in wnids)
        if len(set(self.classes)) < len(self.classes) or not self.classes:
            raise ParameterError("wnids must name at least one class, and each once")
        contains, ancestors = taxonomy.ancestor_matrix(self.classes)
        lowest = {}
        for j in range(len(ancestors)):  # lowest first, so the first of equal columns stays
            lowest.setdefault(np.packbits(contains[:, j]).tobytes(), j)
        kept = sorted(lowest.values(), key=lambda j: (contains[:, j].sum(), j))
        self.nodes = tuple(ancestors[j] for j in kept)
        self.contains = contains[:, kept]
        counts = self.contains.sum(axis=0)
        if counts[-1] < len(self.classes):
            raise ParameterError("no synset lies above all classes, so no answer is always right; add a root")
        self.rewards = math.log2(len(self.classes)) - np.log2(counts)
        self.rewards[-1] = 0.0

    def __repr__(self):
        return f"AnswerSpace({len(self.classes)} classes, {len(self.nodes)} nodes)"

    def node_probabilities(self, probabilities):
        """The probability that each node is right.

        Parameters
        ----------
        probabilities : array of shape (n, n_classes)
            Not negative, each row with sum 1 (to 0.001).

        Returns
        -------
        float32 array of shape (n, n_nodes)
        """
        probabilities = check_matrix("probabilities", probabilities, n_features=len(self.classes))
        if probabilities.size and probabilities.min() < 0:
            raise ParameterError(f"probabilities holds {probabilities.min()}; they must not be negative")
        sums = probabilities.sum(axis=1, dtype=np.float64)
        if (np.abs(sums - 1) > 1e-3).any():
            i = int(np.abs(sums - 1).argmax())
            raise ParameterError(
                f"row {i} of probabilities has the sum {sums[i]:.4g}; it must be 1: calibrate the scores"
            )
        return probabilities @ self.contains.astype(np.float32)


def hedge(probabilities, space, lambda_):
    """The answer of DARTS to each image.

    Parameters
    ----------
    probabilities : array of shape (n, n_classes)
    space : AnswerSpace
    lambda_ : float
        At least 0. 0 gives the answers of maximum expected reward; ``inf`` always the
        root.

    Returns
    -------
    int64 array of shape (n,)
        Positions in ``space.nodes``. Of equally good nodes the most specific.
    """
    return _answers(space.node_probabilities(probabilities), space, _or_infinite("lambda_", lambda_))


def max_expected_reward(probabilities, space):
    """The baseline without a wanted accuracy: the node of largest expected reward, DARTS at lambda 0."""
    return hedge(probabilities, space, 0.0)


def leaf_threshold(probabilities, space, threshold):
    """The baseline without a hierarchy: the likeliest class if it reaches a probability, else the root.

    Parameters
    ----------
    probabilities, space
        As in :func:`hedge`.
    threshold : float
        At least 0; ``inf`` always gives the root.

    Returns
    -------
    int64 array of shape (n,)
        Positions in ``space.nodes``.
    """
    best, confidence = _likeliest_class(probabilities, space)
    return np.where(confidence >= _or_infinite("threshold", threshold), best, len(space.nodes) - 1)


def fit_hedge(probabilities, truth, space, accuracy=0.95, *, tolerance=1e-4):
    """The smallest lambda whose answers keep a wanted accuracy on held-out images.

    Parameters
    ----------
    probabilities : array of shape (n, n_classes)
        Of images that the classifier was not trained on.
    truth : array of shape (n,)
        True classes: wnids, or positions in ``space.classes``.
    space : AnswerSpace
    accuracy : float, default 0.95
        In (0, 1].
    tolerance : float, default 0.0001
        Bisection ends when the bounds of lambda differ by this, relative to 1 + lambda.

    Returns
    -------
    float
        ``inf`` (always the root) where overconfident probabilities keep every finite
        lambda below the accuracy.

    Notes
    -----
    The accuracy of a finite sample need not rise steadily with lambda. The result
    always keeps the accuracy; a smaller lambda that also does may exist.

    The accuracy is kept whatever the probabilities are worth, but that the answers
    are then the most informative ones holds for calibrated probabilities only. With
    a classifier that is much too unsure of itself, :func:`leaf_threshold` can say
    more: calibrate first.
    """
    accuracy = check_number("accuracy", accuracy, minimum=0.0, maximum=1.0, exclusive=True)
    tolerance = check_number("tolerance", tolerance, minimum=0.0, exclusive=True)
    nodes = space.node_probabilities(probabilities)
    truth = _check_truth(truth, space, len(nodes))

    def keeps(lambda_):
        return space.contains[truth, _answers(nodes, space, lambda_)].mean() >= accuracy

    if keeps(0.0):
        return 0.0
    low, high = 0.0, max(space.rewards[0] * accuracy / max(1 - accuracy, 1e-6), 1.0)
    while not keeps(high):
        low, high = high, 2 * high
        if high > _LARGEST_LAMBDA:
            return math.inf
    while high - low > tolerance * (1 + low):
        middle = (low + high) / 2
        low, high = (low, middle) if keeps(middle) else (middle, high)
    return float(high)


def fit_leaf_threshold(probabilities, truth, space, accuracy=0.95):
    """The smallest threshold of :func:`leaf_threshold` that keeps a wanted accuracy on held-out images.

    Parameters
    ----------
    probabilities, truth, space, accuracy
        As in :func:`fit_hedge`.

    Returns
    -------
    float
        One of the confidences; ``inf`` if even the surest answer is too much.
    """
    accuracy = check_number("accuracy", accuracy, minimum=0.0, maximum=1.0, exclusive=True)
    best, confidence = _likeliest_class(probabilities, space)
    truth = _check_truth(truth, space, len(best))
    order = np.argsort(confidence, kind="stable")
    wrong = ~space.contains[truth, best][order]
    # wrong answers that remain if the i least confident become the root
    wrong_from = np.append(np.cumsum(wrong[::-1])[::-1], 0)
    enough = wrong_from <= (1 - accuracy) * len(truth) + 1e-9
    first = np.append(True, np.diff(confidence[order]) > 0)  # equal confidences fall together
    i = int(np.flatnonzero(enough & np.append(first, True))[0])
    return float(confidence[order][i]) if i < len(order) else math.inf


def score_answers(answers, truth, space, parameter=math.nan):
    """How right and how specific answers are.

    Parameters
    ----------
    answers : int array of shape (n,)
        Positions in ``space.nodes``.
    truth : array of shape (n,)
        True classes: wnids, or positions in ``space.classes``.
    space : AnswerSpace
    parameter : float, default nan
        Noted in the result.

    Returns
    -------
    HedgePoint
    """
    answers = np.asarray(answers)
    if answers.ndim != 1 or answers.dtype.kind not in "iu" or len(answers) == 0:
        raise ParameterError("answers must be positions in space.nodes, one an image, and at least one")
    if answers.min() < 0 or answers.max() >= len(space.nodes):
        raise ParameterError(f"answers must lie between 0 and {len(space.nodes) - 1}")
    right = space.contains[_check_truth(truth, space, len(answers)), answers]
    gained = space.rewards[answers]
    most = space.rewards[0]
    specificity = gained.mean() / most if most > 0 else 1.0
    return HedgePoint(*map(float, (parameter, right.mean(), (gained * right).mean(), specificity)))


def hedging_curve(probabilities, truth, space, lambdas=None):
    """Accuracy against specificity as lambda grows.

    Parameters
    ----------
    probabilities, truth, space
        As in :func:`fit_hedge`.
    lambdas : sequence of float, optional
        By default 0 and 40 values from 0.01 to 10,000, evenly spaced in the logarithm.

    Returns
    -------
    list of HedgePoint
    """
    lambdas = np.append(0.0, np.geomspace(0.01, 1e4, 40)) if lambdas is None else lambdas
    lambdas = [_or_infinite("lambda_", value) for value in lambdas]
    nodes = space.node_probabilities(probabilities)
    return [score_answers(_answers(nodes, space, value), truth, space, value) for value in lambdas]


def leaf_threshold_curve(probabilities, truth, space, thresholds=None):
    """Accuracy against specificity of :func:`leaf_threshold` as the threshold grows.

    Parameters
    ----------
    probabilities, truth, space
        As in :func:`fit_hedge`.
    thresholds : sequence of float, optional
        By default 0, 0.025 ... 1.

    Returns
    -------
    list of HedgePoint
    """
    thresholds = np.linspace(0, 1, 41) if thresholds is None else thresholds
    return [score_answers(leaf_threshold(probabilities, space, t), truth, space, t) for t in thresholds]


def _answers(nodes, space, lambda_):
    answers = np.full(len(nodes), len(space.nodes) - 1)
    if math.isfinite(lambda_):
        weights = space.rewards + lambda_
        for start in range(0, len(nodes), _BLOCK):
            rows = slice(start, start + _BLOCK)
            answers[rows] = (nodes[rows] * weights).argmax(axis=1)
    return answers


def _likeliest_class(probabilities, space):
    """The position among the nodes of each image's likeliest class, and its probability."""
    probabilities = check_matrix("probabilities", probabilities, n_features=len(space.classes))
    place = {wnid: j for j, wnid in enumerate(space.nodes)}
    node_of_class = np.array([place[wnid] for wnid in space.classes])
    best = probabilities.argmax(axis=1)
    return node_of_class[best], probabilities[np.arange(len(best)), best]


def _or_infinite(name, value):
    """A number of at least 0, or ``inf``."""
    return math.inf if value == math.inf else check_number(name, value, minimum=0.0)


def _check_truth(truth, space, n_images):
    truth = as_single("truth", truth)
    if truth.dtype.kind == "U":
        truth = true_positions(truth, np.array(space.classes))
    if len(truth) != n_images or n_images == 0:
        raise ParameterError(f"truth has {len(truth)} labels for {n_images} images; both need at least one")
    if truth.min() < 0 or truth.max() >= len(space.classes):
        raise ParameterError(f"truth must name classes, or lie between 0 and {len(space.classes) - 1}")
    return truth
