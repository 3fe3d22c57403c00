"""Vectors in the format of the TEXMEX data sets: ``.fvecs`` (float32), ``.bvecs`` (uint8), ``.ivecs`` (int32).

Every vector is its dimension, a little-endian int32, and its numbers; one follows the other.

References
----------
.. [1] H. Jégou, L. Amsaleg, "Datasets for approximate nearest neighbor search", corpus-texmex.irisa.fr.
"""

import os
from pathlib import Path

import numpy as np

from .._files import atomic_write
from .._validation import check_int
from ..errors import DatasetError, ParameterError

_DTYPES = {".fvecs": "<f4", ".bvecs": "u1", ".ivecs": "<i4"}
_BLOCK_BYTES = 1 << 24


def write_vecs(path, X):
    """Write the rows of a matrix, atomically.

    Parameters
    ----------
    path : str or PathLike
        Ending in .fvecs, .bvecs or .ivecs.
    X : array of shape (n, d)
        float32, uint8 or int32 accordingly. Other dtypes are taken if every value survives.

    Raises
    ------
    ParameterError
        If the ending is another, X is no such matrix, or a value does not survive.
    """
    dtype, X = _dtype(path), np.asarray(X)
    if X.ndim != 2 or X.shape[1] < 1 or X.dtype.kind not in "fiub":
        raise ParameterError(f"X has shape {X.shape} and dtype {X.dtype}; a numeric matrix is needed")
    n, d = X.shape
    rows = np.empty(max(1, _BLOCK_BYTES // (4 + d * dtype.itemsize)), _record(d, dtype))
    with atomic_write(path) as file:
        for start in range(0, n, len(rows)):
            block = X[start : start + len(rows)]
            part = rows[: len(block)]
            with np.errstate(over="ignore", invalid="ignore"):
                part["d"], part["x"] = d, block
            if not (part["x"] == block).all():
                raise ParameterError(f"X holds values that {dtype.name} cannot hold, which {path} is made of")
            part.tofile(file)


def read_vecs(path, *, n_vectors=None, mmap=False):
    """Read a .fvecs, .bvecs or .ivecs file.

    Parameters
    ----------
    path : str or PathLike
    n_vectors : int, optional
        The first so many only.
    mmap : bool, default False
        Give a read-only view of the file, strided, in place of a copy in memory.

    Returns
    -------
    array of shape (n, d), float32, uint8 or int32
        (0, 0) for an empty file.

    Raises
    ------
    DatasetError
        If the file cannot be read, is cut short, its vectors have different dimensions, or
        floats are not finite (which is not looked at with ``mmap``).
    """
    dtype = _dtype(path)
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            head = file.read(4)
        d = int(np.frombuffer(head, "<i4")[0]) if len(head) == 4 else 0
        if size == 0:
            return np.empty((0, 0), dtype)
        if d < 1 or size % (4 + d * dtype.itemsize):
            raise DatasetError(f"{path}: {size} bytes are no whole number of vectors of dimension {d}")
        n = size // (4 + d * dtype.itemsize)
        n = n if n_vectors is None else min(n, check_int("n_vectors", n_vectors, 0))
        if n == 0:
            return np.empty((0, d), dtype)
        rows = np.memmap(path, _record(d, dtype), "r", shape=(n,))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    if (rows["d"] != d).any():
        row = int(np.argmax(rows["d"] != d))
        raise DatasetError(f"{path}: vector {row} has dimension {rows['d'][row]}, the ones before {d}")
    if mmap:
        return rows["x"]
    X = np.array(rows["x"])
    if dtype.kind == "f" and not np.isfinite(X).all():
        raise DatasetError(f"{path} holds NaN or infinity")
    return X


def _dtype(path):
    ending = Path(path).suffix
    if ending not in _DTYPES:
        raise ParameterError(f"{path} does not end in {', '.join(_DTYPES)}, which says what a vector is made of")
    return np.dtype(_DTYPES[ending])


def _record(d, dtype):
    return np.dtype([("d", "<i4"), ("x", dtype, (d,))])
