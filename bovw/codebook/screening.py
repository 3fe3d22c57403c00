r"""Nearest words, exact, found by products of 8-bit integers.

As in :mod:`bovw.codebook.nearest` the nearest word of a descriptor :math:`x` is that of the
largest score :math:`s_k = x \cdot c_k - \tfrac12 \|c_k\|^2`, descriptors and words being centered at
the mean word. Rounded to integers of -127 to 127, each on a scale of its own, they are
:math:`\hat x` and :math:`\hat c_k`, and

.. math::
    | x \cdot c_k - \hat x \cdot \hat c_k | = | (x - \hat x) \cdot c_k + \hat x \cdot (c_k - \hat c_k) |
    \le \|x - \hat x\| \, \|c_k\| + \|\hat x\| \, \|c_k - \hat c_k\| = m_k

by the Cauchy-Schwarz inequality. The products of integers are exact, so each score is known to lie
within :math:`m_k` (and a little for float32) of
:math:`\hat s_k = \hat x \cdot \hat c_k - \tfrac12 \|c_k\|^2`. A word with
:math:`\hat s_k + m_k < \max_l (\hat s_l - m_l)` is not the nearest; with the k-th largest of the
lower bounds in place of the largest, it is none of the k nearest. What is left, on SIFT two words of 4096
for the nearest and nine for the five nearest, is settled by distances. The result is that of comparing
all words, at a third of the cost on processors with AVX-512 VNNI, which multiply 64 pairs of 8-bit
integers where they multiply 16 pairs of float32.
"""

import numpy as np

from .._cext import FAST_INT8
from .._cext import screening as kernels

# Bounds of a block (rows x words) of 1 MB stay in the second-level cache.
_BOUNDS = 2**18
_LEAST_ROWS, _MOST_ROWS = 8, 512
# With fewer words or numbers each, the product in float32 is as quick.
_LEAST_WORDS, _LEAST_FEATURES = 128, 16
# Lengths beyond this may overflow float32 in a score.
_LONGEST = 1e18
_UNIT_ROUNDOFF = 2.0**-24
# Below this, squares lose digits to underflow.
_SMALLEST = np.float32(1e-36)
_PADDING = np.float32(3e38)

#: Most neighbors that :meth:`WordScreen.neighbors` finds.
MOST_NEIGHBORS = kernels.TILE_COLUMNS


class WordScreen:
    """Words rounded to 8 bits, made ready for the search of nearest words.

    A plain, immutable helper; several threads may share it.

    Parameters
    ----------
    words : float32 array of shape (K, d), C-contiguous, finite
    centered : float32 array of shape (K, d), C-contiguous
        The words less the center.

    Attributes
    ----------
    n_rows : int
        Most rows of a block.
    n_places : int
        K, or a little more: numbers in a row of bounds.
    """

    def __init__(self, words, centered):
        (K, d), columns = words.shape, kernels.TILE_COLUMNS
        self._words = words
        self.n_places = padded = -(-K // columns) * columns
        self._rounded = kernels.RoundedRows(padded, d)
        self._longest = float(self._rounded.take(centered))
        half_squares = np.full(padded, _PADDING)  # so that no score of a place without a word is high
        with np.errstate(over="ignore"):  # words so long are not searched here, see bounds
            half_squares[:K] = np.einsum("kd,kd->k", centered, centered, dtype=np.float64) / 2
            # What float32 does to a score, as in nearest.py.
            self._slack_per_length = np.float32(2 * _UNIT_ROUNDOFF * (d + 8) * self._longest)
            self._slack = np.float32(4 * _UNIT_ROUNDOFF * self._longest**2) + _SMALLEST
        parts = (self._rounded.scales, self._rounded.lengths, self._rounded.errors, half_squares)
        self._constants = np.stack([part[:padded].reshape(-1, columns) for part in parts], axis=1)
        self.n_rows = min(max(_BOUNDS // padded, _LEAST_ROWS), _MOST_ROWS)

    def workspace(self):
        """Buffers for :meth:`bounds`; one a thread."""
        return {
            "rounded": kernels.RoundedRows(self.n_rows, self._words.shape[1]),
            "upper": np.empty((self.n_rows, self.n_places), np.float32),
            "lanes": np.empty((self.n_rows, kernels.TILE_COLUMNS), np.float32),
        }

    def bounds(self, centered, workspace):
        """Bounds of all scores of a block of rows.

        Parameters
        ----------
        centered : float32 array of shape (m, d), C-contiguous
            Descriptors less the center; m is at most ``n_rows``.
        workspace : what :meth:`workspace` returned

        Returns
        -------
        upper : float32 array of shape (m, at least K)
            Upper bounds; beyond K they are below all others. A view of the workspace.
        lanes : float32 array of shape (m, 48)
            The largest lower bound of the words of each lane, word k belonging to lane k mod 48.
        None, if the rows are so long that scores may overflow float32.
        """
        m, rounded = len(centered), workspace["rounded"]
        longest = rounded.take(centered)
        if not max(longest, self._longest) < _LONGEST:
            return None
        slack = rounded.lengths[:m] * self._slack_per_length + self._slack
        upper, lanes = workspace["upper"][:m], workspace["lanes"][:m]
        rounded.bound_scores(self._rounded, self._constants, slack, upper, lanes)
        return upper, lanes

    def nearest(self, X, bounds, labels):
        """Write the nearest word of each row, among equally near ones the lowest, to ``labels``, int32 (m,).

        Parameters
        ----------
        X : array of shape (m, d), float32 or uint8, C-contiguous
            The descriptors, not centered.
        bounds : from :meth:`bounds`, of the same rows
        """
        kernels.nearest_of_bounded(X, self._words, *bounds, labels)

    def neighbors(self, X, bounds, indices):
        """Write the k nearest words of each row, nearest first, to ``indices``, int32 (m, k); k at most 48 and K."""
        kernels.neighbors_of_bounded(X, self._words, *bounds, indices)


def screening_pays(n_words, n_features):
    """Whether words are found sooner by way of 8-bit integers, on this processor."""
    return FAST_INT8 and n_words >= _LEAST_WORDS and _LEAST_FEATURES <= n_features <= kernels.MOST_COLUMNS
