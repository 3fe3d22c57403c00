"""Dense SIFT against its definition, golden values, symmetry, and VLFeat."""


import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bovw
from bovw.descriptors.grid import frames_along
from tests.reference.dsift import dsift as slow_dsift
from tests.reference.dsift import smooth as slow_smooth
from tests.simd import assert_same_bits

# centers (7.5, 7.5) ... (47.5, 37.5): 20 frames; norm of the first, sum of all, d[0][:3], d[7][64:67]
GOLDEN = {
    ("gaussian", 2.0): (27.2983, 158.6628, (0.17455, 0.05621, 0), (0.05641, 0.11666, 0.08482)),
    ("gaussian", 1.6): (23.1289, 156.6577, (0.14167, 0.04303, 0), (0.05014, 0.10444, 0.08359)),
    ("flat", 2.0): (26.9254, 159.5206, (0.19409, 0.06861, 0), (0.06582, 0.13518, 0.08246)),
    ("flat", 1.5): (21.4082, 157.5151, (0.16087, 0.05687, 0), (0.06348, 0.13039, 0.07953)),
}


@pytest.mark.parametrize(("window", "window_size"), GOLDEN)
@pytest.mark.parametrize(("arctangent", "tolerance"), [("fast", 1e-4), ("exact", 2e-3)])
def test_golden_values(golden_image, window, window_size, arctangent, tolerance):
    d, frames, norms = bovw.dense_sift(
        golden_image, bin_size=5, step=10, window=window, window_size=window_size, arctangent=arctangent
    )
    norm, total, first, seventh = GOLDEN[window, window_size]
    assert d.shape == (20, 128)
    assert tuple(frames[0, :2]) == (7.5, 7.5)
    assert tuple(frames[-1, :2]) == (47.5, 37.5)
    assert norms[0] == pytest.approx(norm, abs=1e-4 if arctangent == "fast" else 2e-2)
    assert d.sum(dtype=np.float64) == pytest.approx(total, abs=1e-3 if arctangent == "fast" else 0.2)
    np.testing.assert_allclose(d[0, :3], first, atol=tolerance)
    np.testing.assert_allclose(d[7, 64:67], seventh, atol=tolerance)


@settings(deadline=None, max_examples=60)
@given(
    height=st.integers(1, 40), width=st.integers(1, 40), bin_size=st.integers(1, 7), step=st.integers(1, 12),
    spatial_bins=st.integers(1, 5), orientations=st.integers(2, 18), window=st.sampled_from(["flat", "gaussian"]),
    window_size=st.floats(0.3, 4), arctangent=st.sampled_from(["fast", "exact"]), seed=st.integers(0, 99),
)
def test_equals_the_slow_twin(
    height, width, bin_size, step, spatial_bins, orientations, window, window_size, arctangent, seed
):
    image = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    options = {
        "bin_size": bin_size, "step": step, "spatial_bins": spatial_bins, "orientations": orientations,
        "window": window, "window_size": window_size, "arctangent": arctangent,
    }
    d, frames, norms = bovw.dense_sift(image, **options)
    slow, slow_frames, slow_norms = slow_dsift(image, **options)
    assert d.shape == slow.shape
    np.testing.assert_allclose(d, slow, atol=2e-5)
    np.testing.assert_array_equal(frames[:, :2], slow_frames)
    np.testing.assert_allclose(norms, slow_norms, rtol=1e-4, atol=1e-4)


def test_bounds_equal_the_slow_twin(golden_image):
    bounds = (3, 5, 50, 41)
    d, frames, _ = bovw.dense_sift(golden_image, bin_size=4, step=3, bounds=bounds)
    slow, slow_frames, _ = slow_dsift(golden_image, bin_size=4, step=3, bounds=bounds)
    np.testing.assert_allclose(d, slow, atol=1e-5)
    np.testing.assert_array_equal(frames[:, :2], slow_frames)


