"""``report.html``: one self-contained page about a run."""

from pathlib import Path

import numpy as np

from .._random import stage_rng
from ..datasets import open_dataset
from ..results.measures import measure_title, shares
from ..results.outcomes import RankedDraw, read_draws
from ..results.published import published_accuracies
from .figures import confusion_figure, png_bytes
from .page import data_uri, thumbnail, write_page

N_PANELS = 12
N_GUESSES = 5


def write_report(out, metrics, data, *, note=""):
    """Write ``out/report.html``.

    Parameters
    ----------
    out : path
        The folder of the run; its ``draw-00/predictions.csv`` gives the examples.
    metrics : dict
        What :func:`bovw.experiment.run_experiment` returned.
    data : path
        The data set of the run, for the thumbnails.
    note : str
        A sentence for the head of the page.
    """
    published, elsewhere = published_accuracies(metrics)
    confusion = None
    if "confusion" in metrics:
        confusion = data_uri(png_bytes(confusion_figure(metrics["confusion"], metrics["classes"])), "png")
    write_page(
        Path(out) / "report.html", "report.html", m=metrics, note=note, measures=shares(metrics),
        published=[(one, f" {measure_title(one['measure'])}" if "measure" in one else "") for one in published],
        elsewhere=elsewhere, confusion=confusion,
        per_class=_per_class(metrics) if confusion else _precisions(metrics),
        panels=_panels(Path(out), Path(data), metrics), config=_flatten(metrics["config"]),
    )


def _per_class(metrics):
    """(class, accuracy, number of test images, most frequent wrong answer), worst class first."""
    rows = []
    confusion = np.array(metrics["confusion"])
    for i, name in enumerate(metrics["classes"]):
        wrong = confusion[i].copy()
        wrong[i] = 0
        rival = metrics["classes"][int(wrong.argmax())] if wrong.any() else ""
        total = int(confusion[i].sum())
        rows.append((name, confusion[i, i] / total if total else 0.0, total, rival))
    return sorted(rows, key=lambda row: row[1])


def _precisions(metrics):
    """(class, average precision, number of test images, uninterpolated average precision), lowest first."""
    precisions = metrics["average_precisions"]
    rows = zip(metrics["classes"], precisions["mAP"], metrics["class_images"], precisions["mAP_step"], strict=True)
    return sorted(rows, key=lambda row: row[1])


def choose_examples(rows, *, seed, count):
    """A few rows of predictions.csv, right answers first, then as many wrong ones where there are.

    Each is given the key ``guesses``: the list of its guesses that were made. An image that shows
    several classes has the list of them as ``shown``.
    """
    order = stage_rng(seed, "panels").permutation(len(rows))
    is_right = [row["guess1"] in row.get("shown", [row["truth"]]) for row in rows]
    wrong = [i for i in order if not is_right[i]][: count // 2]
    right = [i for i in order if is_right[i]][: count - len(wrong)]
    chosen = [rows[i] for i in [*right, *wrong]]
    guesses = [[value for key, value in row.items() if key.startswith("guess") and value] for row in chosen]
    return [
        {"shown": [row["truth"]], **row, "guesses": made} for row, made in zip(chosen, guesses, strict=True)
    ]


def _panels(out, data, metrics):
    dataset = open_dataset(data, metrics["data_kind"], on_error="skip")
    images = dict(zip(dataset.names, dataset.images, strict=True))
    rows = choose_examples(_example_rows(read_draws(out)[0]), seed=metrics["seed"], count=N_PANELS)
    return [{**row, "thumbnail": thumbnail(images[row["image"]])} for row in rows]


def _example_rows(draw):
    """The answers of a draw as rows of predictions.csv; images that show no class are left out."""
    if not isinstance(draw, RankedDraw):
        answers = zip(draw.names, draw.truth, draw.guesses, strict=True)
        return [{"image": name, "truth": truth, **_numbered(guesses)} for name, truth, guesses in answers]
    answers = zip(draw.names, draw.shown(), draw.rank(N_GUESSES), strict=True)
    return [
        {"image": name, "truth": ", ".join(shown), "shown": shown, **_numbered(guesses)}
        for name, shown, guesses in answers if shown
    ]


def _numbered(guesses):
    return {f"guess{k}": str(guess) for k, guess in enumerate(guesses, 1)}


def _flatten(tree, prefix=""):
    """Nested tables as (dotted key, value) rows."""
    rows = []
    for key, value in tree.items():
        if isinstance(value, dict):
            rows += _flatten(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows
