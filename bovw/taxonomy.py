r"""The hierarchy of classes: a directed acyclic graph of synsets.

An edge runs from a synset to each of its hyponyms ("is a"): *dog* -> *puppy*. A
synset may have several parents, so paths to the root are not unique and the
nodes form a DAG, not a tree. Three numbers rest on it:

height
    The longest path down from a synset to one without children. Development kits
    state the height in the whole of WordNet, so a class that is a leaf in the
    challenge may have a height above 0.
lowest common ancestor
    Of all synsets that are ancestor-or-self of both :math:`a` and :math:`b`, the
    one of least height. Ties go to the one that stands first in the taxonomy.
cost
    :math:`d(a, b)` is the height of the lowest common ancestor, and 0 for
    :math:`a = b`. This is the ``cost_matrix`` of the ILSVRC2010 kit.

References
----------
.. [1] C. Fellbaum (ed.), "WordNet: An Electronic Lexical Database", MIT Press, 1998.
.. [2] J. Deng, W. Dong, R. Socher, L.-J. Li, K. Li, L. Fei-Fei, "ImageNet: A
   Large-Scale Hierarchical Image Database", CVPR 2009.
.. [3] J. Deng, A. Berg, K. Li, L. Fei-Fei, "What does classifying more than 10,000
   image categories tell us?", ECCV 2010, section 6 (hierarchical cost).
"""

import contextlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._synset_files import MAX_HEIGHT, read_data_noun, read_is_a, read_meta
from ._validation import check_int, suggestion
from .errors import DatasetError, ParameterError

__all__ = ["Synset", "Taxonomy"]


class Synset(NamedTuple):
    """One node of a taxonomy.

    Attributes
    ----------
    wnid : str
        WordNet's identifier, ``n`` and the 8-digit offset in WordNet 3.0.
    id : int
        The challenge's number of it, 0 where there is none.
    words : str
        Its words, separated by ``", "``.
    gloss : str
        Its definition; empty where the source has none.
    height : int
        Longest path down to a synset without children.
    """

    wnid: str
    id: int
    words: str
    gloss: str
    height: int


