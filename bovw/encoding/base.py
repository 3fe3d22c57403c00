r"""What all encoders share: descriptors in, one pooled code a cell out, in one pass.

A code pooled over a cell is a function of *statistics* that combine over disjoint
parts of the cell, by addition (counts, sums of residuals, moments) or by maximum
(max pooling). So the descriptors of an image are split once into disjoint *groups*,
each group's statistics are computed once, and however many overlapping cells are
unions of groups:

.. math::
    S(\text{cell}) = \bigoplus_{g \subset \text{cell}} S(g),
    \qquad \text{code}(\text{cell}) = \text{finish}(S(\text{cell}), |\text{cell}|).

An encoder implements the two ends, :meth:`Encoder.statistics` and
:meth:`Encoder.finish`; :func:`combine` is the same for all.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._parameters import Declared, Part
from .._transformer import Float32Transformer
from .._validation import check_int, check_matrix, check_samples
from ..codebook import KMeansCodebook
from ..descriptors.descriptor_set import as_descriptor_set, as_rows, is_descriptor_sets, rows_to_learn
from ..errors import ParameterError

#: Rows of a block: scores of a thousand words stay in the second-level cache.
BLOCK_ROWS = 512

#: What an encoder of nearest words takes for its codebook.
WORDS = Part("KMeansCodebook or HierarchicalKMeans", default=KMeansCodebook, methods=("fit", "word_search"))


class Encoder(Declared, Float32Transformer):
    """Base of the encoders: a codebook, and a way to pool the codes of descriptors.

    A subclass sets ``poolings`` (the poolings that it supports, the default first),
    declares its codebook in ``PARAMETERS``, and implements ``code_size``,
    ``statistics`` and ``finish``; if its code is a row of equal blocks, one a
    codeword, it sets ``has_blocks`` and ``block_size``. Its constructor takes ``codebook``, an unfitted
    estimator or None for the default.

    Wherever descriptors are asked for, one pool of them, they may be an array (n, d), float or uint8, a
    DescriptorSet, or a list of (n_i, d) arrays or DescriptorSets, whose rows then count together.

    Attributes
    ----------
    codebook_ : fitted codebook
        A KMeansCodebook where ``codebook`` is None; words in ``codebook_.words_``.
    n_features_in_ : int
        Dimension of a descriptor.
    """

    poolings: tuple[str, ...] = ("sum",)
    needs_codebook = True
    whole_images = False  # or there are codes of cells

    def fit(self, X, y=None) -> "Encoder":
        """Fit a clone of the codebook on descriptors; returns self.

        Parameters
        ----------
        X : array of shape (n, d), or descriptor sets
            Descriptors, as many as the codebook should see. To learn from a block source, fit the codebook
            alone and hand it to :meth:`with_codebook`.
        y : ignored

        Raises
        ------
        ParameterError
            For a value out of range, or a codebook that this encoder cannot work with, before anything is learnt.
        """
        self.check_params()
        X = check_samples(self, rows_to_learn(X), reset=True).astype(np.float32, copy=False)
        self._adopt(self.part("codebook").fit(X))
        self._learn(X)
        self.encode(X[:1])  # makes ready what coding takes, so that coding leaves the estimator as it is
        return self

    def transform(self, X) -> np.ndarray:
        """The code of each image.

        Parameters
        ----------
        X : descriptor sets, or array of shape (n, d)
            Of an array every row counts as an image of one descriptor.

        Returns
        -------
        codes : array of shape (n_images, code_size), float32
            Pooled by the first of ``poolings``. An image without descriptors has code 0.
        """
        check_is_fitted(self)
        if is_descriptor_sets(X):
            images = [image.descriptors for image in as_descriptor_set(X)]
        else:
            images = check_samples(self, X)[:, None]
        codes = np.empty((len(images), self.code_size), np.float32)
        for code, image in zip(codes, images, strict=True):
            code[:] = self.encode(image)
        return codes

    @property
    def _n_features_out(self):
        return self.code_size

    @classmethod
    def with_codebook(cls, codebook, **params) -> "Encoder":
        """An encoder, ready for use, around a codebook that is fitted already.

        Parameters
        ----------
        codebook : fitted codebook
            Shared, not copied.
        **params
            The other constructor arguments.

        Raises
        ------
        ParameterError
            For a value out of range, or a codebook that this encoder cannot work with.
        NotFittedError
            If the codebook is not fitted.

        Examples
        --------
        >>> import numpy as np
        >>> from bovw import HardAssignment, KMeansCodebook
        >>> X = np.float32([[0, 0], [0, 1], [9, 9]])
        >>> encoder = HardAssignment.with_codebook(KMeansCodebook(n_words=2, random_state=0).fit(X))
        >>> sorted(encoder.encode(X).tolist())
        [1.0, 2.0]
        """
        encoder = cls(codebook, **params)
        encoder.check_params()
        check_is_fitted(codebook)
        encoder._adopt(codebook)
        return encoder

    def pool(
        self, descriptors, groups=None, n_groups: int = 1, *, cells: np.ndarray | None = None, pooling: str = "auto"
    ) -> np.ndarray:
        """Pooled codes of groups of descriptors, or of cells made of groups.

        Parameters
        ----------
        descriptors : array of shape (n, d), or descriptor sets
            Any order; n may be 0.
        groups : int array of shape (n,), optional
            The group of each descriptor, 0 to n_groups - 1. By default all are in group 0.
        n_groups : int, default 1
            Number of groups; some may be empty.
        cells : bool array of shape (n_cells, n_groups), optional
            Which groups make up each cell; cells may overlap. By default each group is a cell.
        pooling : str, default "auto"
            One of the encoder's ``poolings``; "auto" is the first.

        Returns
        -------
        codes : array of shape (n_cells, code_size), float32
            A cell without descriptors has code 0.
        """
        X = self._checked_rows(descriptors)
        n_groups = check_int("n_groups", n_groups, minimum=1)
        pooling = self.check_pooling(pooling)
        X, offsets = sort_by_group(X, groups, n_groups)
        statistics = self.statistics(X, offsets, pooling)
        counts = np.diff(offsets)
        if cells is not None:
            cells = np.asarray(cells)
            if cells.dtype != bool or cells.ndim != 2 or cells.shape[1] != n_groups:
                raise ParameterError(
                    f"cells has dtype {cells.dtype} and shape {cells.shape}; "
                    f"bool (n_cells, {n_groups}) is needed"
                )
            statistics = combine(statistics, cells, "max" if pooling == "max" else "sum")
            counts = cells.astype(np.int64) @ counts
        return self.finish(statistics, counts, pooling)

    def encode(self, descriptors, *, pooling: str = "auto") -> np.ndarray:
        """The code of one set of descriptors, pooled together.

        Parameters
        ----------
        descriptors : array of shape (n, d), or descriptor sets
            n may be 0.
        pooling : str, default "auto"
            One of the encoder's ``poolings``; "auto" is the first.

        Returns
        -------
        code : array of shape (code_size,), float32
        """
        return self.pool(descriptors, pooling=pooling)[0]

    @property
    def code_size(self) -> int:
        """Length of a pooled code."""
        raise NotImplementedError

    @property
    def has_blocks(self) -> bool:
        """Whether the code is a row of equal blocks, one a codeword."""
        return False

    @property
    def block_size(self) -> int | None:
        """How many numbers side by side belong to one codeword; None unless ``has_blocks``."""
        return None

    def statistics(self, descriptors, offsets, pooling):
        """Statistics of each group that :func:`combine` can add or take the maximum of.

        Parameters
        ----------
        descriptors : array of shape (n, d), float32, C-contiguous
            Group after group.
        offsets : int array of shape (n_groups + 1,)
            Group g owns rows ``offsets[g]:offsets[g + 1]``.
        pooling : str
            One of ``poolings``.

        Returns
        -------
        statistics : array of shape (n_groups, ...)
            float64 for sums; for the maximum float32, with -inf where a group is empty.
        """
        raise NotImplementedError

    def finish(self, statistics, counts, pooling):
        """Codes from the statistics of cells.

        Parameters
        ----------
        statistics : array of shape (n_cells, ...)
            As :meth:`statistics` gives them.
        counts : int array of shape (n_cells,)
            Number of descriptors of each cell.
        pooling : str

        Returns
        -------
        codes : array of shape (n_cells, code_size), float32
        """
        raise NotImplementedError

    def _adopt(self, codebook):
        self.codebook_ = codebook
        self.n_features_in_ = int(codebook.n_features_in_)

    def _learn(self, X):
        """Learn what an encoder needs beyond its codebook; most need nothing."""

    def check_pooling(self, pooling: str) -> str:
        """The pooling that ``pooling`` means, which is the first for "auto"; ParameterError if there is no such one."""
        if pooling == "auto":
            return self.poolings[0]
        if pooling not in self.poolings:
            listed = ", ".join(map(repr, self.poolings))
            raise ParameterError(f"pooling={pooling!r} is none that {type(self).__name__} has; take one of {listed}")
        return pooling

    def _checked_rows(self, descriptors):
        check_is_fitted(self)
        return check_matrix("descriptors", as_rows(descriptors), n_features=self.n_features_in_)

    def _prepared(self, prepare, *arrays):
        """``prepare(*arrays)``, remembered for as long as the codebook holds these very arrays."""
        cached = self.__dict__.get("_cache")
        if cached is None or any(a is not b for a, b in zip(cached[0], arrays, strict=True)):
            cached = self._cache = (arrays, prepare(*arrays))
        return cached[1]

    def __getstate__(self):
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_cache"}


def sort_by_group(X, groups, n_groups):
    """Rows ordered by group, order kept within a group, and the offsets of the groups.

    Returns ``X`` itself when it is in order already.
    """
    if groups is None:
        if n_groups != 1:
            raise ParameterError(f"n_groups={n_groups} needs groups: which group each descriptor is in")
        return X, np.array([0, len(X)])
    groups = np.asarray(groups)
    if groups.shape != (len(X),) or (groups.dtype.kind not in "iu" and groups.size):
        raise ParameterError(
            f"groups has dtype {groups.dtype} and shape {groups.shape}; "
            f"an integer array of shape ({len(X)},) is needed"
        )
    if groups.size and not (0 <= groups.min() and groups.max() < n_groups):
        raise ParameterError(f"groups has values outside 0 to {n_groups - 1}")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(groups.astype(np.intp), minlength=n_groups))])
    if (groups[1:] < groups[:-1]).any():
        X = X[np.argsort(groups, kind="stable")]
    return X, offsets


def combine(statistics, cells, how):
    """Statistics of cells from those of groups.

    Parameters
    ----------
    statistics : array of shape (n_groups, ...)
    cells : bool array of shape (n_cells, n_groups)
    how : "sum" or "max"

    Returns
    -------
    array of shape (n_cells, ...)
        A cell of no group gets 0 (sum) or -inf (max).
    """
    reduce, empty = (np.add.reduce, 0) if how == "sum" else (np.maximum.reduce, -np.inf)
    combined = np.empty((len(cells), *statistics.shape[1:]), statistics.dtype)
    for cell, members in zip(combined, cells, strict=True):
        cell[...] = reduce(statistics[members], axis=0, initial=empty)
    return combined


def segments(offsets, start, stop):
    """The parts of rows start:stop that lie in one group: (group, first row, last row + 1)."""
    group = int(np.searchsorted(offsets, start, side="right")) - 1
    while start < stop:
        end = min(int(offsets[group + 1]), stop)
        if end > start:
            yield group, start, end
        start = end
        group += 1


def divide_by_counts(sums, counts):
    """Means from sums over cells, shape (n_cells, ...); the mean of nothing is 0."""
    counts = np.maximum(counts, 1).reshape((-1,) + (1,) * (sums.ndim - 1))
    return sums / counts


def check_words(words, descriptors):
    """Words, float32 (K, d), and the rows of descriptors, float32 (n, d), of a plain function, or ParameterError."""
    words = check_matrix("words", words, min_rows=1)
    if words.shape[1] == 0:
        raise ParameterError("words has 0 columns; at least one is needed")
    return words, check_matrix("descriptors", as_rows(descriptors), n_features=words.shape[1])


def check_arguments(encoder, **values):
    """The values of a plain function's parameters in their plain form, by the declarations of the class ``encoder``."""
    return (encoder.PARAMETERS[name].check(name, value) for name, value in values.items())
