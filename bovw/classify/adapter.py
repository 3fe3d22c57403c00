"""Any classifier of scikit-learn as a classifier of signatures: :func:`as_classifier`."""

from __future__ import annotations

from os import PathLike
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from .._validation import shown
from ..errors import ParameterError
from .contract import ClassifierContract, Source
from .samples import check_rows, plain_source, take_rows, training_rows


def as_classifier(estimator) -> ClassifierContract:
    """A classifier that keeps the contract (``bovw.classify.contract``): the estimator itself, or a face before it.

    Parameters
    ----------
    estimator : classifier
        Of bovw: returned as it is. Any other with ``fit`` and ``decision_function`` or ``predict_proba``, fitted or
        not: what is called on the result happens to this estimator.

    Returns
    -------
    ClassifierContract

    Raises
    ------
    ParameterError
        If the estimator lacks these methods.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> model = as_classifier(GaussianNB()).fit([[0.0], [0.2], [1.0], [1.1]], ["a", "a", "b", "b"])
    >>> model.predict_top_k([[0.9]], 2)
    array([['b', 'a']], dtype='<U1')
    """
    if isinstance(estimator, ClassifierContract):
        return estimator
    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not _method(estimator):
        raise ParameterError(
            f"classifier={shown(estimator)} has no fit, or neither decision_function nor predict_proba; give a "
            "classifier of bovw or scikit-learn that has"
        )
    return AnyClassifier(estimator)


def _method(estimator):
    """What its scores come from, None if it has no scores."""
    return next((name for name in ("decision_function", "predict_proba") if hasattr(estimator, name)), None)


class AnyClassifier(ClassifierContract):
    """A classifier that is not bovw's, behind the methods that are.

    It has no state of its own: what ``fit`` learns is in ``estimator``. Scores are the estimator's
    ``decision_function``, or its probabilities, less 1/2 where the sign of a score decides: with two classes of one
    label a sample, and with an indicator matrix. It reads X whole, leaves no checkpoint, and says nothing of its cost.

    Parameters
    ----------
    estimator : classifier
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def __sklearn_clone__(self):
        return AnyClassifier(clone(self.estimator))

    def get_params(self, deep: bool = True) -> dict:
        """The parameters of the estimator."""
        return self.estimator.get_params(deep)

    def set_params(self, **params) -> Self:
        """Set parameters of the estimator."""
        self.estimator.set_params(**params)
        return self

    @property
    def multilabel_(self):
        """Whether the estimator learnt from an indicator matrix."""
        return getattr(self.estimator, "multilabel_", isinstance(self.estimator.classes_, list))

    @property
    def classes_(self):
        """The labels, (n_classes,), never objects; or the numbers of the columns of an indicator matrix."""
        classes = self.estimator.classes_
        return np.arange(len(classes)) if self.multilabel_ else np.asarray(classes)

    def chosen_params(self) -> dict:
        return {}

    def fit(
        self, X: ArrayLike | Source, y: ArrayLike, sample_weight: ArrayLike | None = None,
        *, rows: ArrayLike | None = None, checkpoint: str | PathLike | None = None,
    ) -> Self:
        """As the contract has it.

        Raises
        ------
        ParameterError
            If X, y, sample_weight or rows is malformed, or the estimator takes no weights, no several labels a sample
            or no -1 among them.
        """
        source = plain_source(X)
        data = training_rows(y, sample_weight, rows, source.shape[0])
        name = type(self.estimator).__name__
        if data.targets.multilabel and not get_tags(self.estimator).classifier_tags.multi_label:
            raise ParameterError(f"{name} takes one label a sample; put it into sklearn's OneVsRestClassifier")
        if data.targets.multilabel and (data.targets.matrix < 0).any():
            raise ParameterError(f"{name} cannot leave a sample out of one class, -1 in y; use a one-vs-rest machine")
        weights = {}
        if data.weight is not None:
            if not has_fit_parameter(self.estimator, "sample_weight"):
                raise ParameterError(f"{name} takes no sample_weight; use one of bovw's classifiers")
            weights = {"sample_weight": data.weight}
        self.estimator.fit(take_rows(source, data.rows), data.targets.labels, **weights)
        return self

    def decision_function(self, X: ArrayLike | Source, *, rows: ArrayLike | None = None) -> np.ndarray:
        """Scores (n, n_classes), or (n,) for two classes with one label a sample; float32."""
        check_is_fitted(self.estimator)
        source = plain_source(X)
        X = take_rows(source, None if rows is None else check_rows(rows, source.shape[0]))
        method = _method(self.estimator)
        scores = getattr(self.estimator, method)(X)
        if method == "decision_function":
            if scores.ndim == 2 and scores.shape[1] != len(self.classes_):
                raise ParameterError(
                    f"{shown(self.estimator)} gives {scores.shape[1]} scores for {len(self.classes_)} classes; have it "
                    'give one a class, as with decision_function_shape="ovr"'
                )
            return np.asarray(scores, np.float32)
        if isinstance(scores, list):  # one (n, 2) a column of an indicator matrix
            scores = np.stack([part[:, 1] for part in scores], axis=1)
        if self.multilabel_:
            scores = scores - 0.5
        elif scores.shape[1] == 2:
            scores = scores[:, 1] - 0.5
        return np.asarray(scores, np.float32)
