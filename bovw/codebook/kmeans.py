r"""k-means: the words that minimize the squared distance of descriptors to their nearest word.

The objective, called *inertia*, is

.. math:: \sum_i \min_k \|x_i - c_k\|^2 .

Lloyd's iteration (Lloyd, "Least squares quantization in PCM", IEEE Trans. Information
Theory 28, 1982) assigns every descriptor to its nearest word and moves each word to
the mean of its descriptors; neither step increases the inertia. The assignment is
exact, by blocked GEMM (:mod:`bovw.codebook.nearest`), and the sums of the second step
are taken while a block is in cache: one pass over the descriptors an iteration.

The start is k-means++ (Arthur and Vassilvitskii, "k-means++: the advantages of careful
seeding", SODA 2007): each new word is a descriptor drawn with probability proportional
to its squared distance to the words so far. Words are drawn one by one up to the 32nd;
then every round draws one word for every 32 present, at once, as k-means|| does
(Bahmani et al., "Scalable k-means++", PVLDB 5, 2012), so that updating the distances is
a matrix product too.
"""

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .._cext import nearest as kernels
from .._progress import Progress
from .._random import check_seed, stage_rng
from .._validation import check_bool, check_choice, check_enough, check_int, check_matrix, check_number, check_samples
from ..errors import ParameterError
from .nearest import WordSearch, check_descriptors

_WORDS_PER_DRAW = 32
_SEEDING_ROWS = 4096


class KMeansCodebook(BaseEstimator):
    """A vocabulary of visual words, learnt by k-means.

    Parameters
    ----------
    n_words : int
        Number of words K.
    max_iter : int
        Most iterations of Lloyd's algorithm.
    tol : float
        Stop when an iteration lowers the inertia by less than this fraction. 0
        goes on until nothing changes.
    init : "k-means++", "random", or array of shape (n_words, d)
        How to start: spread-out descriptors, any descriptors (distinct rows, equal
        chances), or the given words.
    init_size : int or None
        "k-means++" looks at this many descriptors a word, drawn at random; None: at all.
    random_state : int, RandomState, Generator or None
    verbose : bool
        Show progress with the time left, on standard error.

    Attributes
    ----------
    words_ : float32 array of shape (n_words, d)
    inertias_ : float64 array of shape (n_iter_,)
        Inertia of the assignment in each iteration, before its words moved.
    inertia_ : float
        The last of them; that of ``words_`` is at most this.
    n_iter_ : int
    n_features_in_ : int
        d.

    Notes
    -----
    A word that no descriptor is nearest to is moved onto the descriptor farthest from
    its own word (two empty words: the two farthest ones, and so on), which leaves its
    word's mean; the remedy is scikit-learn's. If there are fewer distinct descriptors
    than words, the surplus words stay empty where they are, and a
    ``ConvergenceWarning`` says so.

    The result depends on the descriptors, their order and the seed only. A float32
    memory map (``np.load(file, mmap_mode="r")``) is read block by block, never copied
    whole.

    Examples
    --------
    >>> import numpy as np
    >>> codebook = KMeansCodebook(2, init=[[0.0], [1.0]]).fit(np.array([[0.0], [0.2], [1.0]]))
    >>> codebook.words_.ravel()
    array([0.1, 1. ], dtype=float32)
    >>> codebook.predict([[0.3]])
    array([0], dtype=int32)
    """

    def __init__(
        self,
        n_words=1000,
        *,
        max_iter=50,
        tol=1e-4,
        init="k-means++",
        init_size=20,
        random_state=0,
        verbose=False,
    ):
        self.n_words = n_words
        self.max_iter = max_iter
        self.tol = tol
        self.init = init
        self.init_size = init_size
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None):
        """Learn the words.

        Parameters
        ----------
        X : array of shape (n, d)
            Descriptors; float32 and uint8 are used as they are.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If there are fewer descriptors than words, or for values out of range.
        """
        check_int("n_words", self.n_words, minimum=1)
        verbose = check_bool("verbose", self.verbose)
        X = check_samples(self, X, reset=True)
        check_enough("n_words", self.n_words, len(X))
        start = self._start(X, check_seed(self.random_state))
        with Progress("k-means", self.max_iter, "iteration", enabled=verbose) as progress:
            self.words_, _, self.inertias_ = lloyd(
                X, start, max_iter=self.max_iter, tol=self.tol, on_iteration=progress.update
            )
        self.n_iter_ = len(self.inertias_)
        self.inertia_ = float(self.inertias_[-1])
        return self

    def _start(self, X, seed):
        if not isinstance(self.init, str):
            start = check_matrix("init", self.init, n_features=X.shape[1])
            if len(start) != self.n_words:
                raise ParameterError(f"init has {len(start)} rows; n_words={self.n_words} are needed")
            return start
        check_choice("init", self.init, ("k-means++", "random"))
        rng = stage_rng(seed, "kmeans")
        if self.init == "random":
            return X[np.sort(rng.choice(len(X), self.n_words, replace=False))].astype(np.float32)
        if self.init_size is not None:
            size = check_int("init_size", self.init_size, minimum=1) * self.n_words
            if size < len(X):
                X = X[np.sort(rng.choice(len(X), size, replace=False))]
        return _kmeans_plus_plus(X, self.n_words, rng)

    def predict(self, X):
        """The nearest word of each descriptor: X (n, d) -> int32 (n,); among equally near ones the lowest."""
        check_is_fitted(self)
        return WordSearch(self.words_).labels(check_samples(self, X))


