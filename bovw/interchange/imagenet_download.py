"""ImageNet's dense-SIFT download: ``nXXXXXXXX.vldsift.mat`` and ``nXXXXXXXX.sbow.mat``.

From 2010 on ImageNet offered for each synset the descriptors of its images, and the
visual words that they fall on, for those who could not compute them [1]_. The protocol:

- the first frame of the image as it is stored (EXIF orientation is not applied), fitted
  into 300 x 300 pixels, shrinking only, 8-bit gray;
- that image, and its resizes to 1/2 and 1/4;
- SIFT with bins of 5 pixels every 10 pixels in each direction, Gaussian window of 8 pixels,
  no smoothing: floor((side - 16) / 10) + 1 frames along a side, none below 16 pixels;
- scale after scale, rows outer, columns inner; orientation fastest, then x, then y.

A file holds one variable, an N x 1 struct array ``image_vldsift`` or ``image_sbow``, an
element an image, with the fields ``ID`` (the file name without its ending) and ``vldsift``
or ``sbow``, a 1 x 1 struct with the fields, in this order, of n descriptors:

======== ============ ====================================================================
word     int16 1 x n  number of the nearest of the 1000 words, from 0 (``sbow`` alone)
x, y     single 1 x n center, pixel / side of the (resized) image, pixels counted from 0
scale    int8 1 x n   0 finest, 1 half size, 2 quarter size
norm     single 1 x n sum of the descriptor before normalization / 256, intensities 0-255
desc     single 128 x n  unit Euclidean length (``vldsift`` alone)
======== ============ ====================================================================

Numbers were written as text on their way into the files and have six significant digits;
so do ours, which changes a descriptor by at most 5e-7. Words are those of the descriptors
as they stand in the file. Readers in the wild reach in by name or by position, so the order
of the fields is part of the format.

The images themselves were resized by another program, so the numbers of a photograph
agree with the original's as far as two good area filters do. A resized side is rounded
half up.

References
----------
.. [1] ILSVRC2010 development kit, ``readme.txt`` and ``feature/``.
.. [2] J. Deng et al., "ImageNet: a large-scale hierarchical image database", CVPR 2009.
"""

import contextlib
import itertools
import zlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._files import atomic_write
from .._validation import check_int
from ..descriptors import DenseSIFT, DescriptorSet
from ..descriptors.grid import frames_along
from ..errors import DatasetError, ParameterError
from ..images import load_image, resize_image
from .mat5 import StructArrayWriter, array_element, pack, read_struct_array, struct_element, text_element
from .significant_digits import six_digits
from .word_set import WordSet, unit_frames

N_WORDS = 1000
BOX = 300  #: side of the square into which images are fitted
SCALES = (1.0, 0.5, 0.25)
STEP, BIN_SIZE, N_BINS = 10, 5, 4

_SIZE = 128
_SPAN = (N_BINS - 1) * BIN_SIZE
_MAX_ID = 1024


class ImageSIFT(NamedTuple):
    """What a ``vldsift`` file says of one image.

    Attributes
    ----------
    id : str
        File name without its ending.
    x, y : array of shape (n,), float32
        Centers, as fractions of width and height.
    scale : array of shape (n,), int8
    norm : array of shape (n,), float32
    desc : array of shape (n, 128), float32
        A row a descriptor.
    """

    id: str
    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    norm: np.ndarray
    desc: np.ndarray


class ImageWords(NamedTuple):
    """What an ``sbow`` file says of one image: as :class:`ImageSIFT`, with ``word`` (n,) int16 for ``desc``."""

    id: str
    word: np.ndarray
    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    norm: np.ndarray


class _Kind(NamedTuple):
    """One of the two kinds of files."""

    variable: str
    field: str
    record: type
    deflate: dict


# Descriptors have no repetitions that deflate could find, but for runs of zeros: searching for
# them takes three times as long and saves two bytes in a hundred.
VLDSIFT = _Kind("image_vldsift", "vldsift", ImageSIFT, {"level": 6, "strategy": zlib.Z_RLE})
SBOW = _Kind("image_sbow", "sbow", ImageWords, {"level": 6})
KINDS = {"vldsift": VLDSIFT, "sbow": SBOW}


