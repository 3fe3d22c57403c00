"""VLFeat's HoG through ctypes, where libvl is installed."""

import ctypes
import ctypes.util

import numpy as np

_VARIANTS = {"dalal-triggs": 0, "uoctti": 1}


def load():
    """The library, or None where it is not installed."""
    name = ctypes.util.find_library("vl")
    if name is None:
        return None
    vl = ctypes.CDLL(name)
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    vl.vl_hog_new.restype = pointer
    vl.vl_hog_new.argtypes = [ctypes.c_int, size, ctypes.c_int]
    vl.vl_hog_delete.argtypes = [pointer]
    vl.vl_hog_set_use_bilinear_orientation_assignments.argtypes = [pointer, ctypes.c_int]
    vl.vl_hog_put_image.argtypes = [pointer, pointer, size, size, size, size]
    vl.vl_hog_extract.argtypes = [pointer, pointer]
    for name in ("vl_hog_get_width", "vl_hog_get_height", "vl_hog_get_dimension"):
        getattr(vl, name).restype = size
        getattr(vl, name).argtypes = [pointer]
    return vl


class VLHog:
    """One VLFeat HoG object; call it with a (height, width[, 3]) image."""

    def __init__(self, vl, variant="uoctti", orientations=9, cell_size=8, bilinear=False):
        self._vl, self._cell_size = vl, cell_size
        self._hog = vl.vl_hog_new(_VARIANTS[variant], orientations, 0)
        vl.vl_hog_set_use_bilinear_orientation_assignments(self._hog, int(bilinear))

    def put(self, planes):
        """Accumulate (channels, height, width) float32 planes."""
        channels, height, width = planes.shape
        self._vl.vl_hog_put_image(self._hog, planes.ctypes.data, width, height, channels, self._cell_size)

    def extract(self):
        """The (rows, cols, d) grid of what was put."""
        vl, hog = self._vl, self._hog
        shape = (vl.vl_hog_get_dimension(hog), vl.vl_hog_get_height(hog), vl.vl_hog_get_width(hog))
        features = np.zeros(shape, np.float32)
        vl.vl_hog_extract(hog, features.ctypes.data)
        return features.transpose(1, 2, 0)

    def __call__(self, image):
        image = np.asarray(image, np.float32)
        planes = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
        self.put(np.ascontiguousarray(planes))
        return self.extract()

    def __del__(self):
        self._vl.vl_hog_delete(self._hog)
