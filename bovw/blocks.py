"""Rows that are read block by block, so that learning is not bound by memory.

A *block source* is anything with

* ``shape``, a tuple (n, d), and
* ``read(start, stop, out=None)``, which gives the rows start to stop: as float32 or uint8, or written
  as float32 into ``out``, an array (stop - start, d), and returned.

Stores are block sources, arrays and memory maps become one by :class:`ArrayBlocks`. Codebooks read without
``out``, so for them ``read(start, stop)`` is enough. A source may have ``run_rows``, the number of neighboring
rows that a shuffled pass had better leave together. What is read is checked as it comes (:func:`read_checked`).
"""

import numpy as np

from ._validation import all_finite, check_descriptors
from .errors import ParameterError

#: Rows that are read at a time where nothing else decides.
BLOCK_ROWS = 16384


class ArrayBlocks:
    """Rows of an array or a memory map as a block source.

    Parameters
    ----------
    array : array of shape (n, d)
        Numbers of any dtype; converted block by block as they are read, never as a whole.

    Attributes
    ----------
    array : array of shape (n, d)
        As given.
    shape : tuple (n, d)

    Examples
    --------
    >>> import numpy as np
    >>> blocks = ArrayBlocks(np.arange(6.0).reshape(3, 2))
    >>> blocks.read(1, 2)
    array([[2., 3.]], dtype=float32)
    """

    run_rows = None

    def __init__(self, array):
        if not hasattr(array, "dtype"):
            array = np.asarray(array)
        if array.ndim != 2 or array.dtype.kind not in "fiub":
            raise ParameterError(f"X has shape {array.shape} and dtype {array.dtype}; numbers (n, d) are needed")
        self.array = array
        self.shape = array.shape

    def read(self, start: int, stop: int, out: np.ndarray | None = None) -> np.ndarray:
        """Rows start:stop, float32 or uint8, no copy where none is needed; as float32 in ``out`` if given."""
        rows = np.asarray(self.array[start:stop])
        if out is not None:
            np.copyto(out, rows, casting="same_kind")
            return out
        return np.ascontiguousarray(rows, None if rows.dtype in (np.float32, np.uint8) else np.float32)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The rows of a rising integer array, float32 or uint8."""
        taken = np.asarray(self.array[rows])
        return taken if taken.dtype in (np.float32, np.uint8) else taken.astype(np.float32)


class CheckedArray(ArrayBlocks):
    """An array that has been checked as a whole: float32 or uint8, no NaN or infinity."""


class CheckedBlocks:
    """A block source whose every block is checked as it is read, and of the dtype of the first."""

    def __init__(self, source):
        if not is_block_source(source):
            raise ParameterError(
                f"X is a {type(source).__name__}; an array (n, d), or an object with shape (n, d) and "
                "read(start, stop), is needed"
            )
        self._source = source
        self.shape = tuple(map(int, source.shape))
        self.run_rows = getattr(source, "run_rows", None)
        self._dtype = None

    def read(self, start, stop):
        """Rows start:stop, float32 or uint8 (the same for all blocks), C-contiguous and finite."""
        rows = read_checked(self._source, start, stop)
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


def is_block_source(X) -> bool:
    """Whether ``X`` is read by its own ``read`` (arrays are not)."""
    shape = getattr(X, "shape", None)
    return callable(getattr(X, "read", None)) and isinstance(shape, tuple) and len(shape) == 2


def read_checked(source, start, stop, out=None):
    """Rows of a source, of the shape asked for and finite: C-contiguous float32 or uint8, or float32 in ``out``.

    Raises
    ------
    ParameterError
        Naming the rows.
    """
    if out is None:
        rows = check_descriptors(f"rows {start} to {stop} of X", source.read(start, stop), source.shape[1])
        if len(rows) != stop - start:
            raise ParameterError(f"reading rows {start} to {stop} of X gave {len(rows)} rows")
        return rows
    rows = source.read(start, stop, out)
    if not all_finite(rows):
        bad = start + int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise ParameterError(f"X holds NaN or infinity in row {bad}; leave the row out or write it anew")
    return rows


def read_blocks(source, rows=BLOCK_ROWS):
    """Go through a source once: pairs of first row and block."""
    for start in range(0, source.shape[0], rows):
        yield start, source.read(start, min(start + rows, source.shape[0]))
