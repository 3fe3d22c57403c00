"""``OneVsRestDual``: one-vs-rest support vector machines for up to some ten thousand signatures.

One binary problem a class, that class against all others, all on one Gram matrix;
``dual_svm.py`` has the mathematics. With a linear kernel the weights
w = sum_i beta_i x_i are formed once at the end.
"""

import itertools
import math
import numbers
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .._random import check_seed, stage_rng
from .._threads import check_n_jobs, map_in_order, single_threaded
from .._validation import check_bool, check_candidates, check_choice, check_int, check_number
from ..errors import MemoryBudgetError, ParameterError
from .dual_svm import solve_dual
from .kernels import chi2_kernel, intersection_kernel, linear_kernel, row_products
from .ranking import RankingMixin
from .rounded_kernel import rounded_linear_kernel, rounding_pays
from .samples import check_signatures
from .targets import IndicatorLabels, SingleLabels, read_targets

_KERNELS = {"linear": linear_kernel, "intersection": intersection_kernel, "chi2": chi2_kernel}
_GROUP = 32  # problems solved together, whatever n_jobs is, so that it never changes a result
_PREDICT_ROWS = 512
_SYMMETRY_ROWS = 256


class _Problem(NamedTuple):
    """A training set on its Gram matrix: labels, factors on C, values of C, seed."""

    X: np.ndarray
    target: SingleLabels | IndicatorLabels
    weights: np.ndarray
    gram: np.ndarray
    candidates: list
    seed: int


