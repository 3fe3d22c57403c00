"""Baseline and progressive JPEG: header, completeness, decoding by OpenCV.

Why not ``cv2.imdecode`` alone: where the compressed data run out, libjpeg feeds
zeros to its entropy decoder and fills the rest of the picture with mid-gray,
with a warning on standard error at best; whether OpenCV returns such a picture
or nothing depends on its version. Two checks stand before and behind it.

1. *The markers are walked from SOI to EOI* (ITU-T T.81, annex B). Inside entropy
   coded data every 0xFF is followed by 0x00 or a restart marker, so the end of a
   scan is found by a search for 0xFF followed by anything else; segments are
   stepped over by their length, so thumbnails inside them do not count. Bytes
   after EOI do not matter. This costs about 0.5 ms a megabyte.
2. *A file may have its EOI and still lack data* (a cut file with EOI appended),
   or lack nothing but its EOI. Whether a scan is complete is decided by appending
   other bytes to it: a complete scan ignores them, an incomplete one decodes them
   into other pixels. This needs two more decodings, so a file with EOI is tested
   only if its last pixels are the mid-gray of missing data.

What this cannot see is damage that leaves the entropy coded data long enough:
JPEG has no checksum. A progressive file that was cut in a late scan and given a
new EOI lacks detail, not pixels, and is accepted too.
"""

import io
import re
from dataclasses import dataclass

import numpy as np
from PIL.JpegImagePlugin import JpegImageFile

from .opencv import cv2
from .orientation import exif_orientation
from .source import decode_error, read_part

_EOI = b"\xff\xd9"
_EXIF = 0xE1
_SOS = 0xDA
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_READABLE_FRAMES = {0xC0, 0xC1, 0xC2}
_PROGRESSIVE = 0xC2
_BETWEEN_SCANS = {0xC4, 0xDB, 0xDD, 0xFE, _SOS, *range(0xE0, 0xF0)}  # DHT, DQT, DRI, COM, SOS, APPn
_SEGMENT_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")  # not TEM, RST0-7, SOI, which stand alone
_END_OF_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_MAX_SCANS = 500  # ten or so are usual, and each costs a pass over the whole picture
_CUT = "truncated; copy or download it again"
_OTHER_BYTES = bytes((167 * i + 181) % 251 for i in range(96))



@dataclass(frozen=True)
class JpegHeader:
    """What the segments before the first scan say."""

    width: int
    height: int
    n_components: int
    progressive: bool
    orientation: int
    scan_components: int
    scan_start: int

    @property
    def one_scan(self):
        """True if a single scan holds the whole picture."""
        return not self.progressive and self.scan_components == self.n_components


def read_jpeg_header(file, name):
    """Walk a binary file, placed at its SOI marker, to the first scan.

    Raises
    ------
    ImageDecodeError
        If the header is incomplete, or announces a coding that is not read.
    """
    start = file.tell()
    frame, orientation = None, 1
    while (code := _next_marker(file, name)) != _SOS:
        if code == _EOI[1]:
            raise decode_error(name, "a JPEG without pixels; copy or download it again")
        body = _segment(file, name, skip=code not in _FRAMES and code != _EXIF)
        if code in _FRAMES:
            frame = _check_frame(code, body, name)
        elif code == _EXIF and orientation == 1 and body.startswith(b"Exif\0\0"):
            orientation = exif_orientation(body)
    scan = _segment(file, name)
    if frame is None or not scan:
        raise decode_error(name, "a damaged JPEG: a scan comes before the frame header; download it again")
    height, width, n_components, progressive = frame
    return JpegHeader(width, height, n_components, progressive, orientation, scan[0], file.tell() - start)


def _next_marker(file, name):
    """The code of the next marker that begins a segment; like libjpeg, step over anything before it."""
    while chunk := read_part(file, name, 256):
        found = _SEGMENT_MARKER.search(chunk)
        if found is not None:
            file.seek(found.end() - len(chunk), 1)
            return chunk[found.end() - 1]
        if len(chunk) > 1 and chunk.endswith(b"\xff"):
            file.seek(-1, 1)
    raise decode_error(name, f"a JPEG that ends inside its header: {_CUT}")


def _segment(file, name, skip=False):
    length = int.from_bytes(read_part(file, name, 2), "big") - 2
    if length < 0:
        raise decode_error(name, "a damaged JPEG: a segment has no valid length; copy or download it again")
    if skip:
        file.seek(length, 1)
        return b""
    body = read_part(file, name, length)
    if len(body) < length:
        raise decode_error(name, f"a JPEG that ends inside its header: {_CUT}")
    return body


