"""Spatial pyramids against a slow twin, and the normalizations."""


import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from bovw import (
    LLC,
    Concatenation,
    DenseSIFT,
    DescriptorPCA,
    DescriptorSet,
    FisherVector,
    GMMCodebook,
    HardAssignment,
    KMeansCodebook,
    ParameterError,
    SpatialPyramid,
    normalize,
)
from bovw.pooling import EmptyImageWarning, cell_boxes, find_atoms, parse_layouts
from tests.simd import assert_same_bits

from .reference import pyramid as twin

CELLS = ("1x1", "2x2", "3x1")


@pytest.fixture(scope="module")
def sets():
    """Five images of different sizes, up to 80 descriptors each; the fourth has none."""
    rng = np.random.default_rng(2)
    images = []
    for n, size in ((80, (48, 64)), (1, (20, 30)), (33, (33, 77)), (0, (16, 16)), (80, (64, 64))):
        frames = np.zeros((n, 4), np.float32)
        frames[:, 0], frames[:, 1] = rng.integers(size[1], size=n), rng.integers(size[0], size=n)
        X = rng.normal(size=(n, 6)) + frames[:, :1] / 10
        images.append(DescriptorSet(X.astype(np.float32), None, frames, None, [size]))
    return DescriptorSet.concatenate(images)


def encoders():
    return [
        HardAssignment(KMeansCodebook(n_words=12, random_state=0)),
        LLC(KMeansCodebook(n_words=12, random_state=0)),
        FisherVector(GMMCodebook(n_components=4, random_state=0)),
    ]


@pytest.mark.parametrize("encoder", encoders(), ids=lambda e: type(e).__name__)
@pytest.mark.filterwarnings("ignore::bovw.pooling.EmptyImageWarning")
def test_equals_the_twin(sets, encoder):
    for pooling in encoder.poolings:
        pyramid = SpatialPyramid(encoder, cells=CELLS, pooling=pooling, norm=()).fit(sets)
        signatures = pyramid.transform(sets)
        assert signatures.dtype == np.float32
        assert signatures.shape == (5, 8 * pyramid.encoder_.code_size) == (5, pyramid.signature_size)
        for signature, image in zip(signatures, sets, strict=True):
            expected = [
                pyramid.encoder_.encode(image.descriptors[mask], pooling=pooling)
                for mask in twin.cell_masks(parse_layouts(CELLS), image.positions())
            ]
            assert_allclose(signature.reshape(8, -1), expected, atol=2e-4, rtol=1e-4)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=1, max_size=4), st.data())
def test_atoms_make_up_the_cells(layouts, draw):
    coordinate = st.one_of(
        st.floats(0, 1, exclude_max=True, width=32),
        st.builds(lambda i, n: float(np.float32((i % n) / n)), st.integers(0, 9), st.integers(1, 9)),
    )
    positions = np.float32(draw.draw(st.lists(st.tuples(coordinate, coordinate), max_size=20))).reshape(-1, 2)
    atoms, members = find_atoms(layouts, positions)
    expected = np.array(twin.cell_masks(layouts, positions)).reshape(len(members), -1)
    assert_array_equal(members[:, atoms], expected)
    assert (members.sum(axis=0) == len(layouts)).all()


def test_cells_of_a_partition_add_up_to_the_whole(sets):
    hard, _, fisher = (e.fit(sets.descriptors) for e in encoders())
    for encoder, tolerance in ((hard, 0), (fisher, 1e-3)):
        pyramid = SpatialPyramid.with_encoder(encoder, cells=("1x1", "3x2", "2x2"), pooling="sum", norm=())
        codes = pyramid.encode(sets[0]).reshape(11, -1)
        assert_allclose(codes[1:7].sum(axis=0), codes[0], atol=tolerance)
        assert_allclose(codes[7:].sum(axis=0), codes[0], atol=tolerance)
    pyramid = SpatialPyramid(encoders()[1], cells=("1x1", "2x2"), norm=()).fit(sets)
    maximum = pyramid.encode(sets[0]).reshape(5, -1)
    assert_array_equal(maximum[1:].max(axis=0), maximum[0])


@pytest.mark.parametrize("encoder", encoders(), ids=lambda e: type(e).__name__)
def test_order_of_descriptors_does_not_matter(sets, encoder):
    image = sets[0]
    order = np.random.default_rng(0).permutation(80)
    shuffled = DescriptorSet(image.descriptors[order], None, image.frames[order], None, image.sizes)
    pyramid = SpatialPyramid(encoder, cells=CELLS).fit(sets)
    assert_allclose(pyramid.encode(shuffled), pyramid.encode(image), atol=1e-6)


