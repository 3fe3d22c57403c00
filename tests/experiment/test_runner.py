"""Runs: what they write, that they stop and go on, that wrong inputs end in one sentence."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import bovw
from bovw.experiment import predict_run, run_experiment
from bovw.experiment.config import check_config
from bovw.experiment.hedging import load_hedge
from bovw.experiment.plan import format_estimate
from bovw.pipeline import load_classifier
from bovw.stores import SignatureStore

from ..datasets.layouts import write_layout


@pytest.fixture
def config(small_config):
    return check_config(small_config)


def run(config, data, out, **options):
    return run_experiment(config, data, out, verbose=False, n_jobs=2, **options)


def bytes_of_results(out):
    """The content of every file that must not depend on how often the run was stopped."""
    files = [*sorted(out.glob("draw-*/predictions.csv")), *sorted((out / "model").iterdir())]
    assert len(files) > 3
    return {str(p.relative_to(out)): p.read_bytes() for p in files}


def test_a_run_writes_metrics_model_and_predictions(config, window_folder, tmp_path):
    out = tmp_path / "run"
    metrics = run(config, window_folder, out)
    assert json.loads((out / "metrics.json").read_text()) == metrics
    for key in ("top1", "top5", "mean_class_accuracy"):
        assert len(metrics[key]["draws"]) == 2
        assert metrics[key]["mean"] == pytest.approx(np.mean(metrics[key]["draws"]))
        assert metrics[key]["std"] == pytest.approx(np.std(metrics[key]["draws"], ddof=1))
    assert metrics["top1"]["mean"] > 0.5
    assert metrics["top5"]["mean"] == 1.0  # four classes
    assert {"codebook", "signatures", "classifier", "test"} <= set(metrics["seconds"])
    assert metrics["peak_memory_mb"] > 10
    assert metrics["environment"]["bovw"] == bovw.__version__
    assert np.array(metrics["confusion"]).sum() == 2 * metrics["n_test"] == 40
    with open(out / "draw-00" / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert np.mean([row["truth"] == row["guess1"] for row in rows]) == pytest.approx(metrics["top1"]["draws"][0])
    model = bovw.BovwClassifier.load(out / "model")
    names = [str(window_folder / row["image"]) for row in rows]
    guesses = [[row[f"guess{k}"] for k in (1, 2, 3, 4)] for row in rows]
    assert model.predict_top_k(names).tolist() == guesses
    assert {p.name for p in (out / "draw-00").iterdir()} == {"predictions.csv", "result.json"}


def test_a_finished_run_is_reused(config, window_folder, tmp_path):
    first = run(config, window_folder, tmp_path / "run")
    stamp = (tmp_path / "run" / "draw-00" / "predictions.csv").stat().st_mtime_ns
    second = run(config, window_folder, tmp_path / "run")
    assert (tmp_path / "run" / "draw-00" / "predictions.csv").stat().st_mtime_ns == stamp
    assert first["top1"] == second["top1"]
    assert first["seconds"] == second["seconds"]


def test_a_long_run_is_predicted_once_and_members_say_their_state(
    config, window_folder, tmp_path, monkeypatch, capsys
):
    from bovw.experiment import runner

    def said(out, plan):
        run_experiment(config, window_folder, out, n_jobs=2, plan=plan, cache=tmp_path / "cache")
        return capsys.readouterr().err

    assert "most of the time" not in said(tmp_path / "short", None)
    monkeypatch.setattr(runner, "_LONG_RUN", 1)
    text = said(tmp_path / "cached", None)
    assert "most of the time" not in text  # the member is there, and not to be computed
    assert "finished earlier, reused" in text.split("draw 1")[1]
    shutil.rmtree(tmp_path / "cache")
    assert "most of the time" in said(tmp_path / "long", None)
    shutil.rmtree(tmp_path / "cache")
    assert "most of the time" not in said(tmp_path / "other", False)


def test_what_is_finished_is_marked_and_not_predicted(small_config, window_folder, tmp_path, capsys):
    small_config["data"]["draws"] = 3
    config, cache = check_config(small_config), tmp_path / "cache"
    whole = predict_run(config, window_folder, cache=cache)
    run_experiment(config, window_folder, tmp_path / "run", n_jobs=2, cache=cache)
    plan = capsys.readouterr().err.split("feature sets")[1].split("fingerprint")[0]
    keys = plan.split("sift")[1].split()
    assert len(set(keys)) == 3
    assert {path.name for path in cache.iterdir()} == set(keys)
    shutil.rmtree(cache / keys[1])
    assert predict_run(config, window_folder, out=tmp_path / "run").seconds == 0
    left = predict_run(config, window_folder, cache=cache)
    assert whole.finished == {}
    assert left.finished == {"sift": 2}
    assert left.seconds == pytest.approx(sum(stage.seconds for stage in left.stages))
    text = format_estimate(left)
    assert "finished in 2 of 3 draws" in text
    assert "what is left" in text
    capsys.readouterr()
    run_experiment(config, window_folder, tmp_path / "again", n_jobs=2, cache=cache)
    plan = capsys.readouterr().err
    assert f"{keys[0]}* {keys[1]}  {keys[2]}*" in plan


@pytest.mark.parametrize("stop_at", [1, 2, 3, 4, 5])
def test_a_stopped_run_ends_with_the_same_bytes(config, window_folder, tmp_path, monkeypatch, stop_at):
    """Stopped at the n-th block, of training signatures or of test scores."""
    monkeypatch.setattr("bovw.experiment.member.BLOCK_ROWS", 8)
    monkeypatch.setattr("bovw.stores.signature_store._SHARD_ROWS", 8)
    run(config, window_folder, tmp_path / "whole")
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
            run(config, window_folder, tmp_path / "stopped")
    assert not (tmp_path / "stopped" / "metrics.json").exists()
    run(config, window_folder, tmp_path / "stopped")
    assert bytes_of_results(tmp_path / "stopped") == bytes_of_results(tmp_path / "whole")


def test_a_killed_run_ends_with_the_same_bytes(small_config, window_folder, tmp_path):
    """SIGKILL at three moments of the run."""
    run(check_config(small_config), window_folder, tmp_path / "whole")
    path = tmp_path / "config.json"
    path.write_text(json.dumps(small_config))
    script = (
        "import json, sys, pathlib\n"
        "from bovw.experiment import run_experiment\n"
        "from bovw.experiment.config import check_config\n"
        "config = check_config(json.loads(pathlib.Path(sys.argv[1]).read_text()))\n"
        "print('ready', flush=True)\n"
        "run_experiment(config, sys.argv[2], sys.argv[3], verbose=False, n_jobs=2)\n"
    )
    command = [sys.executable, "-c", script, str(path), str(window_folder), str(tmp_path / "killed")]
    for delay in (0.1, 0.3, 0.6):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    subprocess.run(command, check=True, capture_output=True)
    assert not list((tmp_path / "killed").rglob("*.part"))
    assert bytes_of_results(tmp_path / "killed") == bytes_of_results(tmp_path / "whole")


def test_workers_do_not_change_a_byte(config, window_folder, tmp_path):
    run_experiment(config, window_folder, tmp_path / "one", verbose=False, n_jobs=1)
    run_experiment(config, window_folder, tmp_path / "two", verbose=True, n_jobs=2)
    assert bytes_of_results(tmp_path / "one") == bytes_of_results(tmp_path / "two")


def test_another_config_does_not_touch_a_run(config, small_config, window_folder, tmp_path):
    run(config, window_folder, tmp_path / "run")
    other = check_config(small_config, overrides=["channels.sift.extractor.step=8"])
    with pytest.raises(bovw.ConfigError, match="holds a run of another config"):
        run(other, window_folder, tmp_path / "run")
    run(other, window_folder, tmp_path / "run", overwrite=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("precious")
    with pytest.raises(bovw.ConfigError, match="is not empty"):
        run(config, window_folder, tmp_path / "full")


def test_changed_data_start_a_new_run(config, window_folder, tmp_path):
    run(config, window_folder, tmp_path / "run")
    (window_folder / "cat" / "00.png").unlink()
    with pytest.raises(bovw.ConfigError, match="another config or data set"):
        run(config, window_folder, tmp_path / "run")


def test_train_and_test_folders_are_taken_at_their_word(small_config, window_folder, tmp_path):
    root = tmp_path / "split"
    for folder in sorted(window_folder.iterdir()):
        for i, path in enumerate(sorted(folder.iterdir())):
            target = root / ("train" if i < 6 else "test") / folder.name
            target.mkdir(parents=True, exist_ok=True)
            os.link(path, target / path.name)
    small_config["data"] = {}
    metrics = run(check_config(small_config), root, tmp_path / "run")
    assert (metrics["n_train"], metrics["n_test"], metrics["draws"]) == (24, 16, 1)
    assert metrics["top1"]["std"] is None
    small_config["data"] = {"n_train": 3, "n_test": 2, "draws": 2}
    metrics = run(check_config(small_config), root, tmp_path / "run2")
    assert (metrics["n_train"], metrics["n_test"], metrics["draws"]) == (12, 8, 2)


def test_split_files(config, window_folder, tmp_path):
    names = sorted(p.relative_to(window_folder).as_posix() for p in window_folder.glob("*/*.png"))
    (tmp_path / "train.txt").write_text("\n".join(names[0::2]))
    (tmp_path / "test.txt").write_text("\n".join(names[1::2]))
    lists = (tmp_path / "train.txt", tmp_path / "test.txt")
    small = run(check_config({**config.tree, "data": {}}), window_folder, tmp_path / "run", split_files=lists)
    assert (small["n_train"], small["n_test"]) == (20, 20)
    (tmp_path / "test.txt").write_text(names[0])
    with pytest.raises(bovw.DatasetError, match=r"test\.txt"):
        run(config, window_folder, tmp_path / "run3", split_files=lists)


def test_unreadable_images_are_errors_or_keep_their_place(small_config, window_folder, tmp_path):
    victim = window_folder / "cat" / "03.png"
    victim.write_bytes(victim.read_bytes()[:200])
    with pytest.raises(bovw.ImageDecodeError, match=r"03\.png"):
        run(check_config(small_config), window_folder, tmp_path / "raise")
    small_config["data"]["on_error"] = "skip"
    metrics = run(check_config(small_config), window_folder, tmp_path / "skip")
    assert list(metrics["skipped"]) == ["cat/03.png"]
    assert metrics["n_train"] + metrics["n_test"] == 40
    for draw in range(2):
        with open(tmp_path / "skip" / f"draw-{draw:02d}" / "predictions.csv", newline="") as file:
            for row in csv.DictReader(file):
                assert (row["guess1"] == "") == (row["image"] == "cat/03.png")


def two_channels(small_config):
    color = {**small_config["channels"]["sift"], "extractor": {"type": "ColorStatistics", "patch_sizes": [16]}}
    return check_config({
        **small_config, "fusion": "scores", "channels": {"sift": small_config["channels"]["sift"], "color": color},
    })


def test_scores_are_fused_and_members_shared_through_the_cache(config, small_config, window_folder, tmp_path):
    fused = run(two_channels(small_config), window_folder, tmp_path / "fused", cache=tmp_path / "cache")
    assert len(fused["fusion_weights"]) == 2
    assert sum(fused["fusion_weights"][0]) == pytest.approx(1)
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").glob("*/scores.npy")}
    assert len(stamps) == 4  # two members of two draws
    alone = run(config, window_folder, tmp_path / "alone", cache=tmp_path / "cache")
    again = {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").glob("*/scores.npy")}
    assert again == stamps, "the SIFT channel alone was there already"
    assert alone["top1"] == run(config, window_folder, tmp_path / "without")["top1"]
    model = load_classifier(tmp_path / "fused" / "model", on_error="skip")
    assert isinstance(model, bovw.FusedClassifier)
    with open(tmp_path / "fused" / "draw-00" / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    found = model.predict([str(window_folder / row["image"]) for row in rows])
    assert found.tolist() == [row["guess1"] for row in rows]


def test_a_damaged_member_in_the_cache_is_made_anew(config, window_folder, tmp_path):
    first = run(config, window_folder, tmp_path / "first", cache=tmp_path / "cache")
    for path in (tmp_path / "cache").glob("*/scores.npy"):
        path.write_bytes(path.read_bytes()[:-4] + b"oops")
        (path.parent / "model" / "model.json").write_text("oops")
    assert run(config, window_folder, tmp_path / "second", cache=tmp_path / "cache")["top1"] == first["top1"]


def test_a_hierarchy_adds_its_error_and_lets_the_model_hedge(config, window_folder, tmp_path):
    wnids = dict(zip(("brick", "cat", "coins", "grass"), (f"n0000000{i}" for i in range(1, 5)), strict=True))
    for name, wnid in wnids.items():
        (window_folder / name).rename(window_folder / wnid)
    thing, stuff, root = "n00000007", "n00000008", "n00000009"
    taxonomy = bovw.Taxonomy(
        [*wnids.values(), thing, stuff, root],
        [(root, thing), (root, stuff), (thing, wnids["cat"]), (thing, wnids["coins"]), (stuff, wnids["brick"]),
         (stuff, wnids["grass"])],
    )
    metrics = run(config, window_folder, tmp_path / "run", taxonomy=taxonomy)
    assert metrics["hierarchical5"]["mean"] == 0.0  # four classes, five guesses
    assert load_hedge(tmp_path / "run" / "model").answer(np.zeros((1, 4)), 0.5)[0].wnid in taxonomy


@pytest.mark.parametrize("kind", ["ilsvrc2012", "imagenette", "cifar10", "tiny_imagenet", "outex", "caltech101"])
def test_a_config_runs_on_the_layout_of_every_data_set(small_config, tmp_path, kind):
    small_config["data"] = {"n_train": 3, "n_test": 2}
    root = write_layout(kind, tmp_path / kind, 4, 3, n_classes=4, side=48)
    metrics = run(check_config(small_config), root, tmp_path / "out")
    assert metrics["data_kind"] == kind
    assert metrics["n_train"] == 3 * metrics["n_classes"]
