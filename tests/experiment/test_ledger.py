"""The ledger: what a line holds, that lines are only added, that nothing malformed is read."""

import json
import subprocess
import sys

import numpy as np
import pytest

import bovw
from bovw.errors import DatasetError, StoreError
from bovw.experiment import run_experiment
from bovw.experiment.config import check_config
from bovw.experiment.ledger import (
    CROSS_VALIDATED,
    append_line,
    append_run,
    describe_code,
    latest,
    ledger_line,
    read_ledger,
)
from bovw.experiment.outcomes import read_draws
from bovw.taxonomy import Taxonomy

from .runs import WNIDS, random_draws, write_run

TREE = Taxonomy(
    ["n00000009", "n00000008", *WNIDS],
    [("n00000009", "n00000008"), ("n00000009", WNIDS[0]), *(("n00000008", wnid) for wnid in WNIDS[1:])],
)


@pytest.fixture
def line(tmp_path):
    metrics = write_run(tmp_path / "run", random_draws(20, 2, seed=0), classifier={"C": [1.0, 10.0]})
    return ledger_line(metrics, draws=read_draws(tmp_path / "run"), taxonomy=TREE)


def test_a_real_run_becomes_a_line(small_config, window_folder, tmp_path):
    config = check_config(small_config)
    metrics = run_experiment(config, window_folder, tmp_path / "run", verbose=False, n_jobs=1)
    data = {"name": "windows", "kind": "folder", "fingerprint": "f" * 16}
    written = append_run(tmp_path / "l.jsonl", metrics, run=tmp_path / "run", data=data)
    (read,) = read_ledger(tmp_path / "l.jsonl")
    assert read == written
    assert read["name"] == "small" and read["config_fingerprint"] == config.fingerprint
    assert read["data"] == {**data, "n_classes": 4, "n_train": 20, "n_test": 20}
    assert read["code"]["version"] == read["machine"]["bovw"] == bovw.__version__
    assert read["bytes_per_image"] == 4 * metrics["signature_size"]
    assert read["seconds"] == metrics["seconds"]
    assert sum(c["images"] for c in read["classes"]) == 40
    for name in ("top1", "top5", "mean_class_accuracy"):
        measure = read["metrics"][name]
        assert {key: measure[key] for key in ("mean", "std", "draws")} == metrics[name]
        assert measure["interval"]["low"] <= measure["mean"] <= measure["interval"]["high"]


def test_a_class_weight_that_was_chosen_is_recorded(small_config, window_folder, tmp_path):
    small_config["classifier"] = {"type": "OneVsRestSGD", "class_weight": [1.0, 4.0], "cv": 2, "max_iter": 2}
    metrics = run_experiment(check_config(small_config), window_folder, tmp_path / "run", verbose=False, n_jobs=1)
    chosen = ledger_line(metrics, draws=read_draws(tmp_path / "run"))["chosen"]
    assert list(chosen) == ["class_weight"]
    assert chosen["class_weight"]["by"] == CROSS_VALIDATED
    assert np.shape(chosen["class_weight"]["draws"]) == (2, 1)
    assert set(np.ravel(chosen["class_weight"]["draws"])) <= {1.0, 4.0}


def test_measures_have_intervals_over_images(line, tmp_path):
    measures = line["metrics"]
    assert list(measures) == ["top1", "top5", "mean_class_accuracy", "hierarchical1", "hierarchical5"]
    top1 = measures["top1"]
    half = 1.96 * np.sqrt(top1["mean"] * (1 - top1["mean"]) / 60)  # 60 images a draw, most of them in both
    assert half / 2 < (top1["interval"]["high"] - top1["interval"]["low"]) / 2 < half
    draws = read_draws(tmp_path / "run")
    costs = [
        np.mean([0 if g == t else 2 if WNIDS[0] in (g, t) else 1
                 for t, g in zip(draw.truth, draw.guesses[:, 0], strict=True)])
        for draw in draws
    ]
    assert measures["hierarchical1"]["draws"] == pytest.approx(costs)
    assert measures["hierarchical5"]["mean"] == 0
    assert line["chosen"] == {"C": {"draws": [[10.0], [10.0]], "by": CROSS_VALIDATED}}


