"""Conversions between kinds of pixels: depth, alpha, gray and color.

Gray is Rec. 601 luma, 0.299 R + 0.587 G + 0.114 B. On 8-bit pixels it is
``(19595 R + 38470 G + 7471 B + 32768) >> 16`` (Pillow's ``convert("L")``), the
same on every platform; OpenCV's own conversion differs from version to version.
"""

import warnings

import numpy as np
from PIL import Image

from .._validation import all_finite
from ..errors import ImageScaleWarning, ParameterError

_LUMA = (0.299, 0.587, 0.114)
_HANDFUL = 16  # of so few pixels the scale cannot be told


def to_8_bits(image, maximum=65535):
    """Unsigned integers in [0, maximum] scaled to uint8, rounded to nearest: v / 257 for 16 bits."""
    return ((image.astype(np.uint32) * 255 + maximum // 2) // maximum).astype(np.uint8)


def over_white(image):
    """A Pillow image with alpha or a transparent color, laid over white: a Pillow RGB image."""
    if image.mode == "La":
        image = image.convert("LA")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def convert_array(image, mode):
    """An array in any of the accepted forms as gray (height, width) or RGB (height, width, 3).

    The rules are those of :func:`bovw.images.load_image`.
    """
    image = _check_array(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim == 3 and image.shape[2] == 4:
        if image.dtype != np.uint8:
            raise ParameterError(f"image of dtype {image.dtype} has alpha; lay it over a background first")
        image = np.array(over_white(Image.fromarray(image)))
    if mode == "rgb" and image.ndim == 2:
        return np.repeat(image[:, :, None], 3, axis=2)
    if mode == "gray" and image.ndim == 3:
        if image.dtype == np.uint8:
            return np.array(Image.fromarray(image).convert("L"))
        return image @ np.array(_LUMA, image.dtype)
    return image


def _check_array(image):
    if image is None:
        raise ParameterError("image is None, as a skipped image of an ImageCollection; leave it out")
    if isinstance(image, Image.Image):
        raise ParameterError("image is a Pillow image; pass numpy.asarray(image.convert('RGB'))")
    image = np.asarray(image)
    if not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3, 4))):
        raise ParameterError(
            f"image has shape {image.shape}; (height, width) or (height, width, 3 or 4 channels) is needed"
        )
    if image.size == 0:
        raise ParameterError(f"image has shape {image.shape}; each side needs at least 1 pixel")
    if not image.dtype.isnative:
        image = image.astype(image.dtype.newbyteorder("="))
    if image.dtype == np.uint16:
        return to_8_bits(image)
    if image.dtype == np.bool_:
        return image.astype(np.uint8) * np.uint8(255)
    if image.dtype != np.uint8 and image.dtype.kind != "f":
        raise ParameterError(f"image has dtype {image.dtype}; uint8, uint16, bool or float (0-255) is needed")
    if image.dtype == np.float16:  # too few digits for a weighted sum
        image = image.astype(np.float32)
    if not all_finite(image):
        raise ParameterError("image holds NaN or infinity; replace them first")
    warn_of_unit_scale(image)
    return image


def warn_of_unit_scale(image):
    """Warn if the values of a float image lie in [0, 1], as scikit-image has them, and are not all zero."""
    if image.dtype.kind == "f" and image.size > _HANDFUL and 0 < image.max() <= 1 and image.min() >= 0:
        warnings.warn(
            "the values of a float image lie in [0, 1], but bovw's scale is 0-255: multiply by 255, or use "
            "skimage.util.img_as_ubyte",
            ImageScaleWarning,
        )
