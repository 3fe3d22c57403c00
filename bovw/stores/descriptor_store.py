"""``DescriptorStore``: the local descriptors of any number of images on disk, in shards.

How shards, claims and damage work stands in :mod:`bovw.stores`. A shard holds the
parts of one DescriptorSet: ``descriptors`` and ``offsets``, and ``frames``, ``norms``
and ``sizes`` where the set has them.
"""

import numbers

import numpy as np

from .._validation import check_choice, check_int
from ..descriptors import DescriptorSet
from ..errors import ParameterError
from .sharded import ShardedStore

_SHARD_IMAGES = 32
_PARTS = ("frames", "norms", "sizes")


class DescriptorStore(ShardedStore):
    """Descriptors on disk that many processes fill and that are read image by image or in blocks.

    Make one with :meth:`create`, open one that exists with :meth:`open`. Rows are images.

    Attributes
    ----------
    path : Path
    n_rows : int
        Number of images.
    descriptor_size : int
    dtype : "float32" or "uint8"
    rows_per_shard : int
    fingerprint : str
        Of everything the descriptors depend on.
    names : list of str or None
    labels : int64 array of shape (n_rows,) or None
    classes : list of str or None

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> store = DescriptorStore.create(tempfile.mkdtemp(), 3, 2, fingerprint="example", rows_per_shard=2)
    >>> one = DescriptorSet(np.ones((4, 2), np.float32))
    >>> store.write(2, one)
    >>> store.missing(), store[2]
    ([(0, 2)], DescriptorSet(1 images, 4 descriptors of size 2 float32))
    """

    KIND = "descriptors"

    def __init__(self, path, fingerprint=None, *, check=True):
        super().__init__(path, fingerprint, check=check)
        self.descriptor_size = self.manifest["settings"]["descriptor_size"]
        self.dtype = self.manifest["settings"]["dtype"]

    @classmethod
    def create(
        cls, path, n_rows, descriptor_size, *, fingerprint, dtype="float32", rows_per_shard=None, names=None,
        labels=None, classes=None,
    ):
        """Make a store, or open the one that stands there to go on filling it.

        Parameters
        ----------
        path : path
            A folder.
        n_rows : int
            Number of images.
        descriptor_size : int
        fingerprint : str
            Of everything the descriptors depend on: images, extractor, settings.
        dtype : "float32" or "uint8"
            uint8 takes uint8 descriptors only; nothing is rounded behind the caller's back.
        rows_per_shard : int, optional
            By default 32 images, about 64 MB as some 4,000 float32 SIFT descriptors an
            image go; a store that stands there keeps its own.
        names : sequence of str, optional
        labels : array of shape (n_rows,), integers, optional
        classes : sequence of str, optional

        Returns
        -------
        DescriptorStore

        Raises
        ------
        StoreError
            If ``path`` holds something else, or a store that differs, which the message
            names; or a damaged one.
        ParameterError
            For arguments out of range.
        """
        size = check_int("descriptor_size", descriptor_size, minimum=1)
        check_choice("dtype", dtype, ("float32", "uint8"))
        return cls._create(
            path, n_rows, fingerprint, {"descriptor_size": size, "dtype": dtype}, rows_per_shard=rows_per_shard,
            usual_rows=_SHARD_IMAGES, names=names, labels=labels, classes=classes,
        )

    def write(self, start, descriptor_set, errors=None):
        """Write one whole shard.

        Parameters
        ----------
        start : int
            Its first image.
        descriptor_set : DescriptorSet
            All its images; one that failed has no descriptors.
        errors : dict of int to str, optional
            Messages of images that failed, by row of the whole store.

        Raises
        ------
        StoreError
            If the shard is written already or somebody is at it, or the disk is full.
        ParameterError
            If these are not the images of one shard, or their descriptors have another
            size, or are float32 for a uint8 store.
        """
        if not isinstance(descriptor_set, DescriptorSet):
            raise ParameterError(f"a DescriptorSet is needed, got a {type(descriptor_set).__name__}")
        descriptors = descriptor_set.descriptors
        if descriptor_set.descriptor_size != self.descriptor_size:
            raise ParameterError(
                f"descriptors have size {descriptor_set.descriptor_size}; this store keeps {self.descriptor_size}"
            )
        if self.dtype == "uint8" and descriptors.dtype != np.uint8:
            raise ParameterError("descriptors are float32 and this store keeps uint8; scale and round them before")
        arrays = {"descriptors": descriptors.astype(self.dtype, copy=False), "offsets": descriptor_set.offsets}
        for part in _PARTS:
            if getattr(descriptor_set, part) is not None:
                arrays[part] = getattr(descriptor_set, part)
        self._write_shard(start, len(descriptor_set), arrays, errors or {})

    def read(self, start, stop):
        """The images start:stop as a DescriptorSet.

        Within one shard its arrays are views of the file, mapped read-only. Frames,
        norms and sizes are there if all shards concerned have them.

        Raises
        ------
        StoreError
            If images are not written yet or damaged.
        """
        start, stop = check_int("start", start), check_int("stop", stop)
        return self._joined([self._piece(*span) for span in self._layout.spans(start, stop)])

    def __getitem__(self, key):
        """Images by number, as a DescriptorSet: an int, a slice, an array of integers or booleans."""
        if isinstance(key, (numbers.Integral, np.integer)) and not isinstance(key, (bool, np.bool_)):
            if not -self.n_rows <= key < self.n_rows:
                raise IndexError(f"image {key} of a store with {self.n_rows} images")
            row = int(key) % self.n_rows
            return self.read(row, row + 1)
        rows = np.arange(self.n_rows)[key if isinstance(key, slice) or len(key) else []]
        return self._joined([self._piece(*span) for row in rows for span in self._layout.spans(int(row), int(row) + 1)])

    def _joined(self, sets):
        if not sets:
            return DescriptorSet(np.empty((0, self.descriptor_size), self.dtype), np.zeros(1, np.int64))
        return sets[0] if len(sets) == 1 else DescriptorSet.concatenate(sets)

    def _piece(self, shard, first, last):
        """The images first:last of a shard."""
        offsets = self._map(shard, "offsets")[first : last + 1]
        images, rows = slice(first, last), slice(offsets[0], offsets[-1])
        written = {name.split(".")[1] for name in self._notes.of(shard)["files"]}
        parts = {
            part: self._map(shard, part)[images if part == "sizes" else rows] for part in _PARTS if part in written
        }
        return DescriptorSet(self._map(shard, "descriptors")[rows], offsets - offsets[0], **parts)
