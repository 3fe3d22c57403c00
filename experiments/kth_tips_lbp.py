"""Texture check: LBP histograms and a chi-square kernel SVM on KTH-TIPS.

    BOVW_DATA=... python experiments/kth_tips_lbp.py [--draws N] [--json FILE]

Protocol: ``BOVW_DATA``/kth_tips_gray, 10 textures of 81 images; 40 training images
a class drawn at random, the rest for testing; mean and deviation of the accuracy
over 10 seeded draws. The kernel is the multi-channel one of Zhang, Marszałek,
Lazebnik and Schmid (IJCV 2007): exp(-mean over channels of D_c / A_c), D_c the
chi-square distance of channel c and A_c its mean over the training images; a
channel is one (P, R). Each draw chooses its C, and for the row "chosen" its
signature as well, by five-fold cross-validation within its training images; the
signatures and the values of C were laid down before any test image was scored.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from sklearn.metrics.pairwise import additive_chi2_kernel
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from bovw.descriptors.binary_patterns import lbp_histogram
from bovw.images import read_image

N_TRAIN = 40
C_VALUES = (1.0, 10.0, 100.0, 1000.0)
U2 = [("uniform", n_points, radius) for n_points, radius in ((8, 1), (8, 2), (16, 2), (16, 4))]
RIU2 = [("riu2", n_points, radius) for n_points, radius in ((8, 1), (16, 2), (24, 3), (24, 5))]
SIGNATURES = {"u2": U2, "riu2": RIU2, "u2 + riu2": U2 + RIU2}


def distances(images, channels):
    """(n_channels, n, n): chi-square distances between all images, channel by channel."""
    result = []
    for method, n_points, radius in channels:
        scales = [(n_points, radius)]
        histograms = np.array([lbp_histogram(image, scales=scales, method=method) for image in images])
        result.append(-0.5 * additive_chi2_kernel(histograms))
    return np.array(result)


def kernel_of(all_distances, train):
    """The kernel of all images, its channels scaled by their mean distance within ``train``."""
    scales = np.array([d[np.ix_(train, train)].mean() for d in all_distances])
    return np.exp(-np.mean(all_distances / scales[:, None, None], axis=0))


def accuracy(kernel, labels, train, test, C):
    """Share of ``test`` that an SVM trained on ``train`` gets right (equal classes: also the mean per class)."""
    model = SVC(C=C, kernel="precomputed").fit(kernel[np.ix_(train, train)], labels[train])
    return float((model.predict(kernel[np.ix_(test, train)]) == labels[test]).mean())


def validate(all_distances, labels, train, seed):
    """The best C and its accuracy, by five folds of the training images."""
    folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(train, labels[train]))
    kernels = [kernel_of(all_distances, train[fit]) for fit, _ in folds]
    scores = {
        C: np.mean([
            accuracy(kernel, labels, train[fit], train[held], C)
            for kernel, (fit, held) in zip(kernels, folds, strict=True)
        ])
        for C in C_VALUES
    }
    C = max(C_VALUES, key=lambda value: (scores[value], -value))
    return C, scores[C]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if not os.environ.get("BOVW_DATA"):
        parser.error("set BOVW_DATA to the folder that holds kth_tips_gray")
    paths = sorted(Path(os.environ["BOVW_DATA"], "kth_tips_gray").glob("*/*.png"))
    classes = sorted({path.parent.name for path in paths})
    labels = np.array([classes.index(path.parent.name) for path in paths])
    images = [read_image(path, mode="gray") for path in paths]
    print(f"{len(images)} images of {len(classes)} classes")
    table = {name: distances(images, channels) for name, channels in SIGNATURES.items()}

    results = {name: [] for name in [*SIGNATURES, "chosen"]}
    for draw in range(options.draws):
        rng = np.random.default_rng(draw)
        train = np.concatenate([
            rng.permutation(np.flatnonzero(labels == k))[:N_TRAIN] for k in range(len(classes))
        ])
        test = np.setdiff1d(np.arange(len(labels)), train)
        validated = {}
        for name, all_distances in table.items():
            C, validated[name] = validate(all_distances, labels, train, draw)
            results[name].append(accuracy(kernel_of(all_distances, train), labels, train, test, C))
        best = max(validated, key=validated.get)
        results["chosen"].append(results[best][-1])
        print(f"draw {draw}: chosen {best}, " + ", ".join(f"{n} {r[-1]:.4f}" for n, r in results.items()), flush=True)
    for name, values in results.items():
        print(f"{name:<10} {100 * np.mean(values):6.2f} +- {100 * np.std(values):.2f} %")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
