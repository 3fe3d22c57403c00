"""Names, labels and classes of the rows of a store, as files."""

import io
import json

import numpy as np

from ..errors import ParameterError


def row_files(n_rows, names, labels, classes):
    """The bytes of names.jsonl, labels.npy and classes.jsonl, of those that are given, by file name.

    Raises
    ------
    ParameterError
        If there are not ``n_rows`` names, or not so many integers as labels.
    """
    contents = {}
    if names is not None:
        names = list(names)
        if len(names) != n_rows:
            raise ParameterError(f"names has {len(names)} entries for n_rows={n_rows}")
        contents["names.jsonl"] = _json_lines(names)
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != (n_rows,) or (labels.dtype.kind not in "iu" and n_rows):
            raise ParameterError(f"labels has shape {labels.shape}, dtype {labels.dtype}; {n_rows} integers are needed")
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, labels.astype(np.int64), allow_pickle=False)
        contents["labels.npy"] = buffer.getvalue()
    if classes is not None:
        contents["classes.jsonl"] = _json_lines(classes)
    return contents


def read_row_file(path):
    """What :func:`row_files` made the bytes of: a list of str, or an int64 array."""
    data = path.read_bytes()
    if path.suffix == ".npy":
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    return json.loads("[" + ",".join(data.decode("ascii").splitlines()) + "]")


def _json_lines(strings):
    """One JSON string a line: any file name goes in and comes out, with newlines or bytes that are no UTF-8."""
    return "".join(json.dumps(str(string)) + "\n" for string in strings).encode("ascii")
