"""What a data set asks: which class an image is of, or which of the classes it shows.

A task knows the labels that classifiers learn from, how a split may be made smaller, how
scores are judged and written down, and what ``metrics.json`` says of all draws. Everything
else in a run is the same for both. :func:`task_of` tells which one a data set asks.

======================  =================================  ====================================
..                      one class an image                 several classes an image
======================  =================================  ====================================
labels                  class names                        indicator matrix of 1, 0 and -1
judged by               top-1, top-5, mean class accuracy  mean average precision
predictions.csv         up to five guesses                 the score of every class
images for training     as the config says                 the official ones; with ``--lite``
                                                           so many of each class as it says
======================  =================================  ====================================

PASCAL VOC's rules hold for several classes [1]_: an image in which a class is marked
"difficult" takes no part in that class's training and average precision, and the average
precision is the interpolated one at 11 recall levels.

References
----------
.. [1] M. Everingham, J. Winn, "The PASCAL Visual Object Classes Challenge 2007 (VOC2007)
   Development Kit", section 3.4, and ``VOCevalcls.m``.
"""

import numpy as np

from .._random import stage_rng
from ..datasets import class_share, draw_split
from ..errors import DatasetError
from ..evaluation import (
    confusion_matrix,
    flat_error,
    hierarchical_error,
    mean_class_accuracy,
    summarize_draws,
)
from ..results.outcomes import METHODS, RankedDraw, precision_intervals, read_draws, write_guesses, write_scores

N_GUESSES = 5
CONFIDENCE = 0.95


def task_of(dataset, taxonomy=None):
    """The task of a data set.

    Parameters
    ----------
    dataset : Dataset
    taxonomy : Taxonomy, optional
        Knows the data set's classes: hierarchical errors are reported.

    Returns
    -------
    SingleLabelTask or MultiLabelTask
    """
    return SingleLabelTask(dataset, taxonomy) if dataset.targets is None else MultiLabelTask(dataset, taxonomy)


def splits_of(task, config):
    """(train, test) index arrays of every draw of a run.

    A data set that says itself which images are for training is taken at its word; with
    ``data.n_train`` only so many of them a class are taken. ``data.n_test`` limits the test images.

    Parameters
    ----------
    task : SingleLabelTask or MultiLabelTask
    config : Config

    Returns
    -------
    list of (int array, int array)
    """
    dataset, settings = task.dataset, config.tree["data"]
    n_train, n_test = task.limits(config)
    seed, first = settings["seed"], settings.get("split") == "first"
    if dataset.train is None:
        try:
            return [
                draw_split(dataset.labels, n_train, n_test, seed=seed, draw=draw, classes=dataset.classes, first=first)
                for draw in range(settings["draws"])
            ]
        except DatasetError as error:
            raise DatasetError(_too_many(config, n_train, dataset.labels, str(error))) from None
    official = dataset.draws or ((dataset.train, dataset.test),)  # some data sets, as Outex, come with several
    splits = []
    for draw in range(max(settings["draws"], len(official))):
        parts = zip(official[draw % len(official)], (n_train, n_test), ("train", "test"), strict=True)
        splits.append(tuple(
            task.thinned(rows, limit, None if first else stage_rng(seed, stage, draw)) for rows, limit, stage in parts
        ))
        task.check_split(*splits[-1])
    return splits


def _too_many(config, n_train, labels, text):
    """The message for a number of training images that a class does not have, with the key that it is from."""
    path = ("data", "n_train" if config.tree["data"]["n_train"] else "n_train_unsplit")
    most = np.bincount(labels).min() - 1
    remedy = f"; --set {'.'.join(path)}={most} is the most that all classes have" if most > 0 else ""
    return str(config.error(path, text.removeprefix(f"n_train={n_train} "), n_train)) + remedy


def _of_each(groups, limit, rng):
    """At most ``limit`` images of each group: drawn by ``rng``, the first where that is None."""
    groups = [group if rng is None else rng.permutation(group) for group in groups]
    return np.concatenate([group[:class_share(limit, len(group))] for group in groups])


class SingleLabelTask:
    """Each image is of one class.

    Attributes
    ----------
    labels : array of shape (n_images,), str
        What a classifier learns.
    class_names : None
        The labels are names already.
    taxonomy : Taxonomy or None
    costs : array or None
        Of hierarchical errors.
    """

    class_names = None

    def __init__(self, dataset, taxonomy=None):
        self.dataset, self.taxonomy = dataset, taxonomy
        self.labels = np.asarray(dataset.classes)[dataset.labels]
        self.costs = None if taxonomy is None else taxonomy.cost_matrix(dataset.classes)

    def limits(self, config):
        """Training and test images a class: numbers, fractions, or None for all."""
        return config.n_train(has_split=self.dataset.train is not None), config.tree["data"]["n_test"] or None

    def thinned(self, index, limit, rng):
        """At most ``limit`` images of each class out of ``index``, drawn by ``rng``; the first where that is None."""
        if limit is None:
            return index
        labels, n_classes = self.dataset.labels[index], len(self.dataset.classes)
        return np.sort(_of_each([index[labels == c] for c in range(n_classes)], limit, rng))

    def check_split(self, train, test):
        """Raise DatasetError if a split cannot be learnt from or judged; with one class an image any can be."""

    def smallest_class(self, rows):
        """Images of the class with the fewest of them."""
        return int(np.bincount(self.dataset.labels[rows]).min())

    def judge(self, model, scores, errors, test, path):
        """Write the predictions of a draw and return what is said of them, for ``result.json``.

        Parameters
        ----------
        model : BovwClassifier or FusedClassifier
        scores : array of shape (len(test), n_classes)
        errors : dict of int to str
            Rows of ``scores`` whose image could not be read.
        test : int array
        path : path
            Of ``predictions.csv``.

        Returns
        -------
        dict
        """
        dataset = self.dataset
        order = {name: i for i, name in enumerate(dataset.classes)}
        to_label = np.array([order[str(name)] for name in model.classes_])
        guesses = to_label[model.rank(scores, N_GUESSES)]
        guesses[sorted(errors)] = -1  # an image that could not be read is a wrong answer
        truth, read = dataset.labels[test], guesses[:, 0] >= 0
        write_guesses(path, [dataset.names[i] for i in test], truth, guesses, scores.max(axis=1), dataset.classes)
        top_k = min(N_GUESSES, guesses.shape[1])
        result = {
            "top1": 1 - float(flat_error(truth, guesses, 1)),
            "top5": 1 - float(flat_error(truth, guesses, top_k)),
            "mean_class_accuracy": float(mean_class_accuracy(truth, guesses[:, 0])),
            "confusion": confusion_matrix(truth[read], guesses[read, 0], labels=np.arange(len(order))).tolist(),
        }
        if self.costs is not None:
            classes = np.arange(len(order))
            result["hierarchical5"] = float(hierarchical_error(truth, guesses, self.costs, classes, top_k))
        return result

    def summarize(self, results, out):
        """What ``metrics.json`` says of the results of all draws; ``out`` is the folder of the run."""
        return {
            **{name: summarize([r[name] for r in results]) for name in ("top1", "top5", "mean_class_accuracy")},
            "hierarchical5": None if self.costs is None else summarize([r["hierarchical5"] for r in results]),
            "confusion": np.sum([result["confusion"] for result in results], axis=0).tolist(),
        }


