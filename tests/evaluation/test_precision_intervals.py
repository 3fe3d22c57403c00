"""Intervals of mean average precisions: weights against copied images, seeds, pairs, draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bovw
from bovw.errors import ParameterError
from bovw.evaluation.ranking import METHODS, RankedClass

from ..reference import evaluation as slow

weighted = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=25).filter(
    lambda rows: any(r for r, _, _ in rows)
)


@settings(deadline=None, max_examples=100)
@given(weighted, st.sampled_from(METHODS))
def test_a_weight_is_so_many_copies(rows, method):
    relevant, scores, copies = (np.array(column) for column in zip(*rows, strict=True))
    found = RankedClass(relevant, scores.astype(np.float32)).average_precisions(method, copies[:, None])[0]
    expected = slow.average_precision_of_copies(relevant.astype(int).tolist(), scores.tolist(), copies.tolist(), method)
    if expected is None:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(float(expected))


@pytest.fixture
def ranked():
    """Targets, left-out entries and the scores of a good and a poor system, 200 images of 4 classes."""
    rng = np.random.default_rng(0)
    relevant = rng.random((200, 4)) < (0.1, 0.2, 0.3, 0.4)
    ignore = ~relevant & (rng.random(relevant.shape) < 0.1)
    noise = rng.standard_normal(relevant.shape)
    return relevant, ignore, noise + 2.0 * relevant, noise[::-1] + 0.5 * relevant


@pytest.mark.parametrize("method", METHODS)
def test_interval(ranked, method):
    relevant, ignore, scores, _ = ranked
    interval = bovw.mean_average_precision_interval(relevant, scores, method, ignore=ignore, n_resamples=300)
    assert interval.estimate == pytest.approx(bovw.mean_average_precision(relevant, scores, method, ignore=ignore))
    assert interval.low < interval.estimate < interval.high
    again = bovw.mean_average_precision_interval(relevant, scores, method, ignore=ignore, n_resamples=300)
    other = bovw.mean_average_precision_interval(
        relevant, scores, method, ignore=ignore, n_resamples=300, random_state=1
    )
    assert interval == again != other
    narrow = bovw.mean_average_precision_interval(relevant, scores, method, n_resamples=300, confidence=0.5)
    assert narrow.high - narrow.low < interval.high - interval.low


def test_the_interval_is_as_wide_as_other_test_sets_differ():
    """The deviation of the bootstrap against that over fresh test sets of the same size."""
    rng = np.random.default_rng(1)

    def test_set():
        relevant = rng.random((300, 3)) < 0.25
        return relevant, rng.standard_normal(relevant.shape) + 1.0 * relevant

    spread = np.std([bovw.mean_average_precision(*test_set()) for _ in range(300)])
    intervals = [bovw.mean_average_precision_interval(*test_set(), n_resamples=300) for _ in range(5)]
    widths = [(interval.high - interval.low) / (2 * 1.96) for interval in intervals]
    assert np.mean(widths) == pytest.approx(spread, rel=0.2)


def test_a_class_that_no_resample_draws_is_left_out_of_its_mean():
    relevant = np.zeros((30, 2), bool)
    relevant[:10, 0] = relevant[3, 1] = True
    scores = np.where(relevant, 1.0, 0.0)
    assert bovw.mean_average_precision_interval(relevant, scores)[:3] == (1.0, 1.0, 1.0)


def test_comparison(ranked):
    relevant, ignore, good, poor = ranked
    compared = bovw.compare_average_precisions(relevant, good, poor, "11-point", ignore=ignore, n_resamples=300)
    expected = [bovw.mean_average_precision(relevant, s, "11-point", ignore=ignore) for s in (good, poor)]
    assert compared.difference == pytest.approx(expected[0] - expected[1])
    assert 0 < compared.low < compared.difference < compared.high
    assert (compared.n_first_better, compared.n_second_better) == (4, 0)
    assert compared.p_value == pytest.approx(2 / 2**4)
    swapped = bovw.compare_average_precisions(relevant, poor, good, "11-point", ignore=ignore, n_resamples=300)
    assert (swapped.low, swapped.high) == pytest.approx((-compared.high, -compared.low))
    same = bovw.compare_average_precisions(relevant, good, good, n_resamples=50)
    assert same == (0, 0, 0, 0.95, 0, 0, 1.0)


def test_draws_are_ranked_apart_and_their_images_drawn_together(ranked):
    relevant, _, good, poor = ranked
    twice = np.vstack([relevant, relevant])
    scores = np.vstack([good, 100 + poor])
    images, draws = np.tile(np.arange(200), 2), np.repeat([0, 1], 200)
    interval = bovw.mean_average_precision_interval(twice, scores, images=images, draws=draws, n_resamples=300)
    expected = np.mean([bovw.mean_average_precision(relevant, s) for s in (good, poor)])
    assert interval.estimate == pytest.approx(expected)
    assert interval.estimate != pytest.approx(bovw.mean_average_precision(twice, scores))
    copied = bovw.mean_average_precision_interval(
        twice, np.vstack([good, good]), images=images, draws=draws, n_resamples=300
    )
    assert copied == pytest.approx(bovw.mean_average_precision_interval(relevant, good, n_resamples=300))


def test_wrong_input():
    with pytest.raises(ParameterError, match="class 1: no image is relevant"):
        bovw.mean_average_precision_interval([[1, 0]], [[0.1, 0.2]])
    with pytest.raises(ParameterError, match="did you mean '11-point'"):
        bovw.mean_average_precision_interval([[1]], [[0.1]], "11point")
    with pytest.raises(ParameterError, match="draws has shape"):
        bovw.mean_average_precision_interval([[1]], [[0.1]], draws=[0, 1])
    with pytest.raises(ParameterError, match="no images"):
        bovw.mean_average_precision_interval(np.empty((0, 2)), np.empty((0, 2)))
