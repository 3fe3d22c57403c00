"""Codebooks as text: one word a line, its numbers separated by blanks, as ``codebook.txt`` of the ILSVRC2010 kit."""

import numpy as np

from .._files import atomic_write
from .._text import text_lines
from .._validation import all_finite, check_int, check_matrix
from ..codebook import KMeansCodebook
from ..errors import DatasetError

_MAX_LINE = 1 << 20


def read_codebook(path, *, n_features=None, max_words=1 << 16):
    """Read a codebook from text.

    Parameters
    ----------
    path : str or PathLike
        One word a line.
    n_features : int, optional
        The dimension that words must have, 128 for SIFT.
    max_words : int, default 1 << 16
        More lines are refused.

    Returns
    -------
    KMeansCodebook
        Ready for ``predict`` and for ``HardAssignment.with_codebook``.

    Raises
    ------
    DatasetError
        Naming the line, if the file cannot be read, is empty or is not such a matrix of finite numbers.
    """
    max_words, rows = check_int("max_words", max_words, 1), []
    for number, line in text_lines(path, _MAX_LINE):
        try:
            with np.errstate(over="ignore"):
                row = np.array(line.split(), dtype=np.float64).astype(np.float32)
        except ValueError:
            raise DatasetError(f"{path}, line {number}: {line.strip()[:60]!r} is not a row of numbers") from None
        wanted = len(rows[0]) if rows else (n_features or len(row))
        if len(row) != wanted or not len(row) or not all_finite(row):
            raise DatasetError(f"{path}, line {number}: {len(row)} numbers; {wanted or 'some'} finite ones are needed")
        if len(rows) == max_words:
            raise DatasetError(f"{path} has more than the {max_words} words accepted; raise max_words")
        rows.append(row)
    if not rows:
        raise DatasetError(f"{path} holds no word")
    codebook = KMeansCodebook(n_words=len(rows))
    codebook.words_ = np.array(rows)
    codebook.n_features_in_ = codebook.words_.shape[1]
    return codebook


def write_codebook(path, words, *, digits=6):
    """Write a codebook as text, atomically.

    Parameters
    ----------
    path : str or PathLike
    words : array of shape (n_words, d), or a codebook with ``words_``
    digits : int, default 6
        Significant digits, as the kit's file has them; 9 keep float32 exactly.
    """
    words = check_matrix("words", getattr(words, "words_", words), min_rows=1)
    form = f"%.{check_int('digits', digits, 1, 17)}g"
    with atomic_write(path) as file:
        np.savetxt(file, words, form)
