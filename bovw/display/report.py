"""``report.html``: one self-contained page about a run."""

import csv
from pathlib import Path

import numpy as np

from .._random import stage_rng
from ..datasets import open_dataset
from ..experiment.published import measure_title, published_accuracies
from .figures import confusion_figure, png_bytes
from .page import data_uri, thumbnail, write_page

N_PANELS = 12


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
    figure = confusion_figure(metrics["confusion"], metrics["classes"])
    published, elsewhere = published_accuracies(metrics)
    write_page(
        Path(out) / "report.html", "report.html", m=metrics, note=note,
        published=[(one, f" {measure_title(one['measure'])}" if "measure" in one else "") for one in published],
        elsewhere=elsewhere,
        confusion=data_uri(png_bytes(figure), "png"), per_class=_per_class(metrics),
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


def choose_examples(rows, *, seed, count):
    """A few rows of predictions.csv, right answers first, then as many wrong ones where there are.

    Each is given the key ``guesses``: the list of its guesses that were made.
    """
    order = stage_rng(seed, "panels").permutation(len(rows))
    wrong = [i for i in order if rows[i]["guess1"] != rows[i]["truth"]][: count // 2]
    right = [i for i in order if rows[i]["guess1"] == rows[i]["truth"]][: count - len(wrong)]
    return [
        {**rows[i], "guesses": [rows[i][key] for key in rows[i] if key.startswith("guess") and rows[i][key]]}
        for i in [*right, *wrong]
    ]


def _panels(out, data, metrics):
    dataset = open_dataset(data, metrics["data_kind"], on_error="skip")
    images = dict(zip(dataset.names, dataset.images, strict=True))
    with open(out / "draw-00" / "predictions.csv", encoding="utf-8", newline="") as file:
        rows = choose_examples(list(csv.DictReader(file)), seed=metrics["seed"], count=N_PANELS)
    return [{**row, "thumbnail": thumbnail(images[row["image"]])} for row in rows]


def _flatten(tree, prefix=""):
    """Nested tables as (dotted key, value) rows."""
    rows = []
    for key, value in tree.items():
        if isinstance(value, dict):
            rows += _flatten(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows
