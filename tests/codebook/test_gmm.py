"""EM for the diagonal mixture against its definition, scikit-learn and VLFeat."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.utils.estimator_checks import parametrize_with_checks

from bovw.codebook import GMMCodebook
from bovw.codebook.gmm import expectation_maximization, hard_mixture
from bovw.errors import ParameterError
from experiments.benchmarks import vlfeat_mixture
from tests.reference import gmm as reference


def descriptors(n=2000, d=10, centers=8, seed=0):
    rng = np.random.default_rng(seed)
    scale = np.linspace(2, 0.3, d)
    return (
        (rng.normal(size=(centers, d))[rng.integers(centers, size=n)] + 0.5 * rng.normal(size=(n, d))) * scale
    ).astype(np.float32)


def start(X, K):
    return np.full(K, 1 / K), X[:K].astype(np.float64), np.tile(X.var(axis=0, dtype=np.float64), (K, 1))


@parametrize_with_checks([GMMCodebook(n_components=2)])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_em_equals_the_definition():
    X = descriptors()
    ours = expectation_maximization(X, *start(X, 8), variance_floor=1e-3, max_iter=6, tol=0)
    expected = reference.expectation_maximization(X, *start(X, 8), 6, 1e-3)
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5)


def test_em_agrees_with_scikit_learn():
    X = descriptors()
    weights, means, variances = start(X, 12)
    peer = GaussianMixture(
        12,
        covariance_type="diag",
        weights_init=weights,
        means_init=means,
        precisions_init=1 / variances,
        max_iter=10,
        tol=0,
        reg_covar=0,
        init_params="random",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer.fit(X.astype(np.float64))
    ours = GMMCodebook(12, init=(weights, means, variances), variance_floor=1e-9, max_iter=10, tol=0).fit(X)
    np.testing.assert_allclose(ours.weights_, peer.weights_, atol=1e-5)
    np.testing.assert_allclose(ours.means_, peer.means_, atol=2e-4)
    np.testing.assert_allclose(ours.variances_, peer.covariances_, rtol=1e-3)
    np.testing.assert_allclose(ours.posteriors(X), peer.predict_proba(X.astype(np.float64)), atol=1e-3)
    assert ours.score(X) == pytest.approx(peer.score(X.astype(np.float64)), abs=1e-4)


def test_em_agrees_with_vlfeat():
    vl = vlfeat_mixture.load()
    if vl is None:
        pytest.skip("needs the VLFeat library")
    X = descriptors()
    weights, means, variances, mean = vlfeat_mixture.expectation_maximization(vl, X, *start(X, 8), 5, 1e-3)
    ours = expectation_maximization(X, *start(X, 8), variance_floor=1e-3, max_iter=5, tol=0)
    # VLFeat approximates the exponential and leaves posteriors below 0.01 / K out of its sums.
    np.testing.assert_allclose(ours[0], weights, atol=2e-3)
    np.testing.assert_allclose(ours[1], means, atol=2e-2)
    np.testing.assert_allclose(ours[2], variances, atol=2e-2)
    _, log_likelihoods = reference.posteriors(X, *ours[:3])
    assert log_likelihoods.mean() == pytest.approx(mean, abs=0.01)


def test_log_likelihood_never_falls_and_a_warm_start_goes_on():
    X = descriptors()
    first = GMMCodebook(10, max_iter=5, tol=0).fit(X)
    assert (np.diff(first.log_likelihoods_) > -1e-4).all()
    state = (first.weights_, first.means_, first.variances_)
    second = GMMCodebook(10, max_iter=3, tol=0, init=state).fit(X)
    assert second.log_likelihoods_[0] == pytest.approx(first.score(X), abs=1e-5)
    whole = GMMCodebook(10, max_iter=8, tol=0).fit(X)
    np.testing.assert_allclose(
        np.r_[first.log_likelihoods_, second.log_likelihoods_], whole.log_likelihoods_, atol=1e-4
    )


def test_fitted_mixture_is_proper():
    X = descriptors()
    gmm = GMMCodebook(16).fit(X)
    assert gmm.weights_.sum() == pytest.approx(1, abs=1e-5)
    assert gmm.n_iter_ == len(gmm.log_likelihoods_) < 100
    assert (gmm.variances_ >= np.float32(1e-4 * X.var(axis=0, dtype=np.float64).max() * 0.999)).all()
    gamma = gmm.posteriors(X)
    np.testing.assert_allclose(gamma.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(gmm.predict(X), gamma.argmax(axis=1))
    _, log_likelihoods = reference.posteriors(X, gmm.weights_, gmm.means_, gmm.variances_)
    np.testing.assert_allclose(gmm.score_samples(X), log_likelihoods, atol=1e-3)


def test_hard_mixture_is_that_of_each_word():
    X = descriptors(500)
    words = np.concatenate([X[:5], np.full((1, 10), 1e3, np.float32)])
    weights, means, variances = hard_mixture(X, words, variance_floor=1e-3)
    labels = ((X[:, None].astype(np.float64) - words) ** 2).sum(axis=2).argmin(axis=1)
    for k in range(5):
        rows = X[labels == k].astype(np.float64)
        assert weights[k] == len(rows) / len(X)
        np.testing.assert_allclose(means[k], rows.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(variances[k], np.maximum(rows.var(axis=0), 1e-3), rtol=1e-4)
    assert weights[5] == 0
    np.testing.assert_array_equal(means[5], words[5])


def test_one_component_is_mean_and_variance():
    X = descriptors()
    gmm = GMMCodebook(1).fit(X)
    np.testing.assert_allclose(gmm.means_[0], X.mean(axis=0, dtype=np.float64), atol=1e-5)
    np.testing.assert_allclose(gmm.variances_[0], X.var(axis=0, dtype=np.float64), rtol=1e-5)


def test_one_descriptor():
    gmm = GMMCodebook(1).fit([[3.0, 4.0]])
    np.testing.assert_allclose(gmm.means_, [[3.0, 4.0]])
    np.testing.assert_allclose(gmm.variances_, 1e-4)


@pytest.mark.filterwarnings("ignore:only 3 of 6 words")
def test_duplicated_descriptors_and_constant_dimensions():
    X = np.repeat(np.array([[0.0, 1.0, 5.0], [2.0, 3.0, 5.0], [8.0, 8.0, 5.0]]), 30, axis=0)
    gmm = GMMCodebook(6).fit(X)
    floor = 1e-4 * X.var(axis=0).max()
    np.testing.assert_allclose(gmm.variances_[gmm.weights_ > 0], floor, rtol=1e-4)
    np.testing.assert_allclose(np.sort(gmm.weights_)[-3:], 1 / 3, atol=1e-6)
    for array in (gmm.posteriors(X), gmm.means_, gmm.log_likelihoods_):
        assert np.isfinite(array).all()
    assert len(np.unique(gmm.predict(X))) == 3


def test_an_offset_shifts_the_means_only():
    X = descriptors()
    shifted = X + np.float32(1024)
    exact = shifted - np.float32(1024)
    one, other = (
        GMMCodebook(6, init=start(exact, 6), max_iter=5).fit(exact),
        GMMCodebook(6, init=start(shifted, 6), max_iter=5).fit(shifted),
    )
    np.testing.assert_allclose(other.means_ - 1024, one.means_, atol=2e-3)
    np.testing.assert_allclose(other.variances_, one.variances_, rtol=2e-3)


def test_permuting_descriptors_changes_rounding_only():
    X = descriptors()
    order = np.random.default_rng(1).permutation(len(X))
    one, other = (
        expectation_maximization(data, *start(X, 8), variance_floor=1e-3, max_iter=5)
        for data in (X, X[order])
    )
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_the_seed_alone_decides():
    X = descriptors(500)
    first, again, other = (GMMCodebook(5, random_state=seed, max_iter=3).fit(X).means_ for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pickles_and_works_from_public_state_alone():
    X = descriptors(300)
    gmm = GMMCodebook(4).fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(gmm)).posteriors(X), gmm.posteriors(X))
    bare = GMMCodebook(4)
    for name, value in vars(gmm).items():
        if name.endswith("_"):
            setattr(bare, name, value)
    np.testing.assert_array_equal(bare.posteriors(X), gmm.posteriors(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 101}, "n_components=101 needs at least 101 descriptors, got n_samples=100"),
        ({"n_components": 0}, "n_components=0"),
        ({"variance_floor": 0}, "variance_floor=0 must be greater"),
        ({"tol": -1.0}, "tol=-1.0"),
        ({"max_iter": 0}, "max_iter=0"),
        ({"kmeans_iter": 0}, "kmeans_iter=0"),
        ({"init": "kmeans"}, "init='kmeans' must be None or the tuple"),
        ({"init": ([1.0], np.zeros((1, 10)), np.ones((1, 10)))}, "init has 1 components; n_components=2"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ParameterError, match=message):
        GMMCodebook(**{"n_components": 2, **parameters}).fit(descriptors(100))


def test_fitted_state_is_required():
    with pytest.raises(NotFittedError):
        GMMCodebook(2).posteriors(descriptors(5))
