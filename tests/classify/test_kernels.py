"""Kernel matrices against numpy and scikit-learn."""


import numpy as np
import pytest
from sklearn.metrics import pairwise

from bovw.classify import chi2_kernel, intersection_kernel
from bovw.classify.kernels import linear_kernel
from bovw.errors import ParameterError
from tests.simd import assert_same_bits

SHAPES = [(1, 1, 1), (3, 2, 7), (5, 9, 8), (70, 65, 130), (260, 9, 1100)]


def histograms(n, d, seed):
    X = np.random.default_rng(seed).gamma(0.3, size=(n, d)).astype(np.float32)
    X[X < 0.05] = 0
    return X


def brute(term, X, Y):
    X, Y = X.astype(np.float64), Y.astype(np.float64)
    return np.array([[term(x, y).sum() for y in Y] for x in X])


def intersection_term(x, y):
    return np.minimum(x, y)


def chi2_term(x, y):
    return np.divide(2 * x * y, x + y, out=np.zeros_like(x), where=x + y > 0)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
@pytest.mark.parametrize(
    ("kernel", "term"), [(intersection_kernel, intersection_term), (chi2_kernel, chi2_term)]
)
def test_agrees_with_brute_force(kernel, term, n, m, d):
    X, Y = histograms(n, d, 0), histograms(m, d, 1)
    np.testing.assert_allclose(kernel(X, Y), brute(term, X, Y), rtol=2e-6, atol=1e-6)
    K = kernel(X)
    np.testing.assert_allclose(K, brute(term, X, X), rtol=2e-6, atol=1e-6)
    np.testing.assert_array_equal(K, K.T)


def test_agrees_with_scikit_learn():
    X, Y = histograms(40, 90, 2), histograms(30, 90, 3)
    sums = X.sum(axis=1)[:, None] + Y.sum(axis=1)
    distance = -pairwise.additive_chi2_kernel(X, Y)
    np.testing.assert_allclose(chi2_kernel(X, Y), (sums - distance) / 2, rtol=1e-5)
    np.testing.assert_allclose(chi2_kernel(X, Y, gamma=0.1), pairwise.chi2_kernel(X, Y, gamma=0.1), rtol=1e-5)
    cityblock = -np.log(pairwise.laplacian_kernel(X.astype(float), Y.astype(float), gamma=0.01)) / 0.01
    np.testing.assert_allclose(intersection_kernel(X, Y), (sums - cityblock) / 2, rtol=1e-5)
    np.testing.assert_allclose(linear_kernel(X, Y), pairwise.linear_kernel(X, Y), rtol=1e-5)


def test_exponential_kernel_has_a_unit_diagonal():
    K = chi2_kernel(histograms(20, 500, 4), gamma=2.0)
    np.testing.assert_array_equal(K.diagonal(), np.ones(20))
    assert K.max() <= 1


@pytest.mark.parametrize("kernel", [linear_kernel, intersection_kernel, chi2_kernel])
def test_workers_and_out_change_nothing(kernel):
    X = histograms(600, 33, 5)
    out = np.empty((600, 600), dtype=np.float32)
    assert kernel(X, out=out, n_jobs=2) is out
    np.testing.assert_array_equal(out, kernel(X))


@pytest.mark.parametrize("kernel", [linear_kernel, intersection_kernel, chi2_kernel])
def test_empty_inputs(kernel):
    assert kernel(np.empty((0, 4)), np.ones((3, 4))).shape == (0, 3)
    assert kernel(np.ones((2, 4)), np.empty((0, 4))).shape == (2, 0)
    np.testing.assert_array_equal(kernel(np.empty((2, 0))), np.zeros((2, 2)))


def test_zeros_and_tiny_values_stay_exact():
    x = np.float32([[0, 0, 1e-30, 2.0]])
    np.testing.assert_allclose(chi2_kernel(x, x), [[2.0]])
    np.testing.assert_allclose(chi2_kernel(x[:, :3], x[:, :3]), [[1e-30]], rtol=1e-5)
    assert chi2_kernel(np.zeros((1, 9)), np.zeros((1, 9)))[0, 0] == 0


def test_bad_input_is_refused():
    X = np.ones((3, 4), dtype=np.float32)
    with pytest.raises(ParameterError, match=r"Y holds -1"):
        intersection_kernel(X, -X)
    with pytest.raises(ParameterError, match="5 columns; 4 are expected"):
        chi2_kernel(X, np.ones((3, 5)))
    with pytest.raises(ParameterError, match="gamma=0"):
        chi2_kernel(X, gamma=0)
    with pytest.raises(ParameterError, match=r"\(3, 3\)"):
        chi2_kernel(X, out=np.empty((3, 4), dtype=np.float32))
    with pytest.raises(ParameterError, match="C-contiguous"):
        chi2_kernel(X, out=np.empty((3, 3), dtype=np.float32, order="F"))
    with pytest.raises(ParameterError, match="NaN"):
        intersection_kernel(np.full((2, 2), np.nan))
    with pytest.raises(ParameterError, match="exceed what float32 holds"):
        intersection_kernel(np.full((1, 100), 3e38, dtype=np.float32))


def test_same_bits_at_every_simd_level():
    script = (
        "import hashlib, numpy as np\n"
        "from bovw.classify import OneVsRestDual, chi2_kernel, intersection_kernel\n"
        "X = np.random.default_rng(0).gamma(0.3, size=(90, 203)).astype(np.float32)\n"
        "y = np.arange(90) % 4\n"
        "m = OneVsRestDual(kernel='precomputed').fit(intersection_kernel(X), y)\n"
        "parts = [intersection_kernel(X), chi2_kernel(X), m.dual_coef_, m.dual_gaps_]\n"
        "print(hashlib.sha256(b''.join(p.tobytes() for p in parts)).hexdigest())\n"
    )
    assert_same_bits(script)
