"""HoG against its definition, golden values, symmetries, VLFeat, scikit-image and OpenCV."""


import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import bovw
from bovw.descriptors import DescriptorSet, hog, hog_blocks, hog_image, hog_window
from bovw.errors import ParameterError
from tests.reference import hog as slow
from tests.simd import assert_same_bits

VARIANTS = ("uoctti", "dalal-triggs")


def noise(height, width, seed=0, channels=None):
    shape = (height, width) if channels is None else (height, width, channels)
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


# --- cell grids -----------------------------------------------------------------------------------


def test_golden_values(golden_image):
    grid = bovw.hog_cells(golden_image)
    assert grid.shape == (6, 8, 31)
    assert grid.dtype == np.float32
    assert grid.sum(dtype=np.float64) == pytest.approx(295.3475, abs=2e-4)
    assert (grid.astype(np.float64) ** 2).sum() == pytest.approx(78.9879, abs=1e-4)
    np.testing.assert_allclose(grid[2, 3, [0, 3, 6, 9]], (0.03497, 0.15676, 0.22340, 0.20618), atol=1e-5)
    grid = bovw.hog_cells(golden_image, variant="dalal-triggs")
    assert grid.shape == (6, 8, 36)
    assert grid.sum(dtype=np.float64) == pytest.approx(233.7685, abs=2e-4)
    np.testing.assert_allclose(grid[2, 3, [0, 4, 8, 12]], (0.12069, 0.14471, 0.14570, 0.20000), atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 24), width=st.integers(1, 24), cell_size=st.integers(1, 9), orientations=st.integers(1, 12),
    variant=st.sampled_from(VARIANTS), bilinear=st.booleans(), color=st.booleans(), seed=st.integers(0, 99),
)
def test_grid_equals_the_slow_twin(height, width, cell_size, orientations, variant, bilinear, color, seed):
    height, width = max(height, cell_size - cell_size // 2), max(width, cell_size - cell_size // 2)
    image = noise(height, width, seed, 3 if color else None)
    grid = bovw.hog_cells(
        image, cell_size=cell_size, orientations=orientations, variant=variant, bilinear_orientations=bilinear
    )
    cells = slow.cell_histograms(image, cell_size, orientations, bilinear)
    assert grid.shape[:2] == cells.shape[:2]
    np.testing.assert_allclose(grid, slow.grid_features(cells, variant), atol=1e-5)


@pytest.mark.parametrize("orientations", [2, 6, 9, 18])
def test_nearest_orientation_is_exact_on_integer_images(orientations):
    """Cells of one pixel show the bin that each of 160,000 pairs of integer differences gets."""
    image = np.random.default_rng(1).integers(0, 256, (400, 400), dtype=np.uint8)
    grid = bovw.hog_cells(image, cell_size=1, orientations=orientations)[1:-1, 1:-1]
    gx = image[1:-1, 2:].astype(np.float64) - image[1:-1, :-2]
    gy = image[2:, 1:-1].astype(np.float64) - image[:-2, 1:-1]
    position = np.arctan2(gy, gx) / np.pi * orientations
    ours = grid[:, :, : 2 * orientations].argmax(axis=2)
    distance = np.abs((ours - position + orientations) % (2 * orientations) - orientations)
    assert distance[(gx != 0) | (gy != 0)].max() <= 0.5 + 1e-12


def test_halfway_votes_go_to_the_lower_bin():
    """90 degrees lies between the fifth and sixth of nine bins; so does 270 of the signed ones."""
    ramp = np.repeat(np.arange(32, dtype=np.uint8)[:, None], 32, axis=1)
    assert bovw.hog_cells(ramp)[2, 2, :18].argmax() == 4
    assert bovw.hog_cells(ramp[::-1])[2, 2, :18].argmax() == 13


def vlfeat_hog(**options):
    vlfeat = pytest.importorskip("experiments.benchmarks.vlfeat")
    if vlfeat.load() is None:
        pytest.skip("libvlfeat is not installed")
    return vlfeat.HOG(**options)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("cell_size", "bilinear"), [(8, False), (5, False), (4, True)])
