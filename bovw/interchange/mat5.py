"""Struct arrays in Level 5 MAT files, written and read one element at a time.

A file is 128 bytes of header and then *data elements*, each a tag (kind, number of
bytes) and its bytes. An array is an element of kind 14 that holds elements in its turn:
flags with the class, the shape, the name, then the values, first index fastest; a struct
array has the names of its fields instead, then an array for every field of every element,
element after element. From version 7 on a variable may be one element of kind 15, a zlib
stream [1]_ of the array.

Since one element of the struct array follows another, neither side needs to hold more
than one: an element is deflated by whatever thread made it (:func:`pack`), and the pieces
are put one after the other, as RFC 1951 [2]_ allows of pieces that end on a byte. The
array's first bytes, with the size that is known only at the end, are left uncompressed
inside the stream and are filled in last.

References
----------
.. [1] MathWorks, "MAT-File Format", Level 5 MAT-files.
.. [2] P. Deutsch, J.-L. Gailly, RFC 1950 (zlib) and RFC 1951 (deflate), 1996.
"""

import math
import os
import struct
import zlib
from typing import NamedTuple

import numpy as np

from .._matfile import byte_order, data_element
from ..errors import DatasetError, ParameterError

_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED, _UTF8, _UTF16, _UTF32 = 1, 5, 6, 14, 15, 16, 17, 18
_STRUCT, _CHAR = 2, 4
_COMPLEX = 0x0800
#: kind of values -> dtype
_VALUES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
#: class of a numeric array -> dtype
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_KIND_OF = {np.dtype(dtype): kind for kind, dtype in _VALUES.items()}
_CLASS_OF = {np.dtype(dtype): number for number, dtype in _CLASSES.items()}
_TEXT = {_UTF8: "utf-8", 1: "latin-1", 2: "latin-1"}

_HEADER = b"MATLAB 5.0 MAT-file, written by bovw".ljust(116) + bytes(8) + struct.pack("<H", 0x0100) + b"IM"
_NAME_BYTES = 32  # of a field name, its zero at the end included; what MATLAB writes
_MAX_BYTES = 2**31 - 1  # of one variable
_MAX_DEPTH = 4
_MAX_FIELDS = 64
_READ = 1 << 18


class Packed(NamedTuple):
    """A deflated piece of a variable: its bytes, their number before deflation, and their Adler-32."""

    data: bytes
    size: int
    adler: int


def array_element(values):
    """The data element of a matrix.

    Parameters
    ----------
    values : array of shape (rows, columns)
        Of a plain numeric dtype.
    """
    values = np.asarray(values)
    body = np.asarray(values, values.dtype.newbyteorder("<")).tobytes("F")
    return _matrix(_CLASS_OF[values.dtype], values.shape, _element(_KIND_OF[values.dtype], body))


def text_element(text):
    """The data element of a row of characters."""
    return _matrix(_CHAR, (int(bool(text)), len(text)), _element(_UTF8, text.encode()))


def struct_element(fields):
    """The data element of a 1 x 1 struct: {name: data element}, in order."""
    return _matrix(_STRUCT, (1, 1), _field_names(fields), *fields.values())


def _matrix(number, shape, *parts, name=b""):
    body = b"".join([_matrix_head(number, shape, name), *parts])
    return struct.pack("<II", _MATRIX, len(body)) + body


def _matrix_head(number, shape, name):
    return (
        struct.pack("<IIII", _UINT32, 8, number, 0) + struct.pack("<IIii", _INT32, 8, *shape) + _element(_INT8, name)
    )


def _field_names(names):
    listed = b"".join(name.encode("ascii").ljust(_NAME_BYTES, b"\0") for name in names)
    return _element(_INT32, struct.pack("<i", _NAME_BYTES)) + _element(_INT8, listed)


def _element(kind, body):
    """A data element with its padding; up to four bytes share the tag's eight."""
    if 0 < len(body) <= 4:
        return struct.pack("<I", len(body) << 16 | kind) + body.ljust(4, b"\0")
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def pack(data, *, level=6, strategy=zlib.Z_DEFAULT_STRATEGY):
    """Deflate the data elements of one struct so that :class:`StructArrayWriter` can append them.

    Parameters
    ----------
    data : bytes
    level, strategy : int
        As zlib has them.

    Returns
    -------
    Packed
    """
    deflater = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    return Packed(
        deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH), len(data), zlib.adler32(data)
    )


