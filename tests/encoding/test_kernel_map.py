"""Homogeneous kernel maps against golden values and the exact kernels."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.utils.estimator_checks import check_estimator

from bovw import HomogeneousKernelMap, ParameterError
from bovw.encoding import hellinger_map, homogeneous_kernel_map

EXACT = {
    "chi2": lambda x, y: 2 * x * y / (x + y),
    "intersection": np.minimum,
    "js": lambda x, y: (x * np.log2((x + y) / x) + y * np.log2((x + y) / y)) / 2,
}


def test_golden_values():
    mapped = homogeneous_kernel_map([[0.5], [0.2]])
    assert_allclose(mapped, [[0.572059, 0.350982, -0.214972], [0.361802, 0.075626, -0.249081]], atol=2e-6)
    assert_allclose(mapped[0] @ mapped[1], 0.2871, atol=1e-4)
    assert_allclose(HomogeneousKernelMap().fit([[1.0]]).period_, 7.92495, atol=1e-5)


@pytest.mark.parametrize(
    "kernel, order, worst",
    [("chi2", 1, 0.08), ("chi2", 3, 0.01), ("js", 1, 0.05), ("js", 3, 0.006), ("intersection", 1, 0.2),
     ("intersection", 3, 0.12), ("intersection", 12, 0.06)],
)
def test_approximates_the_exact_kernel(kernel, order, worst):
    x = np.geomspace(1e-6, 1, 200)
    mapped = homogeneous_kernel_map(x[:, None], kernel, order=order).astype(np.float64)
    error = mapped @ mapped.T - EXACT[kernel](x[:, None], x[None, :])
    geometric = np.sqrt(np.outer(x, x))
    near = np.abs(np.log(np.divide.outer(x, x))) < 2
    assert np.abs(error / geometric)[near].max() < worst
    assert np.abs(error).max() < worst


def test_sign_zero_and_layout():
    x = np.float32([[0.3, -0.3, 0, 2.0**-21]])
    mapped = homogeneous_kernel_map(x, order=2).reshape(4, 5)
    assert_allclose(mapped[1], -mapped[0])
    assert (mapped[2:] == 0).all()
    assert_allclose(homogeneous_kernel_map([[0.3]], order=2)[0], mapped[0])


def test_gamma_makes_the_kernel_homogeneous_of_that_degree():
    a, b = homogeneous_kernel_map([[0.2], [0.4]], gamma=0.5, order=3).astype(np.float64)
    c, d = homogeneous_kernel_map([[0.8], [1.6]], gamma=0.5, order=3).astype(np.float64)
    assert_allclose(c @ d, 2 * (a @ b), rtol=1e-5)


def test_hellinger():
    assert_allclose(hellinger_map([[4, -9, 0]]), [[2, -3, 0]])


@pytest.mark.parametrize("change", [{"kernel": "chi"}, {"order": -1}, {"gamma": 0}, {"period": 0}])
def test_bad_parameters(change):
    with pytest.raises(ParameterError):
        HomogeneousKernelMap(**change).fit([[1.0]])


def test_scikit_learn_contract():
    check_estimator(HomogeneousKernelMap())


def test_function_and_class_agree_and_refuse_by_name():
    pytest.importorskip("pandas")
    X = np.random.default_rng(0).random((5, 3))
    for change in ({}, {"kernel": "js", "order": 2}, {"gamma": 0.5, "period": 6.0}):
        machine = HomogeneousKernelMap(**change).fit(X)
        expected = machine.transform(X)
        np.testing.assert_array_equal(homogeneous_kernel_map(X, **change), expected)
        framed = machine.set_output(transform="pandas").transform(X)
        assert list(framed.columns) == list(machine.get_feature_names_out())
        np.testing.assert_array_equal(framed.to_numpy(), expected)
    for name in HomogeneousKernelMap.PARAMETERS:
        for ask in (HomogeneousKernelMap(**{name: "mex"}).fit, partial(homogeneous_kernel_map, **{name: "mex"})):
            with pytest.raises(ParameterError, match=f"^{name}='mex'"):
                ask(X)
