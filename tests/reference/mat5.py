"""A Level 5 MAT file as the format's description has it, built whole, in either byte order."""

import struct
import zlib

import numpy as np

KINDS = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 9, "i8": 12, "u8": 13}
CLASSES = {"f8": 6, "f4": 7, "i1": 8, "u1": 9, "i2": 10, "u2": 11, "i4": 12, "u4": 13, "i8": 14, "u8": 15}


def element(order, kind, body):
    if 1 <= len(body) <= 4:
        small = (len(body) << 16) + kind
        return struct.pack(order + "I", small) + body + b"\0" * (4 - len(body))
    padding = (8 - len(body) % 8) % 8
    return struct.pack(order + "II", kind, len(body)) + body + b"\0" * padding


def matrix(order, number, shape, name, values):
    body = element(order, 6, struct.pack(order + "II", number, 0))
    body += element(order, 5, struct.pack(f"{order}{len(shape)}i", *shape))
    body += element(order, 1, name) + values
    return struct.pack(order + "II", 14, len(body)) + body


def value(order, x, name=b""):
    """The element of a str, a dict (1 x 1 struct), or an array; a pair (array, dtype) is stored as that dtype."""
    if isinstance(x, str):
        return matrix(order, 4, (1 if x else 0, len(x)), name, element(order, 16, x.encode()))
    if isinstance(x, dict):
        return matrix(order, 2, (1, 1), name, structs(order, [x]))
    x, stored = x if isinstance(x, tuple) else (x, x.dtype.str[1:])
    numbers = np.asarray(x).astype(order + stored).tobytes(order="F")
    return matrix(order, CLASSES[x.dtype.str[1:]], x.shape, name, element(order, KINDS[stored], numbers))


def structs(order, records):
    names = list(records[0])
    body = element(order, 5, struct.pack(order + "i", 32))
    body += element(order, 1, b"".join(n.encode() + b"\0" * (32 - len(n)) for n in names))
    return body + b"".join(value(order, record[n]) for record in records for n in names)


def struct_array(name, records, shape=None):
    """The little-endian element of a struct array of dicts."""
    return matrix("<", 2, shape or (len(records), 1), name.encode(), structs("<", records))


def header(order="<"):
    version = struct.pack(order + "H", 0x0100) + (b"IM" if order == "<" else b"MI")
    return b"MATLAB 5.0 MAT-file".ljust(116) + b"\0" * 8 + version


def file(name, records, *, order="<", compress=True, shape=None, before=b""):
    """A file with the struct array ``name``."""
    variable = matrix(order, 2, shape or (len(records), 1), name.encode(), structs(order, records))
    if compress:
        packed = zlib.compress(variable)
        variable = struct.pack(order + "II", 15, len(packed)) + packed
    return header(order) + before + variable