def imagenet_sift(image, image_id=""):
    """The descriptors of one image by the protocol of ImageNet's download.

    Parameters
    ----------
    image : path, bytes, object with ``open()`` and ``name``, or array
        Of any size; an array is on the 0-255 scale, color is converted to gray.
    image_id : str, default ""

    Returns
    -------
    ImageSIFT

    Examples
    --------
    >>> import skimage.data
    >>> len(imagenet_sift(skimage.data.coins()).desc)
    851
    """
    image = resize_image(load_image(image, "gray", orient=False), fit=(BOX, BOX))
    found = _extractor().extract(image)
    x, y, scale = imagenet_grid(*image.shape)
    return ImageSIFT(image_id, x, y, scale, six_digits(found.norms), six_digits(found.descriptors))


@lru_cache(maxsize=1)
def _extractor():
    return DenseSIFT.imagenet2010()


@lru_cache(maxsize=256)
def imagenet_grid(height, width):
    """Where the descriptors of an image lie that fits into 300 x 300 pixels.

    Parameters
    ----------
    height, width : int

    Returns
    -------
    x, y : arrays of shape (n,), float32
        Fractions of width and height, of six significant digits.
    scale : array of shape (n,), int8

    Examples
    --------
    >>> x, y, scale = imagenet_grid(224, 300)
    >>> len(x), float(x[0])
    (779, 0.02500000037252903)
    """
    parts = []
    for number, factor in enumerate(SCALES):
        rows, columns = (max(1, int(side * factor + 0.5)) for side in (height, width))
        centers = [_SPAN / 2 + STEP * np.arange(frames_along(side, _SPAN, STEP)) for side in (columns, rows)]
        y, x = np.meshgrid(centers[1] / rows, centers[0] / columns, indexing="ij")
        parts.append((six_digits(x.ravel()), six_digits(y.ravel()), np.full(x.size, number, np.int8)))
    x, y, scale = (np.concatenate(part) for part in zip(*parts, strict=True))
    for array in (x, y, scale):
        array.setflags(write=False)
    return x, y, scale


def pack_image(record):
    """One image, ready to be appended to its file: an :class:`ImageSIFT` or :class:`ImageWords`, deflated."""
    kind = VLDSIFT if isinstance(record, ImageSIFT) else SBOW
    fields = {"x": record.x, "y": record.y, "scale": record.scale, "norm": record.norm}
    rows = {name: array_element(values[None, :]) for name, values in fields.items()}
    if kind is VLDSIFT:
        rows["desc"] = array_element(record.desc.T)
    else:
        rows = {"word": array_element(record.word[None, :]), **rows}
    return pack(text_element(record.id) + struct_element(rows), **kind.deflate)


@contextlib.contextmanager
def open_writer(path, kind, count):
    """A :class:`StructArrayWriter` for ``count`` images; the file appears when the block ends without error."""
    with atomic_write(path) as file:
        writer = StructArrayWriter(file, kind.variable, ("ID", kind.field), count)
        yield writer
        writer.close()


def write_vldsift(path, images):
    """Write a ``vldsift`` file, atomically.

    Parameters
    ----------
    path : str or PathLike
    images : iterable of ImageSIFT

    Raises
    ------
    ParameterError
        If an image has arrays that do not fit the format.

    Notes
    -----
    Values are written as they are; :func:`imagenet_sift` has rounded its own. What was read
    from a file that bovw wrote gives the same bytes again, with the same zlib.
    """
    _write(path, images, VLDSIFT)


def write_sbow(path, images):
    """Write an ``sbow`` file, atomically.

    Parameters
    ----------
    path : str or PathLike
    images : WordSet with ids, or iterable of ImageWords

    Raises
    ------
    ParameterError
        If an image has arrays that do not fit the format.
    """
    if isinstance(images, WordSet):
        for name in ("ids", "x", "scales", "norms"):
            if getattr(images, name) is None:
                raise ParameterError(f"this WordSet has no {name}, which an sbow file needs; give them to WordSet")
        images = _records_of(images)
    _write(path, images, SBOW)


def _records_of(words):
    for i, image_id in enumerate(words.ids):
        rows = slice(words.offsets[i], words.offsets[i + 1])
        yield ImageWords(image_id, *(part[rows] for part in (words.words, words.x, words.y, words.scales, words.norms)))


