"""k-means in float64, one descriptor at a time."""

import numpy as np


def nearest_words(X, words):
    """Labels and squared distances by definition; the lowest word among equals."""
    X, words = np.asarray(X, np.float64), np.asarray(words, np.float64)
    labels, distances = [], []
    for x in X:
        squared = ((words - x) ** 2).sum(axis=1)
        labels.append(squared.argmin())
        distances.append(squared.min())
    return np.array(labels, dtype=np.int32), np.array(distances)


def lloyd(X, words, n_iter):
    """``n_iter`` iterations; an empty word goes to the farthest descriptor. Words and inertias."""
    X, words = np.asarray(X, np.float64), np.array(words, np.float64)
    inertias = []
    for _ in range(n_iter):
        labels, distances = nearest_words(X, words)
        inertias.append(distances.sum())
        members = [list(np.flatnonzero(labels == k)) for k in range(len(words))]
        farthest = iter(np.argsort(-distances, kind="stable"))
        for k in range(len(words)):
            if k not in labels:
                row = next(farthest)
                members[labels[row]].remove(row)
                members[k] = [row]
        for k, rows in enumerate(members):
            if rows:
                words[k] = X[rows].mean(axis=0)
    return words, np.array(inertias)
