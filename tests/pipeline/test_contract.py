"""One contract of all that takes images: what may be passed as images and labels, and what each method does with it."""

from pathlib import Path

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

import bovw
from bovw.pipeline import load_classifier

pd = pytest.importorskip("pandas")

SHUFFLED = np.random.default_rng(0).permutation(12)
MISSING = ["missing.png"] * 12
LABELS = ["brick"] * 4 + ["coins"] * 4 + ["grass"] * 4


def encoder(**changes):
    words = bovw.SpatialPyramid(bovw.HardAssignment(bovw.KMeansCodebook(12, max_iter=5, random_state=0)))
    settings = {"pyramid": words, "n_descriptors": 500, **changes}
    return bovw.ImageEncoder(bovw.DenseSIFT(step=8, bin_size=(4,)), **settings)


def image_classifier(classifier=None, **options):
    return bovw.BovwClassifier(encoder(), classifier=classifier, **options)


def fused_classifier(classifier=None):
    return bovw.FusedClassifier([image_classifier(classifier), image_classifier(classifier)], cv=2)


MODELS = {"BovwClassifier": image_classifier, "FusedClassifier": fused_classifier}
OUR_CLASSIFIERS = {
    "default": None,
    "dual": bovw.OneVsRestDual(C=[1.0, 10.0], cv=2),
    "primal": bovw.OneVsRestPrimal(),
    "sgd": bovw.OneVsRestSGD(max_iter=3),
    "nearest": bovw.NearestNeighbor(),
    "standardized": bovw.StandardizedClassifier(),
}
OTHER_CLASSIFIERS = {
    "LinearSVC": LinearSVC(random_state=0),
    "RandomForestClassifier": RandomForestClassifier(10, random_state=0),
    "LogisticRegression": LogisticRegression(),
    "Pipeline": Pipeline([("svm", LinearSVC(random_state=0))]),
}
CLASSIFIERS = {**OUR_CLASSIFIERS, **OTHER_CLASSIFIERS}
EVERY = {
    **{f"BovwClassifier-{name}": (image_classifier, classifier) for name, classifier in CLASSIFIERS.items()},
    **{f"FusedClassifier-{name}": (fused_classifier, CLASSIFIERS[name])
       for name in ("default", "LinearSVC", "RandomForestClassifier")},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, window_arrays):
    import cv2

    root = tmp_path_factory.mktemp("windows")
    for i, label in enumerate(LABELS):
        assert cv2.imwrite(str(root / f"{i:02d}.png"), window_arrays[label][i % 4])
    return root


@pytest.fixture(scope="module")
def paths(folder):
    return sorted(map(str, folder.glob("*.png")))


@pytest.fixture(scope="module")
def fitted(paths):
    return image_classifier().fit(paths, LABELS)


IMAGES = {
    "list of str": list,
    "list of Path": lambda x: list(map(Path, x)),
    "tuple": tuple,
    "array": np.array,
    "array of objects": lambda x: np.array(list(map(Path, x)), dtype=object),
    "array of StringDType": lambda x: np.array(x, dtype=np.dtypes.StringDType()),
    "Series": pd.Series,
    "shuffled Series": lambda x: pd.Series(x, index=SHUFFLED[:len(x)]),
    "Series of Path": lambda x: pd.Series(list(map(Path, x)), index=[f"row {i}" for i in range(len(x))]),
    "Series of strings": lambda x: pd.Series(x, dtype="string", index=np.arange(len(x)) + 100),
    "subset of a Series": lambda x: pd.Series(["no.png", *x, "no.png"])[1:-1],
    "Index": pd.Index,
    "generator": iter,
    "ImageCollection": bovw.ImageCollection,
    "list of arrays": lambda x: [bovw.read_image(path, "gray") for path in x],
    "stack of arrays": lambda x: np.stack([bovw.read_image(path, "gray") for path in x]),
    "stack of RGB arrays": lambda x: np.stack([bovw.read_image(path) for path in x]),
}


