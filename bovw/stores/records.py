"""What is written down of a file, its bytes and sha256, and whether the file still is so."""

import hashlib

from .._files import sha256_file


def file_record(path):
    """What is written down of a file that is there."""
    return {"bytes": path.stat().st_size, "sha256": sha256_file(path)}


def bytes_record(data):
    """What is written down of a file with these bytes."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def file_problem(root, path, record, *, deep=False):
    """What is wrong with a file of the store in ``root``, by its size alone or also by its sha256; None if nothing."""
    name = path.relative_to(root).as_posix()
    try:
        size = path.stat().st_size
    except OSError:
        return f"{name} is missing"
    if size != record["bytes"]:
        return f"{name} has {size} bytes, {record['bytes']} were written"
    if deep and sha256_file(path) != record["sha256"]:
        return f"{name} is damaged: its sha256 is not that of what was written"
    return None
