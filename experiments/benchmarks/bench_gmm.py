"""EM for a diagonal mixture beside scikit-learn, VLFeat and a careful numpy version.

200,000 x 64 descriptors, 256 Gaussians, 10 iterations from the same start. The data
are 300 blobs whose spread falls from one dimension to the next, as after PCA.
scikit-learn and VLFeat take most of the time: ``--quick`` leaves them out.
"""

import sys
import warnings

QUICK = "--quick" in sys.argv
if QUICK:
    sys.argv.remove("--quick")

import timing  # noqa: E402  (sets the number of threads before numpy is loaded)

# isort: split
import numpy as np  # noqa: E402
import vlfeat_mixture  # noqa: E402
from numpy_mixture import mass_and_moments  # noqa: E402
from sklearn.mixture import GaussianMixture  # noqa: E402

from bovw.codebook.gmm import expectation_maximization  # noqa: E402
from bovw.codebook.posteriors import PreparedMixture  # noqa: E402

N_ITER = 10
BLOCK = 4096
FLOOR = 1e-6


def descriptors(n, d, seed=0):
    rng = np.random.default_rng(seed)
    spread = np.geomspace(1.5, 0.2, d)
    centers = rng.normal(size=(300, d)) * 0.6
    return ((centers[rng.integers(300, size=n)] + rng.normal(size=(n, d))) * spread).astype(np.float32)


def numpy_em(X, weights, means, variances):
    d = means.shape[1]
    for _ in range(N_ITER):
        mass, moments = mass_and_moments(X, weights, means, variances, BLOCK)
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
    wrapped, found = timing.keep_results(contenders)
    result = timing.compare(f"EM, {n} x {d}, K={K}, {N_ITER} iterations", wrapped, options.rounds, warmup=0)
    for name, (weights, means, variances) in found.items():
        score = PreparedMixture(weights, means, variances).statistics(X)[3] / n
        print(f"  {name}: mean log-likelihood of a descriptor {score:.4f}")
    timing.finish([result], options)


if __name__ == "__main__":
    main()
