"""ILSVRC 2010, 2011 and 2012 with their development kits.

What is looked for in the folder (or in ``Data/CLS-LOC`` or ``ILSVRC/Data/CLS-LOC``
in it), each part as a folder or as the archive that was distributed, read in place:

train
    ``train/`` or ``ILSVRC2012_img_train/`` with a folder or an archive a synset; or
    ``ILSVRC2012_img_train.tar``, the archive of archives.
val, test
    A flat folder or archive of ``ILSVRC2012_val_00000001.JPEG``, labelled by the line
    of the ground-truth file that the number in the name gives, so that parts of a set
    keep their labels; or a folder a synset, as many have sorted them.
development kit
    ``meta.mat``, in the folder, in ``data/`` or in ``*devkit*/data/``; beside it
    ``ILSVRC2012_validation_ground_truth.txt``.

Classes stand in the order of the kit's ids, which ``ids`` keeps; a class is called by
its wnid, since words are not unique (the bird and the machine are both *crane*).
"""

import re
from functools import partial

import numpy as np

from .._text import text_lines
from ..errors import DatasetError
from ..taxonomy import Taxonomy
from . import official
from .listing import Listing
from .wnid_folders import add_synsets, synsets_in

KINDS = ("ilsvrc2010", "ilsvrc2011", "ilsvrc2012")
OPTIONS = ("test_part", "devkit")

_BASES = ("", "Data/CLS-LOC", "ILSVRC/Data/CLS-LOC")
_PART = re.compile(r"(?:ILSVRC(\d{4})_(?:img|images)_)?(train|val|test)(?:_v\d+)?(\.tar)?", re.ASCII)
_META = ("meta.mat", "data/meta.mat", "meta_clsloc.mat", "data/meta_clsloc.mat")
_TRUTH = re.compile(r"ILSVRC(\d{4})_(?:clsloc_)?(validation|test)_ground_truth\.txt", re.ASCII)
_NUMBER = re.compile(r".*_(\d{8})\.\w+", re.ASCII)
_TRUTH_NAME = {"val": "validation", "test": "test"}


def recognize(root, devkit=None):
    """Which of ``KINDS`` a folder holds, by its development kit and the names of its parts; or None."""
    meta = _find_meta(devkit or root)
    if meta is None or not any(_find_part(root, part) for part in ("train", "val", "test")):
        return None
    return _kind(root, meta)


def read(root, kind, options):
    """Read one of ``KINDS``; see :func:`bovw.open_dataset`."""
    year = int(kind[-4:])
    meta = _find_meta(options.devkit or root)
    if meta is None:
        raise DatasetError(
            f"{options.devkit or root}: has no meta.mat of a development kit; put the kit there or pass devkit, or "
            "read sorted synsets with kind='imagenet'"
        )
    taxonomy = Taxonomy.read(meta)
    leaves = sorted((w for w in taxonomy.leaves() if taxonomy[w].id), key=lambda w: taxonomy[w].id)
    wnid_of = {taxonomy[wnid].id: wnid for wnid in leaves}
    problems = official.compare_total("classes in the kit", len(leaves), official.N_ILSVRC_CLASSES)
    test_part = options.test_part or ("test" if _find_part(root, "test") and not _find_part(root, "val") else "val")
    listing = Listing(root, options)
    where = _find_part(root, "train")
    if where:
        strangers = _add_train(listing, where, set(leaves))
        problems += _check_train(listing, taxonomy, leaves, strangers, official.ILSVRC[year]["train"])
    else:
        problems.append("the training images are missing")
    n_train, trained = len(listing), listing.counts()
    n_unlabelled = 0
    where = _find_part(root, test_part)
    if where:
        wanted = set(trained) or set(leaves)
        truth = _find_truth(meta, root, year, test_part)
        n_unlabelled = _add_test(listing, where, truth, wnid_of, wanted, test_part)
        complete = official.ILSVRC[year][test_part]
        problems += official.compare_total(f"{test_part} images", len(listing) - n_train, complete)
    else:
        problems.append(f"the {test_part} images are missing")
    if n_unlabelled:
        problems.append(
            f"{n_unlabelled} {test_part} images are left out: no label, or of a class without training images"
        )
    if listing.reasons:
        problems.append(f"{len(listing.reasons)} files were left out: {official.listed(listing.reasons, 3)}")
    split = {}
    if 0 < n_train < len(listing):
        split = {"train": np.arange(n_train), "test": np.arange(n_train, len(listing))}
    found = listing.counts()
    classes = [wnid for wnid in leaves if wnid in found]
    return listing.dataset(
        kind, classes, wnids=classes, words=[taxonomy[wnid].words for wnid in classes],
        ids=np.array([taxonomy[wnid].id for wnid in classes], np.int64), problems=problems, **split,
    )