class MultiLabelTask:
    """An image may show several classes.

    Attributes
    ----------
    labels : array of shape (n_images, n_classes), int8
        What a classifier learns: 1 where the image shows the class, 0 where not, -1 where it is difficult to see.
    class_names : tuple of str
        Of the columns.
    """

    taxonomy = costs = None

    def __init__(self, dataset, taxonomy=None):
        if taxonomy is not None:
            raise DatasetError(
                f"{dataset.root} has several classes an image ({dataset.kind}), and a hierarchical error is of one; "
                "leave the taxonomy out"
            )
        if len(dataset.classes) < 2:
            raise DatasetError(f"{dataset.root} has one class only, {dataset.classes[0]!r}; two at least are needed")
        self.dataset, self.class_names = dataset, dataset.classes
        difficult = np.zeros(dataset.targets.shape, bool) if dataset.difficult is None else dataset.difficult
        self.labels = np.where(difficult, -1, dataset.targets).astype(np.int8)

    def limits(self, config):
        """As :meth:`SingleLabelTask.limits`; the data set's own split is changed by ``--lite`` alone."""
        if self.dataset.train is None:
            raise DatasetError(
                f"{self.dataset.root} says not which images are for testing, and several classes an image are not "
                "split at random; give lists of training and test images (--split TRAIN TEST)"
            )
        data = config.tree["data"]
        return (data["n_train"] or None, data["n_test"] or None) if config.lite else (None, None)

    def thinned(self, index, limit, rng):
        """As :meth:`SingleLabelTask.thinned`, of the images that show each class; one may be there for several."""
        if limit is None:
            return index
        shown = self.labels[index] == 1
        return np.unique(_of_each([index[column] for column in shown.T], limit, rng))

    def check_split(self, train, test):
        """Raise DatasetError if a class has no image, or no other image, to learn from, or none to be tested on."""
        for c, name in enumerate(self.class_names):
            for rows, value, what in ((train, 1, "training image that shows"), (train, 0, "training image without"),
                                      (test, 1, "test image that shows")):
                if not (self.labels[rows, c] == value).any():
                    raise DatasetError(f"{self.dataset.root} has no {what} {name}; add images or remove the class")

    def smallest_class(self, rows):
        """Images of the class that the fewest of them show."""
        return int((self.labels[rows] == 1).sum(axis=0).min())

    def judge(self, model, scores, errors, test, path):
        """As :meth:`SingleLabelTask.judge`."""
        column = {str(name): j for j, name in enumerate(model.classes_)}
        scores = np.float32(scores)[:, [column[name] for name in self.class_names]]
        scores[sorted(errors)] = np.nan
        names = [self.dataset.names[i] for i in test]
        write_scores(path, names, self.labels[test], scores, self.class_names)
        draw = RankedDraw(tuple(names), self.class_names, self.labels[test], scores)
        precisions = {name: draw.average_precisions(name) for name in METHODS}
        return {
            **{name: float(values.mean()) for name, values in precisions.items()},
            "average_precisions": {name: values.tolist() for name, values in precisions.items()},
        }

    def summarize(self, results, out):
        """As :meth:`SingleLabelTask.summarize`, with bootstrap intervals over the test images."""
        draws, summary = read_draws(out)[: len(results)], {}
        for name, interval in precision_intervals(draws, CONFIDENCE).items():
            ends = {"low": interval.low, "high": interval.high, "confidence": interval.confidence}
            summary[name] = {**summarize([r[name] for r in results]), "interval": ends}
        rows = [[r["average_precisions"][name] for r in results] for name in METHODS]
        summary["average_precisions"] = dict(zip(METHODS, np.mean(rows, axis=1).tolist(), strict=True))
        summary["class_images"] = np.sum([(draw.labels == 1).sum(axis=0) for draw in draws], axis=0).tolist()
        return summary


def summarize(values):
    """Mean, standard deviation (over n - 1; None for a single value) and the list itself."""
    values = [float(v) for v in values]
    summary = summarize_draws(values)
    return {"mean": summary.mean, "std": summary.std if len(values) > 1 else None, "draws": values}
