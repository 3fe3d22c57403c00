"""Tables: every figure comes from the ledger, and says what it is."""

import pytest

from bovw.cli.main import main
from bovw.errors import ParameterError
from bovw.results.ledger import append_run, ledger_line
from bovw.results.outcomes import read_draws
from bovw.results.table import render_table, render_tables, renew_tables

from .runs import random_draws, write_run
from .test_ledger import TREE

PUBLISHED = {"paper": "Lazebnik | CVPR 2006", "accuracy": 81.4, "std": 0.5, "measure": "mean_class_accuracy"}


@pytest.fixture
def lines(tmp_path):
    found = []
    for name, skill, n_draws, extra in (
        ("good", 0.9, 2, {"published": {**PUBLISHED, "data": "Pets"}}),
        ("poor", 0.4, 1, {"published": [{**PUBLISHED, "data": "15-Scene"}, {"paper": "B", "accuracy": 60,
                                                                             "measure": "top5", "data": "pets"}]}),
    ):
        folder = tmp_path / name
        metrics = write_run(folder, random_draws(20, n_draws, seed=1, skill=skill), name=name,
                            classifier={"C": [1.0, 10.0]}, **extra)
        found.append(ledger_line(metrics, draws=read_draws(folder), taxonomy=TREE))
    return found


def cells(table):
    """The rows of a Markdown table as dicts."""
    table = table.replace("\\|", "/").replace("\u00a0", " ")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines() if row.startswith("|")]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def test_a_row_shows_the_line(lines):
    good, poor = cells(render_table(lines[::-1]))  # best first, in whatever order they were written
    measures = lines[0]["metrics"]
    assert good["system"] == "`good`: a small system"
    assert good["published"] == "81.4 ± 0.5 [1]"
    assert "\n[1] Lazebnik | CVPR 2006\\\n[2] B" in render_table(lines)
    mean, std = (100 * measures["mean_class_accuracy"][key] for key in ("mean", "std"))
    assert good["here"] == f"**{mean:.2f} ± {std:.2f}**"
    assert good["top-5"] == "100.00 ± 0.00"
    heights = measures["hierarchical1"]
    assert good["hierarchical error"] == f"{heights['mean']:.3f} ± {heights['std']:.3f} / 0.000 ± 0.000"
    assert (good["signature"], good["an image"], good["memory"]) == ("1,000", "4 kB", "105 MB")
    assert (good["time a draw"], poor["time a draw"]) == ("45 s", "90 s")
    assert (good["draws"], poor["draws"]) == ("2", "1")


def test_a_single_draw_has_its_interval_and_foreign_figures_say_so(lines):
    _, poor = cells(render_table(lines))
    measure = lines[1]["metrics"]["mean_class_accuracy"]
    low, high = (100 * measure["interval"][end] for end in ("low", "high"))
    assert poor["here"] == f"**{100 * measure['mean']:.2f} [{low:.1f}, {high:.1f}]**"
    assert poor["published"] == "60 top-5 [2]"  # what is published on this data counts
    del lines[1]["published"][1]
    lines[1]["published"].append({"paper": "C", "accuracy": 7, "measure": "mean_ap", "data": "Zoo", "checked": False})
    _, poor = cells(render_table(lines))
    assert poor["published"] == "81.4 ± 0.5 on 15-Scene [1]; 7 mean ap on Zoo† [2]"
    text = render_table(lines)
    assert ("*here*: mean class accuracy in per cent, mean ± standard deviation over the draws; of a single draw with "
            "the bootstrap interval over the test images.\n") in text
    assert "\n† not checked against the paper itself.\n" in text
    assert "\nC: chosen by cross-validation inside the training images.\n" in text
    assert "Times on" in text


def test_empty_columns_are_left_out(lines):
    for line in lines:
        line["published"], line["peak_memory_mb"] = [], None
        del line["metrics"]["hierarchical1"], line["metrics"]["hierarchical5"]
    first, _ = cells(render_table(lines))
    assert not {"published", "hierarchical error", "memory"} & first.keys()
    del lines[1]["metrics"]["top5"]
    assert [row["top-5"] for row in cells(render_table(lines))] == ["100.00 ± 0.00", "–"]


def test_a_paper_without_a_figure_is_named(lines):
    lines[0]["published"] = [{"paper": "Method only"}]
    first, _ = cells(render_table(lines))
    assert first["published"] == "– [1]"


def test_the_measure_is_the_one_that_was_published(lines):
    lines[0]["published"] = [{**PUBLISHED, "measure": "top1"}, {**PUBLISHED, "measure": "an other"}]
    lines[1]["published"] = []
    first, _ = cells(render_table(lines))
    assert first["here"] == f"**{first['top-1']}**"
    assert first["published"] == "81.4 ± 0.5 [1]; 81.4 ± 0.5 an other [1]"


def test_draws_stand_below_where_all_are_the_same(lines):
    for line, spread in ((lines[0], "mean ± standard deviation over 2 draws."), (lines[1], "of a single draw with")):
        text = render_table([line])
        assert "draws" not in cells(text)[0]
        assert f"in per cent, {spread}" in text


def test_documents_are_renewed_between_their_marks(lines):
    text = "# Pets\n<!-- table: pets -->\nold\n<!-- end table -->\nrest\n<!-- table: pets -->\n<!-- end table -->\n"
    renewed = renew_tables(text, lines)
    assert renewed.count("`good`") == 2 and "old" not in renewed and "\nrest\n" in renewed
    assert renew_tables(renewed, lines) == renewed
    with pytest.raises(ParameterError, match="marks no table"):
        renew_tables("nothing", lines)
    with pytest.raises(ParameterError, match=r"no run on 'zoo'; it has pets"):
        renew_tables(text.replace("pets", "zoo"), lines)
    with pytest.raises(ParameterError, match="--lite do not count"):
        render_table([{**line, "lite": True} for line in lines])


def test_every_data_set_has_its_table(lines):
    scenes = {**lines[0], "data": {**lines[0]["data"], "name": "scene15"}}
    text = render_tables([*lines, scenes])
    assert [row for row in text.splitlines() if row.startswith("#")] == ["## pets", "## 15-Scene"]
    assert "on Pets" in render_tables([scenes], "scene15") and "on Pets" not in text.split("## 15-Scene")[0]


def test_the_verb(tmp_path, capsys):
    metrics = write_run(tmp_path / "run", random_draws(20, 2, seed=1))
    ledger, document = tmp_path / "l.jsonl", tmp_path / "doc.md"
    append_run(ledger, metrics, run=tmp_path / "run")
    assert main(["table", str(ledger), "--data", "pets"]) == 0
    assert capsys.readouterr().out.startswith("## pets\n\n| system |")
    document.write_text("<!-- table: pets -->\n<!-- end table -->\n")
    for word in ("renewed", "up to date"):
        assert main(["table", str(ledger), "--write", str(document)]) == 0
        assert capsys.readouterr().out == f"{document}: {word}\n"
    assert "| `small`: a small system |" in document.read_text()
    assert main(["table", str(ledger), "--write", str(document), "--data", "pets"]) == 2
    assert main(["table", str(tmp_path / "no.jsonl")]) == 2
    capsys.readouterr()
    assert main(["table", str(ledger), "--data", "zoo"]) == 2
    assert "it has pets" in capsys.readouterr().err
