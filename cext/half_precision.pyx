"""Half precision to single precision, for finite numbers."""

from libc.stdint cimport uint16_t

cdef extern from "bovw_half.h":
    void bovw_half_to_float(const uint16_t *halves, Py_ssize_t n, float *out) noexcept nogil


def to_float(const uint16_t[:, ::1] halves, float[:, ::1] out):
    """``out`` (m, d): the numbers whose half-precision bits are ``halves`` (m, d); none is infinite or NaN."""
    if out.shape[0] == 0 or out.shape[1] == 0:
        return
    with nogil:
        bovw_half_to_float(&halves[0, 0], out.shape[0] * out.shape[1], &out[0, 0])
