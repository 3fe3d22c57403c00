"""Codebooks learnt from block sources equal those learnt from arrays."""

import numpy as np
import pytest

from bovw import ArrayBlocks, DescriptorBlocks, GMMCodebook, HierarchicalKMeans, KMeansCodebook, ParameterError
from bovw.codebook import blocks
from bovw.codebook.blocks import BLOCK_ROWS, CheckedBlocks, read_blocks, sample_rows
from bovw.descriptors.descriptor_set import DescriptorSet
from bovw.stores import DescriptorStore

from .data import Images, Source, descriptors


@pytest.mark.parametrize(
    "codebook",
    [
        KMeansCodebook(20, max_iter=5),
        KMeansCodebook(20, max_iter=3, init="random", search="approximate", n_probe=2),
        KMeansCodebook(20, max_iter=3, algorithm="minibatch", batch_size=3000),
        HierarchicalKMeans(4, 2, memory=1e5),
        GMMCodebook(5, max_iter=4),
    ],
    ids=lambda c: f"{type(c).__name__}-{getattr(c, 'algorithm', '')}-{getattr(c, 'search', '')}",
)
def test_a_source_gives_the_codebook_of_the_array(codebook):
    X = descriptors(40_000, 4)
    source = Source(X)
    one, other = (codebook.fit(data).__getstate__() for data in (X, source))
    assert source.rows_read >= len(X)
    assert source.largest_block <= BLOCK_ROWS
    for name, value in one.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, other[name])


def test_uint8_memory_map(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, size=(500, 12), dtype=np.uint8)
    np.save(tmp_path / "X.npy", X)
    mapped = ArrayBlocks(np.load(tmp_path / "X.npy", mmap_mode="r"))
    assert mapped.read(3, 5).dtype == np.uint8
    np.testing.assert_array_equal(
        KMeansCodebook(9, max_iter=4).fit(mapped).words_, KMeansCodebook(9, max_iter=4).fit(X).words_
    )


def test_other_dtypes_are_converted_as_they_are_read():
    half = ArrayBlocks(np.arange(6, dtype=np.float16).reshape(3, 2))
    assert half.read(0, 2).dtype == half.take(np.array([2])).dtype == np.float32


def test_images_become_rows():
    arrays = [descriptors(n, 3, seed=n) for n in (5, 0, 17, 1, 8)]
    arrays[1] = np.empty((0, 3), np.float32)
    rows, X = DescriptorBlocks(Images(arrays), n_images=2), np.concatenate(arrays)
    assert rows.shape == (31, 3)
    assert rows.run_rows == 6
    for start, stop in ((0, 31), (0, 0), (4, 6), (5, 22), (21, 23), (30, 31), (22, 22)):
        np.testing.assert_array_equal(rows.read(start, stop), X[start:stop])
    words = [KMeansCodebook(4, max_iter=3, algorithm=a).fit(rows).words_ for a in ("lloyd", "minibatch")]
    np.testing.assert_array_equal(words[0], KMeansCodebook(4, max_iter=3).fit(X).words_)
    assert np.isfinite(words[1]).all()


def test_a_store_of_descriptors_on_disk(tmp_path):
    sets = DescriptorSet.concatenate(DescriptorSet(descriptors(n, 6, seed=n)) for n in (5, 9, 30, 2, 40))
    store = DescriptorStore.create(tmp_path / "store", 5, 6, fingerprint="test", rows_per_shard=2)
    for start, stop in store.missing():
        store.write(start, sets[start:stop])
    from_disk = KMeansCodebook(7).fit(DescriptorBlocks(store, n_images=3))
    np.testing.assert_array_equal(from_disk.words_, KMeansCodebook(7).fit(sets.descriptors).words_)


def test_sampled_rows_are_those_of_the_array(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 100)
    X = descriptors(950, 3)
    sources = ArrayBlocks(X), CheckedBlocks(Source(X))
    chosen = [sample_rows(source, 70, np.random.default_rng(3)) for source in sources]
    np.testing.assert_array_equal(*chosen)
    assert len(np.unique(chosen[0], axis=0)) == 70
    np.testing.assert_array_equal(np.concatenate([b for _, b in read_blocks(CheckedBlocks(Source(X)), 100)]), X)


class Bad(Source):
    def __init__(self, change):
        super().__init__(descriptors(30000, 4))
        self._change = change

    def read(self, start, stop):
        return self._change(super().read(start, stop), start)


def with_nan(rows, start):
    rows[-1, 0] = np.nan if start else 0
    return rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_nan, "is nan; NaN"),
        (lambda rows, start: rows[:-1], "gave 16383 rows"),
        (lambda rows, start: rows[:, :3], "has 3 columns; 4 are expected"),
        (lambda rows, start: rows.astype(np.uint8) if not start else rows, "are float32, those before uint8"),
    ],
)
def test_bad_blocks_are_named(change, message):
    with pytest.raises(ParameterError, match=message):
        KMeansCodebook(2, init=np.zeros((2, 4))).fit(Bad(change))


def test_bad_sources_are_named():
    with pytest.raises(ParameterError, match="needs at least 50 descriptors, got n_samples=40"):
        KMeansCodebook(50).fit(Source(descriptors(40)))
    with pytest.raises(ParameterError, match="at least one row"):
        KMeansCodebook(2).fit(Source(np.empty((0, 3), np.float32)))
    with pytest.raises(ParameterError, match=r"shape \(3,\)"):
        ArrayBlocks(np.zeros(3))
    with pytest.raises(ParameterError, match=r"sizes \[2, 3\]"):
        DescriptorBlocks(Images([np.zeros((2, 3)), np.zeros((2, 2))]), n_images=1)
    with pytest.raises(ParameterError, match=r"sizes \[\]"):
        DescriptorBlocks(Images([]))
