"""How long a codebook will take, from the time of one block of descriptors."""

import sys
import time

import numpy as np

from .._cext import nearest as kernels
from .._units import format_seconds

# Enough multiplications for about a tenth of a second.
_MULTIPLICATIONS = 2**32
_LEAST_ROWS, _MOST_ROWS = 512, 65536


def measure(source, n_words, make_search):
    """Time one block of descriptors: reading, assigning to ``n_words`` words, summing.

    Parameters
    ----------
    source : checked block source
        At least ``n_words`` rows.
    n_words : int
    make_search : callable
        From words to a search.

    Returns
    -------
    seconds_per_row, seconds_per_search : float
        The second is what ``make_search`` takes.
    """
    n, d = source.shape
    words = source.read(0, n_words).astype(np.float32)
    start = time.perf_counter()
    search = make_search(words)
    making = time.perf_counter() - start
    workspace = search.workspace()
    m = min(n, max(_LEAST_ROWS, min(_MOST_ROWS, _MULTIPLICATIONS // (n_words * d))))
    labels, distances = np.empty(m, np.int32), np.empty(m, np.float32)
    sums, counts = np.zeros(words.shape), np.zeros(n_words, np.int64)
    seconds = []
    for first in (0, n - m):  # the first time warms up
        start = time.perf_counter()
        block = source.read(first, first + m)
        for rows in search.blocks(m):
            search.block(block[rows], labels[rows], workspace)
            kernels.accumulate(block[rows], labels[rows], words, sums, counts, distances[rows])
        seconds.append(time.perf_counter() - start)
    return min(seconds) / m, making


def announce(label, seconds):
    """Print how long a step will take at most, on standard error."""
    print(f"{label}: at most about {format_seconds(seconds)}", file=sys.stderr, flush=True)
