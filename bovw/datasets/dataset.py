"""``Dataset``: which images there are, of which class, and how they are split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import ParameterError


@dataclass(frozen=True, eq=False)
class Dataset:
    """The images of a data set on disk, none of them decoded.

    Attributes
    ----------
    images : sequence
        One image source each: a path, a member of a tar archive, or (CIFAR) an
        array. Give them to an extractor, a classifier or an ``ImageCollection``.
    names : tuple of str
        What the images are called, with ``/`` between folders on every system: for
        files the path relative to ``root``. Split files and reports use names.
    labels : array of shape (n_images,), int64
        Indices into ``classes``. With ``targets``, the first class of each image,
        -1 for an image of no class.
    classes : tuple of str
    train, test : array of int64 or None
        Indices of the training and test images, where the data set says so.
    root : pathlib.Path
    skipped : tuple of str
        Names of files that were left out; ``reasons`` says why.
    kind : str
        Which reader was at work, see :func:`open_dataset`.
    wnids : tuple of str
        WordNet's identifier of each class, in ImageNet and its subsets; else empty.
    words : tuple of str
        The words of each class, where they are known; else empty.
    ids : array of shape (n_classes,), int64, or None
        A development kit's id of each class, for prediction files.
    targets : bool array of shape (n_images, n_classes) or None
        Which classes an image shows, where it may show several (PASCAL VOC).
    difficult : bool array of shape (n_images, n_classes) or None
        Beside ``targets``: a class that is to be seen only with difficulty. Such an
        entry is -1 in the indicator matrix that a classifier learns from, and
        ``ignore`` of :func:`bovw.mean_average_precision`.
    draws : tuple of (train, test)
        Several splits decided by the makers of the data set; the first one is
        ``train`` and ``test``.
    problems : tuple of str
        What an official, complete copy has and this one has not.
    notes : tuple of str
        Rules that were applied, and what was not checked.
    reasons : dict of str to str
        Why each of ``skipped``, and each archive member that was refused, was left out.
    digest : str or None
        sha256 of the files from which images were taken into memory.

    Raises
    ------
    ParameterError
        If the parts do not fit together.
    """

    images: Sequence
    names: tuple
    labels: np.ndarray
    classes: tuple
    train: np.ndarray | None = None
    test: np.ndarray | None = None
    root: Path | None = None
    skipped: tuple = ()
    kind: str = "folder"
    wnids: tuple = ()
    words: tuple = ()
    ids: np.ndarray | None = None
    targets: np.ndarray | None = None
    difficult: np.ndarray | None = None
    draws: tuple = ()
    problems: tuple = ()
    notes: tuple = ()
    reasons: Mapping = field(default_factory=dict)
    digest: str | None = None

    def __post_init__(self):
        for name in ("names", "classes", "wnids", "words", "problems", "notes"):
            _set_field(self, name, tuple(getattr(self, name)))
        self._check_labels()
        self._check_classes()
        self._check_targets()
        if self.draws:
            draws = tuple(self._check_split(f"draw {i}: ", *draw) for i, draw in enumerate(self.draws))
            _set_field(self, "draws", draws)
            if self.train is None:
                _set_field(self, "train", draws[0][0])
                _set_field(self, "test", draws[0][1])
        if (self.train is None) != (self.test is None):
            raise ParameterError("train and test must be given together")
        if self.train is not None:
            train, test = self._check_split("", self.train, self.test)
            _set_field(self, "train", train)
            _set_field(self, "test", test)

    def _check_labels(self):
        labels = np.asarray(self.labels)
        if labels.ndim != 1 or (labels.size and labels.dtype.kind not in "iu"):
            raise ParameterError("labels must be a 1-d array of integers")
        _set_field(self, "labels", labels.astype(np.int64))
        if not len(self.images) == len(self.names) == len(labels):
            raise ParameterError(
                f"{len(self.images)} images, {len(self.names)} names and {len(labels)} labels; "
                "there must be as many of each"
            )
        lowest = 0 if self.targets is None else -1
        if labels.size and not (lowest <= labels.min() and labels.max() < len(self.classes)):
            raise ParameterError(f"labels must lie in [0, {len(self.classes)}), the number of classes")

    def _check_classes(self):
        for name in ("wnids", "words"):
            if getattr(self, name) and len(getattr(self, name)) != len(self.classes):
                raise ParameterError(f"{name} has {len(getattr(self, name))} entries for {len(self.classes)} classes")
        if self.ids is not None:
            ids = np.asarray(self.ids)
            if ids.shape != (len(self.classes),) or ids.dtype.kind not in "iu":
                raise ParameterError(f"ids must be {len(self.classes)} integers, one a class")
            _set_field(self, "ids", ids.astype(np.int64))

    def _check_targets(self):
        shape = (len(self), len(self.classes))
        for name in ("targets", "difficult"):
            matrix = getattr(self, name)
            if matrix is not None and (np.shape(matrix) != shape or np.asarray(matrix).dtype != bool):
                raise ParameterError(f"{name} must be boolean of shape {shape}, images x classes")
        if self.targets is None and self.difficult is not None:
            raise ParameterError("difficult needs targets beside it")

    def _check_split(self, prefix, train, test):
        train, test = (
            self._check_indices(prefix + name, part) for name, part in (("train", train), ("test", test))
        )
        if np.intersect1d(train, test).size:
            raise ParameterError(f"{prefix}train and test share images")
        return train, test

    def _check_indices(self, name, indices):
        indices = np.asarray(indices)
        if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
            raise ParameterError(f"{name} must be a 1-d array of integers")
        if indices.size and not (0 <= indices.min() and indices.max() < len(self)):
            raise ParameterError(f"{name} must lie in [0, {len(self)}), the number of images")
        if len(np.unique(indices)) < len(indices):
            raise ParameterError(f"{name} names an image twice")
        return indices.astype(np.int64)

    def __len__(self):
        """The number of images."""
        return len(self.names)

    @property
    def counts(self):
        """Images of each class, (n_classes,) int64; with ``targets``, an image counts for each of its classes."""
        if self.targets is not None:
            return np.count_nonzero(self.targets, axis=0).astype(np.int64)
        return np.bincount(self.labels, minlength=len(self.classes))

    def sizes(self):
        """Bytes of each image as it is stored, (n_images,) int64."""
        known = getattr(self.images, "sizes", None)
        return known() if known else np.array([_size(image) for image in self.images], np.int64)

    def identity(self):
        """What distinguishes this data set from another, for a fingerprint: names, labels, sizes, no split.

        Returns
        -------
        dict
        """
        identity = {
            "names": list(self.names), "classes": list(self.classes), "labels": self.labels,
            "bytes": self.sizes().tolist(),
        }
        extra = {"targets": self.targets, "difficult": self.difficult, "digest": self.digest}
        return identity | {name: value for name, value in extra.items() if value is not None}

    def with_split(self, train, test):
        """The same data set with another training and test part.

        Parameters
        ----------
        train, test : int arrays
            Numbers of images.
        """
        return replace(self, train=train, test=test, draws=())

    def __repr__(self):
        split = "no split" if self.train is None else f"{len(self.train)} train, {len(self.test)} test"
        where = "" if self.root is None else f"{str(self.root)!r}: "
        kind = "" if self.kind == "folder" else f"{self.kind}, "
        return f"Dataset({where}{kind}{len(self)} images, {len(self.classes)} classes, {split})"


def _size(image):
    if isinstance(image, np.ndarray):
        return image.nbytes
    if isinstance(image, (bytes, bytearray, memoryview)):
        return len(image)
    return image.size if hasattr(image, "open") and hasattr(image, "size") else Path(image).stat().st_size


def _set_field(dataset, name, value):
    """Assign to a field of a frozen dataclass, for its own ``__post_init__``."""
    object.__setattr__(dataset, name, value)
