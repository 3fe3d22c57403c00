"""Support vector machines on one Gram matrix: block dual coordinate descent.

Definition
----------
A binary problem has samples x_i with labels y_i = +1 or -1, a kernel k, and a
cost c_i >= 0 a sample. The bias is the weight of an appended constant feature s
(the *intercept scaling*), so it is regularized with the rest [1]_. The primal is

    min over f   P(f) = 1/2 ||f||^2 + sum_i c_i loss(1 - y_i f(x_i)),

with loss(t) = max(0, t) (hinge) or max(0, t)^2 (squared hinge). With
beta_i = y_i alpha_i and K'_ij = k(x_i, x_j) + s^2 the solution is
f(x) = sum_i beta_i k(x_i, x) + b, b = s^2 sum_i beta_i, where alpha maximizes

    D(alpha) = sum_i alpha_i - 1/2 beta' K' beta                      0 <= alpha_i <= c_i  (hinge),
    D(alpha) = sum_i (alpha_i - alpha_i^2 / (4 c_i)) - 1/2 beta' K' beta      0 <= alpha_i (squared).

P(f) - P* <= P(f) - D(alpha) for the f of any feasible alpha: the duality gap,
divided by P(f), is the stopping rule, so P(f) <= P* / (1 - tol).

Algorithm
---------
One step of dual coordinate descent ([1]_, algorithm 1) sets alpha_i to its best
value for the others fixed, alpha_i - g_i / h_i clipped to its range, with
g_i = y_i f(x_i) - 1 and h_i = K'_ii (squared hinge: + alpha_i / (2 c_i) and
+ 1 / (2 c_i)). It needs f(x_i) alone, and changes all f by a multiple of row i of K.

K is shared by all problems but far larger than the caches, so rows are not added
one by one. The steps are taken over a set of samples whose K is gathered into a
small square, on which f is kept exact; what they mean for all other samples is
one matrix product ``delta @ K[rows]`` afterwards, for many problems at once. This
changes no step, only when its effect is written (the block minimization of [2]_
likewise solves over blocks that fit in memory). Two kinds of pass alternate:

*broad*: a fresh random permutation of all samples, cut into blocks, one sweep over
each, for all problems together. (Blocks must be drawn anew: with fixed blocks
several times as many passes are needed.)

*narrow*, as soon as the samples that can still move (0 < alpha_i < c_i, or at a
bound with the gradient pointing inwards) are few: sweeps over those alone, problem
by problem, until their share of the gap is small. This is the shrinking of [1]_
(section 3.2), but no sample is ever given up: the next pass looks at all again.

A rounded kernel matrix
-----------------------
With a matrix K~ in the place of K (``rounded_kernel.py``) the steps are those of another
problem, whose solution is close. Where exact products K beta can be had, at the price of
two products with the signatures, the exact problem is solved by refinement [3]_: as soon as
all gaps are small, the scores are replaced by the exact ones of the alpha at hand; the passes
go on from there, and add K~ delta to them. So the error is that of K~ over the last small steps only,
and the gap that counts is measured on exact scores. It ends when they show all gaps to be
within the tolerance, in general after one or two replacements, or after ``_REFINEMENTS`` of them.

References
----------
.. [1] C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi, S. Sundararajan, "A dual
   coordinate descent method for large-scale linear SVM", ICML 2008.
.. [2] H.-F. Yu, C.-J. Hsieh, K.-W. Chang, C.-J. Lin, "Large linear classification when
   data cannot fit in memory", KDD 2010, section 3.
.. [3] N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, SIAM 2002, chapter 12.
"""

from typing import NamedTuple

import numpy as np

from .._cext import dual_svm as _kernels

_BLOCK = 256
_NARROW_SHARE = 4  # a narrow pass gathers at most (n / 4)^2 kernel values, 1/16 of the Gram matrix
_NARROW_MINIMUM = 512
_NARROW_SWEEPS = 100
_REFINEMENTS = 8
_INEXACT_SHARE = 0.5  # of the tolerance, before the exact scores are asked for
_NARROW_PROGRESS = 0.1  # a narrow pass stops when its share of the gap is this part of the gap before it


