"""CIFAR's python batches without pickle's dangers.

A pickle is a program: it names functions and calls them. A batch needs one alone,
the one that rebuilds an array. So the program is looked over before it runs, opcode
by opcode (only those that build numbers, strings, lists and dicts, and call), and
names are resolved to stand-ins of ours, which keep what they are given and never
call NumPy. The array is made afterwards, from a shape and bytes that agree.
"""

import io
import math
import pickle
import pickletools

import numpy as np

from ..errors import DatasetError

MAX_BATCH_BYTES = 1 << 30
_OPCODES = frozenset(
    """
    PROTO FRAME STOP MARK GLOBAL STACK_GLOBAL REDUCE BUILD NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1
    STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 UNICODE BINUNICODE SHORT_BINUNICODE
    BINUNICODE8 EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS
    GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE
    """.split()
)
_PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy")
_ITEM_TYPES = {"u1": np.uint8, "b1": np.bool_, "i4": np.int32, "i8": np.int64}


def load_batch(path):
    """What one batch holds.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        Keys are text; values are text, bytes, numbers, lists or arrays.

    Raises
    ------
    DatasetError
        If the file is missing, too large, damaged, or a pickle that does anything else
        than rebuild lists, dicts, text, numbers and arrays of integers.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BATCH_BYTES + 1)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror or error})") from None
    if len(data) > MAX_BATCH_BYTES:
        raise DatasetError(f"{path}: larger than {MAX_BATCH_BYTES} bytes; it is no CIFAR batch")
    try:
        _check_program(data)
        batch = _Unpickler(data).load()
        if not isinstance(batch, dict):
            raise DatasetError(f"holds a {type(batch).__name__}, not a dict")
        return {_text(key): _value(value) for key, value in batch.items()}
    except DatasetError as error:
        raise DatasetError(f"{path}: not a CIFAR batch: it {error}") from None
    except RecursionError:
        raise DatasetError(f"{path}: not a CIFAR batch: it is nested too deeply") from None
    except Exception as error:  # a damaged pickle raises nearly everything
        raise DatasetError(f"{path}: not a CIFAR batch, or damaged ({error}); copy it again") from error


def _check_program(data):
    """Refuse opcodes that a batch does not need, and memo slots that would make the memo huge."""
    for n_opcodes, (opcode, argument, position) in enumerate(pickletools.genops(data)):
        if opcode.name not in _OPCODES:
            raise DatasetError(f"has the opcode {opcode.name} at byte {position}")
        if opcode.name in _PUTS and int(argument) > n_opcodes:
            raise DatasetError(f"puts into memo slot {argument} at byte {position}")


class _Unpickler(pickle.Unpickler):
    def __init__(self, data):
        super().__init__(io.BytesIO(data), encoding="bytes")

    def find_class(self, module, name):
        if module in _MODULES and name in ("_reconstruct", "ndarray", "dtype"):
            return _Name(name)
        if (module, name) == ("_codecs", "encode"):  # how protocol 2 of Python 3 writes bytes
            return _Name(name)
        raise DatasetError(f"names {module[:80]}.{name[:80]}, which has no place in it")


class _Name:
    """Stands for a function or type that a batch names; calling it remembers the arguments."""

    __slots__ = ("name",)

    def __init__(self, name):
        self.name = name

    def __call__(self, *arguments):
        if self.name == "encode":
            text, encoding = arguments
            if encoding not in ("latin1", b"latin1"):
                raise DatasetError(f"encodes with {encoding!r}")
            return _text(text).encode("latin1")
        if self.name == "ndarray":
            raise DatasetError("calls ndarray itself")
        return _Pending(self.name, arguments)

    def __setstate__(self, state):
        raise DatasetError(f"changes {self.name}")


class _Pending:
    """An array or dtype under construction: the call's arguments, then the state."""

    __slots__ = ("arguments", "name", "state")

    def __init__(self, name, arguments):
        self.name, self.arguments, self.state = name, arguments, None

    def __setstate__(self, state):
        self.state = state


def _text(value):
    """Text from what Python 2 wrote as bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        return value
    raise DatasetError(f"has a {type(value).__name__} where text belongs")


def _value(value):
    if isinstance(value, _Pending):
        return _array(value)
    if isinstance(value, (list, tuple)):
        if not all(isinstance(item, (int, str, bytes)) for item in value):
            raise DatasetError("has a list of something else than numbers and text")
        return [item if isinstance(item, int) else _text(item) for item in value]
    if isinstance(value, (int, bytes, str)) or value is None:
        return value
    raise DatasetError(f"holds a {type(value).__name__}")


def _array(pending):
    """The array of ``(version, shape, dtype, fortran order, bytes)``."""
    if pending.name != "_reconstruct" or not isinstance(pending.state, tuple) or len(pending.state) != 5:
        raise DatasetError("has an unfinished array")
    _, shape, dtype, fortran, data = pending.state
    if not isinstance(dtype, _Pending) or dtype.name != "dtype" or not dtype.arguments:
        raise DatasetError("has an array without a dtype")
    code = _text(dtype.arguments[0]).lstrip("<|=")
    if isinstance(dtype.state, tuple) and len(dtype.state) > 1 and dtype.state[1] in (">", b">"):
        code = ">" + code
    if code not in _ITEM_TYPES:
        raise DatasetError(f"has an array of {code[:20]!r}; integers are needed")
    item = np.dtype(_ITEM_TYPES[code])
    data = data.encode("latin1") if isinstance(data, str) else data
    sound = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape) and isinstance(data, bytes)
    if not sound or len(shape) > 4 or math.prod(shape) * item.itemsize != len(data):
        raise DatasetError("has an array whose shape and bytes disagree")
    return np.frombuffer(data, item).reshape(shape, order="F" if fortran else "C")
