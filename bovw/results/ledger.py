"""The ledger: one line of JSON for every run that counts, and nothing ever changed afterwards.

A ledger is a text file, ``experiments/results/NAME.jsonl``. Its lines say what was run
(config, data, seed, code), where (machine, versions), what it cost (time a stage, peak
memory, bytes an image) and what came out: every measure with its mean, standard deviation
and list over the draws and a bootstrap interval over the images, beside the figures that
were published. Tables in documents are rendered from it and from nothing else.

Lines are only added. A system that is run again, with another seed, setting or version of
the code, gets a further line; the newest by ``recorded`` stands for it in tables
(:func:`latest`) and the older ones remain as its history.
"""

import json
import math
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from .._locks import file_lock
from ..errors import DatasetError, StoreError
from ..evaluation import bootstrap_interval
from .measures import MEASURES
from .outcomes import are_wnids, image_errors, read_draws

SCHEMA = 1
CONFIDENCE = 0.95
N_CONFUSED = 3
CROSS_VALIDATED = "cross-validation inside the training images"
_TEXTS = ("name", "description", "published")  # of a config; they are fields of their own
_BYTES_PER_NUMBER = 4  # of a signature that no codec has made smaller

# ---- what a line holds: a type, [of each item], {key: of each value}, {None: of every value}, _Maybe(), _Either()

_NUMBER = (int, float)


class _Either:
    """One of several tables, told by its keys."""

    def __init__(self, *kinds):
        self.kinds = kinds

    def of(self, value):
        keys = set(value) if isinstance(value, dict) else set()
        return max(self.kinds, key=lambda kind: len(keys & set(kind)))


class _Maybe:
    """What may also be null."""

    def __init__(self, kind):
        self.kind = kind


_LINE = {
    "schema": int,
    "recorded": str,
    "name": str,
    "description": str,
    "lite": bool,
    "published": [dict],
    "data": {"name": str, "kind": str, "fingerprint": str, "n_classes": int, "n_train": int, "n_test": int},
    "seed": int,
    "draws": int,
    "config_fingerprint": str,
    "run_fingerprint": _Maybe(str),
    "config": dict,
    "code": {"version": str, "commit": _Maybe(str), "modified": _Maybe(bool)},
    "machine": dict,
    "seconds": {None: _NUMBER},
    "peak_memory_mb": _Maybe(_NUMBER),
    "signature_size": int,
    "bytes_per_image": _NUMBER,
    "metrics": {
        None: {
            "mean": _NUMBER, "std": _Maybe(_NUMBER), "draws": [_NUMBER],
            "interval": _Maybe({"low": _NUMBER, "high": _NUMBER, "confidence": _NUMBER}),
        }
    },
    "chosen": {None: {"draws": [[_NUMBER]], "by": str}},
    "classes": [_Either(
        {"name": str, "images": int, "correct": int, "confused_with": [list]},
        {"name": str, "images": int, "average_precision": _NUMBER},
    )],
    "skipped": {None: str},
}


