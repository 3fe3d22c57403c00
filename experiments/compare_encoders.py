"""Every encoder on 15-Scene at the same signature size, and what pooling and normalization add.

``python experiments/compare_encoders.py DATA/scene15 --out encoders_scene15.json [--draws 5] [--jobs 2]``

Each image is read once: dense SIFT (step 12, bins of 4, 6, 8 and 10 pixels) feeds all encoders. A code has 1,024
numbers (1,024 words; 16 words or 8 Gaussians of 64 dimensions), a signature eight cells, 1x1 + 2x2 + 3x1, where
nothing else is said. Each system then has a linear SVM whose C is cross-validated on the training images. Draws are
those of ``bovw run``: ``draw_split(seed=0, draw=0, 1, ...)``, 100 training images a class; the measure is the mean
per-class accuracy. A draw that is done is kept beside ``--out`` and not repeated.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import bovw
from bovw._files import write_json
from bovw._progress import Progress
from bovw._threads import map_in_order, single_threaded
from bovw.evaluation import mean_class_accuracy, summarize_draws

PYRAMID, WHOLE = ("1x1", "2x2", "3x1"), ("1x1",)
C = (0.1, 1.0, 10.0, 100.0, 1000.0)
EXTRACTOR = {"step": 12, "bin_size": (4, 6, 8, 10)}
N_DESCRIPTORS, N_WORDS, N_BLOCKS, N_GAUSSIANS, PCA = 200_000, 1024, 16, 8, 64

#: name -> (codebook, encoder, parameters of SpatialPyramid)
SYSTEMS = {
    "hard assignment, counts": ("words", "HardAssignment", {"norm": ("l1",)}),
    "soft assignment, counts": ("words", "SoftAssignment", {"norm": ("l1",)}),
    "LLC, max": ("words", "LLC", {}),
    "LLC, average": ("words", "LLC", {"pooling": "average"}),
    "LLC, max, no pyramid": ("words", "LLC", {"cells": WHOLE}),
    "LCC, max": ("words", "LCC", {}),
    "triangle": ("words", "TriangleAssignment", {}),
    "super-vector": ("blocks", "SuperVector", {"cell_norm": ("power", "l2")}),
    "VLAD": ("blocks", "VLAD", {"cell_norm": ("power", "intra")}),
    "Fisher": ("gaussians", "FisherVector", {"cell_norm": ("power", "l2")}),
    "Fisher, no pyramid": ("gaussians", "FisherVector", {"cells": WHOLE, "cell_norm": ("power", "l2")}),
    "Fisher, xy, no pyramid": ("gaussians_xy", "FisherVector", {"cells": WHOLE, "cell_norm": ("power", "l2"),
                                                                "xy": True}),
    "Fisher, no normalization": ("gaussians", "FisherVector", {"norm": ()}),
    "Fisher, power only": ("gaussians", "FisherVector", {"cell_norm": ("power",), "norm": ()}),
    "Fisher, L2 only": ("gaussians", "FisherVector", {"cell_norm": ("l2",)}),
}
#: name -> (system whose signatures it takes, map or kernel)
MAPPED = {
    "hard assignment, linear": ("hard assignment, counts", "l2"),
    "hard assignment, Hellinger map": ("hard assignment, counts", "hellinger"),
    "hard assignment, chi2 map": ("hard assignment, counts", "chi2"),
    "hard assignment, intersection map": ("hard assignment, counts", "intersection"),
    "hard assignment, Jensen-Shannon map": ("hard assignment, counts", "js"),
    "hard assignment, exact intersection kernel": ("hard assignment, counts", "exact"),
    "soft assignment, linear": ("soft assignment, counts", "l2"),
    "soft assignment, chi2 map": ("soft assignment, counts", "chi2"),
}


def fit_pyramids(extract, images, train, n_jobs, names):
    """PCA and one fitted pyramid a system, all from one sample of descriptors."""
    with Progress("descriptor sample", len(train)) as progress:
        sets = progress.wrap(map_in_order(lambda i: extract(images[i]), train, n_jobs))
        sample = bovw.sample_descriptors(sets, N_DESCRIPTORS, random_state=0)
    with single_threaded():
        pca = bovw.DescriptorPCA(PCA).fit(sample.descriptors)
        reduced = sample.replace(pca.transform(sample.descriptors))
        with_xy = np.concatenate([reduced.descriptors, reduced.positions() - 0.5], axis=1, dtype=np.float32)
        codebooks = {
            "words": bovw.KMeansCodebook(N_WORDS).fit(sample.descriptors),
            "blocks": bovw.KMeansCodebook(N_BLOCKS).fit(reduced.descriptors),
            "gaussians": bovw.GMMCodebook(N_GAUSSIANS).fit(reduced.descriptors),
            "gaussians_xy": bovw.GMMCodebook(N_GAUSSIANS).fit(with_xy),
        }
        encoders, pyramids = {}, {}
        for name in names:
            codebook, encoder, settings = SYSTEMS[name]
            if (codebook, encoder) not in encoders:
                encoders[codebook, encoder] = _encoder(encoder, codebooks[codebook], sample)
            settings = {"cells": PYRAMID, **settings}
            pyramids[name] = bovw.SpatialPyramid.with_encoder(encoders[codebook, encoder], **settings)
    return pca, pyramids


def _encoder(name, codebook, sample):
    if name == "SoftAssignment":  # the width that its own fit learns: a descriptor's deviation from its word
        X = sample.descriptors
        sigma = np.sqrt(np.mean((X - codebook.words_[codebook.predict(X)]) ** 2))
        return bovw.SoftAssignment.with_codebook(codebook, sigma=float(sigma))
    return getattr(bovw, name).with_codebook(codebook)


def signatures(extract, images, pca, pyramids, n_jobs):
    """{name: (n_images, size) float32}; every image is read once."""

    def encode(image):
        raw = extract(image)
        reduced = raw.replace(pca.transform(raw.descriptors))
        return [p.encode(raw if SYSTEMS[name][0] == "words" else reduced) for name, p in pyramids.items()]

    out = {name: np.empty((len(images), p.signature_size), np.float32) for name, p in pyramids.items()}
    with Progress("signatures", len(images)) as progress:
        for i, rows in enumerate(progress.wrap(map_in_order(encode, images, n_jobs))):
            for matrix, row in zip(out.values(), rows, strict=True):
                matrix[i] = row
    return out


def accuracy(X, labels, train, test, n_jobs, how=None):
    """Mean per-class accuracy of a linear SVM, after a kernel map if asked for."""
    kernel = "intersection" if how == "exact" else "linear"
    if how == "l2":  # counts of length 1, as those that a map makes of counts of sum 1
        X = bovw.normalize(X)
    elif how == "hellinger":
        X = bovw.hellinger_map(X)
    elif how in ("chi2", "intersection", "js"):
        X = bovw.homogeneous_kernel_map(X, how)
    machine = bovw.OneVsRestDual(C=C, kernel=kernel, n_jobs=n_jobs)
    machine.fit(X[train], labels[train])
    return float(mean_class_accuracy(labels[test], machine.predict(X[test]))), float(machine.C_)


def run_draw(dataset, draw, names, n_train, n_test, n_jobs):
    """Accuracy, chosen C and signature size of every system on one split."""
    train, test = bovw.draw_split(dataset.labels, n_train, n_test, seed=0, draw=draw, classes=dataset.classes)
    extractor = bovw.DenseSIFT(**EXTRACTOR)

    def extract(path):
        return extractor.extract(bovw.read_image(path, mode="gray"))

    pca, pyramids = fit_pyramids(extract, dataset.images, train, n_jobs, names)
    used = np.concatenate([train, test])
    matrices = signatures(extract, [dataset.images[i] for i in used], pca, pyramids, n_jobs)
    labels = dataset.labels[used]
    train, test = np.arange(len(train)), np.arange(len(train), len(used))
    results = {}
    jobs = {name: (name, None) for name in names if not name.endswith("counts")}
    jobs |= {k: v for k, v in MAPPED.items() if v[0] in names}
    for name, (source, how) in jobs.items():
        X = matrices[source]
        value, chosen = accuracy(X, labels, train, test, n_jobs, how)
        size = X.shape[1] * (3 if how in ("chi2", "intersection", "js") else 1)
        results[name] = {"accuracy": value, "C": chosen, "size": size}
        print(f"  {name:<44} {100 * value:6.2f}  C={chosen:g}", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("encoders_scene15.json"))
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--train", type=int, default=100, help="training images a class")
    parser.add_argument("--test", type=int, help="test images a class at most")
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--systems", nargs="*", choices=SYSTEMS, default=list(SYSTEMS))
    options = parser.parse_args()
    dataset = bovw.read_folder(options.data)
    draws = []
    for draw in range(options.draws):
        part = options.out.with_suffix(f".draw-{draw}.json")
        known = json.loads(part.read_text()) if part.exists() else {"systems": {}, "seconds": 0.0}
        known_counts = {source for name, (source, _) in MAPPED.items() if name in known["systems"]}
        todo = [name for name in options.systems if name not in known["systems"] and name not in known_counts]
        if todo:
            print(f"draw {draw + 1} of {options.draws}", flush=True)
            start = time.perf_counter()
            known["systems"] |= run_draw(dataset, draw, todo, options.train, options.test, options.jobs)
            known["seconds"] += time.perf_counter() - start
            write_json(part, known)
        draws.append(known)
    table = {}
    for name in [*SYSTEMS, *MAPPED]:
        if name in draws[0]["systems"]:
            values = [d["systems"][name]["accuracy"] for d in draws]
            summary = summarize_draws(values)
            table[name] = {
                "mean": summary.mean, "std": summary.std if len(values) > 1 else None, "draws": values,
                "C": [d["systems"][name]["C"] for d in draws], "size": draws[0]["systems"][name]["size"],
            }
    write_json(options.out, {
        "protocol": f"{options.train} training images a class, the rest test, {options.draws} draws, mean per-class "
                    "accuracy; C cross-validated on the training images",
        "extractor": EXTRACTOR, "n_descriptors": N_DESCRIPTORS, "pca": PCA, "cells": PYRAMID, "systems": table,
        "seconds": sum(d["seconds"] for d in draws),
    })
    for name, row in sorted(table.items(), key=lambda item: -item[1]["mean"]):
        spread = f" +- {100 * row['std']:.2f}" if row["std"] is not None else ""
        print(f"{name:<44} {100 * row['mean']:6.2f}{spread}  {row['size']:>6}")


if __name__ == "__main__":
    main()
