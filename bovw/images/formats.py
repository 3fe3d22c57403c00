"""Which formats are read, and how they are told apart: by magic bytes, never by extension.

ImageNet's ``n02105855_2933.JPEG`` is a PNG; extensions are decoration.
"""

#: How many leading bytes :func:`sniff_format` looks at.
HEAD_BYTES = 18

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "SUN")

_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)


def sniff_format(head):
    """The member of ``FORMATS`` whose magic ``head`` (the first 18 bytes) carries, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head.startswith(b"\x59\xa6\x6a\x95"):
        return "SUN"
    # "BM" alone begins ordinary words: the size of the second header is part of the magic
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    return None


def why_not_an_image(head):
    """What to say about a file for which :func:`sniff_format` gave None."""
    if not head:
        return "the file is empty; copy or download it again"
    start = head[:8].decode("ascii", "backslashreplace")
    return f"not an image, it starts with {start!r}; JPEG, PNG, BMP, GIF, WebP, TIFF and Sun raster files are read"
