"""The EXIF orientation tag: found without a full EXIF parser, applied to arrays.

Value v of tag 0x0112 says where row 0 and column 0 of the stored raster lie in
the scene (Exif 2.3, section 4.6.4): 1 top left (nothing to do), 2 top right, 3
bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom, 8 left
bottom. From 5 on width and height change places.
"""

import struct

import numpy as np

_ORIENTATION_TAG = 0x0112
_SHORT = 3


def exif_orientation(exif):
    """The orientation, 1 to 8, that an EXIF block states; 1 if it states none or is damaged."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (n_entries,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * n_entries, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _ORIENTATION_TAG:
                return value if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def swaps_sides(orientation):
    """True if width and height change places."""
    return orientation >= 5


def apply_orientation(image, orientation):
    """Turn a stored raster (height, width[, channels]) upright; C-contiguous."""
    if orientation == 1:
        return image
    if swaps_sides(orientation):
        image = image.swapaxes(0, 1)
    flip_rows = orientation in (3, 4, 7, 8)
    flip_columns = orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(image[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1])
