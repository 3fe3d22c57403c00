"""Mini-batch k-means against its definition."""

import numpy as np
import pytest

from bovw import KMeansCodebook
from bovw.codebook import minibatch
from bovw.codebook.blocks import as_blocks
from bovw.codebook.lloyd import lloyd
from bovw.codebook.nearest import WordSearch
from tests.reference import kmeans as reference

from .data import Source, descriptors


def run(X, words, max_iter, batch_size, seed=0, tol=0):
    return minibatch.iterate(
        as_blocks(X), words, max_iter, tol, batch_size, np.random.default_rng(seed), lambda w, near: WordSearch(w)
    )


def test_equals_the_step_by_step_definition(monkeypatch):
    monkeypatch.setattr(minibatch, "RUN_ROWS", 10)
    monkeypatch.setattr(minibatch, "_LOOK_EVERY", np.inf)
    X = descriptors(500)
    words, inertias = run(X, X[:7], 2, 40)
    batches = []
    rng = np.random.default_rng(0)
    for _ in range(2):
        batches += list(minibatch._batches(as_blocks(X), 40, rng))
    expected, expected_inertia = reference.minibatch(batches, X[:7])
    np.testing.assert_allclose(words, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(inertias.sum(), expected_inertia, rtol=1e-4)


@pytest.mark.parametrize(("n", "batch_size"), [(1000, 256), (1000, 300), (1000, 5000), (1000, 100), (3, 1), (257, 256)])
def test_a_pass_sees_every_descriptor_once(n, batch_size):
    X = np.arange(n, dtype=np.float32)[:, None]
    source = as_blocks(Source(X))
    batches = list(minibatch._batches(source, batch_size, np.random.default_rng(0)))
    np.testing.assert_array_equal(np.sort(np.concatenate(batches), axis=0), X)
    assert len(batches) == minibatch.count_batches(source, batch_size)
    assert max(map(len, batches)) <= batch_size


def test_comes_close_to_lloyd():
    X = descriptors(6000, centers=40)
    batches = KMeansCodebook(40, algorithm="minibatch", batch_size=512, max_iter=10).fit(X)
    whole = KMeansCodebook(40).fit(X)
    inertia = lloyd(X, batches.words_, max_iter=1)[2][0]
    assert inertia < 1.05 * whole.inertia_
    assert batches.inertia_ == pytest.approx(inertia, rel=0.05)
    assert batches.n_iter_ == len(batches.inertias_) <= 10


def test_rare_words_are_moved_to_descriptors():
    X = descriptors(4000, 4)
    start = np.concatenate([X[:20], np.full((10, 4), 1e3, np.float32)])
    words, inertias = run(X, start, 6, 256)
    assert np.abs(words).max() < 20
    assert np.bincount(WordSearch(words).labels(X), minlength=30).min() > 0
    stuck = lloyd(X, start[:20], max_iter=20)[2][-1]
    assert inertias[-1] < stuck


def test_duplicates_and_fewer_distinct_descriptors_than_words():
    X = np.repeat(np.array([[0.0, 1.0], [2.0, 3.0], [8.0, 8.0]]), 400, axis=0)
    codebook = KMeansCodebook(5, algorithm="minibatch", batch_size=256).fit(X)
    assert np.isfinite(codebook.words_).all()
    assert len(set(codebook.predict(X))) == 3
    assert codebook.inertia_ == pytest.approx(0, abs=1e-6)


def test_the_seed_alone_decides_and_tolerance_ends_it():
    X = descriptors(3000)
    first, again, other = (
        KMeansCodebook(20, algorithm="minibatch", batch_size=512, random_state=seed, max_iter=3).fit(X).words_
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(run(X, X[:20], 50, 512, tol=0.05)[1]) < 50