class DualSolution(NamedTuple):
    """What :func:`solve_dual` returns; one row or element a problem.

    Attributes
    ----------
    alpha : (n_problems, n) float64
        Dual variables, 0 where the cost is 0.
    scores : (n_problems, n) float64
        f(x_i) of every sample, those of cost 0 included.
    intercept : (n_problems,) float64
    primal, gap : (n_problems,) float64
        The primal objective and its distance from the dual one.
    n_iter : (n_problems,) int64
        Passes taken.
    """

    alpha: np.ndarray
    scores: np.ndarray
    intercept: np.ndarray
    primal: np.ndarray
    gap: np.ndarray
    n_iter: np.ndarray


def solve_dual(
    gram, signs, cost, *, rng, loss="hinge", intercept_scaling=1.0, tol=1e-3, max_iter=1000, alpha=None, product=None
):
    """Solve binary SVMs that share one Gram matrix.

    Parameters
    ----------
    gram : (n, n) float32, C-contiguous
        Symmetric positive semi-definite kernel matrix.
    signs : (n_problems, n) int8
        Labels, +1 or -1.
    cost : (n_problems, n) float64
        C times the weight of each sample; a sample of cost 0 is left out of the
        problem, and the returned scores are then those of a held-out sample.
    rng : numpy.random.Generator
        Of the order of the samples.
    loss : {"hinge", "squared_hinge"}, default "hinge"
    intercept_scaling : float, default 1.0
        The appended constant s; 0 for no bias.
    tol : float, default 0.001
        Relative duality gap at which a problem is done.
    max_iter : int, default 1000
        Passes at most.
    alpha : (n_problems, n) float64, optional
        Starting point, clipped to what is feasible; by default 0.
    product : callable, optional
        With a ``gram`` that is not exact: takes beta, (m, n) float32, and returns ``beta @ K``,
        (m, n), K the exact kernel matrix. Primal, gap and scores are then exact.

    Returns
    -------
    DualSolution
        Check ``gap <= tol * primal``: it fails for problems that ``max_iter`` cut short.

    Notes
    -----
    Sums run in float64, kernel values and matrix products in float32, and ``gap`` is
    that of the float32 values. On unit-norm data the primal recomputed in float64 from
    the weights agreed with ``primal`` to 1e-7 at C = 1, 1e-5 at C = 10 and 1e-4 at
    C = 100: a ``tol`` below that is reported as met, but means no more than that.
    """
    solver = _Solver(gram, signs, cost, loss == "squared_hinge", intercept_scaling**2, rng, product)
    if alpha is not None:
        solver.start_from(alpha)
    return solver.run(tol, max_iter)