def _write(path, images, kind):
    images = list(images)
    with open_writer(path, kind, len(images)) as writer:
        for image in images:
            if not isinstance(image, kind.record):
                raise ParameterError(
                    f"a {kind.field} file is made of {kind.record.__name__} records, got a {type(image).__name__}"
                )
            fields = {name: np.asarray(values) for name, values in image._asdict().items() if name != "id"}
            if kind is VLDSIFT:
                fields["desc"] = fields["desc"].T
            try:
                writer.append(pack_image(_checked(kind, image.id, fields)))
            except DatasetError as error:
                raise ParameterError(str(error)) from None


def iter_vldsift(path, *, max_bytes=1 << 28):
    """The images of a ``vldsift`` file, one at a time.

    Parameters
    ----------
    path : str or PathLike
        As downloaded, as bovw writes it, or as others save it from MATLAB or SciPy, squeezed
        or not, integers in any class.
    max_bytes : int, default 1 << 28
        The most that one image may take in memory.

    Yields
    ------
    ImageSIFT

    Raises
    ------
    DatasetError
        If the file is not sound, or an image's fields are missing, of wrong sizes or out of range.
    """
    return _iterate(path, VLDSIFT, max_bytes)


def iter_sbow(path, *, max_bytes=1 << 28):
    """The images of an ``sbow`` file, one at a time.

    Parameters
    ----------
    path, max_bytes
        As in :func:`iter_vldsift`.

    Yields
    ------
    ImageWords
    """
    return _iterate(path, SBOW, max_bytes)


def _iterate(path, kind, max_bytes):
    check_int("max_bytes", max_bytes, 1)
    for number, element in enumerate(read_struct_array(path, kind.variable, max_bytes=max_bytes), 1):
        image_id, fields = element.get("ID"), element.get(kind.field)
        try:
            if not isinstance(image_id, str) or not isinstance(fields, dict):
                raise DatasetError(f"the fields ID, a text, and {kind.field}, a struct, are needed")
            yield _checked(kind, image_id, fields)
        except DatasetError as error:
            raise DatasetError(f"{path}, image {number}: {error}") from None


def _checked(kind, image_id, fields):
    """The record of one image after checking every field."""
    if not isinstance(image_id, str) or len(image_id) > _MAX_ID:
        raise DatasetError(f"the ID must be a text of at most {_MAX_ID} characters")
    with np.errstate(over="ignore"):
        x, y, norm = (_row(fields, name).astype(np.float32, copy=False) for name in ("x", "y", "norm"))
    n = len(x)
    checked = {"id": image_id, "x": x, "y": y, "norm": norm, "scale": _integers(fields, "scale", np.int8)}
    if kind is SBOW:
        checked["word"] = _integers(fields, "word", np.int16)
    else:
        checked["desc"] = _descriptors(fields, n)
    for name, values in checked.items():
        if name != "id" and len(values) != n:
            raise DatasetError(f"{name} has {len(values)} entries and x {n}")
    for name, values in (("x", x), ("y", y)):
        if n and not (values.min() >= 0 and values.max() <= 1):
            raise DatasetError(f"{name} holds values outside [0, 1]")
    if n and not (norm.min() >= 0 and np.isfinite(norm.max())):
        raise DatasetError("norm holds values that are negative or not finite")
    return kind.record(**checked)


def _values(fields, name):
    values = fields.get(name)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
        raise DatasetError(f"the field {name}, a numeric array, is missing")
    return values


def _row(fields, name):
    values = _values(fields, name)
    if values.ndim > 2 or (values.ndim == 2 and values.size and 1 not in values.shape):
        raise DatasetError(f"{name} has shape {values.shape}; one row is needed")
    return values.ravel()


def _integers(fields, name, dtype):
    values = _row(fields, name)
    largest = np.iinfo(dtype).max
    if values.size and not (values.min() >= 0 and values.max() <= largest):
        raise DatasetError(f"{name} holds values outside 0 to {largest}")
    integers = values.astype(dtype, copy=False)
    if values.dtype.kind == "f" and (integers != values).any():
        raise DatasetError(f"{name} holds values that are no integers")
    return integers


def _descriptors(fields, n):
    """(n, 128) from the file's (128, n); a single descriptor may have lost its shape by squeezing."""
    values = _values(fields, "desc")
    if values.size != n * _SIZE or (n > 1 and values.shape != (_SIZE, n)):
        raise DatasetError(f"desc has shape {values.shape}; ({_SIZE}, {n}) is needed")
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(values.reshape(_SIZE, n).T, dtype=np.float32)
    if not np.isfinite(values).all():
        raise DatasetError("desc holds NaN or infinity")
    return values