def test_lazebnik_is_the_pyramid_match(sets):
    cells = ("1x1", "2x2", "4x4")
    pyramid = SpatialPyramid(encoders()[0], cells=cells, pooling="lazebnik").fit(sets)
    counts = SpatialPyramid.with_encoder(pyramid.encoder_, cells=cells, pooling="sum", norm=())
    expected = counts.encode(sets[0]).reshape(21, -1) / 80 * np.array(twin.lazebnik_weights(3))[:, None]
    assert_allclose(pyramid.encode(sets[0]), expected.ravel(), rtol=1e-6)
    assert_allclose(pyramid.encode(sets[0]).sum(), 1, rtol=1e-6)
    assert_array_equal(twin.lazebnik_weights(1), [1])
    single = SpatialPyramid.with_encoder(pyramid.encoder_, pooling="lazebnik")
    assert_allclose(single.encode(sets[0]), pyramid.encoder_.encode(sets[0].descriptors) / 80)


def test_norms_apply_per_cell_then_whole(sets):
    fisher = encoders()[2].fit(sets.descriptors)
    raw = SpatialPyramid.with_encoder(fisher, cells=("1x1", "2x1"), norm=()).encode(sets[0]).reshape(3, -1)
    made = SpatialPyramid.with_encoder(
        fisher, cells=("1x1", "2x1"), cell_norm=("power", "l2"), norm=("l1",), alpha=0.3
    ).encode(sets[0]).reshape(3, -1)
    expected = np.sign(raw) * np.abs(raw) ** 0.3
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert_allclose(made, expected / np.abs(expected).sum(), rtol=1e-4, atol=1e-8)
    intra = SpatialPyramid.with_encoder(fisher, norm=("intra",)).encode(sets[0]).reshape(8, 6)
    assert_allclose(np.linalg.norm(intra, axis=1), 1, rtol=1e-5)


def test_xy_appends_centered_positions(sets):
    pyramid = SpatialPyramid(encoders()[2], cells=("1x1", "2x2"), xy=True, norm=()).fit(sets)
    assert pyramid.n_features_in_ == 6 and pyramid.encoder_.n_features_in_ == 8
    image = sets[0]
    augmented = np.hstack([image.descriptors, image.positions() - 0.5])
    codes = pyramid.encode(image).reshape(5, -1)
    assert_allclose(codes[0], pyramid.encoder_.encode(augmented), atol=1e-5)
    right_bottom = (image.positions() >= 0.5).all(axis=1)
    assert_allclose(codes[4], pyramid.encoder_.encode(augmented[right_bottom]), atol=1e-5)


def test_image_without_descriptors(sets):
    pyramid = SpatialPyramid(encoders()[1], cells=CELLS, cell_norm=("power", "l2")).fit(sets)
    with pytest.warns(EmptyImageWarning, match="1 of 5 images .*: 3"):
        signatures = pyramid.transform(sets)
    assert (signatures[3] == 0).all()
    assert_allclose(np.linalg.norm(signatures, axis=1), [1, 1, 1, 0, 1], rtol=1e-5)
    with pytest.warns(EmptyImageWarning):
        assert (pyramid.encode(sets[3]) == 0).all()


def test_workers_change_no_bit(sets):
    pyramid = SpatialPyramid(encoders()[2], cells=CELLS).fit(sets)
    with pytest.warns(EmptyImageWarning):
        alone = pyramid.transform(sets)
        assert_array_equal(clone(pyramid).set_params(n_jobs=2).fit(sets).transform(sets), alone)


def test_plain_arrays_and_uint8_go_with_one_cell(sets):
    images = [s.descriptors for s in sets if len(s.descriptors)]
    pyramid = SpatialPyramid(encoders()[0]).fit(images)
    assert pyramid.transform(images).shape == (4, 12)
    assert_array_equal(pyramid.encode(images[0]), pyramid.transform(images)[0])
    with pytest.raises(ParameterError, match="no frames"):
        SpatialPyramid(encoders()[0], cells=CELLS).fit(images).transform(images)
    bytes_ = [np.random.default_rng(0).integers(255, size=(30, 4), dtype=np.uint8)]
    pyramid = SpatialPyramid(encoders()[0]).fit(bytes_)
    assert_array_equal(pyramid.transform(bytes_), pyramid.transform([bytes_[0].astype(np.float32)]))


