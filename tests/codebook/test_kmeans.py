"""k-means against its definition and scikit-learn."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from bovw.codebook import KMeansCodebook
from bovw.codebook import lloyd as module
from bovw.codebook.lloyd import lloyd
from bovw.codebook.seeding import kmeans_plus_plus
from bovw.errors import ParameterError
from tests.reference import kmeans as reference

from .data import descriptors


@parametrize_with_checks([KMeansCodebook(n_words=2)])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize(("n", "d", "K"), [(1, 3, 1), (40, 1, 5), (500, 13, 20), (700, 32, 64)])
def test_lloyd_equals_the_definition(n, d, K):
    X = descriptors(n, d)
    words, counts, inertias = lloyd(X, X[:K], max_iter=6, tol=0)
    expected_words, expected = reference.lloyd(X, X[:K], len(inertias))
    np.testing.assert_allclose(inertias, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(words, expected_words, rtol=1e-5, atol=1e-5)
    assert counts.sum() == n


def test_agrees_with_scikit_learn():
    X = descriptors(3000, 24)
    peer = KMeans(40, init=X[:40], n_init=1, max_iter=8, tol=0, algorithm="lloyd").fit(X)
    ours = KMeansCodebook(40, init=X[:40], max_iter=8, tol=0).fit(X)
    np.testing.assert_allclose(ours.words_, peer.cluster_centers_, atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), peer.predict(X))
    assert lloyd(X, ours.words_, max_iter=1)[2][0] == pytest.approx(peer.inertia_, rel=1e-5)


def test_inertia_never_rises_and_is_that_of_the_words():
    X = descriptors(2000)
    codebook = KMeansCodebook(30, max_iter=100, tol=0).fit(X)
    assert (np.diff(codebook.inertias_) <= 1e-6 * codebook.inertias_[0]).all()
    assert codebook.n_iter_ == len(codebook.inertias_) < 100
    # Nothing moved in the last iteration.
    _, distances = reference.nearest_words(X, codebook.words_)
    assert codebook.inertia_ == pytest.approx(distances.sum(), rel=1e-5)


def test_a_larger_tolerance_stops_earlier():
    X = descriptors(2000)
    n_iter = [KMeansCodebook(30, tol=tol, max_iter=200).fit(X).n_iter_ for tol in (0.1, 1e-3, 0)]
    assert n_iter[0] < n_iter[1] < n_iter[2]


def test_empty_words_go_to_the_farthest_descriptors():
    X = np.array([[0.0], [0.1], [0.2], [5.0], [9.0]], np.float32)
    far_away = [[0.1], [1000.0], [2000.0]]
    words, counts, _ = lloyd(X, far_away, max_iter=1)
    np.testing.assert_allclose(words, [[0.1], [9.0], [5.0]], atol=1e-6)
    np.testing.assert_array_equal(counts, [3, 1, 1])
    np.testing.assert_allclose(words, reference.lloyd(X, far_away, 1)[0], atol=1e-6)


def test_permuting_descriptors_changes_rounding_only():
    X = descriptors(2000)
    order = np.random.default_rng(1).permutation(len(X))
    one, other = (lloyd(data, X[:25], max_iter=10, tol=0) for data in (X, X[order]))
    np.testing.assert_allclose(one[0], other[0], atol=1e-6)
    np.testing.assert_array_equal(one[1], other[1])


def test_the_seed_alone_decides():
    X = descriptors(1500)
    first, again, other = (
        KMeansCodebook(20, random_state=seed, max_iter=3).fit(X).words_ for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_one_word_is_the_mean_and_all_words_are_the_data():
    X = descriptors(50, 5)
    np.testing.assert_allclose(KMeansCodebook(1).fit(X).words_[0], X.mean(axis=0), atol=1e-6)
    codebook = KMeansCodebook(50).fit(X)
    assert codebook.inertia_ == 0
    np.testing.assert_array_equal(np.sort(codebook.predict(X)), np.arange(50))


def test_one_descriptor():
    codebook = KMeansCodebook(1).fit([[1.0, 2.0]])
    np.testing.assert_array_equal(codebook.words_, [[1.0, 2.0]])
    assert codebook.n_iter_ == 1


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_fewer_distinct_descriptors_than_words(init):
    X = np.repeat(np.array([[0.0, 1.0], [2.0, 3.0], [8.0, 8.0]]), 20, axis=0)
    with pytest.warns(ConvergenceWarning, match="only 3 of 5 words have descriptors"):
        codebook = KMeansCodebook(5, init=init).fit(X)
    assert codebook.inertia_ == 0
    assert np.isfinite(codebook.words_).all()
    assert len(set(codebook.predict(X))) == 3


def test_constant_dimensions_stay_constant():
    X = descriptors(300, 6)
    X[:, 2] = 7
    np.testing.assert_array_equal(KMeansCodebook(10).fit(X).words_[:, 2], 7)


def test_uint8_gives_the_words_of_the_same_floats():
    X = np.random.default_rng(0).integers(0, 256, size=(800, 20), dtype=np.uint8)
    one, other = (KMeansCodebook(15, max_iter=5).fit(data).words_ for data in (X, X.astype(np.float32)))
    np.testing.assert_array_equal(one, other)


def test_a_memory_map_is_read_in_place(tmp_path):
    X = descriptors(500)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(KMeansCodebook(9).fit(mapped).words_, KMeansCodebook(9).fit(X).words_)


def test_seeding_spreads_over_separate_clusters():
    rng = np.random.default_rng(0)
    centers = np.arange(100)[:, None] * 100.0
    X = (np.repeat(centers, 30, axis=0) + rng.random((3000, 1))).astype(np.float32)
    start = kmeans_plus_plus(X, 100)
    assert np.isin(start, X).all()
    assert len(set((start[:, 0] // 100).astype(int))) >= 99
    first32 = kmeans_plus_plus(X, 32)
    assert len(set((first32[:, 0] // 100).astype(int))) == 32


def test_seeding_takes_every_distinct_descriptor_before_repeating():
    X = descriptors(70, 3)
    np.testing.assert_array_equal(np.unique(kmeans_plus_plus(X, 70), axis=0), np.unique(X, axis=0))


def test_seeding_lowers_the_inertia_of_the_start():
    X = descriptors(4000, 2, centers=60)
    spread, plain = (
        KMeansCodebook(60, init=init, max_iter=1).fit(X).inertia_ for init in ("k-means++", "random")
    )
    assert spread < plain


def test_progress_is_silent_by_default(capsys):
    KMeansCodebook(3, max_iter=2).fit(descriptors(100))
    assert capsys.readouterr().err == ""
    KMeansCodebook(3, max_iter=2, verbose=True).fit(descriptors(100))
    assert "iterations" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_words": 200}, "n_words=200 needs at least 200 descriptors, got n_samples=100"),
        ({"n_words": 0}, "n_words=0 must be at least 1"),
        ({"max_iter": 0}, "max_iter=0"),
        ({"tol": -1}, "tol=-1"),
        ({"tol": np.nan}, "tol=nan"),
        ({"init": "kmeans++"}, "did you mean 'k-means"),
        ({"init": np.zeros((3, 16))}, "init has 3 rows; n_words=5"),
        ({"init": np.zeros((5, 2))}, "init has 2 columns; 16"),
        ({"init_size": 0}, "init_size=0"),
        ({"random_state": -1}, "random_state=-1"),
        ({"verbose": 2}, "verbose=2"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ParameterError, match=message):
        KMeansCodebook(**{"n_words": 5, **parameters}).fit(descriptors(100))


def test_fitted_state_is_required_and_clone_drops_it():
    with pytest.raises(NotFittedError):
        KMeansCodebook(3).predict(descriptors(5))
    assert not hasattr(clone(KMeansCodebook(3).fit(descriptors(50))), "words_")


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("kind", ["blobs", "spread", "duplicates"])
def test_bounds_spare_comparisons_and_change_nothing(kind, dtype, monkeypatch):
    X = {
        "blobs": descriptors(6000, 24, centers=90),
        "spread": np.random.default_rng(0).gamma(0.5, size=(6000, 13)).astype(np.float32),
        "duplicates": np.random.default_rng(0).integers(0, 4, size=(6000, 5)).astype(np.float32),
    }[kind]
    if dtype == np.uint8:
        X = np.clip(40 * X + 100, 0, 255).astype(np.uint8)
    start = X[:150].astype(np.float32)
    compared = []
    kernel = module.kernels.try_candidates

    def counting(*arguments):
        compared.append(kernel(*arguments))
        return compared[-1]

    monkeypatch.setattr(module.kernels, "try_candidates", counting)
    bounded = lloyd(X, start, max_iter=15, tol=0)
    monkeypatch.setattr(module, "_BOUND_BYTES", 0)
    n_blocks = len(compared)
    plain = lloyd(X, start, max_iter=15, tol=0)
    assert len(compared) == n_blocks
    if kind == "blobs":
        assert 0 < sum(compared) < 0.5 * n_blocks * 2048
    for one, other in zip(bounded, plain, strict=True):
        np.testing.assert_array_equal(one, other)


def test_bounds_hold_when_words_are_moved_far(monkeypatch):
    """Empty words that jump onto far descriptors are among the words that no bound covers."""
    X = descriptors(4000, 8, centers=150)
    start = np.concatenate([X[:140], np.full((12, 8), 50, np.float32)])
    bounded = lloyd(X, start, max_iter=12, tol=0)
    monkeypatch.setattr(module, "_BOUND_BYTES", 0)
    for one, other in zip(bounded, lloyd(X, start, max_iter=12, tol=0), strict=True):
        np.testing.assert_array_equal(one, other)


def test_says_how_long_it_will_take(capsys):
    X = descriptors(3000)
    few, many = (  # three times each: a trial that the machine held up says nothing
        [KMeansCodebook(50, max_iter=n, algorithm="lloyd").estimate_seconds(X) for _ in range(3)] for n in (10, 1000)
    )
    assert 0 < min(few) < max(many)
    assert capsys.readouterr().err == ""
    for algorithm in ("lloyd", "minibatch"):
        KMeansCodebook(50, max_iter=2, algorithm=algorithm, verbose=True).fit(X)
        assert capsys.readouterr().err.startswith("k-means: at most about")
    with pytest.raises(ParameterError, match="n_words=5000 needs"):
        KMeansCodebook(5000).estimate_seconds(X)
