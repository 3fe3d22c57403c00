"""Runs a config on a data set: codebooks, signatures, classifier, scores, metrics, draw by draw.

Layout of the output folder::

    metrics.json          the result: mean, deviation and list over draws, times, memory, versions
    report.html           the same to look at
    model/                the model of the first draw, for ``bovw predict``
    draw-00/              predictions.csv, result.json; while the draw is under way
                          also its members' codebooks, signatures and scores

Every stage leaves its result on disk under the fingerprint of all that it
depends on: the settings, the images' names and sizes, the split, the seed. A run
that was stopped, by whatever, goes on where it was and ends with the same bytes.
With a *cache* folder, finished members (one a feature set) are kept there and serve every
run, of whatever system, that needs the same one.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np

from .._files import fingerprint, remove_unfinished, write_json
from ..datasets import open_dataset, read_split_files
from ..errors import ConfigError
from .draw import DrawRun
from .environment import describe_environment
from .estimate import SAMPLE_IMAGES, estimate_run
from .plan import describe_members, describe_plan, format_estimate
from .tasks import splits_of, task_of

_LONG_RUN = 5000  # readings of an image from which a prediction is worth its time


def run_experiment(
    config, data, out, *, n_jobs=-1, verbose=True, overwrite=False, split_files=None, cache=None, taxonomy=None,
    plan=False, kind="auto",
):
    """Run a config on a data set.

    Parameters
    ----------
    config : Config
    data : path
        What :func:`bovw.open_dataset` opens: a folder ``<class>/<image>``, or any data set it knows.
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
    cache : path, optional
        Folder in which finished members are kept for other runs.
    taxonomy : Taxonomy, optional
        With it the hierarchical error is reported, and the model that is kept can hedge; the classes must
        be its wnids.
    plan : bool or None, default False
        Measure some seconds and print the time, memory and disk that the run will take; refuse one that
        cannot end well. None: if the run has not begun and reads 5,000 images or more, over all draws.
    kind : str, default "auto"
        Which data set it is, as for :func:`bovw.open_dataset`.

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
    dataset = open_dataset(data, kind, on_error=config.tree["data"]["on_error"])
    if split_files is not None:
        dataset = dataset.with_split(*read_split_files(dataset, *split_files))
    run = _Run(config, task_of(dataset, taxonomy), out, cache=cache, n_jobs=n_jobs, verbose=verbose)
    run.check_folder(overwrite)
    run.say(run.describe())
    if plan or (plan is None and run.is_long()):
        estimate = run.predict()
        print(format_estimate(estimate), file=sys.stderr, flush=True)
        estimate.check(out)
    run.claim()
    return run.run()


def predict_run(config, data, *, cores=None, kind="auto", out=".", cache=None):
    """What :func:`run_experiment` will take, a :class:`~bovw.experiment.estimate.RunEstimate`.

    Parameters
    ----------
    config : Config
    data : path
    cores : int, optional
        For another machine of the same kind; default this one's.
    kind : str, default "auto"
        The reader, as ``open_dataset`` names it.
    out : path, default "."
    cache : path, optional
        Of the run: feature sets that are finished there are not counted.
    """
    dataset = open_dataset(data, kind, on_error=config.tree["data"]["on_error"])
    return _Run(config, task_of(dataset), out, cache=cache).predict(cores)


