"""Image files in, uint8 arrays out: the decode policy.

A file is either decoded completely or refused with an
:class:`~bovw.errors.ImageDecodeError` that names it, says what is wrong and what
to do. The policy is that of the loaders with which ImageNet is read today
(Pillow, libjpeg-turbo), stated in full:

Type
    By magic bytes, never by extension. JPEG, PNG, BMP, GIF, WebP, TIFF and Sun
    raster (Outex textures) are read; of several frames or pages the first.
Size
    Read from the header before any pixel is decoded. More than ``max_pixels``
    (64 million) is refused: a PNG of 100 kB can unfold to gigabytes.
Completeness
    A file cut anywhere before its last pixel is refused: for JPEG see
    :mod:`bovw.images.jpeg`; the other formats are decoded by Pillow, which is
    strict. Bytes after the end of the image do not matter. A changed bit is
    found where the format has checksums (PNG, deflate inside TIFF) or where it
    breaks the structure; elsewhere it yields other pixels, as in every decoder.
EXIF orientation
    Applied, because a photograph from a phone is otherwise seen lying on its
    side. ``orient=False`` gives the raster as stored: use it with ImageNet's
    bounding boxes, which were drawn on stored rasters.
Gray
    ``mode="gray"`` is Rec. 601 luma. Of a JPEG it is the luma that the file
    stores, which saves decoding the color. Gray computed from the decoded RGB
    is nearly the same: on ImageNet photographs 0.015 levels apart on average,
    more than 1 level in 0.25 % of pixels, and tens of levels in single, strongly
    saturated pixels whose color lies outside RGB and is clipped. The
    other formats are decoded to RGB and converted with integer weights. A gray
    file in ``mode="rgb"`` has three equal channels.
CMYK, YCCK
    Converted by Pillow: R = (255 - C)(255 - K) / 255, Adobe's inverted values
    turned back. A few ImageNet files are such.
Color profiles, gamma
    Ignored: values are taken as sRGB, as everyone does.
Palette
    Looked up. 1-bit images become 0 and 255.
Alpha, transparent color
    Laid over white, the paper on which such images are mostly seen. What lies
    in transparent pixels is arbitrary, so alpha is never just dropped.
More than 8 bits
    Unsigned integers are scaled by 255 / (2**bits - 1) and rounded: 16-bit
    values are divided by 257.
Float, signed or 32-bit TIFF, Lab, 16-bit CMYK
    Refused: their black and white points are not agreed upon. Convert them
    first, or pass an array to :func:`load_image`. Refused as well, because
    OpenCV's versions disagree on it: 16-bit color TIFF with an orientation.

The plain case, a gray or three-component JPEG, is decoded by OpenCV at little
more than the cost of ``cv2.imdecode``. Its orientation handling and its own
gray conversion are not used, since they differ between versions.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from .._validation import check_bool, check_choice, check_int
from .jpeg import check_last_scan, complete_jpeg, decode_jpeg, read_jpeg_header
from .orientation import apply_orientation, swaps_sides
from .pixels import convert_array
from .source import ImageLike, decode_error, is_source, opened, read_head, read_part, source_name
from .with_pillow import decode_image, open_image, stored_orientation, stored_size

MAX_PIXELS = 64_000_000

@dataclass(frozen=True)
class ImageInfo:
    """What the header of an image file says.

    Attributes
    ----------
    format : {"JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "SUN"}
    width, height : int
        In pixels, of the image as :func:`read_image` returns it.
    mode : str
        How the pixels are stored, in Pillow's words: "L", "RGB", "CMYK", "P", ...
    """

    format: str
    width: int
    height: int
    mode: str


def probe_image(source: ImageLike, *, orient: bool = True) -> ImageInfo:
    """Format, size and mode of an image, from its header alone.

    Parameters
    ----------
    source : path, bytes, binary file, or object with ``open()`` and ``name``
        A seekable open file is put back where it was.
    orient : bool, default True
        Whether width and height are those after EXIF orientation.

    Returns
    -------
    ImageInfo

    Raises
    ------
    ImageDecodeError
        If the source is missing, is no image, or its header is damaged. The
        pixels are not looked at: :func:`read_image` may still refuse them.
    """
    check_bool("orient", orient)
    name = source_name(source)
    with opened(source) as file:
        if not file.seekable():
            file = io.BytesIO(read_part(file, name))
        start = file.tell()
        _, image_format = read_head(file, name)
        file.seek(start)
        if image_format == "JPEG":
            header = read_jpeg_header(file, name)
            width, height, orientation = header.width, header.height, header.orientation
            mode = {1: "L", 3: "RGB", 4: "CMYK"}[header.n_components]
        else:
            image = open_image(image_format, file, name)
            (width, height), orientation, mode = stored_size(image), stored_orientation(image), image.mode
        file.seek(start)
    if orient and swaps_sides(orientation):
        width, height = height, width
    return ImageInfo(image_format, width, height, mode)


def read_image(
    source: ImageLike, mode: str = "rgb", *, max_pixels: int | None = MAX_PIXELS, orient: bool = True
) -> np.ndarray:
    """Decode one image completely, or raise.

    Parameters
    ----------
    source : path, bytes, binary file, or object with ``open()`` and ``name``
        An open file is read from where it stands to its end. ``open()`` must
        give a binary file; ``name`` is used in messages.
    mode : {"rgb", "gray"}, default "rgb"
    max_pixels : int or None, default 64_000_000
        The largest width x height that is decoded; None for no limit but that of
        the decoders.
    orient : bool, default True
        Whether EXIF orientation is applied.

    Returns
    -------
    array of shape (height, width, 3) or (height, width), uint8, C-contiguous
        RGB, or gray for ``mode="gray"``. How each kind of file is converted is
        said at the head of :mod:`bovw.images.decode`.

    Raises
    ------
    ImageDecodeError
        If the source is missing, empty, no image, damaged, truncated, too large,
        or of a kind that is not read.

    Examples
    --------
    >>> image = bovw.read_image("n01440764_18.JPEG")          # doctest: +SKIP
    >>> gray = bovw.read_image("photo.png", mode="gray")      # doctest: +SKIP
    """
    check_choice("mode", mode, ("rgb", "gray"))
    check_bool("orient", orient)
    if max_pixels is not None:
        max_pixels = check_int("max_pixels", max_pixels, minimum=1)
    name = source_name(source)
    with opened(source) as file:
        head, image_format = read_head(file, name)
        data = head + read_part(file, name)
    if image_format == "JPEG":
        header = read_jpeg_header(io.BytesIO(data), name)
        _check_size("JPEG", (header.width, header.height), max_pixels, name)
        orientation = header.orientation
        image = _decode_jpeg(complete_jpeg(data, header, name), header, mode, name)
    else:
        opened_image = open_image(image_format, io.BytesIO(data), name)
        _check_size(image_format, stored_size(opened_image), max_pixels, name)
        orientation = stored_orientation(opened_image)
        image = decode_image(opened_image, data, mode, name)
    return apply_orientation(image, orientation) if orient else image


def load_image(
    item: ImageLike, mode: str = "rgb", *, max_pixels: int | None = MAX_PIXELS, orient: bool = True
) -> np.ndarray:
    """A file or an array as an array of the wanted mode.

    Parameters
    ----------
    item : path, bytes, binary file, object with ``open()`` and ``name``, or array
        Arrays are (height, width), (height, width, 1), (height, width, 3) RGB or
        (height, width, 4) RGBA.
    mode : {"rgb", "gray"}, default "rgb"
    max_pixels, orient
        As in :func:`read_image`, for anything but arrays.

    Returns
    -------
    array of shape (height, width, 3) or (height, width)
        uint8 from files and from uint8, uint16 (divided by 257, rounded) and
        bool (0 and 255) arrays. Float arrays keep their dtype and their values,
        which are taken to be on the 0-255 scale. An array that is already of the
        wanted kind is returned as it is, not copied.

    Raises
    ------
    ImageDecodeError
        As :func:`read_image`.
    ParameterError
        If an array has another shape or dtype, or holds NaN or infinity.

    Warns
    -----
    ImageScaleWarning
        If all values of a float array lie in [0, 1], scikit-image's scale, and some are not zero.
    """
    check_choice("mode", mode, ("rgb", "gray"))
    if is_source(item):
        return read_image(item, mode, max_pixels=max_pixels, orient=orient)
    return convert_array(item, mode)


def _check_size(image_format, size, max_pixels, name):
    width, height = size
    if max_pixels is not None and width * height > max_pixels:
        raise decode_error(
            name,
            f"a {image_format} of {width} x {height} = {width * height} pixels, more than "
            f"max_pixels={max_pixels}; shrink the file or raise max_pixels",
        )


def _decode_jpeg(data, header, mode, name):
    if header.n_components == 4:
        check_last_scan(data, name)
        return decode_image(open_image("JPEG", io.BytesIO(data), name), data, mode, name)
    return decode_jpeg(data, header, mode, name)
