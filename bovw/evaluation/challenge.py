"""The challenge's report on a prediction file: flat and hierarchical errors at 1 to 5 guesses.

References
----------
.. [1] ILSVRC2010 development kit, ``evaluation/demo_eval.m``.
"""

import numpy as np

from ..errors import DatasetError, ParameterError
from ..taxonomy import Taxonomy
from ._labels import as_rows
from .confusion import mean_class_accuracy
from .flat import image_flat_errors
from .hierarchical import image_hierarchical_errors
from .intervals import bootstrap_interval
from .predictions import read_ground_truth, read_predictions


def evaluate_predictions(truth, predictions, taxonomy=None, *, confidence=0.95, random_state=0):
    """All figures of the challenge for predicted ids.

    Parameters
    ----------
    truth : array of shape (n,)
        Ids from 1 up.
    predictions : array of shape (n, k), or list of lists
        Ids, best first; -1 is a guess not made.
    taxonomy : bovw.Taxonomy, optional
        With ids, as from a development kit. Adds the hierarchical errors.
    confidence : float in (0, 1), default 0.95
        Of the bootstrap intervals.
    random_state : int, RandomState, Generator or None, default 0
        Seed of their resamples.

    Returns
    -------
    dict
        ``n_images``; ``flat`` and ``hierarchical``, lists of the errors at 1 to 5
        guesses; ``hierarchical_normalized``, divided by the largest cost;
        ``mean_class_accuracy`` of the first guess; under ``intervals``, lists of
        [low, high] of ``flat`` and ``hierarchical``. All plain numbers.
    """
    predictions = as_rows("predictions", predictions)
    flat = image_flat_errors(truth, predictions)
    first = predictions[:, 0] if predictions.shape[1] else np.full(len(predictions), -1)
    report = {
        "n_images": len(flat),
        "flat": flat.mean(axis=0).tolist(),
        "mean_class_accuracy": mean_class_accuracy(truth, first),
        "intervals": {"confidence": confidence, "flat": _intervals(flat, confidence, random_state)},
    }
    if taxonomy is not None:
        costs, classes = _costs(taxonomy)
        errors = image_hierarchical_errors(truth, predictions, costs, classes)
        report["hierarchical"] = errors.mean(axis=0).tolist()
        report["hierarchical_normalized"] = (errors.mean(axis=0) / max(int(costs.max()), 1)).tolist()
        report["intervals"]["hierarchical"] = _intervals(errors, confidence, random_state)
    return report


def evaluate_files(predictions, truth, meta=None, wordnet=None, *, confidence=0.95, random_state=0):
    """:func:`evaluate_predictions` for files.

    Parameters
    ----------
    predictions, truth : str or PathLike
        As :func:`bovw.evaluation.read_predictions` and ``read_ground_truth`` read them.
        Where both name their images, they are matched by name; else line by line.
    meta : str or PathLike, optional
        A development kit or its ``meta.mat``.
    wordnet : str or PathLike, optional
        WordNet's hierarchy, for a kit whose ``meta.mat`` has none (2015).
    confidence : float in (0, 1), default 0.95
    random_state : int, RandomState, Generator or None, default 0
        As in :func:`evaluate_predictions`.

    Returns
    -------
    dict
        As of :func:`evaluate_predictions`.

    Raises
    ------
    DatasetError
        If a file is malformed, numbers of images or names differ, an id is not one of
        the kit's classes, or there is no hierarchy in ``meta`` and ``wordnet``.
    """
    if wordnet is not None and meta is None:
        raise ParameterError("wordnet is given without meta; a kit's meta.mat says what the ids mean")
    taxonomy = None
    if meta is not None:
        taxonomy = Taxonomy.read(meta, hierarchy=None if wordnet is None else Taxonomy.read(wordnet))
        if len(taxonomy.roots()) == len(taxonomy):
            raise DatasetError(f"{meta} has no hierarchy; name a WordNet folder too, or evaluate without it")
    max_id = None if taxonomy is None else len(_classes(taxonomy))
    truth_file = read_ground_truth(truth, max_id=max_id)
    guesses = read_predictions(predictions, max_id=max_id)
    if len(guesses.labels) != len(truth_file.labels):
        raise DatasetError(
            f"{predictions} has {len(guesses.labels)} images and {truth} {len(truth_file.labels)}; "
            f"both need one line an image"
        )
    labels = guesses.labels
    if guesses.names is not None and truth_file.names is not None:
        labels = labels[_matched(predictions, guesses.names, truth, truth_file.names)]
    return evaluate_predictions(
        truth_file.labels, labels, taxonomy, confidence=confidence, random_state=random_state
    )


def _matched(predictions, guessed, truth, true):
    """The line of ``predictions`` for each line of ``truth``."""
    line_of = {name: i for i, name in enumerate(guessed)}
    for path, names, size in ((predictions, guessed, len(line_of)), (truth, true, len(set(true)))):
        if size < len(names):
            raise DatasetError(f"{path} names an image twice")
    absent = [name for name in true if name not in line_of]
    if absent:
        raise DatasetError(f"{predictions} has no line for {absent[0]!r}, which {truth} names")
    return np.array([line_of[name] for name in true])


def _classes(taxonomy):
    """The wnids of the challenge's classes: the leaves, in the order of their ids."""
    classes = [w for w in taxonomy.leaves() if taxonomy[w].id]
    classes.sort(key=lambda w: taxonomy[w].id)
    if [taxonomy[w].id for w in classes] != list(range(1, len(classes) + 1)):
        raise ParameterError("the taxonomy's leaves do not have the ids 1, 2, 3 ...; use a kit's meta.mat")
    return classes


def _costs(taxonomy):
    classes = _classes(taxonomy)
    return taxonomy.cost_matrix(classes), np.arange(1, len(classes) + 1)


def _intervals(errors, confidence, random_state):
    found = [bootstrap_interval(e, confidence=confidence, random_state=random_state) for e in errors.T]
    return [[interval.low, interval.high] for interval in found]
