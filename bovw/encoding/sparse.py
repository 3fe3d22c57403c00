"""Encoders whose code of one descriptor is a few numbers: its words and their weights.

The dense code, K numbers of which a handful are not zero, is never built. Sums need
only the entries. The maximum over a cell counts zeros too: a word that some descriptor
of the cell does not use has at least the value 0, and only a word that every
descriptor uses, each with a negative weight, has a negative maximum. So the largest
entry of a word and the number of descriptors that use it say the exact maximum.
"""

import numpy as np

from .._cext import sparse_pool as kernels
from .._validation import check_int, check_matrix
from ..errors import ParameterError
from .base import BLOCK_ROWS, Encoder, divide_by_counts, segments


class SparseEncoder(Encoder):
    """Base of encoders with sparse codes; a subclass implements ``_coder``."""

    def _coder(self, n_rows):
        """A function: block of at most ``n_rows`` descriptors -> (indices int32, weights float32).

        Both have shape (m, n_entries), the indices of one row differ, and either may
        be a buffer that the next call overwrites. n_entries may change from call to call.
        """
        raise NotImplementedError

    @property
    def code_size(self):
        """Length of a pooled code: the number of words."""
        return len(self.codebook_.words_)

    def codes(self, descriptors):
        """The sparse code of each descriptor.

        Parameters
        ----------
        descriptors : array of shape (n, d)

        Returns
        -------
        indices : array of shape (n, n_entries), int32
            Words of each descriptor.
        weights : array of shape (n, n_entries), float32
            Their weights; all other words have weight 0.
        """
        X = check_matrix("descriptors", descriptors, n_features=self.n_features_in_)
        return gather_codes(self._coder(min(BLOCK_ROWS, len(X))), X)

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


def gather_codes(coder, X):
    """The sparse codes of all rows of ``X`` from a function that codes one block."""
    parts = [
        tuple(part.copy() for part in coder(X[start : start + BLOCK_ROWS]))
        for start in range(0, max(len(X), 1), BLOCK_ROWS)
    ]
    width = max(indices.shape[1] for indices, _ in parts)
    return tuple(np.concatenate(part) for part in zip(*(_widened(*part, width) for part in parts), strict=True))


def _widened(indices, weights, width):
    """Codes of ``width`` entries: words that a row does not use yet join with weight 0."""
    m, n_entries = indices.shape
    if n_entries == width:
        return indices, weights
    wide = np.empty((m, width), np.int32), np.empty((m, width), np.float32)
    wide[0][:, :n_entries], wide[1][:, :n_entries] = indices, weights
    kernels.fill_codes(*wide, np.full(m, n_entries, np.int32))
    return wide


def dense_codes(indices, weights, n_words):
    """Sparse codes as a dense (n, n_words) float32 array."""
    dense = np.zeros((len(indices), n_words), np.float32)
    np.put_along_axis(dense, indices.astype(np.intp), weights, axis=1)
    return dense


def check_neighbors(n_neighbors, n_words):
    """Return ``n_neighbors`` if there are so many words, else raise ParameterError."""
    n_neighbors = check_int("n_neighbors", n_neighbors, minimum=1)
    if n_neighbors > n_words:
        raise ParameterError(
            f"n_neighbors={n_neighbors} needs at least as many words, the codebook has {n_words}; "
            "lower n_neighbors or raise n_words"
        )
    return n_neighbors
