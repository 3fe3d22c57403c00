r"""The nearest word of every descriptor, exact, by blocked GEMM.

For a descriptor :math:`x` and words :math:`c_k`,

.. math:: \arg\min_k \|x - c_k\|^2 = \arg\max_k \; x \cdot c_k - \tfrac12 \|c_k\|^2 ,

so a block of descriptors costs one matrix product, whose result is reduced while it
is in cache. Data and words are centered at the mean word first, so that an offset
common to all does not cost digits.

The product is in float32. Rounding can therefore confuse two words whose scores are
closer than the error bound of a dot product,
:math:`2 u\,((d + 8)\,\|x\| \max_k\|c_k\| + \max_k \|c_k\|^2)` with :math:`u = 2^{-24}`
(Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 3.1).
Descriptors whose two best scores are that close, typically one in a thousand, are
settled by distances in float64. The label is thus that of the exact distances, whatever
the block sizes and the BLAS; among equally near words it is the lowest.

Where products of 8-bit integers are quicker they say which words can be the nearest, and distances, in the
end again in float64, which of these is (:mod:`bovw.codebook.screening`): the labels are the same.
"""

import numpy as np

from .._cext import nearest as kernels
from .._validation import check_descriptors, check_matrix
from ..errors import ParameterError
from .screening import WordScreen, screening_pays

# A block of scores (rows x words) of 1 MB stays in the second-level cache.
_SCORES = 2**18
_WORDS = 1024
_MOST_ROWS = 2048
_UNIT_ROUNDOFF = 2.0**-24


class BlockSearch:
    """A search that goes block by block, of at most ``_rows`` rows each, by ``workspace()`` and ``block(...)``."""

    def blocks(self, n):
        """Slices that cut n rows into blocks that :meth:`block` accepts."""
        return (slice(start, min(start + self._rows, n)) for start in range(0, n, self._rows))

    def labels(self, X):
        """The word found for each row: X (n, d), float32 or uint8, C-contiguous, finite -> int32 (n,)."""
        labels = np.empty(len(X), np.int32)
        workspace = self.workspace()
        for rows in self.blocks(len(X)):
            self.block(X[rows], labels[rows], workspace)
        return labels