@pytest.mark.parametrize("form", IMAGES.values(), ids=IMAGES)
def test_images_in_every_form_give_what_their_list_gives(form, paths, fitted):
    model = image_classifier().fit(form(paths), LABELS)
    expected = fitted.decision_function(paths)
    np.testing.assert_array_equal(model.decision_function(form(paths)), expected)
    assert model.predict(form(paths[3:5])).tolist() == fitted.classes_[expected[3:5].argmax(axis=1)].tolist()
    assert model.predict_top_k(form(paths[:1]), 2).tolist() == fitted.predict_top_k(paths[:1], 2).tolist()
    assert model.score(form(paths[::4]), LABELS[::4]) == 1
    alone = encoder().fit(form(paths))
    np.testing.assert_array_equal(alone.transform(form(paths)), fitted.signatures(paths))


@pytest.mark.parametrize("form", [IMAGES["shuffled Series"], iter], ids=["Series", "generator"])
def test_fused_classifiers_take_images_by_position_too(form, paths):
    expected = fused_classifier().fit(paths, LABELS).decision_function(paths[2:9])
    model = fused_classifier().fit(form(paths), pd.Series(LABELS, index=SHUFFLED[::-1]))
    np.testing.assert_array_equal(model.decision_function(form(paths[2:9])), expected)
    np.testing.assert_array_equal(model.scores_and_errors(form(paths[2:9]))[0], expected)
    assert model.score(form(paths), LABELS) > 0.9


NUMBERS = [5, 5, 5, 5, 0, 0, 0, 0, 7, 7, 7, 7]
LABEL_FORMS = {
    "list": (list, LABELS),
    "tuple": (tuple, LABELS),
    "array": (np.array, LABELS),
    "array of objects": (lambda y: np.array(y, dtype=object), LABELS),
    "array of StringDType": (lambda y: np.array(y, dtype=np.dtypes.StringDType()), LABELS),
    "shuffled Series": (lambda y: pd.Series(y, index=SHUFFLED[::-1]), LABELS),
    "Series of strings": (lambda y: pd.Series(y, dtype="string"), LABELS),
    "subset of a Series": (lambda y: pd.Series(["no", *y, "no"])[1:-1], LABELS),
    "Categorical": (pd.Categorical, LABELS),
    "Series of categories": (lambda y: pd.Series(pd.Categorical(y), index=SHUFFLED), LABELS),
    "Index": (pd.Index, LABELS),
    "int": (list, NUMBERS),
    "Series of int": (lambda y: pd.Series(y, index=SHUFFLED), NUMBERS),
    "int objects": (lambda y: np.array(y, dtype=object), NUMBERS),
    "bool": (list, [label == "brick" for label in LABELS]),
    "Series of bool": (lambda y: pd.Series(y, index=SHUFFLED), [label == "brick" for label in LABELS]),
}


@pytest.mark.parametrize(("form", "labels"), LABEL_FORMS.values(), ids=LABEL_FORMS)
def test_labels_in_every_form_are_learnt_scored_and_saved(form, labels, paths, tmp_path):
    model = image_classifier().fit(paths, form(labels))
    assert model.classes_.tolist() == sorted(set(labels))
    assert model.predict(paths).tolist() == labels
    assert model.score(paths, form(labels)) == 1
    model.save(tmp_path)
    again = bovw.BovwClassifier.load(tmp_path)
    assert again.predict(paths[::4]).tolist() == labels[::4]
    assert again.classes_.tolist() == model.classes_.tolist()


def test_a_shuffled_table_is_learnt_as_its_columns(paths):
    """Once it trained on mixed-up pairs, or raised KeyError where rows had been left out."""
    table = pd.DataFrame({"path": paths, "label": LABELS}).sample(frac=1, random_state=1)
    half = table[table.label != "grass"]
    for part in (table, half):
        model = image_classifier().fit(part.path, part.label)
        assert model.score(part.path, part.label) == 1
        as_lists = image_classifier().fit(part.path.tolist(), part.label.tolist())
        np.testing.assert_array_equal(model.decision_function(paths), as_lists.decision_function(paths))


@pytest.mark.parametrize("make", [encoder, *MODELS.values()], ids=["ImageEncoder", *MODELS])
def test_one_image_in_place_of_many_is_said(make, paths, window_arrays):
    one = window_arrays["brick"][0]
    for images in (paths[0], Path(paths[0]), one, np.dstack([one] * 3)):
        with pytest.raises(bovw.ParameterError, match=r"images is one image.*give a list: \["):
            make().fit(images, ["brick"])
    with pytest.raises(bovw.ParameterError, match="images is None"):
        make().fit(None, LABELS)
    with pytest.raises(bovw.ParameterError, match="one column"):
        make().fit(pd.DataFrame({"path": paths, "label": LABELS}), LABELS)
    with pytest.raises(bovw.ParameterError, match="images is empty"):
        make().fit([], [])


