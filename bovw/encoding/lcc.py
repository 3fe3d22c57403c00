r"""Local coordinate coding: the convex problem, solved to a tolerance.

Yu, Zhang and Gong (2009) code a descriptor :math:`x` over words :math:`c_k` by

.. math::
    \min_\gamma \tfrac12 \Bigl\| x - \sum_k \gamma_k c_k \Bigr\|^2
    + \mu \sum_k |\gamma_k| \, \|c_k - x\|^2
    \quad\text{with}\quad \sum_k \gamma_k = 1.

With :math:`z_k = x - c_k` and :math:`g_k = z_k^\top \sum_j \gamma_j z_j` the code is optimal when a number
:math:`\nu` exists such that :math:`\nu = g_k + \mu \|z_k\|^2 \mathrm{sign}\,\gamma_k` where
:math:`\gamma_k \neq 0` and :math:`|\nu - g_k| \le \mu \|z_k\|^2` where :math:`\gamma_k = 0`.

The penalty grows with distance, so only words near x get weights. Each problem is
solved over a working set, at first its nearest words, by exact descent along pairs of
coordinates, chosen as in sequential minimal optimisation (Fan, Chen and Lin 2005). One product of
matrices then checks the condition for all words; the worst violators replace unused
words of the set, which grows if it must, until no word violates it.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._cext import lcc as kernels
from .._validation import check_matrix, check_number
from ..codebook import KMeansCodebook
from ..codebook.neighbors import NeighborSearch
from .base import BLOCK_ROWS, check_words
from .sparse import SparseEncoder

_WORKING_SET = 24
_ROUNDS = 30
_MAX_ITER = 20_000


class LCC(SparseEncoder):
    """Local coordinate coding over all words.

    Parameters
    ----------
    codebook : KMeansCodebook, optional
        The codebook that ``fit`` clones and fits. None is ``KMeansCodebook()``.
    mu : float
        Weight of the locality penalty, positive. Large values leave only the nearest word.
    tol : float
        How far the optimality condition may be violated, relative to the squared distance
        of the nearest word.

    Attributes
    ----------
    codebook_ : KMeansCodebook
        The fitted codebook; words in ``codebook_.words_``.
    n_features_in_ : int
        Dimension of a descriptor.

    Notes
    -----
    Poolings: "max" (the default), "sum", "average". Much slower than :class:`bovw.LLC`, its
    approximation, the more so the smaller ``mu`` is.

    References
    ----------
    K. Yu, T. Zhang, Y. Gong. Nonlinear learning using local coordinate coding. NIPS 2009.

    R.-E. Fan, P.-H. Chen, C.-J. Lin. Working set selection using second order information for
    training support vector machines. JMLR 6, 2005.
    """

    poolings = ("max", "sum", "average")
    _default_codebook = KMeansCodebook

    def __init__(self, codebook=None, *, mu=0.1, tol=1e-4):
        self.codebook = codebook
        self.mu = mu
        self.tol = tol

    def _check_params(self):
        check_number("mu", self.mu, minimum=0, exclusive=True)
        check_number("tol", self.tol, minimum=0, exclusive=True)

    def _coder(self, n_rows):
        search = self._prepared(NeighborSearch, self.codebook_.words_)
        return _coder(search, float(self.mu), float(self.tol), n_rows)


def _coder(search, mu, tol, n_rows):
    words = search.words.astype(np.float64)
    width = min(_WORKING_SET, len(words))
    buffers = search.buffers(n_rows, width)

    def code(block):
        X, dense = block.astype(np.float64), np.zeros((len(block), len(words)))
        work = search.nearest(block, buffers).copy()
        todo = np.arange(len(block))
        for _ in range(_ROUNDS):
            todo, work = _improve(X, words, mu, tol, dense, todo, work)
            if not len(todo):
                break
        if len(todo):
            warnings.warn(
                f"{len(todo)} LCC codes did not reach tol={tol}; raise tol or mu", ConvergenceWarning, stacklevel=2
            )
        return _sparse(dense)

    return code


def _solve(X, words, mu, tol, dense, rows, work):
    """Solve over the working sets, write into ``dense``; return residuals, multipliers, scales, violations."""
    gamma = dense[rows[:, None], work]
    gamma[(gamma == 0).all(axis=1), 0] = 1  # the start of a new problem
    out = np.empty_like(X), *np.empty((3, len(X)))
    kernels.solve_lcc(X, words, work, gamma, mu, tol / 2, _MAX_ITER, *out)
    dense[rows] = 0
    dense[rows[:, None], work] = gamma
    return out


def _improve(X, words, mu, tol, dense, rows, work):
    """Solve, check all words, and renew the working sets of the rows that are not optimal yet."""
    x = X[rows]
    residuals, multipliers, scales, violations = _solve(x, words, mu, tol, dense, rows, work)
    gradients = np.einsum("nd,nd->n", x, residuals)[:, None] - residuals @ words.T
    distances = np.einsum("nd,nd->n", x, x)[:, None] - 2 * x @ words.T + np.einsum("kd,kd->k", words, words)
    excess = np.abs(gradients - multipliers[:, None]) - mu * np.maximum(distances, 0)
    used = dense[rows] != 0
    violated = (excess > (tol * scales)[:, None]) & (scales > 0)[:, None] & ~used
    np.put_along_axis(violated, work.astype(np.intp), False, axis=1)
    wrong = np.flatnonzero(violated.any(axis=1) | (violations > tol * scales))
    needed = (used[wrong] | violated[wrong]).sum(axis=1).max(initial=0)
    width = work.shape[1] if needed <= work.shape[1] else min(2 * work.shape[1], len(words))
    priority = np.where(used[wrong], -np.inf, -excess[wrong])
    return rows[wrong], np.argsort(priority, axis=1, kind="stable")[:, :width].astype(np.int32, order="C")


def _sparse(dense):
    """As many words a row as the busiest row has; the others' surplus words have weight 0."""
    width = max(1, int(np.count_nonzero(dense, axis=1).max(initial=1)))
    indices = np.argsort(-np.abs(dense), axis=1, kind="stable")[:, :width].astype(np.int32)
    return np.ascontiguousarray(indices), np.take_along_axis(dense, indices.astype(np.intp), axis=1).astype(np.float32)


def lcc(descriptors, words, *, mu=0.1, tol=1e-4):
    """LCC codes of descriptors.

    Parameters
    ----------
    descriptors : array of shape (n, d)
    words : array of shape (K, d)
    mu : float
        Weight of the locality penalty, positive.
    tol : float
        How far the optimality condition may be violated, relative to the squared distance
        of the nearest word.

    Returns
    -------
    codes : array of shape (n, K), float32
        Each row sums to 1; few entries are not zero.

    Examples
    --------
    >>> lcc([[0.25]], [[0.0], [1.0], [5.0]], mu=1e-6).round(2).tolist()
    [[0.75, 0.25, 0.0]]
    """
    words = check_words(words)
    X = check_matrix("descriptors", descriptors, n_features=words.shape[1])
    mu = check_number("mu", mu, minimum=0, exclusive=True)
    tol = check_number("tol", tol, minimum=0, exclusive=True)
    code = _coder(NeighborSearch(words), mu, tol, min(BLOCK_ROWS, len(X)))
    codes = np.zeros((len(X), len(words)), np.float32)
    for start in range(0, len(X), BLOCK_ROWS):
        indices, weights = code(X[start : start + BLOCK_ROWS])
        np.put_along_axis(codes[start : start + BLOCK_ROWS], indices.astype(np.intp), weights, axis=1)
    return codes
