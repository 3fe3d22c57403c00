"""Nearest neighbors against scipy and scikit-learn."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from bovw import NearestNeighbor
from bovw.classify.nearest_neighbor import DISTANCES, pairwise_distances
from bovw.errors import ParameterError


@parametrize_with_checks(
    [NearestNeighbor(), NearestNeighbor(3, distance="chi2"), NearestNeighbor(2, distance="intersection")]
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def chi2_distance(x, y):
    total = x + y
    return np.sum((x - y) ** 2 / np.where(total > 0, total, 1))


ORACLES = {"l2": "euclidean", "chi2": chi2_distance, "intersection": lambda x, y: np.abs(x - y).sum() / 2}


def histograms(n, d, seed):
    X = np.random.default_rng(seed).gamma(0.5, size=(n, d)).astype(np.float32)
    X[X < 0.1] = 0
    return X / X.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("distance", DISTANCES)
def test_distances_agree_with_scipy(distance):
    X, Y = histograms(30, 50, 0), histograms(40, 50, 1)
    expected = cdist(X.astype(np.float64), Y.astype(np.float64), ORACLES[distance])
    np.testing.assert_allclose(pairwise_distances(X, Y, distance), expected, rtol=1e-4, atol=1e-6)
    itself = pairwise_distances(X, X, distance)
    assert (itself >= 0).all() and itself.diagonal().max() < 5e-4


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("n_classes", [2, 5])
def test_one_neighbor_scores_are_distances_to_the_classes(distance, n_classes):
    X, queries = histograms(60, 20, 0), histograms(300, 20, 1)
    y = np.random.default_rng(2).integers(n_classes, size=60)
    model = NearestNeighbor(distance=distance).fit(X, y)
    all_distances = cdist(queries.astype(np.float64), X.astype(np.float64), ORACLES[distance])
    expected = -np.array([all_distances[:, y == c].min(axis=1) for c in range(n_classes)]).T
    scores = model.decision_function(queries)
    if n_classes == 2:
        expected = expected[:, 1] - expected[:, 0]
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=2e-6)
    oracle = KNeighborsClassifier(1, metric=ORACLES[distance]).fit(X, y)
    assert (model.predict(queries) == oracle.predict(queries)).mean() > 0.99


def test_votes_agree_with_scikit_learn_where_there_is_no_tie():
    X, queries = histograms(80, 10, 0), histograms(200, 10, 1)
    y = np.random.default_rng(2).integers(3, size=80)
    scores = NearestNeighbor(7).fit(X, y).decision_function(queries)
    probabilities = KNeighborsClassifier(7).fit(X, y).predict_proba(queries)
    np.testing.assert_array_equal(np.ceil(scores), np.rint(7 * probabilities))
    clear = np.sort(probabilities, axis=1)[:, -1] > np.sort(probabilities, axis=1)[:, -2] + 1e-6
    assert clear.sum() > 100
    assert (scores.argmax(axis=1) == probabilities.argmax(axis=1))[clear].all()


def test_a_training_sample_is_at_distance_zero():
    X = np.random.default_rng(0).normal(1000, 1, size=(20, 300)).astype(np.float32)
    scores = NearestNeighbor().fit(X, np.arange(20)).decision_function(X)
    assert (scores.diagonal() == 0).all()
    assert (scores.argmax(axis=1) == np.arange(20)).all()


def test_more_neighbors_than_samples_is_all_of_them():
    model = NearestNeighbor(100).fit([[0.0], [1.0], [1.1]], [0, 1, 1])
    assert model.predict([[0.0]]) == [1]


@pytest.mark.parametrize(
    ("options", "X", "message"),
    [
        ({"n_neighbors": 0}, [[0.0], [1.0]], "n_neighbors=0"),
        ({"distance": "l1"}, [[0.0], [1.0]], "distance='l1'"),
        ({"distance": "chi2"}, [[0.0], [-1.0]], "Negative values"),
    ],
)
def test_bad_input_is_named(options, X, message):
    with pytest.raises(ParameterError, match=message):
        NearestNeighbor(**options).fit(X, [0, 1])


def test_best_classes_are_those_of_the_nearest_samples():
    model = NearestNeighbor().fit([[0.0], [1.0], [3.0]], ["a", "b", "c"])
    np.testing.assert_array_equal(model.predict_top_k([[0.9], [2.1]], k=2), [["b", "a"], ["c", "b"]])
