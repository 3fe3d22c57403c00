"""Files that are either whole or absent, and their fingerprints."""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike, mode: str = "wb"):
    """Open a temporary file beside ``path``; move it into place only if the block ends without error.

    The bytes are flushed to disk before the move, so a reader, or a run resumed
    after a crash, finds either the old file or the whole new one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "\n")
    try:
        with open(handle, mode, encoding=encoding, newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def remove_unfinished(folder: str | os.PathLike) -> None:
    """Delete what :func:`atomic_write` leaves in a folder when its process is killed."""
    for part in Path(folder).glob(".*.part"):
        part.unlink(missing_ok=True)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: str | os.PathLike, value) -> None:
    """Write ``value`` as indented JSON, atomically. NaN is refused."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_write(path, "w") as file:
        file.write(text + "\n")


def write_npy(path: str | os.PathLike, array: np.ndarray) -> str:
    """Write one array as .npy, atomically, without pickle; return the sha256 of the file."""
    with atomic_write(path) as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
    return sha256_file(path)


def sha256_file(path: str | os.PathLike) -> str:
    """The sha256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def document_checksum(document: dict) -> str:
    """The sha256 of a JSON document (a dict) without its own ``checksum``, as 64 hexadecimal digits."""
    body = {key: value for key, value in document.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def fingerprint(value) -> str:
    """A 16-digit fingerprint of parameters: any nest of dicts, lists, strings, numbers, None.

    Equal parameters give equal fingerprints in every process and version;
    tuples count as lists and the order of keys does not matter.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": value.shape, "sha256": _array_digest(value)}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"cannot fingerprint a {type(value).__name__}")


def _array_digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
