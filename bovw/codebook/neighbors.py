r"""The k nearest words of descriptors by brute force: a blocked GEMM and a fused selection.

Among words :math:`c_j` the nearest to :math:`x` maximize

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

Where products of 8-bit integers are quicker they leave a few words of each descriptor to choose from, by distances
(:mod:`bovw.codebook.screening`).
"""

import numpy as np

from .._cext import neighbors as kernels
from .._cext.nearest import center_rows
from ..errors import ParameterError
from .screening import MOST_NEIGHBORS, WordScreen, screening_pays

OVERFLOW = "descriptors or words are so large that their distances overflow float32; scale them down"


class NeighborSearch:
    """Words made ready for search: the packed factor of the GEMM and its constants.

    A plain immutable helper, not an estimator.

    Parameters
    ----------
    words : array of shape (K, d), float32, C-contiguous
    screen : bool, optional
        Whether to go by way of 8-bit integers; by default where that is quicker.

    Attributes
    ----------
    words : array of shape (K, d), float32
    center : array of shape (d,), float32
        m, the mean of the words.
    reach : float
        The largest distance of a word from m.
    """

    def __init__(self, words, *, screen=None):
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
        use_screen = screening_pays(*words.shape) if screen is None else screen
        self._screen = WordScreen(words, centered) if use_screen else None

    def buffers(self, n_rows, n_neighbors):
        """Working arrays for :meth:`nearest` on blocks of up to ``n_rows`` rows."""
        screened = None
        if self._screen is not None and n_neighbors <= MOST_NEIGHBORS:
            n, d = self._screen.n_rows, self.words.shape[1]
            screened = np.empty((n, d), np.float32), np.empty(n, np.float32), self._screen.workspace()
        return (
            np.empty((n_rows, len(self.words)), np.float32),
            np.empty((n_rows, n_neighbors), np.float32),
            np.empty((n_rows, n_neighbors), np.int32),
            screened,
        )

    def products(self, block, out):
        """Write the products of rows with all words less their mean to ``out``: (m, d) -> (m, K), float32."""
        with np.errstate(over="ignore", invalid="ignore"):
            np.matmul(block, self._factor, out=out)

    def nearest(self, block, buffers, *, scores=False):
        """Indices of the nearest words of each row, nearest first, ties to the lower index.

        Parameters
        ----------
        block : array of shape (m, d), float32, C-contiguous
        buffers : from :meth:`buffers`, for at least m rows
        scores : bool, default False
            Leave the scores of all words, the second expression at the head of this module, in the first of the
            buffers.

        Returns
        -------
        indices : array of shape (m, n_neighbors), int32
            A view of the buffer, valid until the next call.
        """
        *arrays, screened = buffers
        all_scores, best, indices = (array[: len(block)] for array in arrays)
        if not scores and screened is not None and self._choose(block, indices, *screened):
            return indices
        self.products(block, all_scores)
        if not kernels.top_words(all_scores, self._bias, best, indices):
            raise ParameterError(OVERFLOW)
        return indices

    def _choose(self, block, indices, centered, norms, workspace):
        """As :meth:`nearest`, by way of the screen; False if descriptors are too long for it."""
        for start in range(0, len(block), self._screen.n_rows):
            rows = slice(start, start + self._screen.n_rows)
            m = len(block[rows])
            center_rows(block[rows], self.center, centered[:m], norms[:m])
            bounds = self._screen.bounds(centered[:m], workspace)
            if bounds is None:
                return False
            self._screen.neighbors(block[rows], bounds, indices[rows])
        return True
