"""Runs on images that show several classes: PASCAL VOC 2007's layout, from config to table."""

import csv
import json
import re

import numpy as np
import pytest

import bovw
from bovw.cli.main import main
from bovw.display.report import write_report
from bovw.experiment import append_run, run_experiment
from bovw.experiment.compare import compare_runs, format_comparison
from bovw.experiment.config import check_config
from bovw.experiment.ledger import check_line, ledger_line, read_ledger
from bovw.experiment.outcomes import read_draws, write_scores
from bovw.experiment.table import render_table
from bovw.experiment.tasks import MultiLabelTask, task_of
from bovw.pipeline import load_classifier
from bovw.stores import SignatureStore

from ..datasets.layouts import write_layout

N_CLASSES = 4
PUBLISHED = [
    {"paper": "A: paper", "data": "Caltech-101", "measure": "mean_class_accuracy", "accuracy": 73.0},
    {"paper": "A: paper", "data": "VOC 2007", "measure": "mAP", "accuracy": 58.3},
]


@pytest.fixture(scope="module")
def voc(tmp_path_factory):
    """40 training and 24 test images of 4 classes; every third shows two, every fifth has a difficult one."""
    return write_layout("voc2007", tmp_path_factory.mktemp("voc"), 10, 6, n_classes=N_CLASSES, side=48)


def config_of(**changes):
    tree = {
        "name": "small",
        "published": PUBLISHED,
        "data": {"n_train": 3, "n_test": 2},
        "channels": {"sift": {
            "n_descriptors": 2000,
            "extractor": {"type": "DenseSIFT", "step": 8, "bin_size": [4]},
            "codebook": {"type": "KMeansCodebook", "n_words": 16, "max_iter": 5},
            "encoder": {"type": "HardAssignment"},
            "pyramid": {"norm": ["l1", "l2"]},
        }},
        "classifier": {"type": "OneVsRestDual", "C": [1.0, 10.0], "cv": 3},
    }
    options = {"lite": changes.pop("lite", False)}
    return check_config({**tree, **changes}, **options)


def run(config, data, out, **options):
    return run_experiment(config, data, out, verbose=False, n_jobs=1, **options)


@pytest.fixture(scope="module")
def finished(voc, tmp_path_factory):
    """(folder, metrics) of a run."""
    out = tmp_path_factory.mktemp("runs") / "run"
    return out, run(config_of(), voc, out)


def test_a_run_trains_on_trainval_and_reports_mean_average_precision(voc, finished):
    out, metrics = finished
    assert json.loads((out / "metrics.json").read_text()) == metrics
    data = bovw.open_dataset(voc)
    assert (metrics["n_train"], metrics["n_test"], metrics["draws"]) == (40, 24, 1), "not data.n_train"
    model = bovw.BovwClassifier.load(out / "model")
    assert model.classes_.tolist() == list(data.classes)
    scores = model.decision_function([data.images[i] for i in data.test])
    shown, left_out = data.targets[data.test], data.difficult[data.test]
    assert left_out.any()
    for name, method in (("mAP", "11-point"), ("mAP_step", "step")):
        expected = bovw.class_average_precisions(shown, scores, method, ignore=left_out)
        assert metrics["average_precisions"][name] == pytest.approx(expected)
        assert metrics[name]["mean"] == pytest.approx(expected.mean())
        assert metrics[name]["draws"] == [metrics[name]["mean"]]
        assert metrics[name]["std"] is None
        interval = metrics[name]["interval"]
        assert interval["low"] < metrics[name]["mean"] < interval["high"]
    assert metrics["mAP"]["mean"] > shown.mean() + 0.2
    counted_as_absent = bovw.mean_average_precision(shown, scores, "11-point")
    assert counted_as_absent != pytest.approx(metrics["mAP"]["mean"])
    assert metrics["class_images"] == shown.sum(axis=0).tolist()
    assert "top1" not in metrics


def test_difficult_training_images_are_left_out_of_their_class(voc, tmp_path):
    data = bovw.open_dataset(voc)
    labels = task_of(data).labels
    np.testing.assert_array_equal(labels == -1, data.difficult)
    np.testing.assert_array_equal(labels == 1, data.targets & ~data.difficult)
    config = config_of(classifier={"type": "OneVsRestDual", "kernel": "intersection", "C": 100.0})
    run(config, voc, tmp_path / "run")
    beta = bovw.BovwClassifier.load(tmp_path / "run" / "model").classifier_.dual_coef_
    difficult = data.difficult[data.train].T
    assert difficult.any(axis=1).all()
    assert not beta[difficult].any()
    assert (beta[data.targets[data.train].T] > 0).any()


