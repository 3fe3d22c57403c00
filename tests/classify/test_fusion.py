"""Score fusion against brute force, and out-of-fold scores against separate trainings."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold

from bovw.classify import (
    OneVsRestDual,
    OneVsRestSGD,
    ScoreFusion,
    held_out_folds,
    intersection_kernel,
    out_of_fold_scores,
)
from bovw.classify.calibration import softmax
from bovw.classify.fusion import fuse_scores, fusion_weights
from bovw.errors import ParameterError
from bovw.persist import load_model, save_model


def channels(noises, n=600, n_classes=6, seed=0):
    """Score matrices of one truth, the more noise the less they tell."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    truth = np.eye(n_classes)[y]
    return [truth + noise * rng.standard_normal(truth.shape) for noise in noises], y


def test_weights_are_the_best_of_a_grid():
    scores, y = channels([0.8, 1.2])
    found = fusion_weights(scores, y)

    def loss(weights, scale):
        return -np.log(softmax(scale * fuse_scores(scores, weights))[np.arange(len(y)), y]).mean()

    scales = np.geomspace(0.5, 20, 60)
    grid = [(min(loss((w, 1 - w), s) for s in scales), w) for w in np.linspace(0, 1, 41)]
    assert found[0] == pytest.approx(min(grid)[1], abs=0.03)
    assert found.sum() == pytest.approx(1)


def test_noise_gets_no_weight_and_the_good_channel_more():
    scores, y = channels([0.5, 1.0, 1e3])
    fusion = ScoreFusion().fit(scores, y)
    assert fusion.weights_[0] > fusion.weights_[1] > 0.05
    assert fusion.weights_[2] < 0.03
    test, y_test = channels([0.5, 1.0, 1e3], seed=1)
    alone = [(matrix.argmax(axis=1) == y_test).mean() for matrix in test]
    assert (fusion.predict(test) == y_test).mean() > max(alone)
    equal = ScoreFusion(weights="equal").fit(scores, y)
    assert (fusion.predict(test) == y_test).mean() > (equal.predict(test) == y_test).mean()


def test_scale_and_shift_of_a_channel_do_not_matter():
    scores, y = channels([0.8, 1.0])
    one = ScoreFusion().fit(scores, y)
    two = ScoreFusion().fit([100 * scores[0] - 7, scores[1] + 3], y)
    np.testing.assert_allclose(one.weights_, two.weights_, atol=1e-4)
    np.testing.assert_allclose(
        one.transform(scores), two.transform([100 * scores[0] - 7, scores[1] + 3]), atol=1e-3
    )


def test_given_weights_are_divided_by_their_sum(tmp_path):
    scores, y = channels([0.8, 1.0])
    names = np.array(["ape", "bee", "cat", "dog", "eel", "fox"])[y]
    fusion = ScoreFusion(weights=(3, 1)).fit(scores, names)
    np.testing.assert_array_equal(fusion.weights_, [0.75, 0.25])
    expected = sum(
        w * (matrix - matrix.mean()) / matrix.std() for w, matrix in zip((0.75, 0.25), scores, strict=True)
    )
    np.testing.assert_allclose(fusion.transform(scores), expected)
    top = fusion.predict_top_k(scores, 2)
    np.testing.assert_array_equal(top, fusion.classes_[np.argsort(-expected, axis=1, kind="stable")[:, :2]])
    save_model(fusion, tmp_path / "model")
    np.testing.assert_array_equal(load_model(tmp_path / "model").transform(scores), fusion.transform(scores))


def test_two_classes_and_useless_channels():
    f = np.array([-1.0, -2.0, 1.0, 0.5])
    fusion = ScoreFusion().fit([f, np.zeros(4)], [0, 0, 1, 1])
    np.testing.assert_array_equal(fusion.predict([f, np.zeros(4)]), [0, 0, 1, 1])
    useless = ScoreFusion().fit([-f, -2 * f], [0, 0, 1, 1])
    np.testing.assert_array_equal(useless.weights_, [0.5, 0.5])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("best", "weights='best' must be"), ((1, 2, 3), "2 channels"), ((0, 0), "all 0"),
        ((-1, 2), r"weights=\(-1, 2\) must be .*>= 0"),
        (1.0, "weights=1.0 must be .* or sequence"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    scores, y = channels([1, 1])
    with pytest.raises(ParameterError, match=message):
        ScoreFusion(weights=weights).fit(scores, y)


def test_bad_scores_are_refused():
    scores, y = channels([1, 1])
    with pytest.raises(ParameterError, match=r"scores\[1\] has shape"):
        ScoreFusion().fit([scores[0], scores[1][:-1]], y)
    with pytest.raises(ParameterError, match="not empty"):
        ScoreFusion().fit([], y)
    with pytest.raises(ParameterError, match="every class"):
        ScoreFusion().fit(scores, np.minimum(y, 3))
    with pytest.raises(ParameterError, match="1 matrices"):
        ScoreFusion().fit(scores, y).transform(scores[:1])


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X[:400] / np.linalg.norm(X[:400], axis=1, keepdims=True)).astype(np.float32), y[:400]


