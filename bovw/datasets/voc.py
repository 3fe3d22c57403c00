"""PASCAL VOC 2007 classification: several classes an image.

``ImageSets/Main/<class>_<part>.txt`` has a line an image: its name and 1 (shows the
class), -1 (does not) or 0 (shows it, but so that it is difficult to see). Images
with 0 are left out when the average precision of that class is computed, and when that
class is learnt [1]_.

References
----------
.. [1] M. Everingham, J. Winn, "The PASCAL Visual Object Classes Challenge 2007 (VOC2007)
   Development Kit", sections 2.1 and 3.4.
"""

import re

import numpy as np

from .._text import text_lines
from ..errors import DatasetError
from . import official
from .listing import Listing

KINDS = ("voc2007",)
OPTIONS = ("test_part",)

_LINE = re.compile(r"\s*(\S+)\s+(-1|0|1)\s*", re.ASCII)
_IMAGE_NAME = re.compile(r"[\w-]+", re.ASCII)
_SUFFIXES = (".jpg", ".jpeg", ".JPEG", ".png")


def recognize(root):
    """``"voc2007"`` if ``root`` or a folder in it is one, else None."""
    home = _home(root)
    return KINDS[0] if (home / "ImageSets" / "Main").is_dir() and (home / "JPEGImages").is_dir() else None


def read(root, kind, options):
    """Read VOC 2007; see :func:`bovw.open_dataset`."""
    home = _home(root)
    test_part = options.test_part or "test"
    parts = ("train", "val") if test_part == "val" else ("trainval", "test")
    lists = home / "ImageSets" / "Main"
    classes = [c for c in official.VOC2007_CLASSES if (lists / f"{c}_{parts[0]}.txt").is_file()]
    problems = official.compare_classes(classes, official.VOC2007_CLASSES)
    if not classes:
        raise DatasetError(f"{lists}: has no file such as aeroplane_{parts[0]}.txt; is it VOC 2007?")
    if not all((lists / f"{c}_{parts[1]}.txt").is_file() for c in classes):
        remedy = "; test_part='val' tests on val" if test_part == "test" else ""
        problems.append(f"{parts[1]} lists are missing{remedy}")
        parts = parts[:1]
    on_disk = {entry.name for entry in Listing(home, options).entries("JPEGImages") if entry.is_file()}
    listing, values, absent, lengths = Listing(home, options), [], [], []
    for part in parts:
        table = _read_part(lists, classes, part)
        problems += official.compare_total(f"images in the {part} list", len(table), official.N_VOC2007[part])
        for image, row in table.items():
            file = next((image + suffix for suffix in _SUFFIXES if image + suffix in on_disk), None)
            if file is None:
                absent.append(image)
                continue
            listing.add_file(f"JPEGImages/{file}", next((c for c, v in zip(classes, row, strict=True) if v == 1), None))
            values.append(row)
        lengths.append(len(listing))
    if absent:
        problems.append(f"{len(absent)} listed images are missing: {official.listed(absent)}")
    values = np.array(values, np.int8).reshape(-1, len(classes))
    split = {}
    if len(parts) == 2:
        split = {"train": np.arange(lengths[0]), "test": np.arange(lengths[0], lengths[1])}
        _check_apart(lists, listing.names, lengths[0], parts)
    return listing.dataset(
        kind, classes, targets=values == 1, difficult=values == 0, problems=problems,
        notes=["an image may show several classes: targets has them all, labels the first one",
               "images in which a class is difficult are left out of its training and its average precision"],
        **split,
    )


def _home(root):
    return next(
        (root / name for name in ("VOC2007", "VOCdevkit/VOC2007") if (root / name / "ImageSets").is_dir()), root
    )


def _read_part(lists, classes, part):
    """{image: [value of each class]} in the order of the first class's list."""
    table = {}
    for number, name in enumerate(classes):
        path = lists / f"{name}_{part}.txt"
        column = _read_list(path)
        if number == 0:
            table = {image: [] for image in column}
        elif column.keys() != table.keys():
            other = next(iter(column.keys() ^ table.keys()))
            raise DatasetError(f"{path}: must name the images of {classes[0]}_{part}.txt, and {other!r} differs")
        for image, row in table.items():
            row.append(column[image])
    return table


def _read_list(path):
    column = {}
    for number, line in text_lines(path):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if not match or not _IMAGE_NAME.fullmatch(match[1]):
            raise DatasetError(f"{path}, line {number}: {line[:60]!r} is not an image's name and -1, 0 or 1")
        if match[1] in column:
            raise DatasetError(f"{path}, line {number}: {match[1]} comes twice")
        column[match[1]] = int(match[2])
    return column


def _check_apart(lists, names, n_train, parts):
    both = set(names[:n_train]) & set(names[n_train:])
    if both:
        raise DatasetError(f"{lists}: {official.listed(both)} is in {parts[0]} and in {parts[1]}; remove it from one")
