"""``WordSet``: the visual words of many images and where they lie, without the descriptors."""

import numbers

import numpy as np

from .._validation import check_int, check_matrix
from ..descriptors import DescriptorSet
from ..errors import ParameterError
from ..pooling import parse_layouts


class WordSet:
    """Visual words of zero or more images, ragged as in a :class:`~bovw.descriptors.DescriptorSet`.

    Parameters
    ----------
    words : int array of shape (n,)
        Number of each descriptor's word, from 0, image after image.
    offsets : int array of shape (n_images + 1,), optional
        Image ``i`` owns words ``offsets[i]:offsets[i + 1]``. By default all belong to one image.
    x, y : arrays of shape (n,), float32, optional
        Where they lie, as fractions of width and height.
    scales : int array of shape (n,), optional
        0 is the finest.
    norms : array of shape (n,), float32, optional
        Strength of each descriptor before normalization.
    ids : sequence of n_images str, optional
        Names of the images.
    n_words : int, default 1000
        Number of words of the codebook. Default: 1000, that of ImageNet's download.

    Raises
    ------
    ParameterError
        If shapes disagree, offsets do not rise from 0 to n, or values are out of range.

    Examples
    --------
    >>> words = WordSet([2, 0, 2, 1], [0, 3, 4], n_words=3)
    >>> words.histograms().tolist()
    [[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]
    """

    __slots__ = ("ids", "n_words", "norms", "offsets", "scales", "words", "x", "y")

    def __init__(self, words, offsets=None, x=None, y=None, scales=None, norms=None, ids=None, n_words=1000):
        self.n_words = check_int("n_words", n_words, 1, np.iinfo(np.int32).max)
        self.words = _integers("words", words)
        n = len(self.words)
        if n and not (self.words.min() >= 0 and self.words.max() < self.n_words):
            raise ParameterError(f"words must lie in [0, {self.n_words}), the number of words; give n_words")
        self.offsets = _integers("offsets", [0, n] if offsets is None else offsets).astype(np.int64)
        if not len(self.offsets) or self.offsets[0] != 0 or self.offsets[-1] != n or (np.diff(self.offsets) < 0).any():
            raise ParameterError(f"offsets must rise from 0 to the number of words, {n}")
        self.x, self.y, self.norms = _floats("x", x, n), _floats("y", y, n), _floats("norms", norms, n)
        if (self.x is None) != (self.y is None):
            raise ParameterError("x and y must be given together")
        self.scales = None if scales is None else _integers("scales", scales)
        if self.scales is not None and len(self.scales) != n:
            raise ParameterError(f"scales has {len(self.scales)} entries for {n} words")
        self.ids = None if ids is None else tuple(map(str, ids))
        if self.ids is not None and len(self.ids) != len(self):
            raise ParameterError(f"{len(self.ids)} ids for {len(self)} images")

    def __len__(self):
        """The number of images."""
        return len(self.offsets) - 1

    def __getitem__(self, key):
        """The images under ``key`` (an integer, a slice, an integer or boolean array) as a WordSet."""
        if isinstance(key, (numbers.Integral, np.integer)):
            if not -len(self) <= key < len(self):
                raise IndexError(f"image {key} of a WordSet with {len(self)} images")
            key = [int(key) % len(self)]
        elif not isinstance(key, slice):
            key = np.asarray(key)
            key = key.astype(np.int64) if key.size == 0 else key
        images = np.arange(len(self))[key]
        counts = np.diff(self.offsets)[images]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        rows = np.repeat(self.offsets[images] - offsets[:-1], counts) + np.arange(offsets[-1])
        parts = (None if part is None else part[rows] for part in (self.x, self.y, self.scales, self.norms))
        ids = None if self.ids is None else [self.ids[i] for i in images]
        return WordSet(self.words[rows], offsets, *parts, ids, self.n_words)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def histograms(self, cells=("1x1",), *, sparse=False):
        """Counts of the words in the cells of a pyramid.

        Parameters
        ----------
        cells : sequence of str, default ("1x1",)
            Layouts "ROWSxCOLUMNS", as :class:`~bovw.pooling.SpatialPyramid` has them; left
            and top edges belong to a cell.
        sparse : bool, default False

        Returns
        -------
        array, or scipy.sparse.csr_array if ``sparse``, of shape (n_images, n_cells * n_words), float32
            Cell after cell, not normalized.

        Raises
        ------
        ParameterError
            If there is more than one cell and the set has no x and y.
        """
        from scipy.sparse import coo_array, csr_array

        layouts = parse_layouts(cells)
        n_cells = sum(rows * columns for rows, columns in layouts)
        image = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        parts, first = [], 0
        for rows, columns in layouts:
            parts.append((first + self._cells(rows, columns)) * self.n_words + self.words)
            first += rows * columns
        shape = (len(self), n_cells * self.n_words)
        index = np.int32 if max(shape) < 2**31 else np.int64  # scikit-learn's solvers take the former
        column, image = np.concatenate(parts).astype(index), np.tile(image, len(parts)).astype(index)
        counts = csr_array(coo_array((np.ones(len(column), np.float32), (image, column)), shape))
        return counts if sparse else counts.toarray()

    def _cells(self, rows, columns):
        """The cell of each word in one layout."""
        if rows == columns == 1:
            return np.zeros(len(self.words), np.int64)
        if self.x is None:
            raise ParameterError("this WordSet has no x and y, so words cannot be told apart by cells")
        # A fraction i / r rounded to float64 splits float32 positions exactly where i / r itself does.
        row = np.searchsorted([i / rows for i in range(1, rows)], self.y, side="right")
        return row * columns + np.searchsorted([i / columns for i in range(1, columns)], self.x, side="right")

    def descriptor_set(self, words=None):
        """The same images as a DescriptorSet, for encoders and pyramids.

        Parameters
        ----------
        words : array of shape (n_words, d), optional
            The codebook: every descriptor is then its word. By default a descriptor is one
            column, the number of the word, as :class:`bovw.WordCounts` takes it.

        Returns
        -------
        DescriptorSet
            Frames are on a unit image: pixel coordinates x - 0.5 and y - 0.5 in an image of
            1 x 1 pixel, so that ``positions()`` gives x and y back; a frame's scale is 1 for
            the finest, 2 for half size, 4 for quarter size.
        """
        if words is None:
            descriptors = self.words[:, None].astype(np.float32)
        else:
            descriptors = check_matrix("words", words, min_rows=self.n_words)[self.words]
        if self.x is None:
            return DescriptorSet(descriptors, self.offsets)
        scales = np.zeros(len(self.words)) if self.scales is None else self.scales
        frames, sizes = unit_frames(self.x, self.y, scales), np.ones((len(self), 2), np.int32)
        return DescriptorSet(descriptors, self.offsets, frames, self.norms, sizes)

    @classmethod
    def concatenate(cls, sets):
        """Join word sets, image after image. Optional parts are kept where all sets have them."""
        sets = list(sets)
        if not sets:
            raise ParameterError("no word sets to concatenate")
        if len({s.n_words for s in sets}) > 1:
            raise ParameterError(f"word sets have codebooks of {sorted({s.n_words for s in sets})} words")

        def joined(name):
            parts = [getattr(s, name) for s in sets]
            return None if any(part is None for part in parts) else np.concatenate(parts)

        counts = np.concatenate([np.diff(s.offsets) for s in sets])
        ids = None if any(s.ids is None for s in sets) else [i for s in sets for i in s.ids]
        return cls(
            joined("words"), np.concatenate([[0], np.cumsum(counts)]), joined("x"), joined("y"), joined("scales"),
            joined("norms"), ids, sets[0].n_words,
        )

    def __repr__(self):
        parts = ", ".join(name for name in ("ids", "x", "y", "scales", "norms") if getattr(self, name) is not None)
        return f"WordSet({len(self)} images, {len(self.words)} of {self.n_words} words{', ' if parts else ''}{parts})"


def unit_frames(x, y, scales):
    """Frames (n, 4) float32 on an image of 1 x 1 pixel, whose only pixel reaches from -0.5 to 0.5."""
    half = np.float32(0.5)
    return np.stack([x - half, y - half, np.exp2(np.float32(scales)), np.zeros_like(x)], axis=1)


def _integers(name, values):
    values = np.asarray(values)
    if values.shape == (0,) and values.dtype.kind == "f":  # what NumPy makes of an empty list
        values = values.astype(np.int64)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise ParameterError(f"{name} has dtype {values.dtype} and shape {values.shape}; 1-d integers are needed")
    return values


def _floats(name, values, n):
    if values is None:
        return None
    values = np.ascontiguousarray(values, dtype=np.float32)
    if values.shape != (n,) or not np.isfinite(values).all():
        raise ParameterError(f"{name} must be {n} finite numbers, one a word")
    return values
