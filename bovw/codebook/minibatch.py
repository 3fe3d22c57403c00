r"""Mini-batch k-means: words that move a little with every batch of descriptors.

Sculley ("Web-scale k-means clustering", WWW 2010, algorithm 1) moves the word c of each
descriptor x of a batch by :math:`c \leftarrow (1 - \eta) c + \eta x`, with
:math:`\eta = 1 / v_c` and :math:`v_c` the number of descriptors that the word has had so
far. All steps of a batch together make each word the mean of all descriptors it ever
had,

.. math:: c \leftarrow \frac{v_c\, c + \sum_{x \in \text{batch}(c)} x}{v_c + n_c},
    \qquad v_c \leftarrow v_c + n_c ,

which is how it is computed here.

An iteration is one pass over the data. Rows are not drawn with replacement: a pass goes through
short runs of neighboring rows in an order drawn anew, many runs a batch, so that every
descriptor is seen once a pass and reading from disk stays sequential inside a run.

A word that gets hardly any descriptor is wasted. Whenever 10 descriptors a word have been
seen since the last look, words that got less than a hundredth of the average since then
are moved onto descriptors of the batch, drawn with probability proportional to their
squared distance (as k-means++ would draw them), and their :math:`v_c` becomes the least of
the other words. Nothing is moved in the last tenth of the batches, so that all words settle.
"""

import numpy as np

from .._cext import nearest as kernels

#: Neighboring rows that stay together when a pass is shuffled.
RUN_ROWS = 256

_LOOK_EVERY = 10
_RARE = 0.01


def iterate(source, words, max_iter, tol, batch_size, rng, make_search, on_batch=None):
    """Mini-batch k-means from given words.

    Parameters
    ----------
    source : checked block source
    words : float32 array of shape (K, d)
    max_iter : int
        Most passes over the data.
    tol : float
        Stop when the inertia of a pass is lower than that of the one before by less than this fraction.
    batch_size : int
    rng : numpy Generator
    make_search : callable
        From words, and the search of the batch before or None, to a search.
    on_batch : callable, optional
        Called without arguments after every batch.

    Returns
    -------
    words : float32 array of shape (K, d)
    inertias : float64 array of shape (n_iter,)
        Of each pass: every descriptor measured before its batch moved the words.
    """
    words, seen = words.astype(np.float64), np.zeros(len(words), np.int64)
    recent, n_batches, n_done = np.zeros(len(words), np.int64), max_iter * count_batches(source, batch_size), 0
    inertias, search = [], None
    while True:
        inertia = 0.0
        for batch in _batches(source, batch_size, rng):
            search = make_search(words.astype(np.float32), search)
            labels, distances = np.empty(len(batch), np.int32), np.empty(len(batch), np.float32)
            sums, counts = np.zeros(words.shape), np.zeros(len(words), np.int64)
            workspace = search.workspace()
            for rows in search.blocks(len(batch)):
                search.block(batch[rows], labels[rows], workspace)
                inertia += kernels.accumulate(batch[rows], labels[rows], search.words, sums, counts, distances[rows])
            used = counts > 0
            total = seen[used] + counts[used]
            words[used] += (sums[used] - counts[used, None] * words[used]) / total[:, None]
            seen[used], recent = total, recent + counts
            n_done += 1
            if recent.sum() >= _LOOK_EVERY * len(words):
                if n_done < 0.9 * n_batches:
                    _move_rare(words, seen, recent, batch, distances, rng)
                recent[:] = 0
            if on_batch is not None:
                on_batch()
        inertias.append(inertia)
        settled = len(inertias) > 1 and inertias[-2] - inertia <= tol * inertias[-2]
        if len(inertias) == max_iter or inertia == 0 or settled:
            return words.astype(np.float32), np.array(inertias)


def count_batches(source, batch_size):
    """Batches of one pass."""
    run = min(source.run_rows or RUN_ROWS, batch_size)
    return -(-source.shape[0] // (run * (batch_size // run)))


def _batches(source, batch_size, rng):
    """One shuffled pass, in batches of at most ``batch_size`` rows."""
    n = source.shape[0]
    run = min(source.run_rows or RUN_ROWS, batch_size)
    starts = rng.permutation(np.arange(0, n, run))
    for first in range(0, len(starts), batch_size // run):
        chosen = np.sort(starts[first : first + batch_size // run])
        yield np.concatenate([source.read(int(s), min(int(s) + run, n)) for s in chosen])


def _move_rare(words, seen, recent, batch, distances, rng):
    """Move words that got hardly any descriptor onto far descriptors of the batch."""
    rare = np.flatnonzero(recent < _RARE * recent.mean())
    candidates = np.flatnonzero(distances > 0)
    rare = rare[np.argsort(recent[rare], kind="stable")][: min(len(candidates), len(words) // 2)]
    if not len(rare):
        return
    share = distances[candidates].astype(np.float64)
    rows = rng.choice(candidates, len(rare), replace=False, p=share / share.sum())
    kept = np.ones(len(words), bool)
    kept[rare] = False
    words[rare], seen[rare] = batch[rows], max(1, seen[kept].min())
