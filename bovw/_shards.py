"""Stores on disk: rows in shards that many processes fill, and that survive whatever stops them.

Layout of a store::

    store.json               the manifest: kind, fingerprint, rows, settings; written once
    names.jsonl, labels.npy, classes.jsonl
                             of the rows, if given; listed in the manifest
    shards/shard-000012.json the note of one shard: its rows, the bytes and sha256 of each of its
                             files, the errors of its rows
    shards/shard-000012.NAME.npy
    locks/                   one file a shard that somebody is at
    damaged/                 what ``repair`` moved aside

A shard is a fixed range of rows. Its arrays are written first, each atomically, then
its note, atomically too: **a shard is there if its note is there**. Nobody ever writes
into a file that another process writes, and nothing is written twice, so any number of
processes may fill a store. Who computes which shard is settled by claims, which are
locks of the operating system: a killed process loses them with its life.

Whose shards these are is settled by the manifest's *identity*, a digest of the kind,
the fingerprint of everything upstream, the number of rows and the settings. Every note
repeats it, so a shard from another store is noticed, and a manifest that was lost is
made again by creating the store anew with the same arguments.
"""

import contextlib
import hashlib
import io
import json
import re
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np

from ._files import atomic_write, fingerprint, remove_unfinished, sha256_file, write_json, write_npy
from ._locks import file_lock
from ._validation import check_int
from .errors import ParameterError, StoreError

FORMAT = "bovw-store"
VERSION = 1
_NOTE = re.compile(r"shard-(\d{6,})\.json")
_OF_SHARD = re.compile(r"\.?shard-(\d{6,})\..*")
_MAPPED_BYTES, _MAPPED_FILES = 2**28, 256  # at most so much is kept mapped between reads
_SMALL_FILE = 4096  # bytes; read, not mapped


