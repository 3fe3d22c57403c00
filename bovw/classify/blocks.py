"""Signatures read block by block from wherever they lie, shuffled, and one block ahead of its use.

A *source* is a block source (:mod:`bovw.blocks`): a ``SignatureStore`` that decompresses as it
reads, or an array or memory map in ``ArrayBlocks``. Memory never holds more than a few blocks of it.

Shuffling
---------
Random rows are slow to read one by one, and rows that lie side by side are mostly of
one class. So the source is cut into *runs* of some consecutive rows, and in every epoch

1. the runs are put into a random order,
2. so many of them as make up the *buffer* are read,
3. the rows of the buffer are put into a random order and cut into batches of equal size.

With a buffer as large as the source this is a full shuffle. The order depends on the
seed, the epoch and the sizes alone, so reading can begin at any batch of any epoch.
"""

import itertools
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .._random import stage_rng
from ..blocks import read_checked

_AHEAD = 2  # batches made ready while one is in use


def gather_rows(source, index):
    """The rows ``index`` (ascending) of a source, (len(index), d) float32; neighbors are read together."""
    rows = np.empty((len(index), source.shape[1]), np.float32)
    breaks = np.flatnonzero(np.diff(index) != 1) + 1
    bounds = [0, *breaks.tolist(), len(index)]
    for first, last in itertools.pairwise(bounds):
        if last > first:
            read_checked(source, int(index[first]), int(index[last - 1]) + 1, rows[first:last])
    return rows


class ShuffledBatches:
    """The batches of every epoch.

    Parameters
    ----------
    source : source
    used : array of shape (n,), bool
        Rows that take part.
    batch_size, buffer_size, read_rows : int
        Rows in a batch at most, in the buffer, and in a run.
    seed : int
    """

    def __init__(self, source, used, *, batch_size, buffer_size, read_rows, seed):
        self.source, self.used, self.seed = source, used, seed
        n, d = source.shape
        self.batch_size = batch_size
        self.read_rows = min(read_rows, n)
        self.n_runs = -(-n // self.read_rows)
        self.runs_a_buffer = min(self.n_runs, max(1, buffer_size // self.read_rows))
        self.buffer = np.empty((self.runs_a_buffer * self.read_rows, d), np.float32)
        self.batches = [np.empty((batch_size + 1, d), np.float32) for _ in range(_AHEAD + 1)]

    def sample(self, size):
        """Up to ``size`` row numbers out of randomly drawn runs, ascending."""
        runs = stage_rng(self.seed, "sgd_sample").permutation(self.n_runs)
        index = self._rows(runs)
        return np.sort(index[self._taking_part(index)][:size])

    def epoch(self, number, first=0):
        """Yield (row numbers, batch) from batch ``first`` of an epoch on.

        A batch is an array of one row more than there are row numbers, for the caller
        to fill; it is overwritten when ``_AHEAD + 1`` further ones have been drawn, in this epoch or the next.
        """
        runs = stage_rng(self.seed, "sgd_runs", number).permutation(self.n_runs)
        count = 0
        for start in range(0, self.n_runs, self.runs_a_buffer):
            chosen = runs[start : start + self.runs_a_buffer]
            index = self._rows(chosen)
            slots = np.flatnonzero(self._taking_part(index))
            slots = stage_rng(self.seed, "sgd_rows", number, start).permutation(slots)
            n_batches = -(-len(slots) // self.batch_size)
            count += n_batches
            if count <= first or n_batches == 0:
                continue
            self._fill(chosen)
            for part in np.array_split(slots, n_batches)[max(0, first - count + n_batches) :]:
                batch = self.batches[0][: len(part) + 1]
                np.take(self.buffer, part, axis=0, out=batch[:-1], mode="clip")
                self.batches.append(self.batches.pop(0))
                yield index[part], batch

    def _rows(self, runs):
        return (runs[:, None] * self.read_rows + np.arange(self.read_rows)).ravel()

    def _taking_part(self, index):
        n = len(self.used)
        return (index < n) & self.used[np.minimum(index, n - 1)]

    def _fill(self, runs):
        n = len(self.used)
        for i, run in enumerate(runs):
            start, stop = int(run) * self.read_rows, min(n, (int(run) + 1) * self.read_rows)
            if self.used[start:stop].any():
                at = i * self.read_rows
                read_checked(self.source, start, stop, self.buffer[at : at + stop - start])


def read_ahead(items):
    """Yield from the generator ``items``, run in a thread of its own up to ``_AHEAD`` items ahead."""
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="bovw-read-ahead") as thread:
        waiting = deque(thread.submit(next, items, end) for _ in range(_AHEAD))
        try:
            while (item := waiting.popleft().result()) is not end:
                waiting.append(thread.submit(next, items, end))
                yield item
        finally:
            for future in waiting:
                future.cancel()
