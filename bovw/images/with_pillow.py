"""What Pillow decodes: everything but plain JPEG.

Pillow refuses files that end before their last pixel, as long as its global
``LOAD_TRUNCATED_IMAGES`` is left alone.
"""

import numpy as np
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.SunImagePlugin import SunImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from .opencv import cv2
from .orientation import exif_orientation
from .pixels import over_white, to_8_bits
from .source import decode_error

# The classes rather than Image.open: the size is ours to judge before Pillow's own limit ends the matter
_PILLOW = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "WEBP": WebPImageFile,
    "TIFF": TiffImageFile,
    "SUN": SunImageFile,
}
_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")
_PLAIN_MODES = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr")

_NO_AGREED_RANGE = "no agreed black and white; convert the file to 8 or 16-bit gray or RGB"

_PNG_DEPTH = 24  # offset of the byte in the file
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_ORIENTATION = 256, 257, 258, 262, 274
_TIFF_SAMPLE_FORMAT = 339
_WHITE_IS_ZERO, _UNSIGNED = 0, 1
_UNDO_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def open_image(image_format, file, name):
    """The header of ``file`` as a Pillow image whose pixels are not decoded yet."""
    try:
        return _PILLOW[image_format](file)
    except MemoryError:
        raise
    except Exception as error:  # on damaged files the plugins raise nearly everything
        raise _damaged(image_format, error, name) from error


def stored_size(image):
    """(width, height) before orientation is applied."""
    if image.format == "TIFF":
        return int(image.tag_v2[_TIFF_WIDTH]), int(image.tag_v2[_TIFF_HEIGHT])
    return image.size


def stored_orientation(image):
    """EXIF orientation, 1 to 8; to be asked before the pixels are decoded."""
    if image.format == "TIFF":
        value = image.tag_v2.get(_TIFF_ORIENTATION, 1)
        return value if value in range(1, 9) else 1
    exif = image.info.get("exif", b"")
    return exif_orientation(exif) if isinstance(exif, bytes) else 1


def decode_image(image, data, mode, name):
    """Decode the whole of an opened image, as stored, to uint8.

    Parameters
    ----------
    image : Pillow image
        From :func:`open_image`.
    data : bytes
        The file.
    mode : {"rgb", "gray"}
    name : str

    Returns
    -------
    array of shape (height, width, 3) or (height, width), uint8
    """
    size, orientation, depth = stored_size(image), stored_orientation(image), _depth(image, data)
    _load(image, name)
    if depth > 8:
        image = _reduce_depth(image, data, size, orientation, depth, name)
    elif image.format == "TIFF":
        image = _as_stored(image, orientation)
    return _to_array(image, mode, name)


def _load(image, name):
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise decode_error(
            name, "PIL.ImageFile.LOAD_TRUNCATED_IMAGES is set, which lets cut files pass; set it to False"
        )
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(image.format, error, name) from error


def _damaged(image_format, error, name):
    text = str(error).strip() or type(error).__name__
    return decode_error(name, f"a damaged or truncated {image_format} ({text}); copy or download it again")


def _depth(image, data):
    if image.format == "PNG":
        return data[_PNG_DEPTH]
    if image.format == "TIFF":
        return max(image.tag_v2.get(_TIFF_BITS, (1,)))
    return 8


def _as_stored(image, orientation):
    """Undo the orientation, which Pillow applies to TIFF by itself, and to TIFF alone."""
    return image if orientation == 1 else image.transpose(_UNDO_ORIENTATION[orientation])


def _reduce_depth(image, data, size, orientation, depth, name):
    """The 8-bit version, as stored, of a decoded Pillow image with more than 8 bits a sample."""
    tags = getattr(image, "tag_v2", {})
    if depth > 16 or image.mode == "CMYK" or set(tags.get(_TIFF_SAMPLE_FORMAT, (_UNSIGNED,))) != {_UNSIGNED}:
        raise decode_error(name, f"pixels of mode {image.mode} with {depth} bits have {_NO_AGREED_RANGE}")
    maximum = 2**depth - 1
    if image.mode.startswith("I"):
        gray = to_8_bits(np.asarray(image), maximum)
        gray = 255 - gray if tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO else gray
        return _as_stored(Image.fromarray(gray), orientation)
    if orientation != 1 and image.format == "TIFF":
        # whether OpenCV applies it here depends on its version
        raise decode_error(name, "a 16-bit color TIFF with an orientation is not read; save it upright")
    # OpenCV allocates what a PNG chunk announces, up to 4 GB, before it reads the chunk
    sound = image.format != "PNG" or _ends_with_its_chunks(data)
    color = _decode_deep_color(data, size) if sound and "transparency" not in image.info else None
    if color is None:
        raise decode_error(name, f"a {image.format} of this 16-bit kind is not read; save it with 8 bits")
    return Image.fromarray(to_8_bits(color, maximum))


def _ends_with_its_chunks(data):
    """Whether the chunks of a PNG lead, length by length, to IEND inside the file."""
    position = 8
    while position < len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"IEND":
            return end <= len(data)
        position = end
    return False


def _decode_deep_color(data, size):
    """RGB or RGBA uint16 pixels; for files that Pillow has loaded, which keeps the high bytes alone."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if image is None or image.dtype != np.uint16 or image.shape[1::-1] != size or image.ndim != 3:
        return None
    to_rgb = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}.get(image.shape[2])
    return None if to_rgb is None else cv2.cvtColor(image, to_rgb)


def _to_array(image, mode, name):
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        image = over_white(image)
    elif image.mode not in _PLAIN_MODES:
        raise decode_error(name, f"pixels of mode {image.mode} have {_NO_AGREED_RANGE}")
    return np.array(image.convert("L" if mode == "gray" else "RGB"))
