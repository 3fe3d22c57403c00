"""k-means++: descriptors to start k-means from, spread out over the data.

Each new word is a descriptor drawn with probability proportional to its squared
distance to the words so far (Arthur and Vassilvitskii, "k-means++: the advantages of
careful seeding", SODA 2007). Words are drawn one by one up to the 32nd; then every round
draws one word for every 32 present, at once, as k-means|| does (Bahmani et al.,
"Scalable k-means++", PVLDB 5, 2012), so that updating the distances is a matrix product
too.
"""

import numpy as np

from .._random import check_seed, stage_rng
from .._validation import check_descriptors, check_enough, check_int

_WORDS_PER_DRAW = 32
_ROWS = 4096


def kmeans_plus_plus(X, n_words, *, random_state=0):
    """Spread-out descriptors to start k-means from.

    Parameters
    ----------
    X : array of shape (n, d)
    n_words : int
        At most n.
    random_state : int, RandomState, Generator or None, default 0

    Returns
    -------
    words : float32 array of shape (n_words, d)
        Rows of X, in the order of drawing. Once every distinct row is taken, rows repeat.
    """
    n_words = check_int("n_words", n_words, minimum=1)
    X = check_descriptors("X", X)
    check_enough("n_words", n_words, len(X))
    return draw_spread_words(X, n_words, stage_rng(check_seed(random_state), "kmeans"))


def draw_spread_words(X, n_words, rng):
    """As :func:`kmeans_plus_plus`, unchecked, with a numpy Generator."""
    n, d = X.shape
    centered = X - X.mean(axis=0, dtype=np.float64).astype(np.float32)
    squares = np.einsum("ij,ij->i", centered, centered)
    noise = np.float32(2.0**-23 * (d + 8))  # of a squared distance taken by GEMM, relative to the squares
    nearest = np.full(n, np.inf, np.float32)
    free = np.ones(n, bool)
    buffer = np.empty((min(n, _ROWS), max(1, n_words // _WORDS_PER_DRAW)), np.float32)
    chosen = [rng.integers(n, size=1)]
    while True:
        new = chosen[-1]
        free[new] = False
        missing = n_words - sum(map(len, chosen))
        if missing == 0:
            return X[np.concatenate(chosen)].astype(np.float32)
        _update_nearest(nearest, centered, squares, new, noise, buffer)
        nearest[~free] = 0
        cumulated = np.cumsum(nearest, dtype=np.float64)
        wanted = min(missing, max(1, (n_words - missing) // _WORDS_PER_DRAW))
        if cumulated[-1] > 0:
            # One draw in each of `wanted` equal parts of the total: distinct unless a row fills a part.
            draws = (np.arange(wanted) + rng.random(wanted)) * (cumulated[-1] / wanted)
            found = np.minimum(np.searchsorted(cumulated, draws, side="right"), n - 1)
            found = np.unique(found[nearest[found] > 0])
        else:
            found = np.flatnonzero(free)[:wanted]
        chosen.append(found)


def _update_nearest(nearest, centered, squares, new, noise, buffer):
    """Lower ``nearest`` to the squared distances to the rows ``new``; what is within rounding becomes 0."""
    words, word_squares = centered[new].T, squares[new]
    width = min(buffer.shape[1], len(new))
    for start in range(0, len(centered), len(buffer)):
        rows = slice(start, min(start + len(buffer), len(centered)))
        for first in range(0, len(new), width):
            part = slice(first, min(first + width, len(new)))
            shape = rows.stop - start, part.stop - first
            product = buffer.ravel()[: shape[0] * shape[1]].reshape(shape)
            np.matmul(centered[rows], words[:, part], out=product)
            product *= -2
            product += word_squares[part]
            closest = product.min(axis=1) + squares[rows]
            closest[closest <= noise * squares[rows]] = 0
            np.minimum(nearest[rows], closest, out=nearest[rows])