class _Run:
    """All draws of a config on a data set, in the folder ``out``."""

    def __init__(self, config, task, out, *, cache=None, n_jobs=None, verbose=False):
        self.config, self.task, self.out, self.verbose = config, task, Path(out), verbose
        self.manifest = fingerprint(task.dataset.identity())
        self.identity = fingerprint({"config": config.fingerprint, "data": self.manifest})
        options = {"cache": cache, "n_jobs": n_jobs, "verbose": verbose}
        self.draws = [
            DrawRun(config, task, self.manifest, train, test, draw, self.out / f"draw-{draw:02d}", **options)
            for draw, (train, test) in enumerate(splits_of(task, config))
        ]
        self.states = [draw.state() for draw in self.draws]

    def say(self, text):
        """Print, if progress is wanted."""
        if self.verbose:
            print(text, file=sys.stderr, flush=True)

    def describe(self):
        """What the run is going to do, and what of it is done."""
        plan = describe_plan(self.config, self.task.dataset)
        return f"{plan}\n{describe_members(self.states)}\nfingerprint  {self.identity}"

    def is_long(self):
        """Whether the run has not begun, and reads so many images that a prediction is worth its time."""
        readings = sum(
            len(draw.train) + len(draw.test)
            for draw, state in zip(self.draws, self.states, strict=True) if not all(done for _, done in state.values())
        )
        return readings >= _LONG_RUN and not self._note.exists()

    def predict(self, cores=None):
        """The :class:`RunEstimate` of what is left to do."""
        first, names = self.draws[0], self.states[0]
        few = first.train[np.linspace(0, len(first.train) - 1, min(SAMPLE_IMAGES, len(first.train))).astype(int)]
        finished = {name: sum(state[name][1] for state in self.states) for name in names}
        return estimate_run(
            self.config, n_train=len(first.train), n_test=len(first.test), n_classes=len(first.dataset.classes),
            draws=len(self.draws), cores=cores, images=[first.dataset.images[i] for i in few],
            finished={name: done for name, done in finished.items() if done},
        )

    @property
    def _note(self):
        return self.out / "run.json"

    def check_folder(self, overwrite):
        """Raise ConfigError unless the folder is empty or holds this very run, or another one may be discarded."""
        out, earlier = self.out, self._earlier()
        if out.exists() and not out.is_dir():
            raise ConfigError(f"--out {out} is a file; give a folder")
        if overwrite or earlier == self.identity:
            return
        if earlier is not None:
            raise ConfigError(
                f"{out} holds a run of another config or data set (fingerprint {earlier}, this one is "
                f"{self.identity}); choose another --out, or --overwrite it"
            )
        if out.exists() and any(out.iterdir()):
            raise ConfigError(f"--out {out} is not empty and holds no run of bovw; choose another folder")

    def _earlier(self):
        """The fingerprint of the run that the folder holds, None if it holds none."""
        if not self._note.exists():
            return None
        try:
            return json.loads(self._note.read_text()).get("fingerprint", "unreadable")
        except ValueError:
            return "unreadable"

    def claim(self):
        """Make the folder this run's, without what another one left there."""
        out, earlier = self.out, self._earlier()
        if earlier == self.identity:
            return
        if earlier is not None:
            for path in [*out.glob("draw-*"), out / "model"]:
                shutil.rmtree(path, ignore_errors=True)
            for name in ("metrics.json", "report.html"):
                (out / name).unlink(missing_ok=True)
        write_json(self._note, {"fingerprint": self.identity, "config": self.config.tree, "lite": self.config.lite})

    def run(self):
        """Do what is not done yet; what ``metrics.json`` holds."""
        remove_unfinished(self.out)
        results = []
        for i, draw in enumerate(self.draws):
            done = "finished earlier, reused"
            state = f"{len(draw.train)} training, {len(draw.test)} test images" if draw.finished() is None else done
            self.say(f"draw {i + 1} of {len(self.draws)}: {state}")
            results.append(draw.run(keep_model=self.out / "model" if i == 0 else None))
        metrics = self._summary(results)
        write_json(self.out / "metrics.json", metrics)
        return metrics

    def _summary(self, results):
        config, dataset = self.config, self.task.dataset
        peaks = [result["peak_memory_mb"] for result in results]  # of members that another run computed, too
        stages = sorted({stage for result in results for stage in result["seconds"]})
        return {
            "name": config.name,
            "description": config.tree.get("description", ""),
            "published": config.published,
            "lite": config.lite,
            **self.task.summarize(results, self.out),
            "data": Path(dataset.root).name if dataset.kind == "folder" else dataset.kind,
            "data_kind": dataset.kind,
            "data_fingerprint": self.manifest,
            "n_classes": len(dataset.classes),
            "classes": list(dataset.classes),
            "n_train": results[0]["n_train"],
            "n_test": results[0]["n_test"],
            "signature_size": results[0]["signature_size"],
            "bytes_per_image": results[0]["bytes_per_image"],
            "chosen_C": [result["chosen_C"] for result in results],
            "chosen_class_weight": [result["chosen_class_weight"] for result in results],
            "fusion_weights": [result["fusion_weights"] for result in results],
            "skipped": {name: message for result in results for name, message in result["skipped"].items()},
            "seconds": {stage: sum(result["seconds"].get(stage, 0.0) for result in results) for stage in stages},
            "peak_memory_mb": None if None in peaks else max(peaks),
            "seed": config.tree["data"]["seed"],
            "draws": len(results),
            "config_fingerprint": config.fingerprint,
            "run_fingerprint": self.identity,
            "config": config.tree,
            "environment": describe_environment(),
        }