class _Solver:
    """The state of a group of problems while they are being solved."""

    def __init__(self, gram, signs, cost, squared, bias_square, rng, product):
        self.gram, self.signs, self.cost, self.rng, self.product = gram, signs, cost, rng, product
        self.squared, self.bias_square = squared, bias_square
        n_problems, self.n = signs.shape
        self.alpha = np.zeros(signs.shape)
        self.scores = np.zeros(signs.shape)
        self.offset = np.zeros(n_problems)
        self.primal = np.zeros(n_problems)
        self.gap = np.zeros(n_problems)
        self.rows = np.empty((min(_BLOCK, self.n), self.n), dtype=np.float32)

    def start_from(self, alpha):
        np.clip(alpha, 0, np.where(self.cost > 0, np.inf, 0) if self.squared else self.cost, out=self.alpha)
        beta = self.signs * self.alpha
        self.offset[:] = self.bias_square * beta.sum(axis=1)
        self.spread(beta.astype(np.float32), np.arange(self.n), np.arange(len(beta), dtype=np.int32))

    def run(self, tol, max_iter):
        n_iter = np.zeros(len(self.signs), dtype=np.int64)
        self.measure(np.arange(len(self.signs), dtype=np.int32))
        if self.product is None:
            self.passes(tol, max_iter, n_iter)
        else:
            for _ in range(_REFINEMENTS):
                self.passes(_INEXACT_SHARE * tol, max_iter, n_iter)
                self.refine()
                if (self.gap <= tol * self.primal).all() or n_iter.max() >= max_iter:
                    break
        return DualSolution(
            self.alpha, self.scores + self.offset[:, None], self.offset, self.primal, self.gap, n_iter
        )

    def passes(self, tol, max_iter, n_iter):
        """Passes over all problems whose gap exceeds ``tol``; counts them in ``n_iter``."""
        limit = max(_NARROW_MINIMUM, self.n // _NARROW_SHARE)
        while True:
            open_ = np.flatnonzero((self.gap > tol * self.primal) & (n_iter < max_iter)).astype(np.int32)
            if len(open_) == 0:
                return
            movable = {p: self.movable(p) for p in open_}
            narrow = np.array([p for p in open_ if len(movable[p]) <= limit], dtype=np.int32)
            broad = np.setdiff1d(open_, narrow)
            if len(broad):
                self.broad_pass(broad)
            if len(narrow):
                self.narrow_pass(narrow, movable, tol)
            self.measure(open_)
            n_iter[open_] += 1

    def refine(self):
        """Replace the scores by the exact ones, and measure them."""
        beta = (self.signs * self.alpha).astype(np.float32)
        self.scores[:] = self.product(beta)
        self.measure(np.arange(len(beta), dtype=np.int32))

    def movable(self, p):
        """The samples of problem ``p`` whose alpha the gradient would change."""
        alpha, cost = self.alpha[p], self.cost[p]
        inside = self.signs[p] * (self.scores[p] + self.offset[p]) < 1
        if self.squared:
            can_move = (alpha > 0) | inside
        else:
            can_move = np.where(inside, alpha < cost, alpha > 0)
        return np.flatnonzero(can_move & (cost > 0)).astype(np.int32)

    def broad_pass(self, problems):
        order = self.rng.permutation(self.n).astype(np.int32)
        for start in range(0, self.n, _BLOCK):
            index = order[start : start + _BLOCK]
            self.spread(self.descend(index, problems, gap_target=-1.0, max_sweeps=1), index, problems)

    def narrow_pass(self, problems, movable, tol):
        delta = np.zeros((len(problems), self.n), dtype=np.float32)
        for row, p in enumerate(problems):
            target = max(_NARROW_PROGRESS * self.gap[p], 0.3 * tol * self.primal[p])
            index = movable[p]
            delta[row, index] = self.descend(index, problems[row : row + 1], target, _NARROW_SWEEPS)[0]
        self.spread(delta, np.arange(self.n), problems)

    def descend(self, index, problems, gap_target, max_sweeps):
        """Sweeps over the samples ``index``; returns the change of beta, (len(problems), len(index))."""
        square = np.empty((len(index), len(index)), dtype=np.float32)
        _kernels.gather_square(self.gram, index, square)
        delta = np.empty((len(problems), len(index)), dtype=np.float32)
        seed = int(self.rng.integers(1, 2**63))
        _kernels.descend(
            square, index, problems, self.signs, self.cost, self.squared, self.bias_square, self.scores,
            self.alpha, self.offset, gap_target, max_sweeps, seed, np.empty_like(index), np.empty(len(index)),
            delta,
        )
        return delta

    def spread(self, delta, index, problems):
        """Add ``delta @ gram[index]`` to the scores, in slabs of gathered rows."""
        changed = np.flatnonzero(delta.any(axis=0))
        for start in range(0, len(changed), _BLOCK):
            columns = changed[start : start + _BLOCK]
            rows = self.rows[: len(columns)]
            np.take(self.gram, index[columns], axis=0, out=rows, mode="clip")
            _kernels.add_rows(delta[:, columns] @ rows, problems, self.scores)

    def measure(self, problems):
        _kernels.objectives(
            self.signs, self.cost, self.squared, problems, self.scores, self.alpha, self.offset, self.primal,
            self.gap,
        )
