"""Hedged answers against exhaustive search, and their promises."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw import Taxonomy
from bovw import evaluation as ev
from bovw.errors import ParameterError

from ..dags import dags, taxonomy_of
from ..reference import hedging as slow
from ..reference import taxonomy as slow_taxonomy

#: "both" lies below x and y, so two paths lead from the root to it
DIAMOND = {"r": ["x", "y"], "x": ["a", "both"], "y": ["both", "b"], "a": [], "b": [], "both": []}


def probabilities_of(data, n, n_classes):
    rows = st.lists(st.integers(0, 20), min_size=n_classes, max_size=n_classes).filter(any)
    counts = np.array([data.draw(rows) for _ in range(n)], np.float64)
    return counts / counts.sum(axis=1, keepdims=True)


@settings(deadline=None, max_examples=40)
@given(dags(max_nodes=9), st.data(), st.sampled_from([0.0, 0.3, 2.0, 50.0]))
def test_answers_equal_exhaustive_search(children, data, lambda_):
    classes = [node for node in children if not children[node]]
    space = ev.AnswerSpace(taxonomy_of(children), classes)
    probabilities = probabilities_of(data, 4, len(classes))
    for row, answer in zip(probabilities, ev.hedge(probabilities, space, lambda_), strict=True):
        best, value = slow.answer(children, classes, row, lambda_)
        assert space.nodes[answer] in best or _same_classes(children, space.nodes[answer], best, classes)
        p = row[space.contains[:, answer]].sum()
        assert (space.rewards[answer] + lambda_) * p == pytest.approx(value, abs=1e-4 * (1 + value))


def _same_classes(children, node, others, classes):
    covered = [set(classes) & slow_taxonomy.at_or_below(children, n) for n in (node, *others)]
    return covered[0] in covered[1:]


@settings(deadline=None, max_examples=40)
@given(dags(), st.data())
def test_as_lambda_grows_answers_get_likelier_and_say_less(children, data):
    classes = [node for node in children if not children[node]]
    space = ev.AnswerSpace(taxonomy_of(children), classes)
    probabilities = probabilities_of(data, 5, len(classes))
    nodes = space.node_probabilities(probabilities)
    lambdas = sorted(data.draw(st.lists(st.floats(0, 100), min_size=2, max_size=6)))
    answers = [ev.hedge(probabilities, space, v) for v in [*lambdas, math.inf]]
    for before, after in pairwise(answers):
        assert (space.rewards[after] <= space.rewards[before] + 1e-5).all()
        row = np.arange(len(nodes))
        assert (nodes[row, after] >= nodes[row, before] - 1e-5).all()
    assert (answers[-1] == len(space.nodes) - 1).all()


def test_on_a_dag_a_class_counts_once():
    space = ev.AnswerSpace(taxonomy_of(DIAMOND), ["a", "b", "both"])
    assert space.nodes == ("a", "b", "both", "x", "y", "r")
    nodes = space.node_probabilities([[0.2, 0.3, 0.5]])
    np.testing.assert_allclose(nodes, [[0.2, 0.3, 0.5, 0.7, 0.8, 1.0]], rtol=1e-6)
    np.testing.assert_allclose(space.rewards, np.log2(3) - np.log2([1, 1, 1, 2, 2, 3]), atol=1e-15)


def test_of_synsets_with_the_same_classes_the_lowest_answers():
    chain = taxonomy_of({"top": ["mid"], "mid": ["low"], "low": ["a", "b"], "a": [], "b": []})
    space = ev.AnswerSpace(chain, ["b", "a"])
    assert space.nodes == ("a", "b", "low")
    assert [space.nodes[i] for i in ev.hedge([[0.9, 0.1], [0.5, 0.5]], space, math.inf)] == ["low", "low"]


def _noisy_classifier(n, seed, sharpness=1.0):
    """True class and calibrated probabilities over 8 classes in a binary tree of depth 3."""
    names = ["r"] + [f"{d}{i}" for d in (1, 2, 3) for i in range(2**d)]
    edges = [("r", "10"), ("r", "11")]
    edges += [(f"{d}{i}", f"{d + 1}{2 * i + s}") for d in (1, 2) for i in range(2**d) for s in (0, 1)]
    taxonomy = Taxonomy(names, edges)
    classes = taxonomy.leaves()
    costs = taxonomy.cost_matrix(classes).astype(float)
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 8, n)
    likely = np.exp(-costs) / np.exp(-costs).sum(axis=1, keepdims=True)  # near classes look alike
    looks = np.array([rng.choice(8, p=likely[t]) for t in truth])
    posterior = likely[:, looks].T ** sharpness
    blur = rng.dirichlet(np.full(8, 0.2), n)
    posterior = 0.9 * posterior / posterior.sum(axis=1, keepdims=True) + 0.1 * blur
    return ev.AnswerSpace(taxonomy, classes), posterior, truth


@pytest.mark.parametrize("wanted", [0.6, 0.8, 0.9, 0.95])
def test_the_wanted_accuracy_holds_and_more_is_said_than_with_thresholds(wanted):
    space, probabilities, truth = _noisy_classifier(4000, seed=0)
    fit, held_out = slice(0, 2000), slice(2000, None)
    lambda_ = ev.fit_hedge(probabilities[fit], truth[fit], space, wanted)
    ours = ev.score_answers(ev.hedge(probabilities[fit], space, lambda_), truth[fit], space)
    assert ours.accuracy >= wanted
    if lambda_ > 0.01:  # nothing noticeably smaller does
        smaller = ev.hedge(probabilities[fit], space, lambda_ * 0.98)
        assert ev.score_answers(smaller, truth[fit], space).accuracy < wanted
    unseen = ev.score_answers(ev.hedge(probabilities[held_out], space, lambda_), truth[held_out], space)
    assert ev.wilson_interval(round(unseen.accuracy * 2000), 2000, confidence=0.999).high >= wanted
    threshold = ev.fit_leaf_threshold(probabilities[fit], truth[fit], space, wanted)
    leaves = ev.score_answers(ev.leaf_threshold(probabilities[fit], space, threshold), truth[fit], space)
    assert leaves.accuracy >= wanted
    assert ours.reward > leaves.reward


def test_an_easy_accuracy_needs_no_hedging():
    space, probabilities, truth = _noisy_classifier(500, seed=1)
    assert ev.fit_hedge(probabilities, truth, space, 0.2) == 0
    np.testing.assert_array_equal(
        ev.max_expected_reward(probabilities, space), ev.hedge(probabilities, space, 0)
    )


def test_blindly_sure_and_wrong_ends_at_the_root():
    space, _, _ = _noisy_classifier(1, seed=0)
    sure = np.eye(8)[[1, 2, 3]]
    assert ev.fit_hedge(sure, [0, 0, 0], space, 0.9) == math.inf
    assert ev.fit_leaf_threshold(sure, [0, 0, 0], space, 0.9) == math.inf
    assert (ev.leaf_threshold(sure, space, math.inf) == len(space.nodes) - 1).all()
    point = ev.score_answers(ev.hedge(sure, space, math.inf), [0, 0, 0], space)
    assert point.accuracy == 1 and point.reward == point.specificity == 0
    assert ev.fit_hedge(sure, [1, 2, 3], space, 1.0) == 0


def test_leaf_threshold_is_the_smallest_that_holds():
    space, probabilities, truth = _noisy_classifier(300, seed=3)
    probabilities = np.round(probabilities * 16) + 0.01  # many equal confidences
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    for wanted in (0.5, 0.8, 0.97, 1.0):
        found = ev.fit_leaf_threshold(probabilities, truth, space, wanted)
        candidates = sorted(set(probabilities.astype(np.float32).max(axis=1).tolist()))

        def accuracy(threshold):
            return ev.score_answers(ev.leaf_threshold(probabilities, space, threshold), truth, space).accuracy

        expected = next((t for t in candidates if accuracy(t) >= wanted), 2.0)
        assert found == expected or (found == math.inf and expected == 2.0)


def test_curves_trade_specificity_for_accuracy():
    space, probabilities, truth = _noisy_classifier(1000, seed=2)
    curve = ev.hedging_curve(probabilities, truth, space)
    specificity = [point.specificity for point in curve]
    assert (np.diff(specificity) <= 1e-9).all()
    assert curve[0].parameter == 0 and curve[-1].accuracy > 0.99 > curve[0].accuracy
    leaves = ev.leaf_threshold_curve(probabilities, truth, space)
    assert leaves[0].specificity == 1 and leaves[-1].accuracy >= leaves[0].accuracy
    named = ev.hedging_curve(probabilities, np.array(space.classes)[truth], space, [0, 1])
    assert named == ev.hedging_curve(probabilities, truth, space, [0, 1])


def test_what_cannot_be_hedged_is_refused():
    space = ev.AnswerSpace(taxonomy_of(DIAMOND), ["a", "b", "both"])
    with pytest.raises(ParameterError, match=r"has the sum 0\.5"):
        ev.hedge([[0.5, 0, 0]], space, 0)
    with pytest.raises(ParameterError, match="must not be negative"):
        ev.hedge([[1.5, -0.5, 0]], space, 0)
    with pytest.raises(ParameterError, match="2 columns; 3 are expected"):
        ev.hedge([[0.5, 0.5]], space, 0)
    with pytest.raises(ParameterError, match="lambda_=-1"):
        ev.hedge([[1, 0, 0]], space, -1)
    with pytest.raises(ParameterError, match="accuracy=0"):
        ev.fit_hedge([[1, 0, 0]], ["a"], space, 0)
    with pytest.raises(ParameterError, match="'x' is not one of the 3"):
        ev.fit_hedge([[1, 0, 0]], ["x"], space)
    with pytest.raises(ParameterError, match="each once"):
        ev.AnswerSpace(taxonomy_of(DIAMOND), ["a", "a"])
    with pytest.raises(ParameterError, match="no synset lies above all"):
        ev.AnswerSpace(Taxonomy("ab", []), "ab")
    with pytest.raises(ParameterError, match="between 0 and 5"):
        ev.score_answers([6], ["a"], space)
