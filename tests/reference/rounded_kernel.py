"""Slow twin of ``bovw.classify.rounded_kernel``: float64 products of the rounded rows."""

import numpy as np


def rounded_rows(X, block=2048):
    """The rows as the kernel sees them, float64."""
    rounded = np.zeros(X.shape)
    for first in range(0, X.shape[1], block):
        part = X[:, first : first + block]
        for i, row in enumerate(part):
            largest = np.abs(row).max()
            if largest > 1e-30:
                steps = np.float32(127) / largest
                integers = np.rint((row * steps).astype(np.float32)).astype(np.float64)
                rounded[i, first : first + block] = integers * np.float64(largest / np.float32(127))
    return rounded


def rounded_linear_kernel(X):
    rounded = rounded_rows(X)
    return rounded @ rounded.T
