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
from .._random import stage_rng
from ..datasets import draw_split, open_dataset, read_split_files
from ..errors import ConfigError
from .draw import DrawRun
from .environment import describe_environment
from .estimate import SAMPLE_IMAGES, estimate_run
from .plan import describe_members, describe_plan, format_estimate
from .tasks import task_of

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
    out = Path(out)
    dataset = open_dataset(data, kind, on_error=config.tree["data"]["on_error"])
    if split_files is not None:
        dataset = dataset.with_split(*read_split_files(dataset, *split_files))
    task = task_of(dataset, taxonomy)
    manifest = fingerprint(dataset.identity())
    draws = _draws(config, task, manifest, out, cache=cache, n_jobs=n_jobs, verbose=verbose)
    states = [draw.state() for draw in draws]
    identity = fingerprint({"config": config.fingerprint, "data": manifest})
    if verbose:
        text = f"{describe_plan(config, dataset)}\n{describe_members(states)}\nfingerprint  {identity}"
        print(text, file=sys.stderr, flush=True)
    if plan or (plan is None and _readings_left(draws, states) >= _LONG_RUN and not (out / "run.json").exists()):
        estimate = _predict(config, draws, states)
        print(format_estimate(estimate), file=sys.stderr, flush=True)
        estimate.check(out)
    _claim(out, identity, config, overwrite)
    remove_unfinished(out)
    results = []
    for i, draw in enumerate(draws):
        if verbose:
            state = f"{len(draw.train)} training, {len(draw.test)} test images"
            state = state if draw.finished() is None else "finished earlier, reused"
            print(f"draw {i + 1} of {len(draws)}: {state}", file=sys.stderr, flush=True)
        results.append(draw.run(keep_model=out / "model" if i == 0 else None))
    metrics = _summarize(config, task, manifest, results, identity, out)
    write_json(out / "metrics.json", metrics)
    return metrics


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
    manifest = fingerprint(dataset.identity())
    draws = _draws(config, task_of(dataset), manifest, Path(out), cache=cache)
    return _predict(config, draws, [draw.state() for draw in draws], cores)


def _draws(config, task, manifest, out, *, cache, n_jobs=None, verbose=False):
    options = {"cache": cache, "n_jobs": n_jobs, "verbose": verbose}
    return [
        DrawRun(config, task, manifest, train, test, draw, out / f"draw-{draw:02d}", **options)
        for draw, (train, test) in enumerate(_splits(config, task))
    ]


def _readings_left(draws, states):
    """Times that an image is to be read for some feature set."""
    return sum(
        len(draw.train) + len(draw.test)
        for draw, state in zip(draws, states, strict=True) if not all(done for _, done in state.values())
    )


def _predict(config, draws, states, cores=None):
    first = draws[0]
    few = first.train[np.linspace(0, len(first.train) - 1, min(SAMPLE_IMAGES, len(first.train))).astype(int)]
    finished = {name: sum(state[name][1] for state in states) for name in states[0]}
    return estimate_run(
        config, n_train=len(first.train), n_test=len(first.test), n_classes=len(first.dataset.classes),
        draws=len(draws), cores=cores, images=[first.dataset.images[i] for i in few],
        finished={name: done for name, done in finished.items() if done},
    )


def _splits(config, task):
    """(train, test) index arrays of every draw.

    A data set that says itself which images are for training is taken at its word; with
    ``data.n_train`` only so many of them a class are drawn. ``data.n_test`` limits the test images.
    """
    dataset, settings = task.dataset, config.tree["data"]
    n_train, n_test = task.limits(config)
    seed = settings["seed"]
    if dataset.train is None:
        return [
            draw_split(dataset.labels, n_train, n_test, seed=seed, draw=draw, classes=dataset.classes)
            for draw in range(settings["draws"])
        ]
    official = dataset.draws or ((dataset.train, dataset.test),)  # some data sets, as Outex, come with several
    splits = []
    for draw in range(max(settings["draws"], len(official))):
        train, test = official[draw % len(official)]
        splits.append((
            task.thinned(train, n_train, stage_rng(seed, "train", draw)),
            task.thinned(test, n_test, stage_rng(seed, "test", draw)),
        ))
        task.check_split(*splits[-1])
    return splits


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


def _summarize(config, task, manifest, results, identity, out):
    dataset = task.dataset
    peaks = [result["peak_memory_mb"] for result in results]  # of members that another run computed, too
    stages = sorted({stage for result in results for stage in result["seconds"]})
    return {
        "name": config.name,
        "description": config.tree.get("description", ""),
        "published": config.published,
        "lite": config.lite,
        **task.summarize(results, out),
        "data": Path(dataset.root).name if dataset.kind == "folder" else dataset.kind,
        "data_kind": dataset.kind,
        "data_fingerprint": manifest,
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
        "run_fingerprint": identity,
        "config": config.tree,
        "environment": describe_environment(),
    }
