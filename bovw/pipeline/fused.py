r"""``FusedClassifier``: several classifiers, each on signatures of its own, whose scores are added.

Late fusion, as most entries of the ImageNet challenge did it: every feature set has its own one-vs-rest
machines, and the scores s_c of the sets c are summed with weights w_c,

.. math::
    s(x) = \sum_c w_c\, \tilde s_c(x),

after each set's scores were brought to a common scale (see :class:`bovw.ScoreFusion`). The weights are
learnt on *out-of-fold* scores of the training images: those of machines that did not see the image.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .._parameters import Boolean, Declared, Integer, Jobs, Part, Series
from ..classify import ScoreFusion, score_matrix
from ..errors import ModelFormatError
from ..images import as_image_list
from ..persist import load_model
from .classifier import BovwClassifier, check_labels
from .ranked import ImageClassifier


class FusedClassifier(Declared, ImageClassifier):
    """A weighted sum of the scores of several :class:`BovwClassifier`.

    Parameters
    ----------
    members : sequence of BovwClassifier
        One a feature set; each learns on the same images.
    fusion : ScoreFusion or None, default None
        How weights are found; None is ``ScoreFusion()``, by cross-validation.
    cv : int >= 2, default 5
        Folds of the out-of-fold scores.
    n_jobs : int or None, default None
        Worker threads of the members; None is one, -1 all cores.
    verbose : bool, default False
        Show progress.

    Attributes
    ----------
    members_ : list of BovwClassifier
    fusion_ : ScoreFusion
    classes_ : array of shape (n_classes,)
    multilabel_ : bool
        Whether an image may show several classes.
    skipped_ : dict of str to str
        Images that the members skipped.

    Notes
    -----
    Members are trained one after the other, so memory holds the signatures of one. Each member decodes
    the images anew: a fused model scores exactly as its members do alone.

    References
    ----------
    Y. Lin et al. Large-scale image classification: fast feature extraction and SVM training. CVPR 2011.
    :doi:`10.1109/CVPR.2011.5995477`

    P. Gehler, S. Nowozin. On feature combination for multiclass object classification. ICCV 2009.
    :doi:`10.1109/ICCV.2009.5459169`

    Examples
    --------
    Gradients and textures together:

    >>> import bovw, skimage.data
    >>> a, b = skimage.data.brick(), skimage.data.grass()
    >>> train = [x[:64, i:i + 64] for x in (a, b) for i in range(0, 256, 64)]
    >>> words = bovw.SpatialPyramid(bovw.HardAssignment(bovw.KMeansCodebook(16, random_state=0)))
    >>> extractors = bovw.DenseSIFT(step=8), bovw.ColorStatistics(step=8)
    >>> model = bovw.FusedClassifier(
    ...     [bovw.BovwClassifier(bovw.ImageEncoder(extractor, pyramid=words)) for extractor in extractors], cv=2
    ... ).fit(train, ["brick"] * 4 + ["grass"] * 4)
    >>> model.predict([a[64:128, :64], b[64:128, :64]]).tolist()
    ['brick', 'grass']
    >>> len(model.fusion_.weights_), float(model.fusion_.weights_.sum())
    (2, 1.0)
    """

    PARAMETERS = {
        "members": Series(Part("BovwClassifier", methods=("fit_signatures", "fit_classifier_out_of_fold"))),
        "fusion": Part("ScoreFusion", default=ScoreFusion, methods=("fit", "transform")),
        "cv": Integer(2),
        "n_jobs": Jobs(),
        "verbose": Boolean(),
    }

    def __init__(self, members, *, fusion=None, cv=5, n_jobs=None, verbose=False):
        self.members = members
        self.fusion = fusion
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(
        self, images: Iterable, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        classes: Sequence[str] | None = None,
    ) -> Self:
        """Learn every member and the weights; returns self.

        Parameters
        ----------
        images, y, sample_weight, classes
            As in :meth:`BovwClassifier.fit`; ``sample_weight`` is for the members, the fusion does not look at it.

        Raises
        ------
        ParameterError, ImageDecodeError
            As :meth:`BovwClassifier.fit`.
        """
        self.check_params()
        images, members, held_out = as_image_list(images), [], []
        for member in self.members:
            member = clone(member).set_params(n_jobs=self.n_jobs, verbose=self.verbose)
            signatures, learning = member.fit_signatures(images, y, sample_weight, classes=classes)
            held_out.append(member.fit_classifier_out_of_fold(signatures, **learning, cv=self.cv))
            members.append(member)
        return self._join(members, held_out, learning["y"])

    @classmethod
    def join(
        cls, members: Sequence[BovwClassifier], held_out: Sequence[np.ndarray], y: ArrayLike, **params: Any,
    ) -> Self:
        """A fused classifier of members that are fitted already.

        Parameters
        ----------
        members : list of fitted BovwClassifier
        held_out : list of arrays of shape (n_images, n_classes)
            Their :meth:`BovwClassifier.out_of_fold_scores`.
        y : array of shape (n_images,), or (n_images, n_classes)
        **params
            The other constructor arguments.
        """
        fused = cls([clone(member) for member in members], **params)
        fused.check_params()
        return fused._join(members, held_out, check_labels(y))

    def _join(self, members, held_out, y):
        self.members_ = list(members)
        self.classes_ = members[0].classes_
        self.skipped_ = {name: error for member in members for name, error in member.skipped_.items()}
        seen = ~np.isnan(np.sum([scores[:, 0] for scores in held_out], axis=0))
        self.fusion_ = self.part("fusion").fit([scores[seen] for scores in held_out], y[seen])
        return self

    @property
    def multilabel_(self) -> bool:
        """Whether the members learnt from an indicator matrix."""
        check_is_fitted(self, "fusion_")
        return self.fusion_.multilabel_

    def scores_and_errors(self, images: Iterable) -> tuple[np.ndarray, dict[int, str]]:
        """Fused scores, (n_images, n_classes), and a dict from row to message of skipped images."""
        check_is_fitted(self)
        images = as_image_list(images)
        parts = [member.scores_and_errors(images) for member in self.members_]
        errors = {row: message for _, found in parts for row, message in found.items()}
        return self.fusion_.transform([scores for scores, _ in parts]), dict(sorted(errors.items()))

    def decision_function(self, images: Iterable) -> np.ndarray:
        """Fused scores: (n_images, n_classes), or (n_images,) for two classes with one label an image."""
        check_is_fitted(self)
        images = as_image_list(images)
        scores = self.fusion_.transform([score_matrix(m.decision_function(images)) for m in self.members_])
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 and not self.multilabel_ else scores

    @property
    def predict_proba(self):
        """A fused classifier has none: an AttributeError that says where probabilities come from."""
        raise AttributeError(
            "FusedClassifier has no predict_proba: sums of scores are no probabilities; fit PlattScaling or "
            "TemperatureScaling to the scores of images that it did not learn from, or take one BovwClassifier with a "
            "classifier that has probabilities"
        )


def load_classifier(
    path: str | PathLike, *, on_error: str = "raise", n_jobs: int | None = None,
) -> BovwClassifier | FusedClassifier:
    """Read a saved image classifier of either kind.

    Parameters
    ----------
    path : path
        The folder that ``save`` or a run wrote.
    on_error : {"raise", "skip"}, default "raise"
        What it does with images that cannot be read.
    n_jobs : int or None, default None
        Worker threads; None is one, -1 all cores.

    Returns
    -------
    BovwClassifier or FusedClassifier

    Raises
    ------
    ModelFormatError
        If the folder holds no whole model of these kinds.
    """
    model = load_model(path)
    if not isinstance(model, (BovwClassifier, FusedClassifier)):
        raise ModelFormatError(f"{path} holds a {type(model).__name__}, not a classifier of images")
    for part in getattr(model, "members_", [model]):
        part.set_params(on_error=on_error, n_jobs=n_jobs, verbose=False)
    return model
