"""The peer that a careful numpy user would write: posteriors and moments of a diagonal Gaussian mixture by GEMM."""

import numpy as np


def mass_and_moments(X, weights, means, variances, rows):
    """Sums over X of the posteriors (K,) and of posterior times [x^2, x] (K, 2d), in float64.

    Blocks of ``rows`` rows, everything that can be a product of matrices is one, logarithms
    are clamped at -40 so that no posterior is denormal. In the dtype of X.
    """
    K, d = means.shape
    factor = np.concatenate([-0.5 / variances, means / variances], axis=1).T.astype(X.dtype)
    constants = np.log(weights) - 0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum(axis=1)
    constants = constants.astype(X.dtype)
    expanded, gamma = np.empty((rows, 2 * d), X.dtype), np.empty((rows, K), X.dtype)
    mass, moments = np.zeros(K), np.zeros((K, 2 * d))
    for start in range(0, len(X), rows):
        block = X[start : start + rows]
        e, g = expanded[: len(block)], gamma[: len(block)]
        np.multiply(block, block, out=e[:, :d])
        e[:, d:] = block
        np.matmul(e, factor, out=g)
        g += constants
        g -= g.max(axis=1, keepdims=True)
        np.maximum(g, -40, out=g)
        np.exp(g, out=g)
        g /= g.sum(axis=1, keepdims=True)
        mass += g.sum(axis=0)
        moments += g.T @ e
    return mass, moments
