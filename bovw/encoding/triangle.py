r"""Triangle activation over k-means words (Coates, Lee and Ng 2011).

With :math:`z_k = \|x - c_k\|` and their mean :math:`\bar z` over the words, a descriptor's code is

.. math::
    f_k = \max(0, \bar z - z_k):

about half of the words, those nearer than the average, are active.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._docs import documented_by
from .base import BLOCK_ROWS, WORDS, Encoder, check_words, divide_by_counts, segments


@documented_by(Encoder)
class TriangleAssignment(Encoder):
    """The "triangle" k-means encoder.

    Parameters
    ----------
    codebook : KMeansCodebook or HierarchicalKMeans or None, default None
        The codebook that ``fit`` clones and fits. None is ``KMeansCodebook()``.

    Notes
    -----
    Poolings: "sum" (the default), "average", "max".

    Squared distances come from a product of matrices in float32: a distance that should be 0
    comes out as up to about a thousandth of the descriptor's distance from the mean word.

    References
    ----------
    A. Coates, H. Lee, A. Ng. An analysis of single-layer networks in unsupervised feature
    learning. AISTATS 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import KMeansCodebook
    >>> X = np.array([[0.0], [0.2], [1.0]])
    >>> encoder = TriangleAssignment(KMeansCodebook(2, init=[[0.0], [1.0]])).fit(X)
    >>> encoder.codes([[0.1], [0.8]]).round(2)
    array([[0.45, 0.  ],
           [0.  , 0.25]], dtype=float32)
    """

    poolings = ("sum", "average", "max")
    PARAMETERS = {"codebook": WORDS}

    def __init__(self, codebook: BaseEstimator | None = None):
        self.codebook = codebook

    @property
    def code_size(self) -> int:
        """Length of a pooled code: the number of words."""
        check_is_fitted(self)
        return len(self.codebook_.words_)

    def codes(self, descriptors) -> np.ndarray:
        """The code of each descriptor, array (n, d) or descriptor sets -> (n, K) float32."""
        X = self._checked_rows(descriptors)
        return _coder(self.codebook_.words_, len(X))(X)

    def statistics(self, descriptors, offsets, pooling):
        words = self.codebook_.words_
        shape = (len(offsets) - 1, len(words))
        total = np.full(shape, -np.inf, np.float32) if pooling == "max" else np.zeros(shape)
        code = _coder(words, min(BLOCK_ROWS, len(descriptors)))
        for start in range(0, len(descriptors), BLOCK_ROWS):
            block = code(descriptors[start : start + BLOCK_ROWS])
            for group, first, last in segments(offsets, start, start + len(block)):
                rows = block[first - start : last - start]
                if pooling == "max":
                    np.maximum(total[group], rows.max(axis=0), out=total[group])
                else:
                    total[group] += rows.sum(axis=0)
        return total

    def finish(self, statistics, counts, pooling):
        if pooling == "max":
            return np.maximum(statistics, 0)
        return (divide_by_counts(statistics, counts) if pooling == "average" else statistics).astype(np.float32)


def _coder(words, n_rows):
    """A function: block of descriptors -> dense codes, in a buffer that the next call overwrites."""
    mean = words.mean(axis=0, dtype=np.float64).astype(np.float32)
    centered = words - mean
    factor = np.ascontiguousarray(-2 * centered.T)
    squares = np.einsum("kd,kd->k", centered, centered)
    buffer = np.empty((n_rows, len(words)), np.float32)

    def code(block):
        X, out = block - mean, buffer[: len(block)]
        np.matmul(X, factor, out=out)
        out += squares
        out += np.einsum("nd,nd->n", X, X)[:, None]
        np.maximum(out, 0, out=out)  # rounding may leave a tiny negative square
        np.sqrt(out, out=out)
        np.subtract(out.mean(axis=1, keepdims=True), out, out=out)
        return np.maximum(out, 0, out=out)

    return code


@documented_by(TriangleAssignment)
def triangle_assignment(descriptors, words) -> np.ndarray:
    """Triangle codes of descriptors.

    Parameters
    ----------
    descriptors : array of shape (n, d), or descriptor sets
    words : array of shape (K, d)

    Returns
    -------
    codes : array of shape (n, K), float32

    Examples
    --------
    >>> triangle_assignment([[0.0]], [[1.0], [3.0]]).tolist()
    [[1.0, 0.0]]
    """
    words, X = check_words(words, descriptors)
    return _coder(words, len(X))(X)