def ledger_line(metrics, *, draws=None, data=None, taxonomy=None, code=None, recorded=None):
    """What the ledger keeps of a run.

    Parameters
    ----------
    metrics : dict
        What :func:`bovw.experiment.run_experiment` returned.
    draws : list of Draw, optional
        The run's answers as :func:`bovw.results.outcomes.read_draws` gives them. Without
        them there are no intervals over images and no hierarchical errors.
    data : dict, optional
        ``name``, ``kind`` and ``fingerprint`` of the data set's manifest, where the metrics
        do not state them as ``data``, ``data_kind`` and ``data_fingerprint``.
    taxonomy : bovw.Taxonomy, optional
        Adds hierarchical errors where the class names are wnids.
    code : dict, optional
        By default :func:`describe_code`.
    recorded : str, optional
        Time in ISO form with its zone; by default now.

    Returns
    -------
    dict
        Of plain values, as a line of the ledger holds them.

    Raises
    ------
    DatasetError
        If the answers are not those that the metrics were computed from.
    StoreError
        If the metrics lack something that a line needs.
    """
    if data is None:
        if "data_fingerprint" not in metrics:
            raise StoreError("the run does not say what data it was on; give data={'name', 'kind', 'fingerprint'}")
        data = {"name": metrics["data"], "kind": metrics["data_kind"], "fingerprint": metrics["data_fingerprint"]}
    signature_size = metrics["signature_size"]
    line = {
        "schema": SCHEMA,
        "recorded": datetime.now(UTC).isoformat(timespec="seconds") if recorded is None else recorded,
        "name": metrics["name"],
        "description": metrics["description"],
        "lite": metrics["lite"],
        "published": _published_figures(metrics["published"]),
        "data": {
            **{key: data[key] for key in ("name", "kind", "fingerprint")},
            **{key: metrics[key] for key in ("n_classes", "n_train", "n_test")},
        },
        "seed": metrics["seed"],
        "draws": metrics["draws"],
        "config_fingerprint": metrics["config_fingerprint"],
        "run_fingerprint": metrics["run_fingerprint"],
        "config": {key: value for key, value in metrics["config"].items() if key not in _TEXTS},
        "code": describe_code() if code is None else code,
        "machine": metrics["environment"],
        "seconds": metrics["seconds"],
        "peak_memory_mb": metrics["peak_memory_mb"],
        "signature_size": signature_size,
        "bytes_per_image": metrics.get("bytes_per_image", _BYTES_PER_NUMBER * signature_size),
        "metrics": _measures(metrics, draws, taxonomy),
        "chosen": _chosen(metrics),
        "classes": _class_rows(metrics),
        "skipped": metrics["skipped"],
    }
    check_line(line)
    return line


def append_run(path, metrics, *, run=None, data=None, taxonomy=None):
    """Add a run to a ledger.

    Parameters
    ----------
    path : path
        A ``.jsonl`` file; made if need be.
    metrics : dict
        What :func:`bovw.experiment.run_experiment` returned.
    run : path, optional
        The folder of the run, for its answers image by image.
    data, taxonomy
        As in :func:`ledger_line`.

    Returns
    -------
    dict
        The line, as it was written.
    """
    line = ledger_line(metrics, draws=None if run is None else read_draws(run), data=data, taxonomy=taxonomy)
    append_line(path, line)
    return line


def _published_figures(published):
    """The ``[published]`` table, or the several ``[[published]]``, of a config as a list."""
    tables = [published] if isinstance(published, dict) else published
    return [table for table in tables if table]


def _chosen(metrics):
    """Parameters that the run chose itself: of each draw a list, one value a classifier or feature set."""
    chosen = {}
    for name in ("C", "class_weight"):
        if isinstance(metrics["config"].get("classifier", {}).get(name), list):
            values = [value if isinstance(value, list) else [value] for value in metrics[f"chosen_{name}"]]
            chosen[name] = {"draws": values, "by": CROSS_VALIDATED}
    weights = metrics.get("fusion_weights") or [None]
    if weights[0] is not None and metrics["config"].get("fusion_weights", "cv") == "cv":
        chosen["fusion weights"] = {"draws": weights, "by": CROSS_VALIDATED}
    return chosen


def _class_rows(metrics):
    """Of each class its images over all draws and its average precision; or those read and what became of them."""
    classes, rows = metrics["classes"], []
    if "confusion" not in metrics:
        values = zip(classes, metrics["class_images"], metrics["average_precisions"]["mAP"], strict=True)
        return [{"name": name, "images": images, "average_precision": value} for name, images, value in values]
    confusion = np.array(metrics["confusion"])
    for i, name in enumerate(classes):
        wrong = confusion[i].copy()
        wrong[i] = 0
        worst = [j for j in np.argsort(-wrong, kind="stable")[:N_CONFUSED] if wrong[j]]
        rows.append({
            "name": name, "images": int(confusion[i].sum()), "correct": int(confusion[i, i]),
            "confused_with": [[classes[j], int(wrong[j])] for j in worst],
        })
    return rows


