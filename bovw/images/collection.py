"""``ImageCollection``: a lazy sequence of images, decoded one by one when asked for."""

import numbers
from collections.abc import Sequence
from itertools import count

import numpy as np

from .._validation import check_bool, check_choice, check_int
from ..errors import ImageDecodeError, ParameterError
from .decode import MAX_PIXELS, load_image
from .inputs import as_image_list
from .resize import ResizeLimits, resize_image
from .source import is_source, source_name


class ImageCollection(Sequence):
    """Images that are read when they are indexed, and not kept.

    ``len`` is the number of sources, ``collection[i]`` decodes image ``i``, a
    slice or an integer or boolean array gives a collection of those images
    without reading any. scikit-learn's splitters, ``cross_val_score`` and
    ``GridSearchCV`` index it the same way, through ``shape``. Reading from
    several threads at once is safe, and worthwhile: decoding releases the
    interpreter lock.

    Parameters
    ----------
    sources : sequence
        Paths, bytes, arrays, or objects with ``open()`` (giving a binary file)
        and ``name``. Open files are refused, they can be read only once.
    names : sequence of str, optional
        What messages call the images; by default the path or ``name``, else
        ``image 7``.
    mode : {"rgb", "gray"}, default "rgb"
    max_pixels : int or None, default 64_000_000
        Larger images are not decoded, see :func:`read_image`.
    orient : bool, default True
        Whether EXIF orientation is applied.
    on_error : {"raise", "skip"}, default "raise"
        What happens when an image cannot be decoded. With ``"skip"`` its entry is
        None, so that labels do not shift, and ``errors`` says why.
    resize : dict, optional
        Keyword arguments of :func:`resize_image`, applied to every image:
        ``{"max_side": 300}``.

    Attributes
    ----------
    errors : dict of int to str
        Message of each image of this collection that was asked for and skipped.

    Examples
    --------
    >>> images = ImageCollection(paths, mode="gray", resize={"max_height": 480})  # doctest: +SKIP
    >>> images[0].shape                                                           # doctest: +SKIP
    (480, 640)
    """

    def __init__(
        self,
        sources,
        *,
        names=None,
        mode="rgb",
        max_pixels=MAX_PIXELS,
        orient=True,
        on_error="raise",
        resize=None,
    ):
        self.sources = list(as_image_list(sources, "sources"))
        for source in self.sources:
            if hasattr(source, "read"):
                raise ParameterError("an ImageCollection cannot hold open files; pass their paths or bytes")
            if not is_source(source) and not isinstance(source, np.ndarray):
                raise ParameterError(
                    f"an ImageCollection cannot hold a {type(source).__name__}; pass paths, bytes, arrays, "
                    "or objects with open() and name"
                )
        self.names = list(names) if names is not None else list(map(_default_name, count(), self.sources))
        if len(self.names) != len(self.sources):
            raise ParameterError(f"{len(self.names)} names for {len(self.sources)} images; give one an image")
        self.mode = check_choice("mode", mode, ("rgb", "gray"))
        self.max_pixels = max_pixels if max_pixels is None else check_int("max_pixels", max_pixels, minimum=1)
        self.orient = check_bool("orient", orient)
        self.on_error = check_choice("on_error", on_error, ("raise", "skip"))
        self.resize = {} if resize is None else ResizeLimits().check("resize", resize)
        self.errors = {}

    def __len__(self):
        """The number of sources, readable or not."""
        return len(self.sources)

    @property
    def shape(self):
        """``(len(self),)``: makes scikit-learn index collections as it indexes arrays."""
        return (len(self),)

    def __getitem__(self, key):
        """The image at an integer; a collection for a slice or an array of integers or booleans."""
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, (numbers.Integral, np.integer)) and not isinstance(key, bool):
            if not -len(self) <= key < len(self):
                raise IndexError(f"image {key} of an ImageCollection with {len(self)} images")
            return self._read(int(key) % len(self))
        if not isinstance(key, slice):
            key = np.asarray(key)
            if key.size == 0:
                key = key.astype(np.intp)
            if key.ndim != 1 or key.dtype.kind not in "iub":
                raise IndexError(
                    "an ImageCollection takes an integer, a slice, or a 1-d integer or bool array"
                )
        index = np.arange(len(self))[key]
        return ImageCollection(
            [self.sources[i] for i in index],
            names=[self.names[i] for i in index],
            mode=self.mode,
            max_pixels=self.max_pixels,
            orient=self.orient,
            on_error=self.on_error,
            resize=self.resize,
        )

    def _read(self, i):
        try:
            image = load_image(self.sources[i], self.mode, max_pixels=self.max_pixels, orient=self.orient)
        except ImageDecodeError as error:
            if self.on_error == "raise":
                raise
            self.errors[i] = str(error)
            return None
        return resize_image(image, **self.resize) if self.resize else image

    def __repr__(self):
        return f"ImageCollection({len(self)} images, mode={self.mode!r}, on_error={self.on_error!r})"


def _default_name(i, source):
    if isinstance(source, (np.ndarray, bytes, bytearray, memoryview)):
        return f"image {i}"
    return source_name(source)
