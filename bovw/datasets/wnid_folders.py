"""ImageNet sorted by synset: a folder or a tar archive a wnid. Imagenette is one of these.

Three layouts: ``<wnid>/<image>`` or ``<wnid>.tar``, side by side if need be; the same
below ``train`` and ``val`` (or ``test``); one archive of an archive a synset. Archives
are read in place. Classes are the wnids in the order of their numbers, as everywhere
where no development kit says otherwise.
"""

import os

import numpy as np

from ..errors import DatasetError
from . import official
from .listing import Listing
from .synset_words import WNID, find_words

KINDS = ("imagenette", "imagenet")
OPTIONS = ("test_part", "devkit")

_TEST_PARTS = ("val", "test")
_ARCHIVES = (".tar", ".tgz")  # those that are compressed are refused with the remedy when they are read


def recognize(root):
    """Which of ``KINDS`` lies at ``root``, or None."""
    if root.is_file():
        return "imagenet" if root.suffix in _ARCHIVES or root.stem.endswith(".tar") else None
    wnids = synsets_in(root / "train")
    if wnids == set(official.IMAGENETTE):
        return "imagenette"
    return "imagenet" if wnids or synsets_in(root) else None


def synsets_in(folder):
    """The wnids of a folder of synsets' folders and archives (and loose files); empty where there are other folders."""
    try:
        with os.scandir(folder) as scan:
            names = [e.name for e in scan if not e.name.startswith(".") and (e.name.endswith(".tar") or e.is_dir())]
    except OSError:
        return set()
    found = {name.removesuffix(".tar") for name in names}
    return found if all(map(WNID.fullmatch, found)) else set()


def add_synsets(listing, where, wanted=None):
    """Add the synsets of a folder; ``wanted`` limits them. Returns the wnids met, empty ones included.

    Images in folders are told by their suffix, so that a million of them are listed
    without opening one.
    """
    met = []
    for entry in listing.entries(where):
        wnid = entry.name.removesuffix(".tar")
        is_archive = entry.is_file() and entry.name.endswith(".tar")
        if not WNID.fullmatch(wnid) or not (entry.is_dir() or is_archive):
            continue
        if met[-1:] == [wnid]:  # the folder comes before the archive
            listing.reasons[f"{where}/{entry.name}".lstrip("/")] = "the synset's folder is read instead"
            continue
        met.append(wnid)
        if wanted is not None and wnid not in wanted:
            continue
        name = f"{where}/{wnid}" if where else wnid
        if is_archive:
            try:
                listing.add_tar(listing.root / f"{name}.tar", f"{name}/", lambda _, wnid=wnid: wnid)
            except DatasetError as error:  # one of a thousand archives is no reason to read none
                listing.reasons[f"{name}.tar"] = str(error)
        else:
            listing.add_folder(name, wnid, sniff=False)
    return met


def read(root, kind, options):
    """Read one of ``KINDS``; see :func:`bovw.open_dataset`."""
    if root.is_file():
        return _read_archive(root, options)
    listing = Listing(root, options)
    if not synsets_in(root / "train"):
        if options.test_part is not None:
            raise DatasetError(f"{root / 'train'}: has no synset folders, so test_part={options.test_part!r} is none")
        met = add_synsets(listing, "")
        return _dataset(listing, kind, met, root, options, [])
    test_part = _choose_test_part(root, options.test_part)
    met = add_synsets(listing, "train")
    n_train, trained = len(listing), listing.counts()
    tested = add_synsets(listing, test_part, wanted=trained)
    problems = []
    if untrained := set(tested) - set(trained):
        problems.append(
            f"{len(untrained)} classes of {test_part} have no training images and are left out: "
            f"{official.listed(untrained)}"
        )
    if untested := set(trained) - set(listing.counts(n_train)):
        problems.append(f"{len(untested)} classes have no {test_part} images: {official.listed(untested)}")
    if kind == "imagenette":
        problems += official.compare_classes(trained, official.IMAGENETTE)
        for part, found in (("train", n_train), ("val", len(listing) - n_train)):
            if part != "val" or test_part == "val":
                problems += official.compare_total(f"{part} images", found, official.N_IMAGENETTE[part])
    split = {"train": np.arange(n_train), "test": np.arange(n_train, len(listing))}
    return _dataset(listing, kind, met, root, options, problems, **split)


def _choose_test_part(root, wanted):
    present = [part for part in _TEST_PARTS if synsets_in(root / part)]
    if wanted is not None and wanted not in present:
        raise DatasetError(f"{root / wanted}: has no synset folders; test_part may be {present or 'left out'}")
    if not present:
        raise DatasetError(f"{root}: has train but no synset folders in val or test; read {root / 'train'} alone")
    return wanted or present[0]


def _read_archive(path, options):
    listing = Listing(path.parent, options)
    listing.add_tar(path, "", lambda name: first if WNID.fullmatch(first := name.partition("/")[0]) else None)
    if not len(listing):
        return _read_archive_of_classes(path, options)
    met = sorted(listing.counts())
    return _dataset(listing, "imagenet", met, path.parent, options, [])


def _read_archive_of_classes(path, options):
    """An archive without wnids: the class of an image is the folder that it lies in."""
    listing = Listing(path.parent, options)
    listing.add_tar(path, "", lambda name: name.rpartition("/")[0].rpartition("/")[2] or None)
    if not len(listing):
        raise DatasetError(f"{path}: holds no images in folders; an archive of <class>/<image> is needed")
    problems = []
    if listing.reasons:
        problems.append(f"{len(listing.reasons)} files were left out: {official.listed(listing.reasons, 3)}")
    return listing.dataset("folder", sorted(listing.counts()), problems=problems)


def _dataset(listing, kind, met, folder, options, problems, **split):
    counts = listing.counts()
    classes = sorted(counts)
    if empty := set(met) - set(counts):
        problems = [f"{len(empty)} synsets have no images: {official.listed(empty)}", *problems]
    notes = []
    if kind == "imagenette":
        words = tuple(official.IMAGENETTE.get(wnid, "") for wnid in classes)
    else:
        words = find_words(folder, options.devkit, classes)
        notes.append("images a synset are not checked: ImageNet's counts changed over the years")
    if listing.reasons:
        problems.append(f"{len(listing.reasons)} files were left out: {official.listed(listing.reasons, 3)}")
    return listing.dataset(kind, classes, wnids=classes, words=words, notes=notes, problems=problems, **split)