class StructArrayWriter:
    """Writes a file whose one variable is an N x 1 struct array.

    Parameters
    ----------
    file : binary file
        Empty and seekable.
    name : str
        Of the variable.
    fields : sequence of str
    count : int
        N.
    """

    def __init__(self, file, name, fields, count):
        self._file, self._left = file, count
        self._head = _matrix_head(_STRUCT, (count, 1), name.encode("ascii")) + _field_names(fields)
        self._size, self._adler = len(self._head), 1
        file.write(self._beginning(0))

    def append(self, packed):
        """Add the elements of one struct, its fields' in order."""
        self._size += packed.size
        if self._size > _MAX_BYTES:
            raise ParameterError(
                f"the variable takes more than the {_MAX_BYTES} bytes that a Level 5 MAT file can hold; "
                "write fewer images to one file"
            )
        self._adler = adler32_combine(self._adler, packed.adler, packed.size)
        self._file.write(packed.data)
        self._left -= 1

    def close(self):
        """End the stream and fill in the sizes."""
        if self._left:
            raise ParameterError(f"{self._left} elements of the announced struct array were not written")
        tag = struct.pack("<II", _MATRIX, self._size)
        adler = adler32_combine(zlib.adler32(tag + self._head), self._adler, self._size - len(self._head))
        self._file.write(b"\x03\x00" + struct.pack(">I", adler))  # an empty last block
        length = self._file.tell() - len(_HEADER) - 8
        self._file.seek(0)
        self._file.write(self._beginning(length))
        self._file.seek(0, os.SEEK_END)

    def _beginning(self, length):
        """Header, tag, and the array's own first bytes as a stored block, of the same size whatever the numbers."""
        head = struct.pack("<II", _MATRIX, self._size) + self._head
        stored = b"\x78\x9c\x00" + struct.pack("<HH", len(head), len(head) ^ 0xFFFF) + head
        return _HEADER + struct.pack("<II", _COMPRESSED, length) + stored


def adler32_combine(first, second, size):
    """The Adler-32 of two strings put together, from those of both and the second's number of bytes.

    With A = 1 + sum of bytes and B = sum of the successive A, both modulo 65521, the
    second string adds its A - 1 to A, and size * (A of the first - 1) more to B.
    """
    base = 65521
    a = (first & 0xFFFF) + (second & 0xFFFF) - 1
    b = (first >> 16) + (second >> 16) + size * ((first & 0xFFFF) - 1)
    return b % base << 16 | a % base


def read_struct_array(path, name, *, max_bytes=1 << 28):
    """Yield the elements of a struct array, one at a time.

    Parameters
    ----------
    path : str or PathLike
        A Level 5 MAT file of either byte order, compressed or not.
    name : str
        Of the variable; others are passed over.
    max_bytes : int, default 1 << 28
        The most that one field of one element may take. No more than that is ever held.

    Yields
    ------
    dict of str to value
        A value is an array (2-d or more, MATLAB's orientation and class), a str, or for a
        1 x 1 struct a dict. Other kinds of arrays are None.

    Raises
    ------
    DatasetError
        If the file is missing, of another version, truncated or inconsistent, has no such
        variable, or it is no struct array. Nothing is believed before it is checked, so what
        came before the damage has been yielded by then.
    """
    try:
        with open(path, "rb") as file:
            source = _Variables(file, max_bytes)
            for variable in source:
                if variable.name == name:
                    yield from variable.elements()
                    return
        raise DatasetError(f"it has no variable {name}")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    except zlib.error as error:
        raise DatasetError(f"{path} is not a sound MAT file: {error}") from error
    except DatasetError as error:
        raise DatasetError(f"{path} is not a sound MAT file: {error}") from None