def read_vldsift(path, sizes=None, *, n_images=None, max_bytes=1 << 31):
    """A ``vldsift`` file as a DescriptorSet.

    Parameters
    ----------
    path : str or PathLike
        As :func:`iter_vldsift` reads it, image by image, for files that memory cannot hold.
    sizes : dict of str to (height, width), optional
        The size of each image, by its id, in pixels.
    n_images : int, optional
        Read the first so many images only.
    max_bytes : int, default 1 << 31
        The most that all descriptors may take.

    Returns
    -------
    ids : list of str
    descriptors : DescriptorSet
        With ``sizes``, frames are in pixels of the image: x times width and y times height,
        as ``DenseSIFT.imagenet2010()`` has them. Files do not say how large their images
        were; without ``sizes`` frames are on a unit image: pixel coordinates x - 0.5 and
        y - 0.5 in an image of 1 x 1 pixel, so that ``positions()`` gives the file's x and y
        back, and a frame's scale is 1 for the finest, 2 for half size, 4 for quarter size.

    Raises
    ------
    DatasetError
        If the file is not sound or too large, or ``sizes`` lacks an image.
    """
    ids, sets = [], []
    for record in _bounded(path, VLDSIFT, n_images, max_bytes):
        ids.append(record.id)
        sets.append(_descriptor_set(path, record, sizes))
    if not sets:
        return [], DescriptorSet(np.empty((0, _SIZE), np.float32), [0])
    return ids, DescriptorSet.concatenate(sets)


def _descriptor_set(path, record, sizes):
    frames, size = unit_frames(record.x, record.y, record.scale), (1, 1)
    if sizes is not None:
        if record.id not in sizes:
            raise DatasetError(f"{path}: sizes has no entry for {record.id!r}")
        height, width = size = tuple(check_int("sizes", side, 1) for side in sizes[record.id])
        frames[:, 0], frames[:, 1] = record.x * np.float32(width), record.y * np.float32(height)
        frames[:, 2] *= BIN_SIZE / 3 * max(1, width / BOX, height / BOX)
    return DescriptorSet(record.desc, None, frames, record.norm, [size])


def read_sbow(path, *, n_images=None, n_words=N_WORDS, max_bytes=1 << 31):
    """An ``sbow`` file as a WordSet.

    Parameters
    ----------
    path : str or PathLike
    n_images : int, optional
        Read the first so many images only.
    n_words : int, default 1000
        Size of the codebook; a word beyond it is an error.
    max_bytes : int, default 1 << 31
        The most that the images may take together.

    Returns
    -------
    WordSet

    Raises
    ------
    DatasetError
        If the file is not sound or too large.
    """
    records = list(_bounded(path, SBOW, n_images, max_bytes))
    counts = [len(record.word) for record in records]

    def joined(name, dtype):
        return np.concatenate([np.empty(0, dtype), *(getattr(record, name) for record in records)])

    try:
        return WordSet(
            joined("word", np.int16), np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]),
            joined("x", np.float32), joined("y", np.float32), joined("scale", np.int8), joined("norm", np.float32),
            [record.id for record in records], n_words,
        )
    except ParameterError as error:
        raise DatasetError(f"{path}: {error}") from None


def _bounded(path, kind, n_images, max_bytes):
    """The first ``n_images`` records, as long as they take no more than ``max_bytes`` together."""
    left = check_int("max_bytes", max_bytes, 1)
    if n_images is not None:
        check_int("n_images", n_images, 0)
    for record in itertools.islice(_iterate(path, kind, min(left, 1 << 28)), n_images):
        left -= sum(values.nbytes for values in record[1:]) + 1024  # what an empty image takes, generously
        if left < 0:
            raise DatasetError(f"{path} holds more than {max_bytes} bytes; raise max_bytes, or read image by image")
        yield record


def list_files(folder, ending):
    """{name without ending: path} of a folder's files, such as ``n01440764`` for ``n01440764.sbow.mat``, sorted."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; give the one that holds the {ending} files")
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(ending) and not path.name.startswith("."))
    if not paths:
        raise DatasetError(f"{folder} holds no {ending} file")
    return {path.name.removesuffix(ending): path for path in paths}
