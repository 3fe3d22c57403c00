"""LCC, the convex problem solved to a tolerance, beside numpy and scikit-learn.

    python experiments/benchmarks/bench_lcc.py

Descriptors of 128 dimensions in clusters, 1024 and 8192 words, mu = 0.1. The numpy version solves a whole
block at a time: pairs of weights are moved over working sets, two matrix products check the condition for all
words. scikit-learn follows the Lasso's path for one descriptor after the other, with the sum of
the weights as one more number to fit; it is shown on a few.
"""

import timing  # isort: skip  (sets the threads of BLAS before numpy is loaded)

import numpy as np
from bench_llc import problem
from sklearn.linear_model import lars_path

from bovw import LCC, KMeansCodebook

MU, TOL = 0.1, 1e-4
SET = 64  # words of a working set in numpy
RHO = 100.0  # weight of the sum of the weights in scikit-learn


def numpy_working_sets(X, words, rows=256):
    """Descent along pairs of coordinates over working sets, all descriptors of a block at once."""

    def run():
        codes = np.zeros((len(X), len(words)), np.float32)
        squares = (words * words).sum(axis=1)
        for start in range(0, len(X), rows):
            block = X[start : start + rows]
            distances = np.maximum((block * block).sum(axis=1)[:, None] - 2 * block @ words.T + squares, 0)
            solve_block(block, words, distances, codes[start : start + rows])
        return codes

    return run


def solve_block(X, words, distances, codes):
    nearest = distances.min(axis=1)
    codes[np.arange(len(X)), distances.argmin(axis=1)] = 1
    todo, rank, width = np.arange(len(X)), -distances, min(SET, len(words))
    while len(todo):
        work = np.argpartition(-rank, width - 1, axis=1)[:, :width]
        z = X[todo, None].astype(np.float64) - words[work]
        gamma = np.take_along_axis(codes[todo], work, axis=1).astype(np.float64)
        gamma /= gamma.sum(axis=1, keepdims=True)
        nu = pair_descent(z @ z.transpose(0, 2, 1), gamma, TOL / 2 * nearest[todo])
        residuals = np.einsum("nw,nwd->nd", gamma, z)
        codes[todo[:, None], work] = gamma
        gradients = (residuals * X[todo]).sum(axis=1)[:, None] - residuals.astype(np.float32) @ words.T
        rank = np.abs(gradients - nu[:, None]) - MU * distances[todo]
        wrong = rank.max(axis=1) > TOL * nearest[todo]
        todo, rank = todo[wrong], np.where(codes[todo[wrong]] != 0, np.inf, rank[wrong])


def pair_descent(gram, gamma, limits, max_iter=100_000):
    """Minimize over each row of gamma in place; returns the multipliers."""
    nu, live = np.empty(len(gamma)), np.arange(len(gamma))
    gradient = np.einsum("nij,nj->ni", gram, gamma)
    penalty = MU * np.einsum("nii->ni", gram)
    diagonal, work = np.einsum("nii->ni", gram), gamma.copy()
    for _ in range(max_iter):
        at = np.arange(len(work))
        up = gradient + np.where(work >= 0, penalty, -penalty)
        down = gradient + np.where(work > 0, penalty, -penalty)
        a = up.argmin(axis=1)
        low, high = up[at, a], down.max(axis=1)
        done = high - low <= limits
        if done.any():
            gamma[live[done]], nu[live[done]] = work[done], (low + high)[done] / 2
            keep = ~done
            if not keep.any():
                break
            live, work, gradient, penalty, diagonal, gram, limits = (
                part[keep] for part in (live, work, gradient, penalty, diagonal, gram, limits)
            )
            continue
        curvature = np.maximum(diagonal[at, a][:, None] - 2 * gram[at, a] + diagonal, 1e-12)
        gain = np.maximum(down - low[:, None], 0) ** 2 / curvature
        gain[at, a] = 0
        b = gain.argmax(axis=1)
        ga, gb, qa, qb = work[at, a], work[at, b], penalty[at, a], penalty[at, b]
        slope, bend = gradient[at, a] - gradient[at, b], curvature[at, b]
        steps = [-ga, gb] + [-(slope + s * qa - t * qb) / bend for s in (-1, 1) for t in (-1, 1)]
        steps = np.stack(steps)
        values = bend / 2 * steps**2 + slope * steps + qa * np.abs(ga + steps) + qb * np.abs(gb - steps)
        step = steps[values.argmin(axis=0), at]
        work[at, a] = np.where(step == -ga, 0, ga + step)
        work[at, b] = np.where(step == gb, 0, gb - step)
        gradient += step[:, None] * (gram[at, a] - gram[at, b])
    return nu


def scikit_learn(X, words):
    """The Lasso over columns [z_k, rho] / |z_k|^2 that fit [0, rho]; the sum is 1 as rho grows."""

    def run():
        codes = np.zeros((len(X), len(words)))
        target = np.zeros(words.shape[1] + 1)
        target[-1] = RHO
        for x, code in zip(X, codes, strict=True):
            z = x.astype(np.float64) - words
            distances = (z * z).sum(axis=1)
            columns = np.concatenate([z, np.full((len(z), 1), RHO)], axis=1) / distances[:, None]
            path = lars_path(columns.T, target, alpha_min=MU / len(target), method="lasso", return_path=False)
            code[:] = path[2] / distances
            code /= code.sum()
        return codes

    return run


def objective(X, words, codes):
    """The mean of what is minimized."""
    X, words, codes = (np.asarray(part, np.float64) for part in (X, words, codes))
    residuals = X - codes @ words
    distances = (X * X).sum(axis=1)[:, None] - 2 * X @ words.T + (words * words).sum(axis=1)
    return float(((residuals**2).sum(axis=1) / 2 + MU * (np.abs(codes) * distances).sum(axis=1)).mean())


def main():
    options = timing.arguments(__doc__)
    results = []
    for n, few, d, K in ((64, 4, 16, 64),) if options.tiny else ((2048, 16, 128, 1024), (512, 8, 128, 8192)):
        X, words, _ = problem(n, d, K)
        codebook = KMeansCodebook(K)
        codebook.words_, codebook.n_features_in_ = words, d
        encoder = LCC.with_codebook(codebook, mu=MU, tol=TOL)
        for part, peer, name in ((X, numpy_working_sets, "numpy"), (X[:few], scikit_learn, "scikit-learn")):
            contenders = {"bovw": lambda part=part, encoder=encoder: encoder.codes(part), name: peer(part, words)}
            wrapped, found = timing.keep_results(contenders)
            results.append(timing.compare(f"LCC, {len(part)} x {d}, {K} words", wrapped, options.rounds))
            found["bovw"] = found["bovw"].to_dense()
            for who, codes in found.items():
                print(f"  {who}: mean objective {objective(part, words, codes):.7f}")
    timing.finish(results, options)


if __name__ == "__main__":
    main()
