"""Prediction files in the challenge's form.

One line an image, in the order of the images; on it up to five class ids, best
first, separated by blanks::

    488 786 784 757 646
    583 878 854

Another common form names the image first::

    val/00000001.jpg 81 90 12 91 63

A localization file holds five numbers a guess: the id, then xmin, ymin, xmax, ymax.
Ids count from 1. The id 0 stands for a guess not made, so that an image without any
guess still has its line. Ids after the fifth are ignored, as the kits do.

Ground truth is one id a line, or a name and an id.

References
----------
.. [1] ILSVRC2010 and ILSVRC2012 development kits, ``readme.txt``.
"""

import math
from array import array
from typing import NamedTuple

import numpy as np

from .._files import atomic_write
from .._text import text_lines
from .._validation import check_int
from ..errors import DatasetError, ParameterError
from ._labels import as_classes, as_rows, missing, positions
from .flat import N_GUESSES

_MAX_LINE = 1 << 14
_MAX_DIGITS = 9


class Predictions(NamedTuple):
    """A prediction file.

    Attributes
    ----------
    labels : array of shape (n, 5)
        int64 ids, or the labels that they stand for; -1 (or ``""``) for guesses not made.
    names : list of str or None
        Image names, where the file has them.
    """

    labels: np.ndarray
    names: list | None


class Localizations(NamedTuple):
    """A localization file: ``labels`` and ``names`` as :class:`Predictions`, ``boxes`` (n, 5, 4) float64."""

    labels: np.ndarray
    boxes: np.ndarray
    names: list | None


def read_predictions(path, *, classes=None, max_id=None, n_images=None):
    """Read a prediction file, line by line.

    Parameters
    ----------
    path : str or PathLike
    classes : sequence of labels, optional
        The label that each id stands for, from id 1 up. By default ids are returned.
    max_id : int, optional
        Largest id accepted; with ``classes`` their number.
    n_images : int, optional
        The number of lines that the file must have.

    Returns
    -------
    Predictions

    Raises
    ------
    DatasetError
        Naming the line, if it is blank, too long, holds something else than ids, or
        an id above ``max_id``; or if the number of lines differs.
    """
    if classes is not None:
        classes = as_classes("classes", classes)
        max_id = len(classes) if max_id is None else max_id
    ids, names = array("q"), []
    for where, name, fields in _records(path):
        row = [_read_id(token, where, max_id) for token in fields[:N_GUESSES]]
        ids.extend(row + [0] * (N_GUESSES - len(row)))
        names.append(name)
    labels = _labels(np.array(ids, np.int64).reshape(-1, N_GUESSES), classes)
    _check_count(path, labels, n_images)
    return Predictions(labels, names if names[0] is not None else None)


def read_ground_truth(path, *, classes=None, max_id=None, n_images=None):
    """Read a ground-truth file: one id a line, after the image's name where it has one.

    Parameters
    ----------
    path, classes, max_id, n_images
        As in :func:`read_predictions`.

    Returns
    -------
    Predictions
        ``labels`` of shape (n,).
    """
    if classes is not None:
        classes = as_classes("classes", classes)
        max_id = len(classes) if max_id is None else max_id
    ids, names = array("q"), []
    for where, name, fields in _records(path):
        number = _read_id(fields[0], where, max_id) if len(fields) == 1 else 0
        if number == 0:
            raise DatasetError(f"{where}: one id above 0 is needed, not {' '.join(fields)[:60]!r}")
        ids.append(number)
        names.append(name)
    labels = _labels(np.array(ids, np.int64), classes)
    _check_count(path, labels, n_images)
    return Predictions(labels, names if names[0] is not None else None)


def read_localizations(path, *, max_id=None, n_images=None):
    """Read a localization file: id, xmin, ymin, xmax, ymax of each guess.

    Parameters
    ----------
    path, max_id, n_images
        As in :func:`read_predictions`.

    Returns
    -------
    Localizations
        Boxes of guesses not made are 0.

    Raises
    ------
    DatasetError
        As :func:`read_predictions`; also if a guess is incomplete or a coordinate is not finite.
    """
    ids, boxes, names = array("q"), array("d"), []
    for where, name, fields in _records(path):
        if len(fields) % 5:
            raise DatasetError(f"{where}: {len(fields)} numbers; five are needed for each guess")
        row = [_read_id(token, where, max_id) for token in fields[: 5 * N_GUESSES : 5]]
        for j in range(len(row)):
            boxes.extend(_read_coordinate(token, where) for token in fields[5 * j + 1 : 5 * j + 5])
        ids.extend(row + [0] * (N_GUESSES - len(row)))
        boxes.extend([0.0] * (4 * (N_GUESSES - len(row))))
        names.append(name)
    labels = _labels(np.array(ids, np.int64).reshape(-1, N_GUESSES), None)
    _check_count(path, labels, n_images)
    boxes = np.array(boxes).reshape(-1, N_GUESSES, 4)
    return Localizations(labels, boxes, names if names[0] is not None else None)


