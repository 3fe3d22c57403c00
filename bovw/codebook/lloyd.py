r"""Lloyd's algorithm over blocks of descriptors.

The objective, called *inertia*, is

.. math:: \sum_i \min_k \|x_i - c_k\|^2 .

Lloyd's iteration (Lloyd, "Least squares quantization in PCM", IEEE Trans. Information
Theory 28, 1982) assigns every descriptor to its nearest word and moves each word to
the mean of its descriptors; neither step increases the inertia. The sums of the second
step are taken while a block is in cache: one pass over the descriptors an iteration.

After some iterations most words hardly move, and most descriptors need not be compared with all
of them again. As Drake and Hamerly ("Accelerated k-means with adaptive distance bounds", NIPS
workshop on optimization for machine learning, 2012) do, each descriptor keeps a few
*candidates*, the nearest words when it was last compared with all, and a lower *bound* of its
distance to the others, which the triangle inequality lets shrink by what those have moved
since. If the nearest candidate is nearer than the bound it is the nearest word. The candidates
are what the search knows anyway: the best word of each of 16 lanes, as far as it is
better than all words that are no lane's best. The few words that move most are not
bounded but compared with every descriptor, again by a product of matrices, so that the
bounds shrink only by what the slower words moved. All comparisons allow for rounding, so the
labels are those of the plain algorithm.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._cext import nearest as kernels
from .._validation import check_int, check_matrix, check_number
from ..blocks import BLOCK_ROWS, read_blocks
from .blocks import as_blocks
from .nearest import WordSearch

# Of so many words one is compared with every descriptor, because it moves the most.
_SLOW_WORDS = 16
# With bounds an iteration is cheaper if they spare more than this share of the descriptors.
_WORTHWHILE = 0.15
# Fewer words than this are compared as fast as looked up.
_LEAST_WORDS = 128
_CANDIDATES = 16
_BOUND_BYTES = 2**29
_ROWS = 2048


def lloyd(X, words, *, max_iter=50, tol=1e-4, on_iteration=None, make_search=WordSearch):
    """Lloyd's algorithm from given words.

    Parameters
    ----------
    X : array of shape (n, d), or block source
        Descriptors; float32 and uint8 are used as they are. A block source is read
        once an iteration.
    words : array of shape (K, d)
        The start.
    max_iter : int, default 50
    tol : float, default 0.0001
        Stop when an iteration lowers the inertia by less than this fraction.
    on_iteration : callable, optional
        Called without arguments after every iteration.
    make_search : callable, default WordSearch
        From words to the search that assigns descriptors: :class:`WordSearch`, or an
        approximate one. Then the inertia may rise a little.

    Returns
    -------
    words : float32 array of shape (K, d)
    counts : int64 array of shape (K,)
        Descriptors a word, in the last assignment.
    inertias : float64 array of shape (n_iter,)
        Inertia of each assignment, before the words moved.

    Raises
    ------
    ParameterError
        For arrays or values out of range.

    Warns
    -----
    ConvergenceWarning
        If words stay empty because there are fewer distinct descriptors than words.

    Notes
    -----
    Besides the words and one block, memory holds 8 bytes a descriptor, and 68 bytes more for the
    bounds if those are 512 MB at most.
    """
    max_iter = check_int("max_iter", max_iter, minimum=1)
    tol = check_number("tol", tol, minimum=0)
    source = as_blocks(X)
    words = check_matrix("words", words, n_features=source.shape[1], min_rows=1)
    words, counts, inertias = iterate(source, words, max_iter, tol, on_iteration, make_search)
    n_used = np.count_nonzero(counts)
    if n_used < len(words):
        warnings.warn(
            f"only {n_used} of {len(words)} words have descriptors: fewer distinct descriptors than words",
            ConvergenceWarning,
            stacklevel=2,
        )
    return words, counts, inertias


def iterate(source, words, max_iter, tol, on_iteration=None, make_search=WordSearch):
    """As :func:`lloyd`, for a checked source and start, without the warning."""
    words = words.copy()
    state = _State(source, len(words), make_search is WordSearch)
    inertias = []
    while True:
        search = make_search(words)
        sums, counts, inertia = state.assign(search)
        inertias.append(inertia)
        moved = _fill_empty(source, state.labels, state.distances, sums, counts)
        used = counts > 0
        words = words.copy()
        words[used] = sums[used] / counts[used, None]
        if on_iteration is not None:
            on_iteration()
        settled = len(inertias) > 1 and inertias[-2] - inertia <= tol * inertias[-2]
        if len(inertias) == max_iter or inertia == 0 or (settled and not moved):
            return words, counts, np.array(inertias)


class _State:
    """Label and squared distance of each descriptor, and its candidates and bound."""

    def __init__(self, source, n_words, exact):
        n = source.shape[0]
        self.source = source
        self.labels, self.distances = np.empty(n, np.int32), np.empty(n, np.float32)
        self.words = None  # those of the last assignment, if there are bounds
        self.bounds = None
        if exact and n_words >= _LEAST_WORDS and n * 4 * (_CANDIDATES + 1) <= _BOUND_BYTES:
            self.candidates = np.empty((n, _CANDIDATES), np.int32)
            self.bounds = np.empty(n, np.float32)

    def assign(self, search):
        """Assign all descriptors; return sums and counts of all words, and the inertia."""
        words, workspace = search.words, search.workspace()
        sums, counts = np.zeros(words.shape), np.zeros(len(words), np.int64)
        fast, drift = self._drift(words)
        fast_search = WordSearch(words[fast], search.center) if len(fast) else None
        fast_workspace = fast_search.workspace() if len(fast) else None
        inertia = 0.0
        for start, block in read_blocks(self.source, _ROWS if drift is not None else BLOCK_ROWS):
            here = slice(start, start + len(block))
            if drift is None:
                undecided = None
            else:
                self._lower_bounds(block, here, fast, drift, fast_search, fast_workspace)
                undecided = np.empty(len(block), np.int64)
                n = kernels.try_candidates(
                    block, words, self.candidates[here], self.bounds[here], self.labels[here], undecided
                )
                undecided = undecided[:n]
            self._compare(block, here, undecided, search, workspace)
            inertia += kernels.accumulate(block, self.labels[here], words, sums, counts, self.distances[here])
        if self.bounds is not None:
            self.words = words
        return sums, counts, inertia

    def _drift(self, words):
        """The words that moved most and how far any other moved, or no word and None if bounds are not worth while."""
        none = np.empty(0, np.int32)
        if self.words is None:
            return none, None
        moved = np.linalg.norm(words.astype(np.float64) - self.words, axis=1)
        n_fast = len(words) // _SLOW_WORDS
        order = np.argpartition(moved, len(words) - n_fast - 1)
        drift = moved[order[-n_fast - 1]] * (1 + 1e-6)
        spared = np.count_nonzero(np.sqrt(self.distances) < self.bounds - np.float32(drift))
        if spared < _WORTHWHILE * len(self.bounds):
            return none, None
        return np.sort(order[-n_fast:]).astype(np.int32), drift

    def _lower_bounds(self, block, here, fast, drift, search, workspace):
        for rows in search.blocks(len(block)):
            there = slice(here.start + rows.start, here.start + rows.stop)
            m = rows.stop - rows.start
            nearest = np.empty(m, np.int32)
            search.scan(block[rows], nearest, workspace)
            best, second, norms, errors = (workspace[name][:m] for name in ("best", "second", "norms", "errors"))
            kernels.lower_bounds(
                self.bounds[there], drift, self.candidates[there], fast, best, second, nearest, norms, errors
            )

    def _compare(self, block, here, undecided, search, workspace):
        """Compare descriptors of a block, all or those that are undecided, with all words."""
        labels = self.labels[here]
        if undecided is not None and not len(undecided):
            return
        chosen = block if undecided is None else block[undecided]
        found = labels if undecided is None else np.empty(len(chosen), np.int32)
        for rows in search.blocks(len(chosen)):
            m = rows.stop - rows.start
            if self.bounds is None:
                search.block(chosen[rows], found[rows], workspace)
            else:
                search.block_with_lanes(chosen[rows], found[rows], workspace)
                numbers = np.arange(rows.start, rows.stop) if undecided is None else undecided[rows]
                lanes = [workspace[name][:m] for name in ("lane_best", "lane_labels", "rest", "norms", "errors")]
                kernels.keep_candidates(*lanes, numbers, self.candidates[here], self.bounds[here])
        if undecided is not None:
            labels[undecided] = found


def _fill_empty(source, labels, distances, sums, counts):
    """Give every empty word the farthest descriptor not yet taken; return how many words got one."""
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return 0
    candidates = np.flatnonzero(distances > 0)
    farthest = candidates[np.argsort(-distances[candidates], kind="stable")[: len(empty)]]
    moved = 0
    for row in farthest:
        if counts[labels[row]] > 1:
            word, descriptor = empty[moved], source.read(int(row), int(row) + 1)[0]
            sums[labels[row]] -= descriptor
            counts[labels[row]] -= 1
            sums[word], counts[word] = descriptor, 1
            moved += 1
    return moved