class OneVsRestDual(RankingMixin, ClassifierMixin, BaseEstimator):
    """One-vs-rest SVMs by dual coordinate descent on a shared float32 Gram matrix.

    Parameters
    ----------
    C : float or sequence of float, default 1.0
        Cost of a unit of loss. Of a sequence the value with the best mean
        per-class accuracy (with an indicator matrix as labels, the best mean average
        precision) in stratified cross-validation is taken, the smallest such value if
        several tie, and the machines are then trained on all samples.
    loss : {"hinge", "squared_hinge"}
    kernel : {"linear", "intersection", "chi2", "precomputed"}
        Additive kernels as in :func:`intersection_kernel` and :func:`chi2_kernel`.
        With ``"precomputed"`` X is the kernel matrix itself: (n, n) for ``fit``,
        (n_samples, n) for predictions. Any positive semi-definite kernel will do;
        C-contiguous float32 is not copied.
    fit_intercept : bool, default True
    intercept_scaling : float, default 1.0
        The bias is the weight of an appended constant feature of this value, as in
        scikit-learn's ``LinearSVC``: it is regularized, the less so the greater
        this value.
    tol : float, default 1e-3
        Relative duality gap, (primal - dual) / primal, at which a class is done.
    max_iter : int, default 1000
        Passes over the samples at most; see ``dual_svm.solve_dual``.
    cv : int, default 5
        Folds of the cross-validation over C.
    class_weight : None, "balanced" or dict, default None
        Factor on C. ``"balanced"`` gives both sides of each one-vs-rest problem the
        same total weight: n / (2 n_side). A dict has a factor for the samples of
        each class label, 1 where a label is missing, in all problems; it needs one
        label a sample.
    max_memory : float, default 8e9
        Bytes that the Gram matrix (4 n^2) may take.
    gram : {"auto", "float32", "int8"}
        Numbers of which the Gram matrix of the linear kernel is computed. ``"int8"`` takes a quarter of
        the time on processors with AVX-512 VNNI: the Gram matrix is that of the signatures rounded to 8 bits,
        and the machines are refined until their duality gap on the signatures themselves is within ``tol``;
        see Notes. ``"auto"`` takes it where that pays: on such processors, for some ten thousand signatures of
        ten thousand dimensions, with at least 16 samples a class.
    n_jobs : int, optional
        Worker threads (-1: all cores). Results do not depend on it.
    random_state : int, RandomState, Generator or None, default 0
        Seed of the order of the coordinate steps and of the folds.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, or the numbers of the columns of an indicator matrix.
    multilabel_ : bool
        Whether the labels were an indicator matrix.
    C_ : float
        The C used.
    coef_ : array of shape (n_problems, d), float32
        Weights (linear kernel only); ``n_problems`` is ``n_classes``, but 1 for two
        classes with one label a sample (the second against the first).
    intercept_ : array of shape (n_problems,), float32
    dual_coef_ : array of shape (n_problems, n), float32
        Signed dual variables beta (all kernels but linear).
    X_fit_ : array of shape (n, d), float32
        The training signatures, not copied (``"intersection"`` and ``"chi2"`` only).
    dual_gaps_ : array of shape (n_problems,)
        Relative duality gaps reached.
    objectives_ : array of shape (n_problems,)
        Primal objectives reached, each at most 1 / (1 - gap) times the optimum, to
        within the float32 rounding that ``dual_svm.solve_dual`` states.
    n_iter_ : array of shape (n_problems,)
        Passes taken.
    cv_results_ : dict or None
        ``"C"`` (ascending), ``"fold_scores"`` (n_C, cv), ``"mean_score"``,
        ``"std_score"``; None if C was one number.
    rounded_ : bool
        Whether the machines come from a Gram matrix of 8-bit integers; False if it proved too coarse.
    n_features_in_ : int

    See Also
    --------
    top_k : the ranking behind ``predict_top_k``.

    Notes
    -----
    Memory: ``fit`` holds X and its Gram matrix, and works in small blocks beside
    them; float32 C-contiguous X is not copied. The Gram matrix is used whatever d
    is: with n beyond some ten thousand and small d a primal solver suits better, and
    ``max_memory`` ends in MemoryBudgetError rather than in swapping.

    With a sequence of C the samples of a fold are held out by giving them cost 0 on
    the one Gram matrix, so nothing is recomputed or copied, and each C starts from
    the solution of the one before. The last training starts afresh: the model is
    the same as one given ``C=C_``.

    A rounded Gram matrix is where the coordinate steps are taken; what is returned meets ``tol`` on the signatures
    as they are, as ``dual_gaps_`` and ``objectives_`` show, and should it not, the matrix is computed anew
    in float32. Only the held-out scores, from which C is chosen and which :meth:`out_of_fold` gives, are those of
    machines trained on rounded signatures: their scores differ by some 1e-3 of a margin.

    The objective is that of ``sklearn.svm.LinearSVC`` with the same ``C``, ``loss`` and
    ``intercept_scaling``, and is met within ``tol``; scores differ by about its square root.
    ``class_weight="balanced"`` is that of each one-vs-rest problem, as with
    ``OneVsRestClassifier(LinearSVC(...))``.

    With an indicator matrix a sample that is left out of a class has cost 0 in its problem.
    Where every sample shows one class, the machines are those of the labels themselves.

    References
    ----------
    C.-J. Hsieh et al., "A dual coordinate descent method for large-scale linear SVM",
    ICML 2008. R. Rifkin, A. Klautau, "In defense of one-vs-all classification", JMLR 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw.classify import OneVsRestDual
    >>> X = np.float32([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [-1, -1], [-0.9, -1]])
    >>> machine = OneVsRestDual(C=10.0).fit(X, ["cat", "cat", "dog", "dog", "owl", "owl"])
    >>> machine.predict_top_k([[0.8, 0.3]], k=2)
    array([['cat', 'dog']], dtype='<U3')
    """

    def __init__(
        self, C=1.0, *, loss="hinge", kernel="linear", fit_intercept=True, intercept_scaling=1.0, tol=1e-3,
        max_iter=1000, cv=5, class_weight=None, max_memory=8e9, gram="auto", n_jobs=None, random_state=0,
    ):
        self.C = C
        self.loss = loss
        self.kernel = kernel
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.tol = tol
        self.max_iter = max_iter
        self.cv = cv
        self.class_weight = class_weight
        self.max_memory = max_memory
        self.gram = gram
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.input_tags.positive_only = self.kernel in ("intersection", "chi2")
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X, y):
        """Train one machine a class.

        Parameters
        ----------
        X : array of shape (n, d)
            Signatures, or the kernel matrix with ``kernel="precomputed"``.
        y : array of shape (n,), or (n, n_classes)
            Labels of any sortable type, at least two different ones; or an indicator
            matrix of 1 (shows the class), 0 (does not) and -1 (left out of the training
            of that class), see ``bovw.classify.targets``.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If an argument is out of its range, or X or y is malformed.
        MemoryBudgetError
            If the Gram matrix would exceed ``max_memory``.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` ends the training of a class before ``tol`` is reached.
        """
        self._fit(self._problem(X, y))
        return self

    def fit_out_of_fold(self, X, y, held_out):
        """:meth:`fit`, and the scores of :meth:`out_of_fold` with the C of the fitted machines, from one Gram matrix.

        Parameters
        ----------
        X, y
            As in :meth:`fit`.
        held_out : list of int arrays
            The folds: every sample is in one of them.

        Returns
        -------
        array of shape (n, n_classes), float32; (n,) for two classes
            The held-out scores.
        """
        problem = self._problem(X, y)
        self._fit(problem)
        return self._out_of_fold(problem._replace(candidates=[self.C_]), held_out)

    def decision_function(self, X):
        """Scores of all classes.

        Parameters
        ----------
        X : array of shape (n, d), or (n, n_fit) kernel values with ``kernel="precomputed"``

        Returns
        -------
        array of shape (n, n_classes), float32; (n,) for two classes with one label a sample
            In the latter case positive means ``classes_[1]``.
        """
        check_is_fitted(self)
        X = check_signatures(self, X)
        scores = np.empty((len(X), len(self.intercept_)), dtype=np.float32)

        def block(start):
            rows = slice(start, start + _PREDICT_ROWS)
            if self.kernel == "linear":
                row_products(X[rows], self.coef_, scores[rows])
            else:
                precomputed = self.kernel == "precomputed"
                values = X[rows] if precomputed else _KERNELS[self.kernel](X[rows], self.X_fit_)
                row_products(values, self.dual_coef_, scores[rows])

        for _ in map_in_order(block, range(0, len(X), _PREDICT_ROWS), self.n_jobs):
            pass
        scores += self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def check_params(self):
        """Raise ParameterError for an argument out of range; return the values of C, ascending."""
        check_choice("loss", self.loss, ("hinge", "squared_hinge"))
        check_choice("kernel", self.kernel, (*_KERNELS, "precomputed"))
        check_bool("fit_intercept", self.fit_intercept)
        check_number("intercept_scaling", self.intercept_scaling, 0, exclusive=True)
        check_number("tol", self.tol, 0, exclusive=True)
        check_int("max_iter", self.max_iter, 1)
        check_int("cv", self.cv, 2)
        check_number("max_memory", self.max_memory, 0, exclusive=True)
        check_choice("gram", self.gram, ("auto", "float32", "int8"))
        if self.gram == "int8" and self.kernel != "linear":
            raise ParameterError(f"gram='int8' is for the linear kernel, not kernel={self.kernel!r}; use 'auto'")
        check_n_jobs(self.n_jobs)
        return check_candidates("C", self.C)

    def _sample_weights(self, target):
        """Factors on C of a dict of class weights, (n,)."""
        if self.class_weight is None or isinstance(self.class_weight, str):
            check_choice("class_weight", self.class_weight, (None, "balanced"))
            return np.ones(len(target))
        if not isinstance(self.class_weight, dict):
            raise ParameterError(f"class_weight={self.class_weight!r} must be None, 'balanced' or a dict")
        if target.multilabel:
            raise ParameterError("class_weight as a dict needs one label a sample; use None or 'balanced'")
        labels = self.classes_.tolist()
        unknown = [label for label in self.class_weight if label not in labels]
        if unknown:
            raise ParameterError(f"class_weight has the label {unknown[0]!r}, which is not in y")
        factors = [
            check_number(f"class_weight[{label!r}]", self.class_weight.get(label, 1.0), 0, exclusive=True)
            for label in labels
        ]
        return np.array(factors)[target.index]

    def _compute_gram(self, X, rounded, out=None):
        if self.kernel == "precomputed":
            _check_symmetric(X)
            return X
        needed = 4 * len(X) ** 2
        if needed > self.max_memory:
            raise MemoryBudgetError(
                f"the Gram matrix of {len(X)} samples takes {needed / 1e9:.1f} GB, more than max_memory="
                f"{self.max_memory / 1e9:g} GB; train on at most {math.isqrt(int(self.max_memory / 4))} "
                "samples, or raise max_memory"
            )
        if rounded:
            return rounded_linear_kernel(X, n_jobs=self.n_jobs)
        return _KERNELS[self.kernel](X, out=out, n_jobs=self.n_jobs)

    def rounds_gram(self, n, d, n_problems):
        """Whether the Gram matrix of n signatures of d features, for ``n_problems`` machines, is of 8-bit integers."""
        if self.gram != "auto":
            return self.gram == "int8"
        return self.kernel == "linear" and rounding_pays(n, d, n_problems)

    def _cost(self, signs, weights, C):
        """C times the weight of each sample in each problem; a weight of 0 holds a sample out."""
        cost = np.empty(signs.shape)
        cost[:] = C * weights
        if self.class_weight == "balanced":
            for row, (sign, used) in enumerate(zip(signs, np.broadcast_to(weights > 0, signs.shape), strict=True)):
                for side in (-1, 1):
                    members = sign == side
                    cost[row, members] *= used.sum() / (2 * max(1, (members & used).sum()))
        return cost

    def _solve(self, gram, signs, cost, rng, alpha=None, product=None):
        intercept_scaling = self.intercept_scaling if self.fit_intercept else 0.0
        return solve_dual(
            gram, signs, cost, rng=rng, loss=self.loss, intercept_scaling=intercept_scaling, tol=self.tol,
            max_iter=self.max_iter, alpha=alpha, product=product,
        )

    def out_of_fold(self, X, y, held_out):
        """Scores of every sample under machines that were trained without its fold, from one Gram matrix.

        Parameters
        ----------
        X, y
            As in :meth:`fit`.
        held_out : list of int arrays
            The folds: every sample is in one of them. With several values of C the
            scores are those of the C that is best over these folds.

        Returns
        -------
        array of shape (n, n_classes), float32; (n,) for two classes
        """
        return self._out_of_fold(self._problem(X, y), held_out)

    def _problem(self, X, y):
        """Everything that training needs, checked; sets ``classes_`` and ``multilabel_``."""
        candidates = self.check_params()
        X, y = check_signatures(self, X, y=y)
        target = read_targets(y)
        self.classes_, self.multilabel_ = target.classes, target.multilabel
        seed = check_seed(self.random_state)
        weights = self._sample_weights(target)
        self.rounded_ = self.rounds_gram(*X.shape, target.n_problems)
        return _Problem(X, target, weights, self._compute_gram(X, self.rounded_), candidates, seed)

    def _fit(self, problem):
        X, target, weights, gram, candidates, seed = problem
        rounded = self.rounded_
        if isinstance(self.C, numbers.Number):
            self.C_, self.cv_results_ = candidates[0], None
        else:
            self.C_ = self._cross_validate(problem)

        def exact(beta):
            return (beta @ X) @ X.T

        def solve(group, alpha=None):
            signs = target.signs(group)
            cost = self._cost(signs, weights * target.counted(group), self.C_)
            rng = stage_rng(seed, "dual_svm")
            return self._solve(gram, signs, cost, rng, alpha, exact if rounded else None)

        groups = _groups(target.n_problems)
        solutions = list(map_in_order(solve, groups, self.n_jobs))
        coarse = [(s.gap > self.tol * s.primal) & (s.n_iter < self.max_iter) for s in solutions]
        if rounded and np.concatenate(coarse).any():
            rounded = self.rounded_ = False
            self._compute_gram(X, rounded=False, out=gram)
            starts = zip(groups, [s.alpha for s in solutions], strict=True)
            solutions = list(map_in_order(lambda start: solve(*start), starts, self.n_jobs))
        self._learn(X, target, groups, solutions)

    def _out_of_fold(self, problem, held_out):
        paths = self._held_out_scores(problem, held_out)
        best = int(_fold_scores(paths, problem.target, held_out).mean(axis=1).argmax())
        scores = np.empty((len(problem.target), len(paths[0][0])), np.float32)
        for test, path in zip(held_out, paths, strict=True):
            scores[test] = path[best].T
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _held_out_scores(self, problem, held_out):
        """For each fold the scores of its samples for each C, (n_C, n_problems, n_held_out)."""
        _, target, weights, gram, candidates, seed = problem
        groups = _groups(target.n_problems)

        def path(task):
            fold, group = task
            used = weights * target.counted(group)
            used[..., held_out[fold]] = 0
            signs, rng = target.signs(group), stage_rng(seed, "dual_svm_cv", fold)
            alpha, scores = None, []
            bound = self._cost(signs, used, candidates[0])
            for C in candidates:
                cost = self._cost(signs, used, C)
                if alpha is not None:  # dual variables at their bound go to the new bound, the others stay
                    alpha = np.where(alpha >= bound, cost, alpha)
                solution = self._solve(gram, signs, cost, rng, alpha)
                alpha, bound = solution.alpha, cost
                scores.append(solution.scores[:, held_out[fold]])
            return np.array(scores)

        tasks = [(fold, group) for fold in range(len(held_out)) for group in groups]
        paths = list(map_in_order(path, tasks, self.n_jobs))
        return [
            np.concatenate(paths[fold * len(groups) : (fold + 1) * len(groups)], axis=1)
            for fold in range(len(held_out))
        ]

    def _cross_validate(self, problem):
        """Fill ``cv_results_`` and return the best of the candidates."""
        target, candidates = problem.target, problem.candidates
        held_out = target.folds(self.cv, problem.seed)
        if len(held_out) < 2:
            raise ParameterError("C cannot be cross-validated with one sample a class; give one value of C")
        paths = self._held_out_scores(problem, held_out)
        fold_scores = _fold_scores(paths, target, held_out)
        mean = fold_scores.mean(axis=1)
        self.cv_results_ = {
            "C": np.array(candidates), "fold_scores": fold_scores, "mean_score": mean,
            "std_score": fold_scores.std(axis=1),
        }
        return candidates[int(mean.argmax())]

    def _learn(self, X, target, groups, solutions):
        """Set the fitted attributes from the solved groups of problems."""
        intercept = np.concatenate([solution.intercept for solution in solutions])
        primal = np.concatenate([solution.primal for solution in solutions])
        gap = np.concatenate([solution.gap for solution in solutions])
        self.intercept_ = intercept.astype(np.float32)
        self.objectives_ = primal
        self.dual_gaps_ = gap / np.maximum(primal, np.finfo(float).tiny)
        self.n_iter_ = np.concatenate([solution.n_iter for solution in solutions])
        beta = np.empty((len(intercept), len(X)), dtype=np.float32)
        for group, solution in zip(groups, solutions, strict=True):
            np.multiply(solution.alpha, target.signs(group), out=beta[group], casting="same_kind")
        if self.kernel == "linear":
            with single_threaded():
                self.coef_ = beta @ X
        else:
            self.dual_coef_ = beta
            if self.kernel != "precomputed":
                self.X_fit_ = X
        open_ = np.flatnonzero(gap > self.tol * primal)
        if len(open_):
            worst = open_[self.dual_gaps_[open_].argmax()]
            warnings.warn(
                f"{len(open_)} of {len(gap)} problems stopped after max_iter={self.max_iter} passes, the "
                f"worst with a relative duality gap of {self.dual_gaps_[worst]:.2g} > tol={self.tol:g}; "
                "raise max_iter or tol, lower C, or scale the signatures",
                ConvergenceWarning,
                stacklevel=3,
            )


def _fold_scores(paths, target, held_out):
    """How good each C is on each fold, (n_C, n_folds)."""
    scores = [[target.quality(score, test) for score in path] for test, path in zip(held_out, paths, strict=True)]
    return np.array(scores).T


def _groups(n_problems):
    """The problems in slices of near-equal size, at most ``_GROUP`` each."""
    n_groups = -(-n_problems // _GROUP)
    bounds = np.linspace(0, n_problems, n_groups + 1).astype(int)
    return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]


def _check_symmetric(gram):
    if gram.shape[0] != gram.shape[1]:
        raise ParameterError(f"a precomputed kernel of shape {gram.shape} must be square for fit")
    tolerance = 1e-4 * np.abs(gram.diagonal()).max()
    for start in range(0, len(gram), _SYMMETRY_ROWS):
        rows = slice(start, start + _SYMMETRY_ROWS)
        if np.abs(gram[rows] - gram[:, rows].T).max() > tolerance:
            raise ParameterError("the precomputed kernel must be symmetric: every sample with every sample")