# ---- measures and their intervals


def _measures(metrics, draws, taxonomy):
    measures = {
        name: {**{key: metrics[name][key] for key in ("mean", "std", "draws")},
               "interval": metrics[name].get("interval")}
        for name in MEASURES if metrics.get(name) is not None
    }
    if draws is None:
        return measures
    if len(draws) != metrics["draws"]:
        raise DatasetError(f"there are answers of {len(draws)} draws and metrics of {metrics['draws']}")
    if "mAP" in measures:
        for name, measure in measures.items():
            _check_answers(name, [draw.average_precisions(name).mean() for draw in draws], measure)
        return measures
    taxonomy = taxonomy if are_wnids(metrics["classes"]) else None
    errors = [image_errors(draw, taxonomy, metrics["classes"]) for draw in draws]
    images = np.concatenate([draw.names for draw in draws])
    truth = np.concatenate([draw.truth for draw in draws])
    for name in errors[0]:
        values = [e[name] if name.startswith("hierarchical") else 1 - e[name] for e in errors]
        _add_interval(measures, name, values, images)
        if name == "top1":
            _add_interval(measures, "mean_class_accuracy", values, images, truth)
    return measures


def _add_interval(measures, name, values, images, groups=None):
    """Add the interval to a measure, or the measure itself where the run did not compute it."""
    joined = np.concatenate(values)
    interval = bootstrap_interval(joined, images=images, groups=groups, confidence=CONFIDENCE)
    if name not in measures:
        means = [float(v.mean()) for v in values]
        measures[name] = {
            "mean": float(np.mean(means)), "std": float(np.std(means, ddof=1)) if len(means) > 1 else None,
            "draws": means,
        }
    elif groups is None:
        _check_answers(name, [v.mean() for v in values], measures[name])
    measures[name]["interval"] = {"low": interval.low, "high": interval.high, "confidence": interval.confidence}


def _check_answers(name, values, measure):
    """Raise DatasetError unless the answers of the draws give the values of a measure."""
    if not np.allclose(values, measure["draws"], rtol=0, atol=1e-6):
        raise DatasetError(
            f"the predictions give another {name} than metrics.json states; the folder mixes two runs, run it again"
        )


# ---- what the code was


def describe_code():
    """Version and, where bovw runs from a git checkout, the commit and whether its code was modified since.

    Returns
    -------
    dict
        ``version``; ``commit`` and ``modified``, None outside a checkout.
    """
    from .. import __version__

    package = Path(__file__).parents[1]
    commit = modified = None
    # an installed package may lie inside somebody else's repository: only one that tracks this file counts
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is not None:
        commit = _git(package, "rev-parse", "HEAD")
        changes = _git(package, "status", "--porcelain", "--untracked-files=no", "--", ".", "../cext", "../setup.py")
        modified = None if changes is None else bool(changes)
    return {"version": __version__, "commit": commit, "modified": modified}


def _git(folder, *arguments):
    """What git prints, or None where it fails or is not installed."""
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()


# ---- the file


def append_line(path, line):
    """Add a checked line to a ledger.

    Writers lock one another out, and a line is written with one call and flushed to disk, so several
    processes may add to one ledger, and a reader sees whole lines. The half line of a writer that died is
    cut off: its call never returned.

    Raises
    ------
    StoreError
        If the line is not what a ledger holds.
    """
    check_line(line)
    path = Path(path)
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path), open(path, "a+b") as file:
        file.seek(0)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _lock(path):
    """A lock between all who write to a ledger."""
    return file_lock(path.with_name(f"{path.name}.lock"), wait=True)


