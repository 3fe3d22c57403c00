"""What a run answered: the predictions of every draw, read back from the folder of the run."""

import csv
import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DatasetError
from ..evaluation import image_flat_errors, image_hierarchical_errors

#: the figures that runs are judged by: name -> (title, is it a share that is printed in per cent?)
MEASURES = {
    "top1": ("top-1", True),
    "top5": ("top-5", True),
    "mean_class_accuracy": ("mean class accuracy", True),
    "hierarchical1": ("hierarchical error, 1 guess", False),
    "hierarchical5": ("hierarchical error, 5 guesses", False),
}


class Draw(NamedTuple):
    """The answers of one draw.

    Attributes
    ----------
    names : tuple of str
        The test images.
    truth : str array of shape (n,)
    guesses : str array of shape (n, k)
        Best first; ``""`` is a guess not made.
    """

    names: tuple
    truth: np.ndarray
    guesses: np.ndarray


def read_metrics(run):
    """``metrics.json`` of a run's folder, as a dict.

    Raises
    ------
    DatasetError
        If the folder holds no finished run.
    """
    path = Path(run) / "metrics.json"
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise DatasetError(f"{run} holds no metrics.json; give the folder of a finished run (its --out)") from None
    except ValueError as error:
        raise DatasetError(f"{path} is damaged: {error}") from None
    if not isinstance(metrics, dict):
        raise DatasetError(f"{path} is damaged: it must hold one JSON object")
    return metrics


def read_draws(run):
    """The answers of every draw of a run, in order.

    Parameters
    ----------
    run : path
        The folder that ``bovw run`` wrote.

    Returns
    -------
    list of Draw

    Raises
    ------
    DatasetError
        If there is no draw, or a file of predictions is malformed.
    """
    folders = sorted(path for path in Path(run).glob("draw-*") if re.fullmatch(r"draw-\d+", path.name))
    if not folders:
        raise DatasetError(f"{run} holds no draw; give the folder of a finished run (its --out)")
    return [_read_predictions(folder / "predictions.csv") for folder in folders]


def _read_predictions(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing; the run has not finished") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None
    if not rows:
        raise DatasetError(f"{path} names no image")
    columns = [key for key in rows[0] if key and re.fullmatch(r"guess\d+", key)]
    if not columns or not {"image", "truth"} <= rows[0].keys():
        raise DatasetError(f"{path} needs the columns image, truth, guess1 ...")
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise DatasetError(f"{path}, line {number}: it has not as many fields as the first line")
    names = tuple(row["image"] for row in rows)
    if len(set(names)) < len(names):
        raise DatasetError(f"{path} names an image twice")
    return Draw(
        names, np.array([row["truth"] for row in rows]), np.array([[row[key] for key in columns] for row in rows])
    )


def are_wnids(classes):
    """Whether all class names are WordNet ids, ``n`` and eight digits."""
    return all(re.fullmatch(r"n\d{8}", str(name)) for name in classes)


def image_errors(draw, taxonomy=None, classes=None):
    """The errors of every image of a draw, by the names of :data:`MEASURES`.

    Parameters
    ----------
    draw : Draw
    taxonomy : bovw.Taxonomy, optional
        Adds the hierarchical errors, in heights; class names must be its wnids.
    classes : sequence of str, optional
        All classes, with ``taxonomy``.

    Returns
    -------
    dict of str to array of shape (n,)
        ``mean_class_accuracy`` is not there: it is ``top1`` averaged inside the classes.
    """
    flat = image_flat_errors(draw.truth, draw.guesses)
    errors = {"top1": flat[:, 0], "top5": flat[:, -1]}
    if taxonomy is not None:
        hierarchical = image_hierarchical_errors(draw.truth, draw.guesses, taxonomy.cost_matrix(classes), classes)
        errors |= {"hierarchical1": hierarchical[:, 0], "hierarchical5": hierarchical[:, -1]}
    return errors