def test_one_image_in_place_of_many_is_said_in_prediction(paths, fitted):
    methods = (fitted.predict, fitted.predict_top_k, fitted.decision_function, fitted.signatures)
    for method in (*methods, fitted.encoders_[0].transform):
        for image in (paths[0], Path(paths[0]), bovw.read_image(paths[0])):
            with pytest.raises(bovw.ParameterError, match=r"give a list: \["):
                method(image)


def test_an_image_that_cannot_be_is_named(paths):
    with pytest.raises(bovw.ImageDecodeError, match="image 3 is None"):
        image_classifier().fit([*paths[:3], None, *paths[4:]], LABELS)
    model = image_classifier(on_error="skip").fit([*paths[:3], None, *paths[4:]], LABELS)
    assert list(model.skipped_) == ["None"]
    with pytest.raises(bovw.ParameterError, match=r"images\[3\]"):
        image_classifier().fit([*paths[:3], float("nan"), *paths[4:]], LABELS)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_classifiers_say_that_they_are_not_fitted(make, paths, tmp_path):
    model = make()
    for method in ("predict", "predict_top_k", "decision_function", "scores_and_errors"):
        with pytest.raises(NotFittedError):
            getattr(model, method)(paths)
    for attempt in (
        lambda: model.score(paths, LABELS), lambda: model.save(tmp_path / "model"), lambda: model.multilabel_,
    ):
        with pytest.raises(NotFittedError):
            attempt()
    assert not (tmp_path / "model").exists()


def test_signatures_need_a_fitted_encoder(paths, window_arrays):
    model, alone = image_classifier(), encoder()
    for attempt in (
        lambda: model.signatures(paths), lambda: model.signature_size, lambda: alone.transform(paths),
        lambda: alone.signature_size, lambda: alone.encode_image(window_arrays["brick"][0]),
        lambda: alone.get_feature_names_out(), lambda: model.out_of_fold_scores(np.zeros((12, 4)), LABELS),
    ):
        with pytest.raises(NotFittedError):
            attempt()
    half = image_classifier().fit_encoders(paths)
    with pytest.raises(NotFittedError):
        half.predict(paths)


@pytest.mark.parametrize(("make", "classifier"), EVERY.values(), ids=EVERY)
def test_every_classifier_keeps_the_contract(make, classifier, paths):
    model = make(classifier).fit(paths[::2], LABELS[::2])
    assert model.classes_.tolist() == ["brick", "coins", "grass"]
    assert model.multilabel_ is False
    scores = model.decision_function(paths)
    assert scores.shape == (12, 3)
    assert np.isfinite(scores).all()
    top = model.predict_top_k(paths, 2)
    assert top.shape == (12, 2)
    assert model.predict(paths).tolist() == top[:, 0].tolist() == model.classes_[scores.argmax(axis=1)].tolist()
    assert model.score(paths, LABELS) >= 0.7  # chance is 0.33
    two = make(classifier).fit(paths[:8], LABELS[:8])
    signs = two.decision_function(paths[:8])
    assert signs.shape == (8,)
    assert two.predict(paths[:8]).tolist() == two.classes_[(signs > 0).astype(int)].tolist()
    assert two.predict_top_k(paths[:8], 5).shape == (8, 2)
    assert not hasattr(clone(model), "classes_")


@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_held_out_scores_of_every_classifier(classifier, paths):
    model = image_classifier(classifier).fit_encoders(paths)
    signatures = model.signatures(paths)
    held_out = model.fit_classifier_out_of_fold(signatures, LABELS, [5], cv=3)
    assert held_out.shape == (12, 3)
    assert np.isnan(held_out[5]).all()
    read = np.delete(np.arange(12), 5)
    assert bovw.top_k_error(np.array(LABELS)[read], held_out[read], k=1, classes=model.classes_) <= 0.3
    np.testing.assert_array_equal(held_out, model.out_of_fold_scores(signatures, LABELS, [5], cv=3))


SAVED = [name for name in EVERY if name.split("-")[1] in OUR_CLASSIFIERS]


