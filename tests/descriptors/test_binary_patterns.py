"""LBP against exact arithmetic, golden values, scikit-image, VLFeat, and its symmetries."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone

import bovw
from bovw.descriptors import lbp, lbp_codes, lbp_histogram
from bovw.descriptors.binary_patterns import _Pattern, _uniform_labels
from bovw.errors import ParameterError
from tests.reference import lbp as slow
from tests.simd import assert_same_bits

CIRCLES = [(8, 1), (8, 1.5), (16, 2), (24, 3), (5, 2.3), (32, 4)]
METHODS = ["plain", "uniform", "riu2", "ri", "vlfeat"]


def noise(shape, seed=0, levels=256, dtype=np.uint8):
    return np.random.default_rng(seed).integers(levels, size=shape).astype(dtype)


@pytest.fixture(scope="module")
def gray(photograph):
    return np.ascontiguousarray(photograph[60:219, 150:331, 1])


# -- codes and labels ----------------------------------------------------------------------------


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(("n_points", "radius"), CIRCLES)
@pytest.mark.parametrize("levels", [2, 5, 256, 65536])
def test_codes_are_exact(n_points, radius, interpolation, levels):
    image = noise((23, 31), levels, levels, np.uint16 if levels > 256 else np.uint8)
    codes = lbp_codes(image, n_points=n_points, radius=radius, method="plain", interpolation=interpolation)
    expected = slow.codes(image, n_points, radius, interpolation == "nearest")
    assert codes.dtype == (np.uint8 if n_points <= 8 else np.uint16 if n_points <= 16 else np.uint32)
    np.testing.assert_array_equal(codes, expected)


@pytest.mark.parametrize("width", [3, 4, 17, 18, 33, 34, 35, 49, 65, 66, 67, 100])
def test_every_width_of_the_byte_kernels(width):
    image = noise((5, width), width, 7)
    for method, interpolation in (("plain", "bilinear"), ("plain", "nearest"), ("vlfeat", "auto")):
        labels = lbp_codes(image, method=method, interpolation=interpolation)
        strict = method == "vlfeat"
        codes = slow.codes(image, 8, 1, nearest=interpolation != "bilinear", strict=strict)
        np.testing.assert_array_equal(labels, np.vectorize(lambda c, m=method: slow.label(int(c), 8, m))(codes))


def test_diagonals_in_16_bits_are_exact_everywhere():
    """Sums of both adjacent neighbors and corners take all differences to the center that bytes have."""
    corner, center = (v.ravel() for v in np.meshgrid(np.arange(256), np.arange(0, 256, 5), indexing="ij"))
    for adjacent in (0, 1, 100, 101, 254, 255):
        image = np.zeros((3, 3 * len(corner)), np.uint8)
        image[1, 1::3], image[0, 2::3] = center, corner
        image[0, 1::3] = image[1, 2::3] = adjacent
        codes = lbp_codes(image, method="plain")[:, ::3]
        total = 29289 * (2 * adjacent - 2 * center) + 70711 * (corner - center)
        np.testing.assert_array_equal(codes[0] >> 1 & 1, total >= 0)


@pytest.mark.parametrize(
    ("method", "n_points"),
    [*((m, p) for m in ("plain", "uniform", "riu2", "ri") for p in (4, 5, 8, 12)), ("vlfeat", 8)],
)
def test_labels_of_all_codes(n_points, method):
    pattern = _Pattern(SimpleNamespace(n_points=n_points, radius=1.0, method=method, interpolation="auto"))
    expected = np.array([slow.label(code, n_points, method) for code in range(2**n_points)])
    if method == "ri":
        expected = np.unique(expected, return_inverse=True)[1]
    np.testing.assert_array_equal(pattern.table, expected)
    assert pattern.n_bins == expected.max() + 1


@pytest.mark.parametrize("method", ["uniform", "riu2"])
@pytest.mark.parametrize("n_points", [17, 24, 31, 32])
def test_labels_of_long_codes(n_points, method):
    full = 2**n_points - 1
    codes = [0, full, *(int(c) & full for c in np.random.default_rng(0).integers(2**32, size=50))]
    for length in range(1, n_points):
        run = (1 << length) - 1
        codes += [(run << s | run >> (n_points - s)) & full for s in (0, 1, length, n_points - 1)]
    labels = _uniform_labels(np.array([codes], np.uint32), n_points, method)[0]
    assert labels.tolist() == [slow.label(code, n_points, method) for code in codes]


@pytest.mark.parametrize(
    ("method", "bins"), [("plain", 256), ("uniform", 59), ("riu2", 10), ("ri", 36), ("vlfeat", 58)]
)
def test_numbers_of_bins(method, bins):
    assert bovw.lbp_cells(noise((9, 9)), method=method).shape == (1, 1, bins)


def untied(image, n_points, radius):
    """Where no sampled value of the zero-padded image equals its center: rounding cannot change those codes."""
    return (slow.signs(np.pad(image, int(np.ceil(radius))), n_points, radius) != 0).all(axis=0)


@pytest.mark.parametrize(("n_points", "radius"), [(8, 1), (16, 2), (24, 3), (8, 2.5), (12, 1.5)])
@pytest.mark.parametrize(("method", "theirs"), [("plain", "default"), ("riu2", "uniform"), ("uniform", "nri_uniform")])
def test_scikit_image(gray, n_points, radius, method, theirs):
    feature = pytest.importorskip("skimage.feature")
    codes = lbp_codes(gray, n_points=n_points, radius=radius, method=method, border="zero")
    expected = feature.local_binary_pattern(gray, n_points, radius, theirs)
    clear = untied(gray, n_points, radius)
    np.testing.assert_array_equal(codes[clear], expected[clear])
    assert (codes != expected).mean() < 0.003  # ties come out by rounding there, exactly here


def test_rotation_invariant_codes_of_scikit_image(gray):
    feature = pytest.importorskip("skimage.feature")
    smallest = np.unique([slow.label(code, 8, "ri") for code in range(256)])
    expected = np.searchsorted(smallest, feature.local_binary_pattern(gray, 8, 1, "ror"))
    clear = untied(gray, 8, 1)
    np.testing.assert_array_equal(lbp_codes(gray, method="ri", border="zero")[clear], expected[clear])


@settings(deadline=None, max_examples=40)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=12)),
    st.sampled_from(["uniform", "riu2", "plain"]),
)
def test_types_agree(image, method):
    expected = lbp_codes(image, method=method)
    for dtype in (np.uint16, np.int64, np.float32, np.float64):
        np.testing.assert_array_equal(lbp_codes(image.astype(dtype), method=method), expected)
    shifted = image.astype(np.uint16) * 257
    np.testing.assert_array_equal(lbp_codes(shifted, method=method), expected)
    spread = np.zeros((2 * image.shape[0], 3 * image.shape[1]), np.uint8)
    spread[::2, ::3] = image
    view = spread[::2, ::3]
    view.setflags(write=False)
    np.testing.assert_array_equal(lbp_codes(view, method=method), expected)


def test_borders(gray):
    inside = lbp_codes(gray, radius=2.5)
    for border in ("zero", "edge"):
        codes = lbp_codes(gray, radius=2.5, border=border)
        assert codes.shape == gray.shape
        np.testing.assert_array_equal(codes[3:-3, 3:-3], inside)
    assert (lbp_codes(np.full((4, 4), 9), method="plain", border="edge") == 255).all()


@settings(deadline=None, max_examples=25)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=9)), st.integers(1, 3))
def test_rotations_by_90_degrees_turn_the_bits(image, turns):
    codes = lbp_codes(image, method="plain").astype(int)
    turned = lbp_codes(np.rot90(image, turns), method="plain")
    np.testing.assert_array_equal(turned, np.rot90((codes << 2 * turns | codes >> 8 - 2 * turns) & 255, turns))
    for method in ("riu2", "ri"):
        np.testing.assert_array_equal(
            lbp_codes(np.rot90(image, turns), method=method), np.rot90(lbp_codes(image, method=method), turns)
        )


@settings(deadline=None, max_examples=25)
@given(hnp.arrays(np.uint8, (9, 11)))
def test_flip_mirrors_the_bits(image):
    codes = lbp_codes(image, method="plain").astype(int)
    mirrored = sum((codes >> p & 1) << (4 - p) % 8 for p in range(8))
    np.testing.assert_array_equal(lbp_codes(image[:, ::-1], method="plain"), mirrored[:, ::-1])


LEVELS = """
import hashlib, sys, numpy as np, bovw
rng = np.random.default_rng(0)
gray, color = rng.integers(256, size=(61, 83)).astype(np.uint8), rng.integers(256, size=(61, 83, 3)).astype(np.uint8)
floats = rng.random((61, 83), np.float32)
cases = (
    (8, 1, "uniform", "none", "l1"), (8, 1, "vlfeat", "bilinear", "l1-sqrt"), (24, 3, "riu2", "bilinear", None))
