"""Block sources: arrays as such, and checked reading."""

import numpy as np
import pytest

from bovw import ArrayBlocks, ParameterError
from bovw.blocks import CheckedBlocks, is_block_source, read_blocks, read_checked

X = np.arange(12.0).reshape(6, 2)


def test_rows_are_converted_as_they_are_read():
    half = ArrayBlocks(X.astype(np.float16))
    assert half.read(0, 2).dtype == half.take(np.array([2])).dtype == np.float32
    small = ArrayBlocks(X.astype(np.uint8))
    assert small.read(0, 2).dtype == small.take(np.array([2])).dtype == np.uint8
    for blocks in (half, small, ArrayBlocks(X)):
        out = np.empty((3, 2), np.float32)
        assert blocks.read(2, 5, out) is out
        np.testing.assert_array_equal(out, X[2:5])
        np.testing.assert_array_equal(blocks.take(np.array([1, 4])), X[[1, 4]])


def test_float32_rows_are_not_copied():
    single = X.astype(np.float32)
    assert np.shares_memory(ArrayBlocks(single).read(1, 3), single)


def test_a_source_is_gone_through_once():
    parts = list(read_blocks(CheckedBlocks(ArrayBlocks(X)), 4))
    assert [start for start, _ in parts] == [0, 4]
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in parts]), X)


def test_nan_is_named_with_and_without_an_output():
    wrong = X.copy()
    wrong[4, 1] = np.nan
    with pytest.raises(ParameterError, match="row 4"):
        read_checked(ArrayBlocks(wrong), 3, 6, np.empty((3, 2), np.float32))
    with pytest.raises(ParameterError, match=r"rows 3 to 6 of X\[1, 1\] is nan"):
        read_checked(ArrayBlocks(wrong), 3, 6)


def test_what_is_no_source():
    assert is_block_source(ArrayBlocks(X))
    assert not any(map(is_block_source, (X, [[1.0]], open)))
    with pytest.raises(ParameterError, match="X is a list"):
        CheckedBlocks([[1.0]])
    for wrong in (np.zeros(3), np.array([["a"]])):
        with pytest.raises(ParameterError, match="numbers"):
            ArrayBlocks(wrong)