class _Variables:
    """Iterates over the variables of a file."""

    def __init__(self, file, max_bytes):
        self.file, self.max_bytes = file, max_bytes
        self.order = byte_order(file.read(128))

    def __iter__(self):
        size = os.fstat(self.file.fileno()).st_size
        start = 128
        while start < size:
            self.file.seek(start)
            tag = self.file.read(8)
            if len(tag) < 8:
                raise DatasetError("truncated inside a tag")
            kind, length = struct.unpack(self.order + "II", tag)
            if start + 8 + length > size:
                raise DatasetError(f"truncated: a variable of {length} bytes begins at byte {start}")
            if kind not in (_MATRIX, _COMPRESSED):
                raise DatasetError(f"unknown kind {kind} of variable at byte {start}")
            if kind == _COMPRESSED:
                source = _Inflated(self.file, length)
            else:
                self.file.seek(start)
                source = _Plain(self.file, 8 + length)
            yield _Variable(source, self.order, self.max_bytes)
            start += 8 + length


class _Plain:
    """``read`` of the next ``length`` bytes of a file."""

    def __init__(self, file, length):
        self.file, self.left = file, length

    def read(self, size):
        if size > self.left:
            raise DatasetError("an element runs over the end of its variable")
        self.left -= size
        data = self.file.read(size)
        if len(data) < size:
            raise DatasetError("truncated")
        return data

    def finish(self):
        """There is no checksum to check."""


class _Inflated:
    """``read`` of what the next ``length`` bytes of a file inflate to, no more at once than is asked for."""

    def __init__(self, file, length):
        self.file, self.left = file, length
        self.inflater = zlib.decompressobj()

    def read(self, size):
        parts = []
        while size:
            source = self.inflater.unconsumed_tail or self._deflated()
            data = self.inflater.decompress(source, size)
            if not data and (self.inflater.eof or not source):
                raise DatasetError("truncated: a compressed variable ends early")
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def finish(self):
        """Inflate the rest, so that the stream's checksum is checked."""
        while not self.inflater.eof:
            source = self.inflater.unconsumed_tail or self._deflated()
            if not self.inflater.decompress(source, _READ) and not source:
                raise DatasetError("truncated: a compressed variable does not end")

    def _deflated(self):
        data = self.file.read(min(_READ, self.left))
        self.left -= len(data)
        return data


class _Variable:
    """One top-level array, read as far as its name."""

    def __init__(self, source, order, max_bytes):
        self.source, self.order, self.max_bytes = source, order, max_bytes
        self.left = 8
        kind, self.left = self._tag()
        if kind != _MATRIX:
            raise DatasetError(f"a variable is not an array, but an element of kind {kind}")
        flags = self._integers("a flags field")
        self.shape = self._integers("a shape")
        if len(flags) != 2 or not 2 <= len(self.shape) <= 32 or min(self.shape) < 0:
            raise DatasetError(f"a variable has shape {self.shape[:33]}")
        self.number = flags[0] & 0xFF
        self.name = self._small("a name")[1].decode("latin-1").rstrip("\0")

    def elements(self):
        if self.number != _STRUCT:
            raise DatasetError(f"{self.name} is of class {self.number}, not a struct array")
        count = math.prod(self.shape)
        names = self._field_names()
        if count * len(names) > self.left // 8:
            raise DatasetError(f"{count} elements of {len(names)} fields are announced in {self.left} bytes")
        for _ in range(count):
            yield {name: self._member() for name in names}
        self.source.finish()

    def _take(self, size, limit):
        if size > min(self.left, limit):
            raise DatasetError(
                f"an element of {size} bytes, where {self.left} are left of its variable and {limit} are accepted"
            )
        self.left -= size
        return self.source.read(size)

    def _tag(self):
        return struct.unpack(self.order + "II", self._take(8, 8))

    def _small(self, what):
        """Kind and bytes of a data element of the array's own description."""
        tag = self._take(8, 8)
        kind, length = struct.unpack(self.order + "II", tag)
        if kind >> 16:
            kind, length = kind & 0xFFFF, kind >> 16
            if length > 4:
                raise DatasetError(f"{what} claims {length} bytes in the short form")
            return kind, tag[4 : 4 + length]
        return kind, self._take(length + -length % 8, 1 << 16)[:length]

    def _integers(self, what):
        return _integers(*self._small(what), self.order, what)

    def _field_names(self):
        width = self._integers("a field name length")
        return _split_names(width, self._small("field names")[1])

    def _member(self):
        kind, length = self._tag()
        if kind != _MATRIX:
            raise DatasetError(f"an array was expected, not an element of kind {kind}")
        return _Parser(memoryview(self._take(length, self.max_bytes)), self.order).array(0, length, 0)


