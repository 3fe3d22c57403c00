"""One training and test split: its members, the fusion of their scores, and what came out."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np

from .._files import fingerprint, remove_unfinished, write_json
from ..classify import as_classifier
from ..evaluation import HedgedPredictor
from ..persist import save_model
from ..pipeline import FusedClassifier
from .build import build_fusion, build_members
from .hedging import save_hedge
from .member import MemberRun


class DrawRun:
    """One draw of a run.

    Parameters
    ----------
    config : Config
    task : SingleLabelTask or MultiLabelTask
        Of the data set.
    manifest : str
        Fingerprint of the data.
    train, test : int arrays
    draw : int
    folder : path
        Where ``predictions.csv`` and ``result.json`` go.
    cache : path or None
        Where members keep their results for other runs; without it they are discarded.
    """

    def __init__(self, config, task, manifest, train, test, draw, folder, *, cache, n_jobs, verbose):
        self.config, self.task, self.dataset, self.manifest = config, task, task.dataset, manifest
        self.train, self.test, self.draw = train, test, draw
        self.folder, self.cache = Path(folder), cache
        self.n_jobs, self.verbose = n_jobs, verbose
        self.split = {"data": manifest, "train": train, "test": test}
        self.key = fingerprint({"config": config.fingerprint, "draw": draw, "costs": task.costs, **self.split})

    def _members(self):
        """A :class:`MemberRun` for each feature set, by name."""
        members = build_members(self.config, draw=self.draw, n_jobs=self.n_jobs, verbose=self.verbose)
        return {name: self._member(name, settings, model, len(members)) for name, (settings, model) in members.items()}

    def _member(self, name, settings, model, n_members):
        key = fingerprint({"member": settings, **self.split})
        return MemberRun(
            self.folder / f"member-{name}" if self.cache is None else Path(self.cache) / key, key, model,
            self.dataset.images, self.dataset.names, self.task.labels, self.train, self.test,
            classes=self.task.class_names, held_out=n_members > 1 or self._cheap_folds(model), verbose=self.verbose,
        )

    def state(self):
        """Fingerprint of each feature set, by name, and whether it says that it is finished."""
        done = self.finished() is not None
        return {name: (member.key, done or member.is_finished()) for name, member in self._members().items()}

    def run(self, keep_model=None):
        """Do what is not done yet and return the result; the model goes to the folder ``keep_model``."""
        result = self.finished()
        if result is not None:
            self._discard_members()
            return result
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(self.folder)
        results = []
        for name, member in self._members().items():
            found = member.finished()
            if self.verbose:
                state = "" if found is None else ", finished earlier, reused"
                print(f"  {name} ({member.key}){state}", file=sys.stderr, flush=True)
            results.append(member.run() if found is None else found)
        model, scores = self._fused(results)
        errors = {row: message for found in results for row, message in found.errors.items()}
        result = self._evaluate(model, scores, errors, results)
        if keep_model is not None:
            shutil.rmtree(keep_model, ignore_errors=True)
            save_model(model, keep_model)
            if self.task.taxonomy is not None and all(part.held_out is not None for part in results):
                self._save_hedge(model, results, self.task.labels[self.train], keep_model)
        write_json(self.folder / "result.json", result)
        self._discard_members()
        return result

    def _save_hedge(self, model, results, labels, folder):
        """Let the kept model hedge, by what its machines said of training images that they did not see."""
        held_out = [part.held_out for part in results]
        read = ~np.isnan(np.sum([scores[:, 0] for scores in held_out], axis=0))
        held_out = [scores[read] for scores in held_out]
        scores = model.fusion_.transform(held_out) if len(results) > 1 else held_out[0]
        hedge = HedgedPredictor().fit(scores, labels[read], classes=model.classes_, taxonomy=self.task.taxonomy)
        save_hedge(hedge, folder)

    def _discard_members(self):
        for folder in self.folder.glob("member-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _cheap_folds(self, model):
        """Whether out-of-fold scores, which another run may need, come at little cost: all from one Gram matrix."""
        wanted = self.cache is not None or self.task.taxonomy is not None
        enough = self.task.smallest_class(self.train) >= 2
        return wanted and enough and model.classifier is not None and as_classifier(model.classifier).cheap_folds

    def finished(self):
        """The result of a draw that is done, else None."""
        try:
            result = json.loads((self.folder / "result.json").read_text())
        except (OSError, ValueError):
            return None
        return result if result.get("fingerprint") == self.key else None

    def _fused(self, results):
        fusion = build_fusion(self.config)
        if fusion is None:
            return results[0].model, results[0].scores
        model = FusedClassifier.join(
            [result.model for result in results], [result.held_out for result in results],
            self.task.labels[self.train], fusion=fusion,
        )
        return model, model.fusion_.transform([result.scores for result in results])

    def _evaluate(self, model, scores, errors, results):
        seconds = {}
        for part in results:
            for stage, value in part.seconds.items():
                seconds[stage] = seconds.get(stage, 0.0) + value
        return {
            "fingerprint": self.key,
            "n_train": len(self.train),
            "n_test": len(self.test),
            **self.task.judge(model, scores, errors, self.test, self.folder / "predictions.csv"),
            "chosen_C": [_chosen(part.model.classifier_, "C") for part in results],
            "chosen_class_weight": [_chosen(part.model.classifier_, "class_weight") for part in results],
            "fusion_weights": [float(w) for w in model.fusion_.weights_] if len(results) > 1 else None,
            "signature_size": sum(part.model.signature_size for part in results),
            "bytes_per_image": sum(part.bytes_per_image for part in results),
            "seconds": seconds,
            "peak_memory_mb": _largest(part.peak_memory_mb for part in results),
            "skipped": {
                **model.skipped_, **{self.dataset.names[self.test[row]]: text for row, text in sorted(errors.items())}
            },
        }


def _chosen(classifier, name):
    """The value of a parameter that a classifier may have chosen itself; None if it has no such parameter."""
    value = getattr(classifier, f"{name}_", classifier.get_params().get(name))
    return float(value) if isinstance(value, (int, float)) else None


def _largest(values):
    """The largest of some numbers; None if one is not known."""
    values = list(values)
    return None if None in values else max(values)
