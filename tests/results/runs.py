"""Finished runs, made by hand: their folder and their metrics, without a pixel."""

import csv

import numpy as np

from bovw._files import fingerprint, write_json
from bovw.evaluation import confusion_matrix, flat_error, mean_class_accuracy
from bovw.experiment.environment import describe_environment

WNIDS = ("n00000001", "n00000002", "n00000003", "n00000004")
TEXTS = {"name": "small", "description": "a small system", "published": {}}


def write_run(folder, draws, classes=WNIDS, seed=0, **texts):
    """Write a run of ``draws``, each {image: (truth, guesses)}, and return its metrics.

    Parameters
    ----------
    folder : path
    draws : list of dict
    classes : sequence of str
    seed : int
    texts
        ``name``, ``description``, ``published``, ``lite``, ``classifier`` in place of the usual ones.
    """
    texts = {**TEXTS, "lite": False, "classifier": {"C": 10.0}, **texts}
    results = []
    for i, draw in enumerate(draws):
        path = folder / f"draw-{i:02d}" / "predictions.csv"
        path.parent.mkdir(parents=True)
        truth = np.array([t for t, _ in draw.values()])
        guesses = np.array([list(g) for _, g in draw.values()])
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["image", "truth", *(f"guess{k + 1}" for k in range(guesses.shape[1])), "score1"])
            writer.writerows([name, t, *g, 0.5] for name, (t, g) in draw.items())
        results.append({
            "top1": 1 - flat_error(truth, guesses, 1), "top5": 1 - flat_error(truth, guesses, 5),
            "mean_class_accuracy": mean_class_accuracy(truth, guesses[:, 0]),
            "confusion": confusion_matrix(truth, guesses[:, 0], labels=list(classes)),
        })
    config = {key: texts[key] for key in TEXTS} | {"data": {"seed": seed}, "classifier": texts["classifier"]}
    metrics = {
        **{key: texts[key] for key in (*TEXTS, "lite")},
        **{key: _summary([r[key] for r in results]) for key in ("top1", "top5", "mean_class_accuracy")},
        "n_classes": len(classes), "classes": list(classes), "n_train": 8, "n_test": len(draws[0]),
        "signature_size": 1000, "chosen_C": [[10.0]] * len(draws), "fusion_weights": [None] * len(draws),
        "hierarchical5": None, "bytes_per_image": 4000.0, "skipped": {},
        "confusion": sum(r["confusion"] for r in results).tolist(),
        "seconds": {"codebook": 60.0, "test": 30.0}, "peak_memory_mb": 100.0, "seed": seed, "draws": len(draws),
        "config_fingerprint": fingerprint(config), "run_fingerprint": "0" * 16, "config": config,
        "environment": describe_environment(),
        "data": "pets", "data_kind": "folder", "data_fingerprint": "1" * 16,
    }
    write_json(folder / "metrics.json", metrics)
    return metrics


def _summary(values):
    values = [float(v) for v in values]
    return {
        "mean": float(np.mean(values)), "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "draws": values,
    }


def random_draws(n_images, n_draws, *, seed, skill=0.7, classes=WNIDS):
    """Answers of an imaginary classifier that is right with probability ``skill``; all draws test other images."""
    rng = np.random.default_rng(seed)
    images = {f"{c}/{i}.png": c for c in classes for i in range(n_images)}
    draws = []
    for _ in range(n_draws):
        draw = {}
        for name in sorted(rng.permutation(list(images))[: len(images) * 3 // 4]):
            guesses = list(rng.permutation(classes))
            if rng.random() < skill:
                guesses.remove(images[name])
                guesses.insert(0, images[name])
            draw[str(name)] = (images[name], [str(g) for g in guesses])
        draws.append(draw)
    return draws
