"""``OneVsRestDual``: one-vs-rest support vector machines for up to some ten thousand signatures.

One binary problem a class, that class against all others, all on one Gram matrix;
``dual_svm.py`` has the mathematics. With a linear kernel the weights
w = sum_i beta_i x_i are formed once at the end.
"""

from __future__ import annotations

import itertools
import math
import time
import warnings
from collections.abc import Sequence
from os import PathLike
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from .._parameters import Boolean, Choice, Integer, Number
from .._random import stage_rng
from .._threads import map_in_order, single_threaded
from ..errors import MemoryBudgetError, ParameterError
from .contract import Source
from .cost import FitCost, Machine
from .dual_svm import solve_dual
from .kernels import chi2_kernel, intersection_kernel, linear_kernel, row_products
from .machines import SHARED, ClassWeights, OneVsRestMachines, RandomState
from .rounded_kernel import rounded_linear_kernel, rounding_pays
from .samples import take_rows
from .targets import IndicatorLabels, SingleLabels
from .weights import problem_weights

_KERNELS = {"linear": linear_kernel, "intersection": intersection_kernel, "chi2": chi2_kernel}
_GROUP = 32  # problems solved together, whatever n_jobs is, so that it never changes a result
_PREDICT_ROWS = 512
_SYMMETRY_ROWS = 256


class _Problem(NamedTuple):
    """A training set on its Gram matrix: labels, weights of samples, the (C, class_weight) to choose from, seed."""

    X: np.ndarray
    target: SingleLabels | IndicatorLabels
    weights: np.ndarray
    gram: np.ndarray
    pairs: list
    seed: int
    columns: np.ndarray | slice  # of the fitted X that these samples are


class OneVsRestDual(OneVsRestMachines):
    """One-vs-rest SVMs by dual coordinate descent on a shared float32 Gram matrix.

    Parameters
    ----------
    C : float > 0, or a sequence of them, default 1.0
        Cost of a unit of loss. Of several values of C and ``class_weight`` the pair with the
        best mean per-class accuracy (with an indicator matrix as labels, the best mean average
        precision) in stratified cross-validation is taken, of several that tie the one of the
        smallest C, then class weight, and the machines are then trained on all samples.
    loss : {"hinge", "squared_hinge"}, default "hinge"
    kernel : {"linear", "intersection", "chi2", "precomputed"}, default "linear"
        Additive kernels as in :func:`intersection_kernel` and :func:`chi2_kernel`.
        With ``"precomputed"`` X is the kernel matrix itself: (n, n) for ``fit``,
        (n_samples, n) for predictions. Any positive semi-definite kernel will do;
        C-contiguous float32 is not copied.
    fit_intercept : bool, default True
    intercept_scaling : float > 0, default 1.0
        The bias is the weight of an appended constant feature of this value, as in
        scikit-learn's ``LinearSVC``: it is regularized, the less so the greater
        this value.
    tol : float > 0, default 0.001
        Relative duality gap, (primal - dual) / primal, at which a class is done.
    max_iter : int >= 1, default 1000
        Passes over the samples at most; see ``dual_svm.solve_dual``.
    cv : int >= 2, default 5
        Folds of the cross-validation over C and ``class_weight``.
    class_weight : None, "balanced", dict, float > 0, or a sequence of them, default None
        A number rebalances each one-vs-rest problem: its negatives weigh that many times as much as its
        positives in all; ``"balanced"`` is 1. Of a sequence one is chosen, see ``C``. A dict has a
        factor on C for the samples of each class label, 1 where a label is missing, in all problems; it needs
        one label a sample.
    max_memory : float > 0, default 8000000000.0
        Bytes that the Gram matrix (4 n^2) may take.
    gram : {"auto", "float32", "int8"}, default "auto"
        Numbers of which the Gram matrix of the linear kernel is computed. ``"int8"`` takes a quarter of
        the time on processors with AVX-512 VNNI: the Gram matrix is that of the signatures rounded to 8 bits,
        and the machines are refined until their duality gap on the signatures themselves is within ``tol``;
        see Notes. ``"auto"`` takes it where that pays: on such processors, for some ten thousand signatures of
        ten thousand dimensions, with at least 16 samples a class.
    n_jobs : int or None, default None
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
    class_weight_ : float, dict or None
        The class weight used; 1.0 for ``"balanced"``.
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
        Of each pair ``"C"`` and ``"class_weight"`` (NaN where that is no number), its ``"fold_scores"``
        (n_pairs, cv), ``"mean_score"`` and ``"std_score"``; None if there was one pair only.
    seed_ : int
        The seed that was used.
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
    ICML 2008, algorithm 1. R. Rifkin, A. Klautau, "In defense of one-vs-all classification", JMLR 5, 2004,
    section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw.classify import OneVsRestDual
    >>> X = np.float32([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [-1, -1], [-0.9, -1]])
    >>> machine = OneVsRestDual(C=10.0).fit(X, ["cat", "cat", "dog", "dog", "owl", "owl"])
    >>> machine.predict_top_k([[0.8, 0.3]], k=2)
    array([['cat', 'dog']], dtype='<U3')
    """

    PARAMETERS = {
        "C": SHARED["C"], "loss": Choice("hinge", "squared_hinge"), "kernel": Choice(*_KERNELS, "precomputed"),
        "fit_intercept": Boolean(), "intercept_scaling": Number(0, exclusive=True), "tol": Number(0, exclusive=True),
        "max_iter": Integer(1), "cv": SHARED["cv"], "class_weight": SHARED["class_weight"],
        "max_memory": Number(0, exclusive=True), "gram": Choice("auto", "float32", "int8"), "n_jobs": SHARED["n_jobs"],
        "random_state": SHARED["random_state"],
    }

    cheap_folds = True

    def __init__(
        self, C: float | Sequence[float] = 1.0, *, loss: str = "hinge", kernel: str = "linear",
        fit_intercept: bool = True, intercept_scaling: float = 1.0, tol: float = 1e-3, max_iter: int = 1000,
        cv: int = 5, class_weight: ClassWeights = None, max_memory: float = 8e9, gram: str = "auto",
        n_jobs: int | None = None, random_state: RandomState = 0,
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
        return tags

    def check_pairs(self):
        if self.gram == "int8" and self.kernel != "linear":
            raise ParameterError(f"gram='int8' is for the linear kernel, not kernel={self.kernel!r}; use 'auto'")

    def fit_out_of_fold(
        self, X: ArrayLike | Source, y: ArrayLike, folds: list[np.ndarray], sample_weight: ArrayLike | None = None,
        *, checkpoint: str | PathLike | None = None,
    ) -> np.ndarray:
        """``fit``, and :meth:`out_of_fold` with the C and the class weight of what was fitted, from one Gram matrix."""
        self.check_params()
        signatures, data = self._training(X, y, sample_weight, None)
        if data.rows is not None:  # samples without weight are scored too
            return super().fit_out_of_fold(X, y, folds, sample_weight)
        problem = self._problem(signatures, data)
        self._train(problem)
        return self._out_of_fold(problem._replace(pairs=[(self.C_, self.class_weight_)]), folds)

    def out_of_fold(
        self, X: ArrayLike | Source, y: ArrayLike, folds: list[np.ndarray], sample_weight: ArrayLike | None = None,
    ) -> np.ndarray:
        """As the base's, from one Gram matrix, in which the samples of a fold have cost 0.

        With several values of C or ``class_weight`` the scores are those of the pair that is best over these folds.
        """
        machine = clone(self)
        machine.check_params()
        signatures, data = machine._training(X, y, sample_weight, None)
        if data.rows is not None:
            return super().out_of_fold(X, y, folds, sample_weight)
        return machine._out_of_fold(machine._problem(signatures, data), folds)

    def fit_cost(self, n: int, d: int, n_classes: int, machine: Machine) -> FitCost:
        """The Gram matrix, n^2 d / 2 multiply-adds, and descents, n^2 for each class, fold and pair, held-out ones too.

        Parameters and Returns are those of the base. Memory is X, the Gram matrix, weights and dual variables.
        """
        few = min(n, 60 * min(n_classes, 20), 1200)
        classes = min(n_classes, 20, few // 4)
        rng = np.random.default_rng(0)
        y = np.arange(few) % classes
        X = rng.standard_normal((classes, min(d, 4096)), dtype=np.float32)[y]
        X += 3 * rng.standard_normal(X.shape, dtype=np.float32)
        X /= np.linalg.norm(X, axis=1, keepdims=True)
        gram = X @ X.T
        pairs = len(self._pairs())
        trial = clone(self).set_params(kernel="precomputed", gram="auto")
        if isinstance(self.class_weight, dict):  # its labels are not those of the trial
            trial.set_params(class_weight=None)
        start = time.perf_counter()
        trial.fit(gram, y)
        descents = (time.perf_counter() - start) * (n / few) ** 2 * n_classes / classes
        # the held-out scores are five more descents on the same Gram matrix
        folds = 5 / (1 + 5 * pairs * (pairs > 1))
        products = 1.0 * n * n * d / machine.flops * machine.slower  # half of the Gram matrix
        if self._rounds_gram(n, d, n_classes):
            products /= 3
        return FitCost(
            products + descents * (1 + folds) + n * machine.decode,
            4.0 * n * d * 1.1 + 4.0 * n * n + 4.0 * n_classes * (d + n), 0.0, f"{machine.flops / 1e9:.0f} GFLOP/s",
        )

    def _score(self, X):
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
        return scores

    def _take(self, source, rows):
        if self.kernel != "precomputed":
            return take_rows(source, rows)
        gram = take_rows(source)
        _check_symmetric(gram)
        return gram if rows is None else np.ascontiguousarray(gram[np.ix_(rows, rows)])

    def _compute_gram(self, X, rounded, out=None):
        if self.kernel == "precomputed":
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

    def _rounds_gram(self, n, d, n_problems):
        """Whether the Gram matrix of n signatures of d features, for ``n_problems`` machines, is of 8-bit integers."""
        if self.gram != "auto":
            return self.gram == "int8"
        return self.kernel == "linear" and rounding_pays(n, d, n_problems)

    def _solve(self, gram, signs, cost, rng, alpha=None, product=None):
        intercept_scaling = self.intercept_scaling if self.fit_intercept else 0.0
        return solve_dual(
            gram, signs, cost, rng=rng, loss=self.loss, intercept_scaling=intercept_scaling, tol=self.tol,
            max_iter=self.max_iter, alpha=alpha, product=product,
        )

    def _problem(self, X, data):
        """Everything that training needs."""
        weights = self._row_weights(data)
        self.rounded_ = self._rounds_gram(*X.shape, data.targets.n_problems)
        return _Problem(
            X, data.targets, np.ones(len(X)) if weights is None else weights, self._compute_gram(X, self.rounded_),
            self._pairs(), self._draw_seed(), slice(None) if data.rows is None else data.rows,
        )

    def _learn(self, X, data, checkpoint):
        self._train(self._problem(X, data))

    def _train(self, problem):
        X, target, weights, gram, pairs, seed, columns = problem
        rounded = self.rounded_

        def fold_scores(folds):
            return _fold_scores(self._held_out_scores(problem, folds), target, folds)

        C, class_weight = self._choose(pairs, lambda: target.folds(self.cv, seed), fold_scores)

        def exact(beta):
            return (beta @ X) @ X.T

        def solve(group, alpha=None):
            signs = target.signs(group)
            cost = C * problem_weights(signs, weights * target.counted(group), class_weight)
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
        self._keep(X, target, groups, solutions, columns)

    def _out_of_fold(self, problem, held_out):
        paths = self._held_out_scores(problem, held_out)
        best = int(_fold_scores(paths, problem.target, held_out).mean(axis=1).argmax())
        scores = np.empty((len(problem.target), len(paths[0][0])), np.float32)
        for test, path in zip(held_out, paths, strict=True):
            scores[test] = path[best].T
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _held_out_scores(self, problem, held_out):
        """For each fold the scores of its samples for each pair, (n_pairs, n_problems, n_held_out)."""
        _, target, weights, gram, pairs, seed, _ = problem
        groups = _groups(target.n_problems)

        def path(task):
            fold, group = task
            used = weights * target.counted(group)
            used[..., held_out[fold]] = 0
            signs, scores = target.signs(group), [None] * len(pairs)
            n_weights, bound = len(pairs) // len({C for C, _ in pairs}), None
            for first in range(n_weights):  # a path of ascending C for each class weight
                rng, alpha = stage_rng(seed, "dual_svm_cv", fold), None
                share = problem_weights(signs, used, pairs[first][1])
                for place in range(first, len(pairs), n_weights):
                    cost = pairs[place][0] * share
                    if alpha is not None:  # dual variables at their bound go to the new bound, the others stay
                        alpha = np.where(alpha >= bound, cost, alpha)
                    solution = self._solve(gram, signs, cost, rng, alpha)
                    alpha, bound = solution.alpha, cost
                    scores[place] = solution.scores[:, held_out[fold]]
            return np.array(scores)

        tasks = [(fold, group) for fold in range(len(held_out)) for group in groups]
        paths = list(map_in_order(path, tasks, self.n_jobs))
        return [
            np.concatenate(paths[fold * len(groups) : (fold + 1) * len(groups)], axis=1)
            for fold in range(len(held_out))
        ]

    def _keep(self, X, target, groups, solutions, columns):
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
            if self.kernel == "precomputed":  # scored by kernel values with all samples, also those left out
                self.dual_coef_ = np.zeros((len(beta), self.n_features_in_), np.float32)
                self.dual_coef_[:, columns] = beta
            else:
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
    """How good each pair is on each fold, (n_pairs, n_folds)."""
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
