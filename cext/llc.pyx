"""Approximate LLC: the weights of each descriptor over its nearest words."""

from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free


cdef extern from "bovw_llc.h":
    void bovw_gram(const float *z, int k, int stride, double *gram) noexcept nogil
    void bovw_solve_llc(double *gram, int k, double beta, double *w, float *out) noexcept nogil


def llc_weights(
    const float[:, ::1] descriptors, const float[:, ::1] words, const int32_t[:, ::1] indices, double beta,
    float[:, ::1] weights,
):
    """Weights that rebuild each descriptor from the words listed for it; they sum to 1."""
    cdef Py_ssize_t i, j, t, word, d = descriptors.shape[1]
    cdef int k = <int>indices.shape[1], stride = <int>((d + 7) // 8 * 8)
    cdef float *z = <float *>calloc(k * stride, sizeof(float))  # the padding stays zero
    cdef double *gram = <double *>calloc(k * k + k, sizeof(double))
    cdef float *row
    if z == NULL or gram == NULL:
        free(z)
        free(gram)
        raise MemoryError()
    with nogil:
        for i in range(descriptors.shape[0]):
            for j in range(k):
                word = indices[i, j]
                row = z + j * stride
                for t in range(d):
                    row[t] = words[word, t] - descriptors[i, t]
            bovw_gram(z, k, stride, gram)
            bovw_solve_llc(gram, k, beta, gram + k * k, &weights[i, 0])
    free(z)
    free(gram)
