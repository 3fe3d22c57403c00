"""Comparing runs: the figures, their intervals, what they rest on, and which runs cannot be compared."""

import json

import numpy as np
import pytest
from scipy import stats

from bovw.cli.main import main
from bovw.display.compare_page import write_comparison
from bovw.errors import DatasetError
from bovw.results.compare import compare_runs, format_comparison

from .runs import WNIDS, random_draws, write_run
from .test_ledger import TREE


def answers(*rows):
    """{image: (truth, guesses)} of rows "truth guess", classes numbered from 1."""
    return {
        f"{i}.png": (WNIDS[int(truth) - 1], tuple(WNIDS[int(g) - 1] for g in guesses))
        for i, (truth, guesses) in enumerate(row.split() for row in rows)
    }


@pytest.fixture
def runs(tmp_path):
    """Two draws of which the second leaves out an image and has another."""
    one = [answers("1 1234", "1 2134", "2 2134", "3 4312"), answers("1 1234", "1 2134", "2 2134", "3 3412")]
    two = [answers("1 1234", "1 1234", "2 1234", "3 3412"), answers("1 1234", "1 1234", "2 2134", "3 3412")]
    write_run(tmp_path / "one", one, name="one")
    write_run(tmp_path / "two", two, name="two")
    return tmp_path / "one", tmp_path / "two"


def test_small_runs_by_hand(runs):
    c = compare_runs(*runs, taxonomy=TREE)
    assert (c.names, c.n_draws, c.n_images, c.notes) == (("one", "two"), 2, 4, ())
    rows = {row.measure: row for row in c.measures}
    top1 = rows["top1"]
    assert (top1.first, top1.second, top1.difference) == pytest.approx((5 / 8, 7 / 8, 2 / 8))
    assert (top1.n_first_better, top1.n_second_better) == (1, 2)  # image 2; images 1 and 3
    assert top1.p_value == 1 and top1.low <= top1.difference <= top1.high
    mean = rows["mean_class_accuracy"]
    assert mean.first == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)
    assert mean.difference == pytest.approx((1 / 2 - 1 / 2 + 1 / 2) / 3)
    heights = rows["hierarchical1"]  # 1 and 2 meet at height 2, 3 and 4 at height 1
    assert (heights.first, heights.second, heights.difference) == pytest.approx((5 / 8, 2 / 8, -3 / 8))
    assert heights.low <= heights.difference <= heights.high
    assert rows["top5"].difference == rows["hierarchical5"].difference == 0
    assert [(row.name, row.difference) for row in c.classes] == [(WNIDS[0], 0.5), (WNIDS[2], 0.5), (WNIDS[1], -0.5)]
    assert [(row.n_answers, row.n_first_better, row.n_second_better) for row in c.classes] == [
        (4, 0, 1), (2, 0, 1), (2, 1, 0)]
    assert [d.image for d in c.disagreements] == ["1.png", "3.png", "2.png"]
    assert c.disagreements[1][1:] == (WNIDS[2], WNIDS[3], WNIDS[2], 1, 2, 2)
    back = compare_runs(runs[1], runs[0])
    assert back.measures[0].difference == -top1.difference
    assert {row.measure for row in back.measures} == {"top1", "top5", "mean_class_accuracy"}
    assert back.words == {}


def test_a_single_draw_is_mcnemars_test(tmp_path):
    first, second = (random_draws(60, 1, seed=0, skill=skill) for skill in (0.6, 0.8))
    second = [{name: second[0].get(name, first[0][name]) for name in first[0]}]
    for name, draws in (("one", first), ("two", second)):
        write_run(tmp_path / name, draws)
    c = compare_runs(tmp_path / "one", tmp_path / "two")
    right = [np.array([t == g[0] for t, g in draws[0].values()]) for draws in (first, second)]
    gained, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    row = c.measures[0]
    assert (row.n_second_better, row.n_first_better) == (gained, lost)
    assert row.p_value == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)
    assert len(c.disagreements) == gained + lost
    assert c.names == (str(tmp_path / "one"), str(tmp_path / "two"))  # two runs of one config
    differences = right[1].astype(float) - right[0]
    half = 1.96 * differences.std() / np.sqrt(len(differences))
    assert (row.low, row.high) == pytest.approx((differences.mean() - half, differences.mean() + half), abs=0.15 * half)