parts = [bovw.lbp_cells(image, n_points=p, radius=r, method=m, sharing=s, norm=n)
         for image in (gray, floats) for p, r, m, s, n in cases]
parts += [bovw.LBP(norm=None).extract(gray).descriptors, bovw.ColorStatistics().extract(color).descriptors,
          bovw.ColorStatistics().extract(color.astype(np.float32) / 3).descriptors]
print(hashlib.sha256(b"".join(p.tobytes() for p in parts)).hexdigest())
"""


def test_every_simd_level_gives_the_same_bits():
    assert_same_bits(LEVELS)


# -- cell histograms -----------------------------------------------------------------------------


def test_golden_values_of_58_bins(golden_image):
    h = bovw.lbp_cells(golden_image, cell_size=16, method="vlfeat")
    assert h.shape == (2, 3, 58)
    assert h.sum(dtype=np.float64) == pytest.approx(36.4806, abs=2e-4)
    np.testing.assert_allclose(
        h[0, 0, [0, 1, 2, 3, 56, 57]], [0.07579, 0.04872, 0.13606, 0.27081, 0.08768, 0.13086], atol=1e-5
    )


@pytest.mark.parametrize("cell_size", [1, 2, 3, 5, 8, 20])
@pytest.mark.parametrize("sharing", ["none", "bilinear"])
@pytest.mark.parametrize(("method", "n_points", "radius"), [("uniform", 8, 1), ("riu2", 12, 2.5), ("vlfeat", 8, 1)])
def test_cell_histograms(cell_size, sharing, method, n_points, radius):
    image = noise((23, 29), cell_size, 9)
    options = {"n_points": n_points, "radius": radius, "method": method}
    labels = lbp_codes(image, **options)
    margin = (23 - labels.shape[0]) // 2
    n_bins = bovw.lbp_cells(image, cell_size=None, **options).shape[2]
    counts = slow.histograms(labels, margin, image.shape, cell_size, n_bins, sharing == "bilinear")
    options |= {"cell_size": cell_size, "sharing": sharing}
    np.testing.assert_allclose(bovw.lbp_cells(image, norm=None, **options), counts, rtol=1e-6, atol=1e-6)
    mass = counts.sum(axis=2, keepdims=True)
    frequencies = counts / np.where(mass > 0, mass, 1)
    np.testing.assert_allclose(bovw.lbp_cells(image, norm="l1", **options), frequencies, rtol=1e-5, atol=1e-7)
    roots = bovw.lbp_cells(image, norm="l1-sqrt", **options)
    np.testing.assert_allclose(roots, np.sqrt(frequencies), rtol=1e-5, atol=1e-7)
    length = np.linalg.norm(counts, axis=2, keepdims=True)
    unit = counts / np.where(length > 0, length, 1)
    np.testing.assert_allclose(bovw.lbp_cells(image, norm="l2", **options), unit, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("cell_size", [16, 17, 40, 150, 1024])
def test_large_shared_cells_keep_their_mass(cell_size):
    image = noise((cell_size + 5, 2 * cell_size + 3), cell_size)
    h = bovw.lbp_cells(image, cell_size=cell_size, sharing="bilinear", norm="l1")
    np.testing.assert_allclose(h.sum(axis=2, dtype=np.float64), 1, rtol=1e-5)
    assert h.min() >= 0


@pytest.mark.parametrize("cell_size", [15, 16, 17])
def test_large_cells_are_counted_beyond_a_byte(cell_size):
    flat = np.zeros((3 * cell_size, 3 * cell_size), np.uint8)
    h = bovw.lbp_cells(flat, cell_size=cell_size, norm=None)
    assert h[1, 1, 57] == cell_size**2 and h[1, 1].sum() == cell_size**2


def test_out_is_written_in_place(gray):
    for options in ({}, {"method": "vlfeat"}, {"norm": "l2"}):
        fresh = bovw.lbp_cells(gray, **options)
        out = np.full_like(fresh, np.nan)
        assert bovw.lbp_cells(gray, out=out, **options) is out
        np.testing.assert_array_equal(out, fresh)
    fresh, _, _ = lbp(gray)
    out = np.full((len(fresh) + 2, fresh.shape[1]), np.nan, np.float32)
    np.testing.assert_array_equal(lbp(gray, out=out)[0], fresh)
    assert np.isnan(out[len(fresh):]).all()
    for function, wrong in ((bovw.lbp_cells, out), (bovw.lbp_cells, out[:, ::2]), (lbp, out[:5]), (lbp, fresh[0])):
        with pytest.raises(ParameterError, match="out"):
            function(gray, out=wrong)


def test_whole_image_is_one_cell(gray):
    counts = np.bincount(lbp_codes(gray).ravel(), minlength=59)
    np.testing.assert_array_equal(bovw.lbp_cells(gray, cell_size=None, norm=None)[0, 0], counts)


def vl_lbp(image, cell_size):
    vlfeat = pytest.importorskip("experiments.benchmarks.vlfeat")
    if vlfeat.load() is None:
        pytest.skip("libvlfeat is not installed")
    return vlfeat.LBP(cell_size=cell_size)(image.astype(np.float32))


@pytest.mark.parametrize("cell_size", [3, 8, 16, 21])
def test_vlfeat_on_a_photograph(gray, cell_size):
    np.testing.assert_allclose(
        bovw.lbp_cells(gray, cell_size=cell_size, method="vlfeat"), vl_lbp(gray, cell_size), atol=2e-6
    )


def test_vlfeat_on_real_images(bovw_data):
    paths = sorted((bovw_data / "imagenet_native").glob("*/*.JPEG"))[:50]
    for path in paths:
        image = bovw.read_image(path, mode="gray")[:400, :400]
        np.testing.assert_allclose(bovw.lbp_cells(image, method="vlfeat"), vl_lbp(image, 8), atol=2e-6)


def test_signature_of_several_circles(gray):
    signature = lbp_histogram(gray)
    assert signature.shape == (10 + 18 + 26,)
    assert signature.dtype == np.float32
    np.testing.assert_array_equal(
        signature[10:28], bovw.lbp_cells(gray, cell_size=None, n_points=16, radius=2, method="riu2")[0, 0]
    )
    np.testing.assert_allclose(signature.sum(), 3, rtol=1e-6)


# -- dense patches -------------------------------------------------------------------------------


@pytest.mark.parametrize(("patch_size", "step", "cells"), [(16, 8, 2), (12, 8, 2), (9, 4, 3), (10, 7, 1), (6, 5, 2)])
def test_patches(patch_size, step, cells):
    image = noise((37, 29), patch_size, 6)
    options = {"patch_sizes": patch_size, "step": step, "patch_cells": cells, "n_points": 12, "radius": 1.5}
    labels = lbp_codes(image, n_points=12, radius=1.5)
    counts = slow.patch_histograms(labels, 2, image.shape, patch_size, step, cells, 135)
    descriptors, frames, _ = lbp(image, norm=None, **options)
    np.testing.assert_array_equal(descriptors, counts)
    np.testing.assert_allclose(
        lbp(image, norm="l1", **options)[0], counts / counts.sum(axis=1, keepdims=True), rtol=1e-6
    )
    lengths = np.linalg.norm(lbp(image, norm="l2", **options)[0], axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)
    assert frames[0].tolist() == [(patch_size - 1) / 2, (patch_size - 1) / 2, patch_size, 0]
    assert len(frames) == len(counts)


def test_bands_of_patches_give_the_same(gray, monkeypatch):
    whole = lbp(gray)[0]
    monkeypatch.setattr("bovw.descriptors.patch_grid._BAND_BYTES", 1)
    np.testing.assert_array_equal(lbp(gray)[0], whole)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_translation_by_one_step(step, seed):
    image = noise((20 + step, 20 + step), seed)
    moved, frames, _ = lbp(image[step:, step:], patch_sizes=8, step=step, radius=1.0)
    descriptors, all_frames, _ = lbp(image, patch_sizes=8, step=step, radius=1.0)
    index = {(x, y): i for i, (x, y) in enumerate(all_frames[:, :2].tolist())}
    for descriptor, (x, y) in zip(moved, frames[:, :2].tolist(), strict=True):
        if x > 4 and y > 4 and x + 5 < 20 and y + 5 < 20:  # inside, where the border has no part
            np.testing.assert_array_equal(descriptor, descriptors[index[x + step, y + step]])


def test_extractor(gray, photograph):
    extractor = bovw.LBP(patch_sizes=(16, 24), step=12)
    found = extractor.transform([gray, gray[:10, :10], photograph[:40, :50]])
    assert len(found) == 3
    assert found.descriptor_size == extractor.descriptor_size == 236
    assert np.diff(found.offsets).tolist()[1] == 0
    np.testing.assert_array_equal(found[0].descriptors, lbp(gray, patch_sizes=(16, 24), step=12)[0])
    np.testing.assert_array_equal(found[0].descriptors, extractor.extract(gray).descriptors)
    assert extractor.extract(photograph[:40, :50]).n_descriptors == found[2].n_descriptors
    assert clone(extractor).get_params() == extractor.get_params()
    assert (found.positions() > 0).all() and (found.positions() < 1).all()
    two = bovw.LBP(patch_sizes=(16, 24), step=12, n_jobs=2).transform([gray, gray[:10, :10], photograph[:40, :50]])
    np.testing.assert_array_equal(two.descriptors, found.descriptors)


# -- inputs that are wrong or strange ------------------------------------------------------------


@pytest.mark.parametrize("function", [lbp_codes, bovw.lbp_cells, lbp_histogram, lbp])
@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 5), np.uint8), np.zeros((5, 0), np.uint16), np.zeros((9, 9, 2), np.uint8), np.zeros(9),
        np.full((9, 9), np.nan), np.full((9, 9), np.inf, np.float32), np.zeros((9, 9), complex),
    ],
)
def test_wrong_images(function, image):
    with pytest.raises(ParameterError, match="image"):
        function(image)


@pytest.mark.parametrize("function", [lbp_codes, bovw.lbp_cells, lbp_histogram])
@pytest.mark.parametrize("shape", [(1, 1), (2, 40), (40, 2)])
def test_images_without_a_whole_circle(function, shape):
    with pytest.raises(ParameterError, match="at least 3 pixels"):
        function(np.zeros(shape, np.uint8))


def test_image_smaller_than_a_cell():
    with pytest.raises(ParameterError, match="cell_size=8"):
        bovw.lbp_cells(np.zeros((7, 20), np.uint8))


@pytest.mark.parametrize(
    "options",
    [
        {"n_points": 3}, {"n_points": 33}, {"n_points": 8.0}, {"radius": 0}, {"radius": np.nan}, {"radius": 1e6},
        {"method": "u2"}, {"interpolation": "cubic"}, {"method": "ri", "n_points": 20},
        {"method": "vlfeat", "n_points": 16}, {"method": "vlfeat", "radius": 2.0},
        {"method": "vlfeat", "interpolation": "bilinear"},
    ],
)
def test_wrong_circles(options):
    for function in (lbp_codes, bovw.lbp_cells, lbp):
        with pytest.raises(ParameterError, match=next(iter(options))):
            function(np.zeros((40, 40), np.uint8), **options)


@pytest.mark.parametrize(
    ("function", "options", "name"),
    [
        (lbp_codes, {"border": "reflect"}, "border"),
        (bovw.lbp_cells, {"cell_size": 0}, "cell_size"),
        (bovw.lbp_cells, {"cell_size": 2000, "sharing": "bilinear"}, "cell_size"),
        (bovw.lbp_cells, {"sharing": "soft"}, "sharing"),
        (bovw.lbp_cells, {"norm": "L2"}, "norm"),
        (bovw.lbp_cells, {"method": "plain", "n_points": 17}, "n_points"),
        (lbp_histogram, {"scales": 8}, "scales"),
        (lbp_histogram, {"scales": ()}, "scales"),
        (lbp, {"patch_sizes": (16, 17)}, "patch_sizes"),
        (lbp, {"patch_sizes": ()}, "patch_sizes"),
        (lbp, {"patch_sizes": 16.0}, "patch_sizes"),
        (lbp, {"step": 0}, "step"),
        (lbp, {"patch_cells": -1}, "patch_cells"),
        (lbp, {"norm": "max"}, "norm"),
    ],
)
def test_wrong_parameters(function, options, name):
    with pytest.raises(ParameterError, match=name):
        function(np.zeros((40, 40), np.uint8), **options)


def test_constant_and_extreme_images():
    tenth = np.full((5, 5), 0.1, np.float32)
    assert (lbp_codes(tenth, n_points=24, radius=1.7, method="riu2", border="edge") == 24).all()
    assert (lbp_codes(np.full((5, 5), 3e38), method="plain") == 255).all()
    h = bovw.lbp_cells(np.full((8, 8), 7, np.uint8), norm="l2")
    assert h[0, 0, 57] == 1 and h.sum() == 1


@settings(deadline=None, max_examples=60)
@given(
    image=hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.float32]), hnp.array_shapes(min_dims=2, max_dims=2, max_side=24),
        elements=st.integers(0, 255),
    ),
    n_points=st.integers(4, 32), radius=st.floats(0.1, 9), method=st.sampled_from(METHODS),
    cell_size=st.integers(1, 9), sharing=st.sampled_from(["none", "bilinear"]),
    interpolation=st.sampled_from(["auto", "nearest"]), step=st.integers(1, 9), cells=st.integers(1, 3),
)
def test_any_input_gives_frequencies_or_a_parameter_error(
    image, n_points, radius, method, cell_size, sharing, interpolation, step, cells
):
    circle = {"n_points": n_points, "radius": radius, "method": method, "interpolation": interpolation}
    if method in ("plain", "ri"):
        circle["n_points"] = n_points % 8 + 4
    elif method == "vlfeat":
        circle |= {"n_points": 8, "radius": 1.0}
    try:
        h = bovw.lbp_cells(image, cell_size=cell_size, sharing=sharing, norm="l1", **circle)
    except ParameterError:
        pass
    else:
        sums = h.sum(axis=2, dtype=np.float64)
        assert ((np.abs(sums - 1) < 1e-5) | (sums == 0)).all()
    descriptors, frames, _ = lbp(image, patch_sizes=cells * cell_size, step=step, patch_cells=cells, **circle)
    assert len(descriptors) == len(frames)
    assert np.isfinite(descriptors).all()
