"""What the one-vs-rest machines share: C and class_weight, the choice among several, scores of linear machines."""

import itertools
from collections.abc import Sequence

import numpy as np

from .._methods import unless
from .._parameters import Integer, Jobs, Number, OneOrMore, Seed
from .._random import check_seed
from .._threads import map_in_order
from ..errors import ParameterError
from .blocks import gather_rows
from .calibration import softmax
from .contract import SignatureClassifier
from .kernels import row_products
from .ranking import score_matrix
from .weights import ClassWeight, class_factors

_PREDICT_ROWS = 512

#: what ``class_weight`` and ``random_state`` may be
ClassWeights = str | dict | float | Sequence[float] | None
RandomState = int | np.random.RandomState | np.random.Generator | None

#: parameters that all of them have
SHARED = {
    "C": OneOrMore(Number(0, exclusive=True), candidates=True), "class_weight": ClassWeight(), "cv": Integer(2),
    "n_jobs": Jobs(), "random_state": Seed(),
}


#: what to do where scores are no probabilities
WAYS_TO_PROBABILITIES = (
    "take OneVsRestSGD(loss='multinomial'), or scikit-learn's LogisticRegression or CalibratedClassifierCV around this "
    "classifier, or fit PlattScaling or TemperatureScaling to its out_of_fold_scores"
)


def _why_uncalibrated(machine):
    """Why a machine has no probabilities; None if it has."""
    name = type(machine).__name__
    return None if machine.calibrated else (
        f"{name} has no predict_proba: its margins are no probabilities; {WAYS_TO_PROBABILITIES}"
    )


class OneVsRestMachines(SignatureClassifier):
    """Base of the one-vs-rest machines.

    Attributes
    ----------
    C_, class_weight_, cv_results_, seed_
        As the subclasses document them.
    """

    #: whether a softmax of the scores gives probabilities
    calibrated = False

    @unless(_why_uncalibrated)
    def predict_proba(self, X) -> np.ndarray:
        """Probabilities of the classes; with the multinomial loss only.

        Parameters
        ----------
        X : as in ``decision_function``

        Returns
        -------
        array of shape (n, n_classes), float64
            Rows sum to 1. For the other losses see :class:`TemperatureScaling` and :class:`PlattScaling`.
        """
        scores = self.decision_function(X)
        return softmax(score_matrix(scores) / 2 if scores.ndim == 1 else scores)

    def _pairs(self):
        """The (C, class_weight) to choose from, ascending, the weight running faster."""
        weights = self.checked("class_weight")
        return list(itertools.product(self.checked("C"), weights if isinstance(weights, tuple) else (weights,)))

    def _draw_seed(self):
        """The seed of this training, kept as ``seed_``."""
        self.seed_ = check_seed(self.random_state)
        return self.seed_

    def _row_weights(self, data):
        """Weights of samples times the factors of their classes, (n,) float64; None if all are 1."""
        class_weight = self.checked("class_weight")
        if not isinstance(class_weight, dict):
            return data.weight
        factors = class_factors(class_weight, data.targets)
        return factors if data.weight is None else data.weight * factors

    def _choose(self, pairs, folds, fold_scores):
        """Set ``C_``, ``class_weight_``, ``cv_results_`` by ``fold_scores(folds())``, (n_pairs, n_folds)."""
        self.cv_results_ = None
        best = 0
        if len(pairs) > 1:
            folds = folds()
            if len(folds) < 2:
                raise ParameterError(
                    "C and class_weight cannot be cross-validated with one sample a class; give one value of each"
                )
            scores = fold_scores(folds)
            mean = scores.mean(axis=1)
            ratios = [weight if isinstance(weight, float) else np.nan for _, weight in pairs]
            self.cv_results_ = {
                "C": np.array([C for C, _ in pairs]), "class_weight": np.array(ratios), "fold_scores": scores,
                "mean_score": mean, "std_score": scores.std(axis=1),
            }
            best = int(mean.argmax())
        self.C_, self.class_weight_ = pairs[best]
        return pairs[best]


def linear_scores(source, rows, coef, intercept, n_jobs):
    """Scores of rows of a source under linear machines, (len(rows), n_problems) float32, block by block."""
    starts = range(0, len(rows), _PREDICT_ROWS)
    blocks = (gather_rows(source, rows[start : start + _PREDICT_ROWS]) for start in starts)
    parts = list(map_in_order(lambda block: row_products(block, coef), blocks, n_jobs))
    scores = np.concatenate(parts) if parts else np.empty((0, len(intercept)), np.float32)
    scores += intercept
    return scores
