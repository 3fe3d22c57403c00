"""The few functions of libvlfeat that bovw is compared with, through ctypes.

Debian and Ubuntu have the library as ``libvlfeat1``. It is a peer for tests and
benchmarks only; nothing of bovw needs it.
"""

import ctypes
import ctypes.util
from functools import lru_cache

import numpy as np

_FLOATS = ctypes.POINTER(ctypes.c_float)


@lru_cache(maxsize=1)
def load():
    """The library, or None where it is not installed."""
    for name in (ctypes.util.find_library("vl"), "libvl.so.1", "libvl.so"):
        if name:
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
    return None


class _DenseSIFTFilter(ctypes.Structure):
    """The public struct of vl/dsift.h, as far as it is read or set here."""

    _fields_ = [
        *((name, ctypes.c_int) for name in (
            "width", "height", "step_x", "step_y", "min_x", "min_y", "max_x", "max_y",
            "bins_t", "bins_x", "bins_y", "bin_size_x", "bin_size_y", "use_flat_window",
        )),
        ("window_size", ctypes.c_double),
        ("n_frames", ctypes.c_int),
        ("descriptor_size", ctypes.c_int),
        ("frames", ctypes.c_void_p),
        ("descriptors", _FLOATS),
    ]


class DenseSIFT:
    """``vl_dsift`` on images of one size.

    Calling it with a (height, width) float32 array gives a view of (n, 128) float32
    that the next call overwrites.
    """

    def __init__(self, width, height, *, step, bin_size, window="flat", window_size=2.0):
        self._lib = load()
        self._lib.vl_dsift_new_basic.restype = ctypes.POINTER(_DenseSIFTFilter)
        self._lib.vl_dsift_process.argtypes = [ctypes.POINTER(_DenseSIFTFilter), _FLOATS]
        self._filter = self._lib.vl_dsift_new_basic(width, height, step, bin_size)
        self._filter.contents.use_flat_window = int(window == "flat")
        self._filter.contents.window_size = window_size

    def __call__(self, image):
        self._lib.vl_dsift_process(self._filter, image.ctypes.data_as(_FLOATS))
        return np.ctypeslib.as_array(self._filter.contents.descriptors, (self._filter.contents.n_frames, 128))

    def __del__(self):
        if self._lib is not None:
            self._lib.vl_dsift_delete(self._filter)
