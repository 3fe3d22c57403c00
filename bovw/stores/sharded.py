"""``ShardedStore``: what the stores of descriptors and of signatures share."""

import contextlib
import os
import threading
from pathlib import Path

import numpy as np

from .._files import write_npy
from .._locks import file_lock
from .._validation import check_int
from ..errors import ParameterError, StoreError
from .damage import find_problems, move_aside
from .layout import Layout
from .manifest import create, differs, named_errors, read_manifest
from .mapped import MappedArrays
from .notes import ShardNotes
from .records import file_problem
from .row_files import read_row_file, row_files


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

    KIND: str | None = None

    def __init__(self, path: str | os.PathLike, fingerprint: str | None = None, *, check: bool = True):
        self.path = Path(path)
        self.manifest = read_manifest(self.path)
        if self.KIND is not None and self.manifest["kind"] != self.KIND:
            raise StoreError(f"{self.path} is a store of {self.manifest['kind']}, not of {self.KIND}")
        self.fingerprint = self.manifest["fingerprint"]
        if fingerprint is not None and fingerprint != self.fingerprint:
            raise StoreError(differs(self.path, "fingerprint", self.fingerprint, fingerprint))
        self.n_rows, self.rows_per_shard = self.manifest["n_rows"], self.manifest["rows_per_shard"]
        self._layout = Layout(self.path, self.n_rows, self.rows_per_shard)
        self._notes = ShardNotes(self._layout, self.manifest["identity"])
        self._own: set[int] = set()  # shards claimed through this object
        self._mutex = threading.Lock()
        self._arrays = MappedArrays()
        self._row_parts: dict = {}
        self._notes.refresh()
        problems = self.damage() if check else []
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise StoreError(
                f"{self.path}: {problems[0]}{more}; `bovw store repair {self.path}` moves damaged files aside, "
                "then the command that made the store brings them back"
            )

    @classmethod
    def open(cls, path: str | os.PathLike, fingerprint: str | None = None, *, check: bool = True):
        """Open a store that exists.

        Parameters
        ----------
        path : path
        fingerprint : str, optional
            What the store must have been made from.
        check : bool, default True
            Refuse a store in which a file is missing or has not the size that its note
            says. False opens it all the same, to look at it, verify it or repair it.

        Returns
        -------
        store

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
        """Make the store or open the one that stands there; the arguments are those of ``manifest.create``."""
        path = Path(path)
        n_rows = check_int("n_rows", n_rows, minimum=0)
        if not isinstance(fingerprint, str) or not fingerprint:
            raise ParameterError(f"fingerprint={fingerprint!r} must be a string that is not empty")
        if rows_per_shard is not None:
            rows_per_shard = check_int("rows_per_shard", rows_per_shard, minimum=1)
        create(
            path, cls.KIND, fingerprint, n_rows, settings, rows_per_shard=rows_per_shard, usual_rows=usual_rows,
            contents=row_files(n_rows, names, labels, classes), extra=extra,
        )
        return cls(path, fingerprint)

    def __len__(self) -> int:
        return self.n_rows

    @property
    def names(self) -> list[str] | None:
        """Names of the rows, a list of strings, or None."""
        return self._row_part("names.jsonl")

    @property
    def labels(self) -> np.ndarray | None:
        """Class numbers of the rows, int64 array of shape (n_rows,), or None."""
        return self._row_part("labels.npy")

    @property
    def classes(self) -> list[str] | None:
        """Names of the classes, a list of strings, or None."""
        return self._row_part("classes.jsonl")

    def _row_part(self, name):
        if name not in self.manifest["files"]:
            return None
        if name not in self._row_parts:
            problem = file_problem(self.path, self.path / name, self.manifest["files"][name], deep=True)
            if problem:
                raise StoreError(f"{self.path}: {problem}")
            self._row_parts[name] = read_row_file(self.path / name)
        return self._row_parts[name]

    # What is there

    @property
    def n_shards(self) -> int:
        """The number of shards, written or not."""
        return self._layout.n_shards

    @property
    def n_rows_written(self) -> int:
        """The number of rows in shards that are there."""
        self._notes.refresh()
        return sum(stop - start for start, stop in map(self._layout.range, list(self._notes.written)))

    @property
    def is_complete(self) -> bool:
        """True if every shard is there, undamaged as far as the sizes of the files tell."""
        self._notes.refresh()
        return len(self._notes.written) == self.n_shards

    @property
    def errors(self) -> dict[int, str]:
        """Messages of the rows that could not be computed: {row: message}, in order."""
        self._notes.refresh()
        written = self._notes.written
        return {int(row): message for shard in sorted(written) for row, message in written[shard]["errors"].items()}

    def missing(self) -> list[tuple[int, int]]:
        """The shards not yet written: [(start, stop), ...], ranges of rows, in order."""
        return self._notes.missing()

    # Writing

    @contextlib.contextmanager
    def claim(self, start: int):
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

        Raises
        ------
        ParameterError
            If no shard begins at ``start``.
        """
        shard = self._layout.shard_at(start)
        with contextlib.ExitStack() as stack:
            with named_errors(self.path):
                held = stack.enter_context(file_lock(self._layout.lock(shard)))
            mine = held and not self._layout.note(shard).exists()
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
        shard = self._layout.shard_at(start)
        first, last = self._layout.range(shard)
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
                what = "is written already" if self._layout.note(shard).exists() else "is being written by another"
                raise StoreError(
                    f"{self._layout.title(shard)} of {self.path} {what}; claim a shard before computing it"
                )
            self._write_claimed(shard, arrays, {str(row): errors[row] for row in sorted(errors)})

    def _write_claimed(self, shard, arrays, errors):
        self._clear_unfinished(shard)
        files = {}
        try:
            for name, array in arrays.items():
                path = self._layout.array(shard, name)
                digest = write_npy(path, array)
                files[path.name] = {"bytes": path.stat().st_size, "sha256": digest}
            self._notes.write(shard, files, errors)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._clear_unfinished(shard)
            raise StoreError(
                f"{self._layout.title(shard)} of {self.path} could not be written: {error.strerror or error}; the "
                "shards written before are safe: make room and run the same command again"
            ) from error

    def _clear_unfinished(self, shard):
        """Remove what a killed writer of a shard without a note left. The claim must be held."""
        for path in self._layout.unnoted(shard):
            path.unlink(missing_ok=True)

    # Reading

    def _map(self, shard, name):
        """One array of a shard, mapped read-only; its size on disk is checked before."""
        path = self._layout.array(shard, name)

        def check():
            record = self._notes.of(shard)["files"][path.name]
            problem = file_problem(self.path, path, record)
            if problem:
                title = self._layout.title(shard)
                raise StoreError(f"{self.path}: {title}: {problem}; `bovw store repair {self.path}`")
            return record["bytes"]

        return self._arrays.get(path, check)

    # Damage

    def damage(self) -> list[str]:
        """What is wrong as far as the sizes of files tell: a list of str. Quick; :meth:`verify` reads every byte."""
        self._notes.refresh()
        files = self.manifest["files"].items()
        problems = [file_problem(self.path, self.path / name, record) for name, record in files]
        return [problem for problem in problems if problem] + list(self._notes.damaged.values())

    def verify(self) -> list[str]:
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
            if shard is not None and self._layout.note(shard) in paths:
                self._notes.written.pop(shard, None)
                self._notes.damaged[shard] = message
        return [message for _, _, message in found]

    def repair(self) -> list[str]:
        """Move what is damaged to ``damaged/``; the shards concerned become missing again.

        Whole shards stay as they are. The command that made the store then computes what
        is missing. Names, labels or a codec that were moved aside come back when the
        store is created again with the same arguments.

        Returns
        -------
        moved : list of str
            The files, relative to the store.
        """
        moved = move_aside(self._layout, list(self._problems()))
        self._arrays.clear()
        self._row_parts.clear()
        self._notes.forget()
        return moved

    def _problems(self):
        return find_problems(self._layout, self._notes, self.manifest["files"])

    def __repr__(self):
        return f"{type(self).__name__}({str(self.path)!r}, {self.n_rows_written} of {self.n_rows} rows)"
