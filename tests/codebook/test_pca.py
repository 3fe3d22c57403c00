"""Principal components against their definition and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.utils.estimator_checks import parametrize_with_checks

from bovw.codebook import DescriptorPCA
from bovw.errors import ParameterError
from tests.reference import pca as reference


def descriptors(n=3000, d=20, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, d)) * np.geomspace(3, 0.1, d) @ rng.normal(size=(d, d)) + 5).astype(
        np.float32
    )


@parametrize_with_checks([DescriptorPCA(n_components=1)])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"whiten": True},
        {"whiten": True, "regularization": 0.01},
        {"renormalize": True},
        {"whiten": True, "regularization": 0.1, "renormalize": True},
        {"whiten": True, "epsilon": 0.3},
    ],
)
def test_equals_the_definition(options):
    X = descriptors()
    Y = DescriptorPCA(8, **options).fit_transform(X)
    assert Y.dtype == np.float32
    expected = reference.project(X, 8, **options)
    np.testing.assert_allclose(Y, expected, atol=2e-4 * np.abs(expected).max())


def test_zca_is_the_symmetric_whitening_transform():
    X = descriptors(d=12)
    Y = DescriptorPCA(12, whiten="zca", epsilon=0.1).fit_transform(X)
    eigenvalues, vectors = np.linalg.eigh(np.cov(X, rowvar=False, dtype=np.float64))
    expected = (X - X.mean(axis=0, dtype=np.float64)) @ (vectors / np.sqrt(eigenvalues + 0.1)) @ vectors.T
    np.testing.assert_allclose(Y, expected, atol=2e-4 * np.abs(expected).max())
    whitened = DescriptorPCA(12, whiten=True, epsilon=0.1).fit_transform(X)
    np.testing.assert_allclose(np.linalg.norm(Y, axis=1), np.linalg.norm(whitened, axis=1), rtol=1e-4)
    with pytest.raises(ParameterError, match="whiten='zca' keeps all components: n_components=8"):
        DescriptorPCA(8, whiten="zca").fit(X)
    with pytest.raises(ParameterError, match="whiten='ZCA'"):
        DescriptorPCA(8, whiten="ZCA").fit(X)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 60), st.integers(1, 12), st.integers(0, 10**6))
def test_components_are_orthonormal_and_explain_the_variance(n, d, seed):
    X = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    pca = DescriptorPCA(d).fit(X)
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(d), atol=1e-5)
    np.testing.assert_allclose(
        pca.explained_variance_.sum(), X.var(axis=0, ddof=1, dtype=np.float64).sum(), rtol=1e-4
    )
    assert (np.diff(pca.explained_variance_) <= 0).all()
    assert (pca.components_[np.arange(d), np.abs(pca.components_).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("whiten", [False, True])
def test_agrees_with_scikit_learn_up_to_sign(whiten):
    X = descriptors()
    ours, peer = DescriptorPCA(10, whiten=whiten).fit(X), PCA(10, whiten=whiten).fit(X.astype(np.float64))
    np.testing.assert_allclose(np.abs((ours.components_ * peer.components_).sum(axis=1)), 1, atol=1e-5)
    np.testing.assert_allclose(ours.explained_variance_, peer.explained_variance_, rtol=1e-4)
    np.testing.assert_allclose(ours.explained_variance_ratio_, peer.explained_variance_ratio_, rtol=1e-4)
    np.testing.assert_allclose(np.abs(ours.transform(X)), np.abs(peer.transform(X)), atol=5e-3)


def test_a_large_offset_costs_little_accuracy():
    X = descriptors() + np.float32(4096)
    here = DescriptorPCA(5).fit(X - np.float32(4096)).explained_variance_
    np.testing.assert_allclose(DescriptorPCA(5).fit(X).explained_variance_, here, rtol=1e-4)


def test_uint8_counts_like_the_same_floats():
    X = np.random.default_rng(0).integers(0, 256, size=(2500, 12), dtype=np.uint8)
    one, other = (DescriptorPCA(4).fit(data).transform(data) for data in (X, X.astype(np.float32)))
    np.testing.assert_array_equal(one, other)


def test_writes_to_the_caller_array():
    X = descriptors(2100)
    pca, out = DescriptorPCA(6).fit(X), np.empty((2100, 6), np.float32)
    assert pca.transform(X, out=out) is out
    np.testing.assert_array_equal(out, pca.transform(X))
    for wrong in (np.empty((2100, 5), np.float32), np.empty((2100, 6)), np.empty((6, 2100), np.float32).T):
        with pytest.raises(ParameterError, match=r"^out "):
            pca.transform(X, out=wrong)


def test_constant_dimensions_and_duplicates():
    X = descriptors(400, 6)
    X[:, 3] = 2
    pca = DescriptorPCA(6, whiten=True, renormalize=True).fit(X)
    Y = pca.transform(X)
    assert pca.explained_variance_[-1] <= 1e-5 * pca.explained_variance_[0]
    assert np.isfinite(Y).all()
    same = np.full((10, 3), 7.0)
    np.testing.assert_array_equal(DescriptorPCA(2, whiten=True, renormalize=True).fit_transform(same), 0)


def test_names_of_output_columns():
    names = DescriptorPCA(3).fit(descriptors(50)).get_feature_names_out()
    assert list(names) == ["descriptorpca0", "descriptorpca1", "descriptorpca2"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 21}, "n_components=21 exceeds the size of the descriptors, 20"),
        ({"n_components": 0}, "n_components=0"),
        ({"regularization": -0.1}, "regularization=-0.1"),
        ({"whiten": "yes"}, "whiten='yes'"),
        ({"renormalize": 1}, "renormalize=1"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ParameterError, match=message):
        DescriptorPCA(**{"n_components": 4, **parameters}).fit(descriptors(30))


def test_bad_input_is_named():
    with pytest.raises(ParameterError, match="at least 2 descriptors"):
        DescriptorPCA(1).fit(np.ones((1, 4)))
    pca = DescriptorPCA(2).fit(descriptors(30))
    with pytest.raises(ParameterError, match="expecting 20 features"):
        pca.transform(np.ones((3, 19)))
    assert not hasattr(clone(pca), "mean_")
