"""One training and test split: its members, the fusion of their scores, and what came out."""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np

from .._files import atomic_write, fingerprint, remove_unfinished, write_json
from ..classify import OneVsRestDual
from ..evaluation import HedgedPredictor, confusion_matrix, flat_error, hierarchical_error, mean_class_accuracy
from ..persist import save_model
from ..pipeline import FusedClassifier
from .build import build_fusion, build_members
from .hedging import save_hedge
from .member import MemberRun

N_GUESSES = 5


class DrawRun:
    """One draw of a run.

    Parameters
    ----------
    config : Config
    dataset : Dataset
    manifest : str
        Fingerprint of the data.
    train, test : int arrays
    draw : int
    folder : path
        Where ``predictions.csv`` and ``result.json`` go.
    cache : path or None
        Where members keep their results for other runs; without it they are discarded.
    taxonomy : Taxonomy or None
        Knows the data set's classes: hierarchical errors are reported and the kept model can hedge.
    """

    def __init__(self, config, dataset, manifest, train, test, draw, folder, *, cache, taxonomy, n_jobs, verbose):
        self.config, self.dataset, self.manifest = config, dataset, manifest
        self.train, self.test, self.draw = train, test, draw
        self.folder, self.cache, self.taxonomy = Path(folder), cache, taxonomy
        self.costs = None if taxonomy is None else taxonomy.cost_matrix(dataset.classes)
        self.n_jobs, self.verbose = n_jobs, verbose
        self.split = {"data": manifest, "train": train, "test": test}
        self.key = fingerprint({"config": config.fingerprint, "draw": draw, "costs": self.costs, **self.split})

    def run(self, keep_model=None):
        """Do what is not done yet and return the result; the model goes to the folder ``keep_model``."""
        result = self.finished()
        if result is not None:
            self._discard_members()
            return result
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(self.folder)
        labels = np.asarray(self.dataset.classes)[self.dataset.labels]
        members = build_members(self.config, draw=self.draw, n_jobs=self.n_jobs, verbose=self.verbose)
        results = []
        for name, (settings, model) in members.items():
            if self.verbose and len(members) > 1:
                print(f"  {name}", file=sys.stderr, flush=True)
            key = fingerprint({"member": settings, **self.split})
            folder = self.folder / f"member-{name}" if self.cache is None else Path(self.cache) / key
            member = MemberRun(
                folder, key, model, self.dataset.images, self.dataset.names, labels, self.train, self.test,
                held_out=len(members) > 1 or self._cheap_folds(model), verbose=self.verbose,
            )
            results.append(member.run())
        model, scores = self._fused(results, labels)
        errors = {row: message for found in results for row, message in found.errors.items()}
        result = self._evaluate(model, scores, errors, results)
        if keep_model is not None:
            shutil.rmtree(keep_model, ignore_errors=True)
            save_model(model, keep_model)
            if self.taxonomy is not None and all(part.held_out is not None for part in results):
                self._save_hedge(model, results, labels[self.train], keep_model)
        write_json(self.folder / "result.json", result)
        self._discard_members()
        return result

    def _save_hedge(self, model, results, labels, folder):
        """Let the kept model hedge, by what its machines said of training images that they did not see."""
        held_out = [part.held_out for part in results]
        read = ~np.isnan(np.sum([scores[:, 0] for scores in held_out], axis=0))
        held_out = [scores[read] for scores in held_out]
        scores = model.fusion_.transform(held_out) if len(results) > 1 else held_out[0]
        hedge = HedgedPredictor().fit(scores, labels[read], classes=model.classes_, taxonomy=self.taxonomy)
        save_hedge(hedge, folder)

    def _discard_members(self):
        for folder in self.folder.glob("member-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _cheap_folds(self, model):
        """Whether out-of-fold scores, which another run may need, come at little cost: all from one Gram matrix."""
        smallest = np.bincount(self.dataset.labels[self.train]).min()
        wanted = self.cache is not None or self.taxonomy is not None
        return wanted and smallest >= 2 and isinstance(model.classifier, OneVsRestDual)

    def finished(self):
        """The result of a draw that is done, else None."""
        try:
            result = json.loads((self.folder / "result.json").read_text())
        except (OSError, ValueError):
            return None
        return result if result.get("fingerprint") == self.key else None

    def _fused(self, results, labels):
        fusion = build_fusion(self.config)
        if fusion is None:
            return results[0].model, results[0].scores
        model = FusedClassifier.join(
            [result.model for result in results], [result.held_out for result in results], labels[self.train],
            fusion=fusion,
        )
        return model, model.fusion_.transform([result.scores for result in results])

    def _evaluate(self, model, scores, errors, results):
        order = {name: i for i, name in enumerate(self.dataset.classes)}
        to_label = np.array([order[str(name)] for name in model.classes_])
        guesses = to_label[model.rank(scores, N_GUESSES)]
        guesses[sorted(errors)] = -1  # an image that could not be read is a wrong answer
        truth, read = self.dataset.labels[self.test], guesses[:, 0] >= 0
        self._write_predictions(guesses, scores)
        top_k = min(N_GUESSES, guesses.shape[1])
        seconds = {}
        for part in results:
            for stage, value in part.seconds.items():
                seconds[stage] = seconds.get(stage, 0.0) + value
        result = {
            "fingerprint": self.key,
            "n_train": len(self.train),
            "n_test": len(self.test),
            "top1": 1 - float(flat_error(truth, guesses, 1)),
            "top5": 1 - float(flat_error(truth, guesses, top_k)),
            "mean_class_accuracy": float(mean_class_accuracy(truth, guesses[:, 0])),
            "confusion": confusion_matrix(truth[read], guesses[read, 0], labels=np.arange(len(order))).tolist(),
            "chosen_C": [_chosen_c(part.model.classifier_) for part in results],
            "fusion_weights": [float(w) for w in model.fusion_.weights_] if len(results) > 1 else None,
            "signature_size": sum(part.model.signature_size for part in results),
            "bytes_per_image": sum(part.bytes_per_image for part in results),
            "seconds": seconds,
            "peak_memory_mb": _largest(part.peak_memory_mb for part in results),
            "skipped": {
                **model.skipped_, **{self.dataset.names[self.test[row]]: text for row, text in sorted(errors.items())}
            },
        }
        if self.costs is not None:
            classes = np.arange(len(order))
            result["hierarchical5"] = float(hierarchical_error(truth, guesses, self.costs, classes, top_k))
        return result

    def _write_predictions(self, guesses, scores):
        """One line a test image: name, true class, then up to five classes, best first."""
        dataset = self.dataset
        with atomic_write(self.folder / "predictions.csv", "w") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["image", "truth", *(f"guess{i + 1}" for i in range(guesses.shape[1])), "score1"])
            for i, row, score in zip(self.test, guesses, scores.max(axis=1), strict=True):
                names = [dataset.classes[g] if g >= 0 else "" for g in row]
                writer.writerow([dataset.names[i], dataset.classes[dataset.labels[i]], *names, f"{score:.6g}"])


def _chosen_c(classifier):
    """The C of a classifier that has one."""
    value = getattr(classifier, "C_", classifier.get_params().get("C"))
    return float(value) if isinstance(value, (int, float)) else None


def _largest(values):
    """The largest of some numbers; None if one is not known."""
    values = list(values)
    return None if None in values else max(values)
