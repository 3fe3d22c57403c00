"""Platt and temperature scaling against scikit-learn, a general optimizer, and what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from sklearn.exceptions import NotFittedError

from bovw.classify import PlattScaling, TemperatureScaling, best_temperature, platt_parameters, softmax
from bovw.errors import ParameterError
from bovw.persist import load_model, save_model


def held_out(n=400, n_classes=5, sharpness=2.0, seed=0):
    """Scores whose right probabilities are softmax(scores / sharpness)."""
    rng = np.random.default_rng(seed)
    scores = 3 * rng.standard_normal((n, n_classes))
    probabilities = softmax(scores / sharpness)
    return scores, (probabilities.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)


def platt_loss(a, b, f, positive):
    n_positive = positive.sum()
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (len(f) - n_positive + 2))
    z = a * f + b
    return (target * np.logaddexp(0, z) + (1 - target) * np.logaddexp(0, -z)).sum()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("share", [0.5, 0.02])
def test_platt_parameters_are_the_minimum(scale, share):
    rng = np.random.default_rng(1)
    positive = rng.random(500) < share
    f = scale * (rng.standard_normal(500) + 1.5 * positive)
    a, b = platt_parameters(f, positive)
    best = minimize(
        lambda ab: platt_loss(ab[0] / scale, ab[1], f, positive), (0, 0), method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000},
    )
    np.testing.assert_allclose(platt_loss(a, b, f, positive), best.fun, rtol=1e-9)
    np.testing.assert_allclose([a * scale, b], best.x, rtol=1e-4)
    assert a < 0


@pytest.mark.parametrize(
    ("f", "positive"),
    [
        ([1e30, -1e30], [True, False]), ([0.0, 0.0, 0.0], [True, False, False]), ([5.0], [True]),
        ([2.0, 3.0], [False, False]), ([-1.0, 1.0], [True, False]),
    ],
)
def test_platt_parameters_stay_finite(f, positive):
    a, b = platt_parameters(f, positive)
    assert np.isfinite([a, b]).all()
    assert ((0 < 1 / (1 + np.exp(a * np.array(f) + b))) & (1 / (1 + np.exp(a * np.array(f) + b)) < 1)).all()


def test_platt_parameters_are_stationary_for_the_smoothed_targets():
    f, target = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([1 / 4, 1 / 4, 3 / 4, 3 / 4])
    a, b = platt_parameters(f, f > 0)  # without smoothing separable classes would have no minimum
    p = 1 / (1 + np.exp(a * f + b))
    assert (target - p).sum() == pytest.approx(0, abs=1e-5)
    assert (f * (target - p)).sum() == pytest.approx(0, abs=1e-4)


def test_temperature_is_the_minimum_and_recovers_the_truth():
    scores, y = held_out(n=20_000)
    found = minimize_scalar(
        lambda t: -np.log(softmax(scores / np.exp(t))[np.arange(len(y)), y]).sum(), bounds=(-3, 3), method="bounded",
        options={"xatol": 1e-10},
    )
    assert best_temperature(scores, y) == pytest.approx(np.exp(found.x), rel=1e-5)
    assert best_temperature(scores, y) == pytest.approx(2.0, rel=0.03)
    assert best_temperature(1000 * scores, y) == pytest.approx(1000 * best_temperature(scores, y), rel=1e-9)


def test_temperature_of_separable_or_constant_scores_is_finite():
    perfect = np.eye(3)
    calibration = TemperatureScaling().fit(perfect, [0, 1, 2])
    assert calibration.temperature_ > 0
    np.testing.assert_allclose(calibration.predict_proba(perfect), np.eye(3), atol=1e-6)
    constant = TemperatureScaling().fit(np.ones((4, 2)), [0, 1, 0, 1])
    np.testing.assert_allclose(constant.predict_proba(np.ones((1, 2))), [[0.5, 0.5]])
    inverted = TemperatureScaling().fit(1 - perfect, [0, 1, 2])
    np.testing.assert_allclose(inverted.predict_proba(perfect), 1 / 3, atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 6), st.floats(1e-3, 1e3), st.integers(0, 1000))
def test_probabilities_are_probabilities(n_classes, scale, seed):
    scores, y = held_out(n=60, n_classes=n_classes, seed=seed)
    y[:n_classes] = np.arange(n_classes)
    for calibration in (PlattScaling(), TemperatureScaling()):
        p = calibration.fit(scale * scores, y).predict_proba(scale * scores * 100)
        assert np.isfinite(p).all()
        assert (p >= 0).all()
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_temperature_keeps_the_ranking_and_both_calibrate():
    scores, y = held_out(n=5000)
    uncalibrated = -np.log(softmax(5 * scores)[np.arange(len(y)), y]).mean()
    for calibration in (PlattScaling(), TemperatureScaling()):
        p = calibration.fit(5 * scores, y).predict_proba(5 * scores)
        assert -np.log(p[np.arange(len(y)), y]).mean() < 0.5 * uncalibrated
    assert abs(p.max(axis=1).mean() - (p.argmax(axis=1) == y).mean()) < 0.02  # confidence is accuracy
    np.testing.assert_array_equal(p.argsort(axis=1), scores.argsort(axis=1))


def test_two_classes_take_one_column_and_labels_any_type(tmp_path):
    f = np.array([-2.0, -0.5, 0.3, 1.0, 2.0, -1.0])
    names = np.array(["a", "b"])[(f > 0).astype(int)]
    for calibration in (PlattScaling(), TemperatureScaling()):
        p = calibration.fit(f, names).predict_proba(f)
        assert p.shape == (6, 2)
        np.testing.assert_array_equal(calibration.classes_[p.argmax(axis=1)], names)
        save_model(calibration, tmp_path / "model")
        np.testing.assert_array_equal(load_model(tmp_path / "model").predict_proba(f), p)
    a, b = platt_parameters(f, f > 0)
    p = PlattScaling().fit(f, names).predict_proba(f)
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(a * f + b)), rtol=1e-4)


@pytest.mark.parametrize("cls", [PlattScaling, TemperatureScaling])
def test_bad_input_is_refused(cls):
    scores, y = held_out(n=50)
    with pytest.raises(ParameterError, match="every class must occur"):
        cls().fit(scores, np.zeros(50, int))
    with pytest.raises(ParameterError, match="one label a row"):
        cls().fit(scores, y[:-1])
    with pytest.raises(ParameterError, match="NaN"):
        cls().fit(np.full((50, 5), np.nan), y)
    with pytest.raises(NotFittedError):
        cls().predict_proba(scores)
    with pytest.raises(ParameterError, match="2 columns; 5"):
        cls().fit(scores, y).predict_proba(scores[:, :2])
