"""The k nearest words of each descriptor, from a block of scores."""

from libc.stdint cimport int32_t


cdef extern from "bovw_top_k.h":
    void bovw_top_k(float *scores, const float *bias, int n, int k, float *best, int *index) noexcept nogil


def top_words(float[:, ::1] scores, const float[::1] bias, float[:, ::1] best, int32_t[:, ::1] indices):
    """For each row the words with the largest ``scores - bias``, best first, ties to the lower index.

    ``scores`` is overwritten. Returns False if some row had fewer finite scores than places.
    """
    cdef Py_ssize_t i, n = scores.shape[0]
    cdef int n_words = <int>scores.shape[1], k = <int>indices.shape[1]
    cdef bint complete = True
    with nogil:
        for i in range(n):
            bovw_top_k(&scores[i, 0], &bias[0], n_words, k, &best[i, 0], <int *>&indices[i, 0])
            complete = complete and indices[i, k - 1] >= 0
    return complete


def word_distances(
    const float[:, ::1] descriptors, const float[:, ::1] words, const int32_t[:, ::1] indices,
    float[:, ::1] out,
):
    """Squared Euclidean distances from each descriptor to the words listed for it."""
    cdef Py_ssize_t i, j, t, word, d = descriptors.shape[1]
    cdef double total, difference
    with nogil:
        for i in range(descriptors.shape[0]):
            for j in range(indices.shape[1]):
                word = indices[i, j]
                total = 0.0
                for t in range(d):
                    difference = descriptors[i, t] - words[word, t]
                    total += difference * difference
                out[i, j] = <float>total