class ShardedStore:
    """What the stores share. A subclass sets ``KIND`` and adds ``create``, ``write`` and ``read``.

    Attributes
    ----------
    path : Path
    manifest : dict
        What ``store.json`` says.
    n_rows, rows_per_shard : int
    fingerprint : str
        Of everything that the rows depend on.
    """

    KIND = None

    def __init__(self, path, fingerprint=None, *, check=True):
        self.path = Path(path)
        self.manifest = read_manifest(self.path)
        if self.KIND is not None and self.manifest["kind"] != self.KIND:
            raise StoreError(f"{self.path} is a store of {self.manifest['kind']}, not of {self.KIND}")
        self.fingerprint = self.manifest["fingerprint"]
        if fingerprint is not None and fingerprint != self.fingerprint:
            raise StoreError(_differs(self.path, "fingerprint", self.fingerprint, fingerprint))
        self.n_rows, self.rows_per_shard = self.manifest["n_rows"], self.manifest["rows_per_shard"]
        self._notes, self._damage = {}, {}
        self._own = set()  # shards claimed through this object
        self._mutex = threading.Lock()
        self._maps, self._mapped_bytes, self._row_parts = OrderedDict(), 0, {}
        self._refresh()
        problems = self.damage() if check else []
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise StoreError(
                f"{self.path}: {problems[0]}{more}; `bovw store repair {self.path}` moves damaged files aside, "
                "then the command that made the store brings them back"
            )

    @classmethod
    def open(cls, path, fingerprint=None, *, check=True):
        """Open a store that exists.

        Parameters
        ----------
        path : path
        fingerprint : str, optional
            What the store must have been made from.
        check : bool
            Refuse a store in which a file is missing or has not the size that its note
            says. False opens it all the same, to look at it, verify it or repair it.

        Raises
        ------
        StoreError
            If there is no store, its manifest is damaged, or the fingerprint or a file is not right.
        """
        return cls(path, fingerprint, check=check)

    @classmethod
    def _create(
        cls, path, n_rows, fingerprint, settings, *, rows_per_shard, usual_rows, names, labels, classes, extra=None
    ):
        """Make the store or open the one that stands there.

        ``rows_per_shard`` None means ``usual_rows``, or what the store that stands there has.
        ``extra(folder)`` writes further files and returns their names.
        """
        path = Path(path)
        n_rows = check_int("n_rows", n_rows, minimum=0)
        if not isinstance(fingerprint, str) or not fingerprint:
            raise ParameterError(f"fingerprint={fingerprint!r} must be a string that is not empty")
        rows = usual_rows if rows_per_shard is None else check_int("rows_per_shard", rows_per_shard, minimum=1)
        wanted = {
            "format": FORMAT, "version": VERSION, "kind": cls.KIND, "fingerprint": fingerprint, "n_rows": n_rows,
            "rows_per_shard": rows, "settings": settings,
        }
        contents = _row_files(n_rows, names, labels, classes)
        if path.exists() and not path.is_dir():
            raise StoreError(f"{path} is a file; give a folder")
        with _named(path), file_lock(cls._create_lock(path), wait=True):
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
                files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            if extra is not None and (found is None or any(not (path / name).exists() for name in files)):
                for name in extra(path):
                    files[name] = {"bytes": (path / name).stat().st_size, "sha256": sha256_file(path / name)}
            (path / "shards").mkdir(exist_ok=True)
            manifest = {**wanted, "identity": _identity(wanted), "files": files}
            manifest["checksum"] = _checksum(manifest)
            if manifest != found:
                write_json(path / "store.json", manifest)
        return cls(path, fingerprint)

    def __len__(self):
        return self.n_rows

    @property
    def names(self):
        """Names of the rows, a list of strings, or None."""
        return self._row_part("names.jsonl")

    @property
    def labels(self):
        """Class numbers of the rows, int64, or None."""
        return self._row_part("labels.npy")

    @property
    def classes(self):
        """Names of the classes, a list of strings, or None."""
        return self._row_part("classes.jsonl")

    def _row_part(self, name):
        if name not in self.manifest["files"]:
            return None
        if name not in self._row_parts:
            problem = self._file_problem(self.path / name, self.manifest["files"][name], deep=True)
            if problem:
                raise StoreError(f"{self.path}: {problem}")
            data = (self.path / name).read_bytes()
            if name.endswith(".npy"):
                self._row_parts[name] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
            else:
                self._row_parts[name] = json.loads("[" + ",".join(data.decode("ascii").splitlines()) + "]")
        return self._row_parts[name]

    # Shards

    @property
    def n_shards(self):
        """The number of shards, written or not."""
        return -(-self.n_rows // self.rows_per_shard)

    @property
    def n_rows_written(self):
        """The number of rows in shards that are there."""
        self._refresh()
        return sum(stop - start for start, stop in map(self._range, list(self._notes)))

    @property
    def is_complete(self):
        """True if every shard is there, undamaged as far as the sizes of the files tell."""
        self._refresh()
        return len(self._notes) == self.n_shards

    @property
    def errors(self):
        """Messages of the rows that could not be computed: {row: message}, in order."""
        self._refresh()
        return {
            int(row): message for shard in sorted(self._notes) for row, message in self._notes[shard]["errors"].items()
        }

    def missing(self):
        """The shards not yet written: [(start, stop), ...], ranges of rows, in order."""
        self._refresh()
        known = self._notes.keys() | self._damage.keys()
        return [self._range(shard) for shard in range(self.n_shards) if shard not in known]

    @contextlib.contextmanager
    def claim(self, start):
        """Reserve a shard while computing it.

        Parameters
        ----------
        start : int
            The first row of the shard, as :meth:`missing` gives it.

        Yields
        ------
        bool
            True if the shard is this caller's to compute and write inside the block,
            False if somebody else is at it or has done it.
        """
        shard = self._shard_at(start)
        with contextlib.ExitStack() as stack:
            with _named(self.path):
                held = stack.enter_context(file_lock(self._lock_path(shard)))
            mine = held and not self._note_path(shard).exists()
            if mine:
                with self._mutex:
                    self._own.add(shard)
            try:
                yield mine
            finally:
                if mine:
                    with self._mutex:
                        self._own.discard(shard)

    def _write_shard(self, start, n_rows, arrays, errors):
        """Write the arrays {name: array} of the shard at row ``start``, then its note."""
        shard = self._shard_at(start)
        first, last = self._range(shard)
        if n_rows != last - first:
            raise ParameterError(
                f"the shard at row {start} of {self.path} holds the {last - first} rows {first}-{last - 1}, got "
                f"{n_rows} rows; write whole shards"
            )
        errors = {check_int("a row of errors", row): str(message) for row, message in errors.items()}
        for row in errors:
            if not first <= row < last:
                raise ParameterError(
                    f"errors names row {row}, outside the rows {first}-{last - 1} of this shard; count from the "
                    "store's first row"
                )
        with self._mutex:
            own = shard in self._own
        with contextlib.nullcontext(True) if own else self.claim(start) as mine:
            if not mine:
                what = "is written already" if self._note_path(shard).exists() else "is being written by another"
                raise StoreError(f"{self._name(shard)} of {self.path} {what}; claim a shard before computing it")
            self._write_claimed(shard, arrays, {str(row): errors[row] for row in sorted(errors)})

    def _write_claimed(self, shard, arrays, errors):
        self._clear_unfinished(shard)
        first, last = self._range(shard)
        files = {}
        try:
            for name, array in arrays.items():
                path = self.path / "shards" / f"{_stem(shard)}.{name}.npy"
                digest = write_npy(path, array)
                files[path.name] = {"bytes": path.stat().st_size, "sha256": digest}
            note = {"shard": shard, "rows": [first, last], "store": self.manifest["identity"], "files": files,
                    "errors": errors}
            note["checksum"] = _checksum(note)
            write_json(self._note_path(shard), note)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._clear_unfinished(shard)
            raise StoreError(
                f"{self._name(shard)} of {self.path} could not be written: {error.strerror or error}; the shards "
                "written before are safe: make room and run the same command again"
            ) from error
        self._notes[shard] = note
        self._damage.pop(shard, None)

    def _clear_unfinished(self, shard):
        """Remove what a killed writer of a shard without a note left. The claim must be held."""
        for path in self._leftovers(shard):
            path.unlink(missing_ok=True)

    def _leftovers(self, shard):
        folder = self.path / "shards"
        return [*folder.glob(f".{_stem(shard)}.*.part"), *folder.glob(f"{_stem(shard)}.*.npy")]

    def _map(self, shard, name):
        """One array of a shard, mapped read-only; its size on disk is checked before."""
        key = (shard, name)
        with self._mutex:
            if key in self._maps:
                self._maps.move_to_end(key)
                return self._maps[key]
        path = self.path / "shards" / f"{_stem(shard)}.{name}.npy"
        entry = self._note(shard)["files"][path.name]
        problem = self._file_problem(path, entry)
        if problem:
            raise StoreError(f"{self.path}: {self._name(shard)}: {problem}; `bovw store repair {self.path}`")
        if entry["bytes"] > _SMALL_FILE:
            array = np.asarray(np.lib.format.open_memmap(path, mode="r"))
        else:
            array = np.load(path, allow_pickle=False)
        with self._mutex:
            self._maps[key] = array
            self._mapped_bytes += array.nbytes
            while len(self._maps) > 1 and (self._mapped_bytes > _MAPPED_BYTES or len(self._maps) > _MAPPED_FILES):
                self._mapped_bytes -= self._maps.popitem(last=False)[1].nbytes
        return array

    def _note(self, shard):
        if shard not in self._notes:
            self._refresh()
        if shard in self._notes:
            return self._notes[shard]
        if shard in self._damage:
            raise StoreError(f"{self.path}: {self._damage[shard]}; `bovw store repair {self.path}`")
        raise StoreError(
            f"{self._name(shard)} of {self.path} is not written yet ({len(self.missing())} of {self.n_shards} shards "
            "are missing); finish the run that fills the store"
        )

    def _spans(self, start, stop):
        """The pieces of the rows start:stop, shard by shard: (shard, first, last), rows counted in the shard."""
        if not 0 <= start <= stop <= self.n_rows:
            raise ParameterError(f"rows {start}:{stop} are not within the {self.n_rows} rows of {self.path}")
        while start < stop:
            shard, first = divmod(start, self.rows_per_shard)
            last = min(self.rows_per_shard, first + stop - start)
            yield shard, first, last
            start += last - first

    def _range(self, shard):
        start = shard * self.rows_per_shard
        return start, min(start + self.rows_per_shard, self.n_rows)

    def _shard_at(self, start):
        start = check_int("start", start, minimum=0)
        if start % self.rows_per_shard or start >= self.n_rows:
            raise ParameterError(
                f"start={start} is not the first row of a shard of {self.path}; shards begin at multiples of "
                f"{self.rows_per_shard} below {self.n_rows}"
            )
        return start // self.rows_per_shard

    def _name(self, shard):
        start, stop = self._range(shard)
        return f"shard {shard} (rows {start}-{stop - 1})"

    def _note_path(self, shard):
        return self.path / "shards" / f"{_stem(shard)}.json"

    @staticmethod
    def _create_lock(path):
        return path / "locks" / "create.lock"

    def _lock_path(self, shard):
        return self.path / "locks" / f"{_stem(shard)}.lock"

    def _refresh(self):
        """Take note of the shards that were written, by whomever, since the last look."""
        with contextlib.suppress(FileNotFoundError):
            for path in (self.path / "shards").iterdir():
                match = _NOTE.fullmatch(path.name)
                shard = int(match[1]) if match else None
                if match and shard not in self._notes and shard not in self._damage:
                    note, problem = self._read_note(shard)
                    if problem:
                        self._damage[shard] = f"{self._name(shard)}: {problem}"
                    else:
                        self._notes[shard] = note

    # Damage

    def _read_note(self, shard, deep=False):
        """The note of a shard and what is wrong with it or its files (None: nothing)."""
        path = self._note_path(shard)
        try:
            note = json.loads(path.read_text(encoding="utf-8"))
            sound = note.get("checksum") == _checksum(note)
        except (OSError, ValueError, AttributeError) as error:
            return None, f"{path.name} is damaged: {error}"
        if not sound:
            return None, f"{path.name} was changed after it was written: its checksum does not match"
        if note["store"] != self.manifest["identity"] or note["rows"] != list(self._range(shard)):
            return None, f"{path.name} belongs to another store"
        for name, entry in note["files"].items():
            problem = self._file_problem(self.path / "shards" / name, entry, deep)
            if problem:
                return None, problem
        return note, None

    def _file_problem(self, path, entry, deep=False):
        """What is wrong with a file, by its size alone or also by its sha256; None if nothing is."""
        name = path.relative_to(self.path).as_posix()
        try:
            size = path.stat().st_size
        except OSError:
            return f"{name} is missing"
        if size != entry["bytes"]:
            return f"{name} has {size} bytes, {entry['bytes']} were written"
        if deep and sha256_file(path) != entry["sha256"]:
            return f"{name} is damaged: its sha256 is not that of what was written"
        return None

    def damage(self):
        """What is wrong as far as the sizes of files tell: a list of str. Quick; :meth:`verify` reads every byte."""
        self._refresh()
        files = self.manifest["files"].items()
        problems = [self._file_problem(self.path / name, entry) for name, entry in files]
        return [problem for problem in problems if problem] + list(self._damage.values())

    def verify(self):
        """Read every byte and compare it with what was written.

        Returns
        -------
        problems : list of str
            One line each, naming the shard, its rows and the file; empty if all is well.
            Shards not yet written, or being written now, are no problem; leftovers of a
            writer that was killed are named. Damaged shards are not read from then on.
        """
        found = list(self._problems())
        for shard, paths, message in found:
            if shard is not None and self._note_path(shard) in paths:
                self._notes.pop(shard, None)
                self._damage[shard] = message
        return [message for _, _, message in found]

    def _problems(self):
        """(shard or None, paths to move aside, message) of everything that is wrong."""
        for name, entry in self.manifest["files"].items():
            problem = self._file_problem(self.path / name, entry, deep=True)
            if problem:
                yield None, [self.path / name], problem
        with file_lock(self._create_lock(self.path)) as idle:
            for path in sorted(self.path.glob(".*.part")) if idle else ():
                yield None, [path], f"{path.name} left by a write that was not finished"
        with_note, with_files = set(), {}
        for path in sorted((self.path / "shards").glob("*")):
            match = _OF_SHARD.fullmatch(path.name)
            if not match or not 0 <= int(match[1]) < self.n_shards:
                yield None, [path], f"shards/{path.name} is no file of this store"
            elif _NOTE.fullmatch(path.name):
                with_note.add(int(match[1]))
            else:
                with_files.setdefault(int(match[1]), []).append(path)
        for shard in sorted(with_note | with_files.keys()):
            paths = with_files.get(shard, [])
            if shard in with_note:
                note, problem = self._read_note(shard, deep=True)
                if problem:
                    yield shard, [self._note_path(shard), *paths], f"{self._name(shard)}: {problem}"
                    continue
                paths = [path for path in paths if path.name not in note["files"]]
            with file_lock(self._lock_path(shard)) as idle:
                paths = [path for path in paths if idle and path.exists()]
                if paths and (shard in with_note) == self._note_path(shard).exists():
                    names = ", ".join(path.name for path in paths)
                    yield shard, paths, f"{self._name(shard)}: {names} left by a write that was not finished"

    def repair(self):
        """Move what is damaged to ``damaged/``; the shards concerned become missing again.

        Whole shards stay as they are. The command that made the store then computes what
        is missing. Names, labels or a codec that were moved aside come back when the
        store is created again with the same arguments.

        Returns
        -------
        moved : list of str
            The files, relative to the store.
        """
        moved = []
        for shard, paths, _ in list(self._problems()):
            lock = contextlib.nullcontext(True) if shard is None else file_lock(self._lock_path(shard))
            with lock as idle:
                if idle:
                    moved += _move_aside(self.path, paths)
        with self._mutex:
            self._maps.clear()
            self._mapped_bytes = 0
        self._notes.clear()
        self._damage.clear()
        self._row_parts.clear()
        self._refresh()
        return moved

    def __repr__(self):
        return f"{type(self).__name__}({str(self.path)!r}, {self.n_rows_written} of {self.n_rows} rows)"


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
        sound = manifest.get("checksum") == _checksum(manifest)
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"{path} holds no store.json; give the folder of a store") from None
    except (ValueError, AttributeError):
        sound = False
    if not sound:
        raise _DamagedManifestError(
            f"{file} is damaged: its checksum does not match; `bovw store repair {path}` moves it aside, then the "
            "command that made the store makes it again"
        )
    if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
        raise StoreError(
            f"{file} has format {manifest.get('format')!r}, version {manifest.get('version')!r}; this bovw reads "
            f"{FORMAT!r}, version {VERSION}"
        )
    return manifest


