r"""Local coordinate coding: the convex problem, solved to a tolerance.

Yu, Zhang and Gong (2009) code a descriptor :math:`x` over words :math:`c_k` by

.. math::
    \min_\gamma \tfrac12 \Bigl\| x - \sum_k \gamma_k c_k \Bigr\|^2
    + \mu \sum_k |\gamma_k| \, \|c_k - x\|^2
    \quad\text{with}\quad \sum_k \gamma_k = 1.

With :math:`z_k = x - c_k` and :math:`g_k = z_k^\top \sum_j \gamma_j z_j` the code is optimal when a number
:math:`\nu` exists such that :math:`\nu = g_k + \mu \|z_k\|^2 \mathrm{sign}\,\gamma_k` where
:math:`\gamma_k \neq 0` and :math:`|\nu - g_k| \le \mu \|z_k\|^2` where :math:`\gamma_k = 0`.

The penalty grows with distance, so only some of the words get weights. Each problem is solved
exactly over a working set, at first the nearest words, by an active-set method. Two
products of matrices, of the words with the descriptors and with the residuals, then check
the condition for all words; those that come closest to violating it, or do, join the words with weights
in the next working set, until no word violates it.
"""

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from .._cext import lcc as kernels
from .._cext.sparse_pool import fill_codes
from .._docs import documented_by
from .._parameters import Number
from ..codebook.neighbors import OVERFLOW, NeighborSearch
from ..errors import ParameterError
from .base import BLOCK_ROWS, WORDS, Encoder, check_arguments, check_words
from .sparse import SparseCodes, SparseEncoder, gather_codes

_NEAREST = 16  # words of the first working sets
_RIVALS = 32  # words without weights in the later ones
_BLOCK_NUMBERS = 1 << 20  # of the descriptors x words matrices
_LEAST_ROWS = 64
_ROUNDS = 30
_MAX_STEPS = 20_000


@documented_by(Encoder)
class LCC(SparseEncoder):
    """Local coordinate coding over all words.

    Parameters
    ----------
    codebook : KMeansCodebook or HierarchicalKMeans or None, default None
        The codebook that ``fit`` clones and fits. None is ``KMeansCodebook()``.
    mu : float > 0, default 0.1
        Weight of the locality penalty. Large values leave only the nearest word.
    tol : float > 0, default 0.0001
        How far the optimality condition may be violated, relative to the squared distance
        of the nearest word.

    Notes
    -----
    Poolings: "max" (the default), "sum", "average". At 1024 words about ten times slower than
    :class:`bovw.LLC`, its approximation; more when ``mu`` is small, as many words get weights then.

    Products of matrices are in float32, problems over working sets and the verdict on the condition in
    double precision: words that rounding leaves in doubt are judged again.

    References
    ----------
    K. Yu, T. Zhang, Y. Gong. Nonlinear learning using local coordinate coding. NIPS 2009.

    H. Lee, A. Battle, R. Raina, A. Y. Ng. Efficient sparse coding algorithms. NIPS 2006 (feature-sign
    search, the active-set method for the problem without the constraint).

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import KMeansCodebook
    >>> X = np.array([[0.0], [0.2], [1.0]])
    >>> encoder = LCC(KMeansCodebook(2, init=[[0.0], [1.0]]), mu=0.01).fit(X)
    >>> encoder.codes([[0.55], [0.1]]).to_dense().round(2)
    array([[0.5, 0.5],
           [1. , 0. ]], dtype=float32)
    """

    poolings = ("max", "sum", "average")
    PARAMETERS = {"codebook": WORDS, "mu": Number(0, exclusive=True), "tol": Number(0, exclusive=True)}

    def __init__(self, codebook: BaseEstimator | None = None, *, mu: float = 0.1, tol: float = 1e-4):
        self.codebook = codebook
        self.mu = mu
        self.tol = tol

    def _coder(self, n_rows):
        search = self._prepared(NeighborSearch, self.codebook_.words_)
        return _coder(search, self.checked("mu"), self.checked("tol"), n_rows)


