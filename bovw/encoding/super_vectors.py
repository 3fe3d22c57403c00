r"""Super-vector coding (Zhou et al. 2010).

A descriptor :math:`x` nearest to word :math:`c_k` is coded by a constant and the
difference, in the block of that word: :math:`\varphi(x) = [\dots, s, x - c_k, \dots]`.
With :math:`p_k` the share of training descriptors that fall to word k, the code of N
descriptors is (their equation 6)

.. math::
    \Phi = \frac1N \sum_k \frac1{\sqrt{p_k}} \sum_{i : k(i) = k} \varphi(x_i).
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._docs import documented_by
from .._parameters import Number
from ..codebook.nearest import WordSearch
from ..errors import ParameterError
from .base import WORDS, check_arguments, check_words, divide_by_counts
from .residuals import ResidualEncoder, residual_statistics, split_statistics


class SuperVector(ResidualEncoder):
    """Super-vector coding over hard-assigned words.

    Parameters
    ----------
    codebook : KMeansCodebook or HierarchicalKMeans or None, default None
        The codebook that ``fit`` clones and fits. None is ``KMeansCodebook()``.
    s : float >= 0, default 1.0
        The constant beside each word's residual, in the unit of the descriptors.

    Attributes
    ----------
    codebook_ : KMeansCodebook
        The fitted codebook; words in ``codebook_.words_``.
    probabilities_ : array of shape (K,), float64
        Share of the training descriptors of each word, at least one descriptor's; 1 / K for
        an encoder made by ``with_codebook``.
    n_features_in_ : int
        Dimension of a descriptor.

    Notes
    -----
    Poolings: "average" (the definition above), "sum" (N times it).

    References
    ----------
    X. Zhou, K. Yu, T. Zhang, T. Huang. Image classification using super-vector coding of
    local image descriptors. ECCV 2010. :doi:`10.1007/978-3-642-15555-0_11`. Equation 6.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import KMeansCodebook
    >>> X = np.array([[0.0], [0.2], [1.0]])
    >>> encoder = SuperVector(KMeansCodebook(2, init=[[0.0], [1.0]]), s=0.5).fit(X)
    >>> encoder.encode([[0.3], [0.4], [0.9], [1.1]]).round(3)
    array([0.306, 0.153, 0.433, 0.   ], dtype=float32)
    """

    poolings = ("average", "sum")

    PARAMETERS = {"codebook": WORDS, "s": Number(0)}

    def __init__(self, codebook: BaseEstimator | None = None, *, s: float = 1.0):
        self.codebook = codebook
        self.s = s

    def _adopt(self, codebook):
        super()._adopt(codebook)
        K = len(codebook.words_)
        self.probabilities_ = np.full(K, 1 / K)

    def _learn(self, X):
        labels = self._prepared(WordSearch, self.codebook_.words_).labels(X)
        self.probabilities_ = np.maximum(np.bincount(labels, minlength=len(self.probabilities_)), 1) / len(X)

    @property
    def code_size(self) -> int:
        """Length of a pooled code: K (d + 1)."""
        check_is_fitted(self)
        return len(self.codebook_.words_) * self.block_size

    @property
    def block_size(self) -> int:
        """Numbers of one codeword side by side: d + 1."""
        check_is_fitted(self)
        return self.codebook_.words_.shape[1] + 1

    def finish(self, statistics, counts, pooling):
        code = _finish(statistics, self.probabilities_, self.s)
        return (divide_by_counts(code, counts) if pooling == "average" else code).astype(np.float32)


def _finish(statistics, probabilities, s):
    masses, residuals = split_statistics(statistics, len(probabilities))
    blocks = np.concatenate([s * masses[:, :, None], residuals], axis=2)
    blocks /= np.sqrt(probabilities)[None, :, None]
    return blocks.reshape(len(statistics), -1)


@documented_by(SuperVector)
def super_vector(descriptors, words, *, probabilities=None, s: float = 1.0) -> np.ndarray:
    """Super-vector of a set of descriptors.

    Parameters
    ----------
    descriptors : array of shape (n, d), or descriptor sets
        May be empty: the code is 0.
    words : array of shape (K, d)
    probabilities : array of shape (K,), default None
        Share of the training descriptors of each word, positive: what the class learns as ``probabilities_``.
        None: 1 / K.
    s
        As in :class:`SuperVector`.

    Returns
    -------
    code : array of shape (K (d + 1),), float32
        Block k is ``s`` times the count, then the residuals.

    Examples
    --------
    >>> super_vector([[1.0], [3.0]], [[2.0]], s=0.5).tolist()
    [0.5, 0.0]
    """
    words, X = check_words(words, descriptors)
    (s,) = check_arguments(SuperVector, s=s)
    K = len(words)
    probabilities = np.full(K, 1 / K) if probabilities is None else np.asarray(probabilities, np.float64)
    if probabilities.shape != (K,) or not (probabilities > 0).all() or not np.isfinite(probabilities).all():
        raise ParameterError(f"probabilities must be {K} positive numbers, one a word")
    code = _finish(residual_statistics(X, np.array([0, len(X)]), WordSearch(words)), probabilities, s)
    return divide_by_counts(code, np.array([len(X)]))[0].astype(np.float32)