class _Parser:
    """Makes values of an array that is in memory as a whole."""

    def __init__(self, data, order):
        self.data, self.order = data, order

    def array(self, start, stop, depth):
        """The value of the array whose description begins at ``start``."""
        if start == stop:  # how MATLAB writes an empty member
            return np.zeros((0, 0))
        kind, first, end, start = self._next(start, stop)
        flags = _integers(kind, self.data[first:end], self.order, "a flags field")
        kind, first, end, start = self._next(start, stop)
        shape = _integers(kind, self.data[first:end], self.order, "a shape")
        if len(flags) != 2 or not 2 <= len(shape) <= 32 or min(shape) < 0:
            raise DatasetError(f"an array has shape {shape[:33]}")
        *_, start = self._next(start, stop)  # its name
        number = flags[0] & 0xFF
        if flags[0] & _COMPLEX:
            return None
        if number == _STRUCT and tuple(shape) == (1, 1):
            return self._struct(start, stop, depth)
        if number == _CHAR:
            return self._text(start, stop, math.prod(shape))
        if number in _CLASSES:
            return self._numbers(start, stop, shape, _CLASSES[number])
        return None

    def _next(self, start, stop):
        """Kind, first byte, last byte + 1, and where the next one begins, of the data element at ``start``."""
        kind, first, length, end = data_element(self.data, self.order, start, stop)
        return kind, first, first + length, end

    def _struct(self, start, stop, depth):
        if depth >= _MAX_DEPTH:
            raise DatasetError(f"structs are nested deeper than {_MAX_DEPTH}")
        kind, first, end, start = self._next(start, stop)
        width = _integers(kind, self.data[first:end], self.order, "a field name length")
        _, first, end, start = self._next(start, stop)
        fields = {}
        for name in _split_names(width, bytes(self.data[first:end])):
            kind, first, end, start = self._next(start, stop)
            if kind != _MATRIX:
                raise DatasetError(f"an array was expected, not an element of kind {kind}")
            fields[name] = self.array(first, end, depth + 1)
        return fields

    def _text(self, start, stop, count):
        kind, first, end, _ = self._next(start, stop)
        order = "le" if self.order == "<" else "be"
        encoding = {**_TEXT, 4: f"utf-16-{order}", _UTF16: f"utf-16-{order}", _UTF32: f"utf-32-{order}"}.get(kind)
        if encoding is None:
            raise DatasetError(f"text has the unknown kind {kind}")
        try:
            text = str(self.data[first:end], encoding)
        except UnicodeDecodeError as error:
            raise DatasetError(f"text that is not {encoding}: {error.reason}") from None
        if len(text) > count:
            raise DatasetError(f"a text of {count} characters has {len(text)}")
        return text

    def _numbers(self, start, stop, shape, dtype):
        kind, first, end, _ = self._next(start, stop)
        if kind not in _VALUES:
            raise DatasetError(f"values have the unknown kind {kind}")
        stored = np.dtype(self.order + _VALUES[kind])
        if end - first != math.prod(shape) * stored.itemsize:
            raise DatasetError(f"an array of shape {tuple(shape)} has {end - first} bytes of values")
        values = np.frombuffer(self.data, stored, math.prod(shape), first)
        with np.errstate(over="ignore", invalid="ignore"):
            return values.astype(dtype, copy=False).reshape(shape, order="F")


def _integers(kind, data, order, what):
    if kind not in (_INT32, _UINT32) or len(data) % 4 or len(data) > 4 * 32:
        raise DatasetError(f"{what} has kind {kind} and {len(data)} bytes")
    return struct.unpack(f"{order}{len(data) // 4}{'i' if kind == _INT32 else 'I'}", data)


def _split_names(width, listed):
    if len(width) != 1 or not 1 <= width[0] <= 64 or not listed or len(listed) % width[0]:
        raise DatasetError("a struct has no sound list of field names")
    names = [
        listed[i : i + width[0]].partition(b"\0")[0].decode("latin-1") for i in range(0, len(listed), width[0])
    ]
    if len(names) > _MAX_FIELDS or len(set(names)) < len(names):
        raise DatasetError(f"a struct has {len(names)} fields, or two of one name")
    return names
