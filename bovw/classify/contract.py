"""What every classifier of signatures can do, whoever asks: the contract, written down once.

===================== ==============================================================================================
fit                   ``fit(X, y, sample_weight=None, *, rows=None, checkpoint=None)``. X: array, list, DataFrame,
                      memory map, or store; y: labels of any kind, or an indicator matrix (``targets``); a sample of
                      weight 0 takes no part; ``rows`` are the rows of X to train on; ``checkpoint`` is a folder from
                      which a training that was cut short goes on, where the classifier keeps one (``OneVsRestSGD``:
                      the others have done in minutes what they do, and leave nothing there)
class_weight, C       of the one-vs-rest machines, a value each or several to choose from (``machines``, ``weights``);
                      the chosen ones end in ``C_``, ``class_weight_``
decision_function     scores (n, n_classes), or (n,) for two classes with one label a sample, positive for
                      ``classes_[1]``; ``rows`` as in ``fit``, in their order
predict               the best class of each sample; of an indicator matrix such a matrix, 1 where a score is positive
predict_top_k         the k best classes, by a stated rule for ties
predict_proba         where scores are calibrated: ``OneVsRestSGD(loss="multinomial")``. Margins of a hinge are no
                      probabilities; ``PlattScaling`` and ``TemperatureScaling`` make some of out-of-fold scores
out_of_fold           scores of training samples under machines that did not see them; ``fit_out_of_fold`` fits too
fit_cost              seconds and bytes of a fit, predicted from n, d, the number of classes and a ``Machine``
===================== ==============================================================================================

Three facts tell a caller how to serve a classifier well: ``reads_blocks`` (it needs no more than blocks of X in
memory), ``cheap_folds`` (all folds cost about as much as one fit) and, once fitted, ``multilabel_``.

Labels are kept as strings or numbers, never as objects, and of a random generator the one seed that was drawn,
``seed_``: so what was trained can be saved.

:class:`SignatureClassifier` is the base of bovw's own; :func:`bovw.classify.as_classifier` makes any classifier of
scikit-learn keep this contract.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from .._parameters import Declared
from ..errors import ParameterError
from .cost import FitCost, Machine
from .ranking import RankingMixin
from .samples import check_rows, check_source, take_rows, training_rows
from .targets import read_labels

#: what a classifier may have chosen itself among several values
CHOSEN = ("C", "class_weight")


class Source(Protocol):
    """Rows that are read block by block, such as a ``SignatureStore``."""

    shape: tuple

    def read(self, start: int, stop: int, out: np.ndarray | None = None) -> np.ndarray:
        """Rows ``start`` to ``stop`` as float32, into ``out`` if given."""
        ...


class ClassifierContract(RankingMixin):
    """What follows from ``fit`` and ``decision_function`` alone."""

    #: whether ``fit`` reads X block by block and never needs all of it in memory
    reads_blocks = False
    #: whether the out-of-fold scores of all folds cost about as much as one fit
    cheap_folds = False

    fit: Callable
    decision_function: Callable

    def chosen(self) -> Self:
        """An unfitted copy whose ``C`` and ``class_weight`` are those that ``fit`` chose among several."""
        return clone(self).set_params(**self.chosen_params())

    def chosen_params(self) -> dict:
        """The parameters that ``fit`` chose among several, by name; empty before ``fit``."""
        return {name: getattr(self, f"{name}_") for name in CHOSEN if hasattr(self, f"{name}_")}

    def out_of_fold(
        self, X: ArrayLike | Source, y: ArrayLike, folds: list[np.ndarray], sample_weight: ArrayLike | None = None,
    ) -> np.ndarray:
        """Scores of every sample under a classifier of these parameters that was trained without the sample's fold.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.
        folds : list of int arrays
            Row numbers; every sample is in one of them (see :func:`bovw.classify.held_out_folds`).

        Returns
        -------
        array of shape (n, n_classes), float32; (n,) for two classes with one label a sample
            NaN in rows that are in no fold.

        Raises
        ------
        ParameterError
            As ``fit``; and if a class has samples in one fold only.
        """
        labels = read_labels(y)
        scores = np.empty(0, np.float32)
        for test in folds:
            train = np.setdiff1d(np.arange(len(labels)), test)
            machine = clone(self).fit(X, labels, sample_weight, rows=train)
            part = machine.decision_function(X, rows=test)
            if not len(scores):
                scores = np.full((len(labels), *part.shape[1:]), np.nan, np.float32)
            if part.shape[1:] != scores.shape[1:]:
                raise ParameterError("a class has all its samples in one fold; spread them over two at least")
            scores[test] = part
        if scores is None:
            raise ParameterError("folds is empty; give the rows of each fold")
        return scores

    def fit_out_of_fold(
        self, X: ArrayLike | Source, y: ArrayLike, folds: list[np.ndarray], sample_weight: ArrayLike | None = None,
        *, checkpoint: str | PathLike | None = None,
    ) -> np.ndarray:
        """``fit``, and :meth:`out_of_fold` with the C and the class weight of what was fitted; returns the scores."""
        self.fit(X, y, sample_weight, checkpoint=checkpoint)
        return self.chosen().out_of_fold(X, y, folds, sample_weight)

    def fit_cost(self, n: int, d: int, n_classes: int, machine: Machine) -> FitCost:
        """What ``fit`` would take.

        Parameters
        ----------
        n, d, n_classes : int
            Signatures, their features, classes.
        machine : bovw.classify.Machine
            Where it would run. Rates of the classifier's own inner loops are measured on this machine.

        Returns
        -------
        FitCost
        """
        return FitCost(0.0, 4.0 * n * d)


class SignatureClassifier(Declared, ClassifierContract, ClassifierMixin, BaseEstimator):
    """Base of bovw's classifiers: what is done with X, y and rows before a solver sees them, and after.

    A subclass has ``_learn(X, data, checkpoint)`` with X (m, d) float32 and ``data`` a ``TrainingRows``, and
    ``_score(X)`` -> (n, n_problems) float32.
    """

    def fit(
        self, X: ArrayLike | Source, y: ArrayLike, sample_weight: ArrayLike | None = None,
        *, rows: ArrayLike | None = None, checkpoint: str | PathLike | None = None,
    ) -> Self:
        """Train; returns self.

        Parameters
        ----------
        X : array-like of shape (n, d), or SignatureStore
            Signatures, finite numbers; float32 is not copied. A store is read whole, unless by
            :class:`OneVsRestSGD`. For a precomputed kernel the (n, n) matrix.
        y : array-like of shape (n,), or (n, n_classes)
            Labels of one kind, strings or whole numbers, at least two different ones; or an indicator matrix of 1
            (shows the class), 0 (does not) and -1 (left out of the training of that class), see
            ``bovw.classify.targets``.
        sample_weight : array-like of shape (n,), optional
            What the loss of each sample is multiplied by, at least 0: 2 is a sample given twice, 0 one left out. By
            default 1.
        rows : array-like of int, optional
            Train on these rows of X only, by default on all. The labels of all others do not count.
        checkpoint : path, optional
            A folder for the state of the training, used by :class:`OneVsRestSGD`; the others leave nothing there.

        Raises
        ------
        ParameterError
            If a parameter is out of its range, or X, y, sample_weight or rows is malformed.
        """
        self.check_params()
        signatures, data = self._training(X, y, sample_weight, rows)
        self._learn(signatures, data, checkpoint)
        return self

    def decision_function(self, X: ArrayLike | Source, *, rows: ArrayLike | None = None) -> np.ndarray:
        """Scores of all classes.

        Parameters
        ----------
        X : array-like of shape (n, d), or SignatureStore
            For a precomputed kernel (n, n_fit) kernel values.
        rows : array-like of int, optional
            Score these rows of X only, in this order.

        Returns
        -------
        array of shape (n, n_classes), float32; (n,) for two classes with one label a sample
            In the latter case positive means ``classes_[1]``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ParameterError
            If X has another number of columns than in ``fit``, or NaN or infinity.
        """
        scores = self._score(self._queries(X, rows))
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _queries(self, X, rows):
        """The signatures to be scored, (n, d) float32."""
        check_is_fitted(self)
        source = check_source(self, X)
        return take_rows(source, None if rows is None else check_rows(rows, source.shape[0]))

    def _training(self, X, y, sample_weight, rows):
        """The signatures to learn from, (m, d) float32, and their ``TrainingRows``; sets what is known of classes."""
        source = check_source(self, X, reset=True)
        data = training_rows(y, sample_weight, rows, source.shape[0])
        self.classes_, self.multilabel_ = data.targets.classes, data.targets.multilabel
        return self._take(source, data.rows), data

    def _take(self, source, rows):
        return take_rows(source, rows)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