@pytest.mark.parametrize(("make", "classifier"), [EVERY[name] for name in SAVED], ids=SAVED)
def test_saved_models_answer_as_before(make, classifier, paths, tmp_path):
    model = make(classifier).fit(paths, LABELS)
    model.save(tmp_path)
    again = load_classifier(tmp_path)
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.decision_function(paths), model.decision_function(paths))
    assert again.predict(pd.Series(paths, index=SHUFFLED)).tolist() == model.predict(paths).tolist()


@pytest.mark.parametrize("classifier", OTHER_CLASSIFIERS.values(), ids=OTHER_CLASSIFIERS)
def test_what_cannot_be_saved_is_named(classifier, paths, tmp_path):
    model = image_classifier(classifier).fit(paths, LABELS)
    with pytest.raises(bovw.ParameterError, match=rf"classifier.*{type(classifier).__name__}"):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_probabilities_where_the_classifier_has_them(paths, fitted):
    model = image_classifier(LogisticRegression())
    assert hasattr(model, "predict_proba")
    model.fit(paths, LABELS)
    probabilities = model.predict_proba(paths)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert model.classes_[probabilities.argmax(axis=1)].tolist() == model.predict(paths).tolist()
    for lacking, classifier in ((fitted, "OneVsRestDual"), (image_classifier(LinearSVC()), "LinearSVC")):
        assert not hasattr(lacking, "predict_proba")
        message = f"BovwClassifier has no predict_proba: its classifier, {classifier}, has none; take .*LogisticRegress"
        with pytest.raises(AttributeError, match=message):
            lacking.predict_proba(paths)
    with pytest.raises(AttributeError, match=r"FusedClassifier has no predict_proba: .*PlattScaling"):
        fused_classifier().predict_proba(paths)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_weights_of_images_reach_the_classifier(make, paths):
    plain = make().fit(paths, LABELS)
    ones = make().fit(paths, LABELS, np.ones(12))
    np.testing.assert_array_equal(ones.decision_function(paths), plain.decision_function(paths))
    heavy = pd.Series(np.where(np.array(LABELS) == "grass", 0.01, 1.0), index=SHUFFLED)
    weighted = make().fit(paths, LABELS, sample_weight=heavy)
    assert weighted.decision_function(paths)[:, 2].mean() < plain.decision_function(paths)[:, 2].mean()
    for wrong in (np.ones(11), -np.ones(12), np.full(12, np.nan)):
        with pytest.raises(bovw.ParameterError, match="sample_weight"):
            make().fit(MISSING, LABELS, wrong)


def test_a_skipped_image_takes_its_label_and_weight_with_it(paths):
    weights = np.linspace(0.1, 2, 12)
    with_hole = np.insert(np.array(paths, dtype=object), 4, "missing.png")
    model = image_classifier(on_error="skip").fit(with_hole, np.insert(LABELS, 4, "grass"), np.insert(weights, 4, 9.0))
    whole = image_classifier().fit(paths, LABELS, weights)
    assert list(model.skipped_) == ["missing.png"]
    np.testing.assert_array_equal(model.decision_function(paths), whole.decision_function(paths))
    signatures = model.signatures(with_hole)
    held_out = model.out_of_fold_scores(signatures, np.insert(LABELS, 4, "grass"), [4], np.insert(weights, 4, 9.0))
    expected = whole.out_of_fold_scores(whole.signatures(paths), LABELS, sample_weight=weights)
    np.testing.assert_array_equal(np.delete(held_out, 4, axis=0), expected)


def test_weights_are_routed_by_scikit_learn(paths):
    weights = np.where(np.array(LABELS) == "grass", 0.01, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = image_classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"classifier__C": [1.0]}, cv=2).fit(paths, LABELS, sample_weight=weights)
    expected = image_classifier(bovw.OneVsRestDual(C=1.0)).fit(paths, LABELS, weights)
    np.testing.assert_array_equal(search.decision_function(paths), expected.decision_function(paths))


