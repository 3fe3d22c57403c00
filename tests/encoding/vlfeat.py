"""VLFeat's encoders by ctypes, as an outside oracle; None where the library is not installed."""

import ctypes
import ctypes.util

import numpy as np

_FLOAT, _IMPROVED, _UNNORMALIZED = 1, 3, 4


def _library():
    name = ctypes.util.find_library("vl")
    try:
        return ctypes.CDLL(name) if name else None
    except OSError:
        return None


library = _library()


def _pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def fisher_vector(X, weights, means, variances, improved=False):
    arrays = [np.ascontiguousarray(a, np.float32) for a in (means, variances, weights, X)]
    K, d = arrays[0].shape
    code = np.zeros(2 * K * d, np.float32)
    size = ctypes.c_size_t
    library.vl_fisher_encode(
        _pointer(code), ctypes.c_uint32(_FLOAT), _pointer(arrays[0]), size(d), size(K), _pointer(arrays[1]),
        _pointer(arrays[2]), _pointer(arrays[3]), size(len(arrays[3])),
        ctypes.c_int(_IMPROVED if improved else 0),
    )
    return code


def vlad(X, words, assignments, flags=_UNNORMALIZED):
    arrays = [np.ascontiguousarray(a, np.float32) for a in (words, X, assignments)]
    K, d = arrays[0].shape
    code = np.zeros(K * d, np.float32)
    size = ctypes.c_size_t
    library.vl_vlad_encode(
        _pointer(code), ctypes.c_uint32(_FLOAT), _pointer(arrays[0]), size(d), size(K), _pointer(arrays[1]),
        size(len(arrays[1])), _pointer(arrays[2]), ctypes.c_int(flags),
    )
    return code
