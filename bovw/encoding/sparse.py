"""Encoders whose code of one descriptor is a few numbers: its words and their weights.

The dense code, K numbers of which a handful are not zero, is never built. Sums need
only the entries. The maximum over a cell counts zeros too: a word that some descriptor
of the cell does not use has at least the value 0, and only a word that every
descriptor uses, each with a negative weight, has a negative maximum. So the largest
entry of a word and the number of descriptors that use it say the exact maximum.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils.validation import check_is_fitted

from .._cext import sparse_pool as kernels
from ..codebook import KMeansCodebook
from ..errors import ParameterError
from .base import BLOCK_ROWS, Encoder, divide_by_counts, segments


class SparseCodes(NamedTuple):
    """Codes of descriptors, each a few words and their weights.

    Attributes
    ----------
    indices : array of shape (n, n_entries), int32
        Words of each descriptor, each once.
    weights : array of shape (n, n_entries), float32
        Their weights; all other words have weight 0, and some of these may.
    n_words : int
        Number of words K.

    Examples
    --------
    >>> import numpy as np
    >>> codes = SparseCodes(np.int32([[2, 0], [1, 2]]), np.float32([[0.7, 0.3], [1.0, 0.0]]), n_words=3)
    >>> codes.to_dense()
    array([[0.3, 0. , 0.7],
           [0. , 1. , 0. ]], dtype=float32)
    >>> codes.to_csr().nnz
    3
    """

    indices: np.ndarray
    weights: np.ndarray
    n_words: int

    def to_dense(self) -> np.ndarray:
        """The codes as an (n, n_words) float32 array."""
        dense = np.zeros((len(self.indices), self.n_words), np.float32)
        np.put_along_axis(dense, self.indices.astype(np.intp), self.weights, axis=1)
        return dense

    def to_csr(self) -> scipy.sparse.csr_array:
        """The codes as a sparse (n, n_words) float32 matrix, without zeros, words rising in each row."""
        n, n_entries = self.indices.shape
        csr = scipy.sparse.csr_array(
            (self.weights.ravel(), self.indices.ravel(), np.arange(n + 1) * n_entries),
            shape=(n, self.n_words), copy=True,
        )
        csr.eliminate_zeros()
        csr.sort_indices()
        return csr


class SparseEncoder(Encoder):
    """Base of encoders with sparse codes; a subclass implements ``_coder``."""

    def _coder(self, n_rows):
        """A function: block of at most ``n_rows`` descriptors -> (indices int32, weights float32).

        Both have shape (m, n_entries), the indices of one row differ, and either may
        be a buffer that the next call overwrites. n_entries may change from call to call.
        """
        raise NotImplementedError

    @property
    def code_size(self) -> int:
        """Length of a pooled code: the number of words."""
        check_is_fitted(self)
        return len(self.codebook_.words_)

    def codes(self, descriptors) -> SparseCodes:
        """The sparse code of each descriptor.

        Parameters
        ----------
        descriptors : array of shape (n, d), or descriptor sets

        Returns
        -------
        SparseCodes
            ``indices`` and ``weights``, (n, n_entries).
        """
        X = self._checked_rows(descriptors)
        return gather_codes(self._coder(min(BLOCK_ROWS, len(X))), X, self.code_size)

    def statistics(self, descriptors, offsets, pooling):
        n_groups, n_words = len(offsets) - 1, self.code_size
        if pooling == "max":
            pooled = np.full((n_groups, n_words), -np.inf, np.float32)
            used = np.zeros((n_groups, n_words), np.int32)
        else:
            pooled = np.zeros((n_groups, n_words))
        coder = self._coder(min(BLOCK_ROWS, len(descriptors)))
        for start in range(0, len(descriptors), BLOCK_ROWS):
            block = descriptors[start : start + BLOCK_ROWS]
            indices, weights = coder(block)
            for group, first, last in segments(offsets, start, start + len(block)):
                first, last = first - start, last - start
                if pooling == "max":
                    kernels.max_codes(indices, weights, first, last, pooled[group], used[group])
                else:
                    kernels.add_codes(indices, weights, first, last, pooled[group])
        if pooling == "max":
            some_zero = used < np.diff(offsets)[:, None]
            np.maximum(pooled, 0, out=pooled, where=some_zero)
        return pooled

    def finish(self, statistics, counts, pooling):
        if pooling == "max":
            return np.where(np.isneginf(statistics), np.float32(0), statistics)
        if pooling == "average":
            statistics = divide_by_counts(statistics, counts)
        return statistics.astype(np.float32)


def gather_codes(coder, X, n_words):
    """The :class:`SparseCodes` of all rows of ``X`` from a function that codes one block."""
    parts = [
        tuple(part.copy() for part in coder(X[start : start + BLOCK_ROWS]))
        for start in range(0, max(len(X), 1), BLOCK_ROWS)
    ]
    width = max(indices.shape[1] for indices, _ in parts)
    indices, weights = zip(*(_widened(*part, width) for part in parts), strict=True)
    return SparseCodes(np.concatenate(indices), np.concatenate(weights), n_words)


def _widened(indices, weights, width):
    """Codes of ``width`` entries: words that a row does not use yet join with weight 0."""
    m, n_entries = indices.shape
    if n_entries == width:
        return indices, weights
    wide = np.empty((m, width), np.int32), np.empty((m, width), np.float32)
    wide[0][:, :n_entries], wide[1][:, :n_entries] = indices, weights
    kernels.fill_codes(*wide, np.full(m, n_entries, np.int32))
    return wide


def check_neighbors(n_neighbors, n_words):
    """Raise ParameterError if there are fewer words than neighbors wanted."""
    if n_neighbors > n_words:
        raise ParameterError(
            f"n_neighbors={n_neighbors} needs at least as many words, the codebook has {n_words}; "
            "lower n_neighbors or raise n_words"
        )


def count_words(codebook):
    """How many words a codebook has, or will have at most; None is the default codebook."""
    codebook = KMeansCodebook() if codebook is None else codebook
    return len(codebook.words_) if hasattr(codebook, "words_") else getattr(codebook, "n_words", np.inf)
