"""``OneVsRestPrimal``: one-vs-rest support vector machines on more signatures than they have features.

``primal_svm.py`` has the mathematics.
"""

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._parameters import Boolean, Integer, Number
from .._validation import all_finite
from ..errors import ParameterError
from .blocks import ArraySource
from .cost import FitCost, Machine
from .machines import CLASS_WEIGHT, COST, CV, N_JOBS, RANDOM_STATE, OneVsRestMachines, linear_scores
from .primal_svm import PrimalProblems
from .weights import problem_weights

_GROUP = 32  # problems solved together, whatever n_jobs is, so that it never changes a result
_USUAL_PASSES = 100  # over the signatures that the Newton steps of a training take


class OneVsRestPrimal(OneVsRestMachines):
    """One-vs-rest linear SVMs with the squared hinge by Newton's method in the weights.

    The machines of ``OneVsRestDual(loss="squared_hinge")``, without a matrix of n x n: for tens of thousands of
    signatures of some thousand features.

    Parameters
    ----------
    C : float > 0, or a sequence of them, default 1.0
        Cost of a unit of loss. Of several values of C and ``class_weight`` the best pair is chosen as in
        :class:`OneVsRestDual`.
    fit_intercept : bool, default True
    intercept_scaling : float > 0, default 1.0
        The bias is the weight of an appended constant feature of this value, and regularized, as in
        :class:`OneVsRestDual`.
    tol : float > 0, default 0.001
        Relative duality gap, (primal - dual) / primal, at which a class is done.
    max_iter : int >= 1, default 100
        Newton steps at most; some ten are usual.
    cv : int >= 2, default 5
        Folds of the cross-validation over C and ``class_weight``.
    class_weight : None, "balanced", dict, float > 0, or a sequence of them, default None
        As in :class:`OneVsRestDual`.
    n_jobs : int or None, default None
        Worker threads (-1: all cores). Results do not depend on it.
    random_state : int, RandomState, Generator or None, default 0
        Seed of the folds; the training itself draws nothing.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, or the numbers of the columns of an indicator matrix.
    multilabel_ : bool
        Whether the labels were an indicator matrix.
    C_, class_weight_, cv_results_, seed_
        As those of :class:`OneVsRestDual`.
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
    OneVsRestDual : hinge, kernels; its matrix has n^2 numbers.
    OneVsRestSGD : for signatures that do not fit in memory.

    Notes
    -----
    Memory: X (float32 C-contiguous X is not copied), 4 d^2 bytes for d <= n, and some arrays of 32 n numbers.
    Held-out samples of the cross-validation stay where they lie. With d > n it works, but ``OneVsRestDual`` suits
    better.

    References
    ----------
    C.-J. Lin, R. C. Weng, S. S. Keerthi, "Trust region Newton method for large-scale logistic regression", JMLR 9,
    2008, section 5. S. S. Keerthi, D. DeCoste, "A modified finite Newton method for fast solution of large scale linear
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

    PARAMETERS = {
        "C": COST, "fit_intercept": Boolean(), "intercept_scaling": Number(0, exclusive=True),
        "tol": Number(0, exclusive=True), "max_iter": Integer(1), "cv": CV, "class_weight": CLASS_WEIGHT,
        "n_jobs": N_JOBS, "random_state": RANDOM_STATE,
    }

    def __init__(
        self, C=1.0, *, fit_intercept=True, intercept_scaling=1.0, tol=1e-3, max_iter=100, cv=5, class_weight=None,
        n_jobs=None, random_state=0,
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.tol = tol
        self.max_iter = max_iter
        self.cv = cv
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit_cost(self, n: int, d: int, n_classes: int, machine: Machine) -> FitCost:
        """The preconditioner, d^2 (n + d / 3), and some passes over X of all classes, for each fold and pair.

        Parameters and Returns are those of the base. Memory is X, the preconditioner, scores of a group of classes.
        """
        together = min(n_classes, _GROUP)
        rows, weights = np.ones((1024, d), np.float32), np.ones((together, d), np.float32)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            (weights @ rows.T) @ rows
            seconds.append(time.perf_counter() - start)
        one_pass = min(seconds) / len(rows) * n * n_classes / together
        squared = 4.0 * (d + 1) ** 2 if d <= n else 0.0
        factor = d**2 * (n + d / 3) / machine.flops if squared else 0.0
        pairs = self._pairs()
        costs, searched = len({C for C, _ in pairs}), len(pairs) * self.cv if len(pairs) > 1 else 0
        return FitCost(
            factor * (1 + costs * (searched > 0)) + _USUAL_PASSES * one_pass * (1 + searched) + n * machine.decode,
            4.0 * n * d + squared + 16.0 * together * n + 8.0 * n_classes * d, 0.0, f"{one_pass:.2g} s a pass",
        )

    def _learn(self, X, data, checkpoint):
        weights, seed, target = self._row_weights(data), self._draw_seed(), data.targets
        pairs = self._pairs()

        def fold_scores(folds):
            return self._held_out_quality(X, target, weights, pairs, folds)

        with np.errstate(over="ignore", invalid="ignore"):  # _solve says it better
            C, class_weight = self._choose(pairs, lambda: target.folds(self.cv, seed), fold_scores)
            with self._problems(X, C, weights) as problems:
                solutions = self._solve(problems, target, weights, class_weight)
        self.coef_, intercept, self.objectives_, self.dual_gaps_, self.n_iter_ = solutions
        self.intercept_ = intercept.astype(np.float32)
        worst = self.dual_gaps_.argmax()
        if self.dual_gaps_[worst] > self.tol:
            warnings.warn(
                f"class {self.classes_[worst - len(self.dual_gaps_)]!r} ended with a relative duality gap of "
                f"{self.dual_gaps_[worst]:.2g}, above tol={self.tol:g}; scale the signatures, lower C or raise "
                "max_iter or tol",
                ConvergenceWarning, stacklevel=3,
            )

    def _score(self, X):
        return linear_scores(ArraySource(X), np.arange(len(X)), self.coef_, self.intercept_, self.n_jobs)

    def _problems(self, X, C, weights):
        scaling = self.intercept_scaling if self.fit_intercept else 0.0
        return PrimalProblems(X, C=C, intercept_scaling=scaling, weights=weights, n_jobs=self.n_jobs)

    def _solve(self, problems, target, weights, class_weight, used=1):
        """The solutions of all problems, arrays joined; ``used`` is 0 for samples to be left out."""
        solutions = []
        for start in range(0, target.n_problems, _GROUP):
            group = slice(start, start + _GROUP)
            signs = target.signs(group) * target.counted(group) * np.int8(used)
            shares = None
            if weights is not None or isinstance(class_weight, float):
                shares = problem_weights(signs, (1.0 if weights is None else weights) * (signs != 0), class_weight)
            solutions.append(problems.solve(signs, sample_weights=shares, tol=self.tol, max_iter=self.max_iter))
        joined = [np.concatenate(parts) for parts in zip(*solutions, strict=True)]
        if not (all_finite(joined[0]) and all_finite(joined[2])):
            raise ParameterError("X has values too large for products in float32; scale the signatures")
        return joined

    def _held_out_quality(self, X, target, weights, pairs, folds):
        """How good each pair is on each fold, (n_pairs, n_folds)."""
        found = np.empty((len(pairs), len(folds)))
        n_weights = len(pairs) // len({C for C, _ in pairs})
        for first in range(0, len(pairs), n_weights):
            with self._problems(X, pairs[first][0], weights) as problems:
                for fold, test in enumerate(folds):
                    used = np.ones(len(X), np.int8)
                    used[test] = 0
                    for place in range(first, first + n_weights):
                        coef, intercept = self._solve(problems, target, weights, pairs[place][1], used)[:2]
                        scores = X[test] @ coef.T + intercept
                        found[place, fold] = target.quality(scores.T, test)
        return found
