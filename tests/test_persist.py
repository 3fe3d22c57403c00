"""Models on disk come back whole, or are refused with a sentence."""

import json
import shutil

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import bovw
from bovw.persist import load_model, save_model


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
    from bovw.persist import _checksum

    document = json.loads((saved / "model.json").read_text())
    change(document)
    document["checksum"] = _checksum(document)  # as a foreign program would write it
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
