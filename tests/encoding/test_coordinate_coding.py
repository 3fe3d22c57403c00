"""LCC's optimum against a general convex solver, a slow twin and its own optimality conditions."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from bovw import LCC, ParameterError
from bovw.encoding import lcc
from tests.reference.lcc import lcc as slow_lcc
from tests.simd import assert_same_bits


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
    codes = lcc(X, words, mu=mu, tol=1e-6).to_dense().astype(np.float64)
    assert_allclose(codes.sum(axis=1), 1, atol=1e-5)
    for x, code in zip(X.astype(np.float64), codes, strict=True):
        best = general_solver(x, words.astype(np.float64), mu)
        assert objective(x, words, code, mu) == pytest.approx(best, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("mu", [0.01, 0.1, 1.0])
def test_agrees_with_the_slow_twin(data, codebook, mu):
    twin = slow_lcc(data[:12], codebook.words_, mu, 1e-8)
    assert_allclose(lcc(data[:12], codebook.words_, mu=mu, tol=1e-7).to_dense(), twin, atol=2e-5)


def assert_optimal(X, words, codes, mu, tol):
    """The condition up to its tolerance and what float32 makes of exact weights."""
    for x, code in zip(X.astype(np.float64), codes.astype(np.float64), strict=True):
        z = x - words
        squares = (z**2).sum(axis=1)
        gradient, penalty = z @ (code @ z), mu * squares
        rise = (gradient + np.where(code >= 0, penalty, -penalty)).min()
        fall = (gradient + np.where(code > 0, penalty, -penalty)).max()
        rounding = 3e-7 * np.abs(code) @ np.sqrt(squares) * np.sqrt(squares.max())
        assert fall - rise <= 2 * tol * squares.min() + 2 * rounding
        assert code.sum() == pytest.approx(1, abs=1e-6 * max(1, np.abs(code).sum()))


@pytest.mark.parametrize("mu", [1e-4, 0.05])
def test_optimality_conditions_over_all_words(data, codebook, mu):
    assert_optimal(data[:60], codebook.words_, lcc(data[:60], codebook.words_, mu=mu, tol=1e-5).to_dense(), mu, 1e-5)


@given(
    seed=st.integers(0, 10_000), d=st.integers(1, 12), K=st.integers(1, 90), mu=st.floats(-4, 1), tol=st.floats(-6, -3),
    kind=st.sampled_from(["general", "lattice", "copies", "flat", "far"]),
)
@settings(deadline=None, max_examples=60)
def test_optimal_whatever_the_geometry(seed, d, K, mu, tol, kind):
    """Also where words coincide, lie in a plane or in the rounding of their position."""
    rng = np.random.default_rng(seed)
    words, X = rng.normal(size=(K, d)), rng.normal(size=(6, d))
    if kind == "lattice":
        words, X = rng.integers(-2, 3, size=(K, d)), rng.integers(-4, 5, size=(6, d)) / 2
    elif kind == "copies":
        words = words[rng.integers(K, size=K)]
        X = words[rng.integers(K, size=6)] + 1e-3 * X
    elif kind == "flat":
        words[:, d // 2 :] = 0
    elif kind == "far":
        words, X = words + 30, X + 30
    words, X, mu, tol = words.astype(np.float32), X.astype(np.float32), 10**mu, 10**tol
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        codes = lcc(X, words, mu=mu, tol=tol).to_dense()
    assert_optimal(X, words, codes, mu, tol)


def test_more_words_than_a_working_set_holds():
    rng = np.random.default_rng(8)
    words, X = rng.normal(size=(600, 40)).astype(np.float32), rng.normal(size=(8, 40)).astype(np.float32)
    codes = lcc(X, words, mu=1e-3, tol=1e-5).to_dense()
    assert (codes != 0).sum(axis=1).max() > 32
    assert_optimal(X, words, codes, 1e-3, 1e-5)


def test_codes_of_blocks_with_different_numbers_of_words(data, codebook):
    encoder = LCC.with_codebook(codebook, mu=0.01)
    X = np.concatenate([np.repeat(codebook.words_, 13, axis=0)[:512], data])
    codes = encoder.codes(X)
    assert all(len(set(row)) == len(row) for row in codes.indices.tolist())
    assert_allclose(codes.to_dense()[:512], lcc(X[:512], codebook.words_, mu=0.01).to_dense(), atol=1e-7)
    assert_allclose(codes.to_dense()[512:], lcc(data, codebook.words_, mu=0.01).to_dense(), atol=1e-6)


def test_no_descriptor_has_no_code(codebook):
    encoder = LCC.with_codebook(codebook)
    assert encoder.codes(np.empty((0, 13))).to_dense().shape == (0, 40)
    assert lcc(np.empty((0, 13)), codebook.words_).to_csr().shape == (0, 40)
    assert not encoder.encode(np.empty((0, 13))).any()


def test_limits_of_mu(data, codebook):
    nearest = lcc(data, codebook.words_, mu=1e6).to_dense()
    assert_allclose(nearest.max(axis=1), 1, atol=1e-6)
    assert (nearest.argmax(axis=1) == codebook.predict(data)).all()
    free = lcc(data, codebook.words_, mu=1e-7).to_dense()
    assert np.linalg.norm(data - free @ codebook.words_, axis=1).max() < 0.5


def test_a_word_codes_itself(codebook):
    assert_allclose(lcc(codebook.words_, codebook.words_).to_dense(), np.eye(40), atol=1e-6)


def test_estimator_pools_the_same_codes(data, codebook):
    encoder = LCC.with_codebook(codebook, mu=0.05)
    X = np.concatenate([data, data])
    codes = lcc(X, codebook.words_, mu=0.05).to_dense()
    assert_allclose(encoder.encode(X), codes.max(axis=0), atol=1e-6)
    assert_allclose(encoder.encode(X, pooling="sum"), codes.sum(axis=0), atol=1e-3)


@pytest.mark.parametrize("change", [{"mu": 0}, {"tol": 0}, {"mu": np.nan}])
def test_bad_arguments(data, codebook, change):
    with pytest.raises(ParameterError):
        lcc(data, codebook.words_, **change)


def test_numbers_beyond_float32_are_refused():
    with pytest.raises(ParameterError, match="overflow"):
        lcc([[1e19, 0.0]], [[-1e19, 1.0], [0.0, 1e19]])


def test_a_tolerance_out_of_reach_warns():
    rng = np.random.default_rng(0)
    with pytest.warns(ConvergenceWarning, match="tol"):
        lcc(rng.normal(size=(20, 5)), rng.normal(size=(30, 5)), mu=1e-3, tol=1e-20)


def test_same_bits_at_every_simd_level():
    assert_same_bits(
        "import hashlib, numpy as np\n"
        "from bovw.encoding import lcc\n"
        "rng = np.random.default_rng(1)\n"
        "codes = lcc(rng.normal(size=(60, 21)), rng.normal(size=(150, 21)), mu=0.03).to_dense()\n"
        "print(hashlib.sha256(codes.tobytes()).hexdigest())"
    )