def test_agrees_with_libvlfeat(photograph, variant, cell_size, bilinear):
    theirs_of = vlfeat_hog(variant=variant, cell_size=cell_size, bilinear_orientations=bilinear)
    for image in (photograph[:203, :301], photograph[100:171, 50:183, 1]):
        planes = np.atleast_3d(image).transpose(2, 0, 1).astype(np.float32, order="C")
        ours = bovw.hog_cells(image, variant=variant, cell_size=cell_size, bilinear_orientations=bilinear)
        np.testing.assert_allclose(ours, theirs_of(planes), atol=2e-4 if bilinear else 2e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_agrees_with_libvlfeat_on_photographs(bovw_data, variant):
    theirs_of = vlfeat_hog(variant=variant)
    paths = sorted((bovw_data / "imagenet_native").glob("*/*.JPEG"))[::2][:60]
    assert len(paths) >= 50
    for path in paths:
        image = bovw.read_image(path)[:200, :300]
        planes = image.transpose(2, 0, 1).astype(np.float32, order="C")
        np.testing.assert_allclose(bovw.hog_cells(image, variant=variant), theirs_of(planes), atol=5e-6)


# --- blocks, window and patches -------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(
    cell_size=st.integers(1, 6), block_cells=st.integers(1, 3), extra=st.tuples(*[st.integers(0, 7)] * 2),
    orientations=st.integers(1, 10), signed=st.booleans(), sigma=st.sampled_from([None, 0.3, 0.5]),
    bilinear=st.tuples(st.booleans(), st.booleans()), norm=st.sampled_from(["l2-hys", "l2", "l1", "l1-sqrt"]),
    color=st.booleans(), seed=st.integers(0, 99),
)
def test_blocks_equal_the_slow_twin(
    cell_size, block_cells, extra, orientations, signed, sigma, bilinear, norm, color, seed
):
    side = cell_size * block_cells
    image = noise(side + extra[0], side + extra[1], seed, 3 if color else None)
    blocks = hog_blocks(
        image, cell_size=cell_size, block_cells=block_cells, orientations=orientations, signed=signed, sigma=sigma,
        bilinear_cells=bilinear[0], bilinear_orientations=bilinear[1], norm=norm, epsilon=0.5,
    )
    assert blocks.shape[:2] == tuple(1 + e // cell_size for e in extra)
    for i, j in np.ndindex(blocks.shape[:2]):
        raw = slow.patch_histogram(
            image, j * cell_size, i * cell_size, side, block_cells, orientations, signed, sigma, *bilinear
        )
        np.testing.assert_allclose(blocks[i, j], slow.normalize(raw, norm, 0.5), atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(
    height=st.integers(1, 30), width=st.integers(1, 30), size=st.integers(4, 14), step=st.integers(1, 17),
    cells=st.integers(1, 4), orientations=st.integers(1, 10), variant=st.sampled_from(VARIANTS),
    sigma=st.sampled_from([None, 0.5]), seed=st.integers(0, 99),
)
def test_patches_equal_the_slow_twin(height, width, size, step, cells, orientations, variant, sigma, seed):
    image = noise(height, width, seed)
    descriptors, frames, norms = hog(
        image, patch_sizes=size, step=step, patch_cells=cells, orientations=orientations, variant=variant, sigma=sigma
    )
    corners = [(x, y) for y in range(0, height - size + 1, step) for x in range(0, width - size + 1, step)]
    assert len(descriptors) == len(frames) == len(norms) == len(corners)
    for (x, y), descriptor, frame, norm in list(zip(corners, descriptors, frames, norms, strict=True))[::5]:
        raw = slow.patch_histogram(
            image, x, y, size, cells, orientations, variant == "uoctti", sigma, True, True
        )
        unsigned = raw
        if variant == "uoctti":
            unsigned = raw[..., :orientations] + raw[..., orientations:]
            raw = np.concatenate([raw, unsigned], axis=2)
        np.testing.assert_allclose(descriptor, slow.normalize(raw, "l2-hys", 0.01).ravel(), atol=2e-5)
        np.testing.assert_array_equal(frame, [x + (size - 1) / 2, y + (size - 1) / 2, size, 0])
        assert norm == pytest.approx(unsigned.sum() / size**2, rel=1e-5)


def test_several_patch_sizes_follow_each_other(photograph):
    image = photograph[:90, :120]
    together = hog(image, patch_sizes=(16, 25, 31), step=8)
    apart = [hog(image, patch_sizes=size, step=8) for size in (16, 25, 31)]
    for part, parts in zip(together, zip(*apart, strict=True), strict=True):
        np.testing.assert_array_equal(part, np.concatenate(parts))


def test_out_is_written_in_place(photograph):
    image = photograph[:64, :80]
    for function, rows in ((bovw.hog_cells, 0), (hog_blocks, 0), (lambda image, out=None: hog(image, out=out)[0], 5)):
        fresh = function(image)
        out = np.full((len(fresh) + rows, *fresh.shape[1:]), np.nan, np.float32)
        written = function(image, out=out)
        assert written is out or written.base is out
        np.testing.assert_array_equal(written, fresh)
        assert np.isnan(out[len(fresh):]).all()
        for wrong in (out[:-1 - rows], out.astype(np.float64), out[..., ::2]):
            with pytest.raises(ParameterError, match="out"):
                function(image, out=wrong)


def test_a_patch_is_a_block(photograph):
    image = photograph[:64, :80]
    blocks = hog_blocks(image, cell_size=8)
    descriptors, _, _ = hog(image, patch_sizes=16, step=8, patch_cells=2)
    np.testing.assert_array_equal(blocks.reshape(-1, 36), descriptors)


def test_blocks_have_unit_length_unless_flat(photograph):
    raw = hog_blocks(photograph, norm=None).reshape(-1, 36).sum(axis=1)
    lengths = np.linalg.norm(hog_blocks(photograph).reshape(-1, 36), axis=1)
    np.testing.assert_allclose(lengths[raw > 1], 1, atol=1e-3)
    np.testing.assert_array_equal(lengths[raw == 0], 0)
    assert (raw > 1).sum() > 3000 and (raw == 0).any()


def test_person_window(photograph):
    vector = hog_window(photograph[:128, :64])
    assert vector.shape == (3780,)
    np.testing.assert_array_equal(vector, hog_blocks(photograph[:128, :64]).ravel())


def test_window_is_cut_from_the_middle_but_sees_around_it(photograph):
    image = photograph[100:260, 80:176]  # 160 x 96, as INRIA's crops
    vector = hog_window(image, norm=None).reshape(15, 7, 2, 2, 9)
    blocks = hog_blocks(image, norm=None)  # its grid meets that of the window, 2 cells in
    np.testing.assert_allclose(vector, blocks[2:17, 2:9], rtol=1e-5, atol=1e-3)


def test_agrees_with_scikit_image(photograph):
    from skimage.feature import hog as their_hog

    for image in (photograph[:101, :131, 0], photograph[50:114, 200:264]):
        theirs = their_hog(
            image.astype(np.float64), pixels_per_cell=(8, 8), cells_per_block=(2, 2), block_norm="L2-Hys",
            feature_vector=False, channel_axis=-1 if image.ndim == 3 else None,
        )
        ours = hog_blocks(
            image, sigma=None, bilinear_cells=False, bilinear_orientations=False, epsilon=64e-5
        )
        np.testing.assert_allclose(ours, theirs, atol=3e-6)  # the second regularizer is not scaled


def test_agrees_with_opencv(photograph):
    """OpenCV 4 with a flat window, whose half-pixel shift then does not matter, and its own regularisers."""
    cv2 = pytest.importorskip("cv2")
    if not hasattr(cv2, "HOGDescriptor"):
        pytest.skip("this OpenCV has no HOGDescriptor")
    image = np.ascontiguousarray(photograph[40:168, 180:244])
    descriptor = cv2.HOGDescriptor((64, 128), (16, 16), (8, 8), (8, 8), 9, 1, 1e6, 0, 0.2, False)
    theirs = descriptor.compute(image).reshape(7, 15, 2, 2, 9).transpose(1, 0, 3, 2, 4)
    v = hog_window(image, sigma=None, norm=None).reshape(-1, 36)
    v = np.minimum(v / (np.linalg.norm(v, axis=1, keepdims=True) + 3.6), 0.2)
    v /= np.linalg.norm(v, axis=1, keepdims=True) + 1e-3
    np.testing.assert_allclose(v.reshape(theirs.shape), theirs, atol=2e-3)


# --- symmetries -----------------------------------------------------------------------------------

SIDES = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(2, 8), st.integers(0, 99))


def turned(bins, turns):
    """Signed bins after rotating the image counterclockwise by ``turns`` right angles (y points down)."""
    return np.roll(bins, -turns * bins.shape[-1] // 4, axis=-1)


@settings(deadline=None, max_examples=25)
@given(sides=SIDES, turns=st.integers(1, 3))
def test_rotation_permutes_the_grid(sides, turns):
    rows, cols, cell_size, seed = sides
    image = noise(rows * cell_size, cols * cell_size, seed)
    options = {"cell_size": cell_size, "orientations": 8, "bilinear_orientations": True}
    plain = bovw.hog_cells(image, **options)
    rotated = bovw.hog_cells(np.rot90(image, turns), **options)
    signed = turned(np.rot90(plain[:, :, :16], turns), turns)
    unsigned = np.roll(np.rot90(plain[:, :, 16:24], turns), -4 * turns, axis=-1)
    np.testing.assert_allclose(rotated[:, :, :16], signed, atol=1e-5)
    np.testing.assert_allclose(rotated[:, :, 16:24], unsigned, atol=1e-5)


@settings(deadline=None, max_examples=25)
@given(sides=SIDES)
def test_mirror_permutes_the_grid(sides):
    rows, cols, cell_size, seed = sides
    image = noise(rows * cell_size, cols * cell_size, seed)
    for orientations in (8, 9):
        options = {"cell_size": cell_size, "orientations": orientations, "bilinear_orientations": True}
        plain, mirrored = bovw.hog_cells(image, **options), bovw.hog_cells(image[:, ::-1], **options)
        n = orientations
        signed = (n - np.arange(2 * n)) % (2 * n)
        unsigned = 2 * n + (n - np.arange(n)) % n
        texture = 3 * n + np.array([1, 0, 3, 2])
        order = np.concatenate([signed, unsigned, texture])
        np.testing.assert_allclose(mirrored, plain[:, ::-1][:, :, order], atol=1e-5)


@settings(deadline=None, max_examples=25)
@given(sides=SIDES, turns=st.integers(1, 3), sigma=st.sampled_from([None, 0.5]))
def test_rotation_and_mirror_permute_blocks(sides, turns, sigma):
    rows, cols, cell_size, seed = sides
    image = noise((rows + 1) * cell_size, (cols + 1) * cell_size, seed)
    options = {"cell_size": cell_size, "orientations": 8, "signed": True, "sigma": sigma}
    plain = hog_blocks(image, **options)
    rotated = hog_blocks(np.rot90(image, turns), **options)
    expected = turned(np.rot90(np.rot90(plain, turns), turns, axes=(2, 3)), turns)
    np.testing.assert_allclose(rotated, expected, atol=1e-5)
    mirrored = hog_blocks(image[::-1], **options)
    np.testing.assert_allclose(mirrored, plain[::-1, :, ::-1, :, ::-1], atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(cell_size=st.integers(2, 9), down=st.integers(0, 2), right=st.integers(0, 2), seed=st.integers(0, 99))
def test_translation_by_cells_moves_the_grid(cell_size, down, right, seed):
    image = noise(8 * cell_size, 8 * cell_size, seed)
    moved = image[down * cell_size :, right * cell_size :]
    grid, shifted = bovw.hog_cells(image, cell_size=cell_size), bovw.hog_cells(moved, cell_size=cell_size)
    # a cell and its neighbors must not see the border: cells 2 .. -2
    np.testing.assert_allclose(shifted[2:-2, 2:-2], grid[down + 2 : -2, right + 2 : -2], atol=1e-5)
    blocks, shifted = hog_blocks(image, cell_size=cell_size), hog_blocks(moved, cell_size=cell_size)
    np.testing.assert_allclose(shifted[1:-1, 1:-1], blocks[down + 1 : -1, right + 1 : -1], atol=1e-5)


# --- input ----------------------------------------------------------------------------------------

FUNCTIONS = {
    "hog_cells": bovw.hog_cells,
    "hog_blocks": lambda image: hog_blocks(image, cell_size=4),
    "hog": lambda image: hog(image, patch_sizes=(8, 11), step=3)[0],
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_input_kinds_agree(function, photograph):
    image = photograph[:40, :57]
    expected = function(image)
    read_only = image.copy()
    read_only.setflags(write=False)
    np.testing.assert_array_equal(function(read_only), expected)
    np.testing.assert_array_equal(function(np.asfortranarray(image)), expected)
    np.testing.assert_array_equal(function(np.repeat(image, 2, axis=1)[:, ::2]), expected)
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(function(image.astype(dtype)), expected)
    np.testing.assert_allclose(function(image.astype(np.uint16) * 257), expected, atol=1e-5)
    gray = image[:, :, 0]
    np.testing.assert_array_equal(function(np.repeat(gray[:, :, None], 3, axis=2)), function(gray))


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_constant_image_is_zero(function, dtype):
    assert not function(np.full((33, 47), 200, dtype)).any()


def test_strongest_channel_decides():
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, :, 1] = 3 * np.arange(32)[None, :]
    image[:, :, 2] = 5 * np.arange(32)[:, None]
    np.testing.assert_array_equal(bovw.hog_cells(image), bovw.hog_cells(image[:, :, 2]))
    np.testing.assert_array_equal(hog_blocks(image)[1, 1], hog_blocks(image[:, :, 2])[1, 1])


def test_smallest_images():
    assert bovw.hog_cells(np.ones((1, 1), np.uint8), cell_size=1).shape == (1, 1, 31)
    assert bovw.hog_cells(np.ones((4, 4), np.uint8)).shape == (1, 1, 31)
    assert not bovw.hog_cells(noise(2, 9), cell_size=2).any()  # nothing but border pixels
    assert hog_blocks(noise(1, 1), cell_size=1, block_cells=1).shape == (1, 1, 1, 1, 9)
    descriptors, frames, norms = hog(noise(7, 40), patch_sizes=(8, 16))
    assert (descriptors.shape, frames.shape, norms.shape) == ((0, 144), (0, 4), (0,))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda im: bovw.hog_cells(im[:3, :40]), "needs at least 4 x 4 pixels"),
        (lambda im: bovw.hog_cells(im, variant="uocti"), "did you mean 'uoctti'"),
        (lambda im: bovw.hog_cells(im, cell_size=0), "cell_size=0"),
        (lambda im: bovw.hog_cells(im, orientations=2.5), "orientations=2.5"),
        (lambda im: bovw.hog_cells(im, bilinear_orientations=1), "bilinear_orientations=1"),
        (lambda im: bovw.hog_cells(im[None, None]), r"image has shape \(1, 1, 64, 64\)"),
        (lambda im: bovw.hog_cells(im[:0]), "needs at least 1 pixel"),
        (lambda im: bovw.hog_cells(im.astype(complex)), "complex"),
        (lambda im: bovw.hog_cells(np.where(im == im[5, 5], np.nan, im)), "NaN"),
        (lambda im: bovw.hog_cells(im * np.float32(1e30)), "too large"),
        (lambda im: hog_blocks(im * np.float32(1e30)), "too large"),
        (lambda im: hog(np.where(im > 128, np.float32(3e38), -3e38)), "too large"),
        (lambda im: hog_blocks(im[:15]), "too few for a block of 16 x 16"),
        (lambda im: hog_window(im, window=(8, 8)), "window: 8 x 8 pixels are too few"),
        (lambda im: hog_blocks(im, sigma=0), "sigma=0"),
        (lambda im: hog_blocks(im, epsilon=0), "epsilon=0"),
        (lambda im: hog_blocks(im, norm="l3"), "norm='l3'"),
        (lambda im: hog_window(im, window=(60, 32)), "multiples of cell_size=8"),
        (lambda im: hog_window(im, window=64), "window=64"),
        (lambda im: hog(im, patch_sizes=()), r"patch_sizes=\(\) is too short"),
        (lambda im: hog(im, patch_sizes=(16, 3)), "patch_sizes=3"),
        (lambda im: hog(im, step=0), "step=0"),
        (lambda im: hog_image(bovw.hog_cells(im), variant="dalal-triggs"), "31 numbers a cell"),
        (lambda im: hog_image(im), r"grid has shape \(64, 64\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call(noise(64, 64))


# --- the extractor --------------------------------------------------------------------------------


def test_extractor(photograph):
    images = [photograph[i : i + 60, i : i + 70] for i in range(0, 80, 20)]
    extractor = bovw.HOG(patch_sizes=(16, 25), step=6, orientations=8)
    one, two = extractor.transform(images), clone(extractor).set_params(n_jobs=2).transform(images)
    assert isinstance(one, DescriptorSet)
    assert len(one) == len(images)
    assert one.descriptor_size == extractor.descriptor_size == 128
    for part in ("descriptors", "frames", "norms", "offsets", "sizes"):
        np.testing.assert_array_equal(getattr(one, part), getattr(two, part))
    expected = hog(images[1], patch_sizes=(16, 25), step=6, orientations=8)[0]
    np.testing.assert_array_equal(one[1].descriptors, expected)
    assert bovw.HOG(variant="uoctti").descriptor_size == 16 * 27


def test_extractor_can_look_at_gray_only(photograph):
    gray = bovw.load_image(photograph[:50, :60], mode="gray")
    ours = bovw.HOG(patch_sizes=16, color=False)
    np.testing.assert_array_equal(ours.extract(photograph[:50, :60]).descriptors, ours.extract(gray).descriptors)
    assert len(ours.extract(gray[:8])[0].descriptors) == 0
    with pytest.raises(ParameterError, match="patch_sizes=2"):
        bovw.HOG(patch_sizes=2).fit()


def test_every_simd_level_gives_the_same_bits():
    script = (
        "import hashlib, numpy as np, bovw, bovw.descriptors as d\n"
        "r = np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)\n"
        "h = hashlib.sha256()\n"
        "for b in (False, True):\n"
        "  for v in ('uoctti', 'dalal-triggs'):\n"
        "    h.update(bovw.hog_cells(r, variant=v, bilinear_orientations=b).tobytes())\n"
        "    h.update(bovw.hog(r / 3.0, variant=v, orientations=9 - b)[0].tobytes())\n"
        "  h.update(d.hog_blocks(r, bilinear_orientations=b).tobytes())\n"
        "print(h.hexdigest())\n"
    )
    assert_same_bits(script)


# --- glyphs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_strokes_lie_along_edges(variant):
    ramp = np.tile(7 * np.arange(32, dtype=np.uint8), (32, 1))  # gradient along x, edges along y
    picture = hog_image(bovw.hog_cells(ramp, variant=variant), variant=variant, glyph_size=15)
    assert picture.shape == (60, 60)
    glyph = picture[15:30, 15:30]
    assert glyph[1, 7] > 0
    assert glyph[1, 7] == glyph[7, 7] == glyph.max()
    assert glyph[7, 1] == glyph[7, 13] == 0


def test_negative_weights_are_not_drawn():
    grid = np.zeros((2, 3, 31), np.float32)
    grid[0, 0, 18:27] = -1
    assert not hog_image(grid).any()
    grid[1, 2, 20] = 0.7
    picture = hog_image(grid, glyph_size=9)
    assert picture.max() == np.float32(0.7)
    assert not picture[:9].any()
    assert not picture[:, :18].any()
