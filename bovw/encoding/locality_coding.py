r"""Locality-constrained linear coding, in its fast approximate form.

Wang et al. (2010), section 3, code a descriptor :math:`x` over words :math:`c_k` by

.. math::
    \min_\gamma \|x - C\gamma\|^2 + \lambda \|d \odot \gamma\|^2
    \quad\text{with}\quad \mathbf 1^\top\gamma = 1,

d growing with the distance of each word. The approximation (their section 3.2, equation 7)
keeps the :math:`k` nearest words only and drops the locality term, which selecting
the neighbors has served already. With the rows of :math:`Z` the differences
:math:`c_j - x` of the neighbors, the optimum has the closed form

.. math::
    w \propto (Z Z^\top + \rho\, \mathrm{tr}(Z Z^\top)\, I)^{-1} \mathbf 1,
    \qquad \textstyle\sum_j w_j = 1,

where :math:`\rho`, the ``regularization``, is for a Gram matrix that is singular when neighbors are
affinely dependent. Weights may be negative. Codes are pooled by maximum.
"""

import numpy as np
from sklearn.base import BaseEstimator

from .._cext import llc as kernels
from .._docs import documented_by
from .._parameters import Integer, Number
from ..codebook.neighbors import NeighborSearch
from .base import BLOCK_ROWS, WORDS, Encoder, check_arguments, check_words
from .sparse import SparseCodes, SparseEncoder, check_neighbors, count_words, gather_codes


@documented_by(Encoder)
class LLC(SparseEncoder):
    """Locality-constrained linear coding over the nearest words.

    Parameters
    ----------
    codebook : KMeansCodebook or HierarchicalKMeans or None, default None
        The codebook that ``fit`` clones and fits. None is ``KMeansCodebook()``.
    n_neighbors : int >= 1, default 5
        Words that rebuild a descriptor, at most K.
    regularization : float > 0, default 0.0001
        Regularization relative to the trace of the Gram matrix.

    Notes
    -----
    Poolings: "max" (the default), "sum", "average". The maximum counts the zeros of
    the codes: it is negative only for a word that every descriptor of a cell uses
    with a negative weight.

    ``regularization`` is 1e-4 in the authors' code; a widely copied variant has 3e-2.

    References
    ----------
    J. Wang, J. Yang, K. Yu, F. Lv, T. Huang, Y. Gong. Locality-constrained linear
    coding for image classification. CVPR 2010. :doi:`10.1109/CVPR.2010.5540018`. Section 3.2, equation 7.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import KMeansCodebook
    >>> X = np.array([[0.0], [0.2], [1.0]])
    >>> encoder = LLC(KMeansCodebook(2, init=[[0.0], [1.0]]), n_neighbors=2).fit(X)
    >>> encoder.codes([[0.55], [2.0]]).to_dense().round(2)
    array([[ 0.5 ,  0.5 ],
           [-1.11,  2.11]], dtype=float32)
    >>> encoder.encode([[0.55], [2.0]]).round(2)
    array([0.5 , 2.11], dtype=float32)
    """

    poolings = ("max", "sum", "average")
    PARAMETERS = {"codebook": WORDS, "n_neighbors": Integer(1), "regularization": Number(0, exclusive=True)}

    def __init__(self, codebook: BaseEstimator | None = None, *, n_neighbors: int = 5, regularization: float = 1e-4):
        self.codebook = codebook
        self.n_neighbors = n_neighbors
        self.regularization = regularization

    def check_pairs(self):
        check_neighbors(self.n_neighbors, count_words(self.codebook))

    def _coder(self, n_rows):
        search = self._prepared(NeighborSearch, self.codebook_.words_)
        check_neighbors(self.n_neighbors, len(search.words))
        return _coder(search, self.n_neighbors, self.checked("regularization"), n_rows)


def _coder(search, n_neighbors, regularization, n_rows):
    buffers = search.buffers(n_rows, n_neighbors)
    weights = np.empty((n_rows, n_neighbors), np.float32)

    def code(block):
        indices = search.nearest(block, buffers)
        kernels.llc_weights(block, search.words, indices, regularization, weights[: len(block)])
        return indices, weights[: len(block)]

    return code


@documented_by(LLC)
def llc(descriptors, words, *, n_neighbors: int = 5, regularization: float = 1e-4) -> SparseCodes:
    """Approximate LLC codes of descriptors.

    Parameters
    ----------
    descriptors : array of shape (n, d), or descriptor sets
    words : array of shape (K, d)
    n_neighbors, regularization
        As in :class:`LLC`.

    Returns
    -------
    SparseCodes
        The nearest words of each descriptor, nearest first, with weights that sum to 1.

    Examples
    --------
    >>> codes = llc([[0.25]], [[0.0], [1.0], [5.0]], n_neighbors=2)
    >>> codes.indices.tolist(), codes.weights.round(2).tolist()
    ([[0, 1]], [[0.75, 0.25]])
    >>> codes.to_dense().round(2).tolist()
    [[0.75, 0.25, 0.0]]
    """
    words, X = check_words(words, descriptors)
    n_neighbors, regularization = check_arguments(LLC, n_neighbors=n_neighbors, regularization=regularization)
    check_neighbors(n_neighbors, len(words))
    coder = _coder(NeighborSearch(words), n_neighbors, regularization, min(BLOCK_ROWS, len(X)))
    return gather_codes(coder, X, len(words))