def test_without_answers_there_are_no_intervals_and_a_fixed_C_is_not_chosen(tmp_path):
    line = ledger_line(write_run(tmp_path / "run", random_draws(5, 1, seed=0)))
    assert all(measure["interval"] is None for measure in line["metrics"].values())
    assert line["chosen"] == {}
    assert line["metrics"]["top1"]["std"] is None


def test_what_a_run_of_several_members_chose_is_kept(tmp_path):
    metrics = write_run(tmp_path / "run", random_draws(5, 1, seed=0), classifier={"C": [1.0, 10.0]})
    metrics |= {"chosen_C": [[1.0, 10.0]], "fusion_weights": [[0.3, 0.7]]}
    line = ledger_line(metrics)
    assert line["chosen"]["C"]["draws"] == [[1.0, 10.0]]
    assert line["chosen"]["fusion weights"] == {"draws": [[0.3, 0.7]], "by": CROSS_VALIDATED}
    metrics["config"]["fusion_weights"] = "equal"
    assert list(ledger_line(metrics)["chosen"]) == ["C"]


def test_measures_of_the_run_are_kept_without_a_taxonomy(tmp_path):
    metrics = write_run(tmp_path / "run", random_draws(5, 1, seed=0))
    metrics["hierarchical5"] = {"mean": 1.5, "std": None, "draws": [1.5]}
    assert ledger_line(metrics)["metrics"]["hierarchical5"]["mean"] == 1.5
    with pytest.raises(DatasetError, match="another hierarchical5"):
        ledger_line(metrics, draws=read_draws(tmp_path / "run"), taxonomy=TREE)


def test_answers_of_another_run_are_refused(tmp_path):
    metrics = write_run(tmp_path / "one", random_draws(20, 2, seed=0))
    write_run(tmp_path / "two", random_draws(20, 2, seed=1))
    with pytest.raises(DatasetError, match="mixes two runs"):
        append_run(tmp_path / "l.jsonl", metrics, run=tmp_path / "two")
    assert not (tmp_path / "l.jsonl").exists()
    write_run(tmp_path / "three", random_draws(20, 3, seed=0))
    with pytest.raises(DatasetError, match="3 draws"):
        append_run(tmp_path / "l.jsonl", metrics, run=tmp_path / "three")
    del metrics["data_fingerprint"]
    with pytest.raises(StoreError, match="what data"):
        append_run(tmp_path / "l.jsonl", metrics)


def test_several_published_figures_are_kept(tmp_path):
    figures = [{"paper": "A", "accuracy": 81.4}, {"paper": "B", "accuracy": 84.1}]
    line = ledger_line(write_run(tmp_path / "run", random_draws(5, 1, seed=0), published=figures))
    assert line["published"] == figures


def change(place, value):
    def spoil(line):
        *above, last = place
        for key in above:
            line = line[key]
        if value is ...:
            del line[last]
        else:
            line[last] = value

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (change(["schema"], 2), "schema 2; this bovw reads 1"),
        (change(["seed"], ...), "seed is missing"),
        (change(["sead"], 1), "sead is unknown"),
        (change(["seed"], "0"), "seed='0' must be of type int"),
        (change(["seed"], True), "seed=True"),
        (change(["data", "name"], None), "data.name=None"),
        (change(["data", "path"], "/home"), "data.path is unknown"),
        (change(["recorded"], "yesterday"), "recorded='yesterday'"),
        (change(["recorded"], "2026-01-01T00:00:00"), "with its zone"),
        (change(["metrics", "top1", "mean"], 0.99), "metrics.top1 does not have the mean"),
        (change(["metrics", "top1", "draws"], [0.7]), "metrics.top1 does not have the mean of its 2 draws"),
        (change(["metrics", "top7"], {"mean": 1, "std": 0, "draws": [1, 1], "interval": None}), "top7"),
        (change(["metrics"], {}), "metrics must be top1 or mAP and some of"),
        (change(["seconds", "codebook"], "long"), "seconds.codebook='long'"),
        (change(["seconds", "codebook"], float("inf")), "seconds.codebook is inf"),
        (change(["classes"], {}), "classes={} must be of type list"),
    ],
)
def test_malformed_lines_are_neither_written_nor_read(line, tmp_path, spoil, message):
    path = tmp_path / "l.jsonl"
    append_line(path, line)
    before = path.read_bytes()
    spoil(line)
    with pytest.raises(StoreError, match=message):
        append_line(path, line)
    assert path.read_bytes() == before
    path.write_bytes(before + json.dumps(line).encode() + b"\n")
    with pytest.raises(StoreError, match=rf"l\.jsonl, line 2: .*{message}"):
        read_ledger(path)


