"""The challenge's report, down to the official figures of the 2010 kit."""

import numpy as np
import pytest

from bovw import Taxonomy
from bovw import evaluation as ev
from bovw.errors import DatasetError, ParameterError

from .. import mat_kit


@pytest.fixture
def kit(tmp_path):
    mat_kit.write(tmp_path / "meta.mat")
    (tmp_path / "truth.txt").write_text("1\n2\n3\n4\n")
    (tmp_path / "pred.txt").write_text("2 1\n2\n4\n0\n")
    return tmp_path


def test_the_report_of_a_small_kit(kit):
    report = ev.evaluate_files(kit / "pred.txt", kit / "truth.txt", kit)
    assert report["n_images"] == 4
    assert report["flat"] == [0.75, 0.5, 0.5, 0.5, 0.5]
    assert report["hierarchical"] == [(6 + 0 + 4 + 6) / 4] + [(0 + 0 + 4 + 6) / 4] * 4
    np.testing.assert_allclose(report["hierarchical_normalized"], np.array(report["hierarchical"]) / 6)
    assert report["mean_class_accuracy"] == 0.25
    for name in ("flat", "hierarchical"):
        for value, (low, high) in zip(report[name], report["intervals"][name], strict=True):
            assert low <= value <= high
    without = ev.evaluate_files(kit / "pred.txt", kit / "truth.txt")
    assert without["flat"] == report["flat"] and "hierarchical" not in without


def test_named_files_are_matched_by_name(kit):
    (kit / "truth.txt").write_text("a.jpg 1\nb.jpg 2\n")
    (kit / "pred.txt").write_text("b.jpg 2\na.jpg 3\n")
    assert ev.evaluate_files(kit / "pred.txt", kit / "truth.txt")["flat"] == [0.5] * 5
    (kit / "pred.txt").write_text("b.jpg 2\nc.jpg 3\n")
    with pytest.raises(DatasetError, match=r"has no line for 'a\.jpg'"):
        ev.evaluate_files(kit / "pred.txt", kit / "truth.txt")
    (kit / "pred.txt").write_text("b.jpg 2\nb.jpg 3\n")
    with pytest.raises(DatasetError, match="names an image twice"):
        ev.evaluate_files(kit / "pred.txt", kit / "truth.txt")


def test_a_kit_without_hierarchy_needs_wordnet(kit):
    bare = mat_kit.records("ILSVRC2015_CLSLOC_ID", ("name", "description"), hierarchy=False)[:4]
    path = mat_kit.write(kit / "meta_clsloc.mat", bare)
    with pytest.raises(DatasetError, match="has no hierarchy"):
        ev.evaluate_files(kit / "pred.txt", kit / "truth.txt", path)
    with_wordnet = ev.evaluate_files(kit / "pred.txt", kit / "truth.txt", path, kit / "meta.mat")
    assert with_wordnet == ev.evaluate_files(kit / "pred.txt", kit / "truth.txt", kit / "meta.mat")
    with pytest.raises(ParameterError, match="without meta"):
        ev.evaluate_files(kit / "pred.txt", kit / "truth.txt", wordnet=kit)


def test_files_that_do_not_fit_are_refused(kit):
    (kit / "pred.txt").write_text("2\n")
    with pytest.raises(DatasetError, match=r"has 1 images and .* 4"):
        ev.evaluate_files(kit / "pred.txt", kit / "truth.txt")
    (kit / "pred.txt").write_text("2\n1\n1\n5\n")
    with pytest.raises(DatasetError, match="line 4: the id 5 is above 4"):
        ev.evaluate_files(kit / "pred.txt", kit / "truth.txt", kit)
    with pytest.raises(ParameterError, match="do not have the ids"):
        ev.evaluate_predictions([1], [[1]], Taxonomy("rab", [("r", "a"), ("r", "b")], ids=[1, 5, 6]))


def test_the_ten_official_figures_of_2010(bovw_data):
    kit = bovw_data / "ilsvrc2010_devkit"
    report = ev.evaluate_files(
        kit / "evaluation" / "demo.val.pred.txt", kit / "data" / "ILSVRC2010_validation_ground_truth.txt", kit
    )
    assert report["n_images"] == 50000
    assert [f"{e:.4f}" for e in report["flat"]] == ["0.9101", "0.8716", "0.8422", "0.8191", "0.8003"]
    expected = ["10.3468", "8.7489", "7.8510", "7.2221", "6.7695"]
    assert [f"{e:.4f}" for e in report["hierarchical"]] == expected
