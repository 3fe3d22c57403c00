"""GIST against its definition in double precision, and its symmetries."""

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone

import bovw
from bovw.descriptors import spatial_envelope
from bovw.errors import ParameterError
from tests.reference import gist as slow

SMALL = {"image_size": 64, "orientations": (4, 3), "blocks": 4}


def whole(image, **options):
    """The one descriptor of a whole image."""
    [descriptor], _, _ = bovw.gist(image, **options)
    return descriptor


def full_shape(image):
    return tuple(scipy.fft.next_fast_len(side + 64) for side in image.shape)


@pytest.mark.parametrize("prefilter", [None, 4.0, 9.5])
@pytest.mark.parametrize("orientations", [(8, 8, 8, 8), (4, 3)])
def test_definition(photograph, orientations, prefilter):
    image = photograph[100:196, 200:296, 1]
    found = whole(image, image_size=96, orientations=orientations, prefilter=prefilter)
    energies = slow.energies(image, orientations, prefilter, full_shape(image))
    expected = slow.block_means(energies, 4)
    assert found.dtype == np.float32
    assert found.shape == (16 * sum(orientations),)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * expected.max())


@pytest.mark.parametrize("pixels", [0, 700, 1 << 20])
@pytest.mark.parametrize(("patch_size", "step"), [(32, 16), (20, 7), (64, 64)])
def test_patches(photograph, patch_size, step, pixels, monkeypatch):
    """The same for images that are filtered at once, and in blocks of some lines or a single one."""
    for limit in ("_CACHED_PIXELS", "_BLOCK_PIXELS"):
        monkeypatch.setattr(spatial_envelope, limit, pixels)
    image = photograph[100:171, 200:290, 1]
    descriptors, frames, _ = bovw.gist(image, patch_size=patch_size, step=step, orientations=(4, 3))
    energies = slow.energies(image, (4, 3), 4.0, full_shape(image))
    for descriptor, (x, y, scale, _) in zip(descriptors, frames, strict=True):
        left, top = int(x - (patch_size - 1) / 2), int(y - (patch_size - 1) / 2)
        patch = energies[:, top : top + patch_size, left : left + patch_size]
        expected = slow.block_means(patch, 4)
        np.testing.assert_allclose(descriptor, expected, rtol=1e-4, atol=1e-5 * energies.max())
        assert scale == patch_size
    rows, columns = ((side - patch_size) // step + 1 for side in image.shape)
    assert len(descriptors) == rows * columns


def test_one_patch_as_large_as_the_image_is_the_image(photograph):
    image = photograph[:64, :64, 0]
    patch, _, _ = bovw.gist(image, patch_size=64, step=1)
    np.testing.assert_allclose(patch[0], whole(image, image_size=64), rtol=1e-5, atol=1e-7)


def test_flip_and_quarter_turn(photograph):
    image = photograph[:64, 200:264, 1]
    g = whole(image, image_size=64).reshape(4, 8, 4, 4)
    flipped = whole(image[:, ::-1], image_size=64).reshape(g.shape)
    np.testing.assert_allclose(flipped, g[:, -np.arange(8) % 8][..., ::-1], atol=5e-3 * g.max())
    turned = whole(np.rot90(image), image_size=64).reshape(g.shape)
    np.testing.assert_allclose(turned, np.rot90(g[:, (np.arange(8) + 4) % 8], axes=(2, 3)), atol=5e-3 * g.max())


def test_orientation_of_a_grating():
    """Orientation k answers to waves that travel at pi k / 8, y down."""
    y, x = np.mgrid[:128, :128]
    for k in range(8):
        wave = np.cos(2 * np.pi * 0.3 / 1.85 * (x * np.cos(np.pi * k / 8) + y * np.sin(np.pi * k / 8)))
        energies = whole(127 + 80 * wave, image_size=128).reshape(4, 8, 16).mean(axis=2)
        assert np.unravel_index(energies.argmax(), energies.shape) == (1, k)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (37, 300)])
def test_constant_images_are_empty_of_energy(shape):
    assert whole(np.full(shape, 200, np.uint8), **SMALL).max() < 1e-5


@settings(deadline=None, max_examples=25)
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.float32, np.float64]),
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 255),
    ),
    st.integers(1, 12), st.integers(1, 9),
)
def test_any_image(image, side, step):
    assert np.isfinite(whole(image, **SMALL)).all()
    descriptors, frames, _ = bovw.gist(image, patch_size=4 * side, step=step, orientations=(2,))
    assert np.isfinite(descriptors).all()
    assert len(descriptors) == len(frames)
    assert (len(frames) == 0) == (min(image.shape) < 4 * side)


def test_extractor(photograph):
    image = photograph[:60, :80, 1]
    extractor = bovw.GIST(**SMALL)
    found = extractor.transform([image, photograph[:50, :40]])
    assert found.n_descriptors == len(found) == 2
    assert found.descriptor_size == extractor.descriptor_size == 112
    assert found.frames[0].tolist() == [39.5, 29.5, 80, 0]
    np.testing.assert_array_equal(found[0].descriptors[0], whole(image, **SMALL))
    dense = bovw.GIST(orientations=(4, 3), patch_size=32, step=20)
    np.testing.assert_array_equal(
        dense.extract(image).descriptors, bovw.gist(image, patch_size=32, step=20, orientations=(4, 3))[0]
    )
    assert dense.extract(image[:20]).n_descriptors == 0
    assert clone(dense).get_params() == dense.get_params()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 5), np.uint8), np.zeros((5, 5, 2), np.uint8), np.full((9, 9), np.nan), np.zeros((9, 9), complex),
        np.full((9, 9), -1.0),
    ],
)
def test_wrong_images(image):
    for patch_size in (None, 64):
        with pytest.raises(ParameterError, match="image"):
            bovw.gist(image, patch_size=patch_size)


@pytest.mark.parametrize(
    "options",
    [
        {"image_size": 66}, {"image_size": 2}, {"orientations": ()}, {"orientations": 8}, {"orientations": (0,)},
        {"blocks": 0}, {"prefilter": 0}, {"prefilter": np.inf},
    ],
)
def test_wrong_parameters(options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        bovw.gist(np.zeros((40, 40), np.uint8), **options)
    with pytest.raises(ParameterError, match=next(iter(options))):
        bovw.GIST(**options).fit()


@pytest.mark.parametrize("options", [{"patch_size": 30}, {"patch_size": (32,)}, {"patch_size": 32, "step": 0}])
def test_wrong_patches(options):
    with pytest.raises(ParameterError, match=r"patch_size|step"):
        bovw.gist(np.zeros((40, 40), np.uint8), **options)