def read_ledger(path):
    """All lines of a ledger, in their order.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of dict

    Raises
    ------
    StoreError
        Naming the line, if the file is missing or a line is damaged, of another schema, or
        lacks a field or has one that is unknown or of another type.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):  # of a writer that is at work, or that died
            with _lock(path):
                content = path.read_bytes()
        content = content.decode("utf-8")
    except FileNotFoundError:
        raise StoreError(f"ledger {path} does not exist; `bovw run --ledger FILE` writes one") from None
    except UnicodeDecodeError as error:
        raise StoreError(f"ledger {path} is not UTF-8 text: {error}") from None
    if content and not content.endswith("\n"):
        raise StoreError(f"ledger {path} ends in a half line; delete it, or add a run, which cuts it off")
    lines = []
    for number, text in enumerate(content.split("\n")[:-1], 1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise StoreError(f"ledger {path}, line {number}: not JSON ({error})") from None
        check_line(line, f"ledger {path}, line {number}")
        lines.append(line)
    return lines


def latest(lines):
    """Of the lines with the same name on the same data set the newest, in the order of the names.

    What was computed with lite settings is left out. Of equal times the later line counts.
    """
    newest = {}
    for line in lines:
        key = (line["data"]["name"], line["name"])
        if line["lite"]:
            continue
        if key not in newest or _time(line) >= _time(newest[key]):
            newest[key] = line
    return [newest[key] for key in sorted(newest)]


def _time(line):
    return datetime.fromisoformat(line["recorded"])


def check_line(line, where="the line"):
    """Raise StoreError unless ``line`` has the fields of the schema, their types, and measures that fit together."""
    if not isinstance(line, dict) or "schema" not in line:
        raise StoreError(f"{where}: it is not a line of a ledger")
    if line["schema"] != SCHEMA:
        raise StoreError(f"{where}: it has the schema {line['schema']!r}; this bovw reads {SCHEMA}")
    _check(line, _LINE, "", where)
    try:
        known_zone = _time(line).tzinfo is not None
    except ValueError:
        known_zone = False
    if not known_zone:
        raise StoreError(f"{where}: recorded={line['recorded']!r} must be a time in ISO form with its zone")
    unknown = set(line["metrics"]) - set(MEASURES)
    if unknown or len({"top1", "mAP"} & set(line["metrics"])) != 1:
        raise StoreError(
            f"{where}: metrics must be top1 or mAP and some of {', '.join(MEASURES)}, not {', '.join(line['metrics'])}"
        )
    for name, measure in line["metrics"].items():
        values = measure["draws"]
        if len(values) != line["draws"] or not math.isclose(measure["mean"], np.mean(values), abs_tol=1e-9):
            raise StoreError(f"{where}: metrics.{name} does not have the mean of its {line['draws']} draws")


def _check(value, kind, place, where):
    if isinstance(kind, _Maybe):
        if value is None:
            return
        kind = kind.kind
    if isinstance(kind, _Either):
        kind = kind.of(value)
    if isinstance(kind, dict):
        _check_kind(value, dict, place, where)
        if None in kind:
            kind = dict.fromkeys(value, kind[None])
        wrong = sorted(set(kind) ^ set(value))
        if wrong:
            what = "is missing" if wrong[0] in kind else "is unknown"
            raise StoreError(f"{where}: {place}{wrong[0]} {what}")
        for key, item in value.items():
            _check(item, kind[key], f"{place}{key}.", where)
    elif isinstance(kind, list):
        _check_kind(value, list, place, where)
        for i, item in enumerate(value):
            _check(item, kind[0], f"{place}{i}.", where)
    else:
        _check_kind(value, kind, place, where)


def _check_kind(value, kind, place, where):
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        names = " or ".join(k.__name__ for k in kinds)
        raise StoreError(f"{where}: {place.removesuffix('.')}={value!r} must be of type {names}")
    if isinstance(value, float) and not math.isfinite(value):
        raise StoreError(f"{where}: {place.removesuffix('.')} is {value}; it must be finite")
