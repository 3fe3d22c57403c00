"""Resizing with the aspect ratio kept.

The scale s is the smallest that the given limits ask for. Sides become
floor(s * side + 1/2), at least 1, as ImageMagick rounds; under a limit on pixels
they are rounded down where rounding to nearest would exceed it. Shrinking
averages over areas (every input pixel counts by the area of it that an output
pixel covers), enlarging is bilinear.
"""

import math

import numpy as np

from .._parameters import Boolean, Integer, Kind, Optional, Series
from .._validation import suggestion
from ..errors import ParameterError
from .opencv import cv2

#: what an image can be resized by
LIMITS = {
    "max_side": Optional(Integer(1)),
    "max_height": Optional(Integer(1)),
    "max_pixels": Optional(Integer(1)),
    "fit": Optional(Series(Integer(1), length=2)),
    "upscale": Boolean(),
}


def resize_image(image, *, max_side=None, max_height=None, max_pixels=None, fit=None, upscale=False):
    """Shrink an image until it keeps every limit given.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, channels)
        uint8, uint16, float32 or float64.
    max_side : int >= 1 or None, default None
        Limit on the longer side, in pixels.
    max_height : int >= 1 or None, default None
        Limit on the height, in pixels.
    max_pixels : int >= 1 or None, default None
        Limit on width x height.
    fit : sequence of 2 int >= 1 or None, default None
        (width, height) of the box into which the image must fit, in pixels.
    upscale : bool, default False
        Whether an image below all limits is enlarged until it meets one.

    Returns
    -------
    array of the same dtype and number of channels
        ``image`` itself if its size does not change.

    Raises
    ------
    ParameterError
        If a limit is not a positive integer or the array is not an image.

    Examples
    --------
    >>> resize_image(np.zeros((375, 500), np.uint8), max_side=300).shape
    (225, 300)
    """
    limits = {
        "max_side": max_side, "max_height": max_height, "max_pixels": max_pixels, "fit": fit, "upscale": upscale,
    }
    for name, value in limits.items():
        LIMITS[name].check(name, value)
    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.size == 0:
        raise ParameterError(f"image has shape {image.shape}; (height, width[, channels]) is needed")
    if image.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise ParameterError(f"image has dtype {image.dtype}; uint8, uint16, float32 or float64 is needed")
    height, width = image.shape[:2]
    new_width, new_height = _new_size(width, height, max_side, max_height, max_pixels, fit, upscale)
    if (new_width, new_height) == (width, height):
        return image
    enlarges = new_width > width or new_height > height
    resized = cv2.resize(
        image, (new_width, new_height), interpolation=cv2.INTER_LINEAR if enlarges else cv2.INTER_AREA
    )
    return resized.reshape(new_height, new_width, *image.shape[2:])  # OpenCV drops a single channel


class ResizeLimits(Kind):
    """The keyword arguments of :func:`resize_image` in a dict."""

    def check(self, name, value):
        if not isinstance(value, dict):
            raise ParameterError(f"{name}={value!r} must be a dict, such as {{'max_side': 480}}")
        for key, limit in value.items():
            if key not in LIMITS:
                raise ParameterError(
                    f"{name}={value!r} has the key {key!r}; it may have {', '.join(LIMITS)}{suggestion(key, LIMITS)}"
                )
            LIMITS[key].check(f"{name}.{key}", limit)
        return dict(value)

    def __str__(self):
        return "dict"


def _new_size(width, height, max_side, max_height, max_pixels, fit, upscale):
    scales = []
    if max_side is not None:
        scales.append(max_side / max(width, height))
    if max_height is not None:
        scales.append(max_height / height)
    if max_pixels is not None:
        scales.append(math.sqrt(max_pixels / (width * height)))
    if fit is not None:
        scales += [fit[0] / width, fit[1] / height]
    scale = min(scales, default=1.0)
    if scale >= 1 and not upscale:
        return width, height
    new_width, new_height = (max(1, math.floor(scale * side + 0.5)) for side in (width, height))
    if max_pixels is not None and new_width * new_height > max_pixels:
        new_width, new_height = (max(1, math.floor(scale * side)) for side in (width, height))
        if new_width * new_height > max_pixels:  # one side is a single pixel
            new_width, new_height = min(new_width, max_pixels), min(new_height, max_pixels)
    return new_width, new_height
