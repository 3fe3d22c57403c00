"""Approximate nearest-word search."""

import pickle

import numpy as np
import pytest

from bovw import HardAssignment, KMeansCodebook, ParameterError
from bovw.codebook.nearest import nearest_words
from bovw.codebook.word_lists import ProbedSearch, WordLists

from .data import descriptors


@pytest.fixture(scope="module")
def words():
    return descriptors(900, 16, seed=1, centers=60)


@pytest.fixture(scope="module")
def X():
    return descriptors(3000, 16, seed=2, centers=60)


def test_lists_are_searched_alone(words, X):
    starts = np.array([0, 10, 11, 500, 900])
    lists = np.random.default_rng(0).integers(4, size=2000)
    rows = np.random.default_rng(1).integers(3000, size=2000)
    found = WordLists(words, starts).nearest(X, rows, lists)
    for row, number, word in zip(rows[::50], lists[::50], found[::50], strict=True):
        part = words[starts[number] : starts[number + 1]].astype(np.float64)
        assert word == starts[number] + ((part - X[row]) ** 2).sum(axis=1).argmin()


def test_all_probes_are_exact_and_more_probes_find_more(words, X):
    exact = nearest_words(X, words)
    recall = [(ProbedSearch(words, n).labels(X) == exact).mean() for n in (1, 2, 4, 8, 1000)]
    assert recall == sorted(recall)
    assert recall[0] < 0.8 < 0.93 < recall[3]
    assert recall[4] == 1


def test_what_is_found_is_the_nearest_word_of_the_probed_lists(words, X):
    search = ProbedSearch(words, 3)
    found = search.labels(X)
    squared = ((X.astype(np.float64) - words[found]) ** 2).sum(axis=1)
    best = ((X.astype(np.float64) - words[nearest_words(X, words)]) ** 2).sum(axis=1)
    assert (squared >= best * (1 - 1e-6)).all()
    assert squared.sum() < 1.05 * best.sum()


def test_labels_do_not_depend_on_the_neighbors_in_a_block(words, X):
    search = ProbedSearch(words, 4)
    order = np.random.default_rng(0).permutation(len(X))
    labels = search.labels(X)
    np.testing.assert_array_equal(search.labels(X[order]), labels[order])
    np.testing.assert_array_equal(search.labels(X[:1]), labels[:1])
    assert search.labels(X[:0]).shape == (0,)


def test_a_start_for_the_lists_serves_moved_words(words, X):
    moved = words + np.float32(0.01)
    again = ProbedSearch(moved, 8, ProbedSearch(words, 8))
    assert (again.labels(X) == nearest_words(X, moved)).mean() > 0.95


def test_duplicated_words_and_one_word(X):
    same = np.zeros((50, 16), np.float32)
    assert (ProbedSearch(same, 3).labels(X) == 0).all()
    assert (ProbedSearch(same[:1], 3).labels(X) == 0).all()


def test_a_codebook_learns_and_predicts_with_it(X):
    exact, approximate = (KMeansCodebook(100, search=s, n_probe=3).fit(X) for s in ("exact", "approximate"))
    assert approximate.inertia_ < 1.03 * exact.inertia_
    assert (approximate.predict(X) == nearest_words(X, approximate.words_)).mean() > 0.9
    approximate.set_params(search="exact")
    np.testing.assert_array_equal(approximate.predict(X), nearest_words(X, approximate.words_))
    again = pickle.loads(pickle.dumps(exact.set_params(search="approximate")))
    np.testing.assert_array_equal(again.predict(X), exact.predict(X))


def test_hard_assignment_searches_as_its_codebook_says(X):
    encoder = HardAssignment(KMeansCodebook(100, search="approximate", n_probe=2)).fit(X)
    counts = np.bincount(encoder.codebook_.predict(X), minlength=100)
    np.testing.assert_array_equal(encoder.encode(X), counts)
    encoder.codebook_.set_params(search="exact")
    np.testing.assert_array_equal(
        encoder.encode(X), np.bincount(nearest_words(X, encoder.codebook_.words_), minlength=100)
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"search": "kdtree"}, "search='kdtree'"), ({"n_probe": 0}, "n_probe=0"),
        ({"algorithm": "elkan"}, "algorithm='elkan'"), ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ParameterError, match=message):
        KMeansCodebook(**{"n_words": 5, **parameters}).fit(descriptors(100))
