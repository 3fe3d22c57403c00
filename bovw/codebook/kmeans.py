r"""k-means: the words that minimize the squared distance of descriptors to their nearest word.

Three ways lead there, from the same start (:mod:`bovw.codebook.seeding`):

- Lloyd's algorithm (:mod:`bovw.codebook.lloyd`), several exact passes over all descriptors;
- mini-batches (:mod:`bovw.codebook.minibatch`), which move the words many times a pass, for
  so many descriptors or words that few passes are affordable;
- a vocabulary tree (:mod:`bovw.codebook.hierarchical`), an estimator of its own.

Descriptors are assigned by blocked GEMM, exactly (:mod:`bovw.codebook.nearest`), or among the
nearest lists of words only (:mod:`bovw.codebook.word_lists`), the approximate k-means of
Philbin et al. ("Object retrieval with large vocabularies and fast spatial matching", CVPR
2007), with lists in place of their random trees.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._parameters import Boolean, Choice, Declared, Integer, Number, Optional, Seed
from .._progress import Progress
from .._random import check_seed, stage_rng
from .._validation import check_enough, check_matrix, check_samples
from ..descriptors.descriptor_set import as_rows
from ..errors import ParameterError
from . import minibatch
from .blocks import as_blocks, sample_blocks, sample_rows
from .estimate import announce, measure
from .lloyd import lloyd
from .nearest import WordSearch
from .seeding import draw_spread_words
from .word_lists import ProbedSearch

_LEAST_BATCH = 8192


class Start(Choice):
    """A way to start, or the words themselves, as a float32 (n_words, d) array."""

    def check(self, name, value):
        return super().check(name, value) if isinstance(value, str) else check_matrix(name, value, min_rows=1)

    def __str__(self):
        return f"{super().__str__()} or array of shape (n_words, d)"


class KMeansCodebook(Declared, BaseEstimator):
    """A vocabulary of visual words, learnt by k-means.

    Parameters
    ----------
    n_words : int >= 1, default 1000
        Number of words K.
    algorithm : {"lloyd", "minibatch"}, default 'lloyd'
    max_iter : int >= 1, default 50
        Most iterations; each is one pass over the descriptors.
    tol : float >= 0, default 0.0001
        Stop when an iteration lowers the inertia by less than this fraction. 0
        goes on until nothing changes.
    init : {"k-means++", "random"} or array of shape (n_words, d), default 'k-means++'
        How to start: spread-out descriptors, any descriptors (distinct rows, equal
        chances), or the given words.
    init_size : int >= 1 or None, default 20
        "k-means++" looks at this many descriptors a word, drawn at random; None: at all.
    batch_size : int >= 1 or None, default None
        Descriptors of a mini-batch; None: twice the number of words, at least 8192.
    search : {"exact", "approximate"}, default 'exact'
        How descriptors are assigned to words, in :meth:`fit`, :meth:`predict`, and in
        :class:`bovw.HardAssignment` over this codebook.
    n_probe : int >= 1, default 16
        For the approximate search: words stand in about sqrt(n_words) lists, and a
        descriptor is compared with those of the ``n_probe`` nearest lists.
    random_state : int, RandomState, Generator or None, default 0
    verbose : bool, default False
        Say beforehand how long it will take at most, and show progress with the time
        left, on standard error.

    Attributes
    ----------
    words_ : float32 array of shape (n_words, d)
    inertias_ : float64 array of shape (n_iter_,)
        Inertia of the assignment in each iteration, before its words moved; for
        mini-batches, of each descriptor before its batch moved the words.
    inertia_ : float
        The last of them; that of ``words_`` is at most this (Lloyd's algorithm with exact search).
    n_iter_ : int
    n_features_in_ : int
        d.

    Notes
    -----
    Lloyd's algorithm: a word that no descriptor is nearest to is moved onto the descriptor
    farthest from its own word (two empty words: the two farthest ones, and so on), which
    leaves its word's mean; the remedy is scikit-learn's. If there are fewer distinct
    descriptors than words, the surplus words stay empty where they are, and a
    ``ConvergenceWarning`` says so. What mini-batches do about rare words stands in
    :mod:`bovw.codebook.minibatch`.

    The result depends on the descriptors, their order and the seed only.

    Memory: nothing of the size of the data is allocated but 8 bytes a descriptor for Lloyd's
    algorithm. A float32 or uint8 memory map is read block by block; so is any block source
    (:mod:`bovw.blocks`), an object with ``shape`` and ``read(start, stop)``.

    Approximate search is worth while from some ten thousand words. Measured with 65,536
    words learnt from dense SIFT (``experiments/large_codebook.py``), it finds the nearest word
    of 96.1 % of the descriptors with ``n_probe=8``, 4.5 times as fast as exact search, and of
    99.1 % with ``n_probe=16``, 2.4 times as fast (14 and 8 times where exact search cannot go by way of
    8-bit integers, :mod:`bovw.codebook.screening`); the others get a word hardly farther, so that
    the mean squared distance rises by 0.4 % and 0.1 %.

    Examples
    --------
    >>> import numpy as np
    >>> codebook = KMeansCodebook(2, init=[[0.0], [1.0]]).fit(np.array([[0.0], [0.2], [1.0]]))
    >>> codebook.words_.ravel()
    array([0.1, 1. ], dtype=float32)
    >>> codebook.predict([[0.3]])
    array([0], dtype=int32)
    """

    PARAMETERS = {
        "n_words": Integer(1), "algorithm": Choice("lloyd", "minibatch"), "max_iter": Integer(1), "tol": Number(0),
        "init": Start("k-means++", "random"), "init_size": Optional(Integer(1)),
        "batch_size": Optional(Integer(1)), "search": Choice("exact", "approximate"), "n_probe": Integer(1),
        "random_state": Seed(), "verbose": Boolean(),
    }

    def __init__(
        self,
        n_words: int = 1000,
        *,
        algorithm: str = "lloyd",
        max_iter: int = 50,
        tol: float = 1e-4,
        init: str | np.ndarray = "k-means++",
        init_size: int | None = 20,
        batch_size: int | None = None,
        search: str = "exact",
        n_probe: int = 16,
        random_state=0,
        verbose: bool = False,
    ):
        self.n_words = n_words
        self.algorithm = algorithm
        self.max_iter = max_iter
        self.tol = tol
        self.init = init
        self.init_size = init_size
        self.batch_size = batch_size
        self.search = search
        self.n_probe = n_probe
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None) -> "KMeansCodebook":
        """Learn the words.

        Parameters
        ----------
        X : array of shape (n, d), descriptor sets, or block source
            Descriptors; float32 and uint8 are used as they are. Of sets, all rows together.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If there are fewer descriptors than words, or for values out of range.
        """
        self.check_params()
        source = sample_blocks(self, X)
        check_enough("n_words", self.n_words, source.shape[0], self)
        if self.verbose:
            announce("k-means", self._estimate(source))
        rng = stage_rng(check_seed(self.random_state), "kmeans")
        start = self._start(source, rng)
        if self.algorithm == "lloyd":
            with Progress("k-means", self.max_iter, "iteration", enabled=self.verbose) as progress:
                self.words_, _, self.inertias_ = lloyd(
                    source, start, max_iter=self.max_iter, tol=self.tol, on_iteration=progress.update,
                    make_search=self._make_search,
                )
        else:
            batch_size = self._batch_size()
            n_batches = self.max_iter * minibatch.count_batches(source, batch_size)
            with Progress("k-means", n_batches, "update", enabled=self.verbose) as progress:
                self.words_, self.inertias_ = minibatch.iterate(
                    source, start, self.max_iter, self.tol, batch_size, rng, self._make_search, progress.update
                )
        self.n_iter_ = len(self.inertias_)
        self.inertia_ = float(self.inertias_[-1])
        self.word_search()
        return self

    def estimate_seconds(self, X) -> float:
        """How long :meth:`fit` will take at most on this machine, from the time of one block of ``X``.

        Parameters
        ----------
        X : array of shape (n, d), descriptor sets, or block source

        Returns
        -------
        float
            Seconds for the start and all ``max_iter`` iterations; ``tol`` may end them sooner.
        """
        self.check_params()
        source = as_blocks(X)
        check_enough("n_words", self.n_words, source.shape[0], self)
        return self._estimate(source)

    def _estimate(self, source):
        n = source.shape[0]
        per_row, per_search = measure(source, self.n_words, self._make_search)
        searches = 1 if self.algorithm == "lloyd" else minibatch.count_batches(source, self._batch_size())
        seconds = self.max_iter * (n * per_row + searches * per_search)
        if isinstance(self.init, str) and self.init == "k-means++":
            sample = n if self.init_size is None else min(n, self.init_size * self.n_words)
            # Every drawn word is compared with every descriptor of the sample, as in an exact assignment.
            exact = per_row if self.search == "exact" else measure(source, self.n_words, WordSearch)[0]
            seconds += sample * exact
        return seconds

    def check_pairs(self):
        init = self.checked("init")
        if not isinstance(init, str) and len(init) != self.n_words:
            raise ParameterError(f"init has {len(init)} rows; n_words={self.n_words} are needed")

    def _batch_size(self):
        return max(_LEAST_BATCH, 2 * self.n_words) if self.batch_size is None else self.batch_size

    def _make_search(self, words, near=None):
        return WordSearch(words) if self.search == "exact" else ProbedSearch(words, self.n_probe, near)

    def _start(self, source, rng):
        if not isinstance(self.init, str):
            return check_matrix("init", self.init, n_features=source.shape[1])
        if self.init == "random":
            return sample_rows(source, self.n_words, rng).astype(np.float32)
        size = source.shape[0] if self.init_size is None else self.init_size * self.n_words
        return draw_spread_words(sample_rows(source, size, rng), self.n_words, rng)

    def predict(self, X) -> np.ndarray:
        """The nearest word of each descriptor; among equally near ones the lowest.

        Parameters
        ----------
        X : array of shape (n, d), or descriptor sets

        Returns
        -------
        int32 array of shape (n,)
        """
        check_is_fitted(self)
        return self.word_search().labels(check_samples(self, as_rows(X)))

    def word_search(self):
        """The search that ``search`` asks for over the fitted words, made once."""
        check_is_fitted(self)
        key = self.words_, self.search, self.n_probe
        cached = getattr(self, "_search", None)
        if cached is None or cached[0][0] is not key[0] or cached[0][1:] != key[1:]:
            cached = self._search = key, self._make_search(self.words_)
        return cached[1]

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_search", None)
        return state
