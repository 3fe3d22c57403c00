"""The block solver against its slow twin, and what its duality gap promises."""

import numpy as np
import pytest

from bovw.classify import dual_svm
from bovw.classify.dual_svm import solve_dual
from tests.reference import dual_svm as twin


def problems(n=90, d=12, n_problems=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)).astype(np.float32)
    signs = np.sign(X @ rng.standard_normal((d, n_problems)) + rng.standard_normal((n, n_problems))).T
    return X @ X.T, np.ascontiguousarray(signs, dtype=np.int8)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
@pytest.mark.parametrize("intercept_scaling", [0.0, 1.0, 3.0])
def test_agrees_with_the_slow_twin(loss, intercept_scaling):
    K, signs = problems()
    cost = np.random.default_rng(1).uniform(0.1, 1.0, signs.shape)
    cost[:, ::7] = 0
    squared = loss == "squared_hinge"
    solution = solve_dual(
        K, signs, cost, rng=np.random.default_rng(0), loss=loss, intercept_scaling=intercept_scaling, tol=1e-6
    )
    assert (solution.gap <= 1e-6 * solution.primal).all()
    assert (solution.alpha[cost == 0] == 0).all()
    for p, y in enumerate(signs):
        alpha = twin.solve(K, y, cost[p], squared, intercept_scaling**2, 400)
        _, best_dual = twin.objectives(K, y, cost[p], squared, intercept_scaling**2, alpha)
        primal, dual = twin.objectives(K, y, cost[p], squared, intercept_scaling**2, solution.alpha[p])
        np.testing.assert_allclose(solution.primal[p], primal, rtol=1e-5)
        np.testing.assert_allclose(dual, best_dual, rtol=1e-5)
        beta = y * solution.alpha[p]
        scores = K.astype(float) @ beta + intercept_scaling**2 * beta.sum()
        np.testing.assert_allclose(solution.scores[p], scores, atol=1e-4)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
@pytest.mark.parametrize("max_iter", [1, 2, 4])
def test_gap_bounds_the_distance_to_the_optimum_when_cut_short(loss, max_iter):
    K, signs = problems(n=700, d=40)
    cost = np.full(signs.shape, 2.0)
    early = solve_dual(K, signs, cost, rng=np.random.default_rng(0), loss=loss, tol=1e-9, max_iter=max_iter)
    best = solve_dual(K, signs, cost, rng=np.random.default_rng(1), loss=loss, tol=1e-6)
    excess = early.primal - (best.primal - best.gap)
    assert (early.n_iter == max_iter).all()
    assert (early.primal >= (best.primal - best.gap) * (1 - 1e-5)).all()
    assert (excess <= early.gap + best.gap + 1e-5 * best.primal).all()
    squared = loss == "squared_hinge"
    for p, y in enumerate(signs):
        primal, dual = twin.objectives(K, y, cost[p], squared, 1.0, early.alpha[p])
        np.testing.assert_allclose(early.gap[p], primal - dual, rtol=1e-3, atol=1e-4 * primal)


def test_broad_and_narrow_passes_reach_the_same_optimum(monkeypatch):
    K, signs = problems(n=700, d=40)
    K /= 40  # rows of about unit norm: broad passes alone are slow on anything worse conditioned
    cost = np.full(signs.shape, 1.0)
    primal = []
    for minimum, share in ((512, 4), (0, 10**9), (10**9, 4)):
        monkeypatch.setattr(dual_svm, "_NARROW_MINIMUM", minimum)
        monkeypatch.setattr(dual_svm, "_NARROW_SHARE", share)
        solution = solve_dual(K, signs, cost, rng=np.random.default_rng(0), tol=1e-5, max_iter=5000)
        assert (solution.gap <= 1e-5 * solution.primal).all()
        primal.append(solution.primal)
    np.testing.assert_allclose(primal[1], primal[0], rtol=3e-5)
    np.testing.assert_allclose(primal[2], primal[0], rtol=3e-5)


