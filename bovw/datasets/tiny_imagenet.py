"""Tiny ImageNet: 200 synsets of 64 x 64 images, ``val`` labelled by a list.

::

    wnids.txt                        the classes, in their order
    words.txt                        wnid, TAB, words
    train/<wnid>/images/*.JPEG
    val/val_annotations.txt          file name, TAB, wnid, TAB, box
    val/images/*.JPEG
    test/images/*.JPEG               without labels; not read
"""

import numpy as np

from .._text import text_lines
from ..errors import DatasetError
from . import official
from .listing import Listing
from .synset_words import WNID, find_words

KINDS = ("tiny_imagenet",)
OPTIONS = ()


def recognize(root):
    """``"tiny_imagenet"`` if ``root`` or a folder in it is one, else None."""
    return KINDS[0] if (_home(root) / "wnids.txt").is_file() and (_home(root) / "train").is_dir() else None


def read(root, kind, options):
    """Read Tiny ImageNet; see :func:`bovw.open_dataset`."""
    root = _home(root)
    wnids = _read_wnids(root / "wnids.txt")
    listing = Listing(root, options)
    for wnid in wnids:
        if (root / "train" / wnid / "images").is_dir():
            listing.add_folder(f"train/{wnid}/images", wnid)
    trained, n_train = listing.counts(), len(listing)
    problems = official.compare_total("classes", len(wnids), official.N_TINY_IMAGENET_CLASSES)
    problems += official.compare_classes(trained, wnids)
    annotations = root / "val" / "val_annotations.txt"
    truth = _read_annotations(annotations, set(wnids)) if annotations.is_file() else {}
    split = {}
    if truth and (root / "val" / "images").is_dir():
        listing.add_folder("val/images", lambda name: truth.get(name) if truth.get(name) in trained else None)
        found = {name.rpartition("/")[2] for name in listing.names[n_train:]}
        if absent := {name for name, wnid in truth.items() if wnid in trained} - found:
            problems.append(f"{len(absent)} images of {annotations.name} are missing: {official.listed(absent)}")
        split = {"train": np.arange(n_train), "test": np.arange(n_train, len(listing))}
    else:
        problems.append("val/val_annotations.txt or val/images is missing: there is no test set")
    complete = official.N_TINY_IMAGENET
    problems += official.compare_counts("training images", trained, dict.fromkeys(trained, complete["train"]))
    problems += official.compare_counts(
        "val images", listing.counts(n_train), dict.fromkeys(trained, complete["val"])
    )
    classes = [wnid for wnid in wnids if wnid in trained]
    return listing.dataset(
        kind, classes, wnids=classes, words=find_words(root, options.devkit, classes), problems=problems,
        notes=["test/images has no labels and is not read"], **split,
    )


def _home(root):
    return root / "tiny-imagenet-200" if (root / "tiny-imagenet-200").is_dir() else root


def _read_wnids(path):
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; Tiny ImageNet lists its classes there")
    wnids = [line.strip() for _, line in text_lines(path) if line.strip()]
    wrong = next((wnid for wnid in wnids if not WNID.fullmatch(wnid)), None)
    if wrong or len(set(wnids)) < len(wnids) or not wnids:
        raise DatasetError(f"{path}: must hold one wnid a line, each once" + (f", not {wrong[:40]!r}" if wrong else ""))
    return wnids


def _read_annotations(path, wnids):
    truth = {}
    for number, line in text_lines(path):
        if not line.strip():
            continue
        name, _, rest = line.partition("\t")
        wnid = rest.partition("\t")[0].strip()
        if wnid not in wnids:
            raise DatasetError(f"{path}, line {number}: {wnid[:40]!r} is not in wnids.txt")
        if name in truth:
            raise DatasetError(f"{path}, line {number}: {name[:80]!r} comes twice")
        truth[name] = wnid
    return truth
