"""Histogram kernels and top-k beside numpy, scipy and scikit-learn, one thread.

    python experiments/benchmarks/bench_kernels.py [--rounds N] [--tiny] [--json FILE]

The intersection kernel is also (|x|_1 + |y|_1 - |x - y|_1) / 2, and the additive
chi-square kernel follows from scikit-learn's in the same way: these are the peers. The
shape is that of 1500 spatial pyramids of 400 words in 21 cells.
"""

import timing  # isort: skip  # first, it sets the number of BLAS threads

import numpy as np
from sklearn.metrics.pairwise import additive_chi2_kernel, manhattan_distances

from bovw.classify import chi2_kernel, intersection_kernel, top_k


def numpy_intersection(X, Y):
    K = np.empty((len(X), len(Y)), dtype=np.float32)
    work = np.empty_like(Y)
    for row, x in zip(K, X, strict=True):
        np.minimum(x, Y, out=work)
        work.sum(axis=1, out=row)
    return K


def main():
    options = timing.arguments(__doc__)
    n, d, n_scores = (40, 100, 100) if options.tiny else (1500, 8400, 20000)
    rounds = min(options.rounds, 3)
    rng = np.random.default_rng(0)
    X = rng.gamma(0.3, size=(n, d)).astype(np.float32)
    X /= X.sum(axis=1, keepdims=True)
    Y, few = X[rng.permutation(n)], X[: max(1, n // 10)]
    scores = rng.standard_normal((n_scores, 1000), dtype=np.float32)
    results = [
        timing.compare(
            f"intersection kernel, {n} x {n} x {d}",
            {
                "bovw, X with itself": lambda: intersection_kernel(X),
                "bovw, X with Y": lambda: intersection_kernel(X, Y),
            },
            rounds, warmup=0,
        ),
        timing.compare(
            f"intersection kernel, {len(few)} x {n} x {d}",
            {
                "bovw": lambda: intersection_kernel(few, Y),
                "numpy, row by row": lambda: numpy_intersection(few, Y),
                "sklearn manhattan_distances": lambda: (
                    few.sum(axis=1)[:, None] + Y.sum(axis=1) - manhattan_distances(few, Y)
                ) / 2,
            },
            rounds, warmup=0,
        ),
        timing.compare(
            f"chi-square kernel, {len(few)} x {n} x {d}",
            {
                "bovw": lambda: chi2_kernel(few, Y),
                "sklearn additive_chi2_kernel": lambda: additive_chi2_kernel(few, Y),
            },
            rounds, warmup=0,
        ),
        timing.compare(
            f"top 5 of {n_scores} x 1000 scores",
            {
                "bovw": lambda: top_k(scores, 5),
                "numpy stable argsort": lambda: np.argsort(-scores, axis=1, kind="stable")[:, :5],
            },
            rounds, warmup=0,
        ),
    ]
    timing.finish(results, options)


if __name__ == "__main__":
    main()
