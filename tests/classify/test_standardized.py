"""Standardized features before a classifier."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from bovw import NearestNeighbor, OneVsRestDual, StandardizedClassifier
from bovw.errors import ParameterError
from tests.classify.test_contract import FOLDS


@parametrize_with_checks([StandardizedClassifier()], expected_failed_checks=lambda _: FOLDS)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def samples(n=90, d=12):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    X = rng.normal(size=(n, d)) * np.geomspace(1e-2, 1e3, d) + rng.normal(size=d) * 100
    X[:, 3] += y * X[:, 3].std()
    X[:, 5] = 7.25
    return X.astype(np.float32), y


def test_it_is_scaler_and_classifier_one_after_the_other():
    X, y = samples()
    model = StandardizedClassifier(OneVsRestDual(C=3.0), epsilon=0.0).fit(X, y)
    scaled = StandardScaler().fit_transform(X.astype(np.float64)).astype(np.float32)
    oracle = OneVsRestDual(C=3.0).fit(scaled, y)
    np.testing.assert_allclose(model.decision_function(X), oracle.decision_function(scaled), atol=5e-3)
    assert (model.predict(X) == oracle.predict(scaled)).all()
    assert model.scale_[5] == 0  # it never varies


def test_epsilon_is_added_to_the_variance():
    X, y = samples()
    model = StandardizedClassifier(epsilon=0.01).fit(X, y)
    expected = 1 / np.sqrt(X.var(axis=0, dtype=np.float64) + 0.01)
    expected[5] = 0
    np.testing.assert_allclose(model.scale_, expected, rtol=1e-4)
    np.testing.assert_allclose(model.mean_, X.mean(axis=0, dtype=np.float64), rtol=1e-6)


def test_it_takes_any_classifier_and_leaves_it_unfitted():
    X, y = samples()
    inner = NearestNeighbor(3)
    model = clone(StandardizedClassifier(inner, n_jobs=2)).fit(X, y)
    assert not hasattr(inner, "X_fit_")
    assert model.classifier_.n_jobs == 2
    assert model.decision_function(X).shape == (90, 3)
    with pytest.raises(ParameterError, match="epsilon=-1"):
        StandardizedClassifier(epsilon=-1).fit(X, y)
