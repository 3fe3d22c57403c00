"""Posteriors of a prepared mixture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw.codebook.posteriors import PosteriorLists, PreparedMixture, block_posteriors
from bovw.errors import ParameterError
from experiments.benchmarks import vlfeat_mixture
from tests.reference import gmm as reference
from tests.simd import assert_same_bits


def mixture(K, d, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.dirichlet(np.full(K, 3.0)).astype(np.float32),
        rng.normal(size=(K, d)).astype(np.float32),
        rng.gamma(2, 0.5, size=(K, d)).astype(np.float32) + np.float32(0.05),
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.integers(1, 45), st.integers(1, 20), st.integers(0, 10**6))
def test_equal_the_definition(m, K, d, seed):
    parameters = mixture(K, d, seed)
    X = np.random.default_rng(seed).normal(size=(m, d)).astype(np.float32) * 2
    gamma, log_likelihoods = block_posteriors(X, *parameters)
    if m:
        expected, expected_log = reference.posteriors(X, *parameters)
        np.testing.assert_allclose(gamma, expected, atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(log_likelihoods, expected_log, rtol=1e-5, atol=1e-4)
    assert gamma.shape == (m, K)


def test_equal_those_of_vlfeat():
    vl = vlfeat_mixture.load()
    if vl is None:
        pytest.skip("needs the VLFeat library")
    parameters = mixture(32, 20)
    X = np.random.default_rng(1).normal(size=(500, 20)).astype(np.float32)
    gamma, log_likelihoods = block_posteriors(X, *parameters)
    expected, mean = vlfeat_mixture.posteriors(vl, X, *parameters)
    # VLFeat's exponential is itself a fast approximation.
    np.testing.assert_allclose(gamma, expected, atol=2e-4)
    assert log_likelihoods.mean() == pytest.approx(mean, abs=1e-3)


def test_exponential_is_accurate_to_float32():
    # Two unit Gaussians at -1 and 1: the posterior of the second is 1 / (1 + exp(-2 x)).
    x = np.linspace(-10, 10, 20001, dtype=np.float32)
    gamma, _ = block_posteriors(x[:, None], [0.5, 0.5], [[-1.0], [1.0]], [[1.0], [1.0]])
    exact = 1 / (1 + np.exp(-2 * x.astype(np.float64)))
    # The exponent is a difference of sums of up to (10 + 1)^2 / 2 = 60: each rounding of one, without fused
    # multiply-adds three or four, is an absolute error of 2e-6, and a relative one of the posterior.
    np.testing.assert_allclose(gamma[:, 1], exact, rtol=1e-5)
    np.testing.assert_allclose(gamma.sum(axis=1), 1, rtol=3e-7)


def test_threshold_sets_small_posteriors_to_zero():
    parameters = mixture(40, 6)
    X = np.random.default_rng(2).normal(size=(300, 6)).astype(np.float32)
    full, _ = block_posteriors(X, *parameters, threshold=0)
    cut, _ = block_posteriors(X, *parameters, threshold=1e-3)
    assert (cut == 0).mean() > 0.3
    np.testing.assert_array_equal(cut, np.where(full >= np.float32(1e-3), full, 0))


def test_a_large_offset_costs_little_accuracy():
    weights, means, variances = mixture(10, 8)
    X = np.random.default_rng(3).normal(size=(200, 8)).astype(np.float32)
    shift = np.float32(4096)
    gamma, log_likelihoods = block_posteriors(X + shift, weights, means.astype(np.float64) + shift, variances)
    expected, expected_log = reference.posteriors((X + shift) - shift, weights, means, variances)
    np.testing.assert_allclose(gamma, expected, atol=1e-4)
    np.testing.assert_allclose(log_likelihoods, expected_log, rtol=1e-4)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_any_scale_of_the_data_serves(scale):
    weights, means, variances = mixture(5, 4)
    X = np.random.default_rng(4).normal(size=(50, 4)).astype(np.float32)
    here, log_here = block_posteriors(X, weights, means, variances)
    there, log_there = block_posteriors(
        X * scale, weights, means.astype(np.float64) * scale, variances.astype(np.float64) * scale**2
    )
    np.testing.assert_allclose(there, here, atol=1e-5)
    np.testing.assert_allclose(log_there, log_here - 4 * np.log(scale), rtol=1e-5, atol=1e-4)


def test_far_outliers_stay_finite():
    X = np.array([[1e38, -1e38], [3e30, 0], [-1e20, 1]], np.float32)
    gamma, log_likelihoods = block_posteriors(X, *mixture(7, 2))
    np.testing.assert_allclose(gamma.sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(log_likelihoods).all()


def test_a_component_without_weight_gets_nothing():
    weights, means, variances = mixture(9, 3)
    weights[4] = 0
    X = np.random.default_rng(5).normal(size=(100, 3)).astype(np.float32)
    gamma, _ = block_posteriors(X, weights, means, variances)
    assert (gamma[:, 4] == 0).all()
    np.testing.assert_allclose(
        np.delete(gamma, 4, axis=1),
        reference.posteriors(
            X, np.delete(weights, 4) / weights.sum(), np.delete(means, 4, 0), np.delete(variances, 4, 0)
        )[0],
        atol=1e-5,
    )


def test_uint8_counts_like_the_same_floats():
    X = np.random.default_rng(6).integers(0, 256, size=(100, 5), dtype=np.uint8)
    prepared = PreparedMixture([0.4, 0.6], np.full((2, 5), [[60.0], [200.0]]), np.full((2, 5), 900.0))
    np.testing.assert_array_equal(prepared.posteriors(X), prepared.posteriors(X.astype(np.float32)))


@pytest.mark.parametrize("separation", [0.3, 30])
def test_statistics_are_sums_over_rows(separation):
    # Far apart, nearly all posteriors are 0 and are skipped one by one; close together, none is.
    weights, means, variances = mixture(36, 7)
    parameters = weights, means * np.float32(separation), variances
    rng = np.random.default_rng(7)
    X = (parameters[1][rng.integers(36, size=1500)] + rng.normal(size=(1500, 7))).astype(np.float32)
    gamma = block_posteriors(X, *parameters)[0]
    assert (gamma > 0).mean() < 0.05 if separation > 1 else (gamma > 0).mean() > 0.5
    prepared = PreparedMixture(*parameters)
    sums, first, second, log_likelihood = prepared.statistics(X)
    gamma, logs = reference.posteriors(X, *parameters)
    z = (X - prepared.center) / prepared.scale
    np.testing.assert_allclose(sums, gamma.sum(axis=0), rtol=1e-4)
    np.testing.assert_allclose(first, gamma.T @ z, atol=2e-3)
    np.testing.assert_allclose(second, gamma.T @ z**2, rtol=1e-4, atol=1e-4)
    assert log_likelihood == pytest.approx(logs.sum(), rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 60), st.integers(1, 45), st.integers(1, 6), st.sampled_from([1e-10, 1e-5, 1e-2]), st.integers(0, 999)
)
def test_lists_hold_the_posteriors_that_reach_the_threshold(m, K, d, threshold, seed):
    parameters = mixture(K, d, seed)
    X = np.random.default_rng(seed).normal(size=(m, d)).astype(np.float32) * 4
    lists = PosteriorLists(PreparedMixture(*parameters), m, threshold)
    lists.expand(X)
    lists.list(0, m)
    listed = np.zeros((m, K))
    for k, count in enumerate(lists.counts):
        assert (np.diff(lists.rows[k, :count]) > 0).all()
        listed[lists.rows[k, :count], k] = lists.values[k, :count]
    dense, log_likelihoods = block_posteriors(X, *parameters, threshold=1e-20)
    np.testing.assert_allclose(listed, np.where(dense >= threshold, dense, 0), rtol=4e-6, atol=threshold * 1.00001)
    assert (listed[dense >= threshold * 1.00001] > 0).all()
    np.testing.assert_allclose(lists.log_likelihoods, log_likelihoods, rtol=1e-6, atol=3e-6)


def test_statistics_have_the_same_bits_at_every_simd_level():
    assert_same_bits(
        "import hashlib, numpy as np\n"
        "from bovw.codebook.posteriors import PreparedMixture\n"
        "rng = np.random.default_rng(2)\n"
        "means = rng.normal(size=(43, 37)) * 0.5\n"
        "mixture = PreparedMixture(np.ones(43), means, np.full((43, 37), 0.7))\n"
        "found = mixture.statistics(rng.normal(size=(1300, 37)).astype(np.float32), threshold=1e-5)\n"
        "print(hashlib.sha256(b''.join(np.float64(part).tobytes() for part in found)).hexdigest())"
    )


def test_caller_buffers_are_filled():
    prepared = PreparedMixture(*mixture(6, 3))
    X = np.random.default_rng(8).normal(size=(20, 3)).astype(np.float32)
    out, logs, sums = np.empty((20, 6), np.float32), np.empty(20, np.float32), np.ones(6, np.float32)
    workspace = prepared.workspace(32)
    assert prepared.posteriors(X, out, logs, sums=sums, workspace=workspace) is out
    np.testing.assert_array_equal(out, prepared.posteriors(X))
    np.testing.assert_allclose(sums, 1 + out.sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        workspace[:20, 3:], (X - prepared.center) / prepared.scale, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(workspace[:20, :3], workspace[:20, 3:] ** 2)


@pytest.mark.parametrize(
    ("weights", "means", "variances", "message"),
    [
        ([1.0], [[0.0]], [[0.0]], "variances must be positive"),
        ([1.0, 1.0], [[0.0]], [[1.0]], "disagree"),
        ([-1.0], [[0.0]], [[1.0]], "weights must be"),
        ([0.0], [[0.0]], [[1.0]], "not all zero"),
        ([1.0], [[np.inf]], [[1.0]], "means"),
        ([1.0], [[0.0]], [[1.0, 2.0]], "variances has 2 columns; 1 are expected"),
    ],
)
def test_bad_mixtures_are_named(weights, means, variances, message):
    with pytest.raises(ParameterError, match=message):
        PreparedMixture(weights, means, variances)


def test_wrong_buffers_are_refused():
    prepared, X = PreparedMixture(*mixture(3, 2)), np.zeros((4, 2), np.float32)
    with pytest.raises(ParameterError, match="block has 3 columns"):
        prepared.posteriors(np.zeros((4, 3), np.float32))
    with pytest.raises(ParameterError, match="out has shape"):
        prepared.posteriors(X, np.empty((4, 2), np.float32))
    with pytest.raises(ParameterError, match="workspace has shape"):
        prepared.posteriors(X, workspace=np.empty((3, 4), np.float32))
    with pytest.raises(ParameterError, match="log_likelihoods must"):
        prepared.posteriors(X, None, np.empty(3, np.float32))