def test_frame_counts_follow_the_formula():
    rng = np.random.default_rng(0)
    for _ in range(200):
        height, width = rng.integers(1, 200, 2)
        bin_size, step = rng.integers(1, 13, 2)
        d, frames, norms = bovw.dense_sift(np.zeros((height, width), np.uint8), bin_size=int(bin_size), step=int(step))
        along = [(length - 1 - 3 * bin_size) // step + 1 if length > 3 * bin_size else 0 for length in (height, width)]
        assert len(d) == len(frames) == len(norms) == along[0] * along[1]
        assert along == [frames_along(length, 3 * bin_size, step) for length in (height, width)]


def test_several_bin_sizes_are_the_single_ones_stacked(photograph):
    gray = photograph[:200, :180].mean(axis=2)
    both, frames, norms = bovw.dense_sift(gray, bin_size=(4, 6, 10), step=4, align=False)
    parts = [bovw.dense_sift(gray, bin_size=b, step=4) for b in (4, 6, 10)]
    np.testing.assert_allclose(both, np.concatenate([p[0] for p in parts]), atol=1e-6)
    np.testing.assert_array_equal(frames, np.concatenate([p[1] for p in parts]))
    np.testing.assert_allclose(norms, np.concatenate([p[2] for p in parts]), rtol=1e-5)


def test_aligned_grids_share_their_centers():
    _, frames, _ = bovw.dense_sift(np.zeros((90, 100)), bin_size=(4, 6, 8, 10), step=5)
    by_scale = [frames[frames[:, 2] == np.float32(b / 3)] for b in (4, 6, 8, 10)]
    for other in by_scale[:-1]:
        centers = {tuple(c) for c in other[:, :2]}
        assert {tuple(c) for c in by_scale[-1][:, :2]} <= centers


def test_phow_offsets(photograph):
    """vl_phow puts the grid of bin size s at floor(1 + 1.5 (max - s)), counted from 1."""
    for size, first in zip((4, 6, 8, 10), (9, 6, 3, 0), strict=True):
        _, frames, _ = bovw.DenseSIFT.phow().describe(photograph[:100, :100, 0])
        mine = frames[frames[:, 2] == np.float32(size / 3)]
        assert mine[0, 0] == first + 1.5 * size


def test_smoothing_equals_describing_what_opencv_smoothed(golden_image):
    import cv2

    d, _, _ = bovw.dense_sift(golden_image, bin_size=(4, 8), step=5, magnification=6.0, align=False)
    start = 0
    for b in (4, 8):
        radius = int(np.ceil(4 * b / 6))
        blurred = cv2.GaussianBlur(golden_image, (2 * radius + 1,) * 2, b / 6, borderType=cv2.BORDER_REPLICATE)
        alone, _, _ = bovw.dense_sift(blurred, bin_size=b, step=5)
        np.testing.assert_allclose(d[start:start + len(alone)], alone, atol=1e-5)
        start += len(alone)
    assert start == len(d)


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 40), width=st.integers(1, 50), bin_size=st.integers(1, 6), step=st.integers(1, 9),
    magnification=st.floats(0.5, 12), window=st.sampled_from(["flat", "gaussian"]), seed=st.integers(0, 99),
)
def test_smoothing_equals_the_slow_twin(height, width, bin_size, step, magnification, window, seed):
    image = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    sigma = bin_size / magnification
    d, frames, norms = bovw.dense_sift(image, bin_size=bin_size, step=step, window=window, magnification=magnification)
    slow, where, mass = slow_dsift(slow_smooth(image, sigma), bin_size=bin_size, step=step, window=window)
    np.testing.assert_array_equal(frames[:, :2], where)
    np.testing.assert_allclose(norms, mass, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(d[mass > 0.1], slow[mass > 0.1], atol=5e-4)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 99), window=st.sampled_from(["flat", "gaussian"]), step=st.integers(2, 5))
def test_translation_by_one_step_moves_the_descriptors(seed, window, step):
    image = np.random.default_rng(seed).uniform(0, 255, (60, 60)).astype(np.float32)
    options = {"bin_size": 3, "step": step, "window": window}
    a, fa, _ = bovw.dense_sift(image, **options)
    b, fb, _ = bovw.dense_sift(image[step:, step:], **options)
    a = a.reshape(len(np.unique(fa[:, 1])), -1, 128)
    b = b.reshape(len(np.unique(fb[:, 1])), -1, 128)
    # frames whose support does not touch the cut border see the same pixels
    margin = -(-4 // step)
    np.testing.assert_allclose(a[1 + margin:, 1 + margin:], b[margin:, margin:], atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 99), window=st.sampled_from(["flat", "gaussian"]))
