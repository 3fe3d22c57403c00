"""Descriptors that are read block by block, so that a codebook can learn from more than memory holds.

Whatever has a ``shape`` (n, d) and a method ``read(start, stop)`` that returns those rows,
float32 or uint8, is a *block source*. Arrays and memory maps become one by
:class:`ArrayBlocks`, a store of the descriptors of images by :class:`DescriptorBlocks`.
"""

import numpy as np

from .._validation import check_int, check_samples
from ..errors import ParameterError
from .nearest import check_descriptors

#: Rows that are read at a time where nothing else decides.
BLOCK_ROWS = 16384


class ArrayBlocks:
    """Rows of an array or a memory map.

    Parameters
    ----------
    array : array of shape (n, d)
        Any numeric dtype: rows are converted to float32 as they are read; uint8 stays.

    Attributes
    ----------
    shape : tuple (n, d)

    Examples
    --------
    >>> blocks = ArrayBlocks(np.arange(6.0).reshape(3, 2))
    >>> blocks.read(1, 2)
    array([[2., 3.]], dtype=float32)
    """

    run_rows = None

    def __init__(self, array):
        if not hasattr(array, "dtype"):
            array = np.asarray(array)
        if array.ndim != 2 or array.dtype.kind not in "fiub":
            raise ParameterError(f"array has shape {array.shape} and dtype {array.dtype}; numbers (n, d) are needed")
        self._array = array
        self.shape = array.shape

    def read(self, start, stop):
        """Rows start:stop, float32 or uint8; no copy where none is needed."""
        rows = np.asarray(self._array[start:stop])
        return np.ascontiguousarray(rows, None if rows.dtype in (np.float32, np.uint8) else np.float32)

    def take(self, rows):
        """The rows of a rising integer array."""
        taken = np.asarray(self._array[rows])
        return taken if taken.dtype in (np.float32, np.uint8) else taken.astype(np.float32)


class CheckedArray(ArrayBlocks):
    """An array that has been checked as a whole: float32 or uint8, no NaN or infinity."""


class DescriptorBlocks:
    """The descriptors of a store of images as one long matrix, image after image.

    Parameters
    ----------
    store : object with ``len`` and ``read(start, stop) -> DescriptorSet``
        Such as a DescriptorStore, or a DescriptorSet's slices behind that method. It is
        read once, to learn how many descriptors each image has.
    n_images : int
        How many images are read at a time.

    Attributes
    ----------
    shape : tuple (n, d)
    run_rows : int
        Descriptors of an average image: a shuffled pass goes through runs of so many rows.
    """

    def __init__(self, store, *, n_images=64):
        n_images = check_int("n_images", n_images, minimum=1)
        self._store = store
        counts, sizes = [], set()
        for start in range(0, len(store), n_images):
            images = store.read(start, min(start + n_images, len(store)))
            counts.append(np.diff(images.offsets))
            if images.n_descriptors:
                sizes.add(images.descriptor_size)
        if len(sizes) != 1:
            raise ParameterError(
                f"the store has descriptors of sizes {sorted(sizes)}; images with one kind of descriptor are needed"
            )
        self._offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        self.shape = int(self._offsets[-1]), sizes.pop()
        self.run_rows = max(1, self.shape[0] // len(store))

    def read(self, start, stop):
        """Rows start:stop."""
        if stop <= start:
            return np.empty((0, self.shape[1]), np.float32)
        first = int(np.searchsorted(self._offsets, start, side="right")) - 1
        last = int(np.searchsorted(self._offsets, stop, side="left"))
        rows = self._store.read(first, last).descriptors
        return rows[start - self._offsets[first] : stop - self._offsets[first]]


class CheckedBlocks:
    """A block source whose every block is checked as it is read: shape, dtype, no NaN or infinity."""

    def __init__(self, source):
        shape = getattr(source, "shape", None)
        if not isinstance(shape, tuple) or len(shape) != 2 or not callable(getattr(source, "read", None)):
            raise ParameterError(
                f"X is a {type(source).__name__}; an array (n, d), or an object with shape (n, d) and "
                "read(start, stop), is needed"
            )
        self._source = source
        self.shape = tuple(map(int, shape))
        self.run_rows = getattr(source, "run_rows", None)
        self._dtype = None

    def read(self, start, stop):
        """Rows start:stop, float32 or uint8 (the same for all blocks), C-contiguous and finite."""
        rows = check_descriptors(f"rows {start} to {stop} of X", self._source.read(start, stop), self.shape[1])
        if len(rows) != stop - start:
            raise ParameterError(f"reading rows {start} to {stop} of X gave {len(rows)} rows")
        self._dtype = self._dtype or rows.dtype
        return rows.astype(self._dtype, copy=False) if self._dtype == np.float32 else self._same(rows, start)

    def _same(self, rows, start):
        if rows.dtype != self._dtype:
            raise ParameterError(f"rows from {start} on of X are {rows.dtype}, those before {self._dtype}")
        return rows

    def take(self, rows):
        """The rows of a rising integer array, read block by block."""
        parts = []
        for start in range(0, self.shape[0], BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, self.shape[0])
            inside = rows[np.searchsorted(rows, start) : np.searchsorted(rows, stop)] - start
            if len(inside):
                low = int(inside[0])
                parts.append(self.read(start + low, start + int(inside[-1]) + 1)[inside - low])
        return np.concatenate(parts) if parts else np.empty((0, self.shape[1]), np.float32)


def as_blocks(X, min_rows=1):
    """A checked source from an array or a block source, for functions; estimators use :func:`sample_blocks`."""
    if not is_block_source(X):
        return CheckedArray(check_descriptors("X", X, min_rows=min_rows))
    source = X if isinstance(X, (CheckedArray, CheckedBlocks)) else CheckedBlocks(X)
    if source.shape[0] < min_rows:
        raise ParameterError(f"X has {source.shape[0]} rows; at least {min_rows} are needed")
    return source


def sample_blocks(estimator, X, *, reset=False):
    """``X`` of an estimator's ``fit``, array or block source, as a checked source; sets ``n_features_in_``."""
    if not is_block_source(X):
        return CheckedArray(check_samples(estimator, X, reset=reset))
    source = CheckedBlocks(X)
    if min(source.shape) < 1:
        raise ParameterError(f"X has shape {source.shape}; at least one row and one column are needed")
    estimator.n_features_in_ = source.shape[1]
    return source


def is_block_source(X):
    """Whether ``X`` is read by its own ``read`` (arrays are not)."""
    return callable(getattr(X, "read", None)) and hasattr(X, "shape")


def read_blocks(source, rows=BLOCK_ROWS):
    """Go through a source once: pairs of first row and block."""
    for start in range(0, source.shape[0], rows):
        yield start, source.read(start, min(start + rows, source.shape[0]))


def sample_rows(source, size, rng):
    """``size`` distinct rows with equal chances, in their order; all of them if there are no more."""
    n = source.shape[0]
    return source.read(0, n) if size >= n else source.take(np.sort(rng.choice(n, size, replace=False)))
