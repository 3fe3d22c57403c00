"""The contract of ``bovw.classify.contract`` over all public classifiers of signatures, and those of scikit-learn."""

import inspect

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

import bovw
from bovw.classify import ClassifierContract, Machine, as_classifier, held_out_folds, out_of_fold_scores, read_labels
from bovw.errors import ParameterError

#: scikit-learn's check gives splits for ``cv``, and wants equality to 1e-7 of what is solved within ``tol``
FOLDS = {"check_sample_weight_equivalence_on_dense_data": "cv is a number; machines are equal within their tolerance"}

CLASSES = {
    name: getattr(bovw, name) for name in bovw.__all__
    if inspect.isclass(getattr(bovw, name)) and issubclass(getattr(bovw, name), ClassifierContract)
}
FORMS = {
    "OneVsRestDual": [{}, {"loss": "squared_hinge"}, {"kernel": "chi2"}],
    "OneVsRestSGD": [{}, {"loss": "squared_hinge"}, {"loss": "multinomial"}],
    "NearestNeighbor": [{}, {"n_neighbors": 3}],
}
ALL = [
    pytest.param(cls(**form), id="-".join([name, *map(str, form.values())]))
    for name, cls in CLASSES.items() for form in FORMS.get(name, [{}])
]
EACH = [pytest.param(cls(), id=name) for name, cls in CLASSES.items()]
MACHINES = [pytest.param(CLASSES[name](), id=name) for name in ("OneVsRestDual", "OneVsRestPrimal", "OneVsRestSGD")]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = np.abs(rng.standard_normal((3, 12))[y] + 0.7 * rng.standard_normal((90, 12)))
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32), y


@pytest.fixture
def store(data, tmp_path):
    made = bovw.SignatureStore.create(tmp_path / "store", 90, 12, fingerprint="f" * 16, rows_per_shard=40)
    for start, stop in made.missing():
        made.write(start, data[0][start:stop])
    return made


def test_all_solvers_are_found():
    wanted = {"NearestNeighbor", "OneVsRestDual", "OneVsRestPrimal", "OneVsRestSGD", "StandardizedClassifier"}
    assert wanted <= set(CLASSES)


# ---- X


@pytest.mark.parametrize("model", ALL)
def test_any_form_of_X_gives_the_same_model(model, data, store, tmp_path):
    X, y = data
    np.save(tmp_path / "x.npy", X)
    forms = {
        "float64": X.astype(np.float64), "list": X.tolist(), "frame": pd.DataFrame(X), "fortran": np.asfortranarray(X),
        "map": np.load(tmp_path / "x.npy", mmap_mode="r"), "store": store,
    }
    expected = clone(model).fit(X, y).decision_function(X)
    assert expected.shape == (90, 3)
    assert expected.dtype == np.float32
    for name, form in forms.items():
        found = clone(model).fit(form, y)
        np.testing.assert_array_equal(found.decision_function(form), expected, err_msg=name)
        np.testing.assert_array_equal(found.predict(form), expected.argmax(axis=1))
        assert found.n_features_in_ == 12
    rows = np.flatnonzero(y != 7)[5:]
    np.testing.assert_array_equal(found.decision_function(store, rows=[4, 2]), found.decision_function(X[[4, 2]]))
    few, alone = clone(model).fit(store, y, rows=rows), clone(model).fit(X, y, rows=rows)
    np.testing.assert_array_equal(few.decision_function(X), alone.decision_function(X))
    if not model.reads_blocks:  # which shuffles by the places of the rows
        np.testing.assert_array_equal(clone(model).fit(X[rows], y[rows]).decision_function(X), few.decision_function(X))


