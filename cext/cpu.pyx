"""What the processor at hand can run."""

cdef extern from "bovw_cpu.h":
    int bovw_cpu_has_avx2() nogil


def has_avx2():
    """True where AVX2 code runs on this processor and operating system."""
    return bovw_cpu_has_avx2() != 0
