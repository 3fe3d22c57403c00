"""Intervals against plain resampling, scipy and their own promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bovw.errors import ParameterError
from bovw.evaluation import (
    bootstrap_interval,
    paired_comparison,
    share_lower_bound,
    summarize_draws,
    wilson_interval,
)

SKEWED = np.random.default_rng(0).gamma(2, size=120)


@pytest.mark.parametrize("values", [np.repeat([0, 1], [150, 50]), SKEWED])
def test_multinomial_draws_equal_plain_resampling(values):
    rng = np.random.default_rng(1)
    plain = values[rng.integers(0, len(values), (20000, len(values)))].mean(axis=1)
    interval = bootstrap_interval(values, n_resamples=20000)
    assert interval.estimate == pytest.approx(values.mean())
    width = np.ptp(np.quantile(plain, [0.025, 0.975]))
    np.testing.assert_allclose(interval[1:3], np.quantile(plain, [0.025, 0.975]), atol=0.05 * width)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    samples = rng.random((300, 100)) < 0.3
    held = sum(i.low <= 0.3 <= i.high for i in (bootstrap_interval(s, n_resamples=400) for s in samples))
    assert 0.90 <= held / 300 <= 0.985


def test_groups_are_resampled_inside_and_weigh_the_same():
    values, groups = np.repeat([1.0, 0.0, 1.0, 0.0], [90, 10, 5, 5]), np.repeat(["a", "b"], [100, 10])
    interval = bootstrap_interval(values, groups=groups, n_resamples=4000)
    assert interval.estimate == pytest.approx((0.9 + 0.5) / 2)
    spread = np.sqrt(0.09 / 100 + 0.25 / 10) / 2  # of the mean of two independent shares
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_values_of_one_image_are_drawn_together():
    rng = np.random.default_rng(4)
    values, images = rng.random(60), np.arange(60)
    once = bootstrap_interval(values, images=images)
    assert once == bootstrap_interval(values)
    # the same figures from three draws say nothing new, in whatever order they come
    order = rng.permutation(180)
    thrice = bootstrap_interval(np.tile(values, 3)[order], images=np.tile(images, 3)[order])
    np.testing.assert_allclose(thrice, once)
    assert bootstrap_interval(np.tile(values, 3)).high < once.high
    # images of unequal numbers of values against plain resampling of images
    sizes = rng.integers(1, 5, 60)
    images = np.repeat(np.arange(60), sizes)
    values = (rng.random(len(images)) < np.repeat(rng.random(60), sizes)).astype(float)
    interval = bootstrap_interval(values, images=images, n_resamples=20000)
    sums = np.bincount(images, values)
    drawn = rng.integers(0, 60, (20000, 60))
    plain = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    assert interval.estimate == pytest.approx(values.mean())
    np.testing.assert_allclose(interval[1:3], plain, atol=0.05 * np.ptp(plain))


def test_values_of_one_image_are_compared_together():
    first = np.array([1.0, 0, 0, 1, 1, 1])
    second = np.array([0.0, 0, 1, 0, 0, 0])
    images = ["a", "a", "b", "b", "c", "c"]  # b is right once under either
    result = paired_comparison(first, second, images=images)
    assert (result.n_first_better, result.n_second_better) == (0, 2)
    assert result.difference == pytest.approx(4 / 6 - 1 / 6)
    by_class = paired_comparison(first, second, images=images, groups=["x"] * 4 + ["y"] * 2)
    assert by_class.difference == pytest.approx((1 / 4 + 1) / 2)


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).random(50)
    assert bootstrap_interval(values, random_state=3) == bootstrap_interval(values, random_state=3)
    assert bootstrap_interval(values, random_state=3) != bootstrap_interval(values, random_state=4)
    wide, narrow = (bootstrap_interval(values, confidence=c) for c in (0.99, 0.5))
    assert wide.low < narrow.low < narrow.estimate < narrow.high < wide.high


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 200), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_equals_scipys(n, data, confidence):
    hits = data.draw(st.integers(0, n))
    interval = wilson_interval(hits, n, confidence=confidence)
    theirs = stats.binomtest(hits, n).proportion_ci(confidence, method="wilson")
    np.testing.assert_allclose([interval.low, interval.high], [theirs.low, theirs.high], atol=1e-12)
    assert interval.low <= interval.estimate + 1e-12 and interval.estimate <= interval.high + 1e-12


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 200), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_lower_bound_of_a_share_equals_scipys(n, data, confidence):
    hits = data.draw(st.integers(0, n))
    theirs = stats.binomtest(hits, n, alternative="greater").proportion_ci(confidence, method="exact")
    np.testing.assert_allclose(share_lower_bound(hits, n, confidence=confidence), theirs.low, atol=1e-9)


def test_draws_are_summarised_with_the_sample_deviation():
    summary = summarize_draws([0.5, 0.7, 0.6])
    assert summary.mean == pytest.approx(0.6) and summary.std == pytest.approx(0.1)
    assert summary.draws == (0.5, 0.7, 0.6)
    assert summarize_draws([0.4]).std == 0.0


def test_paired_comparison_sees_what_separate_intervals_hide():
    rng = np.random.default_rng(3)
    hard = rng.random(2000) < 0.5
    first, second = hard.astype(float), hard.copy().astype(float)
    first[np.flatnonzero(hard)[:30]] = 0  # better on 30 images, worse on 5
    first[np.flatnonzero(~hard)[:5]] = 1
    result = paired_comparison(first, second)
    assert result.difference == pytest.approx(-25 / 2000)
    assert (result.n_first_better, result.n_second_better) == (30, 5)
    assert result.high < 0
    assert result.p_value == pytest.approx(2 * stats.binom.cdf(5, 35, 0.5))
    alone = [bootstrap_interval(errors) for errors in (first, second)]
    assert alone[0].high > alone[1].low
    back = paired_comparison(second, first)
    assert back.difference == -result.difference and back.p_value == result.p_value
    same = paired_comparison(first, first)
    assert same[:3] == (0, 0, 0) and same.p_value == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_interval([]), "at least one value"),
        (lambda: bootstrap_interval([0.1, np.nan]), "nan"),
        (lambda: bootstrap_interval([1.0], confidence=1.0), "confidence=1"),
        (lambda: bootstrap_interval([1.0], confidence=0), "confidence=0"),
        (lambda: bootstrap_interval([1.0, 2.0], groups=[1]), "groups has shape"),
        (lambda: bootstrap_interval([1.0, 2.0], images=[1]), "images has shape"),
        (lambda: bootstrap_interval([1.0, 2.0], images=[1, 1], groups=[1, 2]), "two groups"),
        (lambda: paired_comparison([1.0], [1.0, 2.0]), "first has 1 images and second 2"),
        (lambda: wilson_interval(3, 2), "n_hits=3"),
        (lambda: share_lower_bound([1, 3], 2), "n_hits must be integers from 0 to n=2"),
        (lambda: share_lower_bound(0.5, 2), "n_hits must be integers"),
    ],
)
def test_what_has_no_interval_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
