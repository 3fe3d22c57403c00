"""Runs a config on a data set: codebooks, signatures, classifier, scores, metrics, draw by draw.

Layout of the output folder::

    metrics.json          the result: mean, deviation and list over draws, times, memory, versions
    report.html           the same to look at
    model/                the model of the first draw, for ``bovw predict``
    draw-00/              predictions.csv, result.json; while the draw is under way
                          also its codebooks and finished rows

Every stage leaves its result on disk under the fingerprint of all that it
depends on: the config, the images' names and sizes, the split, the seed. A run
that was stopped, by whatever, goes on where it was and ends with the same bytes.
"""

import csv
import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np

from .._files import atomic_write, fingerprint, remove_unfinished, write_json
from .._progress import Progress
from .._random import stage_rng
from ..datasets import draw_split, read_folder, read_split_files
from ..errors import ConfigError, ModelFormatError
from ..evaluation import confusion_matrix, flat_error, mean_class_accuracy, summarize_draws
from ..persist import save_model
from ..pipeline import BovwClassifier
from .build import build_classifier
from .environment import describe_environment, peak_memory_mb
from .rows import ResumableRows

N_GUESSES = 5
BLOCK_ROWS = 64


def run_experiment(config, data, out, *, n_jobs=-1, verbose=True, overwrite=False, split_files=None):
    """Run a config on a folder of classes.

    Parameters
    ----------
    config : Config
    data : path
        A folder ``<class>/<image>``, or ``train/<class>/<image>`` and ``test/`` or ``val/``.
    out : path
        Where everything is written; created if need be.
    n_jobs : int, default -1
        Worker threads. The result does not depend on it.
    verbose : bool, default True
        Progress on standard error.
    overwrite : bool, default False
        Discard what an earlier run with another config or other data left in ``out``.
    split_files : (path, path), optional
        Lists of training and test images in place of seeded draws.

    Returns
    -------
    dict
        What ``metrics.json`` holds.

    Raises
    ------
    ConfigError
        If ``out`` holds another run.
    DatasetError
        If the data set is missing, malformed or too small.
    """
    out = Path(out)
    dataset = read_folder(data, on_error=config.tree["data"]["on_error"])
    splits = _splits(config, dataset, split_files)
    identity = fingerprint({"config": config.fingerprint, "data": _manifest(dataset)})
    _claim(out, identity, config, overwrite)
    results = []
    for draw, (train, test) in enumerate(splits):
        folder = out / f"draw-{draw:02d}"
        key = fingerprint({"run": identity, "draw": draw, "train": train, "test": test})
        result = _finished(folder, key)
        if result is None:
            if verbose:
                print(f"draw {draw + 1} of {len(splits)}: {len(train)} training and {len(test)} test images",
                      file=sys.stderr, flush=True)
            result = _Draw(config, dataset, train, test, draw, folder, key, n_jobs, verbose).run(
                keep_model=out / "model" if draw == 0 else None
            )
        elif verbose:
            print(f"draw {draw + 1} of {len(splits)}: finished earlier, reused", file=sys.stderr, flush=True)
        results.append(result)
    metrics = _summarize(config, dataset, results, identity)
    write_json(out / "metrics.json", metrics)
    return metrics


def _splits(config, dataset, split_files):
    """(train, test) index arrays of every draw.

    A data set that says itself which images are for training is taken at its word; with
    ``data.n_train`` only so many of them a class are drawn. ``data.n_test`` limits the test images.
    """
    settings = config.tree["data"]
    if split_files is not None:
        dataset = dataset.with_split(*read_split_files(dataset, *split_files))
    n_train = config.n_train(has_split=dataset.train is not None)
    n_test, seed = settings["n_test"] or None, settings["seed"]
    if dataset.train is None:
        return [
            draw_split(dataset.labels, n_train, n_test, seed=seed, draw=draw, classes=dataset.classes)
            for draw in range(settings["draws"])
        ]
    return [
        (
            _draw_some(dataset, dataset.train, n_train, stage_rng(seed, "train", draw)),
            _draw_some(dataset, dataset.test, n_test, stage_rng(seed, "test", draw)),
        )
        for draw in range(settings["draws"])
    ]


def _draw_some(dataset, index, limit, rng):
    """At most ``limit`` images of each class out of ``index``."""
    if limit is None:
        return index
    labels = dataset.labels[index]
    return np.sort(np.concatenate([rng.permutation(index[labels == c])[:limit] for c in range(len(dataset.classes))]))


