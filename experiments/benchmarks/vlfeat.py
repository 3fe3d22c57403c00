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


class HOG:
    """``vl_hog``.

    Calling it with (channels, height, width) float32 planes gives the (rows, cols, d) grid, a view that the
    next call overwrites.
    """

    def __init__(self, *, variant="uoctti", orientations=9, cell_size=8, bilinear_orientations=False):
        self._lib = lib = load()
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        lib.vl_hog_new.restype = pointer
        lib.vl_hog_put_image.argtypes = [pointer, pointer, size, size, size, size]
        lib.vl_hog_extract.argtypes = [pointer, pointer]
        lib.vl_hog_set_use_bilinear_orientation_assignments.argtypes = [pointer, ctypes.c_int]
        for name in ("vl_hog_get_dimension", "vl_hog_get_height", "vl_hog_get_width"):
            getattr(lib, name).restype = size
            getattr(lib, name).argtypes = [pointer]
        lib.vl_hog_delete.argtypes = [pointer]
        self._grid = None
        self._cell_size = cell_size
        self._hog = lib.vl_hog_new(("dalal-triggs", "uoctti").index(variant), ctypes.c_size_t(orientations), 0)
        lib.vl_hog_set_use_bilinear_orientation_assignments(self._hog, int(bilinear_orientations))

    def __call__(self, planes):
        lib, hog = self._lib, self._hog
        channels, height, width = planes.shape
        lib.vl_hog_put_image(hog, planes.ctypes.data, width, height, channels, self._cell_size)
        shape = tuple(getattr(lib, f"vl_hog_get_{side}")(hog) for side in ("dimension", "height", "width"))
        if self._grid is None or self._grid.shape != shape:
            self._grid = np.empty(shape, np.float32)
        lib.vl_hog_extract(hog, self._grid.ctypes.data)
        return self._grid.transpose(1, 2, 0)

    def __del__(self):
        if self._lib is not None:
            self._lib.vl_hog_delete(self._hog)


class LBP:
    """``vl_lbp``.

    Calling it with a (height, width) float32 image gives the (rows, columns, 58) histograms, a view that the
    next call overwrites.
    """

    def __init__(self, *, cell_size=8):
        self._lib = lib = load()
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        lib.vl_lbp_new.restype = pointer
        lib.vl_lbp_process.argtypes = [pointer, pointer, pointer, size, size, size]
        lib.vl_lbp_delete.argtypes = [pointer]
        self._grid = None
        self._cell_size = cell_size
        self._lbp = lib.vl_lbp_new(0, 0)

    def __call__(self, image):
        height, width = image.shape
        shape = (58, height // self._cell_size, width // self._cell_size)
        if self._grid is None or self._grid.shape != shape:
            self._grid = np.empty(shape, np.float32)
        grid = self._grid
        grid.fill(0)
        self._lib.vl_lbp_process(self._lbp, grid.ctypes.data, image.ctypes.data, width, height, self._cell_size)
        return grid.transpose(1, 2, 0)

    def __del__(self):
        if self._lib is not None:
            self._lib.vl_lbp_delete(self._lbp)


class SVM:
    """``vl_svm`` with the SDCA solver on a (n, d) float32 array.

    Calling it with (n,) labels +1 and -1 trains; the result is the weights and the bias,
    both float64.
    """

    def __init__(self, X, *, C, loss, epsilon=1e-3):
        self._lib = lib = load()
        pointer, size, real = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_double
        for name, result, arguments in (
            ("vl_svmdataset_new", pointer, [ctypes.c_uint32, pointer, size, size]),
            ("vl_svmdataset_delete", None, [pointer]),
            ("vl_svm_new_with_dataset", pointer, [ctypes.c_int, pointer, pointer, real]),
            ("vl_svm_set_loss", None, [pointer, ctypes.c_int]),
            ("vl_svm_set_epsilon", None, [pointer, real]),
            ("vl_svm_set_bias_multiplier", None, [pointer, real]),
            ("vl_svm_train", None, [pointer]),
            ("vl_svm_get_model", ctypes.POINTER(real), [pointer]),
            ("vl_svm_get_bias", real, [pointer]),
            ("vl_svm_delete", None, [pointer]),
        ):
            getattr(lib, name).restype, getattr(lib, name).argtypes = result, arguments
        float_type, self._sdca = 1, 2
        self._X, self._regularization, self._epsilon = X, 1 / (len(X) * C), epsilon
        self._loss = ("hinge", "squared_hinge").index(loss)
        self._data = lib.vl_svmdataset_new(float_type, X.ctypes.data, X.shape[1], len(X))

    def __call__(self, signs):
        lib, labels = self._lib, np.ascontiguousarray(signs, np.float64)
        machine = lib.vl_svm_new_with_dataset(self._sdca, self._data, labels.ctypes.data, self._regularization)
        lib.vl_svm_set_loss(machine, self._loss)
        lib.vl_svm_set_epsilon(machine, self._epsilon)
        lib.vl_svm_set_bias_multiplier(machine, 1.0)
        lib.vl_svm_train(machine)
        weights = np.ctypeslib.as_array(lib.vl_svm_get_model(machine), (self._X.shape[1],)).copy()
        bias = lib.vl_svm_get_bias(machine)
        lib.vl_svm_delete(machine)
        return weights, bias

    def __del__(self):
        if self._lib is not None:
            self._lib.vl_svmdataset_delete(self._data)