def test_the_file_of_predictions_gives_every_score_back(voc, finished):
    out, metrics = finished
    (draw,) = read_draws(out)
    data = bovw.open_dataset(voc)
    assert draw.classes == data.classes
    np.testing.assert_array_equal(draw.labels, task_of(data).labels[data.test])
    model = bovw.BovwClassifier.load(out / "model")
    np.testing.assert_array_equal(draw.scores, model.decision_function([data.images[i] for i in data.test]))
    with open(out / "draw-00" / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["image", "truth", "left_out", "score:aeroplane"]
    assert rows[2]["truth"] == "aeroplane;bicycle"
    assert rows[4]["left_out"] == "bird"
    assert draw.average_precisions("mAP").mean() == pytest.approx(metrics["mAP"]["mean"])


@pytest.mark.parametrize("spoil, match", [
    (lambda text: text.replace("aeroplane;bicycle", "aeroplane;tricycle"), "line 4: 'tricycle' is no class"),
    (lambda text: re.sub(r",-?\d\.\d+\n", ",high\n", text, count=1), "line 2: could not convert .*'high'"),
    (lambda text: re.sub(r",-?\d\.\d+\n", ",inf\n", text, count=1), "line 2: a score is not finite"),
    (lambda text: re.sub(r",-?\d\.\d+\n", ",nan\n", text, count=1), "line 2: a score is not finite"),
    (lambda text: re.sub(r",-?\d\.\d+\n", "\n", text, count=1), "line 2: it has not as many fields"),
    (lambda text: text.replace("left_out,", "left,"), "needs the columns"),
])
def test_damaged_predictions_are_refused(finished, tmp_path, spoil, match):
    text = (finished[0] / "draw-00" / "predictions.csv").read_text()
    assert spoil(text) != text
    (tmp_path / "draw-00").mkdir()
    (tmp_path / "draw-00" / "predictions.csv").write_text(spoil(text))
    with pytest.raises(bovw.DatasetError, match=match):
        read_draws(tmp_path)


def test_names_with_the_mark_between_names_are_refused(tmp_path):
    with pytest.raises(bovw.DatasetError, match="'b;c' has ';' in its name"):
        write_scores(tmp_path / "p.csv", ["x"], np.int8([[1, 0]]), np.float32([[1, 2]]), ("a", "b;c"))


def test_lite_draws_some_images_of_each_class(voc, tmp_path):
    metrics = run(config_of(lite=True), voc, tmp_path / "run")
    assert N_CLASSES <= metrics["n_train"] <= 3 * N_CLASSES
    assert N_CLASSES <= metrics["n_test"] <= 2 * N_CLASSES
    assert 0 <= metrics["mAP"]["mean"] <= 1
    again = run(config_of(lite=True), voc, tmp_path / "again")
    assert again["mAP"] == metrics["mAP"]


@pytest.mark.parametrize("stop_at", [1, 3, 5])
def test_a_stopped_run_ends_with_the_same_bytes(voc, finished, tmp_path, monkeypatch, stop_at):
    monkeypatch.setattr("bovw.experiment.member.BLOCK_ROWS", 8)
    monkeypatch.setattr("bovw.stores.signature_store._SHARD_ROWS", 16)
    calls = [0]

    def stopping(write):
        def stop(self, *arguments):
            calls[0] += 1
            if calls[0] == stop_at:
                raise KeyboardInterrupt
            write(self, *arguments)

        return stop

    with monkeypatch.context() as patch:
        patch.setattr(SignatureStore, "write", stopping(SignatureStore.write))
        with pytest.raises(KeyboardInterrupt):
            run(config_of(), voc, tmp_path)
    metrics = run(config_of(), voc, tmp_path)
    assert metrics["mAP"] == finished[1]["mAP"]
    for name in ("draw-00/predictions.csv", "model/model.json"):
        assert (tmp_path / name).read_bytes() == (finished[0] / name).read_bytes()
    assert {p.name for p in (tmp_path / "draw-00").iterdir()} == {"predictions.csv", "result.json"}


@pytest.mark.parametrize("classifier", [
    {"type": "OneVsRestSGD", "C": 10.0, "early_stopping": True, "validation_fraction": 0.2},
    {"type": "NearestNeighbor", "n_neighbors": 3, "distance": "chi2"},
])
def test_other_classifiers(voc, tmp_path, classifier):
    metrics = run(config_of(classifier=classifier), voc, tmp_path)
    assert metrics["mAP"]["mean"] > 0.4
    assert load_classifier(tmp_path / "model").multilabel_


def test_a_loss_of_one_class_an_image_says_so(voc, tmp_path):
    with pytest.raises(bovw.ParameterError, match="loss='multinomial' needs one label a row"):
        run(config_of(classifier={"type": "OneVsRestSGD", "loss": "multinomial"}), voc, tmp_path)


def test_fused_channels_draws_and_cache(voc, tmp_path):
    sift = config_of().tree["channels"]["sift"]
    color = {**sift, "extractor": {"type": "ColorStatistics", "patch_sizes": [16], "step": 8}}
    config = config_of(
        fusion="scores", channels={"sift": sift, "color": color}, data={"draws": 2, "seed": 3},
        classifier={"type": "OneVsRestDual", "C": 10.0},
    )
    metrics = run(config, voc, tmp_path / "run", cache=tmp_path / "cache")
    assert sum(metrics["fusion_weights"][0]) == pytest.approx(1)
    assert len(metrics["mAP"]["draws"]) == 2
    assert metrics["mAP"]["std"] is not None
    assert metrics["mAP"]["interval"]["low"] < metrics["mAP"]["mean"] < metrics["mAP"]["interval"]["high"]
    assert metrics["class_images"] == (2 * np.array(bovw.open_dataset(voc).targets[40:].sum(axis=0))).tolist()
    again = run(config, voc, tmp_path / "again", cache=tmp_path / "cache")
    assert again["mAP"] == metrics["mAP"]
    line = ledger_line(metrics, draws=read_draws(tmp_path / "run"))
    assert line["chosen"]["fusion weights"]["by"].startswith("cross-validation")
    assert isinstance(load_classifier(tmp_path / "run" / "model"), bovw.FusedClassifier)


def test_an_unreadable_test_image_comes_last(voc, tmp_path):
    data = bovw.open_dataset(voc)
    copy = write_layout("voc2007", tmp_path / "voc", 10, 6, n_classes=N_CLASSES, side=48)
    victim = copy / data.names[data.test[0]]
    victim = victim if victim.exists() else next(copy.rglob(data.names[data.test[0]].split("/")[-1]))
    victim.write_bytes(victim.read_bytes()[:100])
    with pytest.raises((bovw.ImageDecodeError, bovw.DatasetError)):
        run(config_of(), copy, tmp_path / "raise")
    metrics = run(config_of(data={"on_error": "skip"}), copy, tmp_path / "run")
    assert list(metrics["skipped"]) == [data.names[data.test[0]]]
    (draw,) = read_draws(tmp_path / "run")
    assert np.isnan(draw.scores[0]).all()
    assert (draw.judged_scores[0] < draw.scores[1:].min(axis=0)).all()
    assert draw.rank(5)[0].tolist() == [""] * N_CLASSES
    write_report(tmp_path / "run", metrics, copy)


def test_split_files_choose_images(voc, tmp_path):
    names = np.array(bovw.open_dataset(voc).names)
    (tmp_path / "train.txt").write_text("\n".join(names[::2]))
    (tmp_path / "test.txt").write_text("\n".join(names[1::2]))
    metrics = run(config_of(), voc, tmp_path / "run", split_files=(tmp_path / "train.txt", tmp_path / "test.txt"))
    assert (metrics["n_train"], metrics["n_test"]) == (32, 32)


def test_what_cannot_be_run_says_why(voc, tmp_path):
    data = bovw.open_dataset(voc)
    with pytest.raises(bovw.DatasetError, match="give lists of training and test images"):
        task_of(data.with_split(None, None)).limits(config_of())
    with pytest.raises(bovw.DatasetError, match="has no test image that shows aeroplane"):
        shows = np.flatnonzero(~data.targets[:, 0])
        task_of(data).check_split(data.train, shows)
    with pytest.raises(bovw.DatasetError, match="leave the taxonomy out"):
        MultiLabelTask(data, taxonomy=object())


# ---- ledger, table, report, compare


def test_ledger_and_table(finished, tmp_path):
    out, metrics = finished
    append_run(tmp_path / "voc2007.jsonl", metrics, run=out)
    (line,) = read_ledger(tmp_path / "voc2007.jsonl")
    assert line["metrics"]["mAP"]["interval"] == metrics["mAP"]["interval"]
    assert [row["name"] for row in line["classes"]] == metrics["classes"]
    assert [row["average_precision"] for row in line["classes"]] == metrics["average_precisions"]["mAP"]
    assert "C" in line["chosen"]
    table = render_table([line])
    head, _, row = table.split("\n")[:3]
    assert [cell.strip() for cell in head.split("|")[1:5]] == ["system", "published", "here", "uninterpolated"]
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[2].startswith("58.3") and "on" not in cells[2] and "73" not in cells[2]
    mean, interval = 100 * metrics["mAP"]["mean"], metrics["mAP"]["interval"]
    assert cells[3].startswith(f"**{mean:.2f} [{100 * interval['low']:.1f}")
    assert "*here*: mAP in per cent" in table
    assert "11 recall levels" in table


def test_ledger_lines_hold_one_kind_of_measure(finished):
    out, metrics = finished
    line = ledger_line(metrics)
    for measures in ({}, {"mAP_step": line["metrics"]["mAP_step"]},
                     {"mAP": line["metrics"]["mAP"], "top1": line["metrics"]["mAP"]}):
        with pytest.raises(bovw.StoreError, match="metrics must be top1 or mAP"):
            check_line({**line, "metrics": measures})
    with pytest.raises(bovw.StoreError, match=r"classes.0.images='many'"):
        check_line({**line, "classes": [{**line["classes"][0], "images": "many"}]})
    with pytest.raises(bovw.DatasetError, match="another mAP than metrics"):
        draw = read_draws(out)[0]
        ledger_line(metrics, draws=[draw._replace(scores=-draw.scores)])


def test_report(voc, finished):
    out, metrics = finished
    write_report(out, metrics, voc)
    page = (out / "report.html").read_text()
    assert f"{100 * metrics['mAP']['mean']:.2f}" in page
    assert "lowest average precision first" in page
    assert "Confusion matrix" not in page
    cards = page[page.index('class="cards"'):page.index("<h2>Examples")]
    assert "58.3" in cards
    assert "73.0" not in cards
    assert page.count("data:image/jpeg;base64,") == 12
    assert "http" not in page


def test_comparison(voc, finished, tmp_path):
    poor = config_of(name="poor", classifier={"type": "NearestNeighbor", "distance": "chi2"})
    run(poor, voc, tmp_path / "poor")
    c = compare_runs(tmp_path / "poor", finished[0])
    first, second = (read_draws(folder)[0].average_precisions("mAP") for folder in (tmp_path / "poor", finished[0]))
    row = c.measures[0]
    assert (row.measure, c.n_images) == ("mAP", 24)
    assert (row.first, row.second) == (pytest.approx(first.mean()), pytest.approx(second.mean()))
    assert row.difference == pytest.approx((second - first).mean())
    assert row.low <= row.difference <= row.high
    assert row.n_second_better == (second > first).sum()
    assert {r.name: r.difference for r in c.classes} == pytest.approx(
        dict(zip(finished[1]["classes"], second - first, strict=True))
    )
    text = format_comparison(c)
    assert "average precision: the first run is better on" in text
    assert main(["compare", str(tmp_path / "poor"), str(finished[0]), "--html", str(tmp_path / "c.html")]) == 0
    assert "how many classes either run does better on." in (tmp_path / "c.html").read_text()
    same = compare_runs(finished[0], finished[0])
    assert (same.measures[0].difference, same.disagreements) == (0, [])
    with pytest.raises(bovw.DatasetError, match="leave the taxonomy out"):
        compare_runs(finished[0], finished[0], taxonomy=object())


def test_command_line(voc, tmp_path, capsys):
    path = tmp_path / "small.toml"
    path.write_text(
        'name = "small"\n[[published]]\npaper = "P"\ndata = "VOC 2007"\nmeasure = "mAP"\naccuracy = 58.3\n'
        '[channels.sift]\nn_descriptors = 1000\n[channels.sift.extractor]\nstep = 8\nbin_size = [4]\n'
        '[channels.sift.codebook]\nn_words = 8\nmax_iter = 3\n[channels.sift.encoder]\ntype = "HardAssignment"\n'
    )
    out = tmp_path / "out"
    options = ["--data", str(voc), "--out", str(out), "--jobs", "1", "--ledger", str(tmp_path / "l.jsonl")]
    assert main(["run", str(path), *options]) == 0
    shown = capsys.readouterr()
    assert "all training images, all test images" in shown.err
    assert re.search(r"mAP, 11 points +\d+\.\d\d %  \[\d+\.\d\d, \d+\.\d\d\] \(95 % interval\)", shown.out)
    assert re.search(r"published +58\.30 %  \(mAP; VOC 2007; P\)", shown.out)
    assert main(["table", str(tmp_path / "l.jsonl")]) == 0
    assert "## PASCAL VOC 2007" in capsys.readouterr().out
    scores = out / "draw-00" / "predictions.csv"
    assert main(["evaluate", "--predictions", str(scores)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"aeroplane +0\.\d{4}", printed)
    metrics = json.loads((out / "metrics.json").read_text())
    assert re.search(rf"mean +{metrics['mAP']['mean']:.4f} +{metrics['mAP_step']['mean']:.4f}", printed)
    assert main(["evaluate", "--predictions", str(scores), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report["mAP"]["classes"].values()) == pytest.approx(metrics["average_precisions"]["mAP"])
    assert report["mAP"]["low"] == metrics["mAP"]["interval"]["low"]
    assert main(["evaluate", "--predictions", str(scores), "--meta", "meta.mat"]) != 0
    image = str(next(voc.rglob("*.jpg")))
    assert main(["predict", str(out / "model"), image, "--top", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["classes"]) == 2
    assert answer["scores"] == sorted(answer["scores"], reverse=True)
    assert main(["hedge", str(out / "model"), "--data", str(voc), "--taxonomy", str(voc)]) != 0