class _DamagedManifestError(StoreError):
    """The manifest is not what was written."""


def repair_store(path):
    """Like :meth:`ShardedStore.repair`, and for a damaged manifest too, which is moved aside.

    The store is whole again when it is created once more with the same arguments.
    """
    path = Path(path)
    try:
        read_manifest(path)
    except _DamagedManifestError:
        if not (path / "shards").is_dir():
            raise StoreError(f"{path} has a damaged store.json and no shards; it is not a store") from None
        return _move_aside(path, [path / "store.json"])
    return ShardedStore(path, check=False).repair()


def _move_aside(root, paths):
    moved = []
    for path in paths:
        if path.exists():
            target = root / "damaged" / path.name
            for number in range(1, 10**6):
                if not target.exists():
                    break
                target = root / "damaged" / f"{path.name}.{number}"
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
            moved.append(path.relative_to(root).as_posix())
    return moved


def _row_files(n_rows, names, labels, classes):
    """The bytes of names.jsonl, labels.npy and classes.jsonl, of those that are given."""
    contents = {}
    if names is not None:
        names = list(names)
        if len(names) != n_rows:
            raise ParameterError(f"names has {len(names)} entries for n_rows={n_rows}")
        contents["names.jsonl"] = _json_lines(names)
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != (n_rows,) or (labels.dtype.kind not in "iu" and n_rows):
            raise ParameterError(f"labels has shape {labels.shape}, dtype {labels.dtype}; {n_rows} integers are needed")
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, labels.astype(np.int64), allow_pickle=False)
        contents["labels.npy"] = buffer.getvalue()
    if classes is not None:
        contents["classes.jsonl"] = _json_lines(classes)
    return contents


