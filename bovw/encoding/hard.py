r"""Hard assignment: the bag of visual words.

Every descriptor votes for its nearest word (Sivic and Zisserman 2003; Csurka et al. 2004):

.. math::
    \text{code}_k = \#\{i : k = \arg\min_j \|x_i - c_j\|^2\}.

Summed it is a histogram of counts; the maximum says which words occur at all.
"""

import numpy as np
from sklearn.base import BaseEstimator

from .._docs import documented_by
from ..codebook.nearest import nearest_words
from .base import WORDS, Encoder, check_words
from .sparse import SparseCodes, SparseEncoder


@documented_by(Encoder)
class HardAssignment(SparseEncoder):
    """Vector quantization: one vote for the nearest word.

    Parameters
    ----------
    codebook : KMeansCodebook or HierarchicalKMeans or None, default None
        The codebook that ``fit`` clones and fits. None is ``KMeansCodebook()``. Its ``search``
        says how the nearest word is looked for: exactly, approximately, or down a tree.

    Notes
    -----
    Poolings: "sum" (the default: counts), "average" (frequencies), "max" (presence, 0 or 1).

    References
    ----------
    J. Sivic, A. Zisserman. Video Google: a text retrieval approach to object matching in
    videos. ICCV 2003. :doi:`10.1109/ICCV.2003.1238663`

    G. Csurka, C. Dance, L. Fan, J. Willamowski, C. Bray. Visual categorization with bags
    of keypoints. ECCV workshop on statistical learning in computer vision, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import KMeansCodebook
    >>> X = np.array([[0.0], [0.2], [1.0]])
    >>> encoder = HardAssignment(KMeansCodebook(2, init=[[0.0], [1.0]])).fit(X)
    >>> encoder.encode(X).tolist(), encoder.encode(X, pooling="max").tolist()
    ([2.0, 1.0], [1.0, 1.0])
    >>> encoder.transform([X, X[:1], X[:0]]).tolist()
    [[2.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """

    poolings = ("sum", "average", "max")
    PARAMETERS = {"codebook": WORDS}

    def __init__(self, codebook: BaseEstimator | None = None):
        self.codebook = codebook

    def _coder(self, n_rows):
        ones = np.ones((n_rows, 1), np.float32)
        return lambda block: (self._labels(block)[:, None], ones[: len(block)])

    def _labels(self, X):
        return self.codebook_.word_search().labels(X)

    def statistics(self, descriptors, offsets, pooling):
        n_groups, n_words = len(offsets) - 1, self.code_size
        group = np.repeat(np.arange(n_groups), np.diff(offsets))
        bins = group * n_words + self._labels(descriptors)
        counts = np.bincount(bins, minlength=n_groups * n_words).reshape(n_groups, n_words)
        return np.minimum(counts, 1).astype(np.float32) if pooling == "max" else counts.astype(np.float64)


@documented_by(HardAssignment)
def hard_assignment(descriptors, words) -> SparseCodes:
    """The nearest word of each descriptor, as codes of one word.

    Parameters
    ----------
    descriptors : array of shape (n, d), or descriptor sets
    words : array of shape (K, d)

    Returns
    -------
    SparseCodes
        Of one entry, weight 1; ties go to the lower word. Their sum is the histogram of words.

    Examples
    --------
    >>> codes = hard_assignment([[0.1], [0.2], [3.0]], [[0.0], [2.0]])
    >>> codes.indices.ravel().tolist(), codes.to_dense().sum(axis=0).tolist()
    ([0, 0, 1], [2.0, 1.0])
    """
    words, X = check_words(words, descriptors)
    indices = nearest_words(X, words)[:, None]
    return SparseCodes(indices, np.ones(indices.shape, np.float32), len(words))
