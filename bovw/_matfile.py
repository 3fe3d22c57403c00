"""MAT files of unknown origin, checked before they are believed.

SciPy allocates what the headers of a MAT file announce. A few hundred bytes can
announce a struct array of 10^12 elements, or inflate to gigabytes. So the whole
tree of data elements is walked first: every size must fit inside its parent,
every array must have the bytes that its dimensions promise, and only structs,
cells, text and real full numeric arrays are let through.

References
----------
.. [1] MathWorks, "MAT-File Format", Level 5 MAT-files.
"""

import io
import math
import os
import struct
import zlib

from .errors import DatasetError

_ITEM_SIZE = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
_MATRIX, _COMPRESSED, _UTF8, _UTF16 = 14, 15, 16, 17
_CELL, _STRUCT, _CHAR, _NUMERIC = 1, 2, 4, range(6, 16)
_COMPLEX = 0x0800
_MAX_DEPTH = 16
_MAX_ARRAYS = 1 << 20


def load_mat(path, names, max_bytes=256 << 20):
    """Load variables of a Level 5 MAT file after checking its structure.

    Parameters
    ----------
    path : str or PathLike
    names : sequence of str
        Variables to load, in MATLAB's orientation and smallest dtypes. Those that
        the file does not have are left out of the result.
    max_bytes : int, default 256 << 20
        Largest size of the file, and of all its variables inflated together.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    DatasetError
        If the file is missing, of another version, truncated, inconsistent, too
        large, or holds objects, functions, sparse or complex arrays.
    """
    from scipy.io import loadmat

    try:
        if os.path.getsize(path) > max_bytes:
            raise DatasetError(f"{path} is larger than the {max_bytes} bytes accepted; raise max_bytes")
        with open(path, "rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        data = _inflate(data, max_bytes)
        _Checker(data).check()
        loaded = loadmat(io.BytesIO(data), variable_names=list(names), chars_as_strings=True)
    except DatasetError as error:
        raise DatasetError(f"{path} is not a sound MAT file: {error}") from None
    except Exception as error:
        raise DatasetError(f"{path} is not a sound MAT file: {error}") from error
    return {name: loaded[name] for name in names if name in loaded}


def byte_order(data):
    if len(data) < 128:
        raise DatasetError(f"{len(data)} bytes are too few for a header")
    if data[:8] == b"\x89HDF\r\n\x1a\n" or data[:10] == b"MATLAB 7.3":
        raise DatasetError("version 7.3 (HDF5) is not supported; save it with -v7")
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None or struct.unpack(order + "H", data[124:126])[0] != 0x0100:
        raise DatasetError("no Level 5 header; save it with -v6 or -v7")
    return order


def _inflate(data, max_bytes):
    """The same file with every compressed variable replaced by its plain bytes."""
    order = byte_order(data)
    parts, size, start = [data[:128]], 128, 128
    while start < len(data):
        if start + 8 > len(data):
            raise DatasetError("truncated inside a tag")
        kind, length = struct.unpack_from(order + "II", data, start)
        if start + 8 + length > len(data):
            raise DatasetError(f"truncated: a variable of {length} bytes begins at byte {start}")
        if kind == _COMPRESSED:
            inflater = zlib.decompressobj()
            part = inflater.decompress(data[start + 8 : start + 8 + length], max_bytes - size + 1)
            if size + len(part) > max_bytes:
                raise DatasetError(f"its variables inflate to more than {max_bytes} bytes")
            if not inflater.eof:
                raise DatasetError(f"truncated: the compressed variable at byte {start} does not end")
        elif kind == _MATRIX:
            part = data[start : start + 8 + length]
        else:
            raise DatasetError(f"unknown kind {kind} of variable at byte {start}")
        parts.append(part)
        size += len(part)
        start += 8 + length
    return b"".join(parts)


def data_element(data, order, start, stop):
    """Kind, first byte, byte count and end (padding included) of the data element at ``start``."""
    if start + 8 > stop:
        raise DatasetError("an element runs over the end of its parent")
    kind, length = struct.unpack_from(order + "II", data, start)
    if kind >> 16:  # short form: count and kind share the first four bytes, the data are the next four
        kind, length, first, end = kind & 0xFFFF, kind >> 16, start + 4, start + 8
        if length > 4:
            raise DatasetError(f"a short element claims {length} bytes")
    else:
        first = start + 8
        end = first + length + (-length % 8 if kind != _MATRIX else 0)
    if first + length > stop:
        raise DatasetError(f"an element of {length} bytes runs over the end of its parent")
    return kind, first, length, min(end, stop)


class _Checker:
    """Walks the data elements of a file whose variables are not compressed."""

    def __init__(self, data):
        self.data, self.order = data, byte_order(data)
        self.n_arrays = 0

    def check(self):
        start = 128
        while start < len(self.data):
            start = self._array(start, len(self.data), 0)

    def _integers(self, start, stop, what):
        kind, first, length, end = data_element(self.data, self.order, start, stop)
        if kind not in (5, 6) or length % 4:
            raise DatasetError(f"{what} has kind {kind} and {length} bytes")
        form = f"{self.order}{length // 4}{'i' if kind == 5 else 'I'}"
        return struct.unpack_from(form, self.data, first), end

    def _array(self, start, stop, depth):
        """Check the array at ``start`` and everything in it; return where it ends."""
        kind, start, length, end = data_element(self.data, self.order, start, stop)
        if kind != _MATRIX:
            raise DatasetError(f"an array was expected, not an element of kind {kind}")
        self.n_arrays += 1
        if depth > _MAX_DEPTH or self.n_arrays > _MAX_ARRAYS:
            raise DatasetError(f"more than {_MAX_ARRAYS} arrays, or nested deeper than {_MAX_DEPTH}")
        stop = start + length
        if length == 0:  # how MATLAB writes an empty cell
            return end
        flags, start = self._integers(start, stop, "a flags field")
        shape, start = self._integers(start, stop, "a shape")
        if len(flags) != 2 or not 2 <= len(shape) <= 32 or min(shape) < 0:
            raise DatasetError(f"an array has shape {shape[:33]}")
        count = math.prod(shape)
        *_, start = data_element(self.data, self.order, start, stop)  # its name
        kind = flags[0] & 0xFF
        if kind == _STRUCT:
            n_fields, start = self._field_names(start, stop)
            self._members(start, stop, count * n_fields, depth)
        elif kind == _CELL:
            self._members(start, stop, count, depth)
        elif kind == _CHAR or kind in _NUMERIC:
            if flags[0] & _COMPLEX:
                raise DatasetError("complex arrays are not accepted")
            self._values(start, stop, count, shape, kind == _CHAR)
        else:
            raise DatasetError(f"arrays of class {kind} (objects, functions, sparse) are not accepted")
        return end

    def _field_names(self, start, stop):
        """How many fields a struct has, and where the first member begins."""
        width, start = self._integers(start, stop, "a field name length")
        _, _, length, start = data_element(self.data, self.order, start, stop)
        if len(width) != 1 or not 1 <= width[0] <= 64 or length == 0 or length % width[0]:
            raise DatasetError("a struct has no sound list of field names")
        return length // width[0], start

    def _members(self, start, stop, count, depth):
        if count > (stop - start) // 8:
            raise DatasetError(f"{count} members are announced in {stop - start} bytes")
        for _ in range(count):
            start = self._array(start, stop, depth + 1)

    def _values(self, start, stop, count, shape, is_text):
        kind, _, length, _ = data_element(self.data, self.order, start, stop)
        if kind not in _ITEM_SIZE:
            raise DatasetError(f"values have the unknown kind {kind}")
        if is_text and kind in (_UTF8, _UTF16):  # a character takes one unit or more, never less
            agrees = count <= length
        else:
            agrees = length == count * _ITEM_SIZE[kind]
        if not agrees:
            raise DatasetError(f"an array of shape {shape} has {length} bytes of values")