@pytest.mark.parametrize("model", EACH)
def test_wrong_data_is_refused_in_words(model, data, store):
    X, y = data
    with pytest.raises(NotFittedError):
        model.decision_function(X)
    with pytest.raises(NotFittedError):
        model.predict_top_k(X)
    for wrong, words in [
        (X[0], "2D"), (X[:, :0], "0 feature"), (np.where(X > 0.9 * X.max(), np.nan, X), "NaN"), (X[:50], "labels"),
    ]:
        with pytest.raises(ParameterError, match=words):
            clone(model).fit(wrong, y)
    fitted = clone(model).fit(X, y)
    with pytest.raises(ParameterError, match=r"features|columns"):
        fitted.decision_function(X[:, :5])
    for rows in ([90], [-1], [], [0.5]):
        with pytest.raises(ParameterError, match="rows"):
            clone(model).fit(store, y, rows=rows)
        with pytest.raises(ParameterError, match="rows"):
            fitted.decision_function(X, rows=rows)


# ---- labels

NAMES = np.array(["cat", "dog", "owl"])
LABELS = {
    "list": lambda y: NAMES[y].tolist(), "tuple": lambda y: tuple(y.tolist()),
    "objects": lambda y: NAMES[y].astype(object), "object ints": lambda y: y.astype(object),
    "series": lambda y: pd.Series(NAMES[y], index=np.arange(len(y))[::-1]),
    "old strings": lambda y: pd.Series(NAMES[y], dtype=object), "index": lambda y: pd.Index(NAMES[y]),
    "categorical": lambda y: pd.Categorical(NAMES[y]), "nullable": lambda y: pd.Series(y, dtype="Int64"),
    "numpy strings": lambda y: NAMES[y].astype(np.dtypes.StringDType()), "bytes": lambda y: NAMES[y].astype("S3"),
    "floats": lambda y: y.astype(float), "ints and floats": lambda y: [1 if k == 1 else float(k) for k in y],
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("model", EACH)
def test_labels_of_any_kind_train_and_are_saved(model, kind, data, tmp_path):
    X, y = data
    labels = LABELS[kind](y)
    fitted = clone(model).fit(X, labels)
    assert fitted.classes_.dtype.kind in "iufUS"
    expected = clone(model).fit(X, y)
    np.testing.assert_array_equal(fitted.decision_function(X), expected.decision_function(X))
    assert fitted.predict(X).tolist() == fitted.classes_[expected.predict(X)].tolist()
    bovw.save_model(fitted, tmp_path / "model")
    again = bovw.load_model(tmp_path / "model")
    assert again.classes_.dtype == fitted.classes_.dtype
    np.testing.assert_array_equal(again.predict_top_k(X, 2), fitted.predict_top_k(X, 2))


def test_bools_are_labels_and_two_classes_have_one_score(data):
    X, y = data
    fitted = bovw.OneVsRestDual(class_weight={True: 2.0}).fit(X, (y == 1).tolist())
    assert fitted.classes_.tolist() == [False, True]
    assert fitted.decision_function(X).shape == (90,)


@pytest.mark.parametrize(("labels", "words"), [
    (["a", 1, "b"], r"y\[0\]='a' \(string\) and y\[1\]=1 \(integer\)"), (["a", None, "b"], r"y\[1\]=None"),
    (["a", "b", np.nan], r"y\[2\]=nan"), ([0.5, 1, 2], r"y\[0\]=0\.5"), ([1.0, np.inf, 2], r"y\[1\]=inf"),
    (pd.Series(["a", pd.NA, "b"], dtype="string"), r"y\[1\]="), (pd.Series([1, None, 2], dtype="Int64"), r"y\[1\]="),
    (["a", ["b"], "c"], r"y\[1\]=\['b'\]"), ([True, 2, 0], "boolean"), (None, "None"),
    (np.array(["2020", "2021", "2022"], "M8[Y]"), "datetime64"), ([2**70, 1, 2], "64 bits"),
    ([1, 1, 1], "1 class only"),
])
def test_what_is_no_label_is_named(labels, words):
    with pytest.raises(ParameterError, match=words):
        bovw.OneVsRestDual().fit(np.eye(3), labels)


def test_read_labels_leaves_what_is_plain():
    y = np.array([3, 1, 2], np.int16)
    assert np.shares_memory(read_labels(y), y)
    assert read_labels([[0, 1], [1, 0]]).tolist() == [[0, 1], [1, 0]]
    with pytest.warns(sklearn.exceptions.DataConversionWarning):
        assert read_labels(y[:, None]).tolist() == [3, 1, 2]


# ---- weights


@pytest.mark.parametrize("model", ALL)
def test_integer_weights_are_repetitions_and_0_leaves_out(model, data):
    X, y = data
    weights = np.random.default_rng(1).integers(0, 4, len(X))
    options = {name: value for name, value in {"tol": 1e-6, "max_iter": 1000}.items() if name in model.get_params()}
    sgd = model.reads_blocks
    if sgd:
        options = {"max_iter": 300, "eta0": 1.0}
    weighted = clone(model).set_params(**options).fit(X, y, weights)
    repeated = clone(model).set_params(**options).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    one, two = weighted.decision_function(X), repeated.decision_function(X)
    unweighted = clone(model).set_params(**options).fit(X, y).decision_function(X)
    tolerance = 0.05 if sgd else 1e-6 if isinstance(model, bovw.NearestNeighbor) else 0.01
    assert np.abs(one - two).mean() < tolerance
    assert np.abs(one - unweighted).mean() > 2 * np.abs(one - two).mean()
    left_out = clone(model).fit(X, y, np.where(np.arange(90) % 5, 1.0, 0.0))
    chosen = clone(model).fit(X, y, rows=np.flatnonzero(np.arange(90) % 5))
    np.testing.assert_array_equal(left_out.decision_function(X), chosen.decision_function(X))
    ones = clone(model).fit(X, y, np.ones(90))
    np.testing.assert_array_equal(ones.decision_function(X), clone(model).fit(X, y).decision_function(X))


@pytest.mark.parametrize("kernel", ["linear", "precomputed"])
def test_weights_are_those_of_scikit_learn(data, kernel):
    X, y = data
    weights = np.random.default_rng(1).random(90) * 3
    target = (y == 1).astype(int)
    K = X @ X.T if kernel == "precomputed" else X
    ours = bovw.OneVsRestDual(2.0, kernel=kernel, tol=1e-6, max_iter=20_000).fit(K, target, weights)
    options = {"C": 2.0, "tol": 1e-8, "max_iter": 200_000, "random_state": 0}
    theirs = LinearSVC(loss="hinge", **options).fit(X, target, weights)
    np.testing.assert_allclose(ours.decision_function(K), theirs.decision_function(X), atol=5e-3)
    weights[::7] = 0
    part = bovw.OneVsRestDual(2.0, kernel=kernel, tol=1e-6, max_iter=20_000).fit(K, target, weights)
    theirs = LinearSVC(loss="hinge", **options).fit(X, target, weights)
    np.testing.assert_allclose(part.decision_function(K), theirs.decision_function(X), atol=5e-3)
    primal = bovw.OneVsRestPrimal(2.0, tol=1e-7).fit(X, target, weights)
    theirs = LinearSVC(loss="squared_hinge", **options).fit(X, target, weights)
    np.testing.assert_allclose(primal.decision_function(X), theirs.decision_function(X), atol=5e-3)


@pytest.mark.parametrize("model", EACH)
@pytest.mark.parametrize(("weights", "words"), [
    (np.ones(3), "one weight for each of 90"), (-np.ones(90), r"sample_weight\[0\]=-1"), (np.zeros(90), "zero"),
    (np.full(90, np.nan), r"sample_weight\[0\]=nan"), (["a"] * 90, "numbers"), (np.arange(90) % 3 == 1, "1 class only"),
])
def test_wrong_weights_are_refused(model, data, weights, words):
    with pytest.raises(ParameterError, match=words):
        clone(model).fit(*data, weights)


@pytest.mark.parametrize("model", EACH)
def test_weights_are_routed(model, data):
    X, y = data
    weights = pd.Series(np.where(y == 0, 50.0, 1.0), index=np.arange(90)[::-1])
    with sklearn.config_context(enable_metadata_routing=True):
        asking = clone(model).set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        found = cross_validate(
            asking, X, y, params={"sample_weight": weights}, cv=3, return_estimator=True, error_score="raise"
        )
        grid = {"n_neighbors": [1, 3]} if isinstance(model, bovw.NearestNeighbor) else None
        grid = grid or {"classifier__C" if hasattr(model, "classifier") else "C": [0.1, 1.0]}
        search = GridSearchCV(asking, grid, cv=3, error_score="raise").fit(X, y, sample_weight=weights)
    expected = clone(model).set_params(**search.best_params_).fit(X, y, weights)
    np.testing.assert_array_equal(search.best_estimator_.decision_function(X), expected.decision_function(X))
    plain = cross_validate(model, X, y, cv=3, return_estimator=True)
    scores = [run["estimator"][0].decision_function(X) for run in (found, plain)]
    assert np.array_equal(*scores) == isinstance(model, bovw.NearestNeighbor)  # one neighbor has all the votes


@pytest.mark.parametrize("model", MACHINES)
def test_class_weights(model, data):
    X, y = data
    names = NAMES[y]
    assert model.fit(X, names).class_weight_ is None
    balanced = clone(model).set_params(class_weight="balanced").fit(X[5:], names[5:])
    one = clone(model).set_params(class_weight=1).fit(X[5:], names[5:])
    assert balanced.class_weight_ == one.class_weight_ == 1.0
    np.testing.assert_array_equal(balanced.coef_, one.coef_)
    by_class = clone(model).set_params(class_weight={"dog": 3.0}).fit(X, names)
    by_sample = clone(model).fit(X, names, np.where(names == "dog", 3.0, 1.0))
    np.testing.assert_array_equal(by_class.coef_, by_sample.coef_)
    assert by_class.class_weight_ == {"dog": 3.0}
    chosen = clone(model).set_params(class_weight=[8.0, 0.125], C=[1.0, 0.1], cv=3).fit(X, names)
    results = chosen.cv_results_
    assert results["C"].tolist() == [0.1, 0.1, 1.0, 1.0]
    assert results["class_weight"].tolist() == [0.125, 8.0, 0.125, 8.0]
    best = results["mean_score"].argmax()
    assert (chosen.C_, chosen.class_weight_) == (results["C"][best], results["class_weight"][best])
    alone = clone(model).set_params(C=chosen.C_, class_weight=chosen.class_weight_).fit(X, names)
    np.testing.assert_array_equal(chosen.coef_, alone.coef_)
    many = clone(model).set_params(class_weight=[1e-3, 1e3], cv=3).fit(X, names, np.where(names == "owl", 1e-3, 1.0))
    assert np.ptp(many.cv_results_["mean_score"]) > 0


def test_primal_class_weight_is_that_of_the_dual(data):
    X, y = data
    options = {"class_weight": 4.0, "tol": 1e-6}
    one = bovw.OneVsRestPrimal(**options).fit(X, y)
    two = bovw.OneVsRestDual(loss="squared_hinge", max_iter=20_000, **options).fit(X, y)
    np.testing.assert_allclose(one.decision_function(X), two.decision_function(X), atol=5e-3)
    grid = {"C": [0.01, 1.0, 100.0], "cv": 3}
    one, two = bovw.OneVsRestPrimal(**grid).fit(X, y), bovw.OneVsRestDual(loss="squared_hinge", **grid).fit(X, y)
    np.testing.assert_allclose(one.cv_results_["fold_scores"], two.cv_results_["fold_scores"], atol=0.04)


@pytest.mark.parametrize("model", MACHINES)
@pytest.mark.parametrize(("params", "words"), [
    ({"class_weight": "even"}, "class_weight='even'"), ({"class_weight": {"cow": 2.0}}, "'cow', which is not in y"),
    ({"class_weight": {"dog": 0}}, r"class_weight\['dog'\]=0"), ({"class_weight": -1}, "class_weight=-1"),
    ({"class_weight": [1.0, 0.0]}, r"class_weight\[1\]=0"), ({"class_weight": []}, "class_weight"),
    ({"class_weight": object()}, "class_weight="), ({"C": [1.0, "a"]}, r"C\[1\]='a'"), ({"C": np.nan}, "C=nan"),
    ({"cv": 1}, "cv=1"), ({"random_state": "a"}, "random_state='a'"),
])
def test_wrong_choices_are_refused(model, data, params, words):
    with pytest.raises(ParameterError, match=words):
        clone(model).set_params(**params).fit(data[0], NAMES[data[1]])


@pytest.mark.parametrize("model", EACH)
def test_every_parameter_is_declared_and_wrong_values_are_named(model):
    names = list(inspect.signature(type(model).__init__).parameters)[1:]
    assert list(type(model).PARAMETERS) == names
    for name in names:
        with pytest.raises(ParameterError, match=name):
            clone(model).set_params(**{name: "nonsense"}).fit(np.eye(4), [0, 1, 0, 1])


# ---- what comes out


@pytest.mark.parametrize("model", MACHINES[:1] + MACHINES[2:])
@pytest.mark.parametrize("state", [np.random.RandomState(0), np.random.default_rng(0), None])
def test_a_generator_trains_and_its_seed_is_kept(model, state, data):
    X, y = data
    fitted = clone(model).set_params(random_state=state).fit(X, y)
    again = clone(model).set_params(random_state=fitted.seed_).fit(X, y)
    np.testing.assert_array_equal(again.coef_, fitted.coef_)


@pytest.mark.parametrize("model", ALL)
def test_out_of_fold_scores_are_of_machines_that_did_not_see_the_sample(model, data):
    X, y = data
    folds = held_out_folds(y, 3)
    weights = np.random.default_rng(2).random(90) + 0.5
    dual = isinstance(model, bovw.OneVsRestDual)
    model = clone(model).set_params(tol=1e-6, max_iter=20_000) if dual else model
    scores = clone(model).out_of_fold(X, NAMES[y], folds, weights)
    tolerance = 0.01 if dual else 0
    for test in folds:
        train = np.setdiff1d(np.arange(90), test)
        alone = clone(model).fit(X, NAMES[y], weights, rows=train).decision_function(X, rows=test)
        np.testing.assert_allclose(scores[test], alone, atol=tolerance)
    fitted = clone(model)
    np.testing.assert_array_equal(fitted.fit_out_of_fold(X, NAMES[y], folds, weights), scores)
    np.testing.assert_array_equal(
        fitted.decision_function(X), clone(model).fit(X, NAMES[y], weights).decision_function(X)
    )
    np.testing.assert_array_equal(scores, out_of_fold_scores(model, X, NAMES[y], cv=3, sample_weight=weights))
    weights[:4] = 0
    unseen = clone(model).out_of_fold(X, y, folds, weights)
    assert np.isfinite(unseen).all()
    assert np.isnan(clone(bovw.NearestNeighbor()).out_of_fold(X, y, [folds[0], folds[1]])[folds[2]]).all()


@pytest.mark.parametrize("model", EACH)
def test_the_choice_is_kept_for_held_out_scores(model, data):
    X, y = data
    name = "classifier__C" if hasattr(model, "classifier") else "C"
    if isinstance(model, bovw.NearestNeighbor):
        assert model.fit(X, y).chosen_params() == {}
        return
    fitted = clone(model).set_params(**{name: [0.01, 10.0]}).fit(X, y)
    chosen = fitted.chosen()
    assert chosen.get_params()[name] in (0.01, 10.0)
    assert not hasattr(chosen, "classes_")
    assert clone(model).set_params(**{name: [0.01, 10.0]}).chosen().get_params()[name] == [0.01, 10.0]


@pytest.mark.parametrize("model", ALL)
def test_saved_and_loaded_it_answers_alike(model, data, tmp_path):
    X, y = data
    names = [f"f{i}" for i in range(12)]
    fitted = clone(model).fit(pd.DataFrame(X, columns=names), pd.Series(NAMES[y]), np.arange(90) + 1.0)
    bovw.save_model(fitted, tmp_path / "model")
    again = bovw.load_model(tmp_path / "model")
    assert list(again.feature_names_in_) == names
    frame = pd.DataFrame(X, columns=names)
    np.testing.assert_array_equal(again.decision_function(frame), fitted.decision_function(frame))


def test_probabilities_where_scores_are_calibrated(data):
    X, y = data
    for model in CLASSES.values():
        assert not hasattr(model(), "predict_proba")
    with pytest.raises(AttributeError, match=r"OneVsRestDual has no predict_proba: .*multinomial.*PlattScaling"):
        bovw.OneVsRestDual().predict_proba(X)
    probabilities = bovw.OneVsRestSGD(loss="multinomial").fit(X, y).predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("model", [*EACH, pytest.param(LinearSVC(), id="LinearSVC")])
def test_a_fit_has_a_cost(model):
    small, large = (as_classifier(model).fit_cost(n, 50, 5, Machine(1e11, 2)) for n in (200, 100_000))
    assert 0 <= small.seconds <= large.seconds
    if not as_classifier(model).reads_blocks:
        assert large.memory >= 4 * 100_000 * 50 > small.memory


# ---- classifiers that are not bovw's

FOREIGN = [
    LinearSVC(), SVC(), RandomForestClassifier(20, random_state=0), GaussianNB(), KNeighborsClassifier(3),
    OneVsRestClassifier(LinearSVC()),
]


@pytest.mark.parametrize("model", FOREIGN, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_any_classifier_of_scikit_learn_keeps_the_contract(model, n_classes, data, store):
    X, y = data
    y = np.minimum(y, n_classes - 1)
    face = as_classifier(clone(model)).fit(store, LABELS["series"](y))
    assert face.classes_.dtype.kind == "U"
    assert not face.multilabel_
    scores = face.decision_function(X)
    assert scores.shape == ((90,) if n_classes == 2 else (90, 3))
    assert (face.predict(X) == face.estimator.predict(X)).mean() > 0.95
    assert face.predict_top_k(X, 2).shape == (90, 2)
    folds = held_out_folds(y, 3)
    held_out = as_classifier(clone(model)).out_of_fold(X, y, folds)
    train = np.setdiff1d(np.arange(90), folds[1])
    alone = as_classifier(clone(model).fit(X[train], y[train])).decision_function(X[folds[1]])
    np.testing.assert_allclose(held_out[folds[1]], alone, atol=1e-4)
    assert face.fit_out_of_fold(X, y, folds).shape == scores.shape
    assert as_classifier(face) is face
    assert clone(face).estimator is not face.estimator


def test_what_a_classifier_of_scikit_learn_cannot_do_is_said(data):
    X, y = data
    several = np.eye(3, dtype=int)[y]
    forest = as_classifier(RandomForestClassifier(20, random_state=0)).fit(X, several)
    assert forest.multilabel_
    assert forest.classes_.tolist() == [0, 1, 2]
    assert (forest.predict(X) == several).mean() > 0.95
    with pytest.raises(ParameterError, match="LinearSVC takes one label a sample"):
        as_classifier(LinearSVC()).fit(X, several)
    several[0, 0] = -1
    with pytest.raises(ParameterError, match="cannot leave a sample out"):
        as_classifier(RandomForestClassifier()).fit(X, several)
    with pytest.raises(ParameterError, match="takes no sample_weight"):
        as_classifier(KNeighborsClassifier()).fit(X, y, np.ones(90) * 2)
    for wrong in (None, LinearSVC, "svm"):
        with pytest.raises(ParameterError, match="neither decision_function nor predict_proba"):
            as_classifier(wrong)
    weights = np.random.default_rng(0).random(90)
    weighted = as_classifier(LinearSVC(random_state=0)).fit(X, y, weights)
    expected = LinearSVC(random_state=0).fit(X, y, weights).decision_function(X)
    np.testing.assert_allclose(weighted.decision_function(X), expected, rtol=1e-5)
    with pytest.raises(ParameterError, match='decision_function_shape="ovr"'):
        as_classifier(SVC(decision_function_shape="ovo")).fit(np.vstack([X, X]), np.arange(180) % 4).predict(X)
    inside = bovw.StandardizedClassifier(LinearSVC()).fit(X, NAMES[y])
    assert inside.predict_top_k(X, 3).shape == (90, 3)
