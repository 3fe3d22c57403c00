"""Primal machines against scikit-learn's LinearSVC, the dual machines, and their own duality gap."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

import bovw
from bovw.classify import OneVsRestDual, OneVsRestPrimal, primal_svm
from bovw.errors import ParameterError
from tests.classify.test_contract import FOLDS


@pytest.fixture(scope="module")
def digits():
    """Standardized, with a few features many times as large as the rest."""
    X, y = load_digits(return_X_y=True)
    X = (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 0.01)
    X[:, 20:24] *= 4
    return X[:600].astype(np.float32), y[:600]


def primal(X, y, coef, intercept, C, scaling=1.0):
    """The objective of each problem by its definition, in float64."""
    signs = np.where(y[:, None] == np.unique(y), 1, -1)
    miss = np.maximum(0, 1 - signs * (X.astype(float) @ coef.T.astype(float) + intercept))
    return 0.5 * (coef.astype(float) ** 2).sum(axis=1) + 0.5 * (intercept / scaling) ** 2 + C * (miss**2).sum(axis=0)


@pytest.mark.parametrize(("C", "scaling"), [(1e-3, 1.0), (1e-3, 5.0), (0.1, 1.0)])
def test_the_optimum_of_scikit_learn(digits, C, scaling):
    X, y = digits
    machine = OneVsRestPrimal(C, tol=1e-6, intercept_scaling=scaling).fit(X, y)
    reference = LinearSVC(C=C, dual=False, tol=1e-6, intercept_scaling=scaling, max_iter=1000).fit(X, y)
    best = primal(X, y, reference.coef_, reference.intercept_, C, scaling)
    np.testing.assert_allclose(primal(X, y, machine.coef_, machine.intercept_, C, scaling), best, rtol=2e-5)
    np.testing.assert_allclose(machine.objectives_, best, rtol=2e-5)
    assert machine.n_iter_.max() < 30
    scores = reference.decision_function(X)
    np.testing.assert_allclose(machine.decision_function(X), scores, atol=5e-3 * np.abs(scores).max())


@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_machines_of_the_dual_solver(digits, n, fit_intercept):
    """With fewer samples than features there is no preconditioner."""
    X, y = digits[0][:n], digits[1][:n]
    options = {"fit_intercept": fit_intercept, "tol": 1e-4}
    found = OneVsRestPrimal(0.01, **options).fit(X, y)
    expected = OneVsRestDual(0.01, loss="squared_hinge", **options).fit(X, y)
    np.testing.assert_allclose(found.objectives_, expected.objectives_, rtol=2e-4)
    np.testing.assert_allclose(found.decision_function(X), expected.decision_function(X), atol=0.05)
    assert fit_intercept or not found.intercept_.any()


def test_the_gap_is_that_of_the_dual(digits):
    X, y = digits
    C = 0.01
    with pytest.warns(ConvergenceWarning, match="relative duality gap"):
        machine = OneVsRestPrimal(C, max_iter=2).fit(X, y)
    assert machine.n_iter_.tolist() == [2] * 10
    signs = np.where(y[:, None] == np.arange(10), 1, -1)
    samples = np.column_stack([X, np.ones(len(X))]).astype(float)
    weights = np.column_stack([machine.coef_, machine.intercept_]).astype(float)
    alpha = 2 * C * np.maximum(0, 1 - signs * (samples @ weights.T))
    dual = (alpha - alpha**2 / (4 * C)).sum(axis=0) - 0.5 * ((samples.T @ (alpha * signs)) ** 2).sum(axis=0)
    np.testing.assert_allclose(machine.dual_gaps_, 1 - dual / machine.objectives_, rtol=1e-3)


def test_two_classes_and_bits_that_no_worker_changes(digits, monkeypatch):
    monkeypatch.setattr(primal_svm, "_ROWS", 100)
    monkeypatch.setattr(primal_svm, "_TILE_COLUMNS", 10)
    X, y = digits[0], np.where(digits[1] > 4, "large", "small")
    one, three = (OneVsRestPrimal(0.1, n_jobs=n).fit(X, y) for n in (1, 3))
    assert one.coef_.tobytes() == three.coef_.tobytes()
    assert one.intercept_.tobytes() == three.intercept_.tobytes()
    assert one.decision_function(X).shape == (len(X),)
    assert one.coef_.shape == (1, 64)
    assert (one.predict(X) == y).mean() > 0.85


def test_a_model_is_saved_whole(digits, tmp_path):
    machine = OneVsRestPrimal(0.1).fit(*digits)
    bovw.save_model(machine, tmp_path / "model")
    again = bovw.load_model(tmp_path / "model")
    assert again.decision_function(digits[0]).tobytes() == machine.decision_function(digits[0]).tobytes()


@pytest.mark.parametrize(("options", "X", "words"), [
    ({"C": 0}, None, "C=0"), ({"tol": -1}, None, "tol=-1"), ({"max_iter": 0}, None, "max_iter=0"),
    ({"intercept_scaling": 0}, None, "intercept_scaling=0"), ({"fit_intercept": 1}, None, "fit_intercept"),
    ({}, [[np.nan], [1.0]], "NaN"), ({}, [[1e30], [-1e30]], "too large"),
])
def test_wrong_arguments(options, X, words):
    with pytest.raises(ParameterError, match=words):
        OneVsRestPrimal(**options).fit([[0.0], [1.0]] if X is None else X, [0, 1])


def test_scikit_learn_contract():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(OneVsRestPrimal(), expected_failed_checks=FOLDS)