def _check_frame(code, body, name):
    if code not in _READABLE_FRAMES:
        kind = "arithmetic-coded" if code >= 0xC9 else "lossless or hierarchical"
        raise decode_error(name, f"a {kind} JPEG, which is not read; save it as baseline JPEG or PNG")
    if len(body) < 6:
        raise decode_error(name, "a damaged JPEG: its frame header is too short; copy or download it again")
    precision, height, width, n_components = (
        body[0], int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big"), body[5],
    )
    if precision != 8:
        raise decode_error(name, f"a JPEG of {precision} bits a sample; save it with 8 bits, or as PNG")
    if not (width and height):
        raise decode_error(name, f"a JPEG of {width} x {height} pixels; each side needs at least one")
    if n_components not in (1, 3, 4):
        raise decode_error(name, f"a JPEG of {n_components} components; 1, 3 or 4 are read")
    return height, width, n_components, code == _PROGRESSIVE


def complete_jpeg(data, header, name):
    """``data`` up to its EOI marker, once it is known to be complete as far as the markers tell.

    Raises
    ------
    ImageDecodeError
        If the file ends too early, or a marker stands where none may.
    """
    position, n_scans = header.scan_start, 1
    while (found := _END_OF_SCAN.search(data, position)) is not None:
        code = data[found.start() + 1]
        if code == _EOI[1]:
            return data[: found.start()] + _EOI if found.end() < len(data) else data
        if code not in _BETWEEN_SCANS:
            raise decode_error(name, f"a damaged JPEG: marker 0x{code:02x} in its pixels; download it again")
        n_scans += code == _SOS
        if n_scans > _MAX_SCANS:
            raise decode_error(name, f"a JPEG of more than {_MAX_SCANS} scans; save it again with fewer")
        position = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    if n_scans == 1 and header.one_scan:
        data = data.rstrip(b"\xff") + _EOI
        if _last_scan_is_complete(data):
            return data
    raise decode_error(name, f"a JPEG without an end-of-image marker: {_CUT}")


def check_last_scan(data, name):
    """Raise ImageDecodeError if the last scan of ``data`` ends before the picture does; decodes it twice."""
    if not _last_scan_is_complete(data):
        raise decode_error(name, f"a JPEG whose lower part is missing: {_CUT}")


def decode_jpeg(data, header, mode, name):
    """Pixels of a complete gray or three-component JPEG, as stored, without its orientation applied.

    Parameters
    ----------
    data : bytes
        From :func:`complete_jpeg`.
    header : JpegHeader
    mode : {"rgb", "gray"}
    name : str

    Returns
    -------
    array of shape (height, width, 3) or (height, width), uint8

    Raises
    ------
    ImageDecodeError
        If OpenCV cannot decode it, or the lower part of the picture is missing.
    """
    buffer = np.frombuffer(data, np.uint8)
    as_stored = cv2.IMREAD_IGNORE_ORIENTATION
    try:
        if mode == "gray":
            image = cv2.imdecode(buffer, cv2.IMREAD_GRAYSCALE | as_stored)
        elif hasattr(cv2, "IMREAD_COLOR_RGB"):
            image = cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB | as_stored)
        else:  # OpenCV before 4.11
            image = cv2.imdecode(buffer, cv2.IMREAD_COLOR | as_stored)
            image = image if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    except cv2.error as error:
        raise decode_error(name, f"a damaged JPEG ({error.err}); copy or download it again") from None
    if image is None or image.shape[:2] != (header.height, header.width):
        raise decode_error(name, "a damaged JPEG, OpenCV cannot decode it; copy or download it again")
    if (image[-1, -8:] == 128).all():
        check_last_scan(data, name)
    return image


def _last_scan_is_complete(data):
    """Whether bytes inserted before the final EOI leave every pixel as it is.

    They are inserted twice, before and behind the restart marker that would come
    next: the first part goes on with an interval that was cut, the second begins
    the interval after one that ends where the file was cut.
    """
    restarts = _RESTART.findall(data, data.rfind(b"\xff\xda"))
    next_restart = bytes([0xFF, 0xD0 + len(restarts) % 8])
    longer = data[: -len(_EOI)] + _OTHER_BYTES + next_restart + _OTHER_BYTES + _EOI
    try:  # by Pillow, which keeps libjpeg's warnings about the inserted bytes to itself
        return np.array_equal(*(np.asarray(JpegImageFile(io.BytesIO(d))) for d in (data, longer)))
    except OSError:
        return False
