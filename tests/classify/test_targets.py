"""Labels in either form: folds, held-out quality, and classifiers of samples that show several classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import average_precision_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

import bovw
from bovw.classify import held_out_folds, out_of_fold_scores
from bovw.classify.targets import IndicatorLabels, iterative_folds, mean_held_out_precision, read_labels
from bovw.errors import ParameterError


@pytest.fixture(scope="module")
def samples():
    """Signatures on the unit sphere, not negative, and an indicator matrix that they half explain, some left out."""
    rng = np.random.default_rng(0)
    y = (rng.random((160, 5)) < (0.1, 0.2, 0.3, 0.4, 0.25)).astype(int)
    X = np.maximum(0, y @ rng.random((5, 30)) + 0.4 * rng.standard_normal((160, 30))).astype(np.float32)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    y[rng.random(y.shape) < 0.08] = -1
    return X, y


DUAL = bovw.OneVsRestDual(C=5.0, tol=1e-6)
CLASSIFIERS = {
    "dual": DUAL, "dual_hinge2": bovw.OneVsRestDual(C=5.0, loss="squared_hinge", class_weight="balanced"),
    "intersection": bovw.OneVsRestDual(C=5.0, kernel="intersection"), "chi2": bovw.OneVsRestDual(C=5.0, kernel="chi2"),
    "primal": bovw.OneVsRestPrimal(C=5.0),
    "sgd": bovw.OneVsRestSGD(C=5.0, max_iter=30),
    "sgd_weighted": bovw.OneVsRestSGD(C=5.0, class_weight=2.0, loss="squared_hinge"),
    "nearest": bovw.NearestNeighbor(), "five": bovw.NearestNeighbor(5, distance="chi2"),
    "standardized": bovw.StandardizedClassifier(DUAL),
}


# ---- labels


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 5), st.integers(0, 10_000), st.integers(10, 60))
def test_folds_share_every_sample_and_spread_every_class(n_folds, seed, n):
    rng = np.random.default_rng(seed)
    shown = rng.random((n, 4)) < (0.05, 0.2, 0.5, 0.9)
    folds = iterative_folds(shown, n_folds, rng)
    assert np.sort(np.concatenate(folds)).tolist() == list(range(n))
    rarest = shown.sum(axis=0).argmin()
    counts = [shown[fold, rarest].sum() for fold in folds]
    assert max(counts) - min(counts) <= 1, "the class that is dealt first is spread evenly"


def test_folds_of_disjoint_classes_are_stratified():
    index = np.repeat(np.arange(4), (5, 10, 15, 20))
    y = np.eye(4, dtype=int)[index]
    for fold in IndicatorLabels(y).folds(5, seed=3):
        assert np.bincount(index[fold]).tolist() == [1, 2, 3, 4]
    one, two = (IndicatorLabels(y).folds(5, seed=s) for s in (3, 4))
    again = IndicatorLabels(y).folds(5, seed=3)
    assert [f.tolist() for f in one] == [f.tolist() for f in again] != [f.tolist() for f in two]


def test_held_out_precision_is_that_of_the_samples_that_count(samples):
    y, scores = samples[1], np.random.default_rng(1).random(samples[1].shape)
    expected = [
        average_precision_score(y[y[:, k] >= 0, k], scores[y[:, k] >= 0, k]) for k in range(y.shape[1])
    ]
    assert mean_held_out_precision(y, scores) == pytest.approx(np.mean(expected))
    nobody = np.where(np.arange(5) == 2, 0, y)
    assert mean_held_out_precision(nobody, scores) == pytest.approx(np.mean(np.delete(expected, 2)))
    assert mean_held_out_precision(np.zeros((3, 2), int), scores[:3, :2]) == 0


@pytest.mark.parametrize("value, match", [
    (2, "must hold 1 .* only"), (np.nan, "NaN|must hold 1"), ("a", "must hold 1"),
])
def test_wrong_values_are_refused(samples, value, match):
    X, y = samples[0], samples[1].astype(object if value == "a" else float)
    y[0, 0] = value
    if value == "a":
        y = y.astype(str)
    with pytest.raises(ParameterError, match=match):
        DUAL.fit(X, y)


@pytest.mark.parametrize("classifier", [DUAL, bovw.OneVsRestSGD(), bovw.NearestNeighbor()])
def test_a_column_needs_both_sides(samples, classifier):
    X, y = samples[0], samples[1].copy()
    with pytest.raises(ParameterError, match=r"column 0 of y has no 0.*0 for negative and -1 for left out"):
        clone(classifier).fit(X, np.where(y == 1, 1, -1))
    y[:, 3] = np.minimum(y[:, 3], 0)
    with pytest.raises(ParameterError, match="column 3 of y has no 1: no sample shows that class"):
        clone(classifier).fit(X, y)


def test_what_needs_one_label_a_sample_says_so(samples):
    X, y = samples
    with pytest.raises(ParameterError, match="class_weight as a dict needs one label"):
        bovw.OneVsRestDual(class_weight={0: 2.0}).fit(X, y)
    with pytest.raises(ParameterError, match="loss='multinomial' needs one label a row"):
        bovw.OneVsRestSGD(loss="multinomial").fit(X, y)
    rare = y.copy()
    rare[:, 0] = 0
    rare[7, 0] = 1
    with pytest.raises(ParameterError, match="class 0 has one sample"):
        held_out_folds(rare)


# ---- machines


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_disjoint_classes_are_single_labels(samples, name):
    """The same machines, from either form of the labels."""
    X = samples[0]
    index = np.random.default_rng(2).integers(0, 5, len(X))
    single, several = (clone(CLASSIFIERS[name]).fit(X, y) for y in (index, np.eye(5, dtype=int)[index]))
    assert several.multilabel_
    assert not single.multilabel_
    scores = [machine.decision_function(X[:40]) for machine in (single, several)]
    if isinstance(CLASSIFIERS[name], bovw.NearestNeighbor):
        half = CLASSIFIERS[name].n_neighbors // 2
        if half:
            assert scores[1] == pytest.approx(scores[0] - half, abs=1e-5)
        assert scores[1].argmax(axis=1).tolist() == scores[0].argmax(axis=1).tolist()
        return
    np.testing.assert_array_equal(scores[0], scores[1])


@pytest.mark.parametrize("kernel, weight", [
    ("linear", None), ("intersection", None), ("chi2", "balanced"), ("precomputed", "balanced"),
])
def test_a_left_out_sample_does_not_count(samples, kernel, weight):
    """The machine of a class is the one of the samples that count for it alone."""
    X, y = samples
    gram = {"linear": X @ X.T, "precomputed": X @ X.T}.get(kernel)
    if gram is None:
        gram = getattr(bovw, f"{kernel}_kernel")(X, X)
    options = {"C": 5.0, "tol": 1e-6, "class_weight": weight}
    together = bovw.OneVsRestDual(kernel=kernel, **options).fit(gram if kernel == "precomputed" else X, y)
    scores = together.decision_function(gram if kernel == "precomputed" else X)
    for k in range(y.shape[1]):
        kept = np.flatnonzero(y[:, k] >= 0)
        assert len(kept) < len(X)
        alone = bovw.OneVsRestDual(kernel="precomputed", **options).fit(gram[np.ix_(kept, kept)], y[kept, k])
        np.testing.assert_allclose(scores[:, k], alone.decision_function(gram[:, kept]), atol=2e-3)
        if kernel != "linear":
            assert not together.dual_coef_[k, y[:, k] < 0].any()


def test_primal_machines_are_those_of_the_dual(samples):
    X, y = samples
    dual = bovw.OneVsRestDual(C=5.0, loss="squared_hinge", tol=1e-7).fit(X, y)
    primal = bovw.OneVsRestPrimal(C=5.0, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(primal.decision_function(X), dual.decision_function(X), atol=2e-3)
    np.testing.assert_allclose(primal.objectives_, dual.objectives_, rtol=1e-4)


def test_dual_machines_are_those_of_scikit_learn(samples):
    X, y = samples[0], np.maximum(samples[1], 0)
    theirs = OneVsRestClassifier(LinearSVC(C=5.0, loss="hinge", tol=1e-6, max_iter=100_000)).fit(X, y)
    ours = bovw.OneVsRestDual(C=5.0, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=5e-3)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.99
    np.testing.assert_array_equal(clone(ours).fit(X, csr_array(y)).coef_, ours.coef_)


@pytest.mark.parametrize("beta", [None, 2.0])
def test_sgd_leaves_samples_out(samples, beta):
    """Changing a left-out entry's sample changes only the other classes' machines."""
    X, y = samples
    machine = bovw.OneVsRestSGD(C=5.0, max_iter=40, class_weight=beta).fit(X, y)
    flipped = np.where(y < 0, np.random.default_rng(0).integers(0, 2, y.shape), y)
    other = bovw.OneVsRestSGD(C=5.0, max_iter=40, class_weight=beta).fit(X, flipped)
    assert abs(machine.coef_ - other.coef_).max() > 0.01
    for k in range(y.shape[1]):
        kept = np.flatnonzero(y[:, k] >= 0)
        cost = 5.0 * np.ones(len(kept))
        if beta is not None:
            positive = y[kept, k] == 1
            cost[positive] *= len(X) / (1 + beta) / positive.sum()
            cost[~positive] *= len(X) * beta / (1 + beta) / (~positive).sum()

        def objective(w, b, kept=kept, cost=cost, k=k):
            miss = np.maximum(0, 1 - (2 * y[kept, k] - 1) * (X[kept] @ w + b))
            return 0.5 * w @ w + cost @ miss

        best = _best_linear(X[kept], 2 * y[kept, k] - 1, cost)
        assert objective(machine.coef_[k], machine.intercept_[k]) <= 1.05 * objective(*best)


def _best_linear(X, sign, cost):
    """Weights and free bias of a hinge-loss machine, by scikit-learn."""
    from sklearn.svm import SVC

    machine = SVC(kernel="linear", C=1.0, tol=1e-6).fit(X, sign, sample_weight=cost)
    return machine.coef_[0], machine.intercept_[0]


def test_nearest_neighbors_that_show_several_classes():
    X = np.float32([[0, 0], [1, 0], [0, 3]])
    y = [[1, 1, 0], [0, 1, -1], [0, 0, 1]]
    nearest = bovw.NearestNeighbor().fit(X, y)
    assert nearest.predict([[0.1, 0], [0.9, 0], [0, 2.9]]).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    d = np.float32([0.9, 0.1, np.hypot(0.9, 3)])
    assert nearest.decision_function([[0.9, 0]])[0] == pytest.approx([0, 1, 0] - d / (1 + d))
    three = bovw.NearestNeighbor(3).fit(X, y)
    assert three.predict([[0.1, 0]]).tolist() == [[0, 1, 0]], "two of three show the second class"


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_two_columns_are_two_machines(samples, name, tmp_path):
    X, y = samples[0], samples[1][:, 3:]
    machine = clone(CLASSIFIERS[name]).fit(X, y)
    assert machine.decision_function(X[:7]).shape == machine.predict(X[:7]).shape == (7, 2)
    assert machine.classes_.tolist() == [0, 1]
    bovw.save_model(machine, tmp_path)
    again = bovw.load_model(tmp_path)
    assert again.multilabel_
    np.testing.assert_array_equal(again.predict(X), machine.predict(X))
    if hasattr(machine, "predict_top_k"):
        scores = machine.decision_function(X)
        np.testing.assert_array_equal(machine.predict_top_k(X, 2)[:, 0], scores.argmax(axis=1))


def test_C_is_chosen_by_held_out_precision(samples):
    X, y = samples
    machine = bovw.OneVsRestDual(C=[0.01, 1.0, 100.0], cv=4).fit(X, y)
    results = machine.cv_results_
    assert results["fold_scores"].shape == (3, 4)
    assert results["C"][results["mean_score"].argmax()] == machine.C_
    folds = IndicatorLabels(y).folds(4, 0)
    for i, C in enumerate(results["C"]):
        for j, test in enumerate(folds):
            train = np.setdiff1d(np.arange(len(X)), test)
            scores = bovw.OneVsRestDual(C=C).fit(X[train], y[train]).decision_function(X[test])
            assert results["fold_scores"][i, j] == pytest.approx(mean_held_out_precision(y[test], scores), abs=0.02)
    np.testing.assert_array_equal(machine.coef_, bovw.OneVsRestDual(C=machine.C_).fit(X, y).coef_)


def test_class_weight_of_sgd_is_chosen_by_held_out_precision(samples):
    X, y = samples
    options = {"max_iter": 3, "eta0": 1.0}
    machine = bovw.OneVsRestSGD(class_weight=[1.0, 30.0], cv=3, **options).fit(X, y)
    results = machine.cv_results_
    for j, test in enumerate(IndicatorLabels(y).folds(3, 0)):
        train = np.setdiff1d(np.arange(len(X)), test)
        for i, beta in enumerate([1.0, 30.0]):
            scores = bovw.OneVsRestSGD(class_weight=beta, **options).fit(X, y, rows=train).decision_function(X[test])
            assert results["fold_scores"][i, j] == pytest.approx(mean_held_out_precision(y[test], scores), abs=1e-12)
    assert results["class_weight"][results["mean_score"].argmax()] == machine.class_weight_


@pytest.mark.parametrize("name", ["dual", "chi2", "sgd", "nearest"])
def test_out_of_fold_scores(samples, name):
    X, y = samples
    classifier = CLASSIFIERS[name]
    scores = out_of_fold_scores(classifier, X, y, cv=3)
    assert scores.shape == y.shape
    test = held_out_folds(y, 3)[1]
    train = np.setdiff1d(np.arange(len(X)), test)
    alone = clone(classifier).fit(X[train], y[train]).decision_function(X[test])
    np.testing.assert_allclose(scores[test], alone, atol={"sgd": 0.3, "nearest": 1e-6}.get(name, 0.02))
    if name == "dual":
        together = clone(classifier)
        np.testing.assert_array_equal(together.fit_out_of_fold(X, y, held_out_folds(y, 3)), scores)


def test_early_stopping_and_class_blocks_of_sgd(samples, tmp_path):
    X, y = samples
    stopped = bovw.OneVsRestSGD(C=5.0, early_stopping=True, validation_fraction=0.2, max_iter=15).fit(X, y)
    assert stopped.validation_scores_[0].max() > 0.4
    whole = bovw.OneVsRestSGD(C=5.0, max_iter=8).fit(X, y)
    parts = bovw.OneVsRestSGD(C=5.0, max_iter=8, class_block=2).fit(X, y, checkpoint=tmp_path)
    np.testing.assert_allclose(parts.coef_, whole.coef_, atol=1e-4)
    again = bovw.OneVsRestSGD(C=5.0, max_iter=8, class_block=2).fit(X, y, checkpoint=tmp_path)
    np.testing.assert_array_equal(again.coef_, parts.coef_)
    changed = np.where(y < 0, 0, y)
    with pytest.raises(bovw.StoreError, match="labels"):
        bovw.OneVsRestSGD(C=5.0, max_iter=8, class_block=2).fit(X, changed, checkpoint=tmp_path)


@pytest.mark.parametrize(("y", "name"), [
    ({"a", "b"}, "set"), ("ab", "str"), (b"ab", "bytes"), ((name for name in "ab"), "generator"), ({"a": 0}, "dict"),
    (3, "int"),
], ids=["set", "str", "bytes", "generator", "dict", "int"])
def test_what_is_no_sequence_of_labels_is_named(y, name):
    with pytest.raises(ParameterError, match=f"y is a {name}; .*give a list"):
        read_labels(y)


def test_missing_labels_are_called_missing():
    pd = pytest.importorskip("pandas")
    for y in (pd.Series([1, None], dtype="Int64"), pd.Series(["a", None]), pd.Series(["a", None], dtype="string"),
              pd.Categorical(["a", None]), [1, None], ["a", float("nan")], np.array([1, np.nan]), ["a", pd.NaT]):
        with pytest.raises(ParameterError, match=r"y\[1\]=\S+ is missing; leave the sample out"):
            read_labels(y)
