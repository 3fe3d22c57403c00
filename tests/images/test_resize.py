"""Sizes and averages of resized images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw.errors import ParameterError
from bovw.images import resize_image

from .files import patch


@pytest.mark.parametrize(
    ("shape", "limits", "expected"),
    [
        ((375, 500), {"max_side": 300}, (225, 300)),
        ((500, 375), {"max_side": 300}, (300, 225)),
        ((333, 500), {"max_side": 300}, (200, 300)),
        ((375, 500), {"max_height": 300}, (300, 400)),
        ((375, 500), {"max_pixels": 100_000}, (273, 365)),
        ((375, 500), {"fit": (300, 100)}, (100, 133)),
        ((375, 500), {"fit": (300, 300)}, (225, 300)),
        ((375, 500), {"max_side": 300, "max_height": 100}, (100, 133)),
        ((100, 80), {"max_side": 300}, (100, 80)),
        ((100, 80), {"max_side": 300, "upscale": True}, (300, 240)),
        ((100, 80), {"max_side": 300, "max_height": 200, "upscale": True}, (200, 160)),
        ((100, 80), {}, (100, 80)),
        ((1, 1000), {"max_side": 10}, (1, 10)),
        ((1000, 3), {"max_pixels": 7}, (7, 1)),
    ],
)
def test_sizes(shape, limits, expected):
    assert resize_image(np.zeros(shape, np.uint8), **limits).shape == expected
    assert resize_image(np.zeros((*shape, 3), np.float32), **limits).shape == (*expected, 3)


@settings(deadline=None, max_examples=200)
@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    max_side=st.none() | st.integers(1, 80),
    max_height=st.none() | st.integers(1, 80),
    max_pixels=st.none() | st.integers(1, 5000),
    fit=st.none() | st.tuples(st.integers(1, 80), st.integers(1, 80)),
    upscale=st.booleans(),
)
def test_every_limit_is_kept(height, width, max_side, max_height, max_pixels, fit, upscale):
    image = np.zeros((height, width), np.uint8)
    new_height, new_width = resize_image(
        image, max_side=max_side, max_height=max_height, max_pixels=max_pixels, fit=fit, upscale=upscale
    ).shape
    assert min(new_height, new_width) >= 1
    assert max_side is None or max(new_height, new_width) <= max_side
    assert max_height is None or new_height <= max_height
    assert max_pixels is None or new_height * new_width <= max_pixels
    assert fit is None or (new_width <= fit[0] and new_height <= fit[1])
    if not upscale:
        assert (new_height, new_width) <= (height, width)
    # some scale lies within a pixel of both sides: the aspect ratio is kept
    if min(new_height, new_width) > 1:
        assert (new_height - 1) / height <= (new_width + 1) / width
        assert (new_width - 1) / width <= (new_height + 1) / height


def test_shrinking_averages_over_areas():
    image = patch(48, 64)
    half = resize_image(image, max_side=32)
    blocks = image.reshape(24, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(half - blocks).max() <= 0.5 + 1e-9
    # a size that does not divide: each output pixel against the areas it covers
    rows, columns = area_weights(48, 36), area_weights(64, 48)
    expected = np.einsum("ai,bj,ijc->abc", rows, columns, image.astype(float))
    assert np.abs(resize_image(image, max_side=48) - expected).max() <= 0.51
    assert np.abs(resize_image(image.astype(np.float32), max_side=48) - expected).max() <= 1e-3


def area_weights(size, new_size):
    """(new_size, size): the share of each input pixel in the interval that an output pixel covers."""
    edges = np.arange(new_size + 1) * size / new_size
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.clip(overlap, 0, None) / (size / new_size)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_dtype_and_channels_are_kept(dtype):
    for shape in [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 4)]:
        image = np.full(shape, 77, dtype)
        for limits in ({"max_side": 11}, {"max_side": 50, "upscale": True}):
            resized = resize_image(image, **limits)
            assert resized.dtype == dtype
            assert resized.shape[2:] == shape[2:]
            assert np.allclose(resized, 77, rtol=1e-6, atol=0)
    assert resize_image(image, max_side=30) is image


def test_views_are_accepted():
    view = patch(48, 64)[:, ::-1]
    assert np.array_equal(resize_image(view, max_side=20), resize_image(view.copy(), max_side=20))


def test_bad_arguments():
    image = np.zeros((4, 4), np.uint8)
    for limits in [
        {"max_side": 0}, {"max_side": 2.5}, {"max_height": -1}, {"max_pixels": True}, {"fit": 3},
        {"fit": (3,)}, {"fit": (3, 0)}, {"upscale": 1},
    ]:
        with pytest.raises(ParameterError):
            resize_image(image, **limits)
    for shape, dtype in [(3, np.uint8), ((0, 3), np.uint8), ((3, 3), int), ((3, 3), bool)]:
        with pytest.raises(ParameterError):
            resize_image(np.zeros(shape, dtype), max_side=2)