def test_input_may_be_read_only_or_strided(sets):
    encoder = encoders()[1].fit(sets.descriptors)
    X = np.array(sets[0].descriptors)
    X.setflags(write=False)
    wide = np.empty((80, 12), np.float32)
    wide[:, ::2] = X
    for other in (wide[:, ::2], np.asfortranarray(X), X.astype(np.float64)):
        assert_array_equal(encoder.encode(other), encoder.encode(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"cells": "1x1"}, "^cells='1x1'"), ({"cells": ()}, "^cells="), ({"cells": ("0x1",)}, r"^cells\[0\]='0x1'"),
     ({"cells": ("1x1", "2by2")}, r"^cells\[1\]='2by2' is not ROWSxCOLUMNS"), ({"cells": (3,)}, r"^cells\[0\]=3"),
     ({"pooling": "mex"}, "^pooling='mex' .*did you mean 'max'"), ({"alpha": 0}, "^alpha=0"), ({"xy": 1}, "^xy=1"),
     ({"pooling": "lazebnik", "cells": ("1x1", "3x1")}, "^pooling='lazebnik' .* got '3x1' in cells"),
     ({"cell_norm": "l2"}, "^cell_norm='l2'"), ({"cell_norm": ("l2", "l3")}, r"^cell_norm\[1\]='l3'"),
     ({"norm": ("L2",)}, r"^norm=\('L2',\)"), ({"n_jobs": 0}, "^n_jobs=0"), ({"encoder": None}, "^encoder=None"),
     ({"norm": ("intra",)}, "^norm=.* HardAssignment has none"),
     ({"encoder": "fisher"}, "^encoder='fisher' has no fit"),
     ({"cell_norm": ("intra",)}, "^cell_norm=.* HardAssignment has none"),
     ({"encoder": FisherVector(weight_gradient=True), "norm": ("intra",)}, "^norm=.* FisherVector has none"),
     ({"encoder": FisherVector(), "pooling": "max"}, "^pooling='max' .* FisherVector has; take one of 'av"),
     ({"encoder": FisherVector(KMeansCodebook())}, "^codebook=KMeansCodebook"),
     ({"encoder": LLC(KMeansCodebook(3))}, "^n_neighbors=5 needs"), ({"encoder": LLC(n_neighbors=0)}, "^n_neighbors=0"),
     ({"encoder": Concatenation(), "cells": ("2x2",)}, "^cells=.* Concatenation codes whole images")],
)
def test_bad_parameters_are_named_before_anything_is_learnt(change, message):
    pyramid = SpatialPyramid(**{"encoder": encoders()[0], **change})
    with pytest.raises(ParameterError, match=message):
        pyramid.fit([])
    with pytest.raises(ParameterError, match=message):
        pyramid.check_params()


def test_rows_in_any_form_teach_the_encoder(sets):
    expected = SpatialPyramid(encoders()[0]).fit(sets)
    for X in (sets.descriptors, sets.descriptors.tolist(), [s.descriptors for s in sets], tuple(sets)):
        words = SpatialPyramid(encoders()[0]).fit(X).encoder_.codebook_.words_
        assert_array_equal(words, expected.encoder_.codebook_.words_)
    with pytest.raises(ParameterError, match=r"wrap a single image as \[X\]"):
        expected.transform(sets.descriptors)
    with pytest.raises(ParameterError, match="wrap a single image"):
        SpatialPyramid(encoders()[0], xy=True).fit(sets.descriptors)


def test_what_needs_fitting_says_so(sets):
    pyramid = SpatialPyramid(encoders()[0])
    for ask in (pyramid.transform, pyramid.encode):
        with pytest.raises(NotFittedError):
            ask(sets)
    with pytest.raises(NotFittedError):
        _ = pyramid.signature_size
    with pytest.raises(NotFittedError):
        SpatialPyramid.with_encoder(encoders()[0])
    assert pyramid.n_cells == 1


def test_signatures_have_names_and_can_be_a_frame(sets):
    pytest.importorskip("pandas")
    pyramid = SpatialPyramid(encoders()[2], cells=("1x1", "2x1")).fit(sets[:3])
    framed = clone(pyramid).set_output(transform="pandas").fit(sets[:3]).transform(sets[:3])
    assert list(framed.columns) == list(pyramid.get_feature_names_out())
    assert len(framed.columns) == pyramid.signature_size == 3 * 48
    assert_array_equal(framed.to_numpy(), pyramid.transform(sets[:3]))


