"""``OneVsRestPrimal``: one-vs-rest support vector machines on more signatures than they have features.

``primal_svm.py`` has the mathematics.
"""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .._threads import check_n_jobs, map_in_order
from .._validation import all_finite, check_bool, check_int, check_number
from ..errors import ParameterError
from .kernels import row_products
from .primal_svm import PrimalProblems
from .ranking import RankingMixin
from .samples import check_signatures
from .targets import read_targets

_GROUP = 32  # problems solved together, whatever n_jobs is, so that it never changes a result
_PREDICT_ROWS = 512


class OneVsRestPrimal(RankingMixin, ClassifierMixin, BaseEstimator):
    """One-vs-rest linear SVMs with the squared hinge by Newton's method in the weights.

    The machines of ``OneVsRestDual(loss="squared_hinge")``, without a matrix of n x n: for tens of thousands of
    signatures of some thousand features.

    Parameters
    ----------
    C : float, default 1.0
        Cost of a unit of loss.
    fit_intercept : bool, default True
    intercept_scaling : float, default 1.0
        The bias is the weight of an appended constant feature of this value, and regularized, as in
        :class:`OneVsRestDual`.
    tol : float, default 1e-3
        Relative duality gap, (primal - dual) / primal, at which a class is done.
    max_iter : int, default 100
        Newton steps at most; some ten are usual.
    n_jobs : int, optional
        Worker threads (-1: all cores). Results do not depend on it.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, or the numbers of the columns of an indicator matrix.
    multilabel_ : bool
        Whether the labels were an indicator matrix.
    coef_ : array of shape (n_problems, d), float32
        ``n_problems`` is 1 for two classes (the second against the first), else ``n_classes``.
    intercept_ : array of shape (n_problems,), float32
    dual_gaps_ : array of shape (n_problems,)
        Relative duality gaps reached.
    objectives_ : array of shape (n_problems,)
        Primal objectives reached, each at most 1 / (1 - gap) times the optimum.
    n_iter_ : array of shape (n_problems,)
        Newton steps taken.
    n_features_in_ : int

    See Also
    --------
    OneVsRestDual : hinge, kernels, a search over C; its matrix has n^2 numbers.
    OneVsRestSGD : for signatures that do not fit in memory.

    Notes
    -----
    Memory: X (float32 C-contiguous X is not copied), 4 d^2 bytes for d <= n, and some arrays of 32 n numbers.
    With d > n it works, but ``OneVsRestDual`` suits better.

    References
    ----------
    C.-J. Lin, R. C. Weng, S. S. Keerthi, "Trust region Newton method for large-scale logistic regression", JMLR 9,
    2008. S. S. Keerthi, D. DeCoste, "A modified finite Newton method for fast solution of large scale linear
    SVMs", JMLR 6, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw.classify import OneVsRestPrimal
    >>> X = np.float32([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [-1, -1], [-0.9, -1]])
    >>> machine = OneVsRestPrimal(C=10.0).fit(X, ["cat", "cat", "dog", "dog", "owl", "owl"])
    >>> machine.predict_top_k([[0.8, 0.3]], k=2)
    array([['cat', 'dog']], dtype='<U3')
    """

    def __init__(
        self, C=1.0, *, fit_intercept=True, intercept_scaling=1.0, tol=1e-3, max_iter=100, n_jobs=None,
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.tol = tol
        self.max_iter = max_iter
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X, y):
        """Train one machine a class.

        Parameters
        ----------
        X : array of shape (n, d)
            Signatures.
        y : array of shape (n,), or (n, n_classes)
            Labels of any sortable type, at least two different ones; or an indicator matrix of 1 (shows the class),
            0 (does not) and -1 (left out of the training of that class), see ``bovw.classify.targets``.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If an argument is out of its range, or X or y is malformed.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter``, or the rounding of X's products, ends the training of a class before ``tol`` is reached.
        """
        self.check_params()
        X, y = check_signatures(self, X, y=y)
        target = read_targets(y)
        self.classes_, self.multilabel_ = target.classes, target.multilabel
        groups = [slice(start, start + _GROUP) for start in range(0, target.n_problems, _GROUP)]
        scaling = self.intercept_scaling if self.fit_intercept else 0.0
        with (
            np.errstate(over="ignore", invalid="ignore"),  # said below
            PrimalProblems(X, C=self.C, intercept_scaling=scaling, n_jobs=self.n_jobs) as problems,
        ):
            solutions = [
                problems.solve(target.signs(group) * target.counted(group), tol=self.tol, max_iter=self.max_iter)
                for group in groups
            ]
        joined = [np.concatenate(parts) for parts in zip(*solutions, strict=True)]
        self.coef_, intercept, self.objectives_, self.dual_gaps_, self.n_iter_ = joined
        if not (all_finite(self.coef_) and all_finite(self.objectives_)):
            raise ParameterError("X has values too large for products in float32; scale the signatures")
        self.intercept_ = intercept.astype(np.float32)
        worst = self.dual_gaps_.argmax()
        if self.dual_gaps_[worst] > self.tol:
            warnings.warn(
                f"class {self.classes_[worst - len(self.dual_gaps_)]!r} ended with a relative duality gap of "
                f"{self.dual_gaps_[worst]:.2g}, above tol={self.tol:g}; scale the signatures, lower C or raise "
                "max_iter or tol",
                ConvergenceWarning, stacklevel=2,
            )
        return self

    def decision_function(self, X):
        """Scores of all classes.

        Parameters
        ----------
        X : array of shape (n, d)

        Returns
        -------
        array of shape (n, n_classes), float32; (n,) for two classes with one label a row
            In the latter case positive means ``classes_[1]``.
        """
        check_is_fitted(self)
        X = check_signatures(self, X)
        blocks = [X[start : start + _PREDICT_ROWS] for start in range(0, len(X), _PREDICT_ROWS)]
        scores = np.concatenate(list(map_in_order(lambda block: row_products(block, self.coef_), blocks, self.n_jobs)))
        scores += self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def check_params(self):
        check_number("C", self.C, 0, exclusive=True)
        check_bool("fit_intercept", self.fit_intercept)
        check_number("intercept_scaling", self.intercept_scaling, 0, exclusive=True)
        check_number("tol", self.tol, 0, exclusive=True)
        check_int("max_iter", self.max_iter, 1)
        check_n_jobs(self.n_jobs)
