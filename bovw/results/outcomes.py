"""What a run answered: the predictions of every draw, written and read back.

``predictions.csv`` has a line a test image. Of images of one class each::

    image,truth,guess1,...,guess5,score1

guesses best first, empty for an image that could not be read. Of images that show several
classes::

    image,truth,left_out,score:CLASS,score:CLASS ...

``truth`` and ``left_out`` are names of classes with ``;`` between them: those that the image
shows, and those that it is not judged by. Scores are shortest decimals of float32, which
they give back exactly, and empty for an image that could not be read.
"""

import csv
import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._files import atomic_write
from ..classify import top_k
from ..errors import DatasetError
from ..evaluation import (
    class_average_precisions,
    image_flat_errors,
    image_hierarchical_errors,
    mean_average_precision_interval,
)

#: measures of images that show several classes -> method of :func:`bovw.average_precision`
METHODS = {"mAP": "11-point", "mAP_step": "step"}

_SCORE = "score:"
_BETWEEN = ";"


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

    def take(self, rows):
        """The answers to some of the images."""
        return Draw(tuple(self.names[row] for row in rows), self.truth[rows], self.guesses[rows])

    def same_truth(self, other):
        """Of each image whether ``other``, on the same images, has the same true class."""
        return self.truth == other.truth


class RankedDraw(NamedTuple):
    """The answers of one draw to images that show several classes.

    Attributes
    ----------
    names : tuple of str
        The test images.
    classes : tuple of str
    labels : int8 array of shape (n, n_classes)
        1 where the image shows the class, 0 where not, -1 where it is not judged.
    scores : float32 array of shape (n, n_classes)
        NaN for an image that could not be read.
    """

    names: tuple
    classes: tuple
    labels: np.ndarray
    scores: np.ndarray

    @property
    def judged_scores(self):
        """The scores with unread images last in every list, as VOC's kit ranks images without a result."""
        read = ~np.isnan(self.scores[:, 0])
        lowest = self.scores[read].min(axis=0) if read.any() else np.zeros(len(self.classes), np.float32)
        return np.where(read[:, None], self.scores, lowest - 1)

    def average_precisions(self, name):
        """Of every class, (n_classes,), by the method of a measure in :data:`METHODS`."""
        return class_average_precisions(self.labels == 1, self.judged_scores, METHODS[name], ignore=self.labels < 0)

    def take(self, rows):
        """The answers to some of the images."""
        names = tuple(self.names[row] for row in rows)
        return self._replace(names=names, labels=self.labels[rows], scores=self.scores[rows])

    def same_truth(self, other):
        """Of each image whether ``other``, on the same images and classes, has the same labels."""
        return (self.labels == other.labels).all(axis=1)

    def rank(self, k):
        """The ``k`` best classes of each image, (n, min(k, n_classes)), ``""`` if it could not be read."""
        best = top_k(self.judged_scores, k)
        best[np.isnan(self.scores[:, 0])] = -1
        return np.array([*self.classes, ""])[best]

    def best_is_wrong(self):
        """Whether the best class of each image is one that it does not show; yes if it could not be read."""
        best = self.judged_scores.argmax(axis=1)
        return (self.labels[np.arange(len(best)), best] == 0) | np.isnan(self.scores[:, 0])

    def shown(self):
        """The names of the classes that each image shows, a list of lists."""
        return [[self.classes[c] for c in np.flatnonzero(row == 1)] for row in self.labels]


def write_guesses(path, names, truth, guesses, best_scores, classes):
    """Write ``predictions.csv`` of images of one class each.

    Parameters
    ----------
    path : path
    names : sequence of str
    truth : int array of shape (n,)
    guesses : int array of shape (n, k)
        Best first, -1 for none.
    best_scores : array of shape (n,)
    classes : sequence of str
    """
    with atomic_write(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "truth", *(f"guess{i + 1}" for i in range(guesses.shape[1])), "score1"])
        for name, label, row, score in zip(names, truth, guesses, best_scores, strict=True):
            writer.writerow([name, classes[label], *(classes[g] if g >= 0 else "" for g in row), f"{score:.6g}"])