def test_a_pipeline_from_images_to_signatures(photograph):
    images = [photograph, photograph[:90], photograph[:, 40:]]
    pyramid = SpatialPyramid(FisherVector(GMMCodebook(4, max_iter=3)), cells=("1x1", "2x2"))
    chain = make_pipeline(DenseSIFT(step=8), DescriptorPCA(8), pyramid).fit(images)
    signatures = chain.transform(images)
    assert signatures.shape == (3, 5 * 2 * 4 * 8)
    sets = DenseSIFT(step=8).transform(images)
    reduced = sets.replace(DescriptorPCA(8).fit(sets.descriptors).transform(sets.descriptors))
    assert_array_equal(signatures, clone(pyramid).fit(reduced).transform(reduced))


@pytest.mark.parametrize(
    "arguments",
    [{"groups": [0, 5]}, {"groups": [0, -1]}, {"groups": [0.0, 1.0]}, {"groups": [0]}, {"groups": None},
     {"cells": np.ones((2, 3), bool)}, {"cells": np.ones((2, 2))}],
)
def test_bad_groups(sets, arguments):
    encoder = encoders()[0].fit(sets.descriptors)
    with pytest.raises(ParameterError):
        encoder.pool(sets.descriptors[:2], **{"groups": [0, 1], "n_groups": 2, **arguments})


def test_cell_boxes():
    names, boxes = cell_boxes(CELLS)
    assert len(names) == 8 and names[-1] == "3x1[2,0]"
    assert_allclose(boxes[2], [0.5, 0, 1, 0.5])  # 2x2[0,1]: right, top
    assert_allclose(boxes[7], [0, 2 / 3, 1, 1])
    for box, mask in zip(boxes, twin.cell_masks(parse_layouts(CELLS), [[0.7, 0.4]]), strict=True):
        assert mask[0] == (box[0] <= 0.7 < box[2] and box[1] <= 0.4 < box[3])


def test_normalize():
    X = np.float32([[3, -4, 0, 0], [0, 0, 0, 0], [1e-30, 0, 1e-30, 0], [1e30, -1e30, 1e30, 1e30]])
    expected = [[0.6, -0.8, 0, 0], [0] * 4, [0.70710678, 0] * 2, [0.5, -0.5, 0.5, 0.5]]
    assert_allclose(normalize(X), expected, rtol=1e-6)
    assert_allclose(np.abs(normalize(X, ("l1",))).sum(axis=1), [1, 0, 1, 1], rtol=1e-6)
    assert_allclose(normalize(X, ("intra",), block_size=2)[0], [0.6, -0.8, 0, 0], rtol=1e-6)
    assert_allclose(normalize(X[:1], ("power",), alpha=1), X[:1])
    assert X[0, 0] == 3
    in_turn = normalize(normalize(normalize(X[:1]), ("power",)), ("l1",))
    assert_allclose(normalize(X[:1], ("l2", "power", "l1")), in_turn)
    assert normalize(np.zeros((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("change", [{"norms": "l2"}, {"norms": ("l3",)}, {"alpha": 0}, {"alpha": 2},
                                    {"norms": ("intra",)}, {"norms": ("intra",), "block_size": 3},
                                    {"X": [[np.nan, 1, 1, 1]]}])
def test_normalize_refuses(change):
    with pytest.raises(ParameterError):
        normalize(**{"X": np.ones((2, 4)), **change})


_DIGEST = """
import hashlib, numpy as np
from bovw import LLC, VLAD, FisherVector, GMMCodebook, HardAssignment, KMeansCodebook, SoftAssignment
rng = np.random.default_rng(0)
X = rng.normal(size=(700, 19)).astype(np.float32)
words, means, variances = X[:70].copy(), X[:37].copy(), np.full((37, 19), 0.7, np.float32)
kmeans, gmm = KMeansCodebook(70), GMMCodebook(37)
kmeans.words_, kmeans.n_features_in_ = words, 19
gmm.weights_, gmm.means_, gmm.variances_, gmm.n_features_in_ = np.full(37, 1 / 37), means, variances, 19
digest = hashlib.sha256()
for encoder in (
    LLC.with_codebook(kmeans), HardAssignment.with_codebook(kmeans), VLAD.with_codebook(kmeans),
    SoftAssignment.with_codebook(kmeans, sigma=1.0), FisherVector.with_codebook(gmm),
):
    digest.update(encoder.pool(X, np.arange(700) % 3, 3).tobytes())
print(digest.hexdigest())
"""


def test_simd_levels_give_the_same_bits():
    assert_same_bits(_DIGEST)
