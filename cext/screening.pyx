"""Nearest words among those that bounds from 8-bit products leave, for ``bovw.codebook.screening``."""

import numpy as np

from bovw._cext import FAST_INT8

from libc.math cimport INFINITY
from libc.stdint cimport int8_t, int32_t
from libc.stdlib cimport free, malloc

ctypedef fused element:
    float
    unsigned char

cdef extern from "bovw_int8.h":
    enum:
        BOVW_PANEL
        BOVW_TILE_COLUMNS

cdef extern from "bovw_screen.h":
    enum:
        BOVW_MOST_COLUMNS
    ctypedef struct bovw_rounded:
        int8_t *panels
        int32_t *sums
        float *scales
        float *lengths
        float *errors
    float bovw_round_rows(
        const float *x, Py_ssize_t n, Py_ssize_t width, Py_ssize_t groups, const bovw_rounded *rounded) noexcept nogil
    float bovw_round_rows_512(
        const float *x, Py_ssize_t n, Py_ssize_t width, Py_ssize_t groups, const bovw_rounded *rounded) noexcept nogil
    void bovw_bound_scores(
        const bovw_rounded *rows, const int8_t *words, const float *constants, Py_ssize_t groups, const float *slack,
        Py_ssize_t n_rows, Py_ssize_t n_words, float *upper, float *lanes, int fast
    ) noexcept nogil
    Py_ssize_t bovw_possible_words(
        const float *upper, const float *lanes, Py_ssize_t n_words, Py_ssize_t k, int32_t *found, int fast
    ) noexcept nogil

cdef extern from "bovw_candidates.h":
    float bovw_squared_distance(const float *x, const float *word, Py_ssize_t d) noexcept nogil
    int32_t bovw_nearest_candidate(
        const float *x, const float *words, Py_ssize_t d, const int32_t *candidates, Py_ssize_t n, float *squares,
        float *least
    ) noexcept nogil

TILE_COLUMNS = BOVW_TILE_COLUMNS
MOST_COLUMNS = BOVW_MOST_COLUMNS
cdef bint fast = FAST_INT8