def _manifest(dataset):
    """What the fingerprint knows of the data: names, labels, sizes of the files."""
    return {
        "names": list(dataset.names), "classes": list(dataset.classes), "labels": dataset.labels,
        "bytes": [Path(image).stat().st_size for image in dataset.images],
    }


def _claim(out, identity, config, overwrite):
    """Make sure that ``out`` is empty or holds this very run."""
    note = out / "run.json"
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out} is a file; give a folder")
    if note.exists():
        try:
            earlier = json.loads(note.read_text()).get("fingerprint")
        except ValueError:
            earlier = "unreadable"
        if earlier == identity:
            return
        if not overwrite:
            raise ConfigError(
                f"{out} holds a run of another config or data set (fingerprint {earlier}, this one is {identity}); "
                "choose another --out, or --overwrite it"
            )
        for path in [*out.glob("draw-*"), out / "model"]:
            shutil.rmtree(path, ignore_errors=True)
        for name in ("metrics.json", "report.html"):
            (out / name).unlink(missing_ok=True)
    elif out.exists() and any(out.iterdir()) and not overwrite:
        raise ConfigError(f"--out {out} is not empty and holds no run of bovw; choose another folder")
    write_json(note, {"fingerprint": identity, "config": config.tree, "lite": config.lite})


def _finished(folder, key):
    try:
        result = json.loads((folder / "result.json").read_text())
    except (OSError, ValueError):
        return None
    return result if result.get("fingerprint") == key else None


class _Draw:
    """One training and test split: codebooks, signatures, classifier and test scores, each resumable."""

    def __init__(self, config, dataset, train, test, draw, folder, key, n_jobs, verbose):
        self.config, self.dataset, self.train, self.test = config, dataset, train, test
        self.draw, self.folder, self.key = draw, folder, key
        self.n_jobs, self.verbose = n_jobs, verbose
        self.seconds = {}

    def run(self, keep_model):
        self._forget_other_runs()
        model = self._codebooks()
        model = self._classifier(model)
        scores = self._scores(model)
        result = self._evaluate(model, scores)
        if keep_model is not None:
            shutil.rmtree(keep_model, ignore_errors=True)
            (self.folder / "model").rename(keep_model)
        write_json(self.folder / "result.json", result)
        scores.remove()
        for name in ("encoders", "model"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return result

    def _forget_other_runs(self):
        note = self.folder / "draw.json"
        try:
            known = json.loads(note.read_text())
        except (OSError, ValueError):
            known = {}
        if known.get("fingerprint") != self.key:
            shutil.rmtree(self.folder, ignore_errors=True)
            known = {"fingerprint": self.key, "seconds": {}}
            write_json(note, known)
        remove_unfinished(self.folder)
        self.seconds = known["seconds"]

    def _took(self, stage, seconds):
        self.seconds[stage] = seconds
        write_json(self.folder / "draw.json", {"fingerprint": self.key, "seconds": self.seconds})

    def _stage_model(self, name, make):
        """The model saved under ``name`` if it is whole, else the one that ``make`` returns."""
        try:
            model = BovwClassifier.load(self.folder / name)
            return model.set_params(n_jobs=self.n_jobs, verbose=self.verbose)
        except ModelFormatError:
            pass
        model = make()
        save_model(model, self.folder / name)
        return model

    def _codebooks(self):
        def make():
            model = build_classifier(self.config, draw=self.draw, n_jobs=self.n_jobs, verbose=self.verbose)
            start = time.perf_counter()
            model.fit_encoders([self.dataset.images[i] for i in self.train])
            self._took("codebook", time.perf_counter() - start)
            return model

        return self._stage_model("encoders", make)

    def _rows(self, name, index, width, compute, label):
        """Fill a resumable matrix with ``compute(images) -> (rows, errors)``, block by block."""
        rows = ResumableRows(self.folder / f"{name}.npy", (len(index), width), self.key)
        with Progress(label, len(index), enabled=self.verbose) as progress:
            progress.update(rows.done)
            while rows.done < len(index):
                block = index[rows.done:rows.done + BLOCK_ROWS]
                start = time.perf_counter()
                values, errors = compute([self.dataset.images[i] for i in block])
                errors = {rows.done + i: message for i, message in errors.items()}
                rows.append(values, errors, time.perf_counter() - start)
                progress.update(len(block))
        return rows

    def _classifier(self, model):
        def make():
            quiet = model.set_params(verbose=False)
            signatures = self._rows(
                "signatures", self.train, quiet.signature_size, quiet.signatures_and_errors, "training signatures"
            )
            labels = np.asarray(self.dataset.classes)[self.dataset.labels[self.train]]
            self._took("signatures", signatures.seconds)
            start = time.perf_counter()
            quiet.fit_classifier(signatures.array, labels, skip=sorted(signatures.errors))
            self._took("classifier", time.perf_counter() - start)
            quiet.skipped_ = {
                self.dataset.names[self.train[row]]: message for row, message in sorted(signatures.errors.items())
            }
            signatures.remove()
            return quiet

        return self._stage_model("model", make)

    def _scores(self, model):
        model.set_params(verbose=False)
        rows = self._rows("scores", self.test, len(model.classes_), model.scores_and_errors, "test scores")
        self._took("test", rows.seconds)
        return rows

    def _evaluate(self, model, scores):
        order = {name: i for i, name in enumerate(self.dataset.classes)}
        to_label = np.array([order[str(name)] for name in model.classes_])
        guesses = to_label[model.rank(np.asarray(scores.array), N_GUESSES)]
        guesses[sorted(scores.errors)] = -1  # an image that could not be read is a wrong answer
        truth, read = self.dataset.labels[self.test], guesses[:, 0] >= 0
        _write_predictions(self.folder / "predictions.csv", self.dataset, self.test, guesses, scores)
        top_k = min(N_GUESSES, guesses.shape[1])
        return {
            "fingerprint": self.key,
            "n_train": len(self.train),
            "n_test": len(self.test),
            "top1": 1 - float(flat_error(truth, guesses, 1)),
            "top5": 1 - float(flat_error(truth, guesses, top_k)),
            "mean_class_accuracy": float(mean_class_accuracy(truth, guesses[:, 0])),
            "confusion": confusion_matrix(truth[read], guesses[read, 0], labels=np.arange(len(order))).tolist(),
            "chosen_C": getattr(model.classifier_, "C_", None),
            "signature_size": model.signature_size,
            "seconds": self.seconds,
            "skipped": {
                **model.skipped_, **{self.dataset.names[self.test[row]]: m for row, m in sorted(scores.errors.items())}
            },
        }


def _write_predictions(path, dataset, test, guesses, scores):
    """One line a test image: name, true class, then up to five classes, best first."""
    with atomic_write(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "truth", *(f"guess{i + 1}" for i in range(guesses.shape[1])), "score1"])
        best = np.asarray(scores.array).max(axis=1)
        for i, row, score in zip(test, guesses, best, strict=True):
            names = [dataset.classes[g] if g >= 0 else "" for g in row]
            writer.writerow([dataset.names[i], dataset.classes[dataset.labels[i]], *names, f"{score:.6g}"])


