"""Raw patches and tiny images against their definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone

import bovw
from bovw.errors import ParameterError
from tests.reference import raw_patches as slow


@pytest.mark.parametrize(("patch_size", "step"), [(6, 1), (5, 3), (1, 2), (8, 8)])
@pytest.mark.parametrize("color", [False, True])
def test_patches_equal_the_definition(photograph, patch_size, step, color):
    image = photograph[100:131, 200:240] if color else photograph[100:131, 200:240, 0]
    for epsilon in (None, 10.0, 0.5):
        normalize = epsilon is not None
        descriptors, frames, _ = bovw.raw_patches(
            image, patch_size=patch_size, step=step, normalize=normalize, epsilon=epsilon or 0.0, color=color
        )
        expected = slow.raw_patches(image, patch_size, step, epsilon) if patch_size > 1 or not normalize else None
        assert descriptors.dtype == np.float32 and descriptors.flags.c_contiguous
        assert descriptors.shape[1] == patch_size**2 * (3 if color else 1)
        if expected is not None:
            np.testing.assert_allclose(descriptors, expected, atol=1e-4)
        assert len(frames) == len(descriptors)
    assert frames[0].tolist() == [(patch_size - 1) / 2, (patch_size - 1) / 2, patch_size, 0]


def test_an_image_smaller_than_a_patch_has_none():
    descriptors, frames, _ = bovw.raw_patches(np.zeros((5, 30), np.uint8))
    assert descriptors.shape == (0, 108) and frames.shape == (0, 4)


def test_a_flat_patch_is_zero_also_without_epsilon():
    descriptors, _, _ = bovw.raw_patches(np.full((8, 8), 9, np.uint8), epsilon=0.0)
    assert (descriptors == 0).all()


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)), st.integers(1, 8), st.integers(1, 5)
)
def test_patches_are_finite_and_centered(image, patch_size, step):
    descriptors, _, _ = bovw.raw_patches(image, patch_size=patch_size, step=step)
    assert np.isfinite(descriptors).all()
    if descriptors.size:
        assert np.abs(descriptors.mean(axis=1)).max() < 1e-3


@pytest.mark.parametrize("shape", [(64, 96), (32, 48, 3), (16, 16)])
def test_a_tiny_image_is_block_means_centered_and_of_unit_norm(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_allclose(bovw.tiny_image(image, color=len(shape) == 3), slow.tiny_image(image, 16), atol=1e-6)


def test_a_tiny_image_of_any_size_and_of_a_flat_one(photograph):
    for image in (photograph[:7, :300], photograph[:3, :3, 0], photograph):
        tiny = bovw.tiny_image(image, size=8)
        assert tiny.dtype == np.float32
        assert np.linalg.norm(tiny) == pytest.approx(1, abs=1e-5)
        assert tiny.mean() == pytest.approx(0, abs=1e-6)
    assert (bovw.tiny_image(np.full((40, 30), 131, np.uint8)) == 0).all()


@pytest.mark.parametrize(
    ("extractor", "size", "n"),
    [
        (bovw.RawPatches(), 108, 27 * 27),
        (bovw.RawPatches(patch_size=4, step=4, color=False), 16, 64),
        (bovw.TinyImage(), 256, 1),
        (bovw.TinyImage(size=8, color=True), 192, 1),
    ],
)
def test_extractors_take_gray_and_color_alike(extractor, size, n):
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 256, (32, 32), dtype=np.uint8)
    color = np.repeat(gray[:, :, None], 3, axis=2)
    sets = clone(extractor).transform([gray, color])
    assert sets.descriptor_size == extractor.descriptor_size == size
    assert np.diff(sets.offsets).tolist() == [n, n]
    np.testing.assert_allclose(sets[0].descriptors, sets[1].descriptors, atol=2e-3)  # gray of a gray pixel rounds
    assert (sets.positions() > 0).all() and (sets.positions() < 1).all()


@pytest.mark.parametrize(
    "extractor",
    [bovw.RawPatches(patch_size=0), bovw.RawPatches(step=0), bovw.RawPatches(epsilon=-1), bovw.RawPatches(normalize=1),
     bovw.RawPatches(color="yes"), bovw.TinyImage(size=0), bovw.TinyImage(color=2)],
)
def test_bad_parameters_are_refused(extractor):
    with pytest.raises(ParameterError):
        extractor.fit()
