"""OneVsRestSGD beside OneVsRestDual on Fisher vectors of 15-Scene.

    BOVW_DATA=... python experiments/sgd_scene15.py [--signatures FILE.npy] [--draws N] [--components K]
        [--losses hinge squared_hinge multinomial] [--folds N] [--jobs N] [--json FILE]

The signatures are those of ``scene15_fisher`` with ``--components`` Gaussians
(default 64, 65,536 dimensions), codebook learnt on the training images of the split that
``BOVW_DATA``/splits names; ``--signatures`` keeps them for the next time. Draw 0 is that
split; further draws divide the images anew (under the same codebook, which favors neither
solver). Each solver chooses its own C by cross-validation on the training images, among the same values.
The figures are mean per-class accuracies. ``--json`` is written after every draw, and draws that it has are
not repeated.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

from bovw._files import write_json
from bovw.classify import OneVsRestDual, OneVsRestSGD, out_of_fold_scores
from bovw.datasets import draw_split, read_folder, read_split_files
from bovw.evaluation import mean_class_accuracy, summarize_draws
from bovw.experiment.build import build_classifier
from bovw.experiment.config import load_config

LOSSES = ("hinge", "squared_hinge", "multinomial")
C_VALUES = (1.0, 10.0, 100.0)
SGD = {"max_iter": 20}


def signatures(dataset, train, options):
    """Fisher vectors of all images, (n, d)."""
    if options.signatures and options.signatures.exists():
        return np.load(options.signatures, mmap_mode="r")
    config = load_config(
        "scene15_fisher", overrides=[f"channels.sift.codebook.n_components={options.components}"]
    )
    model = build_classifier(config, draw=0, n_jobs=options.jobs)
    model.fit_encoders([dataset.images[i] for i in train])
    X = model.signatures(dataset.images)
    if options.signatures:
        np.save(options.signatures, X)
    return X


def one_draw(X, y, train, test, options):
    """{solver: {C, accuracy, seconds}} of one split."""
    X_train, X_test, result = np.ascontiguousarray(X[train]), X[test], {}
    start = time.perf_counter()
    dual = OneVsRestDual(C_VALUES, cv=options.folds, n_jobs=options.jobs).fit(X_train, y[train])
    result["dual"] = {
        "C": dual.C_, "accuracy": mean_class_accuracy(y[test], dual.predict(X_test)),
        "seconds": time.perf_counter() - start,
    }
    for loss in options.losses:
        start = time.perf_counter()
        held_out = {}
        for C in C_VALUES:
            machine = OneVsRestSGD(C, loss=loss, n_jobs=options.jobs, **SGD)
            scores = out_of_fold_scores(machine, X_train, y[train], cv=options.folds)
            held_out[C] = mean_class_accuracy(y[train], scores.argmax(axis=1))
        C = max(C_VALUES, key=lambda value, table=held_out: (table[value], -value))
        machine = OneVsRestSGD(C, loss=loss, n_jobs=options.jobs, **SGD).fit(X_train, y[train])
        result[f"sgd, {loss}"] = {
            "C": C, "accuracy": mean_class_accuracy(y[test], machine.predict(X_test)),
            "seconds": time.perf_counter() - start,
        }
    return result


def finished_draws(path, settings):
    """What an earlier run with the same settings has left."""
    if path is None or not path.exists():
        return []
    found = json.loads(path.read_text())
    return found["draws"] if found["settings"] == json.loads(json.dumps(settings)) else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--signatures", type=Path, help=".npy file to take the signatures from, or keep them in")
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--components", type=int, default=64)
    parser.add_argument("--losses", nargs="+", default=["hinge"], choices=LOSSES)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if not os.environ.get("BOVW_DATA"):
        parser.error("set BOVW_DATA to the folder that holds scene15 and splits")
    data = Path(os.environ["BOVW_DATA"])
    dataset = read_folder(data / "scene15")
    splits = [read_split_files(dataset, *(data / "splits" / f"scene15.{s}.hays100.txt" for s in ("train", "test")))]
    splits += [draw_split(dataset.labels, 100, seed=0, draw=draw) for draw in range(1, options.draws)]
    settings = {
        "components": options.components, "losses": options.losses, "folds": options.folds, "C": C_VALUES, "SGD": SGD,
    }
    X, results = signatures(dataset, splits[0][0], options), finished_draws(options.json, settings)
    for draw, (train, test) in enumerate(splits):
        if draw < len(results):
            continue
        results.append(one_draw(X, dataset.labels, train, test, options))
        if options.json:
            write_json(options.json, {"settings": settings, "draws": results})
        for name, row in results[-1].items():
            print(f"draw {draw}: {name:<20} C={row['C']:<6g} {100 * row['accuracy']:.2f} %  {row['seconds']:.0f} s",
                  flush=True)
    for name in results[0]:
        summary = summarize_draws([100 * result[name]["accuracy"] for result in results])
        print(f"{name:<20} {summary.mean:6.2f} +- {summary.std:.2f} %")


if __name__ == "__main__":
    main()
