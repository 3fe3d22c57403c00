"""Image classifiers of images that show several classes."""

import numpy as np
import pytest
from sklearn.base import clone

import bovw
from bovw.pipeline import load_classifier

NAMES = ("brick", "cat", "coins")


def member(extractor, classifier, **options):
    pyramid = bovw.SpatialPyramid(bovw.FisherVector(bovw.GMMCodebook(2, max_iter=5)), norm=("power", "l2"))
    return bovw.BovwClassifier(
        bovw.ImageEncoder(extractor, pyramid=pyramid, n_descriptors=2000), classifier=classifier, **options
    )


@pytest.fixture(scope="module")
def pictures(window_arrays):
    """Pairs of windows side by side, and which of three classes they show; some coins are difficult."""
    rng = np.random.default_rng(0)
    images, y = [], []
    for _ in range(48):
        chosen = rng.choice(4, 2)
        parts = [window_arrays[(*NAMES, "grass")[c]][rng.integers(10)] for c in chosen]
        images.append(np.hstack([part if part.ndim == 3 else np.repeat(part[..., None], 3, axis=2) for part in parts]))
        row = [int(c in chosen) for c in range(3)]
        if row[2] and rng.random() < 0.3:
            row[2] = -1
        y.append(row)
    return images, np.array(y)


def precision(model, images, y):
    return bovw.mean_average_precision(y == 1, model.decision_function(images), ignore=y < 0)


@pytest.mark.parametrize("classifier", [
    bovw.OneVsRestDual(C=[1.0, 10.0], cv=3), bovw.OneVsRestSGD(C=10.0), bovw.NearestNeighbor(3),
    bovw.StandardizedClassifier(),
])
def test_images_with_several_classes(pictures, classifier, tmp_path):
    images, y = pictures
    model = member(bovw.DenseSIFT(step=8, bin_size=(4,)), classifier).fit(images[:32], y[:32], classes=NAMES)
    assert model.multilabel_
    assert model.classes_.tolist() == list(NAMES)
    scores = model.decision_function(images[32:])
    assert scores.shape == (16, 3)
    assert precision(model, images[32:], y[32:]) > (y == 1).mean() + 0.15
    np.testing.assert_array_equal(model.predict(images[32:]), scores > 0)
    best = model.predict_top_k(images[32:], 2)
    assert best[:, 0].tolist() == [NAMES[k] for k in scores.argmax(axis=1)]
    model.save(tmp_path)
    again = load_classifier(tmp_path)
    np.testing.assert_array_equal(again.decision_function(images[32:]), scores)
    assert again.multilabel_


def test_out_of_fold_scores_of_images_with_several_classes(pictures):
    images, y = pictures
    model = member(bovw.DenseSIFT(step=8, bin_size=(4,)), bovw.OneVsRestDual(C=10.0)).fit_encoders(images)
    signatures = model.signatures(images)
    together = model.fit_classifier_out_of_fold(signatures, y, [5], classes=NAMES, cv=3)
    assert np.isnan(together[5]).all()
    np.testing.assert_array_equal(together, model.out_of_fold_scores(signatures, y, [5], cv=3))
    read = np.delete(np.arange(48), 5)
    assert bovw.mean_average_precision(y[read] == 1, together[read], ignore=y[read] < 0) > (y == 1).mean() + 0.15


def test_fused_classifiers_of_several_classes(pictures, tmp_path):
    images, y = pictures
    parts = [member(bovw.DenseSIFT(step=8, bin_size=(4,)), bovw.OneVsRestDual()),
             member(bovw.ColorStatistics(patch_sizes=16, step=8), bovw.OneVsRestDual())]
    model = bovw.FusedClassifier(parts, cv=3).fit(images[:32], y[:32], classes=NAMES)
    assert model.multilabel_
    scores = model.decision_function(images[32:])
    expected = sum(
        w * part.decision_function(images[32:]) / d
        for w, d, part in zip(model.fusion_.weights_, model.fusion_.scales_, model.members_, strict=True)
    )
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.predict(images[32:]), scores > 0)
    model.save(tmp_path)
    np.testing.assert_array_equal(load_classifier(tmp_path).decision_function(images[32:]), scores)
    two = clone(model).fit(images[:32], y[:32, :2])
    assert two.decision_function(images[:4]).shape == (4, 2)
    assert two.classes_.tolist() == [0, 1]


def test_wrong_labels_are_refused_before_any_image_is_read(pictures):
    images, y = pictures
    model = member(bovw.DenseSIFT(step=8, bin_size=(4,)), bovw.OneVsRestDual())
    with pytest.raises(bovw.ParameterError, match="column 0 of y has no 1"):
        model.fit(["missing.png"] * 48, np.where(np.arange(3) == 0, 0, y))
    with pytest.raises(bovw.ParameterError, match="indicator matrix of at least two classes"):
        model.fit(images, y[:, :1])
    with pytest.raises(bovw.ParameterError, match="classes has 2 names"):
        model.fit(["missing.png"] * 48, y, classes=["a", "b"])
    with pytest.raises(bovw.ParameterError, match="none beside labels that are names"):
        model.fit(images, np.where(y[:, 0] == 1, "brick", "other"), classes=["a", "b"])