def _json_lines(strings):
    """One JSON string a line: any file name goes in and comes out, with newlines or bytes that are no UTF-8."""
    return "".join(json.dumps(str(string)) + "\n" for string in strings).encode("ascii")


def _compare(path, found, wanted, contents):
    """Raise StoreError, naming the difference, unless the store that stands there is the one wanted."""
    for key, value in wanted.items():
        if key != "settings" and found[key] != value:
            raise StoreError(_differs(path, key, found[key], value))
    for key in sorted(wanted["settings"].keys() | found["settings"].keys()):
        ours, theirs = wanted["settings"].get(key), found["settings"].get(key)
        if ours != theirs:
            raise StoreError(_differs(path, key, theirs, ours))
    for name, data in contents.items():
        entry = found["files"].get(name)
        if entry is None or entry["sha256"] != hashlib.sha256(data).hexdigest():
            raise StoreError(f"{path} holds a store with other {name.partition('.')[0]}; choose another folder")


def _differs(path, key, found, wanted):
    return (
        f"{path} holds a store with {key} {found!r}, wanted is {wanted!r}: it was made from another configuration; "
        "choose another folder or delete this one"
    )


def _refuse_foreign(path):
    ours = {"names.jsonl", "labels.npy", "classes.jsonl", "shards", "locks", "damaged", "codec"}
    for entry in path.iterdir():
        if entry.name not in ours and not re.fullmatch(r"\..*\.part", entry.name):
            raise StoreError(f"{path} is not empty and holds no store (there is {entry.name}); choose another folder")


@contextlib.contextmanager
def _named(path):
    """Turn an operating system's error into a StoreError that names the store."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def _stem(shard):
    return f"shard-{shard:06d}"


def _identity(wanted):
    return fingerprint({key: wanted[key] for key in ("kind", "fingerprint", "n_rows", "rows_per_shard", "settings")})


def _checksum(document):
    body = {key: value for key, value in document.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
