"""Slow twin of ``bovw.classify.dual_svm``: one coordinate, one row of the matrix, float64."""

import numpy as np


def solve(K, y, cost, squared, bias_square, n_epochs, seed=0):
    """Plain dual coordinate descent (Hsieh et al. 2008, algorithm 1) on K + bias_square; returns alpha."""
    K = np.asarray(K, dtype=np.float64) + bias_square
    rng = np.random.default_rng(seed)
    alpha = np.zeros(len(y))
    for _ in range(n_epochs):
        for i in rng.permutation(len(y)):
            if cost[i] == 0:
                continue
            diagonal = 1 / (2 * cost[i]) if squared else 0
            gradient = y[i] * K[i] @ (y * alpha) - 1 + diagonal * alpha[i]
            alpha[i] = np.clip(alpha[i] - gradient / (K[i, i] + diagonal), 0, np.inf if squared else cost[i])
    return alpha


def objectives(K, y, cost, squared, bias_square, alpha):
    """The primal and dual objective at ``alpha``."""
    K = np.asarray(K, dtype=np.float64) + bias_square
    beta = y * alpha
    norm = beta @ K @ beta
    miss = np.maximum(0, 1 - y * (K @ beta))
    used = cost > 0
    if squared:
        primal = norm / 2 + (cost * miss**2).sum()
        dual = alpha.sum() - (alpha[used] ** 2 / (4 * cost[used])).sum() - norm / 2
    else:
        primal = norm / 2 + (cost * miss).sum()
        dual = alpha.sum() - norm / 2
    return primal, dual
