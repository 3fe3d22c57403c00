"""Support vector machines with the squared hinge, solved in their weights: for more samples than features.

Definition
----------
With rows x_i, to which a constant feature s (the *intercept scaling*) is appended, and
labels y_i = +1 or -1, each problem is

    min over w   P(w) = 1/2 |w|^2 + C sum_i v_i max(0, 1 - y_i <w, x_i>)^2,

the primal of ``dual_svm``, with weights v_i of samples, 1 by default. With the misses
m_i = max(0, 1 - y_i <w, x_i>) and the active samples A = {i: m_i > 0}, gradient and (generalized) Hessian are

    g = w - 2 C sum_i v_i y_i m_i x_i,          H = I + 2 C sum_{i in A} v_i x_i x_i'.

The dual variables 2 C v_i m_i are feasible, and their dual value is P(w) - 1/2 |g|^2: the duality
gap is half the squared length of the gradient. Divided by P(w) it is the stopping rule.

Algorithm
---------
Newton's method [1]_ [2]_: H p = -g is solved by conjugate gradients, and t of the step t p is
halved from 1 until P has fallen enough. A product of H with one direction a problem reads X once, for
all problems together, block of rows by block of rows. Two things keep the products few:

* the equations are solved only to min(1/2, sqrt(|g| / |g_0|)) of |g| [1]_;
* they are preconditioned with M = I + 2 C X'X, the Hessian at the start, where all samples are
  active. It is made and factorized once and serves all problems; as H lies between I and M
  and most samples stay active for long, few conjugate gradients are left to do, however
  unevenly features vary. (Of weights M knows the mean only.) M has d^2 numbers and is left out
  where there are more features than samples.

Weights are float64, products with X float32.

References
----------
.. [1] C.-J. Lin, R. C. Weng, S. S. Keerthi, "Trust region Newton method for large-scale logistic
   regression", JMLR 9, 2008, section 5 (L2-loss support vector machines).
.. [2] S. S. Keerthi, D. DeCoste, "A modified finite Newton method for fast solution of large scale
   linear SVMs", JMLR 6, 2005.
"""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import scipy.linalg

from .._threads import check_n_jobs, single_threaded

_ROWS = 1024
_TILE_COLUMNS = 1024
_MOST_GRADIENTS = 500  # conjugate gradients of one Newton step
_MOST_HALVINGS = 30
_ENOUGH = 1e-4  # share of the decrease that the slope promises


class PrimalSolution(NamedTuple):
    """What :meth:`PrimalProblems.solve` returns, an entry a problem.

    Attributes
    ----------
    weights : (n_problems, d) float32
    intercept : (n_problems,) float64
    objectives : (n_problems,) float64
        P(w), of the weights as computed with.
    gaps : (n_problems,) float64
        Relative duality gaps, (primal - dual) / primal.
    n_iter : (n_problems,) int
        Newton steps.
    """

    weights: np.ndarray
    intercept: np.ndarray
    objectives: np.ndarray
    gaps: np.ndarray
    n_iter: np.ndarray


