"""LCC's optimum against a general convex solver and its own optimality conditions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from bovw import LCC, ParameterError
from bovw.codebook.neighbors import NeighborSearch
from bovw.encoding import lcc
from bovw.encoding.lcc import _coder


def objective(x, words, gamma, mu):
    return 0.5 * ((x - gamma @ words) ** 2).sum() + mu * (np.abs(gamma) * ((words - x) ** 2).sum(axis=1)).sum()


def general_solver(x, words, mu):
    """Split gamma into two non-negative halves and hand the smooth problem to SLSQP."""
    K, distances = len(words), ((words - x) ** 2).sum(axis=1)

    def value(halves):
        gamma = halves[:K] - halves[K:]
        residual = x - gamma @ words
        gradient = -words @ residual
        penalty = mu * np.concatenate([distances, distances])
        return 0.5 * residual @ residual + penalty @ halves, np.concatenate([gradient, -gradient]) + penalty

    start = np.zeros(2 * K)
    start[distances.argmin()] = 1
    total = {"type": "eq", "fun": lambda h: h[:K].sum() - h[K:].sum() - 1,
             "jac": lambda h: np.concatenate([np.ones(K), -np.ones(K)])}
    found = minimize(value, start, jac=True, bounds=[(0, None)] * (2 * K), constraints=[total], method="SLSQP",
                     options={"maxiter": 1000, "ftol": 1e-14})
    return found.fun


@pytest.mark.parametrize("mu", [0.001, 0.02, 0.2, 2.0])
def test_reaches_the_optimum_of_a_general_solver(mu):
    rng = np.random.default_rng(3)
    words, X = rng.normal(size=(15, 4)).astype(np.float32), rng.normal(size=(12, 4)).astype(np.float32)
    codes = lcc(X, words, mu=mu, tol=1e-6).astype(np.float64)
    assert_allclose(codes.sum(axis=1), 1, atol=1e-5)
    for x, code in zip(X.astype(np.float64), codes, strict=True):
        best = general_solver(x, words.astype(np.float64), mu)
        assert objective(x, words, code, mu) == pytest.approx(best, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("mu", [1e-4, 0.05])
def test_optimality_conditions_over_all_words(data, codebook, mu):
    X, words = data[:60].astype(np.float64), codebook.words_.astype(np.float64)
    codes = np.zeros((60, 40))
    indices, weights = _coder(NeighborSearch(codebook.words_), mu, 1e-5, 60)(data[:60])
    np.put_along_axis(codes, indices.astype(np.intp), weights.astype(np.float64), axis=1)
    for x, code in zip(X, codes, strict=True):
        z = x - words
        gradient, penalty = z @ (code @ z), mu * (z**2).sum(axis=1)
        slack = 1e-3 * (z**2).sum(axis=1).min() + 1e-3
        rise = (gradient + np.where(code >= 0, penalty, -penalty)).min()
        fall = (gradient + np.where(code > 0, penalty, -penalty)).max()
        assert fall - rise < slack


def test_limits_of_mu(data, codebook):
    nearest = lcc(data, codebook.words_, mu=1e6)
    assert_allclose(nearest.max(axis=1), 1, atol=1e-6)
    assert (nearest.argmax(axis=1) == codebook.predict(data)).all()
    free = lcc(data, codebook.words_, mu=1e-7)
    assert np.linalg.norm(data - free @ codebook.words_, axis=1).max() < 0.5


def test_a_word_codes_itself(codebook):
    assert_allclose(lcc(codebook.words_, codebook.words_), np.eye(40), atol=1e-6)


def test_estimator_pools_the_same_codes(data, codebook):
    encoder = LCC.with_codebook(codebook, mu=0.05)
    X = np.concatenate([data, data])
    codes = lcc(X, codebook.words_, mu=0.05)
    assert_allclose(encoder.encode(X), codes.max(axis=0), atol=1e-6)
    assert_allclose(encoder.encode(X, pooling="sum"), codes.sum(axis=0), atol=1e-3)


@pytest.mark.parametrize("change", [{"mu": 0}, {"tol": 0}, {"mu": np.nan}])
def test_bad_arguments(data, codebook, change):
    with pytest.raises(ParameterError):
        lcc(data, codebook.words_, **change)
