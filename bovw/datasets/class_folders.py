"""Caltech-101, Caltech-256, 15-Scene and KTH-TIPS: one folder a class, no official split.

Clutter. Caltech-101 has a folder ``BACKGROUND_Google`` beside its 101 objects, and
Caltech-256 a folder ``257.clutter`` beside its 256. The literature's habit differs:
accuracies on Caltech-101 are mostly over 102 classes, background included, those on
Caltech-256 over the 256 objects alone. That is the default here; ``clutter="keep"``
or ``"drop"`` decides otherwise, and the data set's ``notes`` say which it was.

Files that are no images and folders inside class folders are left out, for the
official archives hold some (``BACKGROUND_Google/tmp``, ``056.dog/greg``).
"""

import re

from ..errors import ParameterError
from . import official
from .listing import Listing, folder_names

KINDS = ("caltech101", "caltech256", "scene15", "kth_tips")
OPTIONS = ("clutter",)

_CALTECH256 = re.compile(r"\d{3}\.[\w-]+", re.ASCII)
_CALTECH256_CLUTTER = "257.clutter"
_CHILDREN = ("101_ObjectCategories", "256_ObjectCategories")
_CLASSES = {
    "caltech101": {*official.CALTECH101, official.CALTECH101_CLUTTER},
    "scene15": set(official.SCENE15),
    "kth_tips": set(official.KTH_TIPS),
}
#: so many of a set's class names, and no other name, make a folder recognized
_ENOUGH = 4


def recognize(root):
    """Which of ``KINDS`` a folder holds, or None."""
    found = set(folder_names(_home(root)))
    for kind, names in _CLASSES.items():
        if len(found) >= _ENOUGH and found <= names:
            return kind
    return "caltech256" if len(found) >= _ENOUGH and all(map(_CALTECH256.fullmatch, found)) else None


def read(root, kind, options):
    """Read one of ``KINDS``; see :func:`bovw.open_dataset`."""
    home = _home(root)
    listing = Listing(home, options)
    clutter = {"caltech101": official.CALTECH101_CLUTTER, "caltech256": _CALTECH256_CLUTTER}.get(kind)
    if options.clutter is not None and clutter is None:
        raise ParameterError(f"clutter={options.clutter!r} has no meaning for {home}, which is of kind {kind!r}")
    keep = (options.clutter or ("keep" if kind == "caltech101" else "drop")) == "keep"
    folders = [entry.name for entry in listing.entries() if entry.is_dir()]
    if kind in _CLASSES:
        official.check_kind(home, kind, folders, _CLASSES[kind])
    for name in folders:
        if name != clutter or keep:
            listing.add_folder(name, name)
    notes = []
    if clutter:
        notes.append(
            f"{clutter} is " + ("one of the classes; clutter='drop' leaves it out" if keep else
                                "left out; clutter='keep' makes it a class")
        )
    counts = listing.counts()
    return listing.dataset(
        kind, [name for name in folders if name in counts], notes=notes, problems=_compare(kind, counts, clutter)
    )


def _compare(kind, counts, clutter):
    objects = {name: count for name, count in counts.items() if name != clutter}
    if kind == "scene15":
        return official.compare_classes(objects, official.SCENE15) + official.compare_counts(
            "images", objects, official.SCENE15
        )
    if kind == "kth_tips":
        return official.compare_classes(objects, official.KTH_TIPS) + official.compare_counts(
            "images", objects, official.KTH_TIPS
        )
    if kind == "caltech101":
        problems = official.compare_classes(objects, official.CALTECH101)
        totals = official.N_CALTECH101, official.N_CALTECH101_CLUTTER
    else:
        numbers = [f"{n:03d}" for n in range(1, official.N_CALTECH256_CLASSES + 1)]
        problems = official.compare_classes({name[:3] for name in objects}, numbers)
        totals = official.N_CALTECH256, official.N_CALTECH256_CLUTTER
    problems += official.compare_total("images of objects", sum(objects.values()), totals[0])
    if clutter in counts:
        problems += official.compare_total(f"images of {clutter}", counts[clutter], totals[1])
    return problems


def _home(root):
    """The folder of class folders: ``root`` or a well-known folder in it."""
    return next((root / name for name in _CHILDREN if (root / name).is_dir()), root)