def test_scikit_learn_takes_a_series_of_paths(paths):
    table = pd.DataFrame({"path": paths, "label": LABELS}, index=SHUFFLED)
    assert cross_val_score(image_classifier(), table.path, table.label, cv=2).mean() > 0.7
    steps = Pipeline([("signature", encoder()), ("svm", LinearSVC())])
    assert cross_val_score(steps, table.path, table.label, cv=2).mean() > 0.7
    grid = {"signature__pyramid__encoder__codebook__n_words": [2, 12], "svm__C": [1.0]}
    search = GridSearchCV(steps, grid, cv=2).fit(table.path, table.label)
    assert search.predict(table.path[::-1]).tolist() == LABELS[::-1]


def test_a_search_reaches_into_defaults(paths):
    small = {"encoder__pyramid__encoder__codebook__n_components": 2, "encoder__pca__n_components": 8}
    model = bovw.BovwClassifier().set_params(**small, encoder__n_descriptors=500)
    grid = {"classifier__C": [1.0, 10.0], "encoder__extractor__step": [8, 24]}
    search = GridSearchCV(model, grid, cv=2).fit(paths, LABELS)
    assert set(search.best_params_) == set(grid)
    best = search.best_estimator_
    assert best.classifier_.C == search.best_params_["classifier__C"]
    assert best.encoders_[0].extractor.step == search.best_params_["encoder__extractor__step"]
    assert best.signature_size == 2 * 2 * 8
    assert isinstance(fused_classifier().set_params(fusion__weights="equal").fusion, bovw.ScoreFusion)


def test_what_none_stands_for_is_said_once(paths):
    spelled = bovw.BovwClassifier(
        bovw.ImageEncoder(
            bovw.DenseSIFT(), pca=bovw.DescriptorPCA(64), pyramid=bovw.SpatialPyramid(
                bovw.FisherVector(bovw.GMMCodebook(64)), norm=("power", "l2"),
            ),
        ), classifier=bovw.OneVsRestDual(),
    )
    images = [bovw.read_image(path) for path in paths[::2]]
    models = [model.fit(images, LABELS[::2]) for model in (bovw.BovwClassifier(), spelled)]
    np.testing.assert_array_equal(*(model.decision_function(images) for model in models))


def test_signatures_as_a_table(paths):
    alone = encoder().fit(paths)
    assert alone.get_feature_names_out().tolist() == [f"imageencoder{i}" for i in range(12)]
    plain = alone.transform(paths)
    table = clone(alone).set_output(transform="pandas").fit_transform(paths)
    assert table.columns.tolist() == alone.get_feature_names_out().tolist()
    np.testing.assert_array_equal(table.to_numpy(), plain)
    with sklearn.config_context(transform_output="pandas"):
        model = bovw.BovwClassifier(encoder(pca=bovw.DescriptorPCA(8), kernel_map=bovw.HomogeneousKernelMap()))
        assert model.fit(paths, LABELS).score(paths, LABELS) == 1


WRONG = {
    "on_error='ignore'": lambda: image_classifier(on_error="ignore"),
    r"encoder=\[\]": lambda: bovw.BovwClassifier([]),
    r"encoder\[1\]": lambda: bovw.BovwClassifier([encoder(), bovw.DenseSIFT()]),
    "encoder='sift'": lambda: bovw.BovwClassifier("sift"),
    "n_descriptors=0": lambda: bovw.BovwClassifier(encoder(n_descriptors=0)),
    "n_descriptors=-1": lambda: bovw.BovwClassifier([encoder(), encoder(n_descriptors=-1)]),
    "n_images=1.5": lambda: bovw.BovwClassifier(encoder(n_images=1.5)),
    "did you mean 'max_side'": lambda: bovw.BovwClassifier(encoder(resize={"maxside": 100})),
    "resize.max_side=0": lambda: bovw.BovwClassifier(encoder(resize={"max_side": 0})),
    "resize=100": lambda: bovw.BovwClassifier(encoder(resize=100)),
    "pca.n_components=200": lambda: bovw.BovwClassifier(encoder(pca=bovw.DescriptorPCA(200))),
    "pca='pca'": lambda: bovw.BovwClassifier(encoder(pca="pca")),
    "random_state='one'": lambda: bovw.BovwClassifier(encoder(random_state="one")),
    "n_jobs=0": lambda: image_classifier(n_jobs=0),
    "verbose='yes'": lambda: image_classifier(verbose="yes"),
    "codec=DenseSIFT": lambda: image_classifier(codec=bovw.DenseSIFT()),
    "classifier=KMeansCodebook": lambda: image_classifier(bovw.KMeansCodebook()),
    "classifier=<class": lambda: image_classifier(LinearSVC),
    "name its kernel": lambda: image_classifier(bovw.OneVsRestDual(kernel="precomputed")),
    "cv=1": lambda: bovw.FusedClassifier([image_classifier()], cv=1),
    r"members=\[\]": lambda: bovw.FusedClassifier([]),
    r"members\[1\]": lambda: bovw.FusedClassifier([image_classifier(), encoder()]),
    "fusion=LinearSVC": lambda: bovw.FusedClassifier([image_classifier()], fusion=LinearSVC()),
    "step=0": lambda: bovw.BovwClassifier(bovw.ImageEncoder(bovw.DenseSIFT(step=0))),
}


