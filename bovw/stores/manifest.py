"""``store.json``: what a store is, written once by whoever creates it, and held against what is wanted ever after."""

import contextlib
import json
import re
from pathlib import Path

from .._files import atomic_write, document_checksum, fingerprint, remove_unfinished, write_json
from .._locks import file_lock
from ..errors import StoreError
from .layout import TOP, create_lock
from .records import bytes_record, file_record

FORMAT = "bovw-store"
VERSION = 1


class DamagedManifestError(StoreError):
    """The manifest is not what was written."""


def read_manifest(path):
    """The manifest of the store at ``path``.

    Raises
    ------
    StoreError
        If there is none, or it is damaged or of another version.
    """
    file = Path(path) / "store.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        sound = manifest.get("checksum") == document_checksum(manifest)
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"{path} holds no store.json; give the folder of a store") from None
    except (ValueError, AttributeError):
        sound = False
    if not sound:
        raise DamagedManifestError(
            f"{file} is damaged: its checksum does not match; `bovw store repair {path}` moves it aside, then the "
            "command that made the store makes it again"
        )
    if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
        raise StoreError(
            f"{file} has format {manifest.get('format')!r}, version {manifest.get('version')!r}; this bovw reads "
            f"{FORMAT!r}, version {VERSION}"
        )
    return manifest


def create(path, kind, fingerprint_, n_rows, settings, *, rows_per_shard, usual_rows, contents, extra=None):
    """Make a store without rows, or see to it that the one that stands there is the one wanted and has all its files.

    Parameters
    ----------
    path : Path
    kind, fingerprint_ : str
    n_rows : int
    settings : dict
        Of the kind of store.
    rows_per_shard : int or None
        None: ``usual_rows``, or what the store that stands there has.
    usual_rows : int
    contents : dict of str to bytes
        Files of the rows, by name.
    extra : callable, optional
        ``extra(folder)`` writes further files and returns their names.

    Raises
    ------
    StoreError
        If ``path`` holds something else, or a store that differs; or a damaged one.
    """
    wanted = {
        "format": FORMAT, "version": VERSION, "kind": kind, "fingerprint": fingerprint_, "n_rows": n_rows,
        "rows_per_shard": usual_rows if rows_per_shard is None else rows_per_shard, "settings": settings,
    }
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path} is a file; give a folder")
    with named_errors(path), file_lock(create_lock(path), wait=True):
        if (path / "store.json").exists():
            found = read_manifest(path)
            if rows_per_shard is None:
                wanted["rows_per_shard"] = found["rows_per_shard"]
            _compare(path, found, wanted, contents)
        else:
            _refuse_foreign(path)
            found = None
        remove_unfinished(path)
        files = {} if found is None else dict(found["files"])
        for name, data in contents.items():
            if found is None or not (path / name).exists():
                with atomic_write(path / name) as file:
                    file.write(data)
            files[name] = bytes_record(data)
        if extra is not None and (found is None or any(not (path / name).exists() for name in files)):
            files |= {name: file_record(path / name) for name in extra(path)}
        (path / "shards").mkdir(exist_ok=True)
        manifest = {**wanted, "identity": _identity(wanted), "files": files}
        manifest["checksum"] = document_checksum(manifest)
        if manifest != found:
            write_json(path / "store.json", manifest)


def differs(path, key, found, wanted):
    """The sentence that says in what the store at ``path`` is not the one wanted."""
    return (
        f"{path} holds a store with {key} {found!r}, wanted is {wanted!r}: it was made from another configuration; "
        "choose another folder or delete this one"
    )


@contextlib.contextmanager
def named_errors(path):
    """Turn an operating system's error into a StoreError that names the store."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def _compare(path, found, wanted, contents):
    """Raise StoreError, naming the difference, unless the store that stands there is the one wanted."""
    for key, value in wanted.items():
        if key != "settings" and found[key] != value:
            raise StoreError(differs(path, key, found[key], value))
    for key in sorted(wanted["settings"].keys() | found["settings"].keys()):
        ours, theirs = wanted["settings"].get(key), found["settings"].get(key)
        if ours != theirs:
            raise StoreError(differs(path, key, theirs, ours))
    for name, data in contents.items():
        record = found["files"].get(name)
        if record is None or record["sha256"] != bytes_record(data)["sha256"]:
            raise StoreError(f"{path} holds a store with other {name.partition('.')[0]}; choose another folder")


def _refuse_foreign(path):
    for entry in path.iterdir():
        if entry.name not in TOP and not re.fullmatch(r"\..*\.part", entry.name):
            raise StoreError(f"{path} is not empty and holds no store (there is {entry.name}); choose another folder")


def _identity(wanted):
    return fingerprint({key: wanted[key] for key in ("kind", "fingerprint", "n_rows", "rows_per_shard", "settings")})
