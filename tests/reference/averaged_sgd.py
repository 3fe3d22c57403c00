"""Slow twin of ``bovw.classify.averaged_descent``: one problem, one row, float64."""

import numpy as np


def train(X, target, problem, batches, *, C, loss, eta0, batch_size, center, bias_rate, bias, weights_of_sides=(1, 1)):
    """Averaged SGD of one one-vs-rest problem over given epochs of batches of row numbers; returns (w, b)."""
    X = X.astype(np.float64) - center
    regularization = 1 / (len(X) * C)
    w, t, s = np.zeros(X.shape[1]), 0, 0
    a, average_bias = w.copy(), bias
    for epoch, rows_of_batches in enumerate(batches):
        for rows in rows_of_batches:
            eta = eta0 * (1 + regularization * eta0 * t) ** -0.75
            step, bias_step = np.zeros_like(w), 0.0
            for i in rows:
                y = 1 if target[i] == problem else -1
                v = weights_of_sides[0] if y == 1 else weights_of_sides[1]
                miss = 1 - y * (w @ X[i] + bias)
                if miss > 0:
                    slope = v * y * (1 if loss == "hinge" else 2 * miss)
                    step += slope * X[i]
                    bias_step += slope
            w = (1 - regularization * eta * len(rows) / batch_size) * w + eta / batch_size * step
            bias += bias_rate * eta / batch_size * bias_step
            t += 1
            if epoch:
                s += 1
                a += 4 / (s + 4) * (w - a)
                average_bias += 4 / (s + 4) * (bias - average_bias)
        if epoch == 0:
            a, average_bias = w.copy(), bias
    return a, average_bias - a @ center


def softmax_train(X, target, n_classes, batches, *, C, eta0, batch_size, center, bias_rate, bias):
    """The same with the multinomial loss, all classes; returns (W, b)."""
    X = X.astype(np.float64) - center
    regularization = 1 / (len(X) * C)
    W, bias, t, s = np.zeros((n_classes, X.shape[1])), bias.copy(), 0, 0
    A, average_bias = W.copy(), bias.copy()
    for epoch, rows_of_batches in enumerate(batches):
        for rows in rows_of_batches:
            eta = eta0 * (1 + regularization * eta0 * t) ** -0.75
            step, bias_step = np.zeros_like(W), np.zeros(n_classes)
            for i in rows:
                p = np.exp(W @ X[i] + bias)
                p /= p.sum()
                p[target[i]] -= 1
                step -= np.outer(p, X[i])
                bias_step -= p
            W = (1 - regularization * eta * len(rows) / batch_size) * W + eta / batch_size * step
            bias = bias + bias_rate * eta / batch_size * bias_step
            t += 1
            if epoch:
                s += 1
                A += 4 / (s + 4) * (W - A)
                average_bias += 4 / (s + 4) * (bias - average_bias)
        if epoch == 0:
            A, average_bias = W.copy(), bias.copy()
    return A, average_bias - A @ center
