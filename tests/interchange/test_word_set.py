"""Words and places against counting by hand, and in the encoders and pyramids of bovw."""

import numpy as np
import pytest
from sklearn.base import clone

from bovw import HardAssignment, KMeansCodebook, SpatialPyramid, WordCounts, WordSet, load_model, save_model
from bovw.errors import ParameterError

CELLS = ("1x1", "2x2", "3x1", "1x4")


@pytest.fixture
def words():
    rng = np.random.default_rng(3)
    offsets = np.array([0, 40, 40, 41, 90])
    x, y = rng.random((2, 90), dtype=np.float32)
    x[:3], y[3:6] = [0.5, 0.25, 0], [0.5, 0, 1]  # on edges
    return WordSet(
        rng.integers(0, 7, 90).astype(np.int16), offsets, x, y, rng.integers(0, 3, 90).astype(np.int8),
        rng.random(90, dtype=np.float32), ["a", "b", "c", "d"], n_words=7,
    )


def count_by_hand(words, cells):
    rows = []
    for image in words:
        row = []
        for layout in cells:
            down, across = map(int, layout.split("x"))
            for i in range(down):
                for j in range(across):
                    histogram = np.zeros(words.n_words)
                    for word, x, y in zip(image.words, image.x, image.y, strict=True):
                        row_of_word = min(int(float(y) * down), down - 1)
                        column_of_word = min(int(float(x) * across), across - 1)
                        histogram[word] += (row_of_word, column_of_word) == (i, j)
                    row.extend(histogram)
        rows.append(row)
    return np.array(rows)


def test_histograms(words):
    found = words.histograms(CELLS)
    assert found.dtype == np.float32 and found.shape == (4, 7 * 12)
    np.testing.assert_array_equal(found, count_by_hand(words, CELLS))
    np.testing.assert_array_equal(words.histograms(CELLS, sparse=True).toarray(), found)
    assert words.histograms()[1].sum() == 0  # no words


@pytest.mark.parametrize("pooling", ["sum", "average", "max"])
def test_pyramids_take_word_sets(words, pooling):
    sets = words.descriptor_set()
    np.testing.assert_allclose(sets.positions(), np.stack([words.x, words.y], axis=1), atol=6e-8)
    pyramid = SpatialPyramid.with_encoder(WordCounts(7), cells=CELLS, pooling=pooling, norm=())
    with pytest.warns(match="no descriptors"):
        found = pyramid.transform(sets)
    counts = words.histograms(CELLS).reshape(4, 12, 7)
    total = counts.sum(axis=2, keepdims=True)
    wanted = {"sum": counts, "max": counts > 0, "average": counts / np.maximum(total, 1)}[pooling]
    np.testing.assert_allclose(found, wanted.reshape(4, -1), rtol=1e-6)


def test_known_words_are_those_that_hard_assignment_finds(words):
    codebook = KMeansCodebook(7, init=np.eye(7), max_iter=1).fit(np.eye(7, dtype=np.float32))
    quantized = words.descriptor_set(codebook.words_)
    assert quantized.descriptor_size == 7
    encoder = HardAssignment.with_codebook(codebook)
    for image, one in zip(words, quantized, strict=True):
        np.testing.assert_array_equal(encoder.encode(one.descriptors), image.histograms()[0])


def test_a_pyramid_of_words_is_fitted_cloned_and_saved(words, tmp_path):
    pyramid = SpatialPyramid(WordCounts(7), cells=("1x1", "2x2")).fit(words[[0, 3]].descriptor_set())
    save_model(pyramid, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    sets = words[[0, 3]].descriptor_set()
    np.testing.assert_array_equal(loaded.transform(sets), pyramid.transform(sets))
    assert clone(pyramid).encoder.n_words == 7
    codes, weights, _ = WordCounts(7).codes([[3], [6]])
    assert codes.ravel().tolist() == [3, 6] and weights.ravel().tolist() == [1, 1]


@pytest.mark.parametrize("bad", [[[7]], [[-1]], [[0.5]], [[1, 2]]])
def test_what_is_no_word_is_refused(bad):
    with pytest.raises(ParameterError):
        WordCounts(7).fit(np.array(bad, np.float32))
    with pytest.raises(ParameterError):
        WordCounts(7).encode(bad)


def test_indexing_is_by_image(words):
    assert len(words) == 4 and [len(image.words) for image in words] == [40, 0, 1, 49]
    some = words[[3, 0]]
    assert some.ids == ("d", "a")
    np.testing.assert_array_equal(some.words, np.concatenate([words.words[41:], words.words[:40]]))
    np.testing.assert_array_equal(some.histograms(CELLS), words.histograms(CELLS)[[3, 0]])
    np.testing.assert_array_equal(words[np.array([True, False, False, True])].y, words[[0, 3]].y)
    assert words[-1].ids == ("d",) and len(words[1:3]) == 2 and len(words[[]]) == 0
    with pytest.raises(IndexError):
        words[4]
    again = WordSet.concatenate([words[:1], words[1:]])
    np.testing.assert_array_equal(again.x, words.x)
    assert again.ids == words.ids and again.offsets.tolist() == words.offsets.tolist()
    bare = WordSet.concatenate([words[:1], WordSet([1, 2], n_words=7)])
    assert bare.x is None and bare.ids is None and len(bare) == 2
    assert "4 images, 90 of 7 words" in repr(words)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1000],), "must lie in"), (([-1],), "must lie in"), (([0.5],), "integers"), (([1], [0, 2]), "rise from 0"),
        (([1], [0, 1], [0.5]), "together"), (([1], [0, 1], [0.5, 1], [0.5]), "1 finite numbers"),
        (([1], [0, 1], [np.nan], [0.5]), "finite"), (([1], [0, 1], None, None, [1, 2]), "scales has 2"),
        (([1], [0, 1], None, None, None, None, ["a", "b"]), "2 ids for 1"),
    ],
)
def test_wrong_parts_are_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        WordSet(*arguments)


def test_cells_need_positions():
    with pytest.raises(ParameterError, match="no x and y"):
        WordSet([1, 2]).histograms(("2x2",))
    with pytest.raises(ParameterError, match="no frames"):
        WordSet([1, 2]).descriptor_set().positions()
    with pytest.raises(ParameterError, match="codebooks of"):
        WordSet.concatenate([WordSet([1]), WordSet([1], n_words=5)])