def _coder(search, mu, tol, n_rows):
    n_words, d = search.words.shape
    n_rows = max(1, min(n_rows, max(_LEAST_ROWS, _BLOCK_NUMBERS // n_words)))
    buffers = search.buffers(n_rows, min(_NEAREST, n_words))
    products = np.empty((n_rows, n_words), np.float32)
    most = min(d + 1, n_words)  # words with weights are affinely independent

    def code(block):
        codes = np.empty((len(block), most), np.int32), np.empty((len(block), most), np.float32)
        counts = np.empty(len(block), np.int32)
        for start in range(0, len(block), n_rows):
            rows = slice(start, start + n_rows)
            _solve(search, mu, tol, block[rows], buffers, products, *(part[rows] for part in codes), counts[rows])
        width = counts.max(initial=1)
        indices, weights = (np.ascontiguousarray(part[:, :width]) for part in codes)
        fill_codes(indices, weights, counts)
        return indices, weights

    return code


def _solve(search, mu, tol, X, buffers, products, indices, weights, counts):
    """Write the words, weights and numbers of words of the rows of X to the last three arguments."""
    (n_words, d), todo = search.words.shape, np.arange(len(X), dtype=np.int32)
    work = search.nearest(X, buffers, scores=True).copy()
    scores = buffers[0]
    gamma, used, scales = np.ones(work.shape), np.ones(len(X), np.int32), np.zeros(len(X))

    def finish(rows, widest):
        indices[todo[rows], :widest] = work[rows, :widest]
        weights[todo[rows], :widest] = gamma[rows, :widest]
        counts[todo[rows]] = used[rows]

    for _ in range(_ROUNDS):
        rows, found = X[todo], products[: len(todo)]
        residuals, (multipliers, spreads) = np.empty((len(todo), -(-d // 8) * 8)), np.empty((2, len(todo)))
        kernels.solve_lcc(
            rows, search.words, work, gamma, used, mu, tol / 2, _MAX_STEPS, scales, residuals, multipliers, spreads
        )
        search.products(residuals[:, :d].astype(np.float32), found)
        widest = int(used.max())
        larger = np.zeros((len(todo), min(n_words, widest + max(_RIVALS, widest))), np.int32)
        larger[:, :widest] = work[:, :widest]
        wrong = np.empty(len(todo), np.uint8)
        if not kernels.check_lcc(
            rows, search.words, search.center, search.reach, scores, todo, found, residuals, multipliers, spreads,
            scales, mu, tol, larger, used, wrong,
        ):
            raise ParameterError(OVERFLOW)
        wrong = wrong.astype(bool)
        finish(~wrong, widest)
        if not wrong.any():
            return
        todo, used, scales, work = todo[wrong], used[wrong], scales[wrong], larger[wrong]
        gamma = np.pad(gamma[wrong, :widest], ((0, 0), (0, work.shape[1] - widest)))
    finish(slice(None), widest)
    warnings.warn(f"{len(todo)} LCC codes did not reach tol={tol}; raise tol or mu", ConvergenceWarning, stacklevel=2)


@documented_by(LCC)
def lcc(descriptors, words, *, mu: float = 0.1, tol: float = 1e-4) -> SparseCodes:
    """LCC codes of descriptors.

    Parameters
    ----------
    descriptors : array of shape (n, d), or descriptor sets
    words : array of shape (K, d)
    mu, tol
        As in :class:`LCC`.

    Returns
    -------
    SparseCodes
        The words of each descriptor, with weights that sum to 1; the widest code decides how many entries all
        have, and others are filled up with words of weight 0.

    Warns
    -----
    ConvergenceWarning
        If a code does not reach ``tol``.

    Examples
    --------
    >>> lcc([[0.25]], [[0.0], [1.0], [5.0]], mu=1e-6).to_dense().round(2).tolist()
    [[0.75, 0.25, 0.0]]
    """
    words, X = check_words(words, descriptors)
    mu, tol = check_arguments(LCC, mu=mu, tol=tol)
    return gather_codes(_coder(NeighborSearch(words), mu, tol, min(BLOCK_ROWS, len(X))), X, len(words))
