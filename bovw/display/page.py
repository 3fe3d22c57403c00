"""Self-contained HTML pages: a template filled in, pictures inside the page."""

import base64

import jinja2

from .._files import atomic_write
from .._units import format_bytes, format_seconds
from ..errors import ImageDecodeError
from ..images import load_image, resize_image
from ..images.opencv import cv2

THUMBNAIL = 180  # pixels, longer side


def write_page(path, template, **values):
    """Fill in one of the templates of this package and write it, atomically.

    Parameters
    ----------
    path : path
    template : str
        Its file name in ``templates/``.
    values
        What the template refers to; a name without a value is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bovw.display"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["percent"] = lambda value: f"{100 * value:.2f}"
    environment.filters["seconds"] = format_seconds
    environment.filters["bytes"] = format_bytes
    with atomic_write(path, "w") as file:
        file.write(environment.get_template(template).render(values))


def data_uri(data, kind):
    """The bytes of a picture as an address that holds them; ``kind`` is png or jpeg."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def thumbnail(image):
    """A small copy of an image, a file's or another source's, as such an address; None if it cannot be read."""
    try:
        image = resize_image(load_image(image, mode="rgb"), max_side=THUMBNAIL)
    except ImageDecodeError:
        return None
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])
    return data_uri(data.tobytes(), "jpeg") if done else None
