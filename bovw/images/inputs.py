"""What may be passed where many images are asked for, as one kind of thing: a sequence indexed by position."""

from collections.abc import Mapping, Sequence, Set

import numpy as np

from ..errors import ParameterError
from .source import is_source, source_name


def as_image_list(images, name="images"):
    """Many images as something with ``len`` and an image, or the source of one, at each position.

    Parameters
    ----------
    images : sequence of paths, bytes or arrays, ImageCollection, or array of shape (n, height, width[, channels])
        Anything with ``len`` and positions is returned as it is, so a lazy collection stays lazy. A pandas
        Series or Index is taken by position, whatever its index says; an iterator is read to its end.
    name : str, default "images"
        Of the argument, for messages.

    Raises
    ------
    ParameterError
        If it is one image or one path instead of many, None, or has no order.
    """
    if images is None:
        raise ParameterError(f"{name} is None; give a list of paths or arrays")
    if is_source(images):
        raise ParameterError(f"{name} is one image, {source_name(images)!r}; give a list: [{source_name(images)!r}]")
    if isinstance(images, np.ndarray):
        return _checked_array(images, name)
    if getattr(images, "ndim", 1) != 1:  # a pandas DataFrame
        raise ParameterError(f"{name} has {images.ndim} dimensions; give the one column that holds the paths")
    if isinstance(images, (Mapping, Set)) or not (np.iterable(images) or isinstance(images, Sequence)):
        raise ParameterError(f"{name} is a {type(images).__name__}; give a list of paths or arrays")
    by_position = hasattr(images, "__getitem__") and hasattr(images, "__len__") and not hasattr(images, "iloc")
    return images if by_position else list(images)


def _checked_array(images, name):
    """An array of sources, or a stack of images; ParameterError for a single image."""
    if images.dtype.kind in "OUST":
        if images.ndim != 1:
            raise ParameterError(f"{name} has shape {images.shape}; give one axis of paths or images")
        return images
    one_image = images.ndim == 2 or (images.ndim == 3 and images.shape[2] in (1, 3, 4))
    if one_image:
        raise ParameterError(f"{name} is one image, an array of shape {images.shape}; give a list: [image]")
    if images.ndim not in (3, 4) and images.shape != (0,):
        raise ParameterError(
            f"{name} has shape {images.shape}; (n, height, width) or (n, height, width, channels) is needed"
        )
    return images
