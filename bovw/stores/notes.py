"""The notes of the shards: a shard is there if its note is there, and the note says what its files must be."""

import contextlib
import json

from .._files import document_checksum, write_json
from ..errors import StoreError
from .layout import NOTE
from .records import file_problem


class ShardNotes:
    """What the notes of one store say, as far as they were read.

    Parameters
    ----------
    layout : Layout
    identity : str
        Of the store, as its manifest has it.

    Attributes
    ----------
    written : dict of int to dict
        The notes of the shards that are there, by number.
    damaged : dict of int to str
        What is wrong with others.
    """

    def __init__(self, layout, identity):
        self.layout, self.identity = layout, identity
        self.written, self.damaged = {}, {}

    def refresh(self):
        """Take note of the shards that were written, by whomever, since the last look."""
        with contextlib.suppress(FileNotFoundError):
            for path in self.layout.shards.iterdir():
                match = NOTE.fullmatch(path.name)
                shard = int(match[1]) if match else None
                if match and shard not in self.written and shard not in self.damaged:
                    note, problem = self.read(shard)
                    if problem:
                        self.damaged[shard] = f"{self.layout.title(shard)}: {problem}"
                    else:
                        self.written[shard] = note

    def forget(self):
        """Read all of them anew."""
        self.written.clear()
        self.damaged.clear()
        self.refresh()

    def of(self, shard):
        """The note of a shard.

        Raises
        ------
        StoreError
            If the shard is damaged or not written yet.
        """
        if shard not in self.written:
            self.refresh()
        if shard in self.written:
            return self.written[shard]
        root = self.layout.root
        if shard in self.damaged:
            raise StoreError(f"{root}: {self.damaged[shard]}; `bovw store repair {root}`")
        raise StoreError(
            f"{self.layout.title(shard)} of {root} is not written yet ({len(self.missing())} of "
            f"{self.layout.n_shards} shards are missing); finish the run that fills the store"
        )

    def missing(self):
        """The shards not yet written: [(start, stop), ...], ranges of rows, in order."""
        self.refresh()
        known = self.written.keys() | self.damaged.keys()
        return [self.layout.range(shard) for shard in range(self.layout.n_shards) if shard not in known]

    def write(self, shard, files, errors):
        """Write the note of a shard whose files are written: from then on it is there."""
        note = {
            "shard": shard, "rows": list(self.layout.range(shard)), "store": self.identity, "files": files,
            "errors": errors,
        }
        note["checksum"] = document_checksum(note)
        write_json(self.layout.note(shard), note)
        self.written[shard] = note
        self.damaged.pop(shard, None)

    def read(self, shard, *, deep=False):
        """The note of a shard as it is on disk and what is wrong with it or its files (None: nothing)."""
        path = self.layout.note(shard)
        try:
            note = json.loads(path.read_text(encoding="utf-8"))
            sound = note.get("checksum") == document_checksum(note)
        except (OSError, ValueError, AttributeError) as error:
            return None, f"{path.name} is damaged: {error}"
        if not sound:
            return None, f"{path.name} was changed after it was written: its checksum does not match"
        if note["store"] != self.identity or note["rows"] != list(self.layout.range(shard)):
            return None, f"{path.name} belongs to another store"
        for name, record in note["files"].items():
            problem = file_problem(self.layout.root, self.layout.shards / name, record, deep=deep)
            if problem:
                return None, problem
        return note, None
