r"""``HedgedPredictor``: what a saved model needs to answer with as much as it can be sure of.

A classifier's scores become probabilities (a calibrator), the probabilities answers
(``hedging.py`` has the mathematics), and one number, :math:`\lambda`, trades accuracy for
specificity. All of it is learnt from scores of images that the classifier was not trained
on: out-of-fold scores of the training images, or scores of images set aside. The accuracy
of the answers on these images is kept for a whole range of :math:`\lambda`, so the wanted
accuracy may be chosen when predicting.

*Margin.* The share of right answers on n images is itself uncertain, and the smallest
:math:`\lambda` at which it reaches the wanted accuracy falls short on other images about
as often as not. So the lower Clopper-Pearson bound of the share must reach it, at that
:math:`\lambda` and at all greater ones. As bounds are tested one after the other from the
greatest :math:`\lambda` down, up to the first failure, the wanted accuracy holds with the
probability ``confidence``, however many were tested [2]_.

References
----------
.. [1] J. Deng, J. Krause, A. Berg, L. Fei-Fei, "Hedging Your Bets: Optimizing
   Accuracy-Specificity Trade-offs in Large Scale Visual Recognition", CVPR 2012.
.. [2] A. Angelopoulos, S. Bates, E. Candès, M. Jordan, L. Lei, "Learn then Test: Calibrating
   Predictive Algorithms to Achieve Risk Control", 2021, section 2 (fixed sequence testing).
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._parameters import Declared, Number, Optional, Part
from .._validation import check_matrix, check_number
from ..errors import ParameterError
from ..taxonomy import Taxonomy
from ._labels import as_single, positions
from .hedging import AnswerSpace, hedge, hedging_curve
from .intervals import share_lower_bound

#: 0 and steps of 3.5 % from there on, which cost at most as much of lambda
LAMBDAS = np.append(0.0, np.geomspace(0.01, 1e4, 400))


class HedgedAnswer(NamedTuple):
    """What is said of one image.

    Attributes
    ----------
    wnid, words : str
    probability : float
        That it is right, by the calibrated scores.
    information : float
        In bits: 0 for the root, log2 of the number of classes for a class.
    """

    wnid: str
    words: str
    probability: float
    information: float


def _default_calibrator():
    from ..classify import TemperatureScaling

    return TemperatureScaling()


class HedgedPredictor(Declared, BaseEstimator):
    """The most specific synset that keeps a wanted accuracy.

    Parameters
    ----------
    calibrator : TemperatureScaling, PlattScaling or None, default None
        What makes probabilities of scores; None is ``TemperatureScaling()``.
    confidence : float in (0, 1] or None, default 0.95
        Probability that the wanted accuracy is kept on other images. None leaves out the
        margin: the accuracy is kept on the images of ``fit``, as in the paper.

    Attributes
    ----------
    calibrator_ : fitted clone of ``calibrator``
    classes_ : str array of shape (n_classes,)
        The wnids of the columns of scores.
    wnids_, words_ : str arrays of shape (n_synsets,)
    heights_ : int64 array of shape (n_synsets,)
    edges_ : int64 array of shape (n_edges, 2)
        The classes and all that lies above them; edges are (parent, child) positions.
    lambdas_, accuracies_ : float64 arrays
        The accuracy that each lambda had on the images of ``fit``.
    n_images_ : int
        How many these were.

    Notes
    -----
    "Other images" are images like those of ``fit``. A margin needs images: the root is all
    that can be said for 0.95 with fewer than 59 of them, for 0.99 with fewer than 299.
    Out-of-fold scores come from classifiers that learnt from fewer images than the final
    one, and so tend to err on the safe side.
    """

    PARAMETERS = {
        "calibrator": Part(
            "TemperatureScaling, PlattScaling", default=_default_calibrator, methods=("fit", "predict_proba")
        ),
        "confidence": Optional(Number(0, 1, exclusive=True)),
    }

    def __init__(self, calibrator=None, *, confidence=0.95):
        self.calibrator = calibrator
        self.confidence = confidence

    def fit(self, scores, y, *, classes, taxonomy):
        """Learn calibration and trade-off.

        Parameters
        ----------
        scores : array of shape (n_images, n_classes)
            Of images that the classifier was not trained on.
        y : array of shape (n_images,)
            Their true classes.
        classes : sequence of str
            The wnids of the columns.
        taxonomy : bovw.Taxonomy

        Raises
        ------
        ParameterError
            If a class is not in the taxonomy, or shapes and labels do not fit together.
        """
        self.check_params()
        classes = [str(name) for name in classes]
        strangers = [name for name in classes if name not in taxonomy]
        if strangers:
            raise ParameterError(
                f"class {strangers[0]!r} is not in the taxonomy; hedging needs classes named by their wnids, as "
                "n02084071"
            )
        scores = check_matrix("scores", scores, n_features=len(classes), min_rows=1)
        truth = positions(as_single("y", np.asarray(y).astype(str)), np.array(classes))
        if len(truth) != len(scores):
            raise ParameterError(f"y has {len(truth)} labels for {len(scores)} rows of scores; one a row is needed")
        if (truth < 0).any():
            raise ParameterError(f"y holds {str(np.asarray(y)[truth < 0][0])!r}, none of the {len(classes)} classes")
        above = taxonomy.subset(classes)
        self.classes_ = np.array(classes)
        self.wnids_, self.words_ = np.array(above.wnids), np.array(above.words)
        self.heights_ = np.array(above.heights)
        self.edges_ = np.array(
            [(above.index(parent), above.index(child)) for parent, child in above.edges()], np.int64
        ).reshape(-1, 2)
        self.calibrator_ = self.part("calibrator")
        self.calibrator_.fit(scores, truth)
        self._space = None
        curve = hedging_curve(self.predict_proba(scores), truth, self._answer_space(), LAMBDAS)
        self.lambdas_ = LAMBDAS.copy()
        self.accuracies_ = np.array([point.accuracy for point in curve])
        self.n_images_ = len(scores)
        return self

    def _answer_space(self):
        if getattr(self, "_space", None) is None:
            edges = [(self.wnids_[parent], self.wnids_[child]) for parent, child in self.edges_]
            self._taxonomy = Taxonomy(
                self.wnids_.tolist(), edges, words=self.words_.tolist(), heights=self.heights_
            )
            self._space = AnswerSpace(self._taxonomy, self.classes_)
        return self._space

    def predict_proba(self, scores):
        """Calibrated probabilities of the classes, (n_images, n_classes)."""
        check_is_fitted(self, "calibrator_")
        scores = check_matrix("scores", scores, n_features=len(self.classes_))
        return self.calibrator_.predict_proba(scores)

    def accuracy_bounds(self):
        """The accuracy that each of ``lambdas_`` is known to keep, (n_lambdas,)."""
        check_is_fitted(self, "accuracies_")
        if self.confidence is None:
            return self.accuracies_
        n_right = np.rint(self.accuracies_ * self.n_images_).astype(np.int64)
        return share_lower_bound(n_right, self.n_images_, confidence=self.confidence)

    def lambda_for(self, accuracy):
        """The smallest lambda that keeps ``accuracy``, as all greater ones do; ``inf``, the root, if none does."""
        accuracy = check_number("accuracy", accuracy, minimum=0.0, maximum=1.0, exclusive=True)
        falls_short = np.flatnonzero(self.accuracy_bounds() < accuracy)
        first = falls_short[-1] + 1 if len(falls_short) else 0
        return float(self.lambdas_[first]) if first < len(self.lambdas_) else np.inf

    def predict(self, scores, accuracy=0.95):
        """The wnid that is answered to each image, (n_images,).

        Parameters
        ----------
        scores : array of shape (n_images, n_classes)
        accuracy : float, default 0.95
            The share of answers that are to be right, in (0, 1].
        """
        nodes = np.array(self._answer_space().nodes)
        return nodes[hedge(self.predict_proba(scores), self._answer_space(), self.lambda_for(accuracy))]

    def answer(self, scores, accuracy=0.95):
        """As :meth:`predict`, with words, probability and information.

        Parameters
        ----------
        scores : array of shape (n_images, n_classes)
        accuracy : float, default 0.95
            As in :meth:`predict`.

        Returns
        -------
        list of HedgedAnswer
        """
        space, probabilities = self._answer_space(), self.predict_proba(scores)
        answers = hedge(probabilities, space, self.lambda_for(accuracy))
        certain = space.node_probabilities(probabilities)[np.arange(len(answers)), answers]
        return [
            HedgedAnswer(space.nodes[j], self._taxonomy[space.nodes[j]].words, min(float(p), 1.0),
                         float(space.rewards[j]))
            for j, p in zip(answers, certain, strict=True)
        ]
