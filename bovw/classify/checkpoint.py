"""Checkpoints of a long training: numbers and arrays that are whole or absent, and belong to one problem only.

A checkpoint is a folder. ``state.json`` is written last, in one atomic step, and names
the array files with their sha256. Arrays go in turn into two sets of files, so the
checkpoint before is whole until the new one is.
"""

import json
import os
from pathlib import Path

import numpy as np

from .._files import remove_unfinished, sha256_file, write_json, write_npy
from ..errors import StoreError


class Checkpoint:
    """One checkpoint folder.

    Parameters
    ----------
    folder : path
        Made when first written.
    identity : dict of str to plain values
        What the training is: parameters, data. A checkpoint of another identity is
        refused.
    """

    def __init__(self, folder: str | os.PathLike, identity: dict):
        self.folder = Path(folder)
        self.identity = json.loads(json.dumps(identity))
        self.turn = 0

    def save(self, state: dict, arrays: dict) -> None:
        """Write ``state`` (a dict of plain values) and ``arrays`` (a dict of arrays)."""
        self.turn = 1 - self.turn
        files = {}
        for name, array in arrays.items():
            file = f"{name}.{self.turn}.npy"
            files[name] = {"file": file, "sha256": write_npy(self.folder / file, array)}
        write_json(
            self.folder / "state.json",
            {"identity": self.identity, "turn": self.turn, "state": state, "arrays": files},
        )

    def load(self) -> tuple[dict, dict] | None:
        """(state, arrays) as saved last, or None if there is no checkpoint.

        Raises
        ------
        StoreError
            If the checkpoint is of another training or is damaged.
        """
        try:
            text = (self.folder / "state.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        remove_unfinished(self.folder)
        try:
            document = json.loads(text)
            found = document["identity"]
            for key, value in self.identity.items():
                if found.get(key) != value:
                    raise StoreError(
                        f"the checkpoint {self.folder} is of a training with {key}={found.get(key)!r}, not "
                        f"{value!r}; go on with that one, or give another folder"
                    )
            arrays = {name: self._read(**entry) for name, entry in document["arrays"].items()}
            state = document["state"]
            self.turn = document["turn"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"the checkpoint {self.folder} is damaged ({error!r}); delete the folder") from error
        return state, arrays

    def _read(self, file, sha256):
        path = self.folder / file
        if not path.is_file() or sha256_file(path) != sha256:
            raise StoreError(f"the checkpoint file {path} is missing or damaged; delete the folder {self.folder}")
        return np.load(path, allow_pickle=False)