class WordSearch(BlockSearch):
    """A set of words made ready for exact nearest-word search.

    It is a plain, immutable helper; several threads may share it.

    Parameters
    ----------
    words : float32 array of shape (K, d), C-contiguous, finite
    center : float32 array of shape (d,), optional
        What is taken off descriptors and words; the mean word by default.
    screen : bool, optional
        Whether to go by way of 8-bit integers; by default where that is quicker. Labels do not depend on it.
    """

    def __init__(self, words, center=None, *, screen=None):
        self.words = words
        self.center = words.mean(axis=0, dtype=np.float64).astype(np.float32) if center is None else center
        centered = words - self.center
        squares = np.einsum("kd,kd->k", centered, centered, dtype=np.float64)
        self._rows = min(max(_SCORES // len(words), _SCORES // _WORDS), _MOST_ROWS)
        self._transposed = np.ascontiguousarray(centered.T)
        self._half_squares = (squares / 2).astype(np.float32)
        largest = float(squares.max())
        self._error_per_norm = np.float32(2 * _UNIT_ROUNDOFF * (words.shape[1] + 8) * np.sqrt(largest))
        self._error = np.float32(2 * _UNIT_ROUNDOFF * largest)
        self._screen = None
        if screening_pays(*words.shape) if screen is None else screen:
            self._screen = WordScreen(words, centered)
            self._rows = min(self._rows, self._screen.n_rows)
            self._no_offsets = np.zeros(self._screen.n_places, np.float32)

    def workspace(self):
        """Buffers for :meth:`block`; one a thread."""
        rows, (K, d) = self._rows, self.words.shape
        return {
            "centered": np.empty((rows, d), np.float32),
            "scores": np.empty(rows * min(K, _WORDS), np.float32),
            "norms": np.empty(rows, np.float32),
            "errors": np.empty(rows, np.float32),
            "lane_best": np.empty((rows, 16), np.float32),
            "lane_labels": np.empty((rows, 16), np.int32),
            "rest": np.empty(rows, np.float32),
            "best": np.empty(rows, np.float32),
            "second": np.empty(rows, np.float32),
            "screen": None if self._screen is None else self._screen.workspace(),
        }

    def block(self, X, labels, workspace):
        """Write the nearest word of each row of a block to ``labels``.

        Parameters
        ----------
        X : array of shape (m, d), float32 or uint8, C-contiguous, finite
            m at most that of a slice of :meth:`blocks`.
        labels : int32 array of shape (m,)
        workspace : what :meth:`workspace` returned
        """
        bounds = self._bounds(X, workspace)
        if bounds is None:
            self._compare(X, labels, workspace)
        else:
            self._screen.nearest(X, bounds, labels)

    def block_with_lanes(self, X, labels, workspace):
        """As :meth:`block`, and leave in the workspace what the words' scores are like.

        By row: the length of the centered row (norms), the two largest scores (best, second), what
        ``kernels.fold_lanes`` makes (lane_best, lane_labels, rest), and what all of these scores may fall short of the
        exact ones (errors).
        """
        bounds = self._bounds(X, workspace)
        if bounds is None:
            self._compare(X, labels, workspace)
        else:
            self._fold_bounds(bounds, labels, workspace)
            self._screen.nearest(X, bounds, labels)

    def scan(self, X, labels, workspace):
        """As :meth:`block_with_lanes`, but ``labels`` are the words of the largest scores, whatever these err by."""
        bounds = self._bounds(X, workspace)
        if bounds is None:
            self._multiply(X, labels, workspace)
        else:
            self._fold_bounds(bounds, labels, workspace)

    def _bounds(self, X, workspace):
        """Bounds of all scores by the screen, or None if there is none or it does not reach so far."""
        if self._screen is None:
            return None
        centered = workspace["centered"][: len(X)]
        kernels.center_rows(X, self.center, centered, workspace["norms"][: len(X)])
        return self._screen.bounds(centered, workspace["screen"])

    def _fold_bounds(self, bounds, labels, workspace):
        """Lanes of upper bounds, which exceed the scores and so err by nothing in the sense of ``errors``."""
        lanes = self._start_lanes(len(labels), workspace)
        kernels.fold_lanes(bounds[0], self._no_offsets, 0, *lanes)
        self._reduce_lanes(lanes, labels, workspace)
        workspace["errors"][: len(labels)] = 0

    def _compare(self, X, labels, workspace):
        """The nearest words by products in float32."""
        scores = self._multiply(X, labels, workspace)
        m = len(X)
        centered, best, second, errors = (workspace[name][:m] for name in ("centered", "best", "second", "errors"))
        doubtful = np.flatnonzero(~(best - second > errors))
        if len(doubtful):
            least, distances = best[doubtful] - errors[doubtful], np.full(len(doubtful), np.inf)
            if len(self.words) <= _WORDS:  # the scores of the whole block are still there
                self._settle(X, doubtful, scores, doubtful, slice(0, len(self.words)), least, distances, labels)
                return
            centered, places = centered[doubtful], np.arange(len(doubtful))
            for words in self._word_blocks():
                scores = self._scores(centered, words, workspace)
                self._settle(X, doubtful, scores, places, words, least, distances, labels)

    def _multiply(self, X, labels, workspace):
        """As :meth:`scan`, by products in float32; returns the last scores."""
        m = len(X)
        centered, errors = workspace["centered"][:m], workspace["errors"][:m]
        lanes = self._start_lanes(m, workspace)
        kernels.center_rows(X, self.center, centered, workspace["norms"][:m])
        for words in self._word_blocks():
            scores = self._scores(centered, words, workspace)
            kernels.fold_lanes(scores, self._half_squares[words], words.start, *lanes)
        self._reduce_lanes(lanes, labels, workspace)
        np.multiply(workspace["norms"][:m], self._error_per_norm, out=errors)
        errors += self._error
        return scores

    @staticmethod
    def _start_lanes(m, workspace):
        lanes = [workspace[name][:m] for name in ("lane_best", "lane_labels", "rest")]
        for part, start in zip(lanes, (-np.inf, 0, -np.inf), strict=True):
            part.fill(start)
        return lanes

    @staticmethod
    def _reduce_lanes(lanes, labels, workspace):
        kernels.reduce_lanes(*lanes, *(workspace[name][: len(labels)] for name in ("best", "second")), labels)

    def _settle(self, X, rows, scores, places, words, least, distances, labels):
        kernels.closest_candidates(
            X, rows, self.words, scores, places, self._half_squares[words], words.start, least, distances, labels
        )

    def _word_blocks(self):
        K = len(self.words)
        return (slice(start, min(start + _WORDS, K)) for start in range(0, K, _WORDS))

    def _scores(self, centered, words, workspace):
        shape = (len(centered), words.stop - words.start)
        scores = workspace["scores"][: shape[0] * shape[1]].reshape(shape)
        return np.matmul(centered, self._transposed[:, words], out=scores)


def nearest_words(X, words):
    """The nearest word (Euclidean distance) of every descriptor.

    Parameters
    ----------
    X : array of shape (n, d)
        Descriptors; float32 and uint8 are used as they are.
    words : array of shape (K, d)

    Returns
    -------
    labels : int32 array of shape (n,)
        Among equally near words the lowest.

    Raises
    ------
    ParameterError
        If shapes disagree, there are no words, or a value is not finite.

    Examples
    --------
    >>> nearest_words([[0.2], [0.9], [0.5]], [[0.0], [1.0]])
    array([0, 1, 0], dtype=int32)
    """
    words = check_matrix("words", words, min_rows=1)
    if words.shape[1] == 0:
        raise ParameterError(f"words has shape {words.shape}; words need at least one dimension")
    return WordSearch(words).labels(check_descriptors("X", X, n_features=words.shape[1]))
