"""Predictions of time, memory and disk: what they are proportional to, and what they refuse."""

import itertools

import pytest

import bovw
from bovw._threads import n_cores
from bovw.classify import OneVsRestSGD
from bovw.experiment.config import check_config
from bovw.experiment.estimate import RunEstimate, StageEstimate, estimate_run
from bovw.experiment.plan import format_estimate


def estimate(small_config, images, **changes):
    sizes = {"n_train": 1000, "n_test": 100, "n_classes": 10, "cores": 1}
    return estimate_run(check_config(small_config), images=images, **{**sizes, **changes})


@pytest.fixture
def images(window_folder):
    return sorted(window_folder.glob("*/*.png"))[::5]


def test_stages_of_a_run(small_config, images):
    found = estimate(small_config, images)
    assert [stage.stage for stage in found.stages] == ["codebook", "signatures", "classifier", "test"]
    signatures = found.stages[1]
    assert signatures.disk == 1000 * 4 * 3 * 2 * 4 * 16  # float32, three cells, 4 Gaussians of 16 dimensions
    assert found.seconds == pytest.approx(sum(stage.seconds for stage in found.stages))
    assert found.memory >= 300e6


def test_a_codec_is_a_stage_and_saves_disk(small_config, images):
    small_config["codec"] = {"type": "ProductQuantizer", "subvector_size": 8, "n_bits": 8}
    found = estimate(small_config, images, n_train=100_000)
    stages = {stage.stage: stage for stage in found.stages}
    assert stages["codec"].disk == pytest.approx(4 * 384 * 20_000 + 384 * 4 / 32 * 100_000)


@pytest.mark.parametrize("classifier", ["OneVsRestDual", "OneVsRestPrimal", "OneVsRestSGD", "NearestNeighbor"])
def test_every_classifier_can_be_estimated(small_config, images, classifier):
    small_config["classifier"] = {"type": classifier}
    assert estimate(small_config, images).stages[2].seconds >= 0


def test_classifiers_are_measured_with_the_workers_that_a_run_gives_them(small_config, images, monkeypatch):
    small_config["classifier"] = {"type": "OneVsRestSGD"}
    workers, fit = [], OneVsRestSGD.fit
    monkeypatch.setattr(OneVsRestSGD, "fit", lambda self, X, y: workers.append(self.n_jobs) or fit(self, X, y))
    estimate(small_config, images)
    assert workers
    assert set(workers) == {n_cores()}


def test_a_cross_validation_of_sgd_is_counted(small_config, images, monkeypatch):
    monkeypatch.setattr("bovw.experiment.estimate.time.perf_counter", itertools.count().__next__)  # a second each
    small_config["classifier"] = {"type": "OneVsRestSGD", "C": 1.0, "class_weight": 2.0}
    one = estimate(small_config, images, n_train=30_000).stages[2].seconds
    small_config["classifier"] |= {"class_weight": [1.0, 2.0], "C": [1.0, 10.0], "cv": 3, "cv_rows": 10_000}
    assert estimate(small_config, images, n_train=30_000).stages[2].seconds == pytest.approx(one * (30 + 4 * 20) / 30)


def stage(**values):
    return StageEstimate(**{"member": "m", "stage": "s", "seconds": 1.0, "memory": 1e9, "disk": 0.0, **values})


def test_standardizing_holds_a_copy_of_the_signatures(small_config, images):
    small_config["classifier"] = {"type": "OneVsRestPrimal"}
    sizes = {"n_train": 50_000, "n_test": 10, "n_classes": 4, "images": images}
    plain = estimate_run(check_config(small_config), **sizes).stages[2]
    small_config["standardize"] = {}
    copied = estimate_run(check_config(small_config), **sizes).stages[2]
    assert copied.memory - plain.memory == 4 * 50_000 * 384


def test_sums():
    found = RunEstimate(
        [stage(seconds=3, disk=5), stage(stage="t", memory=2e9, disk=7), stage(member="n", disk=6)],
        draws=2, cores=1, n_train=1, n_test=1, n_classes=2,
    )
    assert (found.seconds, found.memory, found.disk) == (10, 2e9, 12)
    assert found.dominating is found.stages[0]


def test_each_of_several_members_has_its_sum():
    sizes = {"draws": 2, "cores": 1, "n_train": 1, "n_test": 1, "n_classes": 2}
    one = format_estimate(RunEstimate([stage(seconds=3), stage(seconds=4)], **sizes))
    assert "in all" not in one
    found = RunEstimate([stage(seconds=3, disk=5), stage(seconds=4, memory=2e9, disk=7), stage(member="n")], **sizes)
    sums = [line.split() for line in format_estimate(found).splitlines() if "in all" in line]
    assert sums == [
        ["m", "in", "all", "7", "s", "2", "GB", "12", "B"], ["n", "in", "all", "1", "s", "1", "GB", "0", "B"]
    ]


def test_refusals(tmp_path):
    sizes = {"draws": 1, "cores": 1, "n_train": 1, "n_test": 1, "n_classes": 2}
    RunEstimate([stage()], **sizes).check(tmp_path / "not" / "there")
    with pytest.raises(bovw.StoreError, match=r"needs 1000000 TB of disk"):
        RunEstimate([stage(disk=1e18)], **sizes).check(tmp_path)
    with pytest.raises(bovw.MemoryBudgetError, match="the s stage of m needs"):
        RunEstimate([stage(memory=1e18)], **sizes).check(tmp_path)
