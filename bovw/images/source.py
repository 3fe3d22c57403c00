"""Where the bytes of an image come from: a path, bytes, an open file, or an object with ``open()``."""

import contextlib
import io
import os
from pathlib import Path
from typing import BinaryIO

import numpy.typing as npt

from ..errors import ImageDecodeError, ParameterError
from .formats import HEAD_BYTES, sniff_format, why_not_an_image

#: one image: a file in any form, or its pixels
ImageLike = str | os.PathLike | bytes | BinaryIO | npt.ArrayLike


def decode_error(name, reason):
    """The ImageDecodeError of one source."""
    return ImageDecodeError(f"{name}: {reason}", source=name)


def is_source(item):
    """True if :func:`opened` takes ``item``."""
    return isinstance(item, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(item, "read") or (
        hasattr(item, "open") and hasattr(item, "name")
    )


def source_name(source):
    """What error messages call ``source``."""
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f"<{len(source)} bytes>"
    return str(getattr(source, "name", "<file>"))


@contextlib.contextmanager
def opened(source):
    """A binary file for reading ``source``; closed afterwards unless the caller passed it open.

    Raises
    ------
    ImageDecodeError
        If a path is missing, a directory, or cannot be read.
    ParameterError
        If ``source`` is none of the kinds that are read.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield io.BytesIO(source)
    elif isinstance(source, (str, os.PathLike)):
        with _open_path(os.fspath(source)) as file:
            yield file
    elif hasattr(source, "read"):
        yield source
    elif is_source(source):
        with source.open() as file:
            yield file
    else:
        raise ParameterError(
            f"an image source of type {type(source).__name__} cannot be read; pass a path, bytes, a binary "
            "file, or an object with open() and name"
        )


def _open_path(path):
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise decode_error(source_name(path), "no such file; check the path") from None
    except OSError as error:
        if Path(path).is_dir():
            raise decode_error(source_name(path), "is a directory; pass the image files in it") from None
        raise decode_error(source_name(path), f"cannot be opened ({error.strerror or error})") from None
    except ValueError as error:  # a NUL in the path
        raise decode_error(repr(path), f"is not a path ({error})") from None


def read_part(file, name, size=-1):
    """``file.read(size)``, where a failing device or archive gives an ImageDecodeError."""
    try:
        data = file.read(size)
    except (OSError, EOFError) as error:
        raise decode_error(name, f"cannot be read ({error})") from error
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise decode_error(name, f"gives {type(data).__name__}, not bytes; open it in binary mode")
    return bytes(data)


def read_head(file, name):
    """The first bytes of ``file`` and the format that they announce.

    A file that is no image is refused here, before the rest of it is read.
    """
    head = read_part(file, name, HEAD_BYTES)
    image_format = sniff_format(head)
    if image_format is None:
        raise decode_error(name, why_not_an_image(head))
    return head, image_format
