"""What the processor at hand can run."""

cdef extern from "bovw_cpu.h":
    int bovw_cpu_has_avx2() nogil
    int bovw_cpu_has_vnni() nogil


def has_avx2():
    """True where AVX2 code runs on this processor and operating system."""
    return bovw_cpu_has_avx2() != 0


def has_vnni():
    """True where kernels compiled for AVX-512 VNNI run, which multiplies 8-bit integers four at a time."""
    return bovw_cpu_has_vnni() != 0
