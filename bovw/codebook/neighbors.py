r"""The k nearest words of descriptors by brute force: a blocked GEMM and a fused selection.

Among words :math:`c_j` the nearest to :math:`x` maximise

.. math::
    x^\top c_j - \tfrac12 \|c_j\|^2 .

Taking the mean of the words :math:`m` off each word changes all scores of a
descriptor by the same amount, so

.. math::
    x^\top (c_j - m) - \bigl(\tfrac12 \|c_j - m\|^2 + m^\top (c_j - m)\bigr)

has the same order, and loses far fewer digits where the data lie far from the
origin. At the vocabulary sizes of the field (up to some thousand words) brute
force beats trees and graphs on present processors, and it is exact up to the
rounding of float32: two words whose distances agree to about seven digits may
change places.
"""

import numpy as np

from .._cext import neighbors as kernels
from ..errors import ParameterError

OVERFLOW = "descriptors or words are so large that their distances overflow float32; scale them down"


class NeighborSearch:
    """Words made ready for search: the packed factor of the GEMM and its constants.

    A plain immutable helper, not an estimator.

    Parameters
    ----------
    words : array of shape (K, d), float32, C-contiguous

    Attributes
    ----------
    words : array of shape (K, d), float32
    center : array of shape (d,), float32
        m, the mean of the words.
    reach : float
        The largest distance of a word from m.
    """

    def __init__(self, words):
        self.words = words
        self.center = mean = words.mean(axis=0, dtype=np.float64).astype(np.float32)
        centered = words - mean
        self._factor = np.ascontiguousarray(centered.T)
        squares = np.einsum("kd,kd->k", centered, centered, dtype=np.float64)
        self.reach = float(np.sqrt(squares.max()))
        bias = squares / 2 + np.einsum("kd,d->k", centered, mean, dtype=np.float64)
        if not (np.abs(bias) < np.finfo(np.float32).max).all():
            raise ParameterError(OVERFLOW)
        self._bias = bias.astype(np.float32)

    def buffers(self, n_rows, n_neighbors):
        """Working arrays for :meth:`nearest` on blocks of up to ``n_rows`` rows."""
        return (
            np.empty((n_rows, len(self.words)), np.float32),
            np.empty((n_rows, n_neighbors), np.float32),
            np.empty((n_rows, n_neighbors), np.int32),
        )

    def products(self, block, out):
        """Write the products of rows with all words less their mean to ``out``: (m, d) -> (m, K), float32."""
        with np.errstate(over="ignore", invalid="ignore"):
            np.matmul(block, self._factor, out=out)

    def nearest(self, block, buffers):
        """Indices of the nearest words of each row, nearest first, ties to the lower index.

        The first of the buffers is left with the scores of all words, the second expression at the head of
        this module.

        Parameters
        ----------
        block : array of shape (m, d), float32, C-contiguous
        buffers : from :meth:`buffers`, for at least m rows

        Returns
        -------
        indices : array of shape (m, n_neighbors), int32
            A view of the buffer, valid until the next call.
        """
        scores, best, indices = (buffer[: len(block)] for buffer in buffers)
        self.products(block, scores)
        if not kernels.top_words(scores, self._bias, best, indices):
            raise ParameterError(OVERFLOW)
        return indices
