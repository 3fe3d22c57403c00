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


def minibatch(batches, words):
    """Sculley's algorithm, one step a descriptor, all of a batch assigned before its first step. Words and inertia."""
    words, seen, inertia = np.array(words, np.float64), np.zeros(len(words)), 0.0
    for batch in batches:
        labels, distances = nearest_words(batch, words)
        inertia += distances.sum()
        for x, k in zip(np.asarray(batch, np.float64), labels, strict=True):
            seen[k] += 1
            rate = 1 / seen[k]
            words[k] = (1 - rate) * words[k] + rate * x
    return words, inertia


def go_down(X, nodes, child_starts):
    """The leaf that each descriptor reaches: nodes are all centers, level after level, then the leaves."""
    n_inner = len(child_starts) - 2
    leaves = []
    for x in np.asarray(X, np.float64):
        node = 0
        while node <= n_inner:
            low, high = child_starts[node], child_starts[node + 1]
            squared = ((nodes[low:high].astype(np.float64) - x) ** 2).sum(axis=1)
            node = low + int(squared.argmin()) + 1
        leaves.append(node - 1 - n_inner)
    return np.array(leaves)
