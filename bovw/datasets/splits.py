"""Which images are for training and which for testing: split files and seeded draws."""

import difflib
from pathlib import Path

import numpy as np

from .._random import check_seed, stage_rng
from .._validation import check_int
from ..errors import DatasetError, ParameterError


def read_split_files(dataset, train_file, test_file):
    """Training and test indices from two lists of names.

    A list is a UTF-8 text file with one name a line, relative to the root of the
    data set, ``/`` between folders. Blank lines and lines that begin with ``#``
    are passed over; any line ending will do.

    Parameters
    ----------
    dataset : Dataset
    train_file, test_file : path

    Returns
    -------
    train, test : arrays of int64, sorted

    Raises
    ------
    DatasetError
        If a file is missing or is not UTF-8 text; a name is unknown, comes twice
        or stands in both lists (the message names file and line); a list is empty;
        or a class has test images but no training images.
    """
    index = {name: i for i, name in enumerate(dataset.names)}
    train_lines = _read_list(Path(train_file), index)
    test_lines = _read_list(Path(test_file), index)
    for name, line in test_lines.items():
        if name in train_lines:
            raise DatasetError(
                f"{test_file}, line {line}: {name} is also in {train_file}, line {train_lines[name]}; "
                "an image is for training or for testing, remove it from one"
            )
    train, test = (np.sort([index[name] for name in lines]) for lines in (train_lines, test_lines))
    untrained = np.setdiff1d(dataset.labels[test], dataset.labels[train])
    if untrained.size:
        raise DatasetError(
            f"{train_file}: class {dataset.classes[untrained[0]]!r} has test images but no training images; "
            "add some to the list"
        )
    return train, test


def _read_list(path, index):
    """{name: line number} of one list, in its order."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such split file; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    lines = {}
    for number, line in enumerate(text.split("\n"), start=1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        if name not in index:
            raise DatasetError(f"{path}, line {number}: {name} is not in the data set{_nearest(name, index)}")
        if name in lines:
            raise DatasetError(
                f"{path}, line {number}: {name} comes twice, first in line {lines[name]}; remove one of them"
            )
        lines[name] = number
    if not lines:
        raise DatasetError(f"{path}: names no image; write one name a line")
    return lines


def _nearest(name, index):
    """A hint for an unknown name; among the names of its own folder if there are any."""
    folder = name.rpartition("/")[0]
    near = [known for known in index if known.rpartition("/")[0] == folder] or list(index)[:2000]
    match = difflib.get_close_matches(name, near, n=1)
    return f"; did you mean {match[0]}?" if match else "; names are relative to the root of the data set"


def class_share(limit, n_images):
    """How many of a class's images a limit takes.

    Parameters
    ----------
    limit : int, float or None
        A number; a fraction of the class, between 0 and 1; or None, for all.
    n_images : int

    Returns
    -------
    int
        At most ``n_images``, and of a fraction at least 1.
    """
    if limit is None:
        return n_images
    if isinstance(limit, float):
        limit = max(1, round(limit * n_images))
    return min(limit, n_images)


def draw_split(labels, n_train, n_test=None, *, seed, draw, classes=None, first=False):
    """Take ``n_train`` training images of each class, drawn at random; the rest is for testing.

    Parameters
    ----------
    labels : array of shape (n_images,), int
        Class indices from 0.
    n_train : int or float
        Training images a class, or a fraction of each class, between 0 and 1.
    n_test : int or float, optional
        At most so many test images a class, or such a fraction of the others, drawn as well; by default all others.
    seed : int
        Seed of the experiment.
    draw : int
        Number of the draw, from 0. Different draws under one seed are independent.
    classes : sequence of str, optional
        Class names, for messages; also fixes the number of classes.
    first : bool, default False
        Take the first images of each class, in their order, in place of drawn ones.

    Returns
    -------
    train, test : arrays of int64, sorted

    Raises
    ------
    ParameterError
        If a number is below 1, or a fraction not between 0 and 1.
    DatasetError
        If a class has fewer than ``n_train + 1`` images.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.size == 0 or labels.min() < 0:
        raise ParameterError("labels must be a 1-d array of class indices from 0, not empty")
    n_train = _check_share("n_train", n_train)
    n_test = None if n_test is None else _check_share("n_test", n_test)
    draw = check_int("draw", draw, minimum=0)
    n_classes = int(labels.max()) + 1 if classes is None else len(classes)
    if labels.max() >= n_classes:
        raise ParameterError(f"label {labels.max()} has no name among the {n_classes} classes")
    counts = np.bincount(labels, minlength=n_classes)
    smallest = int(counts.argmin())
    least = 2 if isinstance(n_train, float) else n_train + 1
    if counts[smallest] < least or counts[smallest] == class_share(n_train, counts[smallest]):
        name = smallest if classes is None else repr(classes[smallest])
        raise DatasetError(
            f"n_train={n_train} needs at least {least} images a class, and class {name} has "
            f"{counts[smallest]}; lower n_train, add images or remove the class"
        )
    rng = stage_rng(check_seed(seed, "seed"), "split", draw)
    train, test = [], []
    for members in np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1]):
        members = members if first else rng.permutation(members)
        n = class_share(n_train, len(members))
        train.append(members[:n])
        test.append(members[n : n + class_share(n_test, len(members) - n)])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))


def _check_share(name, value):
    """A number of images, or a fraction of a class."""
    if isinstance(value, float):
        if not 0 < value < 1:
            raise ParameterError(f"{name}={value!r} must be a whole number of images, or a fraction between 0 and 1")
        return value
    return check_int(name, value, minimum=1)
