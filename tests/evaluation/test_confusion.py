"""Confusion counts and class accuracies against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from bovw.errors import ParameterError
from bovw.evaluation import confusion_matrix, mean_class_accuracy, per_class_table

pytestmark = pytest.mark.filterwarnings("ignore:A single label was found")
pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)


@settings(deadline=None, max_examples=60)
@given(pairs)
def test_counts_equal_scikit_learns(rows):
    truth, predicted = np.array(rows).T
    seen = np.unique([truth, predicted])
    np.testing.assert_array_equal(
        confusion_matrix(truth, predicted), metrics.confusion_matrix(truth, predicted, labels=seen)
    )
    order = [3, 1, 4, 0, 2]
    expected = metrics.confusion_matrix(truth, predicted, labels=order)
    np.testing.assert_array_equal(confusion_matrix(truth, predicted, labels=order), expected)
    names = np.array(["e", "d", "c", "b", "a"])
    np.testing.assert_array_equal(
        confusion_matrix(names[truth], names[predicted]),
        metrics.confusion_matrix(names[truth], names[predicted], labels=np.unique(names[seen])),
    )
    recalls = metrics.recall_score(truth, predicted, average=None, labels=np.unique(truth), zero_division=0)
    assert mean_class_accuracy(truth, predicted) == pytest.approx(recalls.mean())


@settings(deadline=None, max_examples=40)
@given(pairs)
def test_per_class_table_agrees_with_the_matrix(rows):
    truth, predicted = np.array(rows).T
    labels = list(range(5))
    matrix = confusion_matrix(truth, predicted, labels)
    for i, row in enumerate(per_class_table(truth, predicted, labels, names=list("abcde"), n_confused=5)):
        assert (row.label, row.name) == (i, "abcde"[i])
        assert row.n_images == matrix[i].sum() and row.n_correct == matrix[i, i]
        assert row.accuracy == (matrix[i, i] / matrix[i].sum() if matrix[i].sum() else None)
        assert row.precision == (matrix[i, i] / matrix[:, i].sum() if matrix[:, i].sum() else None)
        assert dict(row.confused_with) == {j: n for j, n in enumerate(matrix[i]) if n and j != i}
        counts = [n for _, n in row.confused_with]
        assert counts == sorted(counts, reverse=True)


def test_a_missing_guess_is_wrong():
    assert mean_class_accuracy([1, 1, 2], [1, -1, 2]) == 0.75
    assert mean_class_accuracy(["a", "a", "b"], ["a", "", "b"]) == 0.75
    row = per_class_table([1, 1], [1, -1])[0]
    assert (row.accuracy, row.precision, row.confused_with) == (0.5, 1.0, ())
    with pytest.raises(ParameterError, match="the predicted label -1 is not in labels"):
        confusion_matrix([1, 2], [1, -1], labels=[1, 2])


def test_labels_outside_are_refused():
    with pytest.raises(ParameterError, match="the true label 'c'"):
        confusion_matrix(["a", "c"], ["a", "a"], labels=["a", "b"])
    with pytest.raises(ParameterError, match="one label an image"):
        confusion_matrix([[1, 2], [1, 2]], [1, 2])
    with pytest.raises(ParameterError, match="names has 1 entries for 2"):
        per_class_table([1, 2], [1, 2], names=["x"])