def lloyd(X, words, *, max_iter=50, tol=1e-4, on_iteration=None):
    """Lloyd's algorithm from given words.

    Parameters
    ----------
    X : array of shape (n, d)
        Descriptors; float32 and uint8 are used as they are.
    words : array of shape (K, d)
        The start.
    max_iter : int
    tol : float
        Stop when an iteration lowers the inertia by less than this fraction.
    on_iteration : callable, optional
        Called without arguments after every iteration.

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
    """
    max_iter = check_int("max_iter", max_iter, minimum=1)
    tol = check_number("tol", tol, minimum=0)
    X = check_descriptors("X", X, min_rows=1)
    words = check_matrix("words", words, n_features=X.shape[1], min_rows=1).copy()
    distances = np.empty(len(X), np.float32)
    labels = np.empty(len(X), np.int32)
    inertias = []
    while True:
        sums, counts, inertia = _assign(X, words, labels, distances)
        inertias.append(inertia)
        moved = _fill_empty(X, labels, distances, sums, counts)
        used = counts > 0
        words[used] = sums[used] / counts[used, None]
        if on_iteration is not None:
            on_iteration()
        settled = len(inertias) > 1 and inertias[-2] - inertia <= tol * inertias[-2]
        if len(inertias) == max_iter or inertia == 0 or (settled and not moved):
            break
    if not used.all():
        warnings.warn(
            f"only {int(used.sum())} of {len(words)} words have descriptors: fewer distinct descriptors "
            "than words",
            ConvergenceWarning,
            stacklevel=2,
        )
    return words, counts, np.array(inertias)


def _assign(X, words, labels, distances):
    """Labels and squared distances of all rows; sums and counts of all words; the inertia."""
    search = WordSearch(words)
    workspace = search.workspace()
    sums, counts = np.zeros(words.shape), np.zeros(len(words), np.int64)
    inertia = 0.0
    for rows in search.blocks(len(X)):
        search.block(X[rows], labels[rows], workspace)
        inertia += kernels.accumulate(X[rows], labels[rows], words, sums, counts, distances[rows])
    return sums, counts, inertia


def _fill_empty(X, labels, distances, sums, counts):
    """Give every empty word the farthest descriptor not yet taken; return how many words got one."""
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return 0
    candidates = np.flatnonzero(distances > 0)
    farthest = candidates[np.argsort(-distances[candidates], kind="stable")[: len(empty)]]
    moved = 0
    for row in farthest:
        if counts[labels[row]] > 1:
            word = empty[moved]
            sums[labels[row]] -= X[row]
            counts[labels[row]] -= 1
            sums[word], counts[word] = X[row], 1
            moved += 1
    return moved


def kmeans_plus_plus(X, n_words, *, random_state=0):
    """Spread-out descriptors to start k-means from.

    Parameters
    ----------
    X : array of shape (n, d)
    n_words : int
        At most n.
    random_state : int, RandomState, Generator or None

    Returns
    -------
    words : float32 array of shape (n_words, d)
        Rows of X, in the order of drawing. Once every distinct row is taken, rows repeat.
    """
    n_words = check_int("n_words", n_words, minimum=1)
    X = check_descriptors("X", X)
    check_enough("n_words", n_words, len(X))
    return _kmeans_plus_plus(X, n_words, stage_rng(check_seed(random_state), "kmeans"))


def _kmeans_plus_plus(X, n_words, rng):
    n, d = X.shape
    centered = X - X.mean(axis=0, dtype=np.float64).astype(np.float32)
    squares = np.einsum("ij,ij->i", centered, centered)
    noise = np.float32(2.0**-23 * (d + 8))  # of a squared distance taken by GEMM, relative to the squares
    nearest = np.full(n, np.inf, np.float32)
    free = np.ones(n, bool)
    buffer = np.empty((min(n, _SEEDING_ROWS), max(1, n_words // _WORDS_PER_DRAW)), np.float32)
    chosen = [rng.integers(n, size=1)]
    while True:
        new = chosen[-1]
        free[new] = False
        missing = n_words - sum(map(len, chosen))
        if missing == 0:
            return X[np.concatenate(chosen)].astype(np.float32)
        _update_nearest(nearest, centered, squares, new, noise, buffer)
        nearest[~free] = 0
        cumulated = np.cumsum(nearest, dtype=np.float64)
        wanted = min(missing, max(1, (n_words - missing) // _WORDS_PER_DRAW))
        if cumulated[-1] > 0:
            # One draw in each of `wanted` equal parts of the total: distinct unless a row fills a part.
            draws = (np.arange(wanted) + rng.random(wanted)) * (cumulated[-1] / wanted)
            found = np.minimum(np.searchsorted(cumulated, draws, side="right"), n - 1)
            found = np.unique(found[nearest[found] > 0])
        else:
            found = np.flatnonzero(free)[:wanted]
        chosen.append(found)


def _update_nearest(nearest, centered, squares, new, noise, buffer):
    """Lower ``nearest`` to the squared distances to the rows ``new``; what is within rounding becomes 0."""
    words, word_squares = centered[new].T, squares[new]
    width = min(buffer.shape[1], len(new))
    for start in range(0, len(centered), len(buffer)):
        rows = slice(start, min(start + len(buffer), len(centered)))
        for first in range(0, len(new), width):
            part = slice(first, min(first + width, len(new)))
            shape = rows.stop - start, part.stop - first
            product = buffer.ravel()[: shape[0] * shape[1]].reshape(shape)
            np.matmul(centered[rows], words[:, part], out=product)
            product *= -2
            product += word_squares[part]
            closest = product.min(axis=1) + squares[rows]
            closest[closest <= noise * squares[rows]] = 0
            np.minimum(nearest[rows], closest, out=nearest[rows])
