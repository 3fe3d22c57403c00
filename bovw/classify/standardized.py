r"""Standardized signatures: zero mean and unit deviation of every feature, before a classifier.

With the mean :math:`m_j` and the variance :math:`s_j^2` of feature j over the training
samples the classifier sees

.. math::
    z_j = \frac{x_j - m_j}{\sqrt{s_j^2 + \varepsilon}}

(Coates, Lee and Ng 2011, section 3.2.1, where :math:`\varepsilon = 0.01`).
"""

import numpy as np

from .._parameters import Jobs, Number, Part
from .._threads import share_workers
from .adapter import as_classifier
from .contract import SignatureClassifier
from .cost import FitCost, Machine
from .one_vs_rest import OneVsRestDual

_ROWS = 1024


class StandardizedClassifier(SignatureClassifier):
    """A classifier on standardized features.

    Parameters
    ----------
    classifier : classifier or None, default None
        Unfitted; ``fit`` clones it. By default ``OneVsRestDual()``. Any classifier of bovw or scikit-learn that has
        ``decision_function`` or ``predict_proba``.
    epsilon : float >= 0, default 0.01
        Added to the variances, in squared units of the features. A feature that
        never varies is 0 for the classifier.
    n_jobs : int or None, default None
        Worker threads, given to the classifier where its own is None.

    Attributes
    ----------
    classifier_ : classifier
        Fitted on standardized features; what it chose (``C_`` and the like) is there.
    classes_ : array of shape (n_classes,)
    multilabel_ : bool
        Whether the labels were an indicator matrix.
    mean_, scale_ : arrays of shape (d,), float32
        A feature x becomes ``(x - mean_) * scale_``.
    n_features_in_ : int

    Notes
    -----
    ``fit`` holds a float32 copy of X, and of a store all of it. ``sample_weight`` weighs means and variances too.
    ``C`` and ``class_weight`` are parameters of the classifier inside, ``classifier__C``.

    References
    ----------
    Coates, Lee and Ng, AISTATS 2011, section 3.2.1; in full in :class:`RawPatches`.

    Examples
    --------
    >>> model = StandardizedClassifier().fit([[0.0, 500.0], [1.0, 500.0]], ["a", "b"])
    >>> model.predict([[0.9, 500.0]])
    array(['b'], dtype='<U1')
    """

    PARAMETERS = {
        "classifier": Part(
            "classifier", default=OneVsRestDual, methods=("fit", ("decision_function", "predict_proba"))
        ),
        "epsilon": Number(0), "n_jobs": Jobs(),
    }

    def __init__(self, classifier=None, *, epsilon: float = 0.01, n_jobs: int | None = None):
        self.classifier = classifier
        self.epsilon = epsilon
        self.n_jobs = n_jobs

    def chosen_params(self) -> dict:
        inside = as_classifier(self.classifier_).chosen_params() if hasattr(self, "classifier_") else {}
        return {f"classifier__{name}": value for name, value in inside.items()}

    def fit_cost(self, n: int, d: int, n_classes: int, machine: Machine) -> FitCost:
        """That of the classifier, and a copy of X in memory; all of X where the classifier would read blocks of it.

        Parameters and Returns are those of the base.
        """
        inside = as_classifier(self.part("classifier"))
        cost = inside.fit_cost(n, d, n_classes, machine)
        return cost._replace(memory=cost.memory + 4.0 * n * d * (1 + inside.reads_blocks))

    def _learn(self, X, data, checkpoint):
        mean, variance = _moments(X, data.weight)
        deviation = np.sqrt(variance + self.epsilon)
        self.mean_ = mean.astype(np.float32)
        # a variance below the rounding of the mean is none
        varies = variance > (np.finfo(np.float32).eps * np.abs(mean)) ** 2
        self.scale_ = np.where(varies, 1 / np.where(varies, deviation, 1), 0).astype(np.float32)
        classifier = share_workers(self.part("classifier"), self.n_jobs)
        as_classifier(classifier).fit(self._standardized(X), data.targets.labels, data.weight, checkpoint=checkpoint)
        self.classifier_ = classifier

    def _score(self, X):
        scores = as_classifier(self.classifier_).decision_function(self._standardized(X))
        return scores[:, None] if scores.ndim == 1 else scores

    def _standardized(self, X):
        out = np.empty_like(X)
        for start in range(0, len(X), _ROWS):
            rows = slice(start, start + _ROWS)
            np.subtract(X[rows], self.mean_, out=out[rows])
            out[rows] *= self.scale_
        return out


def _moments(X, weight):
    """Mean and variance (over n) of each column, float64, by blocks of rows; of weighted rows unless it is None."""
    blocks = [slice(start, start + _ROWS) for start in range(0, len(X), _ROWS)]
    if weight is None:
        mean = X.mean(axis=0, dtype=np.float64)
    else:
        mean = sum(weight[rows] @ X[rows] for rows in blocks) / weight.sum()
    total = np.zeros_like(mean)
    for rows in blocks:
        block = X[rows] - mean
        total += np.einsum("ij,ij->j", block if weight is None else weight[rows, None] * block, block)
    return mean, total / (len(X) if weight is None else weight.sum())
