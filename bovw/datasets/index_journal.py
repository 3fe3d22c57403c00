"""Records of a manifest that is being made: a file of a JSON line an image, found again by name after a stop."""

import hashlib
import json
import threading
from array import array

import numpy as np

from ..errors import DatasetError


class Journal:
    """Appends records to a file, and finds those that an earlier run left in it.

    Of a record only a hash of its name and its place in the file are held, 16 bytes.

    Parameters
    ----------
    path : pathlib.Path
    keys : set of str
        What a record must have.
    keep : callable (record) -> bool
        Which records of an earlier run are good for this one.

    Raises
    ------
    DatasetError
        If the file cannot be written.
    """

    def __init__(self, path, keys, keep):
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._log = open(path, "a", encoding="utf-8", buffering=1)
            self._log.write("\n")  # the last line of a run that was killed may lack its end
            self._file = open(path, "rb")
        except OSError as error:
            raise DatasetError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None
        self._scan(keys, keep)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._log.close()
        self._file.close()

    def add(self, record):
        """Append a record, a dict with a ``name``."""
        self._log.write(json.dumps(record) + "\n")

    def get(self, name):
        """The last record of that name that an earlier run wrote; None if there is none. For any thread."""
        at = np.searchsorted(self._hashes, _hash(name), side="right") - 1
        if at < 0 or self._hashes[at] != _hash(name):
            return None
        with self._lock:
            self._file.seek(self._places[at])
            record = json.loads(self._file.readline())
        return record if record["name"] == name else None

    def _scan(self, keys, keep):
        """Note where the good lines are; one cut short is passed over."""
        hashes, places, place = array("Q"), array("Q"), 0
        for line in self._file:
            try:
                record = json.loads(line)
                if keys <= set(record) and keep(record):
                    hashes.append(int(_hash(record["name"])))
                    places.append(place)
            except (ValueError, TypeError, AttributeError):
                pass
            place += len(line)
        hashes = np.frombuffer(hashes, np.uint64)
        order = np.argsort(hashes, kind="stable")  # a later record of the same name comes after
        self._hashes, self._places = hashes[order], np.frombuffer(places, np.uint64)[order].astype(np.int64)


def _hash(name):
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))
