"""Slow, obvious twins of the encoders: one descriptor at a time, dense, float64."""

import numpy as np


def distances(X, words):
    """Squared Euclidean distances, (n, K)."""
    X, words = np.asarray(X, np.float64), np.asarray(words, np.float64)
    return np.array([[((x - c) ** 2).sum() for c in words] for x in X]).reshape(len(X), len(words))


def hard_codes(X, words):
    """One-hot codes of the nearest words, (n, K)."""
    codes = np.zeros((len(X), len(words)))
    for code, row in zip(codes, distances(X, words), strict=True):
        code[row.argmin()] = 1
    return codes


def llc_codes(X, words, n_neighbors=5, beta=1e-4):
    """Approximate LLC codes, (n, K)."""
    codes = np.zeros((len(X), len(words)))
    for code, x, row in zip(codes, np.asarray(X, np.float64), distances(X, words), strict=True):
        nearest = np.argsort(row, kind="stable")[:n_neighbors]
        Z = np.asarray(words, np.float64)[nearest] - x
        G = Z @ Z.T
        G = G / np.trace(G) + beta * np.eye(n_neighbors) if np.trace(G) > 0 else np.eye(n_neighbors)
        w = np.linalg.solve(G, np.ones(n_neighbors))
        code[nearest] = w / w.sum()
    return codes


def pool_codes(codes, how):
    """Pooled dense codes of one cell; nothing gives zeros."""
    if len(codes) == 0:
        return np.zeros(codes.shape[1])
    return {"sum": np.sum, "average": np.mean, "max": np.max}[how](codes, axis=0)


def posteriors(X, weights, means, variances):
    """Posteriors of a diagonal mixture, (n, K)."""
    gamma = np.empty((len(X), len(weights)))
    for row, x in zip(gamma, np.asarray(X, np.float64), strict=True):
        for k, (w, m, v) in enumerate(zip(weights, means, variances, strict=True)):
            m, v = np.asarray(m, np.float64), np.asarray(v, np.float64)
            with np.errstate(divide="ignore"):
                row[k] = np.log(w) - 0.5 * (np.log(2 * np.pi * v) + (x - m) ** 2 / v).sum()
        row[:] = np.exp(row - row.max())
        row /= row.sum()
    return gamma


def fisher_vector(X, weights, means, variances):
    """The weights' derivatives (K,) and the Fisher vector u_1 .. u_K, v_1 .. v_K."""
    weights = np.asarray(weights, np.float64) / np.sum(weights, dtype=np.float64)
    K, d = np.shape(means)
    if len(X) == 0:
        return np.zeros(K), np.zeros(2 * K * d)
    gamma = posteriors(X, weights, means, variances)
    s, u, v = np.zeros(K), np.zeros((K, d)), np.zeros((K, d))
    for k in range(K):
        if weights[k] < 1e-6:
            continue
        y = (np.asarray(X, np.float64) - means[k]) / np.sqrt(np.asarray(variances[k], np.float64))
        s[k] = (gamma[:, k].mean() - weights[k]) / np.sqrt(weights[k])
        u[k] = (gamma[:, k : k + 1] * y).mean(axis=0) / np.sqrt(weights[k])
        v[k] = (gamma[:, k : k + 1] * (y**2 - 1)).mean(axis=0) / np.sqrt(2 * weights[k])
    return s, np.concatenate([u.ravel(), v.ravel()])


def soft_codes(X, words, sigma, n_neighbors=5):
    """Kernel codebook codes, (n, K)."""
    codes = np.zeros((len(X), len(words)))
    for code, row in zip(codes, distances(X, words), strict=True):
        nearest = np.argsort(row, kind="stable")[:n_neighbors]
        votes = np.exp(-(row[nearest] - row.min()) / (2 * sigma**2))
        code[nearest] = votes / votes.sum()
    return codes


def triangle_codes(X, words):
    """Triangle k-means codes, (n, K)."""
    z = np.sqrt(distances(X, words))
    return np.maximum(0, z.mean(axis=1, keepdims=True) - z)


def vlad(X, words, mass_normalize=False):
    """Residual sums of the words, (K d,)."""
    labels = distances(X, words).argmin(axis=1) if len(X) else np.zeros(0, int)
    code = np.zeros(np.shape(words))
    for k, word in enumerate(words):
        for x in np.asarray(X, np.float64)[labels == k]:
            code[k] += x - word
        if mass_normalize and (labels == k).any():
            code[k] /= (labels == k).sum()
    return code.ravel()


def super_vector(X, words, probabilities, s):
    """Blocks of [s, x - c] of the nearest word, averaged, (K (d + 1),)."""
    code = np.zeros((len(words), np.shape(words)[1] + 1))
    labels = distances(X, words).argmin(axis=1)
    for x, k in zip(np.asarray(X, np.float64), labels, strict=True):
        code[k] += np.concatenate([[s], x - words[k]]) / np.sqrt(probabilities[k])
    return (code / len(X)).ravel()
