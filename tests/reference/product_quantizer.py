"""Product quantization and feature hashing in float64, one subvector or column at a time."""

import numpy as np


def subvectors(X, words):
    """X (m, d) filled up with zeros to (m, S, G), float64."""
    S, _, G = words.shape
    padded = np.zeros((len(X), S * G))
    padded[:, : X.shape[1]] = X
    return padded.reshape(len(X), S, G)


def squared_distances(X, words):
    """(m, S, K): every subvector to every one of its words."""
    return ((subvectors(X, words)[:, :, None, :] - words.astype(np.float64)) ** 2).sum(axis=3)


def encode(X, words):
    """One integer a subvector, (m, S), not packed."""
    return squared_distances(X, words).argmin(axis=2)


def unpack(codes, words):
    """What bytes hold, as one integer a subvector."""
    S, K, _ = words.shape
    if K == 256:
        return codes.astype(int)
    rows = [[(row[s // 2] >> (4 * (s % 2))) % 16 for s in range(S)] for row in codes.astype(int)]
    return np.array(rows).reshape(-1, S)


def decode(labels, words, d):
    """(m, d) from one integer a subvector."""
    return np.array([np.concatenate([words[s, k] for s, k in enumerate(row)])[:d] for row in labels]).reshape(-1, d)


def hash_features(X, buckets, signs, n_features):
    """Signed hashing, column by column."""
    Z = np.zeros((len(X), n_features))
    for j, (bucket, sign) in enumerate(zip(buckets, signs, strict=True)):
        Z[:, bucket] += sign * X[:, j].astype(np.float64)
    return Z
