"""Late fusion of several image classifiers."""

import numpy as np
import pytest
from sklearn.base import clone

import bovw


def member(extractor, **options):
    pyramid = bovw.SpatialPyramid(bovw.FisherVector(bovw.GMMCodebook(2, max_iter=5)), norm=("power", "l2"))
    return bovw.BovwClassifier(
        bovw.ImageEncoder(extractor, pyramid=pyramid, n_descriptors=2000), classifier=bovw.OneVsRestDual(), **options
    )


@pytest.fixture
def fused():
    return bovw.FusedClassifier(
        [member(bovw.DenseSIFT(step=8, bin_size=(4,))), member(bovw.ColorStatistics(patch_sizes=16, step=8))]
    )


@pytest.fixture
def paths(window_folder):
    found = sorted(window_folder.glob("*/*.png"))
    return [str(p) for p in found], np.array([p.parent.name for p in found])


def test_scores_are_the_weighted_sum_of_the_members(fused, paths, tmp_path):
    images, labels = paths
    model = fused.fit(images[::2], labels[::2])
    assert model.score(images[1::2], labels[1::2]) >= 0.7  # chance is 0.25
    assert model.fusion_.weights_.sum() == pytest.approx(1)
    parts = [part.decision_function(images[:5]) for part in model.members_]
    np.testing.assert_allclose(model.decision_function(images[:5]), model.fusion_.transform(parts), rtol=1e-6)
    model.save(tmp_path / "model")
    again = bovw.FusedClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(again.decision_function(images[:5]), model.decision_function(images[:5]))
    assert again.predict_top_k(images[:5], 3).tolist() == model.predict_top_k(images[:5], 3).tolist()


def test_joining_fitted_members_is_fitting(fused, paths):
    images, labels = paths
    model = clone(fused).fit(images, labels)
    members, held_out = [], []
    for part in fused.members:
        part = clone(part).fit_encoders(images)
        signatures = part.signatures(images)
        part.skipped_ = {}
        part.fit_classifier(signatures, labels)
        held_out.append(part.out_of_fold_scores(signatures, labels))
        members.append(part)
    joined = bovw.FusedClassifier.join(members, held_out, labels)
    np.testing.assert_array_equal(joined.fusion_.weights_, model.fusion_.weights_)
    np.testing.assert_array_equal(joined.decision_function(images[:4]), model.decision_function(images[:4]))


def test_two_classes_and_skipped_images(paths):
    images, labels = paths
    chosen = np.flatnonzero(np.isin(labels, labels[[0, -1]]))
    images, labels = [images[i] for i in chosen], labels[chosen]
    with open(images[2], "r+b") as file:
        file.truncate(100)
    model = bovw.FusedClassifier([member(bovw.DenseSIFT(step=8, bin_size=(4,)), on_error="skip")]).fit(images, labels)
    assert list(model.skipped_) == [images[2]]
    assert model.decision_function(images[3:6]).shape == (3,)
    scores, errors = model.scores_and_errors(images[:4])
    assert scores.shape == (4, 2)
    assert list(errors) == [2]


@pytest.mark.parametrize("members", [[], "sift", [bovw.DenseSIFT()]])
def test_bad_members(members, paths):
    with pytest.raises(bovw.ParameterError, match="members"):
        bovw.FusedClassifier(members).fit(*paths)
