"""The protocol and the files of ImageNet's dense-SIFT download."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from bovw import DenseSIFT, read_image, resize_image
from bovw.errors import DatasetError, ImageDecodeError, ParameterError
from bovw.interchange import (
    ImageSIFT,
    ImageWords,
    WordSet,
    imagenet_grid,
    imagenet_sift,
    iter_sbow,
    iter_vldsift,
    read_codebook,
    read_sbow,
    read_vldsift,
    write_codebook,
    write_sbow,
    write_vldsift,
)

from ..reference import mat5 as twin
from ..reference.significant_digits import six_digits


def words_of(sift, seed=0):
    word = np.random.default_rng(seed).integers(0, 1000, len(sift.x)).astype(np.int16)
    return ImageWords(sift.id, word, sift.x, sift.y, sift.scale, sift.norm)


@pytest.fixture(scope="module")
def images(photograph):
    """Many descriptors, one, and none."""
    shapes = {"n03710721_67": (300, 400), "one": (17, 25), "none": (15, 200)}
    return [imagenet_sift(photograph[:height, :width], name) for name, (height, width) in shapes.items()]


@pytest.fixture
def vldsift(images, tmp_path):
    write_vldsift(tmp_path / "n03710721.vldsift.mat", images)
    return tmp_path / "n03710721.vldsift.mat"


@pytest.fixture
def sbow(images, tmp_path):
    write_sbow(tmp_path / "n03710721.sbow.mat", map(words_of, images))
    return tmp_path / "n03710721.sbow.mat"


def test_golden_numbers(golden_image):
    """Of VLFeat with a window of 8 pixels; tolerances of six digits."""
    sift = imagenet_sift(golden_image, "golden")
    finest = sift.scale == 0
    assert finest.sum() == 20 and np.flatnonzero(finest)[-1] == 19
    assert sift.norm[0] == pytest.approx(23.1289, abs=2e-4)
    assert sift.desc[finest].sum() == pytest.approx(156.6577, abs=2e-3)
    np.testing.assert_allclose(sift.desc[0, :3], [0.14167, 0.04303, 0], atol=2e-5)
    np.testing.assert_allclose(sift.desc[7, 64:67], [0.05014, 0.10444, 0.08359], atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(sift.desc, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("size", [(224, 300), (225, 300)])
def test_the_kits_example_has_779_descriptors(size):
    x, y, scale = imagenet_grid(*size)
    assert np.bincount(scale).tolist() == [609, 140, 30]
    assert x[0] == np.float32(0.025) and x.min() > 0 and x.max() < 1 and y.max() < 1


def test_counts_follow_the_formula(photograph):
    def along(side):
        return (side - 16) // 10 + 1 if side >= 16 else 0

    for height, width in ((40, 300), (31, 16), (512, 400), (100, 512), (15, 15)):
        sift = imagenet_sift(photograph[:height, :width])
        fit = min(1, 300 / max(height, width))
        h, w = (int(side * fit + 0.5) for side in (height, width))
        counts = [along(int(w * s + 0.5)) * along(int(h * s + 0.5)) for s in (1, 0.5, 0.25)]
        assert np.bincount(sift.scale, minlength=3).tolist() == counts
        assert len(sift.desc) == sum(counts)


def test_order_is_scale_then_row_then_column(images):
    sift = images[0]
    order = np.lexsort((sift.x, sift.y, sift.scale))
    np.testing.assert_array_equal(order, np.arange(len(order)))


def test_all_numbers_have_six_digits(images):
    for sift in images:
        for values in (sift.x, sift.y, sift.norm, sift.desc):
            assert values.dtype == np.float32
            np.testing.assert_array_equal(six_digits(values), values)


def test_orientation_is_not_applied_and_color_is_converted(tmp_path, photograph):
    import cv2

    gray = imagenet_sift(read_image(_png(cv2, tmp_path, photograph), "gray"))
    np.testing.assert_array_equal(imagenet_sift(photograph).desc, gray.desc)
    with pytest.raises(ImageDecodeError):
        imagenet_sift(tmp_path / "absent.jpg")


def _png(cv2, folder, image):
    cv2.imwrite(str(folder / "a.png"), image[:, :, ::-1])
    return folder / "a.png"


def test_struct_layout(vldsift, sbow, images):
    n = len(images[0].x)
    raw, words = loadmat(vldsift), loadmat(sbow)
    assert {k for k in raw if k[0] != "_"} == {"image_vldsift"} and {k for k in words if k[0] != "_"} == {"image_sbow"}
    for loaded, inner, fields in (
        (raw["image_vldsift"], "vldsift", {"x": "f4", "y": "f4", "scale": "i1", "norm": "f4", "desc": "f4"}),
        (words["image_sbow"], "sbow", {"word": "i2", "x": "f4", "y": "f4", "scale": "i1", "norm": "f4"}),
    ):
        assert loaded.shape == (3, 1) and loaded.dtype.names == ("ID", inner)
        part = loaded[0, 0][inner]
        assert part.shape == (1, 1) and part.dtype.names == tuple(fields)
        for name, dtype in fields.items():
            assert part[name][0, 0].dtype == np.dtype(dtype)
            assert part[name][0, 0].shape == ((128, n) if name == "desc" else (1, n))
    np.testing.assert_array_equal(raw["image_vldsift"][0, 0]["vldsift"]["desc"][0, 0], images[0].desc.T)
    data = vldsift.read_bytes()
    assert data[128] == 15 and data.startswith(b"MATLAB 5.0 MAT-file")  # compressed


def test_access_by_name_and_by_position(sbow, vldsift, images):
    records = loadmat(sbow)["image_sbow"]
    wanted = words_of(images[0])
    first = records[0]
    np.testing.assert_array_equal(first["sbow"][0]["word"][0][0], wanted.word[None])
    struct = first[0]
    by_position = [struct[1][0][0][i][0] for i in range(5)]
    for got, name in zip(by_position, ("word", "x", "y", "scale", "norm"), strict=True):
        np.testing.assert_array_equal(got, getattr(wanted, name))
    flat = records.ravel()
    assert flat[0][0][0] == "n03710721_67"
    np.testing.assert_array_equal(flat[0][1]["word"][0, 0].ravel(), wanted.word)
    raw = loadmat(vldsift)["image_vldsift"].ravel()[0]
    np.testing.assert_array_equal(raw[1][0, 0]["x"][0] * 400, images[0].x * 400)
    squeezed = loadmat(sbow, squeeze_me=True)["image_sbow"]
    assert squeezed[0]["ID"] == "n03710721_67" and squeezed[0]["sbow"]["word"].item().shape == wanted.word.shape


def test_write_read_write_gives_the_same_bytes(vldsift, sbow, tmp_path):
    write_vldsift(tmp_path / "again.mat", iter_vldsift(vldsift))
    assert (tmp_path / "again.mat").read_bytes() == vldsift.read_bytes()
    write_sbow(tmp_path / "again.mat", iter_sbow(sbow))
    assert (tmp_path / "again.mat").read_bytes() == sbow.read_bytes()
    write_sbow(tmp_path / "again.mat", read_sbow(sbow))
    assert (tmp_path / "again.mat").read_bytes() == sbow.read_bytes()


@pytest.mark.parametrize("n_records", [1, 3])
@pytest.mark.parametrize("squeeze", [False, True])
@pytest.mark.parametrize("compress", [False, True])
def test_files_that_others_saved(vldsift, sbow, images, tmp_path, n_records, squeeze, compress):
    """Loaded by SciPy, squeezed or not, and saved again: also the image with one descriptor."""
    for path, name, read in ((vldsift, "image_vldsift", iter_vldsift), (sbow, "image_sbow", iter_sbow)):
        records = loadmat(path, squeeze_me=squeeze)[name][:n_records]
        records = records[0] if squeeze and n_records == 1 else records
        savemat(tmp_path / "other.mat", {name: records}, do_compression=compress)
        for got, wanted in zip(read(tmp_path / "other.mat"), read(path), strict=n_records == 3):
            assert got.id == wanted.id
            for one, other in zip(got[1:], wanted[1:], strict=True):
                assert one.dtype == other.dtype and one.shape == other.shape
                np.testing.assert_array_equal(one, other)


def test_files_in_double_precision(tmp_path):
    part = {
        "word": np.float64([[3, 999]]), "x": np.float64([[0.25, 0.5]]), "y": np.float64([[0.5, 1]]),
        "scale": (np.float64([[0, 2]]), "u1"), "norm": np.float64([[0, 3]]),
    }
    (tmp_path / "m.mat").write_bytes(twin.file("image_sbow", [{"ID": "a", "sbow": part}], order=">"))
    words = read_sbow(tmp_path / "m.mat")
    assert words.words.dtype == np.int16 and words.words.tolist() == [3, 999]
    assert words.scales.tolist() == [0, 2] and words.x.dtype == np.float32


GOOD = {"word": np.int16([[1, 2]]), "x": np.float32([[0, 1]]), "y": np.float32([[0.5, 1]]),
        "scale": np.int8([[0, 1]]), "norm": np.float32([[1, 2]])}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"word": np.int16([[1]])}, "word has 1 entries and x 2"),
        ({"word": np.int16([[-1, 2]])}, "word holds values outside"),
        ({"word": np.float64([[1.5, 2]])}, "no integers"),
        ({"word": np.float64([[np.nan, 2]])}, "word holds values outside"),
        ({"word": np.int64([[1 << 40, 2]])}, "word holds values outside"),
        ({"word": np.int16([[1, 1000]])}, "words must lie in"),
        ({"word": "text"}, "the field word, a numeric array, is missing"),
        ({"x": np.float32([[0, np.nan]])}, "x holds values outside"),
        ({"y": np.float32([[0, 1.5]])}, "y holds values outside"),
        ({"x": np.float64([[0, 1e300]])}, "x holds values outside"),
        ({"norm": np.float64([[0, 1e300]])}, "norm holds"),
        ({"norm": np.float32([[-1, 0]])}, "norm holds"),
        ({"scale": np.int8([[-1, 0]])}, "scale holds"),
        ({"x": np.zeros((2, 2), "f4")}, "one row"),
    ],
)
def test_unsound_fields_are_named(tmp_path, change, message):
    (tmp_path / "bad.mat").write_bytes(twin.file("image_sbow", [{"ID": "a", "sbow": {**GOOD, **change}}]))
    with pytest.raises(DatasetError, match=message) as caught:
        read_sbow(tmp_path / "bad.mat")
    assert "bad.mat" in str(caught.value)


def test_unsound_descriptors_and_records_are_named(tmp_path):
    rows = {name: values for name, values in GOOD.items() if name != "word"}
    for desc, message in (
        (np.zeros((2, 128), "f4"), r"desc has shape \(2, 128\)"),
        (np.zeros((128, 3), "f4"), "desc has shape"),
        (np.full((128, 2), np.inf, "f4"), "NaN or infinity"),
    ):
        (tmp_path / "bad.mat").write_bytes(twin.file("image_vldsift", [{"ID": "a", "vldsift": {**rows, "desc": desc}}]))
        with pytest.raises(DatasetError, match=message):
            read_vldsift(tmp_path / "bad.mat")
    for record in ({"ID": "a", "other": GOOD}, {"ID": np.float64([[1]]), "sbow": GOOD}, {"ID": "a", "sbow": "text"}):
        (tmp_path / "bad.mat").write_bytes(twin.file("image_sbow", [record]))
        with pytest.raises(DatasetError, match="image 1: the fields ID"):
            read_sbow(tmp_path / "bad.mat")


def test_memory_is_bounded(vldsift, sbow):
    with pytest.raises(DatasetError, match=r"more than 100000 bytes|100000 are accepted"):
        read_vldsift(vldsift, max_bytes=100_000)
    with pytest.raises(DatasetError, match=r"accepted|more than"):
        read_sbow(sbow, max_bytes=5_000)


def test_descriptor_sets_on_a_unit_image(vldsift, images):
    ids, sets = read_vldsift(vldsift)
    assert ids == [image.id for image in images] and len(sets) == 3
    positions = sets.positions()
    np.testing.assert_allclose(positions[:, 0], np.concatenate([image.x for image in images]), atol=6e-8)
    np.testing.assert_allclose(positions[:, 1], np.concatenate([image.y for image in images]), atol=6e-8)
    assert set(sets.frames[:, 2]) == {1, 2, 4}
    np.testing.assert_array_equal(sets[0].descriptors, images[0].desc)
    assert len(read_vldsift(vldsift, n_images=2)[0]) == 2


def test_descriptor_sets_in_pixels_are_those_of_the_extractor(vldsift, photograph):
    sizes = {"n03710721_67": (300, 400), "one": (17, 25), "none": (15, 200)}
    _, sets = read_vldsift(vldsift, sizes)
    extracted = DenseSIFT.imagenet2010().transform(
        [np.array(_gray(photograph)[:height, :width]) for height, width in sizes.values()]
    )
    np.testing.assert_array_equal(sets.offsets, extracted.offsets)
    np.testing.assert_array_equal(sets.sizes, extracted.sizes)
    np.testing.assert_allclose(sets.frames, extracted.frames, rtol=6e-6)
    np.testing.assert_allclose(sets.descriptors, extracted.descriptors, atol=6e-7)
    np.testing.assert_allclose(sets.norms, extracted.norms, rtol=6e-6)
    with pytest.raises(DatasetError, match="no entry for 'one'"):
        read_vldsift(vldsift, {"n03710721_67": (300, 400)})


def _gray(image):
    from bovw.images import load_image

    return load_image(image, "gray")


def test_what_does_not_fit_the_format_is_not_written(images, tmp_path):
    path = tmp_path / "a.mat"
    good = images[0]
    for bad, message in (
        (good._replace(x=good.x[:-1]), "entries and x|desc has shape"),
        (good._replace(desc=good.desc * np.nan), "NaN"),
        (good._replace(id=3), "ID"),
        (words_of(good), "made of ImageSIFT records, got a ImageWords"),
    ):
        with pytest.raises(ParameterError, match=message):
            write_vldsift(path, [bad])
        assert not path.exists() and not list(tmp_path.glob(".*.part"))
    with pytest.raises(ParameterError, match="no ids"):
        write_sbow(path, WordSet([1]))
    write_vldsift(path, [])
    assert read_vldsift(path)[1].n_descriptors == 0
    write_vldsift(path, [ImageSIFT("a", [0.5], [0.5], [0], [1.0], np.eye(1, 128))])  # any number types
    assert next(iter_vldsift(path)).desc[0, 0] == 1


def test_codebook_as_text(tmp_path):
    words = np.random.default_rng(0).random((5, 128), dtype=np.float32)
    write_codebook(tmp_path / "c.txt", words)
    codebook = read_codebook(tmp_path / "c.txt", n_features=128)
    np.testing.assert_array_equal(codebook.words_, six_digits(words))
    assert codebook.predict(words).tolist() == [0, 1, 2, 3, 4]
    write_codebook(tmp_path / "d.txt", codebook, digits=9)
    np.testing.assert_array_equal(read_codebook(tmp_path / "d.txt").words_, codebook.words_)
    for text, message in (
        ("", "no word"), ("1 2\n3\n", "line 2: 1 numbers; 2"), ("1 x\n", "line 1: '1 x'"), ("1 inf\n", "line 1"),
        ("\n1 2\n", "line 1: 0 numbers"), ("1 1e39\n", "line 1"),
    ):
        (tmp_path / "e.txt").write_text(text)
        with pytest.raises(DatasetError, match=message):
            read_codebook(tmp_path / "e.txt")
    with pytest.raises(DatasetError, match="2 numbers; 128"):
        (tmp_path / "e.txt").write_text("1 2\n")
        read_codebook(tmp_path / "e.txt", n_features=128)
    with pytest.raises(DatasetError, match="more than the 1 words"):
        (tmp_path / "e.txt").write_text("1\n2\n")
        read_codebook(tmp_path / "e.txt", max_words=1)


def test_the_kits_codebook(bovw_data):
    codebook = read_codebook(bovw_data / "ilsvrc2010_devkit/feature/codebook.txt", n_features=128)
    assert codebook.words_.shape == (1000, 128)
    assert codebook.predict(np.zeros((1, 128), np.float32)).tolist() == [775]  # flat patches


def test_agrees_with_vlfeat(bovw_data):
    """libvlfeat driven by the same protocol, on photographs at their native sizes."""
    sys.path.append(str(Path(__file__).parents[2] / "experiments" / "benchmarks"))
    import vlfeat

    if vlfeat.load() is None:
        pytest.skip("needs libvlfeat (Debian: libvlfeat1)")
    codebook = read_codebook(bovw_data / "ilsvrc2010_devkit/feature/codebook.txt")
    for path in sorted(bovw_data.glob("imagenet_native/*/*.JPEG"))[::29]:
        sift = imagenet_sift(path)
        gray = resize_image(read_image(path, "gray", orient=False), fit=(300, 300))
        found = []
        for factor in (1, 0.5, 0.25):
            height, width = (int(side * factor + 0.5) for side in gray.shape)
            import cv2

            scaled = gray if factor == 1 else cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
            peer = vlfeat.DenseSIFT(width, height, step=10, bin_size=5, window="gaussian", window_size=1.6)
            found.append(peer(np.ascontiguousarray(scaled, np.float32)).copy())
        found = np.concatenate(found)
        assert np.abs(sift.desc - found).max() < 1e-4
        assert (codebook.predict(sift.desc) == codebook.predict(found)).mean() > 0.999


def test_files_feed_codebooks_encoders_and_pyramids(vldsift):
    from bovw import HardAssignment, KMeansCodebook, SpatialPyramid

    _, sets = read_vldsift(vldsift)
    pyramid = SpatialPyramid(HardAssignment(KMeansCodebook(16, max_iter=3)), cells=("1x1", "2x2"), norm=()).fit(sets)
    with pytest.warns(match="no descriptors"):
        signatures = pyramid.transform(sets)
    assert signatures.shape == (3, 80)
    np.testing.assert_array_equal(signatures.sum(axis=1), 2 * np.diff(sets.offsets))
    words = pyramid.encoder_.codebook_.predict(sets.descriptors)
    positions = sets.positions()
    known = WordSet(words, sets.offsets, *positions.T, n_words=16)
    np.testing.assert_array_equal(known.histograms(("1x1", "2x2")), signatures)