def _kind(root, meta):
    """The year by the names of archives, folders and ground truth; the latest where nothing says."""
    names = [p.name for p in root.iterdir()] + [p.name for p in meta.parent.iterdir()]
    years = [match[1] for match in map(re.compile(r"ILSVRC(\d{4})_").match, names) if match]
    known = [f"ilsvrc{year}" for year in years if f"ilsvrc{year}" in KINDS]
    return max(known, key=known.count, default=KINDS[-1])


def _find_meta(root):
    if root.is_file():
        return root
    if not root.is_dir():
        return None
    kits = sorted(p for p in root.iterdir() if p.is_dir() and "devkit" in p.name.lower())
    return next((folder / name for folder in (root, *kits) for name in _META if (folder / name).is_file()), None)


def _find_part(root, part):
    """The folder (first choice) or archive of a part, relative to ``root``; None without one."""
    found = []
    for base in _BASES:
        if (root / base).is_dir():
            for path in sorted((root / base).iterdir()):
                match = _PART.fullmatch(path.name)
                if match and match[2] == part and (path.is_file() if match[3] else path.is_dir()):
                    found.append((bool(match[3]), path.relative_to(root).as_posix()))
    return min(found)[1] if found else None


def _find_truth(meta, root, year, part):
    """The ground-truth file of a part, or None."""
    for folder in (meta.parent, root):
        for path in sorted(folder.iterdir()):
            match = _TRUTH.fullmatch(path.name)
            if match and match[2] == _TRUTH_NAME[part] and int(match[1]) == year:
                return path
    return None


def _add_train(listing, where, leaves):
    """Add the training images; return the synsets met that are no classes."""
    if not where.endswith(".tar"):
        return set(add_synsets(listing, where, wanted=leaves)) - leaves
    strangers = set()

    def synset_of(name):
        wnid = name.partition("/")[0]
        if wnid in leaves:
            return wnid
        strangers.add(wnid)
        return None

    listing.add_tar(listing.root / where, "train/", synset_of)
    return strangers


def _check_train(listing, taxonomy, leaves, strangers, total):
    found = listing.counts()
    problems = official.compare_classes(found, leaves)
    if strangers:
        problems.append(f"{len(strangers)} synsets of train are no classes of the kit: {official.listed(strangers)}")
    kit = {wnid: int(n) for wnid, n in zip(taxonomy.wnids, taxonomy.n_train_images, strict=True) if n}
    problems += official.compare_counts("training images", found, kit)
    return problems + official.compare_total("training images", len(listing), total)


def _add_test(listing, where, truth, wnid_of, wanted, part):
    """Add the labelled images of ``val`` or ``test``; return how many were left out."""
    if not where.endswith(".tar") and synsets_in(listing.root / where):
        add_synsets(listing, where, wanted)
        return 0
    if truth is None:
        raise DatasetError(
            f"{listing.root / where}: its images need a file ILSVRC..._{_TRUTH_NAME[part]}_ground_truth.txt beside "
            "meta.mat or in the folder; add it, or read the other part with test_part"
        )
    labels = _read_truth(truth, wnid_of)
    left_out = []
    label = partial(_label, labels=labels, wanted=wanted, left_out=left_out)
    if where.endswith(".tar"):
        listing.add_tar(listing.root / where, f"{part}/", label)
    else:
        listing.add_folder(where, label, sniff=False)
    return len(left_out)


def _label(name, labels, wanted, left_out):
    match = _NUMBER.fullmatch(name)
    number = int(match[1]) if match else 0
    wnid = labels[number - 1] if 1 <= number <= len(labels) else None
    if wnid in wanted:
        return wnid
    left_out.append(name)
    return None


def _read_truth(path, wnid_of):
    """The wnid of each line."""
    wnids = []
    for number, line in text_lines(path):
        text = line.strip()
        wnid = wnid_of.get(int(text)) if text.isdecimal() and len(text) < 9 else None
        if text and wnid is None:
            raise DatasetError(f"{path}, line {number}: {text[:40]!r} is none of the {len(wnid_of)} classes' ids")
        if text:
            wnids.append(wnid)
    return wnids
