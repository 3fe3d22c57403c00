"""``Dataset``: which images there are, of which class, and how they are split."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import ParameterError


@dataclass(frozen=True, eq=False)
class Dataset:
    """The images of a data set on disk, none of them decoded.

    Attributes
    ----------
    images : list of pathlib.Path
        The image files; give them to an extractor, a classifier or an
        ``ImageCollection``.
    names : tuple of str
        The same files relative to ``root``, with ``/`` between folders on every
        system. Names are what split files and reports use.
    labels : array of shape (n_images,), int64
        Indices into ``classes``.
    classes : tuple of str
    train, test : array of int64 or None
        Indices of the training and test images, where the data set says so.
    root : pathlib.Path
    skipped : tuple of str
        Names of files that were left out because they are no images.

    Raises
    ------
    ParameterError
        If the parts do not fit together.
    """

    images: list
    names: tuple
    labels: np.ndarray
    classes: tuple
    train: np.ndarray | None = None
    test: np.ndarray | None = None
    root: Path | None = None
    skipped: tuple = ()

    def __post_init__(self):
        labels = np.asarray(self.labels)
        if labels.ndim != 1 or (labels.size and labels.dtype.kind not in "iu"):
            raise ParameterError("labels must be a 1-d array of integers")
        _set_field(self, "labels", labels.astype(np.int64))
        _set_field(self, "names", tuple(self.names))
        _set_field(self, "classes", tuple(self.classes))
        if not len(self.images) == len(self.names) == len(labels):
            raise ParameterError(
                f"{len(self.images)} images, {len(self.names)} names and {len(labels)} labels; "
                "there must be as many of each"
            )
        if labels.size and not (0 <= labels.min() and labels.max() < len(self.classes)):
            raise ParameterError(f"labels must lie in [0, {len(self.classes)}), the number of classes")
        if (self.train is None) != (self.test is None):
            raise ParameterError("train and test must be given together")
        if self.train is not None:
            _set_field(self, "train", self._check_indices("train", self.train))
            _set_field(self, "test", self._check_indices("test", self.test))
            if np.intersect1d(self.train, self.test).size:
                raise ParameterError("train and test share images")

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
        """Images of each class, (n_classes,) int64."""
        return np.bincount(self.labels, minlength=len(self.classes))

    def with_split(self, train, test):
        """The same data set with these training and test indices."""
        return replace(self, train=train, test=test)

    def __repr__(self):
        split = "no split" if self.train is None else f"{len(self.train)} train, {len(self.test)} test"
        where = "" if self.root is None else f"{str(self.root)!r}: "
        return f"Dataset({where}{len(self)} images, {len(self.classes)} classes, {split})"


def _set_field(dataset, name, value):
    """Assign to a field of a frozen dataclass, for its own ``__post_init__``."""
    object.__setattr__(dataset, name, value)
