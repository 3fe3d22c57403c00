"""A manifest of a data set: what each image is, which are the same, which cannot be read.

Each file is read once: hashed, probed and decoded. While it is made, finished
records go to a journal beside the manifest (``.manifest.json.partial``), and a second
run takes from there what has still the same size and time of change.

A manifest of millions of images is written without ever being held. Memory has 16 bytes
of hash for each image, 60 at the end, when equal hashes are looked for, and 16 bytes more
where a stopped run goes on.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from .._files import atomic_write
from .._progress import Progress
from .._threads import map_in_order
from .._validation import check_bool
from ..errors import ImageDecodeError
from ..images import probe_image, read_image
from ..images.source import opened, read_head, read_part
from .index_journal import Journal
from .listing import Listing, ReadOptions, why_no_image
from .open import open_dataset, recognize

FORMAT = "bovw-index"
VERSION = 1

_MAX_FILE_BYTES = 1 << 30
_FOUND = ("bytes", "sha256", "width", "height")  # what a manifest says of an image beside its name and class
_DIGEST_BYTES = 16  # of the sha256, by which duplicates are found


def index_dataset(
    path, out=None, *, kind="auto", decode=True, devkit=None, cache=None, list_images=True, n_jobs=None, verbose=False,
):
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
    decode : bool, default True
        Whether images are decoded completely. False finds size and duplicates only,
        from headers and bytes, about four times faster.
    list_images : bool, default True
        Whether the dict that is returned has the list of ``images``, nearly 2 kB each.
        False leaves it to the file at ``out``.
    n_jobs : int, optional
        Worker threads. The manifest does not depend on it.
    verbose : bool, default False
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
    check_bool("list_images", list_images)
    path = Path(path)
    data = _open(path, kind, devkit, cache)
    records, unreadable, digests, n_bytes = [], dict(data.reasons), bytearray(), 0
    with contextlib.ExitStack() as stack:
        journal = listed = None
        if out is not None:
            journal = stack.enter_context(_journal(Path(out), decode))
            listed = stack.enter_context(
                tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=Path(out).parent)
            )

        def describe(i):
            name, image = data.names[i], data.images[i]
            state = _state(image)
            if journal is not None and state is not None and (old := journal.get(name)) and old["state"] == state:
                return old, False
            return {"name": name, "state": state, "decode": decode, **_describe(image, name, decode)}, True

        progress = stack.enter_context(Progress("index", len(data), enabled=verbose))
        for i, (found, is_new) in enumerate(map_in_order(describe, range(len(data)), n_jobs)):
            record = _record(data, i, found)
            if found["error"]:
                unreadable[record["name"]] = found["error"]
            n_bytes += record["bytes"] or 0
            digests += bytes.fromhex(record["sha256"] or "00" * 32)[:_DIGEST_BYTES]
            if list_images:
                records.append(record)
            if journal is not None:
                if is_new:
                    journal.add(found)
                listed.write(("," if i else "") + _indented(record))
            progress.update()
        manifest = {
            "format": FORMAT, "version": VERSION, "kind": data.kind, "classes": list(data.classes), "decoded": decode,
            "n_images": len(data), "bytes": n_bytes, "problems": list(data.problems), "notes": list(data.notes),
            "duplicates": _duplicates(data.names, digests), "unreadable": unreadable,
        }
        if out is not None:
            _write(out, manifest, listed)
    if out is not None:
        journal.path.unlink(missing_ok=True)
    return manifest | {"images": records} if list_images else manifest


def _journal(out, decode):
    keys = {"name", "state", "decode", "error", *_FOUND}
    return Journal(out.with_name(f".{out.name}.partial"), keys, lambda record: record["decode"] == decode)


def _record(data, i, found):
    """What the manifest says of image ``i``."""
    label = data.labels[i]
    record = {"name": data.names[i], "class": data.classes[label] if label >= 0 else None}
    if data.targets is not None:
        record["classes"] = [data.classes[c] for c in np.flatnonzero(data.targets[i])]
    return record | {key: found[key] for key in _FOUND}


def _indented(record):
    """A record as it stands in the list of images, on lines of its own."""
    return ("\n" + json.dumps(record, indent=2, ensure_ascii=False)).replace("\n", "\n    ")


def _write(out, manifest, listed):
    """The manifest as JSON, atomically, its list of images copied from the file ``listed``."""
    head = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    listed.seek(0)
    with atomic_write(out, "w") as file:
        file.write(f'{head},\n  "images": [')
        shutil.copyfileobj(listed, file)
        file.write("\n  ]\n}\n")


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
    found = dict.fromkeys((*_FOUND, "error"))
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


def _duplicates(names, digests):
    """Lists of two or more names with the same bytes, in the order of their first; digests of zeros have no bytes."""
    digests = np.frombuffer(digests, np.dtype((np.uint64, 2)))
    order = np.lexsort(digests.T)  # stable: equal ones keep their order
    starts = np.ones(len(order), bool)
    starts[1:] = (digests[order[1:]] != digests[order[:-1]]).any(axis=1)
    edges = np.append(np.flatnonzero(starts), len(order))
    long = np.diff(edges) > 1
    groups = [order[a:b] for a, b in zip(edges[:-1][long], edges[1:][long], strict=True)]
    groups = sorted((group for group in groups if digests[group[0]].any()), key=lambda group: group[0])
    return [[names[i] for i in group] for group in groups]
