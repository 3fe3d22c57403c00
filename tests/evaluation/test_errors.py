"""Flat, hierarchical and localization error against loops over the definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score

from bovw import evaluation as ev
from bovw.errors import ParameterError

from ..dags import dags, taxonomy_of
from ..reference import evaluation as slow
from ..reference import taxonomy as slow_taxonomy

guesses = st.lists(st.integers(0, 6), max_size=7)
labels = st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True)
images = st.lists(st.tuples(labels, guesses), min_size=1)


# ---- flat


@settings(deadline=None, max_examples=60)
@given(images)
def test_flat_error_follows_the_definition(rows):
    truth, predictions = [t for t, _ in rows], [p for _, p in rows]
    errors = ev.flat_error(truth, predictions)
    assert errors.shape == (5,)
    np.testing.assert_allclose(errors, [slow.flat_error(truth, predictions, k) for k in range(1, 6)])
    assert ev.flat_error(truth, predictions, k=7) == pytest.approx(slow.flat_error(truth, predictions, 7))
    assert (np.diff(errors) <= 1e-12).all()  # top-5 is never above top-1
    named = [[f"c{g}" for g in t] for t in truth], [[f"c{g}" for g in p] for p in predictions]
    np.testing.assert_array_equal(ev.flat_error(*named), errors)


def test_dummies_match_nothing():
    assert ev.flat_error([1, 2], [[-1, 1], [-1, -1]], k=2) == 0.5
    assert ev.flat_error(["a", "b"], [["", "a"], ["", ""]], k=2) == 0.5
    assert ev.flat_error([1, 2], [[], []]).tolist() == [1.0] * 5
    assert ev.flat_error(["a", "b"], [[], ["b"]]).tolist() == [0.5] * 5
    assert ev.flat_error([1, 2], [1, 3], k=1) == 0.5  # one guess an image
    assert ev.flat_error(np.uint8([1, 2]), np.int16([[1], [3]]), k=1) == 0.5


@pytest.mark.parametrize(
    ("truth", "predictions", "message"),
    [
        ([1, 2], [[1]], "truth has 2 images and predictions 1"),
        ([], [], "no images"),
        ([1], [["a"]], "integers and predictions strings"),
        ([1.5], [[1]], "labels must be integers or strings"),
        ([[-1, -1], [1, 2]], [[1], [1]], "image 0 has no true label"),
        ([1, 1], [[1], ["a"]], "mixes integers and strings"),
        ([1], np.zeros((1, 2, 2), int), "has shape"),
    ],
)
def test_labels_that_do_not_fit_are_refused(truth, predictions, message):
    with pytest.raises(ParameterError, match=message):
        ev.flat_error(truth, predictions)


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_k_must_be_a_count(k):
    with pytest.raises(ParameterError, match="k="):
        ev.flat_error([1], [[1]], k=k)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_error_of_scores_equals_scikit_learns(k):
    rng = np.random.default_rng(0)
    scores, truth = rng.standard_normal((200, 8)).astype(np.float32), rng.integers(0, 8, 200)
    assert ev.top_k_error(truth, scores, k) == pytest.approx(1 - top_k_accuracy_score(truth, scores, k=k))
    classes = np.array([f"c{9 - i}" for i in range(8)])
    assert ev.top_k_error(classes[truth], scores, k, classes=classes) == ev.top_k_error(truth, scores, k)
    ranked = np.argsort(-scores, axis=1, kind="stable")
    assert ev.top_k_error(truth, scores, k) == ev.flat_error(truth, ranked, k)


def test_equal_scores_rank_the_lower_class_first():
    assert ev.top_k_error([0, 1, 2], np.zeros((3, 3)), 1) == pytest.approx(2 / 3)
    assert ev.top_k_error([0, 1, 2], np.zeros((3, 3)), 2) == pytest.approx(1 / 3)
    with pytest.raises(ParameterError, match="NaN"):
        ev.top_k_error([0], [[np.nan, 1.0]])
    with pytest.raises(ParameterError, match="the true label 3 is not one of the 3"):
        ev.top_k_error([3], np.zeros((1, 3)))


# ---- hierarchical


@settings(deadline=None, max_examples=40)
@given(dags(), st.data())
def test_hierarchical_error_follows_the_definition(children, data):
    taxonomy = taxonomy_of(children)
    classes = list(children)
    row = st.tuples(
        st.lists(st.sampled_from(classes), min_size=1, max_size=2, unique=True),
        st.lists(st.sampled_from(classes), max_size=6),
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    truth, predictions = [t for t, _ in rows], [p for _, p in rows]
    costs = taxonomy.cost_matrix(classes)
    errors = ev.hierarchical_error(truth, predictions, costs, classes)
    assert (np.diff(errors) <= 1e-12).all()
    for k in range(1, 6):
        expected = slow.hierarchical_error(
            truth, predictions, lambda a, b: slow_taxonomy.cost(children, a, b), costs.max(), k
        )
        assert errors[k - 1] == pytest.approx(expected)
    normalized = ev.hierarchical_error(truth, predictions, costs, classes, normalize=True)
    np.testing.assert_allclose(normalized * costs.max(), errors)
    assert (normalized <= 1).all()
    assert ev.hierarchical_error(classes, [[c] for c in classes], costs, classes, k=1) == 0


def test_hierarchical_error_of_unit_costs_is_flat_error():
    rng = np.random.default_rng(1)
    truth, predictions = rng.integers(1, 9, 50), rng.integers(1, 9, (50, 4))
    predictions[::7, 2:] = -1
    unit = 1 - np.eye(8, dtype=np.uint8)
    np.testing.assert_allclose(
        ev.hierarchical_error(truth, predictions, unit, range(1, 9)), ev.flat_error(truth, predictions)
    )


def test_costs_that_do_not_fit_are_refused():
    costs = np.array([[0, 3], [3, 0]])
    assert ev.hierarchical_error([1], [[-1]], costs, [1, 2], k=1) == 3  # a dummy costs the most
    assert ev.hierarchical_error([1], [[-1]], costs, [1, 2], k=1, normalize=True) == 1
    with pytest.raises(ParameterError, match="guess 2 of image 0 is 7, none of the 2 classes"):
        ev.hierarchical_error([1], [[2, 7]], costs, [1, 2])
    with pytest.raises(ParameterError, match="true label 0"):
        ev.hierarchical_error([0], [[1]], costs, [1, 2])
    with pytest.raises(ParameterError, match="2 columns; 3 are expected"):
        ev.hierarchical_error([1], [[1]], costs, [1, 2, 3])
    with pytest.raises(ParameterError, match="0 on the diagonal"):
        ev.hierarchical_error([1], [[1]], costs + 1, [1, 2])
    with pytest.raises(ParameterError, match="a label twice"):
        ev.hierarchical_error([1], [[1]], costs, [1, 1])


def test_subtree_table_counts_answers_inside_each_subtree():
    children = {"r": ["p", "c"], "p": ["a", "b"], "a": [], "b": [], "c": []}
    truth, predicted = list("aabbcc"), ["a", "b", "c", "b", "a", ""]
    table = {row.wnid: row for row in ev.subtree_table(truth, predicted, taxonomy_of(children), list("abc"))}
    assert set(table) == {"r", "p"}
    assert table["p"][3:] == (2, 4, 0.5, 0.75)
    assert table["r"][3:] == (3, 6, pytest.approx(2 / 6), pytest.approx(5 / 6))
    by_number = ev.subtree_table([0, 1], [1, 1], taxonomy_of(children), [0, 1, 2], wnids=list("abc"))
    assert [row.within for row in by_number] == [1.0, 1.0]


# ---- localization

box = st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(0, 6)] * 2).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@settings(deadline=None, max_examples=60)
@given(st.lists(box, min_size=1, max_size=3), st.lists(box, min_size=1, max_size=3))
def test_overlap_equals_counted_pixels(first, second):
    expected = [[slow.overlap(a, b) for b in second] for a in first]
    np.testing.assert_allclose(ev.box_overlaps(first, second), expected)


def test_localization_error_follows_the_definition():
    rng = np.random.default_rng(2)
    n, m = 60, 4

    def draw(*shape):
        corner = rng.integers(0, 4, (*shape, 2))
        return np.concatenate([corner, corner + rng.integers(2, 6, (*shape, 2))], axis=-1)

    truth, predictions = rng.integers(0, 3, n), rng.integers(0, 3, (n, m))
    real, boxes = [draw(rng.integers(1, 4)) for _ in range(n)], draw(n, m)
    errors = ev.localization_error(truth, real, predictions, boxes)
    expected = [
        slow.localization_error(truth, [r.tolist() for r in real], predictions, boxes.tolist(), k)
        for k in range(1, 5)
    ]
    np.testing.assert_allclose(errors, [*expected, expected[-1]])
    assert 0 < errors[0] < 1 and errors[-1] < errors[0]
    assert (errors >= ev.flat_error(truth, predictions)).all()


def test_an_overlap_of_exactly_one_half_is_right():
    real = [[(0, 0, 9, 9)]]
    half = [[(0, 0, 9, 4)]]  # 50 of 100 pixels, both ends included
    assert ev.localization_error([1], real, [[1]], half, k=1) == 0
    assert ev.localization_error([1], real, [[1]], [[(0, 0, 9, 3)]], k=1) == 1
    assert ev.localization_error([1], real, [[2]], real, k=1) == 1  # right box, wrong label
    assert ev.localization_error([1], [np.empty((0, 4))], [[1]], half, k=1) == 1  # nothing to be found
    assert ev.localization_error([1], real, [[-1, 1]], [[(0, 0, 9, 9)] * 2]).tolist() == [1, 0, 0, 0, 0]


def test_boxes_inside_out():
    assert ev.box_overlaps([(5, 5, 1, 1)], [(0, 0, 9, 9)]) == 0
    with pytest.raises(ParameterError, match=r"truth_boxes\[0\] holds a box that ends before it begins"):
        ev.localization_error([1], [[(5, 5, 1, 1)]], [[1]], [[(0, 0, 9, 9)]])
    with pytest.raises(ParameterError, match="one box a guess"):
        ev.localization_error([1], [[(0, 0, 9, 9)]], [[1]], [[(0, 0, 9)]])
