"""What VLAD and super-vectors share: counts and residual sums of hard-assigned descriptors."""

import numpy as np

from .._cext import residuals as kernels
from ..codebook.nearest import WordSearch
from .base import BLOCK_ROWS, Encoder, segments


class ResidualEncoder(Encoder):
    """Base of encoders that sum ``x - c_k`` over the descriptors nearest to each word."""

    has_blocks = True

    def statistics(self, descriptors, offsets, pooling):
        return residual_statistics(descriptors, offsets, self._prepared(WordSearch, self.codebook_.words_))


def residual_statistics(X, offsets, search):
    """Per group the count of each word, then the sums of residuals: float64 (n_groups, K + K d).

    Float32 inside a block of rows, float64 across blocks.
    """
    K, d = search.words.shape
    labels = search.labels(X)
    part = np.empty(K + K * d, np.float32)
    total = np.zeros((len(offsets) - 1, len(part)))
    for start in range(0, len(X), BLOCK_ROWS):
        for group, first, last in segments(offsets, start, min(start + BLOCK_ROWS, len(X))):
            part[:] = 0
            kernels.add_residuals(X, search.words, labels, first, last, part[:K], part[K:].reshape(K, d))
            total[group] += part
    return total


def split_statistics(statistics, n_words):
    """Counts (n_cells, K) and residual sums (n_cells, K, d) of cells."""
    counts, residuals = np.split(statistics, [n_words], axis=1)
    return counts, residuals.reshape(len(statistics), n_words, -1)
