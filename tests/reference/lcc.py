"""Local coordinate coding by descent along pairs of weights, one descriptor after the other, over all words."""

import numpy as np


def lcc(X, words, mu, tol, max_iter=200_000):
    """The codes (n, K), float64: the pair that violates the optimality condition most is moved to its best place."""
    X, words = np.asarray(X, np.float64), np.asarray(words, np.float64)
    codes = np.zeros((len(X), len(words)))
    for x, gamma in zip(X, codes, strict=True):
        z = x - words
        squares = (z**2).sum(axis=1)
        penalty = mu * squares
        gamma[squares.argmin()] = 1
        for _ in range(max_iter):
            gradient = z @ (gamma @ z)
            rise = gradient + np.where(gamma >= 0, penalty, -penalty)
            fall = gradient + np.where(gamma > 0, penalty, -penalty)
            a, b = rise.argmin(), fall.argmax()
            if fall[b] - rise[a] <= tol * squares.min():
                break
            # Along gamma + t (e_a - e_b): a parabola whose slope jumps where either weight is zero.
            bend, slope = ((z[a] - z[b]) ** 2).sum(), gradient[a] - gradient[b]
            steps = [-gamma[a], gamma[b]]
            if bend > 0:
                steps += [-(slope + s * penalty[a] + t * penalty[b]) / bend for s in (-1, 1) for t in (-1, 1)]
            values = [
                bend / 2 * t**2 + slope * t + penalty[a] * abs(gamma[a] + t) + penalty[b] * abs(gamma[b] - t)
                for t in steps
            ]
            step = steps[int(np.argmin(values))]
            gamma[a], gamma[b] = gamma[a] + step, gamma[b] - step
    return codes
