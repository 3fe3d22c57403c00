"""Descriptors that the codebook tests share, and sources that they are read from."""

import numpy as np

from bovw.descriptors.descriptor_set import DescriptorSet


def descriptors(n, d=16, seed=0, centers=12, spread=0.4):
    """Blobs of equal size, float32."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(centers, d))[rng.integers(centers, size=n)] + spread * rng.normal(size=(n, d))
    ).astype(np.float32)


class Source:
    """A block source that counts what is read and never gives more than asked for."""

    def __init__(self, X):
        self._X = X
        self.shape = X.shape
        self.rows_read = self.largest_block = 0

    def read(self, start, stop):
        assert 0 <= start <= stop <= len(self._X)
        self.rows_read += stop - start
        self.largest_block = max(self.largest_block, stop - start)
        return self._X[start:stop].copy()


class Images:
    """A store of images: ``len`` and ``read(start, stop) -> DescriptorSet``."""

    def __init__(self, arrays):
        self._arrays = arrays

    def __len__(self):
        return len(self._arrays)

    def read(self, start, stop):
        return DescriptorSet.concatenate(DescriptorSet(a) for a in self._arrays[start:stop])
