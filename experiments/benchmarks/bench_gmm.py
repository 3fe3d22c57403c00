"""EM for a diagonal mixture beside scikit-learn, VLFeat and a careful numpy version.

200,000 x 64 descriptors, 256 Gaussians, 10 iterations from the same start. The data
are 300 blobs whose spread falls from one dimension to the next, as after PCA.
scikit-learn and VLFeat take most of the time: ``--quick`` leaves them out.
"""

import sys
import warnings
from pathlib import Path

QUICK = "--quick" in sys.argv
if QUICK:
    sys.argv.remove("--quick")
sys.path.insert(0, str(Path(__file__).parents[2]))

import timing  # noqa: E402  (sets the number of threads before numpy is loaded)

# isort: split
import numpy as np  # noqa: E402
from sklearn.mixture import GaussianMixture  # noqa: E402

from bovw.codebook.gmm import expectation_maximization  # noqa: E402
from bovw.codebook.posteriors import PreparedMixture  # noqa: E402
from tests.reference import vlfeat_mixture  # noqa: E402

N_ITER = 10
BLOCK = 4096
FLOOR = 1e-6


def descriptors(n, d, seed=0):
    rng = np.random.default_rng(seed)
    spread = np.geomspace(1.5, 0.2, d)
    centers = rng.normal(size=(300, d)) * 0.6
    return ((centers[rng.integers(300, size=n)] + rng.normal(size=(n, d))) * spread).astype(np.float32)


def numpy_em(X, weights, means, variances):
    """A careful version: the same products, float32 blocks, float64 sums, clamped exponents."""
    K, d = means.shape
    gamma, expanded = np.empty((BLOCK, K), np.float32), np.empty((BLOCK, 2 * d), np.float32)
    for _ in range(N_ITER):
        matrix = np.concatenate([-0.5 / variances, means / variances], axis=1).T.astype(np.float32)
        constants = np.log(weights) - 0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum(axis=1)
        constants = constants.astype(np.float32)
        mass, moments = np.zeros(K), np.zeros((K, 2 * d))
        for start in range(0, len(X), BLOCK):
            block = X[start : start + BLOCK]
            g, e = gamma[: len(block)], expanded[: len(block)]
            np.multiply(block, block, out=e[:, :d])
            e[:, d:] = block
            np.matmul(e, matrix, out=g)
            g += constants
            g -= g.max(axis=1, keepdims=True)
            np.maximum(g, -40, out=g)
            np.exp(g, out=g)
            g /= g.sum(axis=1, keepdims=True)
            mass += g.sum(axis=0)
            moments += g.T @ e
        weights, means = mass / len(X), moments[:, d:] / mass[:, None]
        variances = np.maximum(moments[:, :d] / mass[:, None] - means**2, FLOOR)
    return weights, means, variances


def scikit_learn_em(X, weights, means, variances):
    model = GaussianMixture(
        len(weights),
        covariance_type="diag",
        weights_init=weights,
        means_init=means,
        precisions_init=1 / variances,
        max_iter=N_ITER,
        tol=0,
        reg_covar=FLOOR,
        init_params="random",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    return model.weights_, model.means_, model.covariances_


def main():
    options = timing.arguments(__doc__)
    n, d, K = (2000, 16, 8) if options.tiny else (200_000, 64, 256)
    X = descriptors(n, d)
    start = (
        np.full(K, 1 / K, np.float32),
        X[:K].copy(),
        np.tile(X.var(axis=0, dtype=np.float64), (K, 1)).astype(np.float32),
    )
    vl = vlfeat_mixture.load()
    contenders = {
        "bovw": lambda: expectation_maximization(X, *start, variance_floor=FLOOR, max_iter=N_ITER, tol=0)[:3],
        "numpy": lambda: numpy_em(X, *(a.astype(np.float64) for a in start)),
    }
    slow = {
        "scikit-learn": lambda: scikit_learn_em(X, *start),
        "VLFeat": (lambda: vlfeat_mixture.expectation_maximization(vl, X, *start, N_ITER, FLOOR)[:3])
        if vl
        else "libvl is not installed",
    }
    contenders |= dict.fromkeys(slow, "--quick") if QUICK else slow
    found = {}

    def keeping(name, function):
        def run():
            found[name] = function()

        return run

    wrapped = {name: f if isinstance(f, str) else keeping(name, f) for name, f in contenders.items()}
    result = timing.compare(f"EM, {n} x {d}, K={K}, {N_ITER} iterations", wrapped, options.rounds, warmup=0)
    for name, (weights, means, variances) in found.items():
        score = PreparedMixture(weights, means, variances).statistics(X)[3] / n
        print(f"  {name}: mean log-likelihood of a descriptor {score:.4f}")
    timing.finish([result], options)


if __name__ == "__main__":
    main()
