"""What the one-vs-rest machines share: C and class_weight, the choice among several, scores of linear machines."""

import itertools

import numpy as np
from sklearn.utils.metaestimators import available_if

from .._parameters import Integer, Jobs, Number, OneOrMore, Seed
from .._random import check_seed
from .._threads import map_in_order
from ..errors import ParameterError
from .blocks import gather_rows
from .calibration import softmax
from .contract import SignatureClassifier
from .ranking import score_matrix
from .weights import ClassWeight, class_factors

_PREDICT_ROWS = 512

#: parameters that all of them have
COST = OneOrMore(Number(0, exclusive=True), candidates=True)
CLASS_WEIGHT, CV, N_JOBS, RANDOM_STATE = ClassWeight(), Integer(2), Jobs(), Seed()


def _calibrated(machine):
    if not machine.calibrated:
        raise AttributeError(
            f"the margins of {machine!r} are no probabilities: fit PlattScaling or TemperatureScaling to "
            "out_of_fold_scores, or use OneVsRestSGD(loss='multinomial')"
        )
    return True


class OneVsRestMachines(SignatureClassifier):
    """Base of the one-vs-rest machines.

    Attributes
    ----------
    C_, class_weight_, cv_results_, seed_
        As the subclasses document them.
    """

    #: whether a softmax of the scores gives probabilities
    calibrated = False

    @available_if(_calibrated)
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
    parts = list(map_in_order(lambda block: block @ coef.T, blocks, n_jobs))
    scores = np.concatenate(parts) if parts else np.empty((0, len(intercept)), np.float32)
    scores += intercept
    return scores