def test_damaged_files_are_named(line, tmp_path):
    path = tmp_path / "l.jsonl"
    with pytest.raises(StoreError, match="does not exist"):
        read_ledger(path)
    for content, message in ((b"{}\n", "line 1: it is not a line"), (b"[1]\n", "line 1"), (b"{\n", "line 1: not JSON"),
                             (b"\xff\n", "UTF-8")):
        path.write_bytes(content)
        with pytest.raises(StoreError, match=message):
            read_ledger(path)


def test_the_half_line_of_a_writer_that_died_is_cut_off(line, tmp_path):
    path = tmp_path / "l.jsonl"
    line["description"] = "Zeilen\u2028trenner"  # a line break to str.splitlines, not to a ledger
    append_line(path, line)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:200])
    with pytest.raises(StoreError, match="half line"):
        read_ledger(path)
    append_line(path, line)
    assert path.read_bytes() == whole * 2
    assert read_ledger(path) == [line, line]


def test_two_writers_lose_nothing(line, tmp_path):
    (tmp_path / "line.json").write_text(json.dumps(line))
    script = (
        "import json, sys\n"
        "from bovw.experiment.ledger import append_line\n"
        "line = json.load(open(sys.argv[1]))\n"
        "for i in range(60):\n"
        "    append_line(sys.argv[2], {**line, 'name': sys.argv[3], 'seed': i})\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "line.json"), str(tmp_path / "l.jsonl")]
    writers = [subprocess.Popen([*command, name]) for name in ("first", "second")]
    assert [writer.wait() for writer in writers] == [0, 0]
    lines = read_ledger(tmp_path / "l.jsonl")
    for name in ("first", "second"):
        assert [entry["seed"] for entry in lines if entry["name"] == name] == list(range(60))


def test_the_newest_line_of_a_system_stands_for_it(line):
    old, new = ({**line, "recorded": f"2026-01-0{day}T12:00:00+00:00", "seed": day} for day in (1, 2))
    same_time_elsewhere = {**new, "recorded": "2026-01-02T13:00:00+01:00", "seed": 3}
    trial = {**line, "recorded": "2026-01-03T12:00:00+00:00", "lite": True}
    other = {**line, "name": "another"}
    elsewhere = {**line, "data": {**line["data"], "name": "zoo"}}
    assert latest([old, new, trial]) == latest([new, old]) == [new]
    assert latest([new, same_time_elsewhere]) == [same_time_elsewhere]  # of equal times the later line
    assert latest([elsewhere, new, other]) == [other, new, elsewhere]


def test_the_commit_is_that_of_this_code(tmp_path, monkeypatch):
    code = describe_code()
    assert code["version"] == bovw.__version__
    assert code["commit"] is None or (len(code["commit"]) == 40 and isinstance(code["modified"], bool))
    monkeypatch.setattr("bovw.experiment.ledger.__file__", str(tmp_path / "bovw" / "experiment" / "ledger.py"))
    (tmp_path / "bovw").mkdir()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=False)
    assert describe_code() == {"version": bovw.__version__, "commit": None, "modified": None}
