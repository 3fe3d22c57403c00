"""``BovwClassifier`` on images: results, scikit-learn's tools, skipped images, workers."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline

import bovw


def encoder(**changes):
    settings = {"pca": bovw.DescriptorPCA(16), "n_descriptors": 2000, **changes}
    pyramid = bovw.SpatialPyramid(
        bovw.FisherVector(bovw.GMMCodebook(4, max_iter=5)), cells=("1x1", "2x1"), cell_norm=("power", "l2")
    )
    return bovw.ImageEncoder(bovw.DenseSIFT(step=6, bin_size=(4,)), pyramid=pyramid, **settings)


@pytest.fixture
def paths(window_folder):
    found = sorted(window_folder.glob("*/*.png"))
    return [str(p) for p in found], np.array([p.parent.name for p in found])


def test_paths_in_class_names_out(paths):
    images, labels = paths
    train, test = np.arange(len(images)) % 2 == 0, np.arange(len(images)) % 2 == 1
    model = bovw.BovwClassifier(encoder()).fit([i for i, t in zip(images, train, strict=True) if t], labels[train])
    held_out = [i for i, t in zip(images, test, strict=True) if t]
    assert model.score(held_out, labels[test]) >= 0.7  # chance is 0.25
    top = model.predict_top_k(held_out, 3)
    assert top.shape == (len(held_out), 3)
    np.testing.assert_array_equal(top[:, 0], model.predict(held_out))
    scores = model.decision_function(held_out)
    assert scores.shape == (len(held_out), 4)
    np.testing.assert_array_equal(model.classes_[scores.argmax(axis=1)], top[:, 0])
    assert model.predict_top_k(held_out, 50).shape == (len(held_out), 4)


def test_scikit_learn_tools_work_over_lists_of_paths(paths):
    images, labels = paths
    model = bovw.BovwClassifier(encoder())
    assert cross_val_score(model, images, labels, cv=2).mean() > 0.5
    search = GridSearchCV(
        model, {"encoder__pyramid__encoder__codebook__n_components": [1, 4], "encoder__pca": [None]}, cv=2
    ).fit(images, labels)
    assert set(search.best_params_) == {"encoder__pyramid__encoder__codebook__n_components", "encoder__pca"}
    assert search.predict(images[:3]).tolist() == labels[:3].tolist()
    steps = Pipeline([("signature", encoder()), ("svm", bovw.OneVsRestDual())]).fit(images, labels)
    assert steps.score(images, labels) == 1.0
    fresh = clone(search.best_estimator_)
    assert not hasattr(fresh, "encoders_")


def test_descriptor_sets_go_through_scikit_learn_too(paths):
    images, labels = paths
    sets = bovw.DenseSIFT(step=8, bin_size=(4,)).transform(images)
    steps = Pipeline([
        ("pyramid", bovw.SpatialPyramid(bovw.HardAssignment(bovw.KMeansCodebook(16)), norm=("power", "l2"))),
        ("svm", bovw.OneVsRestDual()),
    ])
    assert cross_val_score(steps, sets, labels, cv=2).mean() > 0.5


def test_arrays_paths_and_collections_agree(paths, window_arrays):
    images, _ = paths
    arrays = [w for name in sorted(window_arrays) for w in window_arrays[name]]
    fits = [encoder().fit(x) for x in (images, arrays, bovw.ImageCollection(images))]
    first = fits[0].transform(images)
    for fit, x in zip(fits[1:], (arrays, bovw.ImageCollection(images, mode="gray")), strict=True):
        np.testing.assert_allclose(fit.transform(x), first, atol=1e-5)


def test_workers_do_not_change_a_bit(paths):
    images, labels = paths
    one = bovw.BovwClassifier(encoder(), n_jobs=1).fit(images, labels)
    two = bovw.BovwClassifier(encoder(), n_jobs=2).fit(images, labels)
    np.testing.assert_array_equal(one.decision_function(images), two.decision_function(images))


def test_two_encoders_are_concatenated(paths):
    images, labels = paths
    color = encoder()
    color.set_params(extractor=bovw.DenseSIFT(step=12, bin_size=(4,), color_space="opponent"))
    model = bovw.BovwClassifier([encoder(), color]).fit(images, labels)
    alone = model.encoders_[0].transform(images)
    np.testing.assert_array_equal(model.signatures(images)[:, : alone.shape[1]], alone)
    assert model.signature_size == alone.shape[1] * 2


def test_skipped_images_keep_their_row(paths, tmp_path):
    images, labels = paths
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    with_hole = [*images[:3], str(broken), *images[3:]]
    y = np.insert(labels, 3, "brick")
    with pytest.raises(bovw.ImageDecodeError, match="broken"):
        bovw.BovwClassifier(encoder()).fit(with_hole, y)
    model = bovw.BovwClassifier(encoder(), on_error="skip").fit(with_hole, y)
    assert list(model.skipped_) == [str(broken)]
    whole = bovw.BovwClassifier(encoder()).fit(images, labels)
    with pytest.warns(UserWarning, match="broken"):
        scores = model.decision_function(with_hole)
    assert len(scores) == len(with_hole)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(np.delete(scores, 3, axis=0), whole.decision_function(images), atol=0.1)
    row, errors = model.signatures_and_errors(with_hole)
    assert list(errors) == [3]
    assert not row[3].any()


def test_two_classes_follow_scikit_learn(paths):
    images, labels = paths
    two = np.flatnonzero((labels == "brick") | (labels == "cat"))
    model = bovw.BovwClassifier(encoder()).fit([images[i] for i in two], labels[two])
    scores = model.decision_function([images[i] for i in two])
    assert scores.shape == (len(two),)
    top = model.predict_top_k([images[i] for i in two])
    assert top.shape == (len(two), 2)
    np.testing.assert_array_equal(top[:, 0], model.classes_[(scores > 0).astype(int)])


def test_an_image_without_descriptors_gives_zero_and_no_nan(paths):
    images, labels = paths
    model = bovw.BovwClassifier(encoder()).fit(images, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tiny = model.signatures([np.zeros((3, 3), np.uint8), np.zeros((1, 400), np.uint8)])
    assert not tiny.any()


def test_wrong_arguments_are_named(paths):
    images, labels = paths
    with pytest.raises(bovw.ParameterError, match="one label an image"):
        bovw.BovwClassifier(encoder()).fit(images, labels[:-1])
    with pytest.raises(bovw.ParameterError, match="images is empty"):
        bovw.BovwClassifier(encoder()).fit([], [])
    with pytest.raises(bovw.ParameterError, match="encoder=\\[\\]"):
        bovw.BovwClassifier([]).fit(images, labels)
    with pytest.raises(bovw.ParameterError, match="did you mean 'skip'"):
        bovw.BovwClassifier(encoder(), on_error="skp").fit_encoders(images)
    with pytest.raises(bovw.ImageDecodeError, match="nowhere"):
        bovw.BovwClassifier(encoder()).fit([*images[:-1], "nowhere.png"], labels)
    with pytest.raises(bovw.ParameterError, match="n_components"):
        bovw.ImageEncoder(
            bovw.DenseSIFT(step=30), pyramid=bovw.SpatialPyramid(bovw.FisherVector(bovw.GMMCodebook(4096)))
        ).fit(images)
