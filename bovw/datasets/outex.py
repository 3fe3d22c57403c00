r"""Outex texture suites: problems that list their training and test images.

::

    images/000000.ras ...
    000/train.txt, 000/test.txt     number of images, then "000000.ras 0" a line
    000/classes.txt                 number of classes, then "name 0" a line
    001/ ...

A suite may have several problems over the same images: TC_00012 has two, with the
test images under the lights *tl84* and *horizon*. They become ``draws``, in order.
Some copies hold converted images: where ``000000.ras`` is listed, ``000000.bmp`` or
``.png`` serves.
"""

import re

import numpy as np

from .._text import text_lines
from ..errors import DatasetError
from . import official
from .listing import IMAGE_SUFFIXES, Listing, folder_names

KINDS = ("outex",)
OPTIONS = ()

_PROBLEM = re.compile(r"\d{3}", re.ASCII)
_ENTRY = re.compile(r"([\w.-]+)\s+(\d{1,6})", re.ASCII)
_SUITE = re.compile(r"TC[_-]?(?:000)?(10|12)(?!\d)")


def recognize(root):
    """``"outex"`` if ``root`` holds problem lists and images, else None."""
    return KINDS[0] if _problems(root) and (root / "images").is_dir() else None


def read(root, kind, options):
    """Read an Outex suite; see :func:`bovw.open_dataset`."""
    if not _problems(root):
        raise DatasetError(f"{root}: has no folder such as 000 with train.txt and test.txt")
    listing = Listing(root, options)
    files = {}
    for entry in listing.entries("images"):
        if entry.is_file() and entry.name.lower().endswith(IMAGE_SUFFIXES):
            files.setdefault(entry.name.rpartition(".")[0], entry.name)
    position, number_of, draws, absent, sizes = {}, {}, [], set(), []
    for problem in _problems(root):
        parts = [_read_list(root / problem / f"{part}.txt") for part in ("train", "test")]
        draw = []
        for part, images in zip(("train", "test"), parts, strict=True):
            chosen = []
            for image, number in images.items():
                stem = image.rpartition(".")[0] or image
                if number_of.setdefault(stem, number) != number:
                    raise DatasetError(f"{root / problem / part}.txt: {image} has class {number}, elsewhere "
                                       f"{number_of[stem]}; a texture has one class")
                if stem not in files:
                    absent.add(image)
                    continue
                if stem not in position:
                    position[stem] = len(listing)
                    listing.add_file(f"images/{files[stem]}", number)
                chosen.append(position[stem])
            draw.append(np.sort(np.array(chosen, np.int64)))
        if both := set(parts[0]) & set(parts[1]):
            raise DatasetError(f"{root / problem}: {official.listed(both)} is for training and for testing")
        sizes.append((len(parts[0]), len(parts[1])))
        draws.append(tuple(draw))
    numbers = sorted(listing.counts())
    names = _class_names(root / _problems(root)[0] / "classes.txt")
    notes, problems = _compare(root, sizes, numbers)
    if absent:
        problems.append(f"{len(absent)} listed images are missing: {official.listed(absent)}")
    listing.class_names = [names.get(number, f"{number:03d}") for number in listing.class_names]
    classes = [names.get(number, f"{number:03d}") for number in numbers]
    return listing.dataset(kind, classes, draws=tuple(draws), notes=notes, problems=problems)


def _problems(root):
    return [
        name for name in folder_names(root) if _PROBLEM.fullmatch(name) and (root / name / "train.txt").is_file()
    ]


def _read_list(path):
    """{name: number} of a list that may begin with its length."""
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; an Outex problem has train.txt and test.txt")
    stated, entries = None, {}
    for number, line in text_lines(path):
        line = line.strip()
        if number == 1 and line.isdecimal():
            stated = int(line)
        elif line:
            match = _ENTRY.fullmatch(line)
            if not match:
                raise DatasetError(f"{path}, line {number}: {line[:60]!r} is not a name and a class number")
            if match[1] in entries:
                raise DatasetError(f"{path}, line {number}: {match[1]} comes twice")
            entries[match[1]] = int(match[2])
    if stated is not None and stated != len(entries):
        raise DatasetError(f"{path}: announces {stated} entries and has {len(entries)}; copy it again")
    return entries


def _class_names(path):
    """{number: name}; empty where there is no list of classes."""
    names = {number: name for name, number in _read_list(path).items()} if path.is_file() else {}
    if len(set(names.values())) < len(names):
        raise DatasetError(f"{path}: a class name comes twice")
    return names


def _compare(root, sizes, numbers):
    match = _SUITE.search(root.name)
    if not match:
        return [f"{root.name} names no suite whose counts are known (TC_00010, TC_00012): counts are not checked"], []
    suite = f"TC_000{match[1]}"
    problems = official.compare_total("classes", len(numbers), official.N_OUTEX_CLASSES)
    complete = official.OUTEX[suite]
    problems += official.compare_total("problems", len(sizes), len(complete))
    for number, (found, wanted) in enumerate(zip(sizes, complete, strict=False)):
        for part, count, right in zip(("training", "test"), found, wanted, strict=True):
            problems += official.compare_total(f"{part} images in problem {number:03d}", count, right)
    return [], problems
