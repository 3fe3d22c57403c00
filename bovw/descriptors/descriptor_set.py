"""``DescriptorSet``: the ragged container of local descriptors, many images in one.

It is to point sets what CSR is to sparse rows: the descriptors of all images lie
in one ``(n, d)`` matrix, and ``offsets`` says where each image begins. ``len`` is
the number of images and indexing is by image, so scikit-learn's splitters,
``Pipeline`` and ``cross_val_score`` treat it as a list of samples.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .._files import atomic_write
from .._validation import check_matrix
from ..errors import ParameterError, StoreError


class DescriptorSet:
    """Local descriptors of zero or more images.

    Parameters
    ----------
    descriptors : array of shape (n, d), float32 or uint8
        All descriptors, image after image. Other dtypes become float32.
    offsets : array of shape (n_images + 1,), int64, optional
        Image ``i`` owns rows ``offsets[i]:offsets[i + 1]``. By default all rows
        belong to one image.
    frames : array of shape (n, 4), float32, optional
        x, y, scale, angle of each descriptor, in pixels of the image as given to
        the extractor (pixel centers at integers, x right, y down) and radians.
    norms : array of shape (n,), float32, optional
        Strength of each descriptor before normalization (extractor's units).
    sizes : array of shape (n_images, 2), int32, optional
        Height and width of each image in the same pixels.

    Raises
    ------
    ParameterError
        If shapes disagree, offsets do not rise from 0 to n, or values are not finite.
    """

    __slots__ = ("descriptors", "frames", "norms", "offsets", "sizes")

    def __init__(
        self, descriptors: npt.ArrayLike, offsets: npt.ArrayLike | None = None, frames: npt.ArrayLike | None = None,
        norms: npt.ArrayLike | None = None, sizes: npt.ArrayLike | None = None,
    ):
        if isinstance(descriptors, np.ndarray) and descriptors.dtype == np.uint8 and descriptors.ndim == 2:
            self.descriptors = np.ascontiguousarray(descriptors)
        else:
            self.descriptors = check_matrix("descriptors", descriptors)
        n = len(self.descriptors)
        self.offsets = np.array([0, n]) if offsets is None else np.asarray(offsets)
        if self.offsets.ndim != 1 or len(self.offsets) < 1 or self.offsets.dtype.kind not in "iu":
            raise ParameterError("offsets must be a 1-d integer array of length n_images + 1")
        self.offsets = self.offsets.astype(np.int64)
        if self.offsets[0] != 0 or self.offsets[-1] != n or (np.diff(self.offsets) < 0).any():
            raise ParameterError(f"offsets must rise from 0 to the number of descriptors, {n}")
        self.frames = None if frames is None else check_matrix("frames", frames, n_features=4)
        self.norms = None if norms is None else np.ascontiguousarray(norms, dtype=np.float32)
        self.sizes = None if sizes is None else np.ascontiguousarray(sizes, dtype=np.int32)
        if self.frames is not None and len(self.frames) != n:
            raise ParameterError(f"frames has {len(self.frames)} rows for {n} descriptors")
        if self.norms is not None and self.norms.shape != (n,):
            raise ParameterError(f"norms has shape {self.norms.shape} for {n} descriptors")
        if self.sizes is not None and self.sizes.shape != (len(self), 2):
            raise ParameterError(f"sizes has shape {self.sizes.shape}; ({len(self)}, 2) is needed")

    @classmethod
    def concatenate(cls, sets: Iterable[DescriptorSet]) -> DescriptorSet:
        """Join descriptor sets, image after image. Optional parts are kept where all sets have them."""
        sets = list(sets)
        if not sets:
            raise ParameterError("no descriptor sets to concatenate")
        widths = {s.descriptors.shape[1] for s in sets}
        if len(widths) > 1:
            raise ParameterError(f"descriptor sets have different sizes: {sorted(widths)}")
        counts = np.concatenate([np.diff(s.offsets) for s in sets])

        def joined(part):
            arrays = [getattr(s, part) for s in sets]
            return None if any(a is None for a in arrays) else np.concatenate(arrays)

        return cls(
            joined("descriptors"), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            joined("frames"), joined("norms"), joined("sizes"),
        )

    def __len__(self) -> int:
        """The number of images."""
        return len(self.offsets) - 1

    @property
    def n_descriptors(self) -> int:
        """The number of descriptors of all images together."""
        return len(self.descriptors)

    @property
    def descriptor_size(self) -> int:
        """The dimension d of a descriptor."""
        return self.descriptors.shape[1]

    def __getitem__(self, key):
        """The images under ``key`` (an integer, a slice, an integer or boolean array) as a DescriptorSet."""
        if isinstance(key, (numbers.Integral, np.integer)):
            if not -len(self) <= key < len(self):
                raise IndexError(f"image {key} of a DescriptorSet with {len(self)} images")
            key = int(key) % len(self)
            images = slice(key, key + 1)
        elif isinstance(key, slice):
            images = key
        else:
            images = np.asarray(key)
            if images.size == 0:
                images = images.astype(np.int64)
        index = np.arange(len(self))[images]
        if isinstance(images, slice) and (images.step in (None, 1)):
            start, stop = (index[0], index[-1] + 1) if len(index) else (0, 0)
            rows = slice(self.offsets[start], self.offsets[stop])  # a view, no copy
        else:
            parts = [np.arange(self.offsets[i], self.offsets[i + 1]) for i in index]
            rows = np.concatenate(parts) if parts else np.empty(0, np.int64)
        counts = np.diff(self.offsets)[index]
        return DescriptorSet(
            self.descriptors[rows],
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            None if self.frames is None else self.frames[rows],
            None if self.norms is None else self.norms[rows],
            None if self.sizes is None else self.sizes[index],
        )

    def __iter__(self) -> Iterator[DescriptorSet]:
        return (self[i] for i in range(len(self)))

    def positions(self) -> np.ndarray:
        """Positions relative to the image, (n, 2) float32: (x + 0.5) / width and (y + 0.5) / height.

        Every pixel center maps inside (0, 1).

        Raises
        ------
        ParameterError
            If the set has no frames or no sizes.
        """
        if self.frames is None or self.sizes is None:
            missing = "frames" if self.frames is None else "sizes"
            raise ParameterError(f"this DescriptorSet has no {missing}, so positions are unknown")
        size_of_row = np.repeat(self.sizes[:, ::-1].astype(np.float32), np.diff(self.offsets), axis=0)
        return (self.frames[:, :2] + np.float32(0.5)) / size_of_row

    def replace(self, descriptors: npt.ArrayLike) -> DescriptorSet:
        """The same images, frames, norms and sizes with other descriptors (as after PCA)."""
        return DescriptorSet(descriptors, self.offsets, self.frames, self.norms, self.sizes)

    def save(self, path: str | os.PathLike) -> None:
        """Write all parts to one uncompressed .npz file, atomically."""
        parts = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}
        with atomic_write(path) as file:
            np.savez(file, **parts)

    @classmethod
    def load(cls, path: str | os.PathLike) -> DescriptorSet:
        """Read a file written by :meth:`save`.

        Raises
        ------
        StoreError
            If the file is not a complete descriptor set.
        """
        try:
            with np.load(Path(path), allow_pickle=False) as file:
                return cls(**{name: file[name] for name in cls.__slots__ if name in file.files})
        except FileNotFoundError:
            raise
        except Exception as error:
            raise StoreError(f"{path} is not a readable descriptor set: {error}") from error

    def __repr__(self):
        extra = "".join(f", {p}" for p in ("frames", "norms", "sizes") if getattr(self, p) is not None)
        return (
            f"DescriptorSet({len(self)} images, {self.n_descriptors} descriptors of size "
            f"{self.descriptor_size} {self.descriptors.dtype}{extra})"
        )


def as_descriptor_set(X, name: str = "X") -> DescriptorSet:
    """A DescriptorSet from one, or from a list of (n_i, d) arrays or DescriptorSets (one sample each or more).

    Raises
    ------
    ParameterError
        For anything else, or for an empty list.
    """
    if isinstance(X, DescriptorSet):
        return X
    if isinstance(X, np.ndarray) and X.dtype != object and X.ndim == 2:
        raise ParameterError(
            f"{name} is one array of shape {X.shape}; a DescriptorSet or a list of (n_i, d) arrays, one an "
            f"image, is needed: wrap a single image as [{name}]"
        )
    try:
        items = list(X)
    except TypeError:
        raise ParameterError(f"{name} is a {type(X).__name__}; a DescriptorSet or a list is needed") from None
    return DescriptorSet.concatenate(
        item if isinstance(item, DescriptorSet) else DescriptorSet(item) for item in items
    )


def is_descriptor_sets(X) -> bool:
    """Whether ``X`` is a DescriptorSet or a sequence of (n_i, d) arrays or DescriptorSets, told by the first of them.

    A list of lists of numbers is not: it is one matrix.
    """
    if isinstance(X, DescriptorSet):
        return True
    if not isinstance(X, (list, tuple)) and not (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1):
        return False
    if not len(X):
        return False
    try:
        return isinstance(X[0], DescriptorSet) or np.ndim(X[0]) == 2
    except ValueError:  # ragged lists
        return False


def as_rows(X):
    """The rows of descriptor sets as one array, anything else as it is."""
    return as_descriptor_set(X).descriptors if is_descriptor_sets(X) else X


def rows_to_learn(X):
    """What learns from descriptors takes them so: :func:`as_rows`, or ParameterError if the sets have none."""
    rows = as_rows(X)
    if rows is not X and not len(rows):
        raise ParameterError(
            "no image in X has a descriptor, so there is nothing to learn from; give larger images, or an extractor "
            "of smaller bins or patches"
        )
    return rows
