"""A matrix on disk that is filled block by block and survives being interrupted."""

import json
from pathlib import Path

import numpy as np

from .._files import write_json


class ResumableRows:
    """An .npy matrix with a note beside it of how many rows are done.

    The note is written atomically after a block is flushed, so a run that dies
    at any moment finds its finished rows again, and recomputes only the block
    that was under way. Rows of another ``fingerprint`` are discarded.

    Parameters
    ----------
    path : path
        Of the .npy file; the note is ``path`` with the ending .json.
    shape : (int, int)
    fingerprint : str
        Of everything the rows depend on.
    """

    def __init__(self, path, shape, fingerprint):
        self._path, self._note = Path(path), Path(path).with_suffix(".json")
        self._state = {"fingerprint": fingerprint, "shape": list(shape), "done": 0, "errors": {}, "seconds": 0.0}
        if self._matches():
            self.array = np.lib.format.open_memmap(self._path, mode="r+")
        else:
            self._note.unlink(missing_ok=True)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self.array = np.lib.format.open_memmap(self._path, mode="w+", dtype=np.float32, shape=tuple(shape))

    def _matches(self):
        try:
            state = json.loads(self._note.read_text())
            header = np.load(self._path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return False
        fixed = ("fingerprint", "shape")
        if any(state.get(key) != self._state[key] for key in fixed) or list(header.shape) != self._state["shape"]:
            return False
        if header.dtype != np.float32 or not 0 <= state.get("done", -1) <= header.shape[0]:
            return False
        self._state = state
        return True

    @property
    def done(self):
        """How many rows, from the first, are finished."""
        return self._state["done"]

    @property
    def errors(self):
        """Messages of skipped rows, by row number."""
        return {int(row): message for row, message in self._state["errors"].items()}

    @property
    def seconds(self):
        """Time spent on the finished rows, over all runs."""
        return self._state["seconds"]

    def append(self, block, errors, seconds):
        """Write the next rows; ``errors`` maps rows of the whole matrix to messages."""
        start = self.done
        self.array[start:start + len(block)] = block
        self.array.flush()
        self._state["errors"].update({str(row): message for row, message in errors.items()})
        self._state["seconds"] += seconds
        self._state["done"] = start + len(block)
        write_json(self._note, self._state)

    def remove(self):
        """Delete both files."""
        del self.array
        self._note.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)
