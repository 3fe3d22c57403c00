"""Fisher vectors against the slow twin, VLFeat and scikit-image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from bovw import FisherVector, GMMCodebook, ParameterError, fisher_vector

from ..reference import encoders as twin
from . import vlfeat


def parts(codebook):
    return codebook.weights_, codebook.means_, codebook.variances_


def cosine(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def test_golden_example(golden_mixture):
    m = golden_mixture
    assert_allclose(fisher_vector(m.X, m.weights, m.means, m.variances), m.raw, atol=2e-6)
    improved = fisher_vector(m.X, m.weights, m.means, m.variances, improved=True)
    assert_allclose(improved, m.improved, atol=2e-6)


def test_equals_the_twin(data, mixture):
    encoder = FisherVector.with_codebook(mixture, threshold=0.0)
    _, expected = twin.fisher_vector(data, *parts(mixture))
    assert_allclose(encoder.encode(data), expected, atol=2e-5)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(1, 18), st.integers(1, 20))
def test_equals_the_twin_for_any_shape(seed, n, d, K):
    rng = np.random.default_rng(seed)
    X, means = rng.normal(size=(n, d)).astype(np.float32), rng.normal(size=(K, d)).astype(np.float32)
    variances, weights = rng.uniform(0.3, 2, (K, d)).astype(np.float32), rng.dirichlet(np.ones(K))
    s, expected = twin.fisher_vector(X, weights, means, variances)
    code = fisher_vector(X, weights, means, variances, threshold=0.0, weight_gradient=True)
    assert_allclose(code, np.concatenate([s, expected]), atol=2e-4, rtol=2e-4)


@pytest.mark.skipif(vlfeat.library is None, reason="needs libvlfeat")
def test_equals_vlfeat(data, mixture):
    # VLFeat skips posteriors below 1e-6.
    X = data[::7] + np.float32(0.5)  # the training data's own gradient is next to nothing
    for improved in (False, True):
        code = fisher_vector(X, *parts(mixture), improved=improved, threshold=1e-6)
        expected = vlfeat.fisher_vector(X, *parts(mixture), improved=improved)
        assert_allclose(code, expected, rtol=1e-3, atol=1e-4)


def test_equals_scikit_image(data, mixture):
    feature = pytest.importorskip("skimage.feature")
    sklearn_mixture = pytest.importorskip("sklearn.mixture")
    K = mixture.n_components
    gmm = sklearn_mixture.GaussianMixture(K, covariance_type="diag")
    gmm.weights_, gmm.means_, gmm.covariances_ = (np.asarray(a, np.float64) for a in parts(mixture))
    gmm.precisions_cholesky_ = 1 / np.sqrt(gmm.covariances_)
    expected = feature.fisher_vector(data.astype(np.float64), gmm)
    theirs = fisher_vector(data, *parts(mixture), threshold=0.0, weight_gradient=True, convention="skimage")
    assert_allclose(theirs, expected, atol=3e-5)
    ours = fisher_vector(data, *parts(mixture), threshold=0.0)
    half = ours.size // 2
    assert_allclose(ours[:half], theirs[K : K + half])
    assert_allclose(ours[half:], -theirs[K + half :])


def test_default_threshold_keeps_the_direction():
    rng = np.random.default_rng(1)
    K, d = 64, 32
    means, variances = rng.normal(size=(K, d)) * 0.5, rng.uniform(0.5, 1.5, (K, d))
    weights = rng.dirichlet(np.full(K, 3.0))
    chosen = rng.choice(K, 600, p=weights)
    X = means[chosen] + rng.normal(size=(600, d)) * np.sqrt(variances[chosen])
    _, exact = twin.fisher_vector(X.astype(np.float32), weights, means, variances)
    code = fisher_vector(X, weights, means, variances)
    assert cosine(code, exact) > 0.99999
    assert cosine(fisher_vector(X, weights, means, variances, improved=True),
                  np.sign(exact) * np.sqrt(np.abs(exact))) > 0.99999


def test_far_from_the_origin(mixture, data):
    weights, means, variances = parts(mixture)
    near = fisher_vector(data - 20, weights, means - 20, variances, threshold=0.0)
    far = fisher_vector(data + 100, weights, means + 100, variances, threshold=0.0)
    assert cosine(near, far) > 0.99999


def test_groups_that_straddle_blocks_are_coded_apart(data, mixture):
    encoder = FisherVector.with_codebook(mixture, threshold=0.0)
    X = np.concatenate([data] * 4)
    groups = np.random.default_rng(0).integers(5, size=len(X))
    for group, code in enumerate(encoder.pool(X, groups, 5)):
        assert_allclose(code, twin.fisher_vector(X[groups == group], *parts(mixture))[1], atol=2e-5)


def test_sum_is_n_times_average(data, mixture):
    encoder = FisherVector.with_codebook(mixture, weight_gradient=True)
    total = encoder.encode(data, pooling="sum")
    assert_allclose(total, len(data) * encoder.encode(data), rtol=1e-5, atol=1e-4)


def test_vanishing_component_gives_zeros(data, mixture):
    weights, means, variances = (np.array(a) for a in parts(mixture))
    weights[3] = 0
    code = fisher_vector(data, weights, means, variances, weight_gradient=True)
    K, d = means.shape
    assert np.isfinite(code).all()
    assert code[3] == 0
    blocks = code[K:].reshape(2 * K, d)
    assert (blocks[[3, K + 3]] == 0).all()
    assert (blocks[[2, K + 2]] != 0).any(axis=1).all()


def test_one_none_and_duplicated_descriptors(data, mixture):
    assert (fisher_vector(data[:0], *parts(mixture)) == 0).all()
    assert (fisher_vector(data[:0], *parts(mixture), improved=True, weight_gradient=True) == 0).all()
    once = fisher_vector(data[:1], *parts(mixture))
    repeated = fisher_vector(np.repeat(data[:1], 7, axis=0), *parts(mixture))
    assert_allclose(repeated, once, rtol=1e-5, atol=1e-6)
    assert_allclose(once, twin.fisher_vector(data[:1], *parts(mixture))[1], atol=2e-3)


def test_extreme_descriptors_stay_finite(mixture):
    X = np.full((3, 13), 1e30, np.float32)
    assert np.isfinite(fisher_vector(X, *parts(mixture), improved=True)).all()


@pytest.mark.parametrize(
    "change",
    [{"threshold": -1}, {"threshold": 0.9}, {"convention": "vlfaet"}, {"improved": 1},
     {"weight_gradient": None}, {"variances": np.zeros((2, 2))}, {"means": np.zeros((3, 2))},
     {"descriptors": np.zeros((4, 3))},
     {"descriptors": np.full((1, 2), np.nan)}],
)
def test_bad_arguments(golden_mixture, change):
    m = golden_mixture
    arguments = {"descriptors": m.X, "weights": m.weights, "means": m.means, "variances": m.variances}
    with pytest.raises(ParameterError):
        fisher_vector(**{**arguments, **change})


def test_fit_learns_a_mixture(data):
    encoder = FisherVector(GMMCodebook(n_components=3, random_state=0)).fit(data)
    assert encoder.code_size == 2 * 3 * 13
    assert encoder.encode(data).shape == (encoder.code_size,)
    # At a stationary point of the likelihood the training data's gradient vanishes; the
    # constant dimension's variance is not stationary, it rests on its floor.
    gradient = np.delete(encoder.encode(data).reshape(6, 13), 4, axis=1)
    assert np.abs(gradient).max() < 0.01
    assert np.abs(encoder.encode(data[:50])).max() > 0.1
