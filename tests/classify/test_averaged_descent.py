"""Averaged SGD against its slow twin, the dual solver, and itself with other tiles and workers."""

import sys

import numpy as np
import pytest

from bovw.classify import OneVsRestDual, averaged_sgd
from bovw.classify.averaged_descent import LOSSES, downhill, loss_and_derivative
from bovw.classify.blocks import ArraySource, ShuffledBatches
from bovw.errors import ParameterError
from tests.reference import averaged_sgd as twin


def signatures(n=130, d=20, n_classes=4, seed=0):
    rng = np.random.default_rng(seed)
    y = np.sort(np.arange(n) % n_classes)
    X = rng.standard_normal((n_classes, d))[y] + rng.standard_normal((n, d)) + 1
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float32), y


def order(X, used, n_epochs, *, batch_size, buffer_size, read_rows, seed):
    batches = ShuffledBatches(
        ArraySource(X), used, batch_size=batch_size, buffer_size=buffer_size, read_rows=read_rows, seed=seed
    )
    sample = X[batches.sample(2048)].astype(np.float64)
    center = sample.mean(axis=0)
    bias_rate = 0.1 * ((sample - center) ** 2).sum(axis=1).mean()
    return [[index for index, _ in batches.epoch(e)] for e in range(n_epochs)], center, bias_rate


SIZES = {"batch_size": 16, "buffer_size": 48, "read_rows": 4, "seed": 3}


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
@pytest.mark.parametrize("beta", [None, 2.0])
def test_agrees_with_the_slow_twin(loss, beta):
    X, y = signatures()
    rows, center, bias_rate = order(X, np.ones(len(X), bool), 3, **SIZES)
    ours = averaged_sgd(X, y, n_classes=4, C=3.0, loss=loss, class_weight=beta, eta0=2.0, max_iter=3, **SIZES)
    for k in range(4):
        n, positives = len(y), (y == k).sum()
        sides = (1, 1) if beta is None else (n / (1 + beta) / positives, n * beta / (1 + beta) / (n - positives))
        total = positives * sides[0], (n - positives) * sides[1]
        w, b = twin.train(
            X, y, k, rows, C=3.0, loss=loss, eta0=2.0, batch_size=16, center=center, bias_rate=bias_rate,
            bias=(total[0] - total[1]) / sum(total), weights_of_sides=sides,
        )
        np.testing.assert_allclose(ours.weights[k], w, atol=2e-4)
        np.testing.assert_allclose(ours.intercept[k], b, atol=2e-4)


