"""Signatures and labels as text in the format of LIBSVM and LIBLINEAR.

One sample a line: its label, then ``index:value`` for the values that are not zero,
indices from 1 and rising; from ``#`` on a line is a comment.

References
----------
.. [1] C.-C. Chang, C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST 2011.
"""

from array import array

import numpy as np

from .._files import atomic_write
from .._text import text_lines
from .._validation import check_int, check_matrix
from ..errors import DatasetError, ParameterError

_MAX_INDEX = 2**31 - 2


def write_libsvm(path, X, y=None):
    """Write samples, atomically.

    Parameters
    ----------
    path : str or PathLike
    X : array or scipy.sparse array of shape (n, d)
        float32; written with as many digits as bring it back exactly.
    y : int array of shape (n,), optional
        Labels. Default: 0.

    Raises
    ------
    ParameterError
        If shapes disagree, labels are no integers, or values are not finite.
    """
    from scipy.sparse import csr_array, issparse

    X = csr_array(X) if issparse(X) else csr_array(check_matrix("X", X))
    X.sum_duplicates()
    values = check_matrix("X", X.data[None, :])[0]
    y = np.zeros(X.shape[0], np.int64) if y is None else np.asarray(y)
    if y.shape != (X.shape[0],) or (y.dtype.kind not in "iu" and y.size):
        raise ParameterError(f"y has shape {y.shape} and dtype {y.dtype}; {X.shape[0]} integers are needed")
    with atomic_write(path, "w") as file:
        for i, label in enumerate(y.tolist()):
            entries = slice(X.indptr[i], X.indptr[i + 1])
            pairs = zip((X.indices[entries] + 1).tolist(), values[entries], strict=True)
            fields = [f"{index}:{str(value).removesuffix('.0')}" for index, value in pairs if value]
            file.write(" ".join([str(label), *fields]) + "\n")


def read_libsvm(path, *, n_features=None, max_line=1 << 26):
    """Read samples.

    Parameters
    ----------
    path : str or PathLike
    n_features : int, optional
        d; an index beyond it is an error. Default: the largest index.
    max_line : int, default 1 << 26
        Longest line accepted, in characters.

    Returns
    -------
    X : scipy.sparse.csr_array of shape (n, d), float32
    y : array of shape (n,)
        int64 if all labels are integers, else float64.

    Raises
    ------
    DatasetError
        Naming the line, if the file cannot be read, or is not of this form.
    """
    from scipy.sparse import csr_array

    limit = _MAX_INDEX if n_features is None else check_int("n_features", n_features, 0, _MAX_INDEX)
    labels, indices, values, ends = array("d"), array("i"), array("f"), [0]
    for number, line in text_lines(path, max_line):
        fields = line.partition("#")[0].replace(":", " : ").split()
        if not fields:
            continue
        try:
            label, index, value = _parse(fields)
        except (ValueError, OverflowError):
            found = repr(line.strip()[:60])
            raise DatasetError(f"{path}, line {number}: {found} is not a label and index:value pairs") from None
        if len(index) and not (index[0] >= 1 and index[-1] <= limit and (np.diff(index) > 0).all()):
            raise DatasetError(f"{path}, line {number}: indices must rise, from 1 to {limit} at most")
        labels.append(label)
        indices.frombytes((index - 1).astype(np.int32).tobytes())
        values.frombytes(value.tobytes())
        ends.append(len(indices))
    indices, y = np.array(indices, np.int32), np.array(labels)
    shape = (len(y), int(indices.max(initial=-1)) + 1 if n_features is None else n_features)
    X = csr_array((np.array(values, np.float32), indices, np.array(ends)), shape)
    whole = y.astype(np.int64) if (np.abs(y) < 2**53).all() else y
    return X, whole if (whole == y).all() else y


def _parse(fields):
    """The label, indices and values of the fields of one line; ValueError if it has another form."""
    if len(fields) % 3 != 1 or set(fields[2::3]) - {":"}:
        raise ValueError
    label = float(fields[0])
    index = np.array(fields[1::3], dtype=np.int64)
    with np.errstate(over="ignore"):
        value = np.array(fields[3::3], dtype=np.float64).astype(np.float32)
    if not (np.isfinite(label) and np.isfinite(value).all()):
        raise ValueError
    return label, index, value
