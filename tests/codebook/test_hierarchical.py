"""Vocabulary trees."""

import pickle

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from bovw import HardAssignment, HierarchicalKMeans, KMeansCodebook, ParameterError, load_model, save_model
from bovw.codebook.nearest import nearest_words
from tests.reference import kmeans as reference

from .data import Source, descriptors


@parametrize_with_checks([HierarchicalKMeans(branching=2, depth=2)])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize(("branching", "depth"), [(5, 1), (5, 2), (3, 3), (2, 4)])
def test_words_are_leaves_and_search_goes_down(branching, depth):
    X = descriptors(1500)
    tree = HierarchicalKMeans(branching, depth).fit(X)
    assert tree.words_.shape == (branching**depth, 16)
    assert len(tree.centers_) == sum(branching**level for level in range(1, depth))
    nodes = np.concatenate([tree.centers_, tree.words_])
    np.testing.assert_array_equal(tree.predict(X), reference.go_down(X, nodes, tree.child_starts_))
    exact = HierarchicalKMeans(branching, depth, search="exact").fit(X)
    np.testing.assert_array_equal(exact.words_, tree.words_)
    np.testing.assert_array_equal(exact.predict(X), nearest_words(X, tree.words_))


def test_one_level_is_k_means():
    X = descriptors(800)
    tree = HierarchicalKMeans(12, 1, max_iter=100, tol=0).fit(X)
    assert tree.inertia_ < 1.1 * KMeansCodebook(12, max_iter=100, tol=0).fit(X).inertia_
    np.testing.assert_allclose(
        tree.words_, [X[tree.predict(X) == k].mean(axis=0) for k in range(12)], atol=1e-5
    )


def test_words_are_means_of_what_reaches_them():
    X = descriptors(2000, 8)
    tree = HierarchicalKMeans(6, 2, max_iter=200, tol=0).fit(X)
    labels = tree.predict(X)
    for k in range(36):
        np.testing.assert_allclose(tree.words_[k], X[labels == k].mean(axis=0), atol=1e-4)
    assert tree.inertia_ == pytest.approx(((X - tree.words_[labels]) ** 2).sum(), rel=1e-4)


def test_memory_changes_nothing():
    X = descriptors(1500)
    sources = [Source(X) for _ in range(2)]
    trees = [HierarchicalKMeans(7, 2, memory=m).fit(s) for m, s in zip((1e9, 10_000), sources, strict=True)]
    np.testing.assert_array_equal(trees[0].words_, trees[1].words_)
    assert sources[0].rows_read < sources[1].rows_read


def test_nodes_with_few_descriptors_have_few_children():
    X = np.repeat(np.array([[0.0, 1.0], [2.0, 3.0], [8.0, 8.0], [8.0, 9.0]]), [50, 1, 20, 3], axis=0)
    tree = HierarchicalKMeans(3, 3).fit(X)
    np.testing.assert_array_equal(np.unique(tree.words_, axis=0), np.unique(X, axis=0))
    assert len(tree.words_) == 4
    np.testing.assert_array_equal(tree.words_[tree.predict(X)], X)
    assert tree.inertia_ == 0


def test_uint8_counts_like_the_same_floats():
    X = np.random.default_rng(0).integers(0, 256, size=(900, 12), dtype=np.uint8)
    one, other = (HierarchicalKMeans(5, 2).fit(data) for data in (X, X.astype(np.float32)))
    np.testing.assert_array_equal(one.words_, other.words_)
    np.testing.assert_array_equal(one.predict(X), other.predict(X.astype(np.float32)))


def test_an_encoder_counts_what_the_tree_assigns():
    X = descriptors(600)
    encoder = HardAssignment(HierarchicalKMeans(5, 2)).fit(X)
    labels = encoder.codebook_.predict(X[:100])
    np.testing.assert_array_equal(encoder.encode(X[:100]), np.bincount(labels, minlength=25))


def test_saved_pickled_and_seeded(tmp_path):
    X = descriptors(600)
    tree = HierarchicalKMeans(4, 2).fit(X)
    save_model(tree, tmp_path / "tree")
    for again in (load_model(tmp_path / "tree"), pickle.loads(pickle.dumps(tree)), HierarchicalKMeans(4, 2).fit(X)):
        np.testing.assert_array_equal(again.words_, tree.words_)
        np.testing.assert_array_equal(again.predict(X), tree.predict(X))
    assert not np.array_equal(HierarchicalKMeans(4, 2, random_state=1).fit(X).words_, tree.words_)


def test_says_how_long_it_will_take(capsys):
    X = descriptors(3000)
    assert 0 < HierarchicalKMeans(8, 2).estimate_seconds(X) < 60
    assert capsys.readouterr().err == ""
    HierarchicalKMeans(8, 2, verbose=True).fit(X)
    error = capsys.readouterr().err
    assert error.startswith("vocabulary tree: at most about")
    assert "level 2 of 2: 8/8 nodes" in error


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"branching": 1}, "branching=1"),
        ({"branching": 200}, "branching=200 needs at least 200 descriptors"),
        ({"depth": 0}, "depth=0"),
        ({"branching": 90, "depth": 4}, "make 65610000 words; at most"),
        ({"search": "fast"}, "search='fast'"),
        ({"memory": 0}, "memory=0"),
        ({"init_size": 0}, "init_size=0"),
        ({"max_iter": 0}, "max_iter=0"),
        ({"tol": -1}, "tol=-1"),
        ({"verbose": 1}, "verbose=1"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ParameterError, match=message):
        HierarchicalKMeans(**{"branching": 3, **parameters}).fit(descriptors(100))
