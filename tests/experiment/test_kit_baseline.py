"""The development kit's baseline on words made up here, against LIBLINEAR and by ``bovw evaluate``."""

import json

import numpy as np
import pytest
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from bovw import OneVsRestDual, evaluate_files, load_model, run_kit_baseline
from bovw.cli.main import main
from bovw.errors import DatasetError, ParameterError
from bovw.experiment import kit_baseline
from bovw.interchange import ImageWords, list_files, write_sbow

from .. import mat_kit

WNIDS = ("n00000011", "n00000012", "n00000013", "n00000014")


def make_image(rng, label, name, n=60):
    """Words of four overlapping classes."""
    word = np.where(rng.random(n) < 0.2, rng.integers(0, 12, n) + 8 * label, rng.integers(0, 40, n)).astype(np.int16)
    x, y = rng.random((2, n), dtype=np.float32)
    return ImageWords(name, word, x, y, np.zeros(n, np.int8), np.ones(n, np.float32))


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """``train`` and ``val`` by synset, and the same test images in two numbered files with a truth file."""
    root, rng = tmp_path_factory.mktemp("features"), np.random.default_rng(0)
    for part in ("train", "val", "numbered"):
        (root / part).mkdir()
    tests = []
    for label, wnid in enumerate(WNIDS):
        train = [make_image(rng, label, f"{wnid}_{i}") for i in range(25)]
        held_out = [make_image(rng, label, f"{wnid}_val_{i}") for i in range(15)]
        write_sbow(root / f"train/{wnid}.sbow.mat", train)
        write_sbow(root / f"val/{wnid}.sbow.mat", held_out)
        tests += [(label + 1, image) for image in held_out]
    order = rng.permutation(len(tests))
    for number, part in enumerate(np.array_split(order, 2), 1):
        write_sbow(root / f"numbered/val.{number:04d}.sbow.mat", [tests[i][1] for i in part])
    (root / "truth.txt").write_text("".join(f"{tests[i][0]}\n" for i in order))
    mat_kit.write(root / "meta.mat")
    return root


def test_it_is_liblinear_on_normalized_counts(features, tmp_path):
    metrics = run_kit_baseline(features, tmp_path / "out", n_images=20, n_words=50, n_jobs=1)
    assert (metrics["n_train"], metrics["n_test"], metrics["n_classes"]) == (80, 60, 4)
    train = kit_baseline.read_bags(list_files(features / "train", ".sbow.mat"), n_images=20, n_words=50)
    test = kit_baseline.read_bags(list_files(features / "val", ".sbow.mat"), n_words=50)
    peer = LinearSVC(C=1, loss="squared_hinge", dual=True, fit_intercept=False, tol=1e-8, max_iter=100_000)
    peer.fit(normalize(train.counts), train.file + 1)
    scores = peer.decision_function(normalize(test.counts))
    model = load_model(tmp_path / "out/model")
    assert isinstance(model, OneVsRestDual) and not model.intercept_.any()
    X = normalize(test.counts).toarray().astype(np.float32)
    np.testing.assert_allclose(model.decision_function(X), scores, atol=0.02)
    ranked = np.argsort(-scores, axis=1, kind="stable") + 1
    written = np.loadtxt(tmp_path / "out/predictions.txt", dtype=int)
    assert (written[:, 0] == ranked[:, 0]).mean() > 0.95
    assert 0.1 < metrics["flat"][0] < 0.6 and metrics["flat"][3] == 0  # of four classes
    assert (tmp_path / "out/images.txt").read_text().split()[:2] == ["n00000011_val_0", "n00000011_val_1"]


def test_predictions_round_trip_through_evaluate(features, tmp_path):
    metrics = run_kit_baseline(features, tmp_path / "out", n_words=50, meta=features / "meta.mat", n_jobs=1)
    report = evaluate_files(tmp_path / "out/predictions.txt", tmp_path / "out/truth.txt", features / "meta.mat")
    assert {key: metrics[key] for key in report} == report
    assert len(report["hierarchical"]) == 5
    assert json.loads((tmp_path / "out/metrics.json").read_text())["flat"] == report["flat"]
    classes = (tmp_path / "out/classes.txt").read_text().splitlines()
    assert classes == [f"{i} {wnid}" for i, wnid in enumerate(WNIDS, 1)]


def test_numbered_files_with_ground_truth_give_the_same(features, tmp_path):
    arguments = {"n_words": 50, "meta": features / "meta.mat", "n_jobs": 2}
    by_name = run_kit_baseline(features, tmp_path / "a", **arguments)
    numbered = run_kit_baseline(
        features / "train", tmp_path / "b", test=features / "numbered", truth=features / "truth.txt", **arguments
    )
    assert numbered["flat"] == pytest.approx(by_name["flat"])
    assert numbered["hierarchical"] == pytest.approx(by_name["hierarchical"])


def test_beyond_the_gram_matrix_liblinear_solves_the_same(features, tmp_path, monkeypatch):
    small = run_kit_baseline(features, tmp_path / "a", n_words=50, n_jobs=1)
    monkeypatch.setattr(kit_baseline, "_GRAM_BYTES", 1000)
    large = run_kit_baseline(features, tmp_path / "b", n_words=50, n_jobs=1)
    assert large["flat"][0] == pytest.approx(small["flat"][0], abs=0.05)
    one, other = (load_model(tmp_path / name / "model") for name in "ab")
    np.testing.assert_allclose(one.coef_, other.coef_, atol=0.05)


def test_what_does_not_fit_is_named(features, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(DatasetError, match="no test files"):
        run_kit_baseline(features / "train", out, n_words=50)
    with pytest.raises(DatasetError, match="does not say its synsets"):
        run_kit_baseline(features / "train", out, test=features / "numbered", n_words=50)
    with pytest.raises(ParameterError, match="truth is given without meta"):
        run_kit_baseline(features, out, truth=features / "truth.txt", n_words=50)
    with pytest.raises(DatasetError, match="at least 2 synsets"):
        run_kit_baseline(features / "numbered", out, n_words=50)
    with pytest.raises(DatasetError, match="words must lie in"):
        run_kit_baseline(features, out, n_words=10)
    (tmp_path / "truth.txt").write_text("1\n")
    with pytest.raises(DatasetError, match="1 lines for 60 test images"):
        run_kit_baseline(features, out, truth=tmp_path / "truth.txt", meta=features / "meta.mat", n_words=50)
    assert not out.exists()


def test_bovw_run_trains_it_without_any_image(features, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["run", "kit_baseline", "--data", str(features), "--out", str(out), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "flat error at 1 to 5 guesses: 0." in printed
    flat = json.loads((out / "metrics.json").read_text())["flat"]
    assert f"{flat[0]:.4f}" in printed
