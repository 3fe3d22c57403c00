"""Image reading: decode policy, size probe, resizing, lazy collections.

The only room that decodes image files.
"""

from .collection import ImageCollection
from .decode import ImageInfo, load_image, probe_image, read_image
from .inputs import as_image_list
from .resize import resize_image

__all__ = ["ImageCollection", "ImageInfo", "as_image_list", "load_image", "probe_image", "read_image", "resize_image"]