def write_predictions(path, predictions, *, names=None, classes=None):
    """Write a prediction file, atomically.

    Parameters
    ----------
    path : str or PathLike
    predictions : array of shape (n, k), or list of lists
        Labels, best first; -1 (or ``""``) is a guess not made. Guesses after the fifth
        are left out.
    names : sequence of n str, optional
        Image names, without blanks.
    classes : sequence of labels, optional
        The classes in order: the label at position i is written as id i + 1. By
        default labels are ids already.

    Raises
    ------
    ParameterError
        If a label is not an id or not in ``classes``, or a name cannot be told from an id.
    """
    ids = _to_ids(as_rows("predictions", predictions)[:, :N_GUESSES], classes)
    _write(path, (_without_tail(row) for row in ids.tolist()), len(ids), names)


def write_localizations(path, predictions, boxes, *, names=None):
    """Write a localization file, atomically.

    Parameters
    ----------
    path, names
        As in :func:`write_predictions`.
    predictions : array of shape (n, k)
        Ids, best first; -1 is a guess not made.
    boxes : array of shape (n, k, 4)
        xmin, ymin, xmax, ymax.
    """
    predictions = as_rows("predictions", predictions)
    boxes = np.asarray(boxes, np.float64)
    if boxes.shape != (*predictions.shape, 4):
        raise ParameterError(f"boxes has shape {boxes.shape}; {(*predictions.shape, 4)} is needed")
    if not np.isfinite(boxes).all():
        raise ParameterError("boxes holds NaN or infinity")
    ids = _to_ids(predictions[:, :N_GUESSES], None)
    rows = (
        [field for number, box in zip(_without_tail(row), image, strict=False) for field in (number, *box)]
        for row, image in zip(ids.tolist(), boxes.tolist(), strict=True)
    )
    _write(path, ([f"{v:.10g}" for v in row] for row in rows), len(ids), names)


def _without_tail(row):
    """Ids up to the last guess made; one 0 where there is none."""
    length = max((i + 1 for i, number in enumerate(row) if number), default=1)
    return row[:length] or [0]


def _to_ids(labels, classes):
    if labels.size == 0:
        return np.zeros(labels.shape, np.int64)
    if classes is not None:
        classes = as_classes("classes", classes)
        if classes.dtype.kind != labels.dtype.kind:
            raise ParameterError("predictions and classes must both be integers or both be strings")
        ids = positions(labels, classes) + 1
        if ((ids == 0) & (labels != missing(labels.dtype))).any():
            unknown = labels[(ids == 0) & (labels != missing(labels.dtype))][0]
            raise ParameterError(f"the guess {unknown.item()!r} is not one of the {len(classes)} classes")
        return ids
    if labels.dtype.kind == "U":
        raise ParameterError("predictions holds strings; name the classes, to be written as ids from 1")
    ids = np.where(labels == -1, 0, labels)
    if ((labels < 1) & (labels != -1)).any() or (labels >= 10**_MAX_DIGITS).any():
        raise ParameterError("ids count from 1 (-1 for a guess not made); name the classes for other labels")
    return ids


def _write(path, rows, n_rows, names):
    if names is None:
        prefixes = [""] * n_rows
    else:
        names = list(names)
        prefixes = [f"{name} " for name in names]
        if len(prefixes) != n_rows:
            raise ParameterError(f"names has {len(prefixes)} entries for {n_rows} images")
        for name in names:
            if str(name).split() != [str(name)] or _is_number(str(name)):
                raise ParameterError(f"the image name {name!r} holds blanks or looks like an id; rename it")
    with atomic_write(path, "w") as file:
        for prefix, row in zip(prefixes, rows, strict=True):
            file.write(prefix + " ".join(map(str, row)) + "\n")


def _is_number(token):
    return token.isascii() and token.isdigit()


def _records(path):
    """Yield the place (for messages), the image name or None, and the other fields of each line."""
    named, blank = None, 0
    for number, line in text_lines(path, _MAX_LINE):
        where, fields = f"{path}, line {number}", line.split()
        if not fields:
            blank = blank or number
            continue
        if blank:
            raise DatasetError(f"{path}, line {blank}: blank; write 0 for an image without a guess")
        has_name = not _is_number(fields[0])
        if named is None:
            named = has_name
        if has_name != named or len(fields) == named:
            form = "an image name and ids" if named else "ids"
            raise DatasetError(f"{where}: {line.strip()[:60]!r}; {form} are needed, as on the first line")
        yield where, fields[0] if named else None, fields[1:] if named else fields
    if named is None:
        raise DatasetError(f"{path} holds no line; one an image is needed")


def _read_id(token, where, max_id):
    if not _is_number(token) or len(token) > _MAX_DIGITS:
        raise DatasetError(f"{where}: {token[:40]!r} is not a class id")
    number = int(token)
    if max_id is not None and number > max_id:
        raise DatasetError(f"{where}: the id {number} is above {max_id}, the number of classes")
    return number


def _read_coordinate(token, where):
    try:
        value = float(token) if len(token) <= 32 else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DatasetError(f"{where}: {token[:40]!r} is not a coordinate")
    return value


def _labels(ids, classes):
    if classes is None:
        return np.where(ids == 0, -1, ids)
    return np.append(classes, np.array(missing(classes.dtype), classes.dtype))[ids - 1]


def _check_count(path, labels, n_images):
    if n_images is not None and len(labels) != check_int("n_images", n_images, minimum=0):
        raise DatasetError(f"{path} has {len(labels)} lines for {n_images} images")
