r"""Words in lists: the nearest word of a descriptor among the lists it is sent to.

A vocabulary of 65,536 words costs 17 million multiplications a descriptor of 128
dimensions when every word is compared. If the words are divided into lists of near
words, as an inverted file does (Jégou, Douze and Schmid, "Product quantization for nearest
neighbor search", PAMI 33, 2011, section IV), a descriptor needs the nearest list centers, then the words of those
lists alone. Descriptors of a block that go to the same list are gathered, so both steps
are products of matrices.

:class:`ProbedSearch` probes the ``n_probe`` nearest lists; a vocabulary tree goes down
one list a level (:mod:`bovw.codebook.hierarchical`).
"""

import numpy as np

from .._cext import nearest as kernels
from .._cext import neighbors as neighbor_kernels
from ..blocks import CheckedArray
from .lloyd import iterate
from .nearest import BlockSearch
from .neighbors import NeighborSearch
from .seeding import draw_spread_words

_ROWS = 8192
_CENTER_ITERATIONS = 8
_REFINING_ITERATIONS = 2


class WordLists:
    """Words in lists, made ready for search inside a list.

    Parameters
    ----------
    words : float32 array of shape (K, d), C-contiguous, finite
        List after list.
    starts : int array of shape (n_lists + 1,)
        List l owns words ``starts[l]:starts[l + 1]``, at least one.
    """

    def __init__(self, words, starts):
        self.words = words
        self.starts = starts
        self.center = words.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._centered = words - self.center
        self._half_squares = (np.einsum("kd,kd->k", self._centered, self._centered, dtype=np.float64) / 2).astype(
            np.float32
        )

    def nearest(self, X, rows, lists):
        """The nearest word of ``X[rows[i]]`` among the words of ``lists[i]``.

        Two words whose distances agree to about seven digits may change places.

        Parameters
        ----------
        X : array of shape (m, d), float32 or uint8, C-contiguous, finite
        rows, lists : int arrays of shape (p,)

        Returns
        -------
        int32 array of shape (p,)
        """
        order = np.argsort(lists, kind="stable")
        centered, norms = np.empty(X.shape, np.float32), np.empty(len(X), np.float32)
        kernels.center_rows(X, self.center, centered, norms)
        found = np.empty(len(rows), np.int32)
        bounds = np.searchsorted(lists[order], np.arange(len(self.starts)))
        for number in np.flatnonzero(np.diff(bounds)):
            members = order[bounds[number] : bounds[number + 1]]
            words = slice(self.starts[number], self.starts[number + 1])
            scores = centered[rows[members]] @ self._centered[words].T
            scores -= self._half_squares[words]
            found[members] = words.start + scores.argmax(axis=1)
        return found


class ProbedSearch(BlockSearch):
    """Approximate nearest-word search: the words of the ``n_probe`` nearest of about sqrt(K) lists.

    The lists are a k-means of the words themselves. It has the methods of
    :class:`bovw.codebook.nearest.WordSearch`.

    Parameters
    ----------
    words : float32 array of shape (K, d), C-contiguous, finite
    n_probe : int
        Lists that are searched for each descriptor; all of them make the search exact, up to rounding.
    near : ProbedSearch, optional
        A search over earlier positions of the words, whose list centers are a start.
    """

    _rows = _ROWS

    def __init__(self, words, n_probe, near=None):
        self.words = words
        n_lists = max(1, round(np.sqrt(len(words))))
        if near is None:
            start, n_iter = draw_spread_words(words, n_lists, np.random.default_rng(0)), _CENTER_ITERATIONS
        else:
            start, n_iter = near.list_centers, _REFINING_ITERATIONS
        centers, _, _ = iterate(CheckedArray(words), start, n_iter, 0)
        self.list_centers = centers
        nearest = WordLists(centers, np.array([0, n_lists])).nearest(
            words, np.arange(len(words)), np.zeros(len(words), np.intp)
        )
        counts = np.bincount(nearest, minlength=n_lists)
        used = np.flatnonzero(counts)
        self._names = np.argsort(nearest, kind="stable").astype(np.int32)
        starts = np.concatenate([[0], np.cumsum(counts[used])])
        self._lists = WordLists(np.ascontiguousarray(words[self._names]), starts)
        self._centers = NeighborSearch(np.ascontiguousarray(centers[used]))
        self.n_probe = min(n_probe, len(used))

    def workspace(self):
        """Buffers for :meth:`block`; one a thread."""
        return self._centers.buffers(_ROWS, self.n_probe)

    def block(self, X, labels, workspace):
        """Write the nearest word found for each row of a block to ``labels``, int32 (m,)."""
        X = X.astype(np.float32, copy=False)
        lists = self._centers.nearest(X, workspace)
        rows = np.repeat(np.arange(len(X)), self.n_probe)
        found = self._names[self._lists.nearest(X, rows, lists.ravel())].reshape(len(X), -1)
        distances = np.empty(found.shape, np.float32)
        neighbor_kernels.word_distances(X, self.words, found, distances)
        nearest = distances == distances.min(axis=1, keepdims=True)
        np.where(nearest, found, np.int32(len(self.words))).min(axis=1, out=labels)
