r"""``FusedClassifier``: several classifiers, each on signatures of its own, whose scores are added.

Late fusion, as most entries of the ImageNet challenge did it: every feature set has its own one-vs-rest
machines, and the scores s_c of the sets c are summed with weights w_c,

.. math::
    s(x) = \sum_c w_c\, \tilde s_c(x),

after each set's scores were brought to a common scale (see :class:`bovw.ScoreFusion`). The weights are
learnt on *out-of-fold* scores of the training images: those of machines that did not see the image.
"""

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ..classify import ScoreFusion, score_matrix
from ..errors import ModelFormatError, ParameterError
from ..persist import load_model
from .classifier import BovwClassifier
from .ranked import ImageClassifier


class FusedClassifier(ImageClassifier):
    """A weighted sum of the scores of several :class:`BovwClassifier`.

    Parameters
    ----------
    members : list of BovwClassifier
        One a feature set; each learns on the same images.
    fusion : ScoreFusion, optional
        How weights are found; default ``ScoreFusion()``, by cross-validation.
    cv : int, default 5
        Folds of the out-of-fold scores.
    n_jobs, verbose
        Given to the members.

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
    """

    def __init__(self, members, *, fusion=None, cv=5, n_jobs=None, verbose=False):
        self.members = members
        self.fusion = fusion
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, images, y, *, classes=None):
        """Learn every member and the weights.

        Parameters
        ----------
        images : list of paths, list of arrays, or ImageCollection
        y : array-like of shape (n_images,), or (n_images, n_classes)
        classes : sequence of n_classes names, optional
            As in :meth:`BovwClassifier.fit`.

        Raises
        ------
        ParameterError, ImageDecodeError
            As :meth:`BovwClassifier.fit`.
        """
        members, held_out = [], []
        for member in self._checked_members():
            member = clone(member).set_params(n_jobs=self.n_jobs, verbose=self.verbose)
            signatures, y, skip = member._learn_signatures(images, y, classes)
            held_out.append(member.fit_classifier_out_of_fold(signatures, y, skip, cv=self.cv, classes=classes))
            members.append(member)
        return self._join(members, held_out, y)

    @classmethod
    def join(cls, members, held_out, y, **params):
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
        return cls([clone(member) for member in members], **params)._join(members, held_out, np.asarray(y))

    def _checked_members(self):
        if not isinstance(self.members, (list, tuple)) or not self.members:
            raise ParameterError(f"members={self.members!r} must be a list of at least one BovwClassifier")
        for member in self.members:
            if not isinstance(member, BovwClassifier):
                raise ParameterError(f"members holds a {type(member).__name__}; each must be a BovwClassifier")
        return self.members

    def _join(self, members, held_out, y):
        self.members_ = list(members)
        self.classes_ = members[0].classes_
        self.skipped_ = {name: error for member in members for name, error in member.skipped_.items()}
        seen = ~np.isnan(np.sum([scores[:, 0] for scores in held_out], axis=0))
        fusion = ScoreFusion() if self.fusion is None else clone(self.fusion)
        self.fusion_ = fusion.fit([scores[seen] for scores in held_out], y[seen])
        return self

    @property
    def multilabel_(self):
        """Whether the members learnt from an indicator matrix."""
        return self.fusion_.multilabel_

    def scores_and_errors(self, images):
        """Fused scores, (n_images, n_classes), and a dict from row to message of skipped images."""
        check_is_fitted(self)
        parts = [member.scores_and_errors(images) for member in self.members_]
        errors = {row: message for _, found in parts for row, message in found.items()}
        return self.fusion_.transform([scores for scores, _ in parts]), dict(sorted(errors.items()))

    def decision_function(self, images):
        """Fused scores: (n_images, n_classes), or (n_images,) for two classes with one label an image."""
        check_is_fitted(self)
        scores = self.fusion_.transform([score_matrix(m.decision_function(images)) for m in self.members_])
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 and not self.multilabel_ else scores


def load_classifier(path, *, on_error="raise", n_jobs=None):
    """Read a saved image classifier of either kind.

    Parameters
    ----------
    path : path
        The folder that ``save`` or a run wrote.
    on_error : {"raise", "skip"}
        What it does with images that cannot be read.
    n_jobs : int, optional

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