cdef class RoundedRows:
    """Rows of d numbers, rounded to 8 bits, each on a scale of its own.

    Parameters
    ----------
    n_rows : int
        Room for so many, in whole panels of 16.
    d : int
        At most 4096.

    Attributes
    ----------
    scales, lengths, errors : float32 arrays of shape (at least n_rows,)
        The length of a step, and upper bounds of the lengths of the rows, rounded or not, and of what rounding took
        off them.
    """

    cdef readonly object scales, lengths, errors
    cdef int8_t[:, :, :, ::1] panels
    cdef float[::1] scale, length, error
    cdef int32_t[::1] sums
    cdef bovw_rounded rounded

    def __init__(self, Py_ssize_t n_rows, Py_ssize_t d):
        cdef Py_ssize_t n_panels = (n_rows + BOVW_PANEL - 1) // BOVW_PANEL
        if n_rows < 1 or d < 1 or d > BOVW_MOST_COLUMNS:
            raise ValueError(f"there must be room for a row, of 1 to {BOVW_MOST_COLUMNS} numbers")
        self.panels = np.zeros((n_panels, (d + 3) // 4, BOVW_PANEL, 4), np.int8)
        self.scales, self.lengths, self.errors = np.zeros((3, n_panels * BOVW_PANEL), np.float32)
        self.scale, self.length, self.error = self.scales, self.lengths, self.errors
        self.sums = np.zeros(n_panels * BOVW_PANEL, np.int32)
        self.rounded.panels = &self.panels[0, 0, 0, 0]
        self.rounded.sums = &self.sums[0]
        self.rounded.scales = &self.scale[0]
        self.rounded.lengths = &self.length[0]
        self.rounded.errors = &self.error[0]

    def take(self, const float[:, ::1] X):
        """Round the rows of ``X`` onto the first places; returns the largest length."""
        cdef Py_ssize_t n = X.shape[0], d = X.shape[1], groups = self.panels.shape[1]
        cdef float largest
        if n > self.scale.shape[0] or d > 4 * groups:
            raise ValueError("there is no room for so many rows or columns")
        if n == 0 or d == 0:
            return 0.0
        with nogil:
            largest = (bovw_round_rows_512 if fast else bovw_round_rows)(&X[0, 0], n, d, groups, &self.rounded)
        return largest

    def bound_scores(self, RoundedRows words, const float[:, :, ::1] constants, const float[::1] slack,
                     float[:, ::1] upper, float[:, ::1] lanes):
        """Upper bounds of the scores of rows and words, and the largest lower bound of each of 48 lanes of a row.

        Shapes: constants (n_words / 48, 4, 48); slack (m,), for the first m rows; upper (m, n_words); lanes (m, 48),
        word k counting for lane k mod 48.
        """
        cdef Py_ssize_t m = slack.shape[0], n_words = upper.shape[1], groups = self.panels.shape[1]
        if m > self.scale.shape[0] or n_words > words.scale.shape[0] or words.panels.shape[1] != groups \
                or n_words != BOVW_TILE_COLUMNS * constants.shape[0] or constants.shape[1] != 4 \
                or constants.shape[2] != BOVW_TILE_COLUMNS or upper.shape[0] != m or lanes.shape[0] != m \
                or lanes.shape[1] != BOVW_TILE_COLUMNS:
            raise ValueError("the shapes disagree")
        if m == 0 or n_words == 0:
            return
        with nogil:
            bovw_bound_scores(
                &self.rounded, words.rounded.panels, &constants[0, 0, 0], groups, &slack[0], m, n_words,
                &upper[0, 0], &lanes[0, 0], fast)


def nearest_of_bounded(const element[:, ::1] X, const float[:, ::1] words, const float[:, ::1] upper,
                       const float[:, ::1] lanes, int32_t[::1] labels):
    """The nearest word of each row, by distances to the words that can be it; among equally near ones the lowest.

    Shapes: X (m, d), words (K, d), upper (m, at least K), lanes (m, 48), labels (m,).
    """
    cdef Py_ssize_t i, j, n, d = X.shape[1]
    cdef float square
    cdef float *row = <float *>malloc((d + upper.shape[1]) * sizeof(float))
    cdef float *squares = row + d
    cdef int32_t *found = <int32_t *>malloc(upper.shape[1] * sizeof(int32_t))
    if row == NULL or found == NULL:
        free(row)
        free(found)
        raise MemoryError()
    with nogil:
        for i in range(X.shape[0]):
            n = bovw_possible_words(&upper[i, 0], &lanes[i, 0], upper.shape[1], 1, found, fast)
            labels[i] = found[0]
            if n == 1:
                continue
            for j in range(d):
                row[j] = X[i, j]
            labels[i] = bovw_nearest_candidate(row, &words[0, 0], d, found, n, squares, &square)
    free(row)
    free(found)


def neighbors_of_bounded(const float[:, ::1] X, const float[:, ::1] words, const float[:, ::1] upper,
                         const float[:, ::1] lanes, int32_t[:, ::1] indices):
    """The k nearest words of each row, nearest first, ties to the lower: as ``nearest_of_bounded``, in float32.

    Shapes: X (m, d), words (K, d), upper (m, at least K), lanes (m, 48), indices (m, k), k at most 48 and K.
    """
    cdef Py_ssize_t i, t, p, n, last = indices.shape[1] - 1, d = X.shape[1]
    cdef float square
    cdef float *nearest = <float *>malloc(indices.shape[1] * sizeof(float))
    cdef int32_t *found = <int32_t *>malloc(upper.shape[1] * sizeof(int32_t))
    if nearest == NULL or found == NULL:
        free(nearest)
        free(found)
        raise MemoryError()
    with nogil:
        for i in range(X.shape[0]):
            n = bovw_possible_words(&upper[i, 0], &lanes[i, 0], upper.shape[1], last + 1, found, fast)
            for p in range(last + 1):
                nearest[p] = INFINITY
            for t in range(n):
                square = bovw_squared_distance(&X[i, 0], &words[found[t], 0], d)
                if t > last and square >= nearest[last]:
                    continue
                p = min(t, last)
                while p > 0 and nearest[p - 1] > square:
                    nearest[p] = nearest[p - 1]
                    indices[i, p] = indices[i, p - 1]
                    p -= 1
                nearest[p] = square
                indices[i, p] = found[t]
    free(nearest)
    free(found)