def test_flip_and_quarter_turn_permute_the_bins(seed, window):
    image = np.random.default_rng(seed).uniform(0, 255, (33, 33)).astype(np.float32)
    options = {"bin_size": 4, "step": 4, "window": window, "arctangent": "exact"}

    def grid(image):
        return bovw.dense_sift(image, **options)[0].reshape(6, 6, 4, 4, 8)  # (fy, fx, y, x, t)

    here = grid(image)
    opposite = (4 - np.arange(8)) % 8  # x -> -x maps angle a to pi - a
    np.testing.assert_allclose(grid(image[:, ::-1])[:, ::-1, :, ::-1, opposite], here, atol=2e-5)
    turned = grid(np.rot90(image, -1))  # clockwise: (x, y) goes to (32 - y, x), angle a to a + pi / 2
    back = turned[:, ::-1, :, ::-1].transpose(1, 0, 3, 2, 4)
    np.testing.assert_allclose(back[..., (np.arange(8) + 2) % 8], here, atol=2e-5)


def test_contrast_threshold_zeroes_but_keeps_the_frame(golden_image):
    all_, frames, norms = bovw.dense_sift(golden_image, bin_size=3, step=6)
    threshold = float(np.median(norms))
    d, kept, _ = bovw.dense_sift(golden_image, bin_size=3, step=6, contrast_threshold=threshold)
    np.testing.assert_array_equal(frames, kept)
    low = norms < threshold
    assert 0 < low.sum() < len(low)
    assert not d[low].any()
    np.testing.assert_array_equal(d[~low], all_[~low])


def test_root_and_uint8(golden_image):
    d, _, _ = bovw.dense_sift(golden_image, bin_size=4, step=4)
    root, _, _ = bovw.dense_sift(golden_image, bin_size=4, step=4, root=True)
    np.testing.assert_allclose(root, np.sqrt(d / d.sum(axis=1, keepdims=True)), atol=1e-6)
    as_bytes, _, _ = bovw.dense_sift(golden_image, bin_size=4, step=4, dtype="uint8")
    np.testing.assert_array_equal(as_bytes, np.minimum(512 * d, 255).astype(np.uint8))


@pytest.mark.parametrize("options", [{}, {"root": True}, {"dtype": "uint8"}, {"window": "gaussian"}])
def test_constant_image_gives_zero(options):
    d, _, norms = bovw.dense_sift(np.full((40, 40), 77.0), **options)
    assert len(d) == len(norms) > 0
    assert not d.any()
    assert not norms.any()


def test_input_types_agree(photograph):
    gray = photograph[:64, :64, 1]
    base = bovw.dense_sift(gray)[0]
    np.testing.assert_array_equal(bovw.dense_sift(gray.astype(np.float64))[0], base)
    np.testing.assert_array_equal(bovw.dense_sift(gray.astype(np.uint16) * 257)[0], base)
    np.testing.assert_array_equal(bovw.dense_sift((gray.astype(np.uint16) * 257).astype(">u2"))[0], base)
    wide = np.zeros((128, 128), np.uint8)
    wide[::2, ::2] = gray
    view = wide[::2, ::2]
    view.setflags(write=False)
    np.testing.assert_array_equal(bovw.dense_sift(view)[0], base)
    np.testing.assert_array_equal(bovw.dense_sift(np.asfortranarray(gray))[0], base)


