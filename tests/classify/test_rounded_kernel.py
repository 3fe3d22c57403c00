"""The Gram matrix of rounded rows against its slow twin, and what its definition promises."""

import numpy as np
import pytest

from bovw._cext import rounded_gram
from bovw.classify import rounded_kernel
from bovw.classify.rounded_kernel import rounded_linear_kernel, rounding_pays
from bovw.errors import ParameterError
from tests.reference import rounded_kernel as twin
from tests.simd import assert_same_bits


def rows(n, d, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)


@pytest.mark.parametrize(
    ("n", "d"), [(1, 1), (2, 3), (7, 4), (48, 17), (49, 64), (97, 250), (250, 100), (30, 2048), (31, 2049), (17, 4101)]
)
def test_agrees_with_the_slow_twin(n, d):
    X = rows(n, d)
    K = rounded_linear_kernel(X)
    np.testing.assert_allclose(K, twin.rounded_linear_kernel(X), rtol=1e-5, atol=1e-5 * d)
    np.testing.assert_array_equal(K, K.T)


@pytest.mark.parametrize(("n", "d"), [(50, 70), (300, 2100)])
def test_workers_change_nothing(n, d):
    X = rows(n, d)
    np.testing.assert_array_equal(rounded_linear_kernel(X, n_jobs=3), rounded_linear_kernel(X))


def test_levels_have_the_same_bits():
    assert_same_bits(
        """
import hashlib, numpy as np
from bovw.classify.rounded_kernel import rounded_linear_kernel
X = np.random.default_rng(0).standard_normal((70, 2100), dtype=np.float32)
print(hashlib.sha256(rounded_linear_kernel(X)).hexdigest())
"""
    )


def test_error_is_as_small_as_the_head_of_the_file_says():
    X = rows(200, 8000)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    error = rounded_linear_kernel(X) - X.astype(np.float64) @ X.T
    largest = np.abs(X).max() * np.sqrt(8000)
    assert error[np.triu_indices(200, 1)].std() < 1.5 * np.sqrt(2) * largest / (440 * np.sqrt(8000))


def test_extremes_fit_32_bits_and_keep_their_sign():
    X = np.ones((50, 5000), np.float32)
    X[1::2] *= -1
    sign = X[:, 0]
    np.testing.assert_allclose(rounded_linear_kernel(X), 5000 * np.outer(sign, sign), rtol=1e-6)


def test_rows_of_zeros_and_no_features():
    X = rows(5, 30)
    X[2] = 0
    K = rounded_linear_kernel(X)
    assert np.isfinite(K).all()
    assert (K[2] == 0).all()
    np.testing.assert_array_equal(rounded_linear_kernel(np.empty((3, 0), np.float32)), np.zeros((3, 3)))


def test_scale_of_a_row_is_its_own():
    X = rows(20, 100)
    factors = 2.0 ** np.arange(-10, 10)
    np.testing.assert_allclose(
        rounded_linear_kernel(X * factors[:, None]), rounded_linear_kernel(X) * np.outer(factors, factors), rtol=1e-6
    )


def test_refuses_nan():
    X = rows(5, 5)
    X[3, 2] = np.nan
    with pytest.raises(ParameterError, match="NaN"):
        rounded_linear_kernel(X)


def test_refuses_values_beyond_float32():
    with pytest.raises(ParameterError, match="exceed what float32 holds"):
        rounded_linear_kernel(np.full((3, 5), 1e25, np.float32))


def test_is_positive_semi_definite():
    X = np.repeat(rows(20, 60), 3, axis=0) + 1e-4 * rows(60, 60, seed=1)
    values = np.linalg.eigvalsh(rounded_linear_kernel(X).astype(np.float64))
    assert values[0] > -1e-5 * values[-1]


def test_pays_for_large_problems_only(monkeypatch):
    monkeypatch.setattr(rounded_kernel, "FAST_INT8", True)
    assert rounding_pays(9000, 21504, 102)
    assert not rounding_pays(1500, 21504, 15)
    assert not rounding_pays(9000, 21504, 1000)
    monkeypatch.setattr(rounded_kernel, "FAST_INT8", False)
    assert not rounding_pays(9000, 21504, 102)


def test_kernels_refuse_arrays_that_do_not_fit():
    X = rows(40, 20)
    panels, scales, sums = np.zeros((3, 5, 16, 4), np.int8), np.zeros(48, np.float32), np.zeros(48, np.int32)
    out = np.zeros((40, 40), np.float32)
    with pytest.raises(ValueError, match="outside the matrix"):
        rounded_gram.round_rows(X, 0, 41, 0, 20, panels, scales, sums)
    with pytest.raises(ValueError, match="do not fit"):
        rounded_gram.round_rows(X, 0, 40, 0, 20, panels[:, :4].copy(), scales, sums)
    with pytest.raises(ValueError, match="outside the panels"):
        rounded_gram.add_products(panels, scales, sums, 16, 48, out)
    with pytest.raises(ValueError, match="do not fit"):
        rounded_gram.add_products(panels, scales, sums, 0, 48, np.zeros((49, 49), np.float32))
