"""What codebooks learn from, as block sources (:mod:`bovw.blocks`): arrays, stores of descriptors, other sources."""

import numpy as np

from .._validation import check_descriptors, check_int, check_samples
from ..blocks import CheckedArray, CheckedBlocks, is_block_source
from ..descriptors.descriptor_set import rows_to_learn
from ..errors import ParameterError


class DescriptorBlocks:
    """The descriptors of a store of images as one long matrix, image after image.

    Parameters
    ----------
    store : object with ``len`` and ``read(start, stop) -> DescriptorSet``
        Such as a DescriptorStore, or a DescriptorSet's slices behind that method. It is
        read once, to learn how many descriptors each image has.
    n_images : int, default 64
        How many images are read at a time.

    Attributes
    ----------
    shape : tuple (n, d)
    run_rows : int
        Descriptors of an average image: a shuffled pass goes through runs of so many rows.
    """

    def __init__(self, store, *, n_images: int = 64):
        n_images = check_int("n_images", n_images, minimum=1)
        self._store = store
        counts, sizes = [], set()
        for start in range(0, len(store), n_images):
            images = store.read(start, min(start + n_images, len(store)))
            counts.append(np.diff(images.offsets))
            if images.n_descriptors:
                sizes.add(images.descriptor_size)
        if len(sizes) != 1:
            raise ParameterError(
                f"the store has descriptors of sizes {sorted(sizes)}; images with one kind of descriptor are needed"
            )
        self._offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        self.shape = int(self._offsets[-1]), sizes.pop()
        self.run_rows = max(1, self.shape[0] // len(store))

    def read(self, start: int, stop: int) -> np.ndarray:
        """Rows start:stop."""
        if stop <= start:
            return np.empty((0, self.shape[1]), np.float32)
        first = int(np.searchsorted(self._offsets, start, side="right")) - 1
        last = int(np.searchsorted(self._offsets, stop, side="left"))
        rows = self._store.read(first, last).descriptors
        return rows[start - self._offsets[first] : stop - self._offsets[first]]


def as_blocks(X, min_rows=1):
    """A checked source from descriptors or a block source, for functions; estimators use :func:`sample_blocks`."""
    if not is_block_source(X):
        return CheckedArray(check_descriptors("X", rows_to_learn(X), min_rows=min_rows))
    source = X if isinstance(X, (CheckedArray, CheckedBlocks)) else CheckedBlocks(X)
    if source.shape[0] < min_rows:
        raise ParameterError(f"X has {source.shape[0]} rows; at least {min_rows} are needed")
    return source


def sample_blocks(estimator, X):
    """``X`` of an estimator's ``fit``, descriptors or block source, as a checked source; sets ``n_features_in_``."""
    if not is_block_source(X):
        return CheckedArray(check_samples(estimator, rows_to_learn(X), reset=True))
    source = CheckedBlocks(X)
    if min(source.shape) < 1:
        raise ParameterError(f"X has shape {source.shape}; at least one row and one column are needed")
    estimator.n_features_in_ = source.shape[1]
    return source


def sample_rows(source, size, rng):
    """``size`` distinct rows with equal chances, in their order; all of them if there are no more."""
    n = source.shape[0]
    return source.read(0, n) if size >= n else source.take(np.sort(rng.choice(n, size, replace=False)))
