"""Writes ``model_version_1/``, a model as bovw wrote it before parameters were renamed, and its scores.

Kept for the record: it runs with the bovw of that time (format version 1), not with this one.
"""

import json
import sys
from pathlib import Path

import numpy as np

import bovw

HERE = Path(__file__).parent
FOLDER = HERE / "model_version_1"


def images_and_labels():
    """Twelve images of 48 x 48 pixels in three classes: stripes lying, standing, slanted."""
    y, x = np.mgrid[0:48, 0:48]
    waves = {"lying": y, "standing": x, "slanted": x + y}
    images, labels = [], []
    for name, phase in waves.items():
        for i in range(4):
            gray = 127 + 100 * np.sin(phase / (1.5 + 0.5 * i) + i)
            images.append(np.stack([gray, 0.8 * gray, 255 - gray], axis=2).astype(np.uint8))
            labels.append(name)
    return images, labels


def main():
    words = bovw.KMeansCodebook(4, max_iter=3, random_state=0)
    extractors = [
        bovw.DenseSIFT(step=16, bin_size=(4,), n_bins=2, orientations=4, color_space="grey"),
        bovw.HOG((24,), step=12, cells=2),
        bovw.LBP((24,), step=12, cells=1),
        bovw.ColorStatistics((24,), step=12, cells=2),
    ]
    encoders = [bovw.LLC(words, n_neighbors=2, beta=1e-3), *[bovw.HardAssignment(words)] * 3]
    channels = [
        bovw.ImageEncoder(extractor, pyramid=bovw.SpatialPyramid(encoder, norm=("l2",)), n_descriptors=200)
        for extractor, encoder in zip(extractors, encoders, strict=True)
    ]
    model = bovw.FusedClassifier([
        bovw.BovwClassifier(channels, classifier=bovw.OneVsRestSGD(beta=2, max_iter=3)),
        bovw.BovwClassifier(channels[0], classifier=bovw.OneVsRestDual(class_weight="balanced")),
        bovw.BovwClassifier(channels[0], classifier=bovw.OneVsRestPrimal()),
    ], fusion=bovw.ScoreFusion(weights="equal"), cv=2)
    images, labels = images_and_labels()
    model.fit(images, labels)
    model.save(FOLDER)
    scores = [member.decision_function(images).tolist() for member in model.members_]
    (HERE / "model_version_1_scores.json").write_text(json.dumps([[[round(v, 6) for v in row] for row in member]
                                                                  for member in scores]) + "\n")


if __name__ == "__main__":
    sys.exit(main())
