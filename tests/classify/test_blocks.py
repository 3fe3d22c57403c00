"""The order of rows on disk becomes a shuffled order of batches."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw import ArrayBlocks
from bovw.classify.blocks import ShuffledBatches, gather_rows, read_ahead
from bovw.errors import ParameterError


def numbered(n, d=3):
    return np.arange(n * d, dtype=np.float32).reshape(n, d)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 50), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_every_row_comes_once_an_epoch_and_an_epoch_can_be_entered_anywhere(n, batch, buffer, run, seed):
    X = numbered(n)
    used = np.random.default_rng(seed).random(n) < 0.8
    batches = ShuffledBatches(
        ArrayBlocks(X), used, batch_size=batch, buffer_size=buffer, read_rows=run, seed=seed
    )
    drawn = [(index, rows[:-1].copy()) for index, rows in batches.epoch(1)]
    rows = np.concatenate([index for index, _ in drawn]) if drawn else np.empty(0, int)
    np.testing.assert_array_equal(np.sort(rows), np.flatnonzero(used))
    for index, block in drawn:
        assert 1 <= len(index) <= batch
        np.testing.assert_array_equal(block, X[index])
    for first in range(len(drawn) + 1):
        later = [index for index, _ in batches.epoch(1, first)]
        assert len(later) == len(drawn) - first
        for (expected, _), index in zip(drawn[first:], later, strict=True):
            np.testing.assert_array_equal(index, expected)


def test_epochs_differ_and_neighbors_part():
    batches = ShuffledBatches(
        ArrayBlocks(numbered(400)), np.ones(400, bool), batch_size=20, buffer_size=100, read_rows=5, seed=0
    )
    first, second = ([index for index, _ in batches.epoch(e)] for e in (0, 1))
    assert not np.array_equal(first[0], second[0])
    runs = [len(np.unique(index // 5)) for index in first]
    assert np.mean(runs) > 12  # 20 rows out of 20 runs, about 13 of them on average


def test_sample_is_of_rows_that_take_part():
    used = np.arange(90) % 2 == 0
    batches = ShuffledBatches(ArrayBlocks(numbered(90)), used, batch_size=4, buffer_size=8, read_rows=4, seed=0)
    sample = batches.sample(20)
    assert len(sample) == 20
    assert used[sample].all()
    assert (np.diff(sample) > 0).all()
    np.testing.assert_array_equal(batches.sample(10**6), np.flatnonzero(used))


def test_gather_rows_reads_neighbors_together():
    calls = []

    class Counting(ArrayBlocks):
        def read(self, start, stop, out=None):
            calls.append((start, stop))
            return super().read(start, stop, out)

    X = numbered(20)
    index = np.array([0, 1, 2, 7, 9, 10])
    np.testing.assert_array_equal(gather_rows(Counting(X), index), X[index])
    assert calls == [(0, 3), (7, 8), (9, 11)]
    assert gather_rows(Counting(X), index[:0]).shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.uint8])
def test_other_types_become_float32_block_by_block(dtype):
    X = numbered(8).astype(dtype)
    rows = ArrayBlocks(X).read(2, 5, np.empty((3, 3), np.float32))
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, X[2:5])


def test_nan_is_refused_where_it_lies():
    X = numbered(50)
    X[31, 1] = np.nan
    batches = ShuffledBatches(
        ArrayBlocks(X), np.ones(50, bool), batch_size=10, buffer_size=20, read_rows=5, seed=0
    )
    with pytest.raises(ParameterError, match="row 31"):
        list(read_ahead(batches.epoch(0)))


def test_read_ahead_keeps_the_order_works_elsewhere_and_stops():
    threads, made = set(), []

    def items():
        for i in range(100):
            threads.add(threading.get_ident())
            made.append(i)
            yield i

    reader = read_ahead(items())
    assert [next(reader) for _ in range(5)] == list(range(5))
    reader.close()
    assert len(made) <= 7
    assert threading.get_ident() not in threads
    assert list(read_ahead(iter(range(30)))) == list(range(30))
    assert list(read_ahead(iter(()))) == []