def test_other_splits_are_said(runs, tmp_path):
    three = [answers("1 1234", "1 2134", "2 2134"), answers("1 1234"), answers("1 1234")]
    metrics = write_run(tmp_path / "three", three, lite=True)
    metrics["n_train"] = 12
    (tmp_path / "three" / "metrics.json").write_text(json.dumps(metrics))
    c = compare_runs(runs[0], tmp_path / "three")
    assert (c.n_draws, c.n_images) == (2, 3)
    text = "\n".join(c.notes)
    for words in ("have 2 and 3 draws; the first 2 count", "learn from 8 and 12 images", "4 test images", "lite"):
        assert words in text
    for note in c.notes:
        assert f"note: {note}" in format_comparison(c)


def rename_class(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["classes"][0] = "n12345678"
    (folder / "metrics.json").write_text(json.dumps(metrics))


def edit(old, new):
    def spoil(folder):
        for path in folder.glob("draw-*/predictions.csv"):
            path.write_text(path.read_text().replace(old, new))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (rename_class, "other classes: 'n00000001'"),
        (edit("0.png,n00000001", "0.png,n00000002"), "other true classes for 0.png"),
        (edit(".png", ".jpg"), "share no test image in draw 0"),
        (edit("1.png", "0.png"), "names an image twice"),
        (edit("truth", "true"), "needs the columns image, truth, guess1"),
        (edit("0.png,n00000001", "0.png"), r"predictions\.csv, line 2: it has not as many fields"),
        (lambda folder: (folder / "metrics.json").unlink(), "holds no metrics.json"),
        (lambda folder: (folder / "metrics.json").write_text("{"), "is damaged"),
        (lambda folder: (folder / "metrics.json").write_text("[]"), "is damaged"),
        (lambda folder: (folder / "draw-00" / "predictions.csv").unlink(), "has not finished"),
        (lambda folder: [path.rename(path.with_name("x" + path.name)) for path in folder.glob("draw-*")],
         "holds no draw"),
    ],
)
def test_runs_that_cannot_be_compared(runs, spoil, message):
    spoil(runs[1])
    with pytest.raises(DatasetError, match=message):
        compare_runs(*runs)


def test_the_verb_prints_text_or_json(runs, tmp_path, capsys):
    assert main(["compare", *map(str, runs)]) == 0
    text = capsys.readouterr().out
    assert text == format_comparison(compare_runs(*runs)) + "\n"
    assert "top-1, %" in text and "+25.00" in text
    assert "images that the second run names right more often" in text
    assert f"  1.png  {WNIDS[0]}: {WNIDS[1]} | {WNIDS[0]}\n" in text
    assert main(["compare", *map(str, runs), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["measures"][0]["difference"] == 0.25
    assert found["disagreements"][0]["image"] == "1.png"
    assert main(["compare", str(runs[0]), str(tmp_path)]) == 2
    assert "metrics.json" in capsys.readouterr().err


def test_long_lists_are_cut(tmp_path):
    draws = random_draws(30, 1, seed=0, skill=0.0)
    right = [{name: (truth, (truth, *[w for w in WNIDS if w != truth])) for name, (truth, _) in draws[0].items()}]
    write_run(tmp_path / "one", draws, name="one")
    write_run(tmp_path / "two", right, name="two")
    c = compare_runs(tmp_path / "one", tmp_path / "two")
    text = format_comparison(c, n_images=4)
    assert f"  and {len(c.disagreements) - 4} more" in text
    assert "names right (image" in text and "first run names right" not in text and "that it loses" not in text


def test_the_page_holds_everything(runs, tmp_path):
    import cv2

    for name in ("1.png", "2.png"):
        cv2.imwrite(str(tmp_path / name), np.full((30, 40, 3), 90, np.uint8))
    comparison = compare_runs(*runs, taxonomy=TREE)
    write_comparison(tmp_path / "page.html", comparison, tmp_path)
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2  # 3.png is not there
    assert "http" not in page
    assert "Named right by the second run: 2 images<" in page
    assert "+25.00" in page and "two against one" in page
    write_comparison(tmp_path / "plain.html", comparison)
    assert "data:image" not in (tmp_path / "plain.html").read_text()
    same = compare_runs(runs[0], runs[0])
    write_comparison(tmp_path / "same.html", same)
    assert "0 images" in (tmp_path / "same.html").read_text()
