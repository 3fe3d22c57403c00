r"""Lloyd's algorithm over blocks of descriptors.

The objective, called *inertia*, is

.. math:: \sum_i \min_k \|x_i - c_k\|^2 .

Lloyd's iteration (Lloyd, "Least squares quantization in PCM", IEEE Trans. Information
Theory 28, 1982) assigns every descriptor to its nearest word and moves each word to
the mean of its descriptors; neither step increases the inertia. The sums of the second
step are taken while a block is in cache: one pass over the descriptors an iteration.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._cext import nearest as kernels
from .._validation import check_int, check_matrix, check_number
from .blocks import as_blocks, read_blocks
from .nearest import WordSearch


def lloyd(X, words, *, max_iter=50, tol=1e-4, on_iteration=None, make_search=WordSearch):
    """Lloyd's algorithm from given words.

    Parameters
    ----------
    X : array of shape (n, d), or block source
        Descriptors; float32 and uint8 are used as they are. A block source is read
        once an iteration.
    words : array of shape (K, d)
        The start.
    max_iter : int
    tol : float
        Stop when an iteration lowers the inertia by less than this fraction.
    on_iteration : callable, optional
        Called without arguments after every iteration.
    make_search : callable
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
    Besides the words and one block, memory holds 8 bytes a descriptor.
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
    distances = np.empty(source.shape[0], np.float32)
    labels = np.empty(source.shape[0], np.int32)
    inertias = []
    while True:
        sums, counts, inertia = _assign(source, make_search(words), labels, distances)
        inertias.append(inertia)
        moved = _fill_empty(source, labels, distances, sums, counts)
        used = counts > 0
        words[used] = sums[used] / counts[used, None]
        if on_iteration is not None:
            on_iteration()
        settled = len(inertias) > 1 and inertias[-2] - inertia <= tol * inertias[-2]
        if len(inertias) == max_iter or inertia == 0 or (settled and not moved):
            return words, counts, np.array(inertias)


def _assign(source, search, labels, distances):
    """Labels and squared distances of all rows; sums and counts of all words; the inertia."""
    words, workspace = search.words, search.workspace()
    sums, counts = np.zeros(words.shape), np.zeros(len(words), np.int64)
    inertia = 0.0
    for start, rows in read_blocks(source):
        for part in search.blocks(len(rows)):
            here = slice(start + part.start, start + part.stop)
            search.block(rows[part], labels[here], workspace)
            inertia += kernels.accumulate(rows[part], labels[here], words, sums, counts, distances[here])
    return sums, counts, inertia


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
