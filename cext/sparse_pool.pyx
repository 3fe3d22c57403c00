"""Sum and maximum of sparse codes, without ever building the dense ones."""

from libc.stdint cimport int32_t


def add_codes(
    const int32_t[:, ::1] indices, const float[:, ::1] weights, Py_ssize_t start, Py_ssize_t stop,
    double[::1] total,
):
    """Add the codes of rows start:stop to ``total``, one entry a word."""
    cdef Py_ssize_t i, j
    with nogil:
        for i in range(start, stop):
            for j in range(indices.shape[1]):
                total[indices[i, j]] += weights[i, j]


def max_codes(
    const int32_t[:, ::1] indices, const float[:, ::1] weights, Py_ssize_t start, Py_ssize_t stop,
    float[::1] maximum, int32_t[::1] used,
):
    """Raise ``maximum`` by the explicit entries of rows start:stop and count them a word in ``used``.

    The words of one row must differ, so that ``used[k]`` counts descriptors.
    """
    cdef Py_ssize_t i, j, word
    with nogil:
        for i in range(start, stop):
            for j in range(indices.shape[1]):
                word = indices[i, j]
                if weights[i, j] > maximum[word]:
                    maximum[word] = weights[i, j]
                used[word] += 1


def fill_codes(int32_t[:, ::1] indices, float[:, ::1] weights, const int32_t[::1] counts):
    """Give row i, of which ``counts[i]`` entries are set, words that it does not use, with weight 0.

    No word beyond the number of columns is taken, which must be at most the number of words.
    """
    cdef Py_ssize_t i, j, t
    cdef int32_t word
    with nogil:
        for i in range(indices.shape[0]):
            word = 0
            for j in range(counts[i], indices.shape[1]):
                t = 0
                while t < counts[i]:
                    if indices[i, t] == word:
                        word += 1
                        t = 0
                    else:
                        t += 1
                indices[i, j] = word
                weights[i, j] = 0
                word += 1
