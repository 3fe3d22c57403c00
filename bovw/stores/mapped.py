"""Arrays on disk that stay mapped between reads, as long as they are few."""

import threading
from collections import OrderedDict

import numpy as np

_BYTES, _FILES = 2**28, 256  # at most so much is kept mapped
_SMALL = 4096  # bytes; read, not mapped


class MappedArrays:
    """The arrays of files, read-only, those used last kept. For any thread."""

    def __init__(self):
        self._arrays, self._bytes = OrderedDict(), 0
        self._mutex = threading.Lock()

    def get(self, path, check):
        """The array of a .npy file; ``check()``, before it is opened, returns its size in bytes."""
        with self._mutex:
            if path in self._arrays:
                self._arrays.move_to_end(path)
                return self._arrays[path]
        if check() > _SMALL:
            array = np.asarray(np.lib.format.open_memmap(path, mode="r"))
        else:
            array = np.load(path, allow_pickle=False)
        with self._mutex:
            self._arrays[path] = array
            self._bytes += array.nbytes
            while len(self._arrays) > 1 and (self._bytes > _BYTES or len(self._arrays) > _FILES):
                self._bytes -= self._arrays.popitem(last=False)[1].nbytes
        return array

    def clear(self):
        """Let go of all."""
        with self._mutex:
            self._arrays.clear()
            self._bytes = 0
