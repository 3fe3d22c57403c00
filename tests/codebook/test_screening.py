"""Nearest words by way of 8-bit integers: bounds that hold, and the answers of comparing all words.

By the code of the level in use: ``BOVW_SIMD`` chooses another.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw._cext import screening as kernels
from bovw.codebook import KMeansCodebook
from bovw.codebook.lloyd import lloyd
from bovw.codebook.nearest import WordSearch
from bovw.codebook.neighbors import NeighborSearch
from bovw.codebook.screening import MOST_NEIGHBORS, WordScreen
from bovw.encoding import LLC
from tests.reference import kmeans as reference
from tests.simd import assert_same_bits


def near_words(n, K, d, seed, spread=0.3):
    """Words, and descriptors around them: clustered, unlike in scale, some equal to words."""
    rng = np.random.default_rng(seed)
    words = rng.gamma(0.5, size=(K, d)) * rng.uniform(0.5, 2, size=(K, 1))
    X = words[rng.integers(K, size=n)] + spread * rng.normal(size=(n, d)) * rng.integers(0, 2, size=(n, 1))
    return X.astype(np.float32), words.astype(np.float32)


def exact_scores(X, words):
    X, words = X.astype(np.float64), words.astype(np.float64)
    return X @ words.T - (words**2).sum(axis=1) / 2


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 120), st.integers(1, 40), st.integers(0, 10**6), st.integers(-18, 15))
def test_every_score_lies_between_its_bounds(n, K, d, seed, magnitude):
    X, words = near_words(n, K, d, seed)
    X, words = X * np.float32(10.0**magnitude), words * np.float32(10.0**magnitude)
    screen = WordScreen(words, words)
    upper, lanes = screen.bounds(X, screen.workspace())
    scores = exact_scores(X, words)
    assert (upper[:, :K] >= scores).all()
    assert (upper[:, K:] < -1e38).all()
    for lane in range(min(K, 48)):
        assert (lanes[:, lane] <= scores[:, lane::48].max(axis=1)).all()


def test_bounds_are_narrow():
    X, words = near_words(200, 300, 64, 0)
    screen = WordScreen(words, words)
    upper, lanes = screen.bounds(X, screen.workspace())
    possible = (upper[:, :300] >= lanes.max(axis=1, keepdims=True)).sum(axis=1)
    assert possible.min() >= 1
    assert possible.mean() < 5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(1, 200), st.integers(1, 40), st.integers(0, 10**6), st.booleans())
def test_the_nearest_word_is_that_of_the_definition(n, K, d, seed, ties):
    X, words = near_words(n, K, d, seed)
    if ties:
        X, words = np.round(2 * X), np.round(2 * words)
    search = WordSearch(words, screen=True)
    np.testing.assert_array_equal(search.labels(X), reference.nearest_words(X, words)[0])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 100), st.integers(1, 200), st.integers(1, 60), st.integers(1, 48), st.integers(0, 10**6))
def test_the_neighbors_are_those_of_all_distances(n, K, d, k, seed):
    k = min(k, K)
    rng = np.random.default_rng(seed)
    X, words = (rng.integers(-9, 10, size=(rows, d)).astype(np.float32) for rows in (n, K))  # distances are exact
    search = NeighborSearch(words, screen=True)
    found = search.nearest(X, search.buffers(n, k))
    squares = ((X[:, None] - words) ** 2).sum(axis=2)
    np.testing.assert_array_equal(found, np.argsort(squares, axis=1, kind="stable")[:, :k])


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X.astype(np.uint8),
        lambda X: X + np.float32(3000),
        *(lambda X, scale=scale: X * np.float32(scale) for scale in (1e-18, 1e-20, 1e-23)),
    ],
)
def test_bytes_offsets_and_small_scales(make):
    X, words = near_words(500, 150, 24, 3)
    X, words = make(20 * X), make(20 * words).astype(np.float32)
    labels = WordSearch(words, screen=True).labels(X)
    np.testing.assert_array_equal(labels, reference.nearest_words(X.astype(np.float32), words)[0])


def test_values_near_the_limits_of_float32_go_without_the_screen():
    X, words = near_words(300, 150, 24, 4)
    far = np.float32(1e18) * words
    np.testing.assert_array_equal(WordSearch(far, screen=True).labels(X), WordSearch(far, screen=False).labels(X))
    long_rows = X * np.float32(1e19)
    found, expected = (
        search.nearest(long_rows, search.buffers(300, 3))
        for search in (NeighborSearch(words, screen=True), NeighborSearch(words, screen=False))
    )
    np.testing.assert_array_equal(found, expected)


def test_all_words_equal():
    words = np.ones((150, 20), np.float32)
    assert (WordSearch(words, screen=True).labels(words[:7] + 1) == 0).all()
    search = NeighborSearch(words, screen=True)
    np.testing.assert_array_equal(search.nearest(words[:2] + 1, search.buffers(2, 3)), [[0, 1, 2]] * 2)


def test_scores_are_left_on_demand_and_for_many_neighbors():
    X, words = near_words(30, 150, 24, 5)
    search, plain = NeighborSearch(words, screen=True), NeighborSearch(words, screen=False)
    for k, scores in ((3, True), (MOST_NEIGHBORS + 1, False)):
        buffers, others = search.buffers(30, k), plain.buffers(30, k)
        np.testing.assert_array_equal(search.nearest(X, buffers, scores=scores), plain.nearest(X, others))
        np.testing.assert_array_equal(buffers[0], others[0])


def test_lloyds_bounds_hold_for_screened_scores():
    X, words = near_words(4000, 300, 20, 6, spread=1.0)
    found = lloyd(X, words[:300] + 1, max_iter=12, tol=0)
    plain = lloyd(X, words[:300] + 1, max_iter=12, tol=0, make_search=lambda w: WordSearch(w, screen=False))
    for one, other in zip(found, plain, strict=True):
        np.testing.assert_array_equal(one, other)


def test_lanes_of_bounds_keep_the_promises_of_lanes_of_scores():
    X, words = near_words(400, 200, 30, 7)
    search = WordSearch(words, screen=True)
    workspace, labels = search.workspace(), np.empty(400, np.int32)
    search.block_with_lanes(X, labels, workspace)
    scores = exact_scores(X - search.center, words - search.center)
    best, second, rest = (workspace[name][:400] + workspace["errors"][:400] for name in ("best", "second", "rest"))
    np.testing.assert_array_equal(labels, scores.argmax(axis=1))
    ordered = np.sort(scores, axis=1)
    assert (best >= ordered[:, -1]).all()
    assert (second >= ordered[:, -2]).all()
    lane_best, lane_labels = workspace["lane_best"][:400], workspace["lane_labels"][:400]
    others = scores.copy()
    rows, lanes = np.nonzero(lane_best > workspace["rest"][:400, None])
    others[rows, lane_labels[rows, lanes]] = -np.inf
    assert (rest >= others.max(axis=1)).all()


def test_both_ways_give_the_same_words_and_codes(monkeypatch):
    rng = np.random.default_rng(8)
    X = rng.gamma(0.4, size=(3000, 32)).astype(np.float32)
    for pays in (True, False):
        for room in ("nearest", "neighbors"):
            monkeypatch.setattr(f"bovw.codebook.{room}.screening_pays", lambda n_words, d, pays=pays: pays)
        words = KMeansCodebook(140, max_iter=6).fit(X)
        codes = LLC.with_codebook(words).encode(X)
        if pays:
            first = words.words_, codes
    np.testing.assert_array_equal(words.words_, first[0])
    np.testing.assert_allclose(codes, first[1], atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda rows: rows.take(np.zeros((17, 8), np.float32)),
        lambda rows: rows.take(np.zeros((1, 9), np.float32)),
        lambda rows: rows.bound_scores(
            rows, np.zeros((1, 4, 48), np.float32), np.zeros(1, np.float32), np.zeros((1, 48), np.float32),
            np.zeros((1, 48), np.float32),
        ),
        lambda rows: kernels.RoundedRows(0, 8),
    ],
)
def test_the_kernel_refuses_arrays_that_do_not_fit(call):
    with pytest.raises(ValueError, match=r"room|disagree"):
        call(kernels.RoundedRows(16, 8))


def test_a_row_that_float32_does_not_hold_has_no_bounds():
    rows, X = kernels.RoundedRows(3, 5), np.ones((3, 5), np.float32)
    assert rows.take(X) == pytest.approx(np.sqrt(5), rel=0.02)
    for value in (np.inf, np.nan, 3e38):
        X[1] = value
        assert rows.take(X) == np.inf


def test_levels_have_the_same_bits():
    assert_same_bits(
        """
import hashlib, numpy as np
from bovw.codebook.nearest import WordSearch
from bovw.codebook.neighbors import NeighborSearch
X, words = (np.random.default_rng(0).gamma(0.4, size=(rows, 40)).astype(np.float32) for rows in (300, 150))
search = NeighborSearch(words, screen=True)
neighbors = search.nearest(X, search.buffers(300, 4))
print(hashlib.sha256(WordSearch(words, screen=True).labels(X).tobytes() + neighbors.tobytes()).hexdigest())
"""
    )


def test_many_features():
    rng = np.random.default_rng(9)
    X, words = (rng.random((rows, 4096), dtype=np.float32) - 0.5 for rows in (20, 130))
    np.testing.assert_array_equal(WordSearch(words, screen=True).labels(X), reference.nearest_words(X, words)[0])
    with pytest.raises(ValueError, match="1 to 4096"):
        WordSearch(np.ones((130, 4097), np.float32), screen=True)
