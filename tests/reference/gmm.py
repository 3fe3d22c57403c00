"""A diagonal Gaussian mixture in float64, by its definition."""

import numpy as np


def log_joint(X, weights, means, variances):
    """log(weight * density) of every row and component."""
    X = np.asarray(X, np.float64)
    columns = []
    with np.errstate(divide="ignore"):
        for weight, mean, variance in zip(weights, means, variances, strict=True):
            exponent = -0.5 * ((X - mean) ** 2 / variance).sum(axis=1)
            columns.append(np.log(np.float64(weight)) + exponent - 0.5 * np.log(2 * np.pi * variance).sum())
    return np.array(columns).T


def posteriors(X, weights, means, variances):
    """Posteriors and log-likelihoods."""
    joint = log_joint(X, weights, np.asarray(means, np.float64), np.asarray(variances, np.float64))
    peak = joint.max(axis=1, keepdims=True)
    total = np.exp(joint - peak).sum(axis=1, keepdims=True)
    return np.exp(joint - peak) / total, (peak + np.log(total))[:, 0]


def expectation_maximization(X, weights, means, variances, n_iter, variance_floor):
    """``n_iter`` iterations; weights, means, variances and the mean log-likelihood before each update."""
    X = np.asarray(X, np.float64)
    curve = []
    for _ in range(n_iter):
        gamma, log_likelihood = posteriors(X, weights, means, variances)
        curve.append(log_likelihood.mean())
        mass = gamma.sum(axis=0)
        weights = mass / len(X)
        means = np.array([gamma[:, k] @ X / mass[k] for k in range(len(mass))])
        variances = np.array([gamma[:, k] @ (X - means[k]) ** 2 / mass[k] for k in range(len(mass))])
        variances = np.maximum(variances, variance_floor)
    return weights, means, variances, np.array(curve)
