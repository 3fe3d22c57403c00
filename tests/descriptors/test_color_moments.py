"""Color statistics against their definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone

import bovw
from bovw.errors import ParameterError
from tests.reference.color_statistics import color_statistics as slow


@pytest.mark.parametrize(("patch_size", "step", "cells"), [(16, 8, 4), (24, 8, 4), (12, 5, 4), (9, 3, 3), (7, 10, 1)])
def test_definition(photograph, patch_size, step, cells):
    image = photograph[100:147, 200:261]
    options = {"patch_sizes": patch_size, "step": step, "patch_cells": cells}
    expected = slow(image, patch_size, step, cells)
    descriptors, frames, _ = bovw.color_statistics(image, **options)
    assert descriptors.dtype == np.float32
    np.testing.assert_allclose(descriptors, expected, rtol=1e-6, atol=1e-6)
    assert frames[0].tolist() == [(patch_size - 1) / 2, (patch_size - 1) / 2, patch_size, 0]
    assert len(frames) == len(expected)
    for dtype in (np.float32, np.float64):
        same = bovw.color_statistics(image.astype(dtype), **options)[0]
        np.testing.assert_allclose(same, expected, rtol=1e-6, atol=1e-5)
    wide = bovw.color_statistics(image.astype(np.uint16) * 257, **options)[0]
    np.testing.assert_allclose(wide, expected, rtol=1e-6, atol=1e-4)
    fractions = image / np.float32(3)
    np.testing.assert_allclose(
        bovw.color_statistics(fractions, **options)[0], slow(fractions, patch_size, step, cells), rtol=1e-5, atol=1e-4
    )


def test_patch_sizes_follow_one_another(photograph):
    image = photograph[:50, :70]
    parts = [bovw.color_statistics(image, patch_sizes=size, step=6)[0] for size in (32, 16, 64)]
    np.testing.assert_array_equal(
        bovw.color_statistics(image, patch_sizes=(32, 16, 64), step=6)[0], np.concatenate(parts)
    )
    assert parts[2].shape == (0, 96)


def test_bands_of_patches_give_the_same(photograph, monkeypatch):
    whole = bovw.color_statistics(photograph)[0]
    monkeypatch.setattr("bovw.descriptors.patch_grid._BAND_BYTES", 1)
    np.testing.assert_array_equal(bovw.color_statistics(photograph)[0], whole)


@pytest.mark.parametrize("value", [0, 1, 100, 255])
def test_constant_image_has_no_deviation(value):
    descriptors, _, _ = bovw.color_statistics(np.full((40, 40, 3), value, np.uint8))
    cells = descriptors.reshape(-1, 16, 2, 3)
    assert (cells[:, :, 0] == value).all()
    assert (cells[:, :, 1] == 0).all()


def test_gray_is_three_equal_channels(photograph):
    gray = photograph[:40, :40, 0]
    np.testing.assert_array_equal(
        bovw.color_statistics(gray)[0], bovw.color_statistics(np.repeat(gray[:, :, None], 3, axis=2))[0]
    )


@settings(deadline=None, max_examples=30)
@given(
    image=hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.float32]),
        st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)), elements=st.integers(0, 255),
    ),
    cells=st.integers(1, 3), side=st.integers(1, 6), step=st.integers(1, 7),
)
def test_flip_and_translation(image, cells, side, step):
    size = cells * side
    descriptors, frames, _ = bovw.color_statistics(image, patch_sizes=size, step=1, patch_cells=cells)
    columns = max(image.shape[1] - size + 1, 0)
    rows = max(image.shape[0] - size + 1, 0)
    grid = descriptors.reshape(rows, columns, cells, cells, 6)
    flipped = bovw.color_statistics(image[:, ::-1], patch_sizes=size, step=1, patch_cells=cells)[0]
    np.testing.assert_allclose(flipped.reshape(grid.shape), grid[:, ::-1, :, ::-1], rtol=1e-5, atol=1e-3)
    coarse = bovw.color_statistics(image, patch_sizes=size, step=step, patch_cells=cells)[0]
    np.testing.assert_allclose(
        coarse, grid[::step, ::step].reshape(-1, 6 * cells**2), rtol=1e-5, atol=1e-3
    )
    assert len(frames) == rows * columns


def test_extractor(photograph):
    extractor = bovw.ColorStatistics(patch_sizes=(16, 24), step=12)
    images = [photograph[:60, :80], photograph[:9, :9], photograph[:30, :40, 0]]
    found = extractor.transform(images)
    assert found.descriptor_size == extractor.descriptor_size == 96
    assert found.sizes.tolist() == [[60, 80], [9, 9], [30, 40]]
    assert np.diff(found.offsets)[1] == 0
    expected, _, _ = bovw.color_statistics(images[0], patch_sizes=(16, 24), step=12)
    np.testing.assert_array_equal(found[0].descriptors, expected)
    assert clone(extractor).get_params() == extractor.get_params()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5, 2), np.uint8), np.zeros(9), np.zeros((9, 9, 3), complex),
        np.full((9, 9, 3), np.nan), np.full((9, 9, 3), np.inf, np.float32),
    ],
)
def test_wrong_images(image):
    with pytest.raises(ParameterError, match="image"):
        bovw.color_statistics(image)


@pytest.mark.parametrize("options", [{"patch_sizes": (16, 18)}, {"patch_sizes": ()}, {"step": 0}, {"patch_cells": 0}])
def test_wrong_parameters(options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        bovw.color_statistics(np.zeros((40, 40, 3), np.uint8), **options)
    with pytest.raises(ParameterError, match=next(iter(options))):
        bovw.ColorStatistics(**options).fit()