def _summarize(config, dataset, results, identity):
    def over_draws(key):
        return summarize(result[key] for result in results)

    stages = sorted({stage for result in results for stage in result["seconds"]})
    return {
        "name": config.name,
        "description": config.tree.get("description", ""),
        "published": config.tree.get("published", {}),
        "lite": config.lite,
        "top1": over_draws("top1"),
        "top5": over_draws("top5"),
        "mean_class_accuracy": over_draws("mean_class_accuracy"),
        "n_classes": len(dataset.classes),
        "classes": list(dataset.classes),
        "n_train": results[0]["n_train"],
        "n_test": results[0]["n_test"],
        "signature_size": results[0]["signature_size"],
        "chosen_C": [result["chosen_C"] for result in results],
        "skipped": {name: message for result in results for name, message in result["skipped"].items()},
        "confusion": np.sum([result["confusion"] for result in results], axis=0).tolist(),
        "seconds": {stage: sum(result["seconds"].get(stage, 0.0) for result in results) for stage in stages},
        "peak_memory_mb": peak_memory_mb(),
        "seed": config.tree["data"]["seed"],
        "draws": len(results),
        "config_fingerprint": config.fingerprint,
        "run_fingerprint": identity,
        "config": config.tree,
        "environment": describe_environment(),
    }


def summarize(values):
    """Mean, standard deviation (over n - 1; None for a single value) and the list itself."""
    values = [float(v) for v in values]
    summary = summarize_draws(values)
    return {"mean": summary.mean, "std": summary.std if len(values) > 1 else None, "draws": values}
