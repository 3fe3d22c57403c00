"""Image files made in memory, and the photographs of the scikit-image wheel."""

import io
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

PHOTOGRAPH = Path(skimage.__file__).parent / "data" / "rocket.jpg"


def patch(height=48, width=64, seed=0):
    """A small RGB uint8 image with smooth shading, edges and noise; no pixel is mid-gray (128, 128, 128)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    squares = 60 * ((x // 9 + y // 7) % 2)
    shades = np.stack([40 + 3 * x, 220 - 3 * y, 60 + x + y], axis=2) + squares[:, :, None]
    return np.clip(shades + rng.normal(0, 6, shades.shape), 0, 255).astype(np.uint8)


def encode(image, image_format, **options):
    """The bytes of an array or a Pillow image saved by Pillow."""
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def sun_raster(image, palette=b""):
    """A Sun raster file of a gray or indexed (height, width) array, or of RGB with red first."""
    height, width = image.shape[:2]
    rows = image.reshape(height, -1)
    rows = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))  # rows are padded to 16 bits
    kind, depth = (1, 8) if image.ndim == 2 else (3, 24)
    header = [0x59A66A95, width, height, depth, rows.size, kind, 1 if palette else 0, len(palette)]
    return b"".join(value.to_bytes(4, "big") for value in header) + palette + rows.tobytes()


def exif(orientation, order="little"):
    """An EXIF block that states an orientation."""
    head = {"little": b"II*\0", "big": b"MM\0*"}[order]

    def number(value, size):
        return value.to_bytes(size, order)

    entry = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + b"\0\0"
    return b"Exif\0\0" + head + number(8, 4) + number(1, 2) + entry + number(0, 4)
