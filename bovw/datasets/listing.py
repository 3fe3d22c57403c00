"""What the readers share: listing folders and archives, and the images found so far."""

import os
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DatasetError
from ..images.formats import HEAD_BYTES, sniff_format, why_not_an_image
from .dataset import Dataset
from .tar import TarMember
from .tar_index import cached_scan

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ras")


@dataclass(frozen=True)
class ReadOptions:
    """The keyword arguments of :func:`open_dataset` that readers look at."""

    on_error: str = "raise"
    follow_symlinks: bool = False
    test_part: str | None = None
    devkit: Path | None = None
    clutter: str | None = None
    cache: Path | None = None


def list_folder(path, follow_symlinks=False):
    """What lies in a folder, sorted by name, without hidden entries; links are refused unless followed.

    Raises
    ------
    DatasetError
        If the folder cannot be listed or holds a symbolic link.
    """
    try:
        with os.scandir(path) as scan:
            entries = sorted((e for e in scan if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be listed ({error.strerror}); check its permissions") from None
    link = next((e.path for e in entries if e.is_symlink()), None)
    if link and not follow_symlinks:
        raise DatasetError(f"{link}: is a symbolic link; put a copy in its place, or pass follow_symlinks=True")
    return entries


def folder_names(path):
    """Sorted names of the folders in a folder, links to folders included; empty where there is no such folder."""
    try:
        with os.scandir(path) as scan:
            return sorted(entry.name for entry in scan if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []


def why_no_image(entry):
    """Why a folder's entry is no image, by its first bytes; None for an image."""
    if not entry.is_file():
        return "a link to nothing" if entry.is_symlink() else "not a regular file"
    try:
        with open(entry.path, "rb", buffering=0) as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        return f"cannot be opened ({error.strerror})"
    return None if sniff_format(head) else why_not_an_image(head)


def _why_no_image_name(entry):
    """Why a folder's entry is no image, by its name and type alone; None for what may be one."""
    if not entry.is_file():
        return "a link to nothing" if entry.is_symlink() else "not a regular file"
    return None if entry.name.lower().endswith(IMAGE_SUFFIXES) else "does not have an image's suffix"


def _as_text(name):
    """A file name with the bytes that are not UTF-8 written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


class ImageList(Sequence):
    """Image sources made when they are asked for: paths, and members of tar archives.

    A million ``Path`` objects take half a gigabyte; this takes 20 bytes an image
    beside the names, which the data set has anyway.

    Parameters
    ----------
    root : pathlib.Path
    names : sequence of str
    archives : sequence of pathlib.Path
    archive, offset, size : sequences of int
        For each image the number of its archive, -1 for a file ``root / name``, and
        its bytes inside the archive.
    """

    def __init__(self, root, names, archives, archive, offset, size):
        self._root, self._names, self._archives = root, names, archives
        self._archive = np.asarray(archive, np.int32)
        self._offset, self._size = np.asarray(offset, np.int64), np.asarray(size, np.int64)

    def __len__(self):
        return len(self._names)

    def __getitem__(self, key):
        """A source for an integer, a list of sources for a slice."""
        if isinstance(key, slice):
            return [self[i] for i in range(*key.indices(len(self)))]
        name = self._names[key]
        archive = self._archive[key]
        if archive < 0:
            return self._root / name
        return TarMember(self._archives[archive], name, int(self._offset[key]), int(self._size[key]))

    def sizes(self):
        """Bytes of each image, (n,) int64."""
        sizes = self._size.copy()
        for i in np.flatnonzero(self._archive < 0):
            sizes[i] = os.stat(self._root / self._names[i]).st_size
        return sizes


class Listing:
    """Collects the images of one data set.

    Parameters
    ----------
    root : pathlib.Path
        What names are relative to.
    options : ReadOptions
    """

    def __init__(self, root, options):
        self.root, self.options = Path(root), options
        self.names, self.class_names = [], []
        self.reasons = {}
        self._archives = []
        self._archive, self._offset, self._size = array("i"), array("q"), array("q")

    def __len__(self):
        return len(self.names)

    def entries(self, where=""):
        """What lies in ``root/where``, sorted."""
        return list_folder(self.root / where, self.options.follow_symlinks)

    def skip(self, name, reason):
        """Leave out a file, or raise DatasetError for it where ``on_error`` says so and it has an image's name."""
        name = _as_text(name)
        if self.options.on_error == "raise" and name.lower().endswith(IMAGE_SUFFIXES):
            raise DatasetError(f"{self.root / name}: {reason}; remove it or pass on_error='skip'")
        self.reasons[name] = reason

    def add_file(self, name, class_name):
        """Add the file ``root/name``; one whose name is not UTF-8 could stand in no list and is left out."""
        if not name.isascii() and _as_text(name) != name:
            self.skip(name, "its name is not UTF-8; rename it")
        else:
            self._add(name, class_name, -1, 0, 0)

    def add_folder(self, where, class_name, *, sniff=True):
        """Add the image files that lie directly in ``root/where``.

        Parameters
        ----------
        where : str
        class_name : str, or callable
            A callable gives the class for a file name, or None to leave it out.
        sniff : bool, default True
            Whether a file is an image is decided by its first bytes; else by its
            suffix, which opens no file: a million files are listed in seconds.
        """
        for entry in self.entries(where):
            name = f"{where}/{entry.name}" if where else entry.name
            trouble = why_no_image(entry) if sniff else _why_no_image_name(entry)
            label = class_name(entry.name) if callable(class_name) and not trouble else class_name
            if trouble:
                self.skip(name, "is a folder inside a class folder" if entry.is_dir() else trouble)
            elif label is not None:
                self.add_file(name, label)

    def add_tar(self, archive, prefix, class_name):
        """Add the image files of a tar archive.

        Parameters
        ----------
        archive : pathlib.Path
        prefix : str
            What goes before the member's name: empty, or a folder and ``/``.
        class_name : callable
            The class for a member's name, or None to leave it out.
        """
        scan = cached_scan(archive, self.options.cache)
        self._archives.append(Path(archive))
        number = len(self._archives) - 1
        for name, offset, size in zip(scan.names, scan.offsets, scan.sizes, strict=True):
            if (label := class_name(name)) is not None:
                self._add(prefix + name, label, number, offset, size)
        self.reasons.update({prefix + name: reason for name, reason in scan.refused.items()})

    def _add(self, name, class_name, archive, offset, size):
        self.names.append(name)
        self.class_names.append(class_name)
        self._archive.append(archive)
        self._offset.append(offset)
        self._size.append(size)

    def counts(self, start=0):
        """{class: number of images} of the images from number ``start`` on."""
        return Counter(self.class_names[start:])

    def dataset(self, kind, classes, **fields):
        """What was collected, with labels that count along ``classes``."""
        if not self.names:
            raise DatasetError(f"{self.root}: no image of kind {kind!r} was found; check the path to the data")
        number = {name: i for i, name in enumerate(classes)}
        names = tuple(self.names)
        return Dataset(
            images=ImageList(self.root, names, tuple(self._archives), self._archive, self._offset, self._size),
            names=names,
            labels=np.fromiter((number.get(name, -1) for name in self.class_names), np.int64, len(names)),
            classes=classes,
            root=self.root,
            kind=kind,
            skipped=tuple(self.reasons),
            reasons=dict(self.reasons),
            **fields,
        )
