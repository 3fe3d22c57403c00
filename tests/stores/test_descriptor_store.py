"""DescriptorStore: filling, reading, resuming."""

import numpy as np
import pytest

from bovw import DescriptorSet, DescriptorStore, SignatureStore
from bovw.errors import ParameterError, StoreError

PARTS = ("descriptors", "offsets", "frames", "norms", "sizes")


def descriptor_set(counts, d=5, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    n = sum(counts)
    return DescriptorSet(
        rng.integers(0, 255, (n, d)).astype(dtype), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        rng.normal(size=(n, 4)), rng.random(n), rng.integers(1, 500, (len(counts), 2)),
    )


def assert_same(a, b):
    for part in PARTS:
        x, y = getattr(a, part), getattr(b, part)
        assert (x is None) == (y is None), part
        if x is not None:
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y, err_msg=part)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_what_is_written_is_read(tmp_path, dtype):
    whole = descriptor_set([3, 0, 700, 2, 0, 0, 9, 1, 4, 0, 6], dtype=dtype)
    store = DescriptorStore.create(tmp_path, 11, 5, fingerprint="f", dtype=dtype, rows_per_shard=3, names="abcdefghijk")
    for start, stop in store.missing():
        with store.claim(start) as mine:
            assert mine
            store.write(start, whole[start:stop], {4: "truncated"} if start == 3 else None)
    for again in (store, DescriptorStore.open(tmp_path, "f")):
        assert again.is_complete and again.verify() == [] and len(again) == 11 and again.errors == {4: "truncated"}
        assert again.descriptor_size == 5 and again.dtype == dtype and again.names == list("abcdefghijk")
        assert_same(again.read(0, 11), whole)
        assert_same(again.read(2, 5), whole[2:5])
        assert_same(again.read(4, 4), DescriptorSet(np.empty((0, 5), dtype), np.zeros(1, np.int64)))
        assert_same(again[2], whole[2])
        assert_same(again[-1], whole[-1])
        assert_same(again[3:9], whole[3:9])
        assert_same(again[8:1:-2], whole[8:1:-2])
        assert_same(again[[6, 0, 6]], whole[[6, 0, 6]])
        assert_same(again[np.arange(11) % 3 == 0], whole[np.arange(11) % 3 == 0])
        assert len(again[[]]) == 0
        with pytest.raises(IndexError, match="11 images"):
            again[11]


def test_parts_that_a_set_lacks_stay_out(tmp_path):
    whole = descriptor_set([3, 2])
    store = DescriptorStore.create(tmp_path, 2, 5, fingerprint="f", rows_per_shard=1)
    store.write(0, DescriptorSet(whole[0].descriptors))
    store.write(1, whole[1])
    assert store[0].frames is None and store[1].frames is not None
    assert store.read(0, 2).norms is None


def test_what_does_not_fit_is_refused(tmp_path):
    whole = descriptor_set([3, 2])
    store = DescriptorStore.create(tmp_path, 2, 5, fingerprint="f", dtype="uint8")
    with pytest.raises(ParameterError, match="this store keeps uint8"):
        store.write(0, whole)
    with pytest.raises(ParameterError, match="size 4"):
        store.write(0, descriptor_set([3, 2], d=4, dtype=np.uint8))
    with pytest.raises(ParameterError, match="got 1 rows"):
        store.write(0, descriptor_set([3], dtype=np.uint8))
    with pytest.raises(ParameterError, match="DescriptorSet is needed"):
        store.write(0, whole.descriptors)
    with pytest.raises(StoreError, match="dtype 'uint8', wanted is 'float32'"):
        DescriptorStore.create(tmp_path, 2, 5, fingerprint="f")
    with pytest.raises(StoreError, match="not of signatures"):
        SignatureStore.open(tmp_path)
    assert store.missing() == [(0, 2)] and store.rows_per_shard == 32
