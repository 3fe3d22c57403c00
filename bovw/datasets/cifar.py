"""CIFAR-10 and CIFAR-100: python batches, binary batches, or folders of images.

Batches hold rows of 3072 bytes, a 32 x 32 plane of red, then green, then blue. They
become (32, 32, 3) uint8 arrays in memory, 150 MB in all, named after batch and row:
``data_batch_1/00042``, the same in the python and the binary version. Classes stand in
the order of the label numbers. CIFAR-100 is read with its 100 fine labels, and as
``"cifar100_coarse"`` with its 20 coarse ones.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from .._text import text_lines
from ..errors import DatasetError
from . import official
from .batches import MAX_BATCH_BYTES, load_batch
from .dataset import Dataset
from .folder import read_folder
from .listing import folder_names

OPTIONS = ()

_CHILDREN = ("cifar-10-batches-py", "cifar-10-batches-bin", "cifar-100-python", "cifar-100-binary")
_PIXELS = 3 * 32 * 32


@dataclass(frozen=True)
class _Version:
    """What the files of one set of labels are called, and where the labels stand in them."""

    classes: tuple
    train: tuple
    test: str
    python_meta: str
    python_names: str
    binary_names: str
    python_labels: str
    label_bytes: int = 1
    label_byte: int = 0


_CIFAR10 = _Version(
    official.CIFAR10, tuple(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta", "label_names",
    "batches.meta.txt", "labels",
)
_CIFAR100 = _Version(
    official.CIFAR100, ("train",), "test", "meta", "fine_label_names", "fine_label_names.txt", "fine_labels",
    label_bytes=2, label_byte=1,
)
_VERSIONS = {
    "cifar10": _CIFAR10, "cifar100": _CIFAR100,
    "cifar100_coarse": replace(
        _CIFAR100, classes=official.CIFAR100_COARSE, python_names="coarse_label_names",
        binary_names="coarse_label_names.txt", python_labels="coarse_labels", label_byte=0,
    ),
}
KINDS = tuple(_VERSIONS)


def recognize(root):
    """Which of ``KINDS`` ``root`` or a folder in it is, or None; batches of CIFAR-100 are of its fine labels."""
    home = _home(root)
    for kind in KINDS:
        if _batch_files(home, kind):
            return kind
        found = set(folder_names(home / "train"))
        if found and found == set(_VERSIONS[kind].classes) and folder_names(home / "test"):
            return kind
    return None


def read(root, kind, options):
    """Read one of ``KINDS``; see :func:`bovw.open_dataset`."""
    home = _home(root)
    files = _batch_files(home, kind)
    if not files:
        return _read_images(home, kind, options)
    classes, problems = _class_names(home, kind)
    images, labels, names, digest, n_train = [], [], [], hashlib.sha256(), 0
    version = _VERSIONS[kind]
    wanted = (*version.train, version.test)
    if absent := [name for name in wanted if name not in files]:
        problems.append(f"{len(absent)} batches are missing: {official.listed(absent)}")
    for name in wanted:
        if name in files:
            pixels, numbers = _read_batch(files[name], version, len(classes), digest)
            images.extend(pixels)
            labels.append(numbers)
            names.extend(f"{name}/{i:05d}" for i in range(len(pixels)))
            n_train += len(pixels) if name != version.test else 0
    labels = np.concatenate(labels)
    parts = {"train": labels[:n_train], "test": labels[n_train:]}
    for part, found in parts.items():
        counts = dict(zip(classes, np.bincount(found, minlength=len(classes)).tolist(), strict=True))
        problems += official.compare_counts(f"{part} images", counts, _complete(kind, part))
    split = {}
    if 0 < n_train < len(labels):
        split = {"train": np.arange(n_train), "test": np.arange(n_train, len(labels))}
    return Dataset(
        images=images, names=names, labels=labels, classes=classes, root=home, kind=kind, problems=problems,
        words=[name.replace("_", " ") for name in classes], digest=digest.hexdigest(), **split,
    )


def _read_images(home, kind, options):
    if not folder_names(home / "train"):
        raise DatasetError(f"{home}: has neither batches of {kind} nor train and test folders")
    data = read_folder(home, test_folder="test", on_error=options.on_error, follow_symlinks=options.follow_symlinks)
    official.check_kind(home, kind, data.classes, _VERSIONS[kind].classes)
    problems = official.compare_classes(data.classes, _VERSIONS[kind].classes)
    for part, index in (("train", data.train), ("test", data.test)):
        found = np.bincount(data.labels[index], minlength=len(data.classes)).tolist()
        problems += official.compare_counts(
            f"{part} images", dict(zip(data.classes, found, strict=True)), _complete(kind, part)
        )
    return replace(
        data, kind=kind, problems=problems, words=[name.replace("_", " ") for name in data.classes],
        notes=("classes stand in alphabetical order, which is that of the label numbers",),
    )


def _home(root):
    return next((root / name for name in _CHILDREN if (root / name).is_dir()), root)


def _batch_files(home, kind):
    """{batch: file} of the batches that are there, python ones first."""
    found, version = {}, _VERSIONS[kind]
    for name in (*version.train, version.test):
        if (home / name).is_file() and (home / version.python_meta).is_file():
            found[name] = home / name
        elif (home / f"{name}.bin").is_file():
            found[name] = home / f"{name}.bin"
    return found


def _class_names(home, kind):
    """The classes in the order of the labels, and problems."""
    version = _VERSIONS[kind]
    python, binary = home / version.python_meta, home / version.binary_names
    if python.is_file():
        names = load_batch(python).get(version.python_names)
    elif binary.is_file():
        names = [line.strip() for _, line in text_lines(binary) if line.strip()]
    else:
        return version.classes, [f"{binary.name} is missing: the official class names are assumed"]
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise DatasetError(f"{python}: has no list of class names")
    if len(set(names)) < len(names):
        raise DatasetError(f"{home}: a class name comes twice in its list of classes")
    return tuple(names), official.compare_classes(names, version.classes)


def _read_batch(path, version, n_classes, digest):
    """(n, 32, 32, 3) uint8 pixels and (n,) int64 labels; the file's bytes go into ``digest``."""
    label_bytes = version.label_bytes
    if path.suffix == ".bin":
        size = path.stat().st_size
        if size == 0 or size % (label_bytes + _PIXELS) or size > MAX_BATCH_BYTES:
            raise DatasetError(
                f"{path}: has {size} bytes; a batch has a multiple of {label_bytes + _PIXELS}, at most "
                f"{MAX_BATCH_BYTES}; copy it again"
            )
        data = np.fromfile(path, np.uint8).reshape(-1, label_bytes + _PIXELS)
        labels, rows = data[:, version.label_byte].astype(np.int64), data[:, label_bytes:]
    else:
        batch = load_batch(path)
        rows, labels = batch.get("data"), batch.get(version.python_labels)
        if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != _PIXELS:
            raise DatasetError(f"{path}: has no uint8 array 'data' of {_PIXELS} columns")
        labels = np.asarray(labels)
        if labels.shape != (len(rows),) or labels.dtype.kind not in "iu":
            raise DatasetError(f"{path}: has no list of {len(rows)} integer labels")
        labels = labels.astype(np.int64)
    if labels.min(initial=0) < 0 or labels.max(initial=0) >= n_classes:
        raise DatasetError(f"{path}: has the label {labels.max()}; labels must lie in [0, {n_classes})")
    pixels = np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    digest.update(pixels.data)
    digest.update(labels.data)
    return pixels, labels


def _complete(kind, part):
    classes = _VERSIONS[kind].classes
    return dict.fromkeys(classes, official.N_CIFAR[len(classes)][part])