def test_out_is_written_in_place(golden_image):
    out = np.full((500, 128), np.nan, np.float32)
    d, _, _ = bovw.dense_sift(golden_image, bin_size=4, step=4, out=out)
    assert d.base is out
    np.testing.assert_array_equal(d, bovw.dense_sift(golden_image, bin_size=4, step=4)[0])
    assert np.isnan(out[len(d):]).all()
    frozen = np.empty((500, 128), np.float32)
    frozen.setflags(write=False)
    for wrong, message in (
        (out[:3], "at least"), (out[:, :100], "C-contiguous"), (out.astype(np.float64), "float64"),
        (frozen, "writable"), (np.empty((500, 129), np.float32), "shape"), ([1.0], "list"),
    ):
        with pytest.raises(bovw.ParameterError, match=message):
            bovw.dense_sift(golden_image, bin_size=4, step=4, out=wrong)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": 0}, "step=0 must be at least 1"),
        ({"step": 2.5}, "step=2.5 must be an integer"),
        ({"bin_size": ()}, "is too short"),
        ({"window": "gausian"}, "did you mean 'gaussian'"),
        ({"window_size": -1.0}, "window_size"),
        ({"orientations": 1}, "orientations"),
        ({"bounds": (0, 0, 99, 9)}, "bounds"),
        ({"dtype": "float64"}, "dtype"),
        ({"bounds": 7}, "four integers"),
        ({"bounds": (0, 0, 9, 9), "scales": 0.5}, "drop one"),
        ({"window_size": 2**2000}, "must be finite"),
        ({"magnification": 1e-9}, "raise magnification"),
    ],
)
def test_bad_parameters_are_named(change, message):
    with pytest.raises(bovw.ParameterError, match=message):
        bovw.dense_sift(np.zeros((30, 30)), **change)


@pytest.mark.parametrize("factor", [1e12, 1e30])
def test_values_beyond_float32_squares_are_refused(factor):
    image = np.random.default_rng(0).uniform(0, factor, (40, 40))
    with pytest.raises(bovw.ParameterError, match="too large"):
        bovw.dense_sift(image)


@pytest.mark.parametrize(
    "image",
    [
        np.full((20, 20), np.nan), np.full((20, 20), np.inf), np.zeros((0, 5)), np.zeros((5, 5, 2)), np.zeros(5),
        np.zeros((5, 5), complex),
    ],
)
def test_bad_images_are_refused(image):
    with pytest.raises(bovw.ParameterError, match="image"):
        bovw.dense_sift(image)


def test_simd_levels_give_the_same_bits():
    script = (
        "import hashlib, numpy as np, bovw\n"
        "r = np.random.default_rng(5).uniform(0, 255, (75, 93)).astype(np.float32)\n"
        "h = hashlib.sha256()\n"
        "for w in ('flat', 'gaussian'):\n"
        "  for a in ('fast', 'exact'):\n"
        "    for t in (8, 9):\n"
        "      d, f, n = bovw.dense_sift(r, bin_size=(3, 4, 6), step=4, window=w, arctangent=a, orientations=t,\n"
        "                           root=t == 9, magnification=6.0 if a == 'fast' else None)\n"
        "      h.update(d.tobytes() + n.tobytes())\n"
        "print(h.hexdigest())\n"
    )
    assert_same_bits(script)


def test_workers_do_not_change_a_bit(photograph):
    images = [photograph[i:i + 60, i:i + 70] for i in range(0, 100, 20)]
    one = bovw.DenseSIFT(bin_size=(4, 6), n_jobs=1).transform(images)
    two = bovw.DenseSIFT(bin_size=(4, 6), n_jobs=2).transform(images)
    assert len(one) == len(images)
    np.testing.assert_array_equal(one.descriptors, two.descriptors)
    np.testing.assert_array_equal(one.frames, two.frames)
    np.testing.assert_array_equal(one.offsets, two.offsets)


def test_five_scales_share_one_output(photograph):
    image = photograph[:120, :160, 0]
    scales = (1.0, 0.5**0.5, 0.5)
    together = bovw.DenseSIFT(bin_size=6, step=4, scales=scales, dtype="uint8").extract(image)
    apart = [bovw.DenseSIFT(bin_size=6, step=4, scales=(s,), dtype="uint8").extract(image) for s in scales]
    assert together.descriptors.dtype == np.uint8
    np.testing.assert_array_equal(together.descriptors, np.concatenate([a.descriptors for a in apart]))
    np.testing.assert_array_equal(together.frames, np.concatenate([a.frames for a in apart]))
    np.testing.assert_array_equal(together.norms, np.concatenate([a.norms for a in apart]))


