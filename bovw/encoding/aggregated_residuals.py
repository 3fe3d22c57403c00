r"""VLAD: vectors of locally aggregated descriptors (Jégou et al. 2010).

Each word sums the differences of the descriptors nearest to it,

.. math::
    v_k = \sum_{i : k(i) = k} (x_i - c_k),

and the code is :math:`v_1 \dots v_K`. *Mass normalization* divides :math:`v_k` by the
number of its descriptors. The signed square root, intra-normalization (each
:math:`v_k` to unit length, Arandjelović and Zisserman 2013) and the global L2 norm
are steps of :func:`bovw.normalize`.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._docs import documented_by
from .._parameters import Boolean
from ..codebook.nearest import WordSearch
from .base import WORDS, Encoder, check_arguments, check_words, divide_by_counts
from .residuals import ResidualEncoder, residual_statistics, split_statistics


@documented_by(Encoder)
class VLAD(ResidualEncoder):
    """Vectors of locally aggregated descriptors; not normalized but for ``mass_normalize``.

    Parameters
    ----------
    codebook : KMeansCodebook or HierarchicalKMeans or None, default None
        The codebook that ``fit`` clones and fits. None is ``KMeansCodebook()``.
    mass_normalize : bool, default False
        Divide each word's sum by its number of descriptors.

    Notes
    -----
    Poolings: "sum" (the default), "average" (divided by the number of descriptors of the cell).

    References
    ----------
    H. Jégou, M. Douze, C. Schmid, P. Pérez. Aggregating local descriptors into a compact
    image representation. CVPR 2010. :doi:`10.1109/CVPR.2010.5540039`

    R. Arandjelović, A. Zisserman. All about VLAD. CVPR 2013. :doi:`10.1109/CVPR.2013.207`

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import KMeansCodebook
    >>> X = np.array([[0.0], [0.2], [1.0]])
    >>> encoder = VLAD(KMeansCodebook(2, init=[[0.0], [1.0]])).fit(X)
    >>> encoder.encode([[0.3], [0.4], [0.9]]).round(2)
    array([ 0.5, -0.1], dtype=float32)
    """

    poolings = ("sum", "average")

    PARAMETERS = {"codebook": WORDS, "mass_normalize": Boolean()}

    def __init__(self, codebook: BaseEstimator | None = None, *, mass_normalize: bool = False):
        self.codebook = codebook
        self.mass_normalize = mass_normalize

    @property
    def code_size(self) -> int:
        """Length of a pooled code: K d."""
        check_is_fitted(self)
        return self.codebook_.words_.size

    @property
    def block_size(self) -> int:
        """Numbers of one codeword side by side: d."""
        check_is_fitted(self)
        return self.codebook_.words_.shape[1]

    def finish(self, statistics, counts, pooling):
        code = _finish(statistics, len(self.codebook_.words_), self.mass_normalize)
        return (divide_by_counts(code, counts) if pooling == "average" else code).astype(np.float32)


def _finish(statistics, n_words, mass_normalize):
    masses, residuals = split_statistics(statistics, n_words)
    if mass_normalize:
        residuals = residuals / np.maximum(masses, 1)[:, :, None]
    return residuals.reshape(len(statistics), -1)


@documented_by(VLAD)
def vlad(descriptors, words, *, mass_normalize: bool = False) -> np.ndarray:
    """VLAD of a set of descriptors, not normalized but for ``mass_normalize``.

    Parameters
    ----------
    descriptors : array of shape (n, d), or descriptor sets
        May be empty: the code is 0.
    words : array of shape (K, d)
    mass_normalize
        As in :class:`VLAD`.

    Returns
    -------
    code : array of shape (K d,), float32
        The sum of residuals of word after word.

    See Also
    --------
    VLAD : the estimator, with references.
    normalize : the steps that usually follow, such as ``norms=("intra", "l2"), block_size=d``.

    Examples
    --------
    >>> vlad([[1.0], [2.0], [9.0]], [[0.0], [10.0]]).tolist()
    [3.0, -1.0]
    """
    words, X = check_words(words, descriptors)
    (mass_normalize,) = check_arguments(VLAD, mass_normalize=mass_normalize)
    statistics = residual_statistics(X, np.array([0, len(X)]), WordSearch(words))
    return _finish(statistics, len(words), mass_normalize)[0].astype(np.float32)
