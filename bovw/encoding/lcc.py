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
_ROOM = 4  # free places at least for words that violate the condition
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
    squares = np.einsum("kd,kd->k", words, words)
    width = min(_WORKING_SET, len(words))
    buffers = search.buffers(n_rows, width)

    def code(block):
        X = block.astype(np.float64)
        work = search.nearest(block, buffers).copy()
        gamma = np.zeros(work.shape)
        gamma[:, 0] = 1
        distances = np.einsum("nd,nd->n", X, X)[:, None] - 2 * X @ words.T + squares
        todo = np.arange(len(block))
        for _ in range(_ROUNDS):
            parts = X[todo], distances[todo], work[todo], gamma[todo]
            wrong, fullest = _improve(words, mu, tol, *parts)
            work[todo], gamma[todo] = parts[2:]
            todo = todo[wrong]
            if not len(todo):
                break
            if fullest > work.shape[1] - _ROOM and work.shape[1] < len(words):
                work, gamma = _wider(work, gamma, distances)
        else:
            warnings.warn(
                f"{len(todo)} LCC codes did not reach tol={tol}; raise tol or mu", ConvergenceWarning, stacklevel=2
            )
        return work, gamma.astype(np.float32)

    return code


def _improve(words, mu, tol, X, distances, work, gamma):
    """Solve over the working sets, check all words, renew the sets; which rows are not optimal yet."""
    residuals, (multipliers, scales, violations) = np.empty_like(X), np.empty((3, len(X)))
    kernels.solve_lcc(X, words, work, gamma, mu, tol / 2, _MAX_ITER, residuals, multipliers, scales, violations)
    gradients = np.matmul(residuals, -words.T)
    gradients += np.einsum("nd,nd->n", X, residuals)[:, None]
    wrong = np.empty(len(X), np.uint8)
    fullest = kernels.renew_work(
        gradients, distances, multipliers, scales, violations, mu, tol, work, gamma, wrong
    )
    return wrong.astype(bool), fullest


def _wider(work, gamma, distances):
    """Working sets of twice the width, filled up with the nearest words."""
    width = min(2 * work.shape[1], distances.shape[1])
    ranked = distances.copy()
    np.put_along_axis(ranked, work.astype(np.intp), np.inf, axis=1)
    extra = np.argsort(ranked, axis=1, kind="stable")[:, :width - work.shape[1]].astype(np.int32)
    return np.concatenate([work, extra], axis=1), np.pad(gamma, ((0, 0), (0, extra.shape[1])))


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