class PrimalProblems:
    """Samples that several binary problems share; a context manager, for its workers are there inside the block only.

    Parameters
    ----------
    X : (n, d) float32, C-contiguous
    C : float
    intercept_scaling : float
        0 for machines without a bias.
    weights : (n,) float64, optional
        Of the samples, as :meth:`solve` will have them on the whole.
    n_jobs : int, optional
        Worker threads. Results do not depend on it.
    """

    def __init__(self, X, *, C, intercept_scaling=1.0, weights=None, n_jobs=None):
        self.X, self.C, self.s = X, C, intercept_scaling
        self._mean_cost = C if weights is None else C * float(np.mean(weights))
        self._n_jobs = check_n_jobs(n_jobs)
        self._blocks = [slice(start, start + _ROWS) for start in range(0, len(X), _ROWS)]

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(single_threaded())
            workers = stack.enter_context(ThreadPoolExecutor(self._n_jobs)) if self._n_jobs > 1 else None
            self._map = map if workers is None else workers.map
            n, d = self.X.shape
            self._factor = self._preconditioner() if d <= n else None
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._exit.close()

    def solve(self, signs, *, sample_weights=None, tol=1e-3, max_iter=100):
        """Solve a group of problems.

        Parameters
        ----------
        signs : (n_problems, n) int8
            +1 or -1; 0 leaves a sample out of a problem.
        sample_weights : (n_problems, n) float64, optional
            What the loss of each sample is multiplied by; by default 1.
        tol : float
            Relative duality gap at which a problem is done.
        max_iter : int
            Newton steps at most.

        Returns
        -------
        PrimalSolution
        """
        (k, n), d = signs.shape, self.X.shape[1]
        weights, scores = np.zeros((k, d + 1)), np.zeros((k, n), np.float32)
        value, gap = np.full((2, k), np.inf)
        n_iter, stalled = np.zeros(k, int), np.zeros(k, bool)
        first_norm, todo = None, np.arange(k)
        shares = np.ones((k, 1), np.float32) if sample_weights is None else sample_weights.astype(np.float32)
        while True:
            value[todo], gradient, active = self._gradient(weights[todo], scores[todo], signs[todo], shares[todo])
            norm = np.linalg.norm(gradient, axis=1)
            gap[todo] = norm**2 / 2 / value[todo]
            first_norm = norm if first_norm is None else first_norm
            left = (gap[todo] > tol) & (n_iter[todo] < max_iter) & ~stalled[todo]
            todo, gradient, active, norm = todo[left], gradient[left], active[left], norm[left]
            if not len(todo):
                break
            accuracy = np.minimum(0.5, np.sqrt(norm / first_norm[todo]))
            direction = self._newton_direction(gradient, active, accuracy * norm)
            change = self._scores(direction)
            length = self._step_length(
                weights[todo], scores[todo], signs[todo], shares[todo], gradient, direction, change
            )
            weights[todo] += length[:, None] * direction
            scores[todo] += length[:, None].astype(np.float32) * change
            n_iter[todo] += 1
            stalled[todo] = length == 0  # rounding allows no better
        return PrimalSolution(weights[:, :-1].astype(np.float32), self.s * weights[:, -1], value, gap, n_iter)

    def _gradient(self, weights, scores, signs, shares):
        """Objectives, gradients, and what the active samples weigh."""
        miss = np.maximum(0, np.abs(signs) - signs * scores)
        value = self._value(weights, miss, shares)
        slope = shares * miss
        gradient = weights - 2 * self.C * self._over_rows(lambda rows: signs[:, rows] * slope[:, rows])
        return value, gradient, shares * (miss > 0)

    def _value(self, weights, miss, shares):
        loss = np.einsum("kn,kn->k", shares * miss, miss, dtype=np.float64)
        return 0.5 * np.einsum("kd,kd->k", weights, weights) + self.C * loss

    def _newton_direction(self, gradient, active, wanted):
        """The p of H p = -g of each problem, to residuals of length ``wanted``."""
        p, residual = np.zeros_like(gradient), -gradient
        z = self._precondition(residual)
        q, slope = z.copy(), np.einsum("kd,kd->k", residual, z)
        for _ in range(_MOST_GRADIENTS):
            far = np.linalg.norm(residual, axis=1) > wanted
            if not far.any():
                break
            product = self._hessian_product(q[far], active[far])
            length = slope[far] / np.einsum("kd,kd->k", q[far], product)
            p[far] += length[:, None] * q[far]
            residual[far] -= length[:, None] * product
            z = self._precondition(residual[far])
            new = np.einsum("kd,kd->k", residual[far], z)
            q[far] = z + (new / slope[far])[:, None] * q[far]
            slope[far] = new
        return p

    def _step_length(self, weights, scores, signs, shares, gradient, direction, change):
        """A t of each problem for which P falls by enough along ``direction``; 0 where there is none."""

        def value(t):
            miss = np.maximum(0, np.abs(signs) - signs * (scores + t[:, None].astype(np.float32) * change))
            return self._value(weights + t[:, None] * direction, miss, shares)

        length, start = np.ones(len(weights)), value(np.zeros(len(weights)))
        promised = _ENOUGH * np.einsum("kd,kd->k", gradient, direction)
        for _ in range(_MOST_HALVINGS):
            bad = value(length) > start + length * promised
            if not bad.any():
                return length
            length[bad] /= 2
        length[bad] = 0
        return length

    def _scores(self, weights):
        """<w, x> of all samples, (n_problems, n) float32."""
        narrow = weights.astype(np.float32)
        return np.concatenate(
            list(self._map(lambda rows: self._block_scores(narrow, self.X[rows]), self._blocks)), axis=1
        )

    def _block_scores(self, weights, block):
        scores = weights[:, :-1] @ block.T
        scores += np.float32(self.s) * weights[:, -1:]
        return scores

    def _hessian_product(self, q, active):
        narrow = q.astype(np.float32)
        return q + 2 * self.C * self._over_rows(
            lambda rows: active[:, rows] * self._block_scores(narrow, self.X[rows])
        )

    def _over_rows(self, factors):
        """sum_i f_i x_i with ``factors(rows)`` (n_problems, m), float64: float32 inside a block of rows."""

        def part(rows):
            values = factors(rows)
            return values @ self.X[rows], values.sum(axis=1)

        total = 0.0
        for sums, constant in self._map(part, self._blocks):
            total = total + np.column_stack([sums, self.s * constant]).astype(np.float64)
        return total

    def _preconditioner(self):
        """The lower Cholesky factor of I + 2 C X'X, float32."""
        d = self.X.shape[1]
        m = np.zeros((d + 1, d + 1), np.float32)

        def tile(start):
            columns = slice(start, min(start + _TILE_COLUMNS, d))
            np.matmul(self.X[:, columns].T, self.X[:, : columns.stop], out=m[columns, : columns.stop])

        list(self._map(tile, range(0, d, _TILE_COLUMNS)))
        m[d, :d] = self.s * self.X.sum(axis=0, dtype=np.float64)
        m[d, d] = self.s**2 * len(self.X)
        m *= np.float32(2 * self._mean_cost)
        m[np.diag_indices(d + 1)] += 1
        try:
            return scipy.linalg.cho_factor(m, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:  # rounding made it indefinite
            return None

    def _precondition(self, residual):
        if self._factor is None:
            return residual.copy()
        z = scipy.linalg.cho_solve(self._factor, residual.T.astype(np.float32), check_finite=False)
        return z.T.astype(np.float64)
