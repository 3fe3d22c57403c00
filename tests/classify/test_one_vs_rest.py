"""OneVsRestDual against scikit-learn, its contract, and its cross-validation over C."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from bovw.classify import OneVsRestDual, chi2_kernel, intersection_kernel, one_vs_rest
from bovw.errors import MemoryBudgetError, ParameterError


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)
    return X[:600], y[:600], X[600:900], y[600:900]


def primal(X, y, classes, coef, intercept, C, loss, scaling):
    coef, intercept = coef.astype(np.float64), np.asarray(intercept, dtype=np.float64)
    signs = np.where(y[:, None] == classes, 1, -1)
    miss = np.maximum(0, 1 - signs * (X.astype(np.float64) @ coef.T + intercept))
    loss_sum = (miss if loss == "hinge" else miss**2).sum(axis=0)
    return ((coef**2).sum(axis=1) + (intercept / scaling) ** 2) / 2 + C * loss_sum


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
@pytest.mark.parametrize(("C", "scaling"), [(0.1, 1.0), (1.0, 3.0), (10.0, 1.0)])
def test_agrees_with_linear_svc(digits, loss, C, scaling):
    X, y, X_test, _ = digits
    ours = OneVsRestDual(C, loss=loss, intercept_scaling=scaling, tol=1e-6).fit(X, y)
    peer = LinearSVC(C=C, loss=loss, intercept_scaling=scaling, tol=1e-8, max_iter=200_000, random_state=0)
    peer.fit(X.astype(np.float64), y)
    args = (C, loss, scaling)
    np.testing.assert_allclose(
        primal(X, y, ours.classes_, ours.coef_, ours.intercept_, *args),
        primal(X, y, peer.classes_, peer.coef_, peer.intercept_, *args), rtol=2e-5,
    )
    np.testing.assert_allclose(ours.decision_function(X_test), peer.decision_function(X_test), atol=3e-3)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_gap_bounds_the_primal_of_the_weights(digits, loss):
    X, y, _, _ = digits
    best = OneVsRestDual(loss=loss, tol=1e-6).fit(X, y).objectives_
    rough = OneVsRestDual(loss=loss, tol=0.05).fit(X, y)
    reached = primal(X, y, rough.classes_, rough.coef_, rough.intercept_, 1.0, loss, 1.0)
    np.testing.assert_allclose(reached, rough.objectives_, rtol=1e-5)
    assert (rough.dual_gaps_ <= 0.05).all()
    assert (rough.dual_gaps_ > 1e-6).all()
    assert (reached * (1 - rough.dual_gaps_) <= best * (1 + 1e-5)).all()


@pytest.mark.parametrize("kernel", [intersection_kernel, chi2_kernel])
def test_agrees_with_svc_up_to_the_bias(digits, kernel):
    X, y, X_test, _ = digits
    target = (y == 3).astype(int)
    ours = OneVsRestDual(kernel="precomputed", intercept_scaling=30.0, tol=1e-5, max_iter=20_000)
    ours.fit(kernel(X), target)
    peer = SVC(kernel="precomputed", tol=1e-6).fit(kernel(X).astype(float), target)
    values = kernel(X_test, X)
    # libsvm's bias is free; regularized by 1 / (2 * 30^2) it hardly differs.
    np.testing.assert_allclose(ours.decision_function(values), peer.decision_function(values), atol=0.02)


@pytest.mark.parametrize("name", ["intersection", "chi2"])
def test_named_kernels_are_the_precomputed_ones(digits, name):
    X, y, X_test, _ = digits
    kernel = {"intersection": intersection_kernel, "chi2": chi2_kernel}[name]
    named = OneVsRestDual(kernel=name).fit(X, y)
    given = OneVsRestDual(kernel="precomputed").fit(kernel(X), y)
    np.testing.assert_array_equal(named.dual_coef_, given.dual_coef_)
    np.testing.assert_allclose(
        named.decision_function(X_test), given.decision_function(kernel(X_test, X)), atol=1e-5
    )
    assert named.X_fit_ is X


def test_two_classes_and_string_labels(digits):
    X, y, X_test, _ = digits
    keep = y < 2
    names = np.array(["zero", "one"])[y[keep]]
    machine = OneVsRestDual(tol=1e-5).fit(X[keep], names)
    scores = machine.decision_function(X_test)
    assert scores.shape == (300,)
    assert machine.coef_.shape == (1, 64)
    np.testing.assert_array_equal(machine.classes_, ["one", "zero"])
    np.testing.assert_array_equal(machine.predict(X_test), np.where(scores > 0, "zero", "one"))
    np.testing.assert_array_equal(machine.predict_top_k(X_test)[:, 0], machine.predict(X_test))
    assert machine.predict_top_k(X_test).shape == (300, 2)


def test_predict_top_k_follows_the_scores(digits):
    X, y, X_test, y_test = digits
    machine = OneVsRestDual(10.0).fit(X, y)
    scores, best = machine.decision_function(X_test), machine.predict_top_k(X_test, k=5)
    np.testing.assert_array_equal(best, np.argsort(-scores, axis=1, kind="stable")[:, :5])
    np.testing.assert_array_equal(best[:, 0], machine.predict(X_test))
    assert machine.predict_top_k(X_test, k=99).shape == (300, 10)
    peer = LinearSVC(C=10.0, loss="hinge", max_iter=200_000, random_state=0).fit(X.astype(float), y)
    assert abs(machine.score(X_test, y_test) - peer.score(X_test, y_test)) <= 2 / 300


@pytest.mark.parametrize("C", [1.0, (0.1, 10.0)])
def test_workers_change_nothing(digits, C, monkeypatch):
    X, y, X_test, _ = digits
    monkeypatch.setattr(one_vs_rest, "_GROUP", 3)
    one, two = (OneVsRestDual(C, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2))
    for name in ("coef_", "intercept_", "dual_gaps_", "n_iter_", "objectives_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_array_equal(one.decision_function(X_test), two.decision_function(X_test))
    if one.cv_results_:
        np.testing.assert_array_equal(one.cv_results_["fold_scores"], two.cv_results_["fold_scores"])


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_rounded_gram_meets_the_tolerance_on_the_signatures(digits, loss):
    X, y, _, _ = digits
    exact = OneVsRestDual(loss=loss, gram="float32").fit(X, y)
    rounded = OneVsRestDual(loss=loss, gram="int8").fit(X, y)
    assert rounded.rounded_
    assert not exact.rounded_
    assert not np.array_equal(rounded.coef_, exact.coef_)
    assert (rounded.dual_gaps_ <= rounded.tol).all()
    np.testing.assert_allclose(rounded.objectives_, exact.objectives_, rtol=2e-3)
    found = primal(X, y, exact.classes_, rounded.coef_, rounded.intercept_, 1.0, loss, 1.0)
    np.testing.assert_allclose(found, rounded.objectives_, rtol=1e-4)


def test_gram_matrix_that_is_too_coarse_is_computed_anew(digits, monkeypatch):
    X, y, _, _ = digits
    monkeypatch.setattr(one_vs_rest, "rounded_linear_kernel", lambda X, n_jobs: np.eye(len(X), dtype=np.float32))
    machine = OneVsRestDual(gram="int8").fit(X, y)
    assert not machine.rounded_
    assert (machine.dual_gaps_ <= machine.tol).all()
    np.testing.assert_allclose(machine.objectives_, OneVsRestDual().fit(X, y).objectives_, rtol=2e-3)


def test_rounded_gram_is_taken_where_it_pays(digits, monkeypatch):
    X, y, _, _ = digits
    assert not OneVsRestDual().fit(X, y).rounded_
    monkeypatch.setattr(one_vs_rest, "rounding_pays", lambda n, d, n_problems: (n, d) == X.shape)
    assert OneVsRestDual().fit(X, y).rounded_
    assert not OneVsRestDual(kernel="precomputed").fit(X @ X.T, y).rounded_
    assert not OneVsRestDual(gram="float32").fit(X, y).rounded_


def test_seed_decides(digits):
    X, y, _, _ = digits
    first, again, other = (OneVsRestDual(random_state=s).fit(X, y).coef_ for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_path_of_C_equals_separate_fits(digits):
    X, y, _, _ = digits
    values = (10.0, 0.01, 1.0)
    machine = OneVsRestDual(values, cv=3, tol=1e-5).fit(X, y)
    results = machine.cv_results_
    np.testing.assert_array_equal(results["C"], sorted(values))
    expected = np.empty((3, 3))
    for fold, (train, test) in enumerate(StratifiedKFold(3, shuffle=True, random_state=0).split(X, y)):
        for i, C in enumerate(sorted(values)):
            hits = OneVsRestDual(C, tol=1e-5).fit(X[train], y[train]).predict(X[test]) == y[test]
            expected[i, fold] = np.mean([hits[y[test] == label].mean() for label in range(10)])
    np.testing.assert_allclose(results["fold_scores"], expected, atol=0.006)  # one sample at the most
    assert machine.C_ == results["C"][results["mean_score"].argmax()]
    alone = OneVsRestDual(machine.C_, tol=1e-5).fit(X, y)
    np.testing.assert_array_equal(machine.coef_, alone.coef_)


def test_tied_values_of_C_go_to_the_smaller():
    X = np.repeat(np.eye(3, dtype=np.float32), 8, axis=0)
    machine = OneVsRestDual([100.0, 5.0, 20.0], cv=4).fit(X, np.repeat([0, 1, 2], 8))
    np.testing.assert_array_equal(machine.cv_results_["mean_score"], [1.0, 1.0, 1.0])
    assert machine.C_ == 5.0


def test_class_weights(digits):
    X, y, X_test, _ = digits
    target = (y == 3).astype(int)
    balanced = OneVsRestDual(class_weight="balanced", tol=1e-6).fit(X, target)
    linear_svc = LinearSVC(
        loss="hinge", class_weight="balanced", tol=1e-8, max_iter=200_000, random_state=0
    )
    peer = clone(linear_svc).fit(X.astype(float), target)
    np.testing.assert_allclose(balanced.decision_function(X_test), peer.decision_function(X_test), atol=3e-3)
    by_dict = OneVsRestDual(
        class_weight={label: len(y) / (2 * (target == label).sum()) for label in (0, 1)}, tol=1e-6
    ).fit(X, target)
    np.testing.assert_allclose(by_dict.coef_, balanced.coef_, atol=1e-4)
    many = OneVsRestDual(class_weight="balanced", tol=1e-6).fit(X, y)
    peers = OneVsRestClassifier(linear_svc).fit(X.astype(float), y)
    np.testing.assert_allclose(many.decision_function(X_test), peers.decision_function(X_test), atol=5e-3)


def test_unconverged_training_warns_and_reports(digits):
    X, y, _, _ = digits
    with pytest.warns(ConvergenceWarning, match="max_iter=1 passes"):
        machine = OneVsRestDual(100.0, tol=1e-6, max_iter=1).fit(X, y)
    assert machine.dual_gaps_.max() > 1e-6
    assert (machine.n_iter_ == 1).all()


def test_memory_budget():
    with pytest.raises(MemoryBudgetError, match="at most 50 samples"):
        OneVsRestDual(max_memory=10_000).fit(np.ones((60, 2)), np.arange(60) % 2)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"C": 0}, "C=0"), ({"C": ()}, "too short"), ({"C": "auto"}, "C='auto' must be a number"),
        ({"C": True}, "C=True"), ({"loss": "hing"}, "did you mean 'hinge'"), ({"tol": 0}, "tol=0"),
        ({"kernel": "rbf"}, "kernel='rbf'"), ({"intercept_scaling": -1}, "intercept_scaling=-1"),
        ({"max_iter": 0}, "max_iter=0"), ({"cv": 1}, "cv=1"),
        ({"class_weight": "even"}, "class_weight"), ({"class_weight": {7: 2.0}}, "label 7"),
        ({"gram": "int4"}, "did you mean 'int8'"), ({"gram": "int8", "kernel": "chi2"}, "for the linear kernel"),
        ({"n_jobs": 0}, "n_jobs=0"), ({"random_state": -1}, "random_state=-1"),
    ],
)
def test_bad_parameters_are_refused(params, message):
    with pytest.raises(ParameterError, match=message):
        OneVsRestDual(**params).fit(np.eye(4), [0, 1, 0, 1])


def test_bad_data_is_refused():
    with pytest.raises(ParameterError, match="1 class only"):
        OneVsRestDual().fit(np.eye(3), [1, 1, 1])
    with pytest.raises(ParameterError, match="one sample a class"):
        OneVsRestDual([1.0, 2.0]).fit(np.eye(3), [0, 1, 2])
    with pytest.raises(ParameterError, match="must be square"):
        OneVsRestDual(kernel="precomputed").fit(np.ones((3, 2)), [0, 1, 1])
    with pytest.raises(ParameterError, match="symmetric"):
        OneVsRestDual(kernel="precomputed").fit(np.arange(9).reshape(3, 3), [0, 1, 1])
    with pytest.raises(ParameterError, match="Negative values"):
        OneVsRestDual(kernel="intersection").fit(-np.eye(3), [0, 1, 1])
    with pytest.raises(ParameterError, match="exceed what float32 holds"):
        OneVsRestDual().fit(np.full((3, 2), 1e30), [0, 1, 1])
    with pytest.raises(NotFittedError):
        OneVsRestDual().predict_top_k(np.eye(3))


def test_fit_neither_copies_nor_changes_float32(digits):
    X, y, _, _ = digits
    K = intersection_kernel(X)
    before = K.copy()
    OneVsRestDual(kernel="precomputed").fit(K, y)
    np.testing.assert_array_equal(K, before)
    machine = clone(OneVsRestDual((1.0, 2.0), kernel="chi2")).fit(X, y)
    assert machine.X_fit_ is X


# float32 matrix products differ in the last bit with the number of rows; the scores are about 100.
ROUNDING = {"check_methods_subset_invariance": "float32 products round differently for fewer rows"}
SIGNED = {"check_class_weight_classifiers": "draws signed data whatever the positive_only tag says"}


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (OneVsRestDual(), {}),
        (OneVsRestDual(kernel="precomputed"), ROUNDING),
        (OneVsRestDual(kernel="intersection"), SIGNED),
    ],
)
def test_scikit_learn_contract(estimator, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(estimator, expected_failed_checks=expected)
