"""What a run prints about itself."""

import pytest

from bovw.cli.output import print_result
from bovw.results.published import is_on

from ..results.runs import write_run

HERE = {"paper": "A", "accuracy": 81.4, "std": 0.5, "data": "15-Scene", "measure": "mean_class_accuracy"}
THERE = [{"paper": "B", "accuracy": 58.3, "data": name, "measure": "mean_ap"} for name in ("VOC 2007", "MIT-67")]
DRAWS = [{"1.jpg": ("n00000001", ["n00000001", "n00000002"]), "2.jpg": ("n00000002", ["n00000001", "n00000002"])}]


def printed(tmp_path, capsys, published, data="scene15"):
    metrics = write_run(tmp_path / data, DRAWS, published=published) | {"data": data}
    print_result(metrics, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    return [line.split("published", 1)[1].strip() for line in lines if "published" in line]


def test_only_figures_of_the_same_data_stand_beside_a_run(tmp_path, capsys):
    lines = printed(tmp_path, capsys, [HERE, *THERE])
    assert lines == ["81.40 % +- 0.5  (mean class accuracy; 15-Scene; A)"]
    lines = printed(tmp_path, capsys, [HERE, *THERE], data="voc2007")
    assert lines == ["58.30 %  (mean ap; VOC 2007; B)"]


def test_figures_of_other_data_are_named_alone(tmp_path, capsys):
    assert printed(tmp_path, capsys, THERE) == ["nothing for this data, only for VOC 2007, MIT-67"]
    assert printed(tmp_path, capsys, [], data="pets") == []


@pytest.mark.parametrize(("text", "name", "same"), [
    ("15-Scene", "scene15", True), ("CIFAR-10", "cifar10", True), ("CIFAR-10", "cifar100", False),
    ("CIFAR-100", "cifar100_coarse", False), ("ILSVRC 2010", "ilsvrc2010", True), ("KTH-TIPS", "kth_tips", True),
    ("Caltech-101", "caltech256", False),
])
def test_names_of_papers_and_of_data_sets(text, name, same):
    assert is_on({"data": text}, name) == same