@pytest.mark.parametrize(("message", "make"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_is_said_before_an_image_is_read(message, make):
    with pytest.raises(bovw.ParameterError, match=message):
        make().fit(MISSING, LABELS)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_labels_are_checked_before_an_image_is_read(make):
    for y, message in (
        (LABELS[:-1], "y has 11 labels for 12 images; one label an image"),
        (["brick"] * 12, "1 class only"),
        (np.ones((12, 1)), r"indicator matrix.*: give np\.ravel\(y\)"),
        (pd.DataFrame({"label": LABELS}), r"one label an image.*: give y\['label'\]"),
        (set(LABELS), "y is a set; .*give a list"),
        ([0.5] * 6 + [1.5] * 6, "no class label"),
    ):
        with pytest.raises(ValueError, match=message):
            make().fit(MISSING, y)


@pytest.mark.parametrize("globally", [True, False], ids=["set_config", "set_output"])
def test_descriptor_sets_pass_a_pipeline_whose_end_becomes_a_table(photograph, globally):
    images = [photograph[:64, i:i + 64] for i in (0, 64, 128)]
    words = bovw.SpatialPyramid(bovw.HardAssignment(bovw.KMeansCodebook(4, random_state=0)))
    steps = make_pipeline(bovw.DenseSIFT(step=8), bovw.DescriptorPCA(8), words)
    plain = clone(steps).fit_transform(images)
    with sklearn.config_context(transform_output="pandas" if globally else "default"):
        if not globally:
            steps.set_output(transform="pandas")
        tables = [steps.fit_transform(images), steps.transform(images)]
        assert isinstance(steps[:2].fit_transform(images), bovw.DescriptorSet)
    for table in tables:
        assert isinstance(table, pd.DataFrame)
        np.testing.assert_array_equal(table.to_numpy(), plain)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resize": {"max_side": 1}}, r"DenseSIFT finds none in images of at most 1 x 1 pixels, "
                                      r"resize={'max_side': 1}; it needs 13 x 13; give larger images, or smaller bins"),
        ({"extractor": bovw.DenseSIFT(bin_size=4000)}, r"DenseSIFT finds none in images of at most 20 x 30 pixels; g"),
        ({"extractor": bovw.HOG(patch_sizes=32)}, r"HOG finds none .* most 20 x 30 pixels; it needs 32 x 32"),
    ],
)
@pytest.mark.parametrize("pca", [None, bovw.DescriptorPCA(4)], ids=["no PCA", "PCA"])
def test_images_without_any_descriptor_are_the_reason_that_is_named(changes, message, pca):
    images = [np.zeros((20, 30), np.uint8), np.zeros((18, 22), np.uint8)]
    with pytest.raises(bovw.ParameterError, match="no training image has a descriptor: " + message):
        encoder(pca=pca).set_params(**changes).fit(images)


@pytest.mark.parametrize("learner", [
    bovw.DescriptorPCA(2), bovw.KMeansCodebook(2), bovw.GMMCodebook(2), bovw.HierarchicalKMeans(2, depth=2),
    bovw.HardAssignment(bovw.KMeansCodebook(2)), bovw.SpatialPyramid(bovw.VLAD(bovw.KMeansCodebook(2))),
], ids=lambda learner: type(learner).__name__)
def test_what_learns_from_descriptor_sets_without_descriptors_says_so(learner):
    with pytest.raises(bovw.ParameterError, match=r"no image in X has a descriptor.*give larger images"):
        make_pipeline(bovw.DenseSIFT(), clone(learner)).fit([np.zeros((5, 5), np.uint8)] * 3)
