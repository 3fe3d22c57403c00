r"""Soft assignment: the kernel codebook, with its uncertainty weights.

Van Gemert et al. (2010) let a descriptor vote for several words, by a Gaussian of the
distance; in their *codeword uncertainty* (UNC) the votes of a descriptor sum to one,

.. math::
    w_k = \frac{\exp(-\|x - c_k\|^2 / 2\sigma^2)}{\sum_j \exp(-\|x - c_j\|^2 / 2\sigma^2)}.

Here the sum runs over the nearest words only, as is usual (Chatfield et al. 2011 take 5).
"""

import numpy as np
from sklearn.base import BaseEstimator

from .._cext import neighbors as kernels
from .._docs import documented_by
from .._parameters import Integer, Number, Optional
from ..codebook.nearest import WordSearch
from ..codebook.neighbors import NeighborSearch
from ..errors import ParameterError
from .base import BLOCK_ROWS, WORDS, check_arguments, check_words
from .sparse import SparseCodes, SparseEncoder, check_neighbors, count_words, gather_codes


class SoftAssignment(SparseEncoder):
    """Votes for the nearest words, weighted by a Gaussian of the distance.

    Parameters
    ----------
    codebook : KMeansCodebook or HierarchicalKMeans or None, default None
        The codebook that ``fit`` clones and fits. None is ``KMeansCodebook()``.
    n_neighbors : int >= 1, default 5
        Words that a descriptor votes for, at most K.
    sigma : float > 0 or None, default None
        Width of the Gaussian, in the unit of the descriptors. None learns it in ``fit``:
        the root mean square, over training descriptors and dimensions, of their
        difference from the nearest word.

    Attributes
    ----------
    codebook_ : KMeansCodebook
        The fitted codebook; words in ``codebook_.words_``.
    sigma_ : float
        The width in use.
    n_features_in_ : int
        Dimension of a descriptor.

    Notes
    -----
    Poolings: "sum" (the default), "average", "max".

    References
    ----------
    J. van Gemert, C. Veenman, A. Smeulders, J.-M. Geusebroek. Visual word ambiguity.
    IEEE PAMI 32, 2010. :doi:`10.1109/TPAMI.2009.132`

    K. Chatfield, V. Lempitsky, A. Vedaldi, A. Zisserman. The devil is in the details: an
    evaluation of recent feature encoding methods. BMVC 2011. :doi:`10.5244/C.25.76`

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import KMeansCodebook
    >>> X = np.array([[0.0], [0.2], [1.0]])
    >>> encoder = SoftAssignment(KMeansCodebook(2, init=[[0.0], [1.0]]), n_neighbors=2, sigma=0.5).fit(X)
    >>> encoder.codes(X).to_dense().round(2)
    array([[0.88, 0.12],
           [0.78, 0.22],
           [0.17, 0.83]], dtype=float32)
    >>> encoder.encode(X).round(2)
    array([1.82, 1.18], dtype=float32)
    """

    poolings = ("sum", "average", "max")
    PARAMETERS = {"codebook": WORDS, "n_neighbors": Integer(1), "sigma": Optional(Number(0, exclusive=True))}

    def __init__(self, codebook: BaseEstimator | None = None, *, n_neighbors: int = 5, sigma: float | None = None):
        self.codebook = codebook
        self.n_neighbors = n_neighbors
        self.sigma = sigma

    def check_pairs(self):
        check_neighbors(self.n_neighbors, count_words(self.codebook))

    @classmethod
    def with_codebook(cls, codebook, **params) -> "SoftAssignment":
        """As :meth:`Encoder.with_codebook`; ``sigma`` must be given, for there is nothing to learn it from."""
        encoder = super().with_codebook(codebook, **params)
        if encoder.sigma is None:
            raise ParameterError("sigma=None is learnt in fit; give a number with a codebook that is fitted already")
        encoder.sigma_ = encoder.checked("sigma")
        return encoder

    def _learn(self, X):
        if self.sigma is not None:
            self.sigma_ = self.checked("sigma")
            return
        words = self.codebook_.words_
        labels, distances = WordSearch(words).labels(X), np.empty((len(X), 1), np.float32)
        kernels.word_distances(X, words, labels[:, None], distances)
        mean = float(distances.mean(dtype=np.float64)) / words.shape[1]
        self.sigma_ = float(np.sqrt(mean)) if mean > 0 else 1.0

    def _coder(self, n_rows):
        search = self._prepared(NeighborSearch, self.codebook_.words_)
        check_neighbors(self.n_neighbors, len(search.words))
        return _coder(search, self.n_neighbors, self.sigma_, n_rows)


def _coder(search, n_neighbors, sigma, n_rows):
    buffers = search.buffers(n_rows, n_neighbors)
    distances = np.empty((n_rows, n_neighbors), np.float32)

    def code(block):
        indices, weights = search.nearest(block, buffers), distances[: len(block)]
        kernels.word_distances(block, search.words, indices, weights)
        weights -= weights.min(axis=1, keepdims=True)
        with np.errstate(over="ignore", under="ignore"):
            np.exp(weights / np.float32(-2 * sigma**2), out=weights)
        weights /= weights.sum(axis=1, keepdims=True)
        return indices, weights

    return code


@documented_by(SoftAssignment)
def soft_assignment(descriptors, words, *, n_neighbors: int = 5, sigma: float) -> SparseCodes:
    """Kernel codebook votes of descriptors.

    Parameters
    ----------
    descriptors : array of shape (n, d), or descriptor sets
    words : array of shape (K, d)
    n_neighbors
        As in :class:`SoftAssignment`.
    sigma : float
        Width of the Gaussian, positive, in the unit of the descriptors: what the class learns as ``sigma_``.

    Returns
    -------
    SparseCodes
        The nearest words of each descriptor, nearest first, with votes that sum to 1.

    Examples
    --------
    >>> soft_assignment([[0.5]], [[0.0], [1.0], [9.0]], sigma=1.0, n_neighbors=2).to_dense().tolist()
    [[0.5, 0.5, 0.0]]
    """
    words, X = check_words(words, descriptors)
    n_neighbors, sigma = check_arguments(SoftAssignment, n_neighbors=n_neighbors, sigma=sigma)
    check_neighbors(n_neighbors, len(words))
    if sigma is None:
        raise ParameterError("sigma=None is learnt by SoftAssignment.fit; give a number, such as its sigma_")
    return gather_codes(_coder(NeighborSearch(words), n_neighbors, sigma, min(BLOCK_ROWS, len(X))), X, len(words))