def test_multinomial_agrees_with_the_slow_twin():
    X, y = signatures()
    rows, center, bias_rate = order(X, np.ones(len(X), bool), 3, **SIZES)
    ours = averaged_sgd(X, y, n_classes=4, C=3.0, loss="multinomial", eta0=8.0, max_iter=3, **SIZES)
    W, b = twin.softmax_train(
        X, y, 4, rows, C=3.0, eta0=8.0, batch_size=16, center=center, bias_rate=bias_rate,
        bias=np.log(np.bincount(y) / len(y)),
    )
    np.testing.assert_allclose(ours.weights, W, atol=1e-5)
    np.testing.assert_allclose(ours.intercept, b, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_derivative_is_that_of_the_loss(loss):
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((5, 40)).astype(np.float32)
    target, sides = rng.integers(0, 5, 40), (rng.uniform(1, 2, 5), rng.uniform(0.5, 1, 5))
    derivative = scores.copy()
    loss_and_derivative(derivative, target, np.arange(5), loss, *sides)
    direction = 1e-3 * rng.standard_normal(scores.shape).astype(np.float32)
    values = [
        loss_and_derivative(scores + sign * direction, target, np.arange(5), loss, *sides) for sign in (1, -1)
    ]
    np.testing.assert_allclose((values[0] - values[1]) / 2, (derivative * direction).sum(), rtol=0.02)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_objective_approaches_that_of_the_dual_solver(loss):
    X, y = signatures(n=600, d=60, n_classes=5)
    signs = np.where(y == np.arange(5)[:, None], 1, -1)

    def objective(W, b):
        miss = np.maximum(0, 1 - signs * (W @ X.T + np.asarray(b)[:, None]))
        return (W**2).sum() / 2 + (miss if loss == "hinge" else miss**2).sum()

    # Its bias is regularized, by 1 / (2 * 30^2) it hardly is.
    dual = OneVsRestDual(loss=loss, intercept_scaling=30.0, tol=1e-4, max_iter=20_000).fit(X, y)
    ours = averaged_sgd(X, y, n_classes=5, loss=loss, max_iter=40, batch_size=16)
    best = objective(dual.coef_, dual.intercept_)
    assert best * 0.999 < objective(ours.weights, ours.intercept) < best * 1.02
    assert ours.losses[-1] < ours.losses[0]


@pytest.mark.parametrize("loss", LOSSES)
def test_neither_workers_nor_the_place_in_memory_change_a_bit(loss, tmp_path):
    X, y = signatures(n=300, d=50, n_classes=140)
    np.save(tmp_path / "x.npy", X)
    one = averaged_sgd(X, y, n_classes=140, loss=loss, max_iter=2, **SIZES)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    two = averaged_sgd(ArraySource(mapped), y, n_classes=140, loss=loss, max_iter=2, n_jobs=2, **SIZES)
    np.testing.assert_array_equal(one.weights, two.weights)
    np.testing.assert_array_equal(one.intercept, two.intercept)
    assert one.eta0 == two.eta0


@pytest.mark.parametrize("loss", LOSSES)
def test_tiles_change_rounding_only(loss, monkeypatch):
    module = sys.modules[averaged_sgd.__module__]
    X, y = signatures(n=200, d=70, n_classes=7)
    whole = averaged_sgd(X, y, n_classes=7, loss=loss, eta0=2.0, max_iter=2, **SIZES)
    monkeypatch.setattr(module, "_TILE_PROBLEMS", 3)
    monkeypatch.setattr(module, "_TILE_COLUMNS", 32)
    tiled = averaged_sgd(X, y, n_classes=7, loss=loss, eta0=2.0, max_iter=2, **SIZES)
    np.testing.assert_allclose(tiled.weights, whole.weights, atol=1e-4)
    np.testing.assert_allclose(tiled.intercept, whole.intercept, atol=1e-4)


def test_some_classes_alone_are_those_of_all_together():
    X, y = signatures(n=200, d=30, n_classes=7)
    both = averaged_sgd(X, y, n_classes=7, max_iter=3, **SIZES)
    part = averaged_sgd(X, y, n_classes=7, problems=slice(2, 5), max_iter=3, **SIZES)
    assert part.eta0 == both.eta0
    np.testing.assert_allclose(part.weights, both.weights[2:5], atol=1e-4)


def test_rows_left_out_do_not_count():
    X, y = signatures()
    used = np.arange(len(X)) % 3 != 0
    X_marred, y_marred = X.copy(), y.copy()
    X_marred[~used] = 1e3
    y_marred[~used] = -1
    clean = averaged_sgd(X, y, n_classes=4, used=used, max_iter=2, **SIZES)
    marred = averaged_sgd(X_marred, y_marred, n_classes=4, used=used, max_iter=2, **SIZES)
    np.testing.assert_array_equal(clean.weights, marred.weights)


def test_the_best_epoch_on_held_out_rows_is_kept():
    X, y = signatures(n=400, d=40, n_classes=5)
    held_out = np.arange(0, 400, 7)
    used = np.ones(400, bool)
    used[held_out] = False
    arguments = {"n_classes": 5, "used": used, "held_out": held_out, "eta0": 4.0, **SIZES}
    ours = averaged_sgd(X, y, C=100.0, max_iter=30, patience=2, **arguments)
    best = int(ours.held_out_scores.argmax())
    assert ours.n_epochs == min(30, best + 3)
    accuracy = np.mean([
        (predicted == k).mean()
        for k in range(5)
        for predicted in [(X[held_out][y[held_out] == k] @ ours.weights.T + ours.intercept).argmax(axis=1)]
    ])
    assert accuracy == pytest.approx(ours.held_out_scores[best])


def test_a_wild_first_step_stays_finite():
    X, y = signatures()
    solution = averaged_sgd(X, y, n_classes=4, eta0=1e12, max_iter=3, **SIZES)
    assert np.isfinite(solution.weights).all()
    assert np.isfinite(solution.intercept).all()


@pytest.mark.parametrize("minimum", [-5, -1, 0, 1, 7])
def test_downhill_finds_the_minimum(minimum):
    assert downhill(lambda i: (i - minimum) ** 2) == minimum


@pytest.mark.parametrize("minimum", [-9, -4])
def test_downhill_leaves_what_is_not_finite(minimum):
    assert downhill(lambda i: float("nan") if i > -2 else (i - minimum) ** 2) == minimum


@pytest.mark.parametrize("loss", LOSSES)
def test_long_rows_get_a_step_that_suits_them(loss):
    X, y = signatures()
    solution = averaged_sgd(100 * X, y, n_classes=4, loss=loss, max_iter=3, **SIZES)
    assert np.isfinite(solution.weights).all()
    assert solution.losses[-1] < solution.losses[0]


def test_a_diverging_training_is_an_error():
    X, y = signatures()
    with pytest.raises(ParameterError, match=r"diverged in step .* eta0=1e\+06 is too long a step"):
        averaged_sgd(100 * X, y, n_classes=4, loss="squared_hinge", eta0=1e6, max_iter=3, **SIZES)