def test_start_from_the_solution_ends_at_once_and_an_infeasible_start_is_clipped():
    K, signs = problems()
    cost = np.full(signs.shape, 0.5)
    cold = solve_dual(K, signs, cost, rng=np.random.default_rng(0), tol=1e-4)
    warm = solve_dual(K, signs, cost, rng=np.random.default_rng(0), tol=1e-3, alpha=cold.alpha)
    assert (warm.n_iter == 0).all()
    np.testing.assert_array_equal(warm.alpha, cold.alpha)
    wild = solve_dual(K, signs, cost, rng=np.random.default_rng(0), tol=1e-4, alpha=np.full(signs.shape, 9.0))
    assert wild.alpha.max() <= 0.5
    np.testing.assert_allclose(wild.primal, cold.primal, rtol=2e-4)


def test_zero_cost_is_the_same_as_leaving_the_sample_out():
    K, signs = problems()
    kept = np.arange(len(K)) % 4 != 0
    cost = np.where(kept, 1.0, 0.0) * np.ones(signs.shape)
    held_out = solve_dual(K, signs, cost, rng=np.random.default_rng(0), tol=1e-6)
    small = np.ascontiguousarray(K[kept][:, kept])
    alone = solve_dual(
        small, np.ascontiguousarray(signs[:, kept]), np.ones((len(signs), kept.sum())),
        rng=np.random.default_rng(0), tol=1e-6,
    )
    np.testing.assert_allclose(held_out.primal, alone.primal, rtol=3e-6)
    np.testing.assert_allclose(held_out.scores[:, kept], alone.scores, atol=0.02)


def test_zero_rows_without_bias_stay_finite():
    K = np.zeros((6, 6), dtype=np.float32)
    signs = np.array([[1, 1, 1, -1, -1, -1]], dtype=np.int8)
    for loss in ("hinge", "squared_hinge"):
        solution = solve_dual(
            K, signs, np.ones((1, 6)), rng=np.random.default_rng(0), loss=loss, intercept_scaling=0.0
        )
        np.testing.assert_allclose(solution.primal, 6.0)
        assert solution.gap[0] <= 6e-3
        assert np.isfinite(solution.alpha).all()


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_refinement_solves_the_exact_problem_on_a_coarse_matrix(loss):
    K, signs = problems(n=300, d=400)
    K /= 400
    noise = np.random.default_rng(2).standard_normal(K.shape)
    coarse = np.ascontiguousarray(K + 2e-3 * (noise + noise.T), dtype=np.float32)
    cost = np.full(signs.shape, 1.0)
    asked = []

    def product(beta):
        asked.append(beta.shape)
        return beta @ K

    options = {"loss": loss, "tol": 1e-4}
    exact = solve_dual(K, signs, cost, rng=np.random.default_rng(0), **options)
    refined = solve_dual(coarse, signs, cost, rng=np.random.default_rng(0), product=product, **options)
    plain = solve_dual(coarse, signs, cost, rng=np.random.default_rng(0), **options)
    assert 2 <= len(asked) < dual_svm._REFINEMENTS
    for p, y in enumerate(signs):
        primal, dual = twin.objectives(K, y, cost[p], loss == "squared_hinge", 1.0, refined.alpha[p])
        assert primal - dual <= 1.01e-4 * primal
        np.testing.assert_allclose(refined.primal[p], primal, rtol=1e-5)
        np.testing.assert_allclose(primal, exact.primal[p], rtol=2e-4)
        unrefined, dual = twin.objectives(K, y, cost[p], loss == "squared_hinge", 1.0, plain.alpha[p])
        assert unrefined - dual > 1e-3 * unrefined  # so there was something to refine


def test_refinement_that_fails_reports_the_exact_gap():
    K, signs = problems(n=100, d=20)
    solution = solve_dual(
        np.eye(100, dtype=np.float32), signs, np.ones(signs.shape), rng=np.random.default_rng(0), tol=1e-4,
        product=lambda beta: beta @ K,
    )
    for p, y in enumerate(signs):
        primal, dual = twin.objectives(K, y, np.ones(100), False, 1.0, solution.alpha[p])
        assert primal - dual > 1e-4 * primal
        np.testing.assert_allclose(solution.gap[p], primal - dual, rtol=1e-3)
