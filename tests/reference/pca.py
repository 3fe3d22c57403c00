"""Principal components from numpy's covariance, in float64."""

import numpy as np


def project(X, n_components, whiten=False, regularization=0.0, epsilon=0.0, renormalize=False):
    """The projected rows; each eigenvector has its entry of largest absolute value positive."""
    X = np.asarray(X, np.float64)
    eigenvalues, vectors = np.linalg.eigh(np.atleast_2d(np.cov(X, rowvar=False)))
    Y = []
    for j in range(1, n_components + 1):
        vector = vectors[:, -j]
        vector = vector * np.sign(vector[np.abs(vector).argmax()])
        scale = np.sqrt(eigenvalues[-j] + regularization * eigenvalues[-1] + epsilon) if whiten else 1
        Y.append((X - X.mean(axis=0)) @ vector / scale)
    Y = np.array(Y).T
    return Y / np.linalg.norm(Y, axis=1, keepdims=True) if renormalize else Y
