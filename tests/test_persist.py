"""Models on disk come back whole, or are refused with a sentence."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import bovw
from bovw._files import document_checksum
from bovw.experiment.member import MemberRun
from bovw.persist import check_saveable, load_model, model_fingerprint, save_model

from .golden.make_model_version_1 import images_and_labels


@pytest.fixture(scope="module")
def fitted(window_arrays):
    images = [w for windows in window_arrays.values() for w in windows]
    labels = [name for name, windows in window_arrays.items() for _ in windows]
    encoder = bovw.ImageEncoder(
        bovw.DenseSIFT(step=8, bin_size=(4,)), pca=bovw.DescriptorPCA(8), n_descriptors=1000,
        pyramid=bovw.SpatialPyramid(bovw.FisherVector(bovw.GMMCodebook(2, max_iter=3)), cells=("1x1", "1x2")),
    )
    return bovw.BovwClassifier(encoder).fit(images, labels), images


@pytest.fixture
def saved(fitted, tmp_path):
    fitted[0].save(tmp_path / "model")
    return tmp_path / "model"


def test_a_model_comes_back_with_the_same_scores(fitted, saved):
    model, images = fitted
    again = bovw.BovwClassifier.load(saved)
    np.testing.assert_array_equal(again.decision_function(images), model.decision_function(images))
    np.testing.assert_array_equal(again.predict_top_k(images, 3), model.predict_top_k(images, 3))
    assert repr(again.get_params()) == repr(model.get_params())


def test_there_is_no_pickle_in_a_model(saved):
    for path in saved.iterdir():
        assert path.suffix in (".json", ".npy")
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)


def test_saving_again_replaces_the_model_and_leaves_no_stale_array(fitted, saved):
    before = {p.name for p in saved.iterdir()}
    save_model(bovw.DescriptorPCA(4).fit(np.random.default_rng(0).normal(size=(30, 6))), saved)
    after = {p.name for p in saved.iterdir()}
    assert "model.json" in after
    assert not (before & after - {"model.json"})
    assert isinstance(load_model(saved), bovw.DescriptorPCA)
    with pytest.raises(bovw.ModelFormatError, match="holds a DescriptorPCA, not a BovwClassifier"):
        bovw.BovwClassifier.load(saved)


def test_every_changed_byte_is_noticed(saved):
    rng = np.random.default_rng(0)
    for path in sorted(saved.iterdir()):
        data = path.read_bytes()
        for place in {0, len(data) - 2, *rng.integers(0, len(data), 12).tolist()}:
            broken = bytearray(data)
            broken[place] ^= 0x01
            path.write_bytes(bytes(broken))
            if path.suffix == ".json" and _same_document(broken, data):
                continue  # white space between tokens
            with pytest.raises(bovw.ModelFormatError, match=path.name.replace(".", r"\.")):
                load_model(saved)
        path.write_bytes(data)
    load_model(saved)


def _same_document(a, b):
    try:
        return json.loads(bytes(a).decode()) == json.loads(b.decode())
    except ValueError:
        return False


def test_a_missing_array_is_named(saved):
    victim = next(saved.glob("*.npy"))
    victim.unlink()
    with pytest.raises(bovw.ModelFormatError, match=rf"{victim.name.replace('.', chr(92) + '.')} is missing"):
        load_model(saved)


def test_a_cut_array_is_named(saved):
    victim = max(saved.glob("*.npy"), key=lambda p: p.stat().st_size)
    victim.write_bytes(victim.read_bytes()[:-10])
    with pytest.raises(bovw.ModelFormatError, match="is damaged"):
        load_model(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format="other"), "not a bovw-model"),
        (lambda d: d.update(version=99), "format version 99"),
        (lambda d: d["model"].update({"class": "FischerVector"}), "did you mean 'FisherVector'"),
        (lambda d: d["model"]["parameters"].update(color=1), "unknown parameter 'color'"),
        (lambda d: d["arrays"].update({"x": {"file": "../../etc/x.npy", "sha256": ""}}), "outside its folder"),
        (lambda d: d["arrays"].clear(), "malformed"),
    ],
)
def test_a_wrong_document_is_refused(saved, change, message):
    document = json.loads((saved / "model.json").read_text())
    change(document)
    document["checksum"] = document_checksum(document)  # as a foreign program would write it
    (saved / "model.json").write_text(json.dumps(document))
    with pytest.raises(bovw.ModelFormatError, match=message):
        load_model(saved)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(bovw.ModelFormatError, match=r"no model\.json"):
        load_model(tmp_path / "nowhere")


def test_foreign_estimators_and_objects_are_not_saved(tmp_path):
    with pytest.raises(bovw.ParameterError, match="LogisticRegression"):
        save_model(bovw.BovwClassifier(classifier=LogisticRegression()), tmp_path / "a")
    with pytest.raises(bovw.ParameterError, match="finite"):
        save_model(bovw.DescriptorPCA(regularization=float("nan")), tmp_path / "b")
    assert not (tmp_path / "a" / "model.json").exists()


def test_a_failed_save_leaves_the_old_model(fitted, saved):
    good = load_model(saved)
    with pytest.raises(bovw.ParameterError):
        save_model(bovw.BovwClassifier(classifier=LogisticRegression()), saved)
    assert repr(load_model(saved)) == repr(good)
    shutil.rmtree(saved)


GOLDEN = Path(__file__).parent / "golden"


def test_a_model_of_the_first_format_gives_the_scores_that_it_gave_then():
    """Its parameters and their values had other names: tests/golden/make_model_version_1.py."""
    model = load_model(GOLDEN / "model_version_1")
    images, _ = images_and_labels()
    expected = json.loads((GOLDEN / "model_version_1_scores.json").read_text())
    for member, scores in zip(model.members_, expected, strict=True):
        np.testing.assert_allclose(member.decision_function(images), scores, rtol=0, atol=2e-4)
    sift, hog, lbp, color = (encoder.extractor for encoder in model.members_[0].encoders_)
    assert (sift.color_space, sift.spatial_bins) == ("gray", 2)
    assert (hog.patch_cells, lbp.patch_cells, color.patch_cells) == (2, 1, 2)
    assert model.members_[0].encoders_[0].pyramid_.encoder_.regularization == 1e-3
    machine = model.members_[0].classifier_
    assert (machine.class_weight, machine.class_weight_) == (2, 2)


def test_a_model_of_the_first_format_is_written_in_todays(tmp_path):
    model = load_model(GOLDEN / "model_version_1")
    save_model(model, tmp_path)
    assert json.loads((tmp_path / "model.json").read_text())["version"] == 2
    assert model_fingerprint(load_model(tmp_path)) == model_fingerprint(model)


def test_names_of_the_first_format_are_translated_in_it_alone(tmp_path):
    save_model(bovw.DescriptorPCA(4), tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    document["model"] = {"class": "LLC", "parameters": {"beta": 1e-3}, "state": {}}
    for version, unknown in ((1, "regularization"), (2, "beta")):
        document["version"] = version
        document["checksum"] = document_checksum(document)
        (tmp_path / "model.json").write_text(json.dumps(document))
        if unknown in bovw.LLC().get_params():
            assert load_model(tmp_path).get_params()[unknown] == 1e-3
        else:
            with pytest.raises(bovw.ModelFormatError, match=f"unknown parameter '{unknown}'"):
                load_model(tmp_path)


@pytest.mark.parametrize(
    ("estimator", "place"),
    [
        (bovw.BovwClassifier(classifier=LogisticRegression()),
         r"model\.classifier is a sklearn\.linear_model\._logistic\.LogisticRegression; only estimators of bovw"),
        (bovw.BovwClassifier([bovw.ImageEncoder(), bovw.ImageEncoder(pca=LogisticRegression())]),
         r"model\.encoder\.1\.pca is a sklearn"),
        (bovw.DescriptorPCA(regularization=float("inf")), r"model\.regularization is inf"),
        (bovw.OneVsRestDual(class_weight=len), r"model\.class_weight is a builtin_function_or_method"),
    ],
    ids=["classifier", "inside", "infinite", "function"],
)
def test_what_cannot_be_saved_is_said_by_its_place(estimator, place):
    with pytest.raises(bovw.ParameterError, match=place):
        check_saveable(estimator)


def test_a_run_says_so_before_the_work(tmp_path):
    model = bovw.BovwClassifier(classifier=LogisticRegression())
    run = MemberRun(tmp_path / "member", "key", model, [], [], np.array([]), [], [], held_out=False, verbose=False)
    with pytest.raises(bovw.ParameterError, match=r"model\.classifier"):
        run.run()
    assert not (tmp_path / "member").exists()


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng], ids=["RandomState", "Generator"])
def test_a_generator_that_a_model_was_drawn_with_does_not_lose_it(tmp_path, make):
    X = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    model = bovw.KMeansCodebook(4, random_state=make(0)).fit(X)
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    assert again.random_state is None
    np.testing.assert_array_equal(again.words_, model.words_)
    assert model_fingerprint(again) == model_fingerprint(model)


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (np.array(["cat", "owl", "sheep"], object), "<U5"),
        (np.array(["cat", "owl", "sheep"], np.dtypes.StringDType()), "<U5"),
        (np.array([1, 2, 30], object), "int64"),
        (np.array([1, 2.5, 30], object), "float64"),
        (np.array(["cat", "owl"]), "<U3"),
        (np.array([3, 4], np.uint8), "uint8"),
    ],
    ids=["str objects", "StringDType", "int objects", "numbers", "str", "uint8"],
)
def test_labels_of_any_kind_are_saved(tmp_path, labels, dtype):
    model = bovw.DescriptorPCA()
    model.classes_ = labels
    save_model(model, tmp_path)
    classes = load_model(tmp_path).classes_
    assert classes.dtype == dtype
    assert classes.tolist() == labels.tolist()
    assert model_fingerprint(load_model(tmp_path)) == model_fingerprint(model)


@pytest.mark.parametrize(
    "labels", [["cat", 1], ["cat", None], [None], [object()]], ids=["two kinds", "one is None", "None", "an object"]
)
def test_mixed_objects_are_refused_and_nothing_is_written(tmp_path, labels):
    model = bovw.DescriptorPCA()
    model.classes_ = np.array(labels, object)
    with pytest.raises(bovw.ParameterError, match=r"model\.classes_ is an array of objects"):
        save_model(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_paths_and_numpy_numbers_are_saved_as_what_they_say(tmp_path):
    model = bovw.OneVsRestDual(C=np.float32(0.5), max_iter=np.int64(7), class_weight={"a": np.float64(2), "b": 1})
    model.source_ = tmp_path
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert (again.C, again.max_iter, again.class_weight) == (0.5, 7, {"a": 2.0, "b": 1})
    assert again.source_ == str(tmp_path)


def test_a_model_is_written_into_no_folder_of_other_things(tmp_path):
    pca = bovw.DescriptorPCA(2)
    (tmp_path / "d.csv").write_text("1,2")
    with pytest.raises(bovw.ParameterError, match=r"d\.csv is a file; .*give a folder"):
        save_model(pca, tmp_path / "d.csv")
    others = {"photos": "a.jpg", "keras": "model.json", "hidden": ".git", "arrays": "model.npy"}
    for folder, name in others.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("{}")
        with pytest.raises(bovw.ParameterError, match=f"{folder} holds files that are no model; give a new or empty"):
            save_model(pca, tmp_path / folder)
        assert [path.name for path in (tmp_path / folder).iterdir()] == [name]
    (tmp_path / "empty").mkdir()
    save_model(pca, tmp_path / "empty")
    assert isinstance(load_model(tmp_path / "empty"), bovw.DescriptorPCA)


def test_a_save_that_was_cut_short_can_be_done_again(saved):
    (saved / "model.json").unlink()
    (saved / ".model.json.x1.part").write_text("{")
    save_model(bovw.DescriptorPCA(2), saved)
    assert [path.name for path in saved.iterdir()] == ["model.json"]


def test_a_classifier_of_others_is_refused_with_the_ways_out(tmp_path):
    with pytest.raises(bovw.ParameterError, match=r"model\.classifier is a sklearn.*: take one of bovw's, or .*joblib"):
        save_model(bovw.BovwClassifier(classifier=LogisticRegression()), tmp_path)