def folds(y, cv=4):
    return StratifiedKFold(cv, shuffle=True, random_state=5).split(y, y)


def test_out_of_fold_scores_of_the_dual_solver_are_those_of_separate_trainings(digits):
    X, y = digits
    machine = OneVsRestDual(tol=1e-6)
    scores = out_of_fold_scores(machine, X, y, cv=4, random_state=5)
    for train, test in folds(y):
        expected = OneVsRestDual(tol=1e-6).fit(X[train], y[train]).decision_function(X[test])
        np.testing.assert_allclose(scores[test], expected, atol=5e-3)
    assert not hasattr(machine, "classes_")
    given = out_of_fold_scores(OneVsRestDual(kernel="precomputed"), intersection_kernel(X), y, cv=4)
    named = out_of_fold_scores(OneVsRestDual(kernel="intersection"), X, y, cv=4)
    np.testing.assert_array_equal(given, named)


def test_fit_and_held_out_scores_from_one_gram_matrix_are_those_of_separate_calls(digits):
    X, y = digits
    together, apart = OneVsRestDual((0.1, 10.0)), OneVsRestDual((0.1, 10.0)).fit(X, y)
    scores = together.fit_out_of_fold(X, y, held_out_folds(y, 4))
    np.testing.assert_array_equal(together.coef_, apart.coef_)
    np.testing.assert_array_equal(scores, out_of_fold_scores(OneVsRestDual(apart.C_), X, y, cv=4))


def test_of_several_C_the_best_is_used(digits):
    X, y = digits
    several = out_of_fold_scores(OneVsRestDual((1e-4, 10.0), tol=1e-5), X, y, cv=4)
    alone = out_of_fold_scores(OneVsRestDual(10.0, tol=1e-5), X, y, cv=4)
    np.testing.assert_allclose(several, alone, atol=0.02)


def test_out_of_fold_scores_of_other_classifiers(digits):
    X, y = digits
    sgd = out_of_fold_scores(OneVsRestSGD(max_iter=2), X, y, cv=4, random_state=5)
    ridge = out_of_fold_scores(RidgeClassifier(), X, y, cv=4, random_state=5)
    for train, test in folds(y):
        machine = OneVsRestSGD(max_iter=2).fit(X, y, rows=train)
        np.testing.assert_array_equal(sgd[test], machine.decision_function(X, rows=test))
        np.testing.assert_allclose(
            ridge[test], RidgeClassifier().fit(X[train], y[train]).decision_function(X[test]), rtol=1e-5, atol=1e-5
        )


def test_out_of_fold_scores_of_two_classes(digits):
    X, y = digits
    keep = y < 2
    for machine in (OneVsRestDual(), OneVsRestSGD(max_iter=5)):
        scores = out_of_fold_scores(machine, X[keep], y[keep])
        assert scores.shape == (keep.sum(),)
        assert ((scores > 0) == (y[keep] == 1)).mean() > 0.97


def test_a_class_of_one_sample_is_refused(digits):
    X, _ = digits
    with pytest.raises(ParameterError, match="has one sample"):
        out_of_fold_scores(OneVsRestDual(), X[:5], [0, 0, 1, 1, 2])


def test_weights_of_several_classes_a_sample():
    """Held-out scores of a good channel, a poor one and a useless one; entries that are left out do not count."""
    rng = np.random.default_rng(0)
    y = (rng.random((400, 4)) < 0.3).astype(int)
    good, poor, noise = (s * y + rng.standard_normal(y.shape) - 1 for s in (3.0, 1.0, 0.0))
    fusion = ScoreFusion().fit([good, poor, noise], y)
    assert fusion.multilabel_
    assert fusion.means_.tolist() == [0, 0, 0]
    assert fusion.weights_[0] > fusion.weights_[1] > 5 * fusion.weights_[2]
    precision = {name: average_precision_score(y, s) for name, s in (("good", good), ("poor", poor))}
    fused = fusion.transform([good, poor, noise])
    assert average_precision_score(y, fused) > precision["good"] > precision["poor"]
    np.testing.assert_array_equal(fusion.predict([good, poor, noise]), fused > 0)
    # the likelihood by another solver, its biases free
    z = [channel[:, :, None] / channel.std() for channel in (good, poor, noise)]
    rows = np.concatenate(z, axis=2).reshape(-1, 3)
    class_of_row = np.eye(4)[np.tile(np.arange(4), 400)]
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8).fit(np.hstack([rows, class_of_row]), y.ravel())
    expected = np.maximum(model.coef_[0, :3], 0)
    np.testing.assert_allclose(fusion.weights_, expected / expected.sum(), atol=1e-3)
    hidden = np.where(rng.random(y.shape) < 0.3, -1, y)
    spoilt = [np.where(hidden < 0, 100 * rng.standard_normal(y.shape), channel) for channel in (good, poor)]
    scales = [channel.std() for channel in spoilt]
    kept = fusion_weights([s / d for s, d in zip(spoilt, scales, strict=True)], hidden)
    plain = fusion_weights([c / d for c, d in zip((good, poor), scales, strict=True)], hidden)
    np.testing.assert_allclose(kept, plain, atol=1e-3)
