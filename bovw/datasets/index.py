"""A manifest of a data set: what each image is, which are the same, which cannot be read.

Each file is read once: hashed, probed and decoded. While it is made, finished
records go to a journal beside the manifest (``.manifest.json.partial``), and a second
run takes from there what has still the same size and time of change.
"""

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np

from .._files import write_json
from .._progress import Progress
from .._threads import map_in_order
from .._validation import check_bool
from ..errors import DatasetError, ImageDecodeError
from ..images import probe_image, read_image
from ..images.source import opened, read_head, read_part
from .listing import Listing, ReadOptions, why_no_image
from .open import open_dataset, recognize

FORMAT = "bovw-index"
VERSION = 1

_MAX_FILE_BYTES = 1 << 30


def index_dataset(path, out=None, *, kind="auto", decode=True, devkit=None, cache=None, n_jobs=None, verbose=False):
    """Hash, probe and decode every image of a data set.

    Parameters
    ----------
    path : path
        As for :func:`open_dataset`. A plain folder may also be nested, have classes of
        a single image, or hold images without any class folder.
    out : path, optional
        Where the manifest is written, atomically; with it a stopped run can go on.
    kind, devkit, cache
        As for :func:`open_dataset`.
    decode : bool
        Whether images are decoded completely. False finds size and duplicates only,
        from headers and bytes, about four times faster.
    n_jobs : int, optional
        Worker threads. The manifest does not depend on it.
    verbose : bool
        Progress on standard error.

    Returns
    -------
    dict
        ``kind``, ``classes``, ``n_images``, ``bytes``, ``problems`` and ``notes`` of the
        data set; ``images``, a list of ``name``, ``class`` (``classes`` where there may be
        several), ``bytes``, ``sha256``, ``width`` and ``height`` (None where unreadable);
        ``duplicates``, lists of names with the same bytes; ``unreadable``, the reason
        for each file or archive member that is no image, is damaged or was refused.

    Raises
    ------
    DatasetError
        If there is no data set at ``path``, or one of its lists is malformed.
    """
    check_bool("decode", decode)
    path = Path(path)
    data = _open(path, kind, devkit, cache)
    journal = None if out is None else Path(out).with_name(f".{Path(out).name}.partial")
    known = {} if journal is None else _read_journal(journal, decode)
    records, unreadable = [], dict(data.reasons)

    def describe(i):
        name, image = data.names[i], data.images[i]
        state = _state(image)
        old = known.get(name)
        if old is not None and state is not None and old["state"] == state:
            return old
        return {"name": name, "state": state, "decode": decode, **_describe(image, name, decode)}

    log = None if journal is None else _open_journal(journal)
    try:
        with Progress("index", len(data), enabled=verbose) as progress:
            for i, found in enumerate(map_in_order(describe, range(len(data)), n_jobs)):
                if log is not None and known.get(found["name"]) is not found:
                    log.write(json.dumps(found) + "\n")
                if found["error"]:
                    unreadable[found["name"]] = found["error"]
                label = data.labels[i]
                record = {"name": found["name"], "class": data.classes[label] if label >= 0 else None}
                if data.targets is not None:
                    record["classes"] = [data.classes[c] for c in np.flatnonzero(data.targets[i])]
                records.append(record | {key: found[key] for key in ("bytes", "sha256", "width", "height")})
                progress.update()
    finally:
        if log is not None:
            log.close()
    manifest = {
        "format": FORMAT, "version": VERSION, "kind": data.kind, "classes": list(data.classes), "decoded": decode,
        "n_images": len(records), "bytes": sum(record["bytes"] or 0 for record in records),
        "problems": list(data.problems), "notes": list(data.notes), "duplicates": _duplicates(records),
        "unreadable": unreadable, "images": records,
    }
    if out is not None:
        write_json(out, manifest)
        journal.unlink(missing_ok=True)
    return manifest


def _open(path, kind, devkit, cache):
    """The data set; of a plain folder everything below it, whatever its layout."""
    if kind == "auto" and path.exists():
        kind = recognize(path, devkit)
    if kind == "folder" and path.is_dir():
        return _walk(path)
    return open_dataset(path, kind, on_error="skip", devkit=devkit, cache=cache)


def _walk(root):
    listing = Listing(root, ReadOptions(on_error="skip", follow_symlinks=True))
    pending = [""]
    while pending:
        where, folders = pending.pop(), []
        for entry in listing.entries(where):
            name = f"{where}/{entry.name}" if where else entry.name
            if entry.is_symlink():
                listing.skip(name, "is a symbolic link")
            elif entry.is_dir():
                folders.append(name)
            elif not (trouble := why_no_image(entry)):
                listing.add_file(name, where.rpartition("/")[2])
            elif where:  # what lies beside the class folders may be a README
                listing.skip(name, trouble)
        pending.extend(reversed(folders))
    return listing.dataset("folder", sorted(listing.counts()))


def _state(image):
    """Size and time of change of the file behind an image; None for an array."""
    file = getattr(image, "archive", image)
    if not isinstance(file, Path):
        return None
    try:
        status = os.stat(file)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _describe(image, name, decode):
    """``bytes``, ``sha256``, ``width``, ``height`` and ``error`` of one image."""
    found = dict.fromkeys(("bytes", "sha256", "width", "height", "error"))
    if isinstance(image, np.ndarray):
        data = np.ascontiguousarray(image)
        height, width = data.shape[:2]
        return found | {
            "bytes": data.nbytes, "sha256": hashlib.sha256(data.data).hexdigest(), "width": width, "height": height,
        }
    try:
        with opened(image) as file:
            head, _ = read_head(file, name)
            data = head + read_part(file, name, _MAX_FILE_BYTES)
            if len(data) > _MAX_FILE_BYTES:
                raise ImageDecodeError(f"{name}: larger than {_MAX_FILE_BYTES} bytes", source=name)
        found |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        source = _Bytes(name, data)
        info = probe_image(source)
        if decode:
            read_image(source)
        found |= {"width": info.width, "height": info.height}
    except ImageDecodeError as error:
        found["error"] = str(error).removeprefix(f"{name}: ")
    return found


class _Bytes:
    """A file already read, under its name."""

    def __init__(self, name, data):
        self.name, self._data = name, data

    def open(self):
        return io.BytesIO(self._data)


def _duplicates(records):
    """Lists of two or more names with the same bytes, in the order of their first."""
    groups = {}
    for record in records:
        if record["sha256"] is not None:
            groups.setdefault(record["sha256"], []).append(record["name"])
    return [names for names in groups.values() if len(names) > 1]


def _open_journal(path):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = open(path, "a", encoding="utf-8", buffering=1)
        log.write("\n")  # the last line of a run that was killed may lack its end
        return log
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None


def _read_journal(path, decode):
    """{name: record} of an earlier run that was stopped; a last line cut short is passed over."""
    known = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return known
    for line in lines:
        try:
            record = json.loads(line)
            if record["decode"] == decode and {"state", "bytes", "sha256", "width", "height", "error"} <= set(record):
                known[record["name"]] = record
        except (ValueError, KeyError, TypeError):
            continue
    return known