def write_scores(path, names, labels, scores, classes):
    """Write ``predictions.csv`` of images that show several classes.

    Parameters
    ----------
    path : path
    names : sequence of str
    labels, scores, classes
        As in :class:`RankedDraw`.
    """
    odd = [name for name in classes if _BETWEEN in name]
    if odd:
        raise DatasetError(f"class {odd[0]!r} has {_BETWEEN!r} in its name, which stands between names; rename it")
    with atomic_write(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "truth", "left_out", *(f"{_SCORE}{name}" for name in classes)])
        for name, row, values in zip(names, labels, scores, strict=True):
            sides = (_BETWEEN.join(classes[c] for c in np.flatnonzero(row == side)) for side in (1, -1))
            writer.writerow([name, *sides, *("" if np.isnan(value) else str(value) for value in values)])


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
    list of Draw, or of RankedDraw

    Raises
    ------
    DatasetError
        If there is no draw, or a file of predictions is malformed.
    """
    folders = sorted(path for path in Path(run).glob("draw-*") if re.fullmatch(r"draw-\d+", path.name))
    if not folders:
        raise DatasetError(f"{run} holds no draw; give the folder of a finished run (its --out)")
    return [read_predictions(folder / "predictions.csv") for folder in folders]


def read_predictions(path):
    """A ``predictions.csv`` as a :class:`Draw` or :class:`RankedDraw`.

    Raises
    ------
    DatasetError
        If it is missing or malformed.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing; the run has not finished") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None
    if not rows:
        raise DatasetError(f"{path} names no image")
    ranked = "left_out" in rows[0]
    form = f"{_SCORE}.+" if ranked else r"guess\d+"
    columns = [key for key in rows[0] if key and re.fullmatch(form, key, re.S)]
    if not columns or not {"image", "truth"} <= rows[0].keys():
        raise DatasetError(f"{path} needs the columns image, truth, guess1 ..., or image, truth, left_out, score:...")
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise DatasetError(f"{path}, line {number}: it has not as many fields as the first line")
    names = tuple(row["image"] for row in rows)
    if len(set(names)) < len(names):
        raise DatasetError(f"{path} names an image twice")
    if ranked:
        return _ranked_draw(path, names, rows, [key.removeprefix(_SCORE) for key in columns])
    return Draw(
        names, np.array([row["truth"] for row in rows]), np.array([[row[key] for key in columns] for row in rows])
    )


def _ranked_draw(path, names, rows, classes):
    place = {name: c for c, name in enumerate(classes)}
    labels = np.zeros((len(rows), len(classes)), np.int8)
    scores = np.full(labels.shape, np.nan, np.float32)
    for i, row in enumerate(rows):
        try:
            for key, value in (("truth", 1), ("left_out", -1)):
                labels[i, [place[name] for name in row[key].split(_BETWEEN) if name]] = value
            texts = [row[f"{_SCORE}{name}"] for name in classes]
            if any(texts):
                scores[i] = [float(text) for text in texts]
                if not np.isfinite(scores[i]).all():
                    raise ValueError("a score is not finite")
        except KeyError as error:
            raise DatasetError(f"{path}, line {i + 2}: {error} is no class of the first line") from None
        except ValueError as error:
            raise DatasetError(f"{path}, line {i + 2}: {error}") from None
    return RankedDraw(names, tuple(classes), labels, scores)


def joined(draws):
    """Several :class:`RankedDraw` as the arguments of functions that rank each draw on its own.

    Returns
    -------
    dict
        ``relevant``, ``scores``, ``ignore``, ``images`` and ``draws``, rows of all draws one after the other.
    """
    labels = np.concatenate([draw.labels for draw in draws])
    return {
        "relevant": labels == 1,
        "scores": np.concatenate([draw.judged_scores for draw in draws]),
        "ignore": labels < 0,
        "images": np.concatenate([draw.names for draw in draws]),
        "draws": np.repeat(np.arange(len(draws)), [len(draw.names) for draw in draws]),
    }


def precision_intervals(draws, confidence=0.95):
    """Bootstrap intervals over images of the :data:`METHODS`, a dict of :class:`bovw.evaluation.Interval`."""
    rows = joined(draws)
    return {
        name: mean_average_precision_interval(method=method, confidence=confidence, **rows)
        for name, method in METHODS.items()
    }


def evaluate_scores(path, confidence=0.95):
    """Average precisions of a ``predictions.csv`` that has the score of every class.

    Parameters
    ----------
    path : path
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    dict
        ``n_images``; ``mAP`` and ``mAP_step``, each with ``mean``, ``low``, ``high``,
        ``confidence`` and ``classes``, a dict of average precisions.

    Raises
    ------
    DatasetError
        If the file is malformed, or has guesses in place of scores.
    """
    draw = read_predictions(path)
    if not isinstance(draw, RankedDraw):
        raise DatasetError(f"{path} has guesses, and average precisions need scores: the columns left_out, score:CLASS")
    report = {"n_images": len(draw.names)}
    for name, interval in precision_intervals([draw], confidence).items():
        values = draw.average_precisions(name).tolist()
        mean, low, high, _ = interval
        report[name] = {
            "mean": mean, "low": low, "high": high, "confidence": confidence,
            "classes": dict(zip(draw.classes, values, strict=True)),
        }
    return report


def are_wnids(classes):
    """Whether all class names are WordNet ids, ``n`` and eight digits."""
    return all(re.fullmatch(r"n\d{8}", str(name)) for name in classes)


def image_errors(draw, taxonomy=None, classes=None):
    """The errors of every image of a draw, by the names of :data:`bovw.results.measures.MEASURES`.

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