class Taxonomy:
    """A DAG of synsets.

    Usually made by :meth:`read`, from a development kit or from WordNet.

    Parameters
    ----------
    wnids : sequence of str
        The synsets. Their order is kept everywhere.
    edges : iterable of (parent, child)
        Pairs of wnids. Repeated pairs count once.
    words, glosses : sequence of str, optional
    heights : sequence of int, optional
        By default computed from the edges. A parent must be higher than its
        children.
    ids : sequence of int, optional
        Positive and unique; 0 stands for none. By default all 0.
    n_train_images : sequence of int, optional
        By default all 0.

    Attributes
    ----------
    wnids, words, glosses : tuple of str
    heights, ids, n_train_images : int64 arrays of shape (n_synsets,)

    Raises
    ------
    ParameterError
        If wnids repeat, an edge names an unknown synset, edges form a cycle,
        lengths differ, or heights contradict the edges.

    Examples
    --------
    >>> from bovw import Taxonomy
    >>> pets = Taxonomy(["pet", "cat", "dog", "puppy"], [("pet", "cat"), ("pet", "dog"), ("dog", "puppy")])
    >>> pets.lowest_common_ancestor("cat", "puppy")
    'pet'
    >>> pets.cost_matrix(["cat", "puppy"])
    array([[0, 2],
           [2, 0]], dtype=uint8)
    """

    def __init__(
        self, wnids, edges, *, words=None, glosses=None, heights=None, ids=None, n_train_images=None
    ):
        self.wnids = tuple(wnids)
        n = len(self.wnids)
        self._index = {wnid: i for i, wnid in enumerate(self.wnids)}
        if len(self._index) != n:
            seen = set()
            twice = next(w for w in self.wnids if w in seen or seen.add(w))
            raise ParameterError(f"synset {twice!r} appears twice; a taxonomy holds each synset once")
        self.words = self._texts("words", words)
        self.glosses = self._texts("glosses", glosses)
        self.ids = self._numbers("ids", ids)
        self.n_train_images = self._numbers("n_train_images", n_train_images)
        self._node_of_id = {int(number): i for i, number in enumerate(self.ids) if number}
        if len(self._node_of_id) != np.count_nonzero(self.ids):
            raise ParameterError("ids repeat; each synset needs its own, or 0 for none")
        self._connect(edges)
        self._order = self._topological_order()
        if heights is None:
            self.heights = self._longest_paths_down()
        else:
            self.heights = self._numbers("heights", heights)
            self._check_heights()

    def _texts(self, name, values):
        values = ("",) * len(self.wnids) if values is None else tuple(values)
        if len(values) != len(self.wnids):
            raise ParameterError(f"{name} has {len(values)} entries for {len(self.wnids)} synsets")
        return values

    def _numbers(self, name, values):
        values = np.zeros(len(self.wnids), np.int64) if values is None else np.array(values)
        if values.size and values.dtype.kind not in "iu":
            raise ParameterError(f"{name} has dtype {values.dtype}; it must be integer")
        if values.shape != (len(self.wnids),):
            raise ParameterError(f"{name} has shape {values.shape} for {len(self.wnids)} synsets")
        if values.size and values.min() < 0:
            raise ParameterError(f"{name} holds {values.min()}; it must not be negative")
        values = values.astype(np.int64)
        values.flags.writeable = False
        return values

    def _connect(self, edges):
        children = [{} for _ in self.wnids]  # dicts keep the order and drop repeats
        parents = [{} for _ in self.wnids]
        for parent, child in edges:
            i, j = self.index(parent), self.index(child)
            children[i][j] = parents[j][i] = None
        self._children = [tuple(c) for c in children]
        self._parents = [tuple(p) for p in parents]

    def _topological_order(self):
        """All nodes, parents before children."""
        waiting = [len(parents) for parents in self._parents]
        order = [i for i, count in enumerate(waiting) if count == 0]
        for i in order:  # grows while it is walked
            for child in self._children[i]:
                waiting[child] -= 1
                if waiting[child] == 0:
                    order.append(child)
        if len(order) < len(self.wnids):
            stuck = next(self.wnids[i] for i, count in enumerate(waiting) if count)
            raise ParameterError(f"the edges form a cycle at or above {stuck!r}; a taxonomy has none")
        return order

    def _longest_paths_down(self):
        heights = np.zeros(len(self.wnids), np.int64)
        for i in reversed(self._order):
            heights[i] = max((heights[child] + 1 for child in self._children[i]), default=0)
        heights.flags.writeable = False
        return heights

    def _check_heights(self):
        for i, children in enumerate(self._children):
            for child in children:
                if self.heights[child] >= self.heights[i]:
                    raise ParameterError(
                        f"{self.wnids[i]!r} has height {self.heights[i]} and its child {self.wnids[child]!r} "
                        f"{self.heights[child]}; a parent must be higher than its children"
                    )

    # ---- reading

    @classmethod
    def read(cls, path, hierarchy=None):
        """Read whatever hierarchy lies at ``path``.

        Parameters
        ----------
        path : str or PathLike
            A kit's ``meta.mat``, WordNet's ``data.noun``, or a folder: a kit (with
            ``meta.mat`` or ``data/meta.mat``), a folder with ``words.txt`` and
            ``wordnet.is_a.txt``, or one with ``data.noun``.
        hierarchy : Taxonomy, optional
            As in :meth:`from_meta`, for kits.

        Raises
        ------
        DatasetError
            If nothing of the kind is there, or what is there is malformed.
        """
        path = Path(path)
        if path.is_dir():
            for name in ("meta.mat", "data/meta.mat", "meta_clsloc.mat", "data/meta_clsloc.mat"):
                if (path / name).is_file():
                    return cls.from_meta(path / name, hierarchy)
            if (path / "wordnet.is_a.txt").is_file():
                gloss = path / "gloss.txt"
                return cls.from_is_a(
                    path / "words.txt", path / "wordnet.is_a.txt", gloss if gloss.is_file() else None
                )
            if (path / "data.noun").is_file():
                return cls.from_data_noun(path / "data.noun")
            raise DatasetError(
                f"{path} holds no hierarchy: meta.mat, data.noun, or words.txt with wordnet.is_a.txt"
            )
        if path.suffix == ".mat":
            return cls.from_meta(path, hierarchy)
        if path.name == "data.noun":
            return cls.from_data_noun(path)
        raise DatasetError(f"{path} is neither a folder, nor a .mat file, nor WordNet's data.noun")

    @classmethod
    def from_meta(cls, path, hierarchy=None):
        """Read ``synsets`` of an ILSVRC development kit's ``meta.mat``.

        Parameters
        ----------
        path : str or PathLike
        hierarchy : Taxonomy, optional
            Edges and heights for a kit that lists its classes without any (the
            ``meta_clsloc.mat`` of 2015): the classes come first, in the order of
            their ids, then their ancestors. Ignored where the kit has its own.

        Returns
        -------
        Taxonomy
            Synsets in the order of their ids.

        Raises
        ------
        DatasetError
            If the file is damaged, a field is missing or of another type, ids or
            wnids repeat, or the children contradict the heights.

        Notes
        -----
        The id field is ``ILSVRC2010_ID``, ``ILSVRC2011_ID``, ``ILSVRC2012_ID`` ...
        or ``ILSVRC2015_CLSLOC_ID``; words stand in ``words`` or ``name``,
        definitions in ``gloss`` or ``description``.
        """
        wnids, edges, columns = read_meta(path)
        with _blaming(path):
            if edges is None and hierarchy is not None:
                wnids, edges, columns = _with_hierarchy(wnids, columns, hierarchy)
            return cls(wnids, edges or (), **columns)

    @classmethod
    def from_is_a(cls, words, is_a, glosses=None):
        """Read ImageNet's text files of WordNet 3.0.

        Parameters
        ----------
        words : str or PathLike
            ``words.txt``: wnid, TAB, words.
        is_a : str or PathLike
            ``wordnet.is_a.txt``: parent wnid, blank, child wnid.
        glosses : str or PathLike, optional
            ``gloss.txt``: wnid, TAB, definition.

        Raises
        ------
        DatasetError
            If a line is malformed, names an unknown synset, or edges form a cycle.
        """
        wnids, edges, columns = read_is_a(words, is_a, glosses)
        with _blaming(is_a):
            return cls(wnids, edges, **columns)

    @classmethod
    def from_data_noun(cls, path):
        """Read the nouns of WordNet 3.0 from its ``data.noun``.

        Only hypernym pointers (``@``) are edges. Instances (``@i``: *Paris* is not
        a kind of *city* but one) stand alone, as in ``wordnet.is_a.txt``.

        Raises
        ------
        DatasetError
            If a line is malformed or points to a synset that the file lacks.
        """
        wnids, edges, columns = read_data_noun(path)
        with _blaming(path):
            return cls(wnids, edges, **columns)

    # ---- single synsets

    def __len__(self):
        """The number of synsets."""
        return len(self.wnids)

    def __iter__(self):
        return iter(self.wnids)

    def __contains__(self, wnid):
        return wnid in self._index

    def __getitem__(self, wnid):
        """The :class:`Synset` of a wnid."""
        i = self.index(wnid)
        return Synset(self.wnids[i], int(self.ids[i]), self.words[i], self.glosses[i], int(self.heights[i]))

    def __repr__(self):
        n_edges = sum(map(len, self._children))
        return f"Taxonomy({len(self)} synsets, {n_edges} edges, {len(self.leaves())} leaves)"

    def index(self, wnid):
        """The position of a wnid in :attr:`wnids`; ParameterError if it is unknown."""
        try:
            return self._index[wnid]
        except (KeyError, TypeError):
            hint = suggestion(wnid, self._near(wnid))
            raise ParameterError(
                f"synset {str(wnid)!r} is not among the {len(self)} of this taxonomy{hint}"
            ) from None

    def _near(self, wnid):
        """Candidates for a misspelt wnid: comparing with all 82,115 nouns would take seconds."""
        stem = str(wnid)[:6]
        return [w for w in self.wnids if w.startswith(stem)] if stem else []

    def wnid_of(self, id):
        """The wnid of a challenge id.

        Raises
        ------
        ParameterError
            If no synset has it.
        """
        if id not in self._node_of_id:
            last = self.ids.max(initial=0)
            raise ParameterError(f"id={id!r} is not the id of a synset; ids run from 1 to {last}")
        return self.wnids[self._node_of_id[id]]

    def find(self, word):
        """The wnids whose words include ``word``, in any case; a tuple, empty where there is none."""
        wanted = str(word).strip().casefold().replace("_", " ")
        return tuple(
            w for w, words in zip(self.wnids, self.words, strict=True)
            if wanted in words.casefold() and wanted in words.casefold().split(", ")
        )

    # ---- relations

    def parents(self, wnid):
        """The wnids directly above a synset."""
        return self._names(self._parents[self.index(wnid)])

    def children(self, wnid):
        """The wnids directly below a synset, in the order of the source."""
        return self._names(self._children[self.index(wnid)])

    def ancestors(self, wnid):
        """All wnids above a synset, without itself, lowest first."""
        return self._closure(wnid, self._parents, 1)

    def descendants(self, wnid):
        """All wnids below a synset, without itself, highest first."""
        return self._closure(wnid, self._children, -1)

    def roots(self):
        """The wnids without parents."""
        return tuple(w for w, parents in zip(self.wnids, self._parents, strict=True) if not parents)

    def leaves(self, wnid=None):
        """The wnids without children, all or those at or below one synset, in the taxonomy's order.

        In a kit's taxonomy these are the classes of the challenge, in the order of
        their ids.
        """
        nodes = range(len(self)) if wnid is None else sorted(self._reach(self.index(wnid), self._children))
        return tuple(self.wnids[i] for i in nodes if not self._children[i])

    def edges(self):
        """Yield all (parent, child) pairs of wnids."""
        for parent, children in zip(self.wnids, self._children, strict=True):
            for child in children:
                yield parent, self.wnids[child]

    def paths_to_root(self, wnid, limit=1000):
        """Every way up from a synset, each a tuple of wnids from it to a root.

        Parameters
        ----------
        wnid : str
        limit : int, default 1000
            At most so many paths are returned: in a DAG their number can grow
            exponentially with the height.
        """
        limit = check_int("limit", limit, minimum=1)
        paths, stack = [], [(self.index(wnid),)]
        while stack and len(paths) < limit:
            path = stack.pop()
            above = self._parents[path[-1]]
            if above:
                stack.extend((*path, parent) for parent in reversed(above))
            else:
                paths.append(self._names(path))
        return paths

    def subset(self, wnids):
        """The taxonomy of some synsets and all their ancestors, with this one's order, heights and ids."""
        kept = sorted(set().union(*(self._reach(self.index(w), self._parents) for w in wnids)))
        inside = set(kept)
        return Taxonomy(
            self._names(kept),
            [(self.wnids[i], self.wnids[c]) for i in kept for c in self._children[i] if c in inside],
            words=[self.words[i] for i in kept], glosses=[self.glosses[i] for i in kept],
            heights=self.heights[kept], ids=self.ids[kept], n_train_images=self.n_train_images[kept],
        )

    def _names(self, nodes):
        return tuple(self.wnids[i] for i in nodes)

    def _reach(self, start, neighbors):
        """The set of nodes that can be reached from ``start``, itself included."""
        reached, stack = {start}, [start]
        while stack:
            for i in neighbors[stack.pop()]:
                if i not in reached:
                    reached.add(i)
                    stack.append(i)
        return reached

    def _closure(self, wnid, neighbors, sign):
        start = self.index(wnid)
        nodes = self._reach(start, neighbors) - {start}
        return self._names(sorted(nodes, key=lambda i: (sign * self.heights[i], i)))

    # ---- lowest common ancestors

    def lowest_common_ancestor(self, first, second):
        """The wnid of the lowest common ancestor of two synsets; None where they have none.

        A synset counts as its own ancestor.

        Parameters
        ----------
        first, second : str
            Wnids.
        """
        above_first, above_second = (self._reach(self.index(w), self._parents) for w in (first, second))
        common = above_first & above_second
        return self.wnids[min(common, key=lambda i: (self.heights[i], i))] if common else None

    def ancestor_matrix(self, wnids):
        """Which synsets lie at or above each of some synsets.

        Parameters
        ----------
        wnids : sequence of str
            m synsets.

        Returns
        -------
        matrix : bool array of shape (m, k)
            ``matrix[i, j]`` says whether ``ancestors[j]`` is ``wnids[i]`` or above it.
        ancestors : tuple of str
            The k synsets that are at or above at least one, lowest first.
        """
        columns, rows_below = self._rows_below(wnids)
        matrix = np.zeros((len(wnids), len(columns)), bool)
        for j, rows in enumerate(rows_below):
            matrix[rows, j] = True
        return matrix, self._names(columns)

    def _rows_below(self, wnids):
        """The nodes at or above any of ``wnids``, lowest first, and the positions in ``wnids`` below each."""
        nodes = [self.index(w) for w in wnids]
        union = set().union(*(self._reach(i, self._parents) for i in set(nodes)))
        above = {}  # node -> everything at or above it
        for i in self._order:
            if i in union:
                above[i] = {i}.union(*(above[p] for p in self._parents[i]))
        below = {i: [] for i in sorted(union, key=lambda i: (self.heights[i], i))}
        for row, i in enumerate(nodes):
            for j in above[i]:
                below[j].append(row)
        return list(below), list(below.values())

    def cost_matrix(self, wnids=None):
        """Hierarchical costs between synsets: the height of the lowest common ancestor.

        Parameters
        ----------
        wnids : sequence of str, optional
            m synsets; by default :meth:`leaves`, which for a kit are its classes.

        Returns
        -------
        array of shape (m, m), uint8
            Symmetric, 0 on the diagonal. int64 if a height exceeds 254. Cast it
            before arithmetic that may pass 255.

        Raises
        ------
        ParameterError
            If two of the synsets have no common ancestor.

        Notes
        -----
        The ancestors are walked from the highest down, each writing its height over
        all pairs below it, so that the lowest one has the last word.
        """
        wnids = self.leaves() if wnids is None else list(wnids)
        columns, rows_below = self._rows_below(wnids)
        heights = self.heights[columns]
        dtype = np.uint8 if heights.max(initial=0) < MAX_HEIGHT else np.int64
        costs = np.zeros((len(wnids), len(wnids)), dtype)  # 1 more than the cost; 0 where no ancestor was met
        for height, rows in zip(heights[::-1], reversed(rows_below), strict=True):
            if len(rows) == len(wnids):
                costs[:] = height + 1
            elif len(rows) > 1:
                costs[np.ix_(rows, rows)] = height + 1
        np.fill_diagonal(costs, 1)
        if costs.size and costs.min() == 0:
            i, j = divmod(int(costs.argmin()), len(wnids))
            raise ParameterError(
                f"{str(wnids[i])!r} and {str(wnids[j])!r} have no common ancestor, so no cost; "
                f"use a taxonomy whose hierarchy holds both"
            )
        costs -= 1
        return costs


@contextlib.contextmanager
def _blaming(path):
    """Turn what a constructor finds wrong into the fault of the file it was read from."""
    try:
        yield
    except ParameterError as error:
        raise DatasetError(f"{path}: {error}") from error


def _with_hierarchy(wnids, columns, hierarchy):
    """Classes without edges, followed by their ancestors in ``hierarchy``."""
    above = hierarchy.subset(wnids)
    classes = set(wnids)
    rest = [above[wnid] for wnid in above if wnid not in classes]
    merged = {
        "words": columns["words"] + [s.words for s in rest],
        "glosses": columns.get("glosses", [above[w].gloss for w in wnids]) + [s.gloss for s in rest],
        "heights": [above[w].height for w in wnids] + [s.height for s in rest],
        "ids": columns["ids"] + [0] * len(rest),
        "n_train_images": columns.get("n_train_images", [0] * len(wnids)) + [0] * len(rest),
    }
    return [*wnids, *(s.wnid for s in rest)], above.edges(), merged
