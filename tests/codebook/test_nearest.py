"""The exact nearest-word search."""


import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw.codebook.nearest import WordSearch, nearest_words
from bovw.errors import ParameterError
from tests.reference import kmeans as reference
from tests.simd import assert_same_bits


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(1, 60), st.integers(1, 40), st.integers(0, 10**6))
def test_equals_the_definition(n, K, d, seed):
    rng = np.random.default_rng(seed)
    X, words = (rng.normal(size=(rows, d)).astype(np.float32) for rows in (n, K))
    np.testing.assert_array_equal(nearest_words(X, words), reference.nearest_words(X, words)[0])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 200), st.integers(2, 60), st.integers(1, 4), st.integers(0, 10**6))
def test_ties_go_to_the_lowest_word(n, K, d, seed):
    rng = np.random.default_rng(seed)
    X, words = (rng.integers(0, 3, size=(rows, d)).astype(np.float32) for rows in (n, K))
    np.testing.assert_array_equal(nearest_words(X, words), reference.nearest_words(X, words)[0])


def test_more_words_than_fit_one_block():
    rng = np.random.default_rng(0)
    words = rng.normal(size=(2500, 6)).astype(np.float32)
    words[2100:2200] = words[:100]  # exact ties across blocks of words
    X = np.concatenate([words[2100:2200], rng.normal(size=(400, 6)).astype(np.float32)])
    labels = nearest_words(X, words)
    np.testing.assert_array_equal(labels, reference.nearest_words(X, words)[0])
    np.testing.assert_array_equal(labels[:100], np.arange(100))


def test_a_large_offset_costs_no_accuracy():
    rng = np.random.default_rng(1)
    X, words = (rng.normal(size=(rows, 16)).astype(np.float32) + np.float32(3000) for rows in (500, 40))
    np.testing.assert_array_equal(nearest_words(X, words), reference.nearest_words(X, words)[0])


def test_labels_do_not_depend_on_the_neighbors_in_a_block():
    rng = np.random.default_rng(2)
    X, words = rng.random((1000, 128), dtype=np.float32), rng.random((333, 128), dtype=np.float32)
    labels = nearest_words(X, words)
    order = rng.permutation(1000)
    np.testing.assert_array_equal(nearest_words(X[order], words), labels[order])
    np.testing.assert_array_equal(
        [nearest_words(X[i : i + 1], words)[0] for i in range(0, 1000, 50)], labels[::50]
    )


def test_uint8_counts_like_the_same_floats():
    rng = np.random.default_rng(3)
    X = rng.integers(0, 256, size=(700, 128), dtype=np.uint8)
    words = rng.random((50, 128), dtype=np.float32) * 255
    np.testing.assert_array_equal(nearest_words(X, words), nearest_words(X.astype(np.float32), words))


def test_a_workspace_serves_blocks_of_any_length():
    rng = np.random.default_rng(4)
    X, words = rng.normal(size=(600, 9)).astype(np.float32), rng.normal(size=(30, 9)).astype(np.float32)
    search = WordSearch(words)
    workspace, labels = search.workspace(), np.empty(600, np.int32)
    for rows in (slice(0, 7), slice(7, 200), slice(200, 201), slice(201, 400), slice(400, 600)):
        search.block(X[rows], labels[rows], workspace)
    np.testing.assert_array_equal(labels, nearest_words(X, words))


@pytest.mark.parametrize(
    ("X", "words", "message"),
    [
        ([[1.0, 2.0]], [[1.0]], "X has 2 columns; 1 are expected"),
        ([[1.0]], np.empty((0, 1)), "words has 0 rows"),
        ([[1.0]], [[np.nan]], "NaN"),
        (np.empty((2, 0)), np.empty((2, 0)), "at least one dimension"),
        ([1.0], [[1.0]], "must be 2-d"),
    ],
)
def test_bad_input_is_named(X, words, message):
    with pytest.raises(ParameterError, match=message):
        nearest_words(X, words)


def test_both_simd_levels_give_the_same_bits():
    assert_same_bits("""
import hashlib, numpy as np
from bovw.codebook import DescriptorPCA, GMMCodebook, HierarchicalKMeans, KMeansCodebook
rng = np.random.default_rng(5)
X = (rng.gamma(0.7, size=(60, 21))[rng.integers(60, size=900)] + rng.gamma(0.1, size=(900, 21))).astype(np.float32)
kmeans = KMeansCodebook(135, max_iter=9).fit(X)
tree = HierarchicalKMeans(5, 2).fit(X)
batches = KMeansCodebook(50, algorithm="minibatch", search="approximate", n_probe=2, max_iter=2).fit(X)
gmm = GMMCodebook(11, max_iter=4).fit(X)
pca = DescriptorPCA(5, whiten=True).fit(X)
parts = (kmeans.words_, kmeans.inertias_, kmeans.predict(X), gmm.weights_, gmm.means_, gmm.variances_,
         gmm.posteriors(X), gmm.score_samples(X), pca.components_, pca.transform(X), tree.words_, tree.predict(X),
         batches.words_, batches.predict(X))
print(hashlib.sha256(b"".join(p.tobytes() for p in parts)).hexdigest())
""")