def test_color_spaces_equal_their_definitions(photograph):
    """The planes, from the formulas in double precision; more rows than one band of the conversion."""
    from bovw.descriptors.sift import color_channels

    image = photograph[:150, :33]
    r, g, b = np.moveaxis(image.astype(np.float64), 2, 0)
    m = 0.3 * r + 0.59 * g + 0.11 * b
    o1, o2, o3 = (r - g) / np.sqrt(2), (r + g - 2 * b) / np.sqrt(6), (r + g + b) / np.sqrt(3)
    expected = {
        "rgb": (r, g, b), "opponent": (m, o1 + 0.01 * m, o2 + 0.01 * m),
        "c": (o3, 255 * o1 / (o3 + 1), 255 * o2 / (o3 + 1)),
    }
    for space, planes in expected.items():
        for source in (image, image.astype(np.float32)):
            np.testing.assert_allclose(list(color_channels(source, space)), planes, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("height", [224, 225])
def test_imagenet_protocol(height):
    """A 300 x 224 image has 609 + 140 + 30 descriptors, as the kit's example, and starts at 7.5 / 300."""
    image = np.random.default_rng(0).integers(0, 255, (2 * height, 600), dtype=np.uint8)
    d = bovw.DenseSIFT.imagenet2010().extract(image)
    assert d.n_descriptors == 779
    relative = d.frames[:, :2] / d.sizes[0, ::-1]
    assert relative[0, 0] == pytest.approx(7.5 / 300)
    assert relative[0, 1] == pytest.approx(7.5 / height)
    assert relative[609, 0] == pytest.approx(7.5 / 150)
    small = bovw.DenseSIFT.imagenet2010().extract(image[:100, :90])  # never enlarged
    assert small.frames[0, 0] == 7.5


def test_color_sift_stacks_its_channels(photograph):
    image = photograph[:80, :90]
    for space in ("rgb", "opponent", "c"):
        extractor = bovw.DenseSIFT(bin_size=4, step=8, color_space=space)
        d = extractor.extract(image)
        assert d.descriptor_size == extractor.descriptor_size == 384
    rgb = bovw.DenseSIFT(bin_size=4, step=8, color_space="rgb").extract(image).descriptors
    for c in range(3):
        np.testing.assert_array_equal(
            rgb[:, 128 * c:128 * (c + 1)], bovw.dense_sift(image[:, :, c], bin_size=4, step=8)[0]
        )
    # C-SIFT ignores a change of the light's intensity, but for the gray level that keeps black finite
    a = bovw.DenseSIFT(bin_size=4, step=8, color_space="c").extract(image.astype(np.float32)).descriptors
    b = bovw.DenseSIFT(bin_size=4, step=8, color_space="c").extract(image * np.float32(0.8)).descriptors
    assert np.median(np.abs(a - b)) < 5e-3


def test_scaled_frames_come_back_in_image_pixels(photograph):
    image = photograph[:128, :128, 0]
    d = bovw.DenseSIFT(bin_size=8, step=8, scales=(1.0, 0.5)).extract(image)
    half = d.frames[d.frames[:, 2] > 3]
    assert half[0, 0] == pytest.approx((12 + 0.5) * 2 - 0.5)
    assert half[0, 2] == pytest.approx(16 / 3)
    assert (d.positions() > 0).all()
    assert (d.positions() < 1).all()


@pytest.mark.parametrize("window", ["flat", "gaussian"])
def test_agrees_with_libvlfeat_on_photographs(bovw_data, window):
    import cv2

    vlfeat = pytest.importorskip("experiments.benchmarks.vlfeat")
    if vlfeat.load() is None:
        pytest.skip("libvlfeat is not installed")
    worst, theirs_of = [], vlfeat.DenseSIFT(160, 120, step=7, bin_size=5, window=window)
    for path in sorted((bovw_data / "imagenet_native").glob("*/*.JPEG"))[::2][:60]:
        image = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (160, 120)).astype(np.float32)
        theirs = theirs_of(image)
        ours, _, _ = bovw.dense_sift(image, step=7, bin_size=5, window=window)
        assert theirs.shape == ours.shape
        worst.append(np.abs(theirs - ours).max())
    assert len(worst) >= 50
    assert max(worst) <= 1e-3
