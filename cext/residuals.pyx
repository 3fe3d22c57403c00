"""Sums of the differences between descriptors and their words."""

from libc.stdint cimport int32_t


def add_residuals(
    const float[:, ::1] descriptors, const float[:, ::1] words, const int32_t[::1] labels, Py_ssize_t start,
    Py_ssize_t stop, float[::1] counts, float[:, ::1] residuals,
):
    """Add the rows start:stop to the count and the residual sum of their words.

    Shapes: descriptors (n, d), words and residuals (K, d), labels (n,), counts (K,).
    """
    cdef Py_ssize_t i, t, word, d = words.shape[1]
    with nogil:
        for i in range(start, stop):
            word = labels[i]
            counts[word] += 1
            for t in range(d):
                residuals[word, t] += descriptors[i, t] - words[word, t]
