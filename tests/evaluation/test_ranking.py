"""Average precision against scikit-learn and exact fractions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from bovw.errors import ParameterError
from bovw.evaluation import (
    average_precision,
    class_average_precisions,
    mean_average_precision,
    precision_recall_curve,
)

from ..reference import evaluation as slow

lists = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=40).filter(
    lambda rows: any(r for r, _ in rows)
)


@settings(deadline=None, max_examples=80)
@given(lists)
def test_curve_and_areas_equal_scikit_learns(rows):
    relevant, scores = np.array([r for r, _ in rows]), np.array([s for _, s in rows], np.float32)
    precision, recall = precision_recall_curve(relevant, scores)
    theirs = metrics.precision_recall_curve(relevant, scores)
    np.testing.assert_allclose(precision, theirs[0][:-1][::-1])
    np.testing.assert_allclose(recall, theirs[1][:-1][::-1])
    expected = metrics.average_precision_score(relevant, scores)
    assert average_precision(relevant, scores, "step") == pytest.approx(expected)
    envelope = [max(p for p, r2 in zip(precision, recall, strict=True) if r2 >= r) for r in recall]
    area = sum((r - before) * p for r, before, p in zip(recall, [0, *recall[:-1]], envelope, strict=True))
    assert average_precision(relevant, scores, "all-point") == pytest.approx(area)
    assert area >= expected - 1e-12


@settings(deadline=None, max_examples=80)
@given(st.lists(st.booleans(), min_size=1, max_size=40).filter(any), st.randoms(use_true_random=False))
def test_eleven_points_equal_exact_fractions(relevant, random):
    scores = list(range(len(relevant)))
    random.shuffle(scores)
    expected = slow.eleven_point([int(r) for r in relevant], scores)
    assert average_precision(relevant, scores, "11-point") == pytest.approx(expected)


def test_a_known_list():
    relevant, scores = [1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0]
    assert average_precision(relevant, scores, "step") == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(relevant, scores, "11-point") == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)
    assert average_precision([1, 1, 0], [3, 2, 1]) == 1


def test_difficult_images_are_left_out():
    relevant, scores, ignore = [1, 1, 0], [3.0, 1.0, 2.0], np.array([False, False, True])
    assert average_precision(relevant, scores, ignore=ignore) == 1
    assert average_precision(relevant, scores) < 1


def test_mean_over_classes():
    rng = np.random.default_rng(0)
    relevant, scores = rng.random((30, 4)) < 0.4, rng.random((30, 4))
    expected = np.mean([average_precision(relevant[:, j], scores[:, j], "11-point") for j in range(4)])
    assert mean_average_precision(relevant, scores, "11-point") == pytest.approx(expected)
    relevant[:, 2] = False
    with pytest.raises(ParameterError, match="class 2: no image is relevant"):
        mean_average_precision(relevant, scores)


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(ParameterError, match="0 and 1 only"):
        average_precision([1, -1], [1, 2])
    with pytest.raises(ParameterError, match="NaN"):
        average_precision([1, 0], [1, np.nan])
    with pytest.raises(ParameterError, match="did you mean '11-point'"):
        average_precision([1], [1], "11point")
    with pytest.raises(ParameterError, match="ignore must be boolean"):
        average_precision([1], [1], ignore=[0])


def test_eleven_points_by_hand():
    """Four relevant images at the ranks 1, 3, 6 and 7: precisions 1, 2/3, 1/2 and 4/7 at recalls 1/4 to 1."""
    relevant = [1, 0, 1, 0, 0, 1, 1, 0]
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    # levels 0, 0.1, 0.2 see 1; 0.3, 0.4, 0.5 see 2/3; 0.6, 0.7 and 0.8, 0.9, 1 see 4/7, for 1/2 is followed by more
    assert average_precision(relevant, scores, "11-point") == pytest.approx((3 * 1 + 3 * 2 / 3 + 5 * 4 / 7) / 11)
    assert average_precision(relevant, scores, "step") == pytest.approx((1 + 2 / 3 + 1 / 2 + 4 / 7) / 4)
    assert average_precision(relevant, scores, "all-point") == pytest.approx((1 + 2 / 3 + 4 / 7 + 4 / 7) / 4)


def test_each_class_is_ranked_on_its_own():
    rng = np.random.default_rng(1)
    relevant, scores = rng.random((40, 3)) < 0.4, rng.random((40, 3))
    ignore = rng.random((40, 3)) < 0.1
    found = class_average_precisions(relevant, scores, "step", ignore=ignore)
    kept = [~ignore[:, j] for j in range(3)]
    expected = [metrics.average_precision_score(relevant[k, j], scores[k, j]) for j, k in enumerate(kept)]
    assert found == pytest.approx(expected)
    assert mean_average_precision(relevant, scores, "step", ignore=ignore) == pytest.approx(np.mean(expected))
