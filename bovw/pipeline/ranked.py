"""What every classifier of images does with its scores, and how it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..classify import read_labels, score_matrix, top_k
from ..persist import load_model, save_model


class ImageClassifier(ClassifierMixin, BaseEstimator):
    """Base of classifiers of images.

    A subclass has ``decision_function(images)`` and, after ``fit``, ``classes_`` and ``multilabel_``.
    """

    def predict(self, images: Iterable) -> np.ndarray:
        """The best class of each image, (n_images,).

        Where an image may show several classes: a matrix (n_images, n_classes), 1 where the score is positive.
        """
        scores = self.decision_function(images)
        return (scores > 0).astype(np.int64) if self.multilabel_ else self.classes_[self.rank(scores, 1)[:, 0]]

    def predict_top_k(self, images: Iterable, k: int = 5) -> np.ndarray:
        """The ``k`` best classes of each of the ``images``, (n_images, k), best first; all if there are fewer.

        Ties go to the class that comes first in ``classes_``.
        """
        best = self.rank(self.decision_function(images), k)
        return self.classes_[best]

    def rank(self, scores: np.ndarray, k: int = 5) -> np.ndarray:
        """Indices into ``classes_`` of the ``k`` best scores, (n_images, min(k, n_classes))."""
        return top_k(score_matrix(scores), k)

    def score(self, images: Iterable, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The share of the images whose best class is the true one; where there may be several, all must be right.

        Parameters
        ----------
        images : images
        y : array-like of shape (n_images,), or (n_images, n_classes)
            True labels in any form that ``fit`` takes.
        sample_weight : array-like of shape (n_images,), optional
        """
        return super().score(images, read_labels(y), sample_weight)

    def save(self, path: str | PathLike) -> None:
        """Write the fitted model into the folder ``path`` as model.json and .npy files.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ParameterError
            If a part is not bovw's, as a classifier of scikit-learn; it is named. If ``path`` is a file, or a folder
            that holds something else than a model.
        """
        check_is_fitted(self, "classes_")
        save_model(self, path)

    @classmethod
    def load(cls, path: str | PathLike) -> Self:
        """Read a model written by :meth:`save`. Raises ModelFormatError if anything about it is wrong."""
        return load_model(path, expected=cls)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags
