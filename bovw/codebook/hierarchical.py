r"""The vocabulary tree: k-means of k-means.

Nistér and Stewénius ("Scalable recognition with a vocabulary tree", CVPR 2006) divide the
descriptors into ``branching`` parts by k-means, each part again in the same way, and so on
down to ``depth`` levels; the centers of the last level are the words. With B branches and
L levels there are :math:`B^L` words, but no descriptor is ever compared with more than
:math:`B L` centers: 65,536 words in two levels cost as much as 512.

At each level the descriptors of all nodes are divided by Lloyd's algorithm
(:mod:`bovw.codebook.lloyd`). The first level reads the data block by block; for the others
the descriptors of as many nodes as fit a given memory are gathered in one pass.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._parameters import Boolean, Choice, Declared, Integer, Number, Optional, Seed
from .._progress import Progress
from .._random import check_seed, stage_rng
from .._validation import check_enough, check_samples
from ..blocks import CheckedArray, read_blocks
from ..descriptors.descriptor_set import as_rows
from ..errors import ParameterError
from .blocks import as_blocks, sample_blocks, sample_rows
from .estimate import announce, measure
from .lloyd import iterate
from .nearest import WordSearch
from .seeding import draw_spread_words
from .word_lists import WordLists

_ROWS = 8192
_MOST_WORDS = 2**24


class HierarchicalKMeans(Declared, BaseEstimator):
    """A large vocabulary of visual words, learnt as a tree of k-means.

    Parameters
    ----------
    branching : int >= 2, default 256
        Parts that a node is divided into.
    depth : int >= 1, default 2
        Levels; there are ``branching ** depth`` words.
    max_iter : int >= 1, default 20
        Most iterations of Lloyd's algorithm at each node.
    tol : float >= 0, default 0.001
        A node's iterations stop when one lowers its inertia by less than this fraction.
    init_size : int >= 1 or None, default 20
        k-means++ starts from this many descriptors a part, drawn at random; None: from all.
    search : {"greedy", "exact"}, default 'greedy'
        How :meth:`predict`, and :class:`bovw.HardAssignment` over this codebook, assign
        descriptors: down the tree, at each level to the nearest child, or to the nearest
        of all words.
    memory : float > 0, default 1000000000.0
        Bytes of descriptors that are held at once while the lower levels are learnt.
    random_state : int, RandomState, Generator or None, default 0
    verbose : bool, default False
        Say beforehand how long it will take at most, and show progress, on standard error.

    Attributes
    ----------
    words_ : float32 array of shape (n_words, d)
        The leaves, those of one node side by side.
    centers_ : float32 array of shape (n_inner, d)
        The nodes between the root and the leaves, level after level.
    child_starts_ : int64 array of shape (n_inner + 2,)
        Children of the root, then of each of ``centers_``, in one numbering of ``centers_``
        followed by ``words_``: node i's are ``child_starts_[i]:child_starts_[i + 1]``, the
        root being node 0 and ``centers_[i]`` node i + 1.
    inertia_ : float
        Sum over the descriptors of the squared distance to the word that the tree leads
        to, before the words' last move.
    n_features_in_ : int
        d.

    Notes
    -----
    A node with fewer distinct descriptors than ``branching`` has so many children only: there
    are then fewer than ``branching ** depth`` words.

    Memory, besides ``memory``: 20 bytes a descriptor.

    Examples
    --------
    >>> import numpy as np
    >>> tree = HierarchicalKMeans(branching=2, depth=2).fit(np.array([[0.0], [0.1], [1.0], [7.0], [8.0]]))
    >>> np.sort(tree.words_.ravel()).round(2)
    array([0.05, 1.  , 7.  , 8.  ], dtype=float32)
    """

    PARAMETERS = {
        "branching": Integer(2), "depth": Integer(1), "max_iter": Integer(1), "tol": Number(0),
        "init_size": Optional(Integer(1)), "search": Choice("greedy", "exact"), "memory": Number(0, exclusive=True),
        "random_state": Seed(), "verbose": Boolean(),
    }

    def __init__(
        self,
        branching: int = 256,
        depth: int = 2,
        *,
        max_iter: int = 20,
        tol: float = 1e-3,
        init_size: int | None = 20,
        search: str = "greedy",
        memory: float = 1e9,
        random_state=0,
        verbose: bool = False,
    ):
        self.branching = branching
        self.depth = depth
        self.max_iter = max_iter
        self.tol = tol
        self.init_size = init_size
        self.search = search
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    @property
    def n_words(self) -> int:
        """How many words there are; before ``fit``, how many there can be: ``branching ** depth``."""
        return len(self.words_) if hasattr(self, "words_") else self.branching**self.depth

    def fit(self, X, y=None) -> "HierarchicalKMeans":
        """Learn the tree.

        Parameters
        ----------
        X : array of shape (n, d), descriptor sets, or block source
            Descriptors, at least ``branching``; float32 and uint8 are used as they are. Of sets, all rows together.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If there are fewer descriptors than branches, or for values out of range.
        """
        self.check_params()
        source = sample_blocks(self, X)
        check_enough("branching", self.branching, source.shape[0], self)
        if self.verbose:
            announce("vocabulary tree", self._estimate(source))
        seed = check_seed(self.random_state)
        levels, widths = [], []
        node = np.zeros(source.shape[0], np.int32)
        n_nodes = 1
        for level in range(self.depth):
            with Progress(f"level {level + 1} of {self.depth}", n_nodes, "node", enabled=self.verbose) as progress:
                centers, width, self.inertia_ = self._divide(source, node, n_nodes, (seed, level), progress)
            levels.append(centers)
            widths.append(width)
            n_nodes = len(centers)
        self.words_ = levels.pop()
        self.centers_ = np.concatenate([np.empty((0, source.shape[1]), np.float32), *levels])
        self.child_starts_ = np.concatenate([[0], np.cumsum(np.concatenate(widths))])
        self.word_search()
        return self

    def _divide(self, source, node, n_nodes, seed, progress):
        """Divide every node of a level; ``node``, the node of each descriptor, becomes that of the next level."""
        centers, widths, inertia, n_children = [], [], 0.0, 0
        for first, members in self._members(source, node, n_nodes):
            for number, (rows, part) in enumerate(members, first):
                words, labels, node_inertia = self._split(part, stage_rng(seed[0], "tree", seed[1], number))
                node[rows] = n_children + labels
                n_children += len(words)
                centers.append(words)
                widths.append(len(words))
                inertia += node_inertia
                progress.update()
        return np.concatenate(centers), np.array(widths), inertia

    def _members(self, source, node, n_nodes):
        """The descriptors of all nodes: for each group of nodes that fits the memory, (first node, members).

        Members are pairs of row numbers and a source, one a node.
        """
        if n_nodes == 1:
            yield 0, [(slice(None), source)]
            return
        order = np.argsort(node, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(node, minlength=n_nodes))])
        place = np.empty(len(node), np.int64)
        place[order] = np.arange(len(node))
        sample = source.read(0, 1)
        budget = max(1, int(self.memory // (sample.dtype.itemsize * sample.shape[1])))
        first = 0
        while first < n_nodes:
            last = max(first + 1, int(np.searchsorted(bounds, bounds[first] + budget, side="right")) - 1)
            low, high = bounds[first], bounds[last]
            gathered = np.empty((high - low, sample.shape[1]), sample.dtype)
            for start, block in read_blocks(source):
                target = place[start : start + len(block)]
                inside = (target >= low) & (target < high)
                gathered[target[inside] - low] = block[inside]
            yield first, [
                (order[bounds[i] : bounds[i + 1]], CheckedArray(gathered[bounds[i] - low : bounds[i + 1] - low]))
                for i in range(first, last)
            ]
            first = last

    def _split(self, part, rng):
        """Words of one node, the word of each of its descriptors, and the inertia."""
        k = min(self.branching, part.shape[0])
        size = part.shape[0] if self.init_size is None else self.init_size * k
        start = draw_spread_words(sample_rows(part, size, rng), k, rng)
        words, _, inertias = iterate(part, start, self.max_iter, self.tol)
        search = WordSearch(words)
        labels = np.concatenate([search.labels(block) for _, block in read_blocks(part)])
        used = np.flatnonzero(np.bincount(labels, minlength=k))
        renumbered = np.zeros(k, np.int32)
        renumbered[used] = np.arange(len(used))
        return words[used], renumbered[labels], float(inertias[-1])

    def estimate_seconds(self, X) -> float:
        """How long :meth:`fit` will take at most on this machine, from the time of one block of ``X``.

        Parameters
        ----------
        X : array of shape (n, d), descriptor sets, or block source

        Returns
        -------
        float
            Seconds for all ``max_iter`` iterations of all nodes; ``tol`` may end them sooner.
        """
        self.check_params()
        source = as_blocks(X)
        check_enough("branching", self.branching, source.shape[0], self)
        return self._estimate(source)

    def _estimate(self, source):
        per_row, _ = measure(source, self.branching, WordSearch)
        n = source.shape[0]
        # One more pass to hand the descriptors down, and one for the start of the nodes of a level.
        return self.depth * (self.max_iter + 2) * n * per_row

    def check_pairs(self):
        if self.branching**self.depth > _MOST_WORDS:
            raise ParameterError(
                f"branching={self.branching} and depth={self.depth} make {self.branching**self.depth} words; "
                f"at most {_MOST_WORDS} are possible"
            )

    def predict(self, X) -> np.ndarray:
        """The word of each descriptor, as ``search`` says.

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
        cached = getattr(self, "_search", None)
        if cached is None or cached[0] is not self.words_ or cached[1] != self.search:
            make = {"exact": lambda: WordSearch(self.words_), "greedy": lambda: _TreeSearch(self)}
            cached = self._search = self.words_, self.search, make[self.search]()
        return cached[2]

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_search", None)
        return state


class _TreeSearch:
    """Greedy search down a fitted tree, with the methods of a word search that encoders use."""

    def __init__(self, tree):
        self.words = tree.words_
        nodes = np.concatenate([tree.centers_, tree.words_])
        starts = tree.child_starts_
        self._levels = []
        first, last = 0, 1  # of the parents, the root being 0
        while last - 1 < len(nodes):
            low, high = int(starts[first]), int(starts[last])
            self._levels.append(WordLists(nodes[low:high], starts[first : last + 1] - low))
            first, last = last, high + 1

    def labels(self, X):
        """The word of each row: X (n, d), float32 or uint8, C-contiguous, finite -> int32 (n,)."""
        labels = np.zeros(len(X), np.int32)
        for start in range(0, len(X), _ROWS):
            block, part = X[start : start + _ROWS], labels[start : start + _ROWS]
            rows = np.arange(len(block))
            for level in self._levels:
                part[:] = level.nearest(block, rows, part)
        return labels
