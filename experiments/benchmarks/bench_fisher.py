"""Fisher vectors beside VLFeat, scikit-image and a careful product-of-matrices version.

    python experiments/benchmarks/bench_fisher.py

10,000 descriptors of 64 dimensions, 256 Gaussians, drawn from a mixture of overlapping
components.
"""

import timing  # isort: skip  (sets the threads of BLAS before numpy is loaded)

import ctypes

import numpy as np
import vlfeat
from numpy_mixture import mass_and_moments

from bovw.encoding.fisher import FisherMixture, fisher_vector


def problem(n, d, K, seed=0):
    rng = np.random.default_rng(seed)
    scale = np.linspace(2, 0.3, d)  # as after a principal component analysis
    means = 0.6 * rng.normal(size=(K, d)) * scale
    variances = rng.uniform(0.5, 1.5, (K, d)) * scale**2
    weights = rng.dirichlet(np.full(K, 5.0))
    chosen = rng.choice(K, n, p=weights)
    X = means[chosen] + rng.normal(size=(n, d)) * np.sqrt(variances[chosen])
    return tuple(np.ascontiguousarray(a, np.float32) for a in (X, weights, means, variances))


def vlfeat_encoder(X, weights, means, variances):
    library = vlfeat.load()
    if library is None:
        return "libvl is not installed"
    (n, d), K, size = X.shape, len(weights), ctypes.c_size_t
    code = np.empty(2 * K * d, np.float32)

    def pointer(a):
        return a.ctypes.data_as(ctypes.c_void_p)

    def run():
        library.vl_fisher_encode(
            pointer(code), ctypes.c_uint32(1), pointer(means), size(d), size(K), pointer(variances),
            pointer(weights), pointer(X), size(n), ctypes.c_int(0),
        )
        return code

    return run


def scikit_image(X, weights, means, variances):
    try:
        from skimage.feature import fisher_vector as theirs
        from sklearn.mixture import GaussianMixture
    except ImportError as error:
        return str(error)
    gmm = GaussianMixture(len(weights), covariance_type="diag")
    gmm.weights_, gmm.means_, gmm.covariances_ = weights, means, variances
    gmm.precisions_cholesky_ = 1 / np.sqrt(variances)
    return lambda: theirs(X, gmm)[len(weights):]


def numpy_gemm(X, weights, means, variances, rows=1024):
    def run():
        mass, moments = mass_and_moments(X, weights, means, variances, rows)
        second, first = moments[:, : X.shape[1]], moments[:, X.shape[1]:]
        u = (first - mass[:, None] * means) / np.sqrt(variances)
        v = (second - 2 * first * means + mass[:, None] * means**2) / variances - mass[:, None]
        scale = 1 / (len(X) * np.sqrt(weights))[:, None]
        return np.concatenate([(u * scale).ravel(), (v * scale / np.sqrt(2)).ravel()])

    return run


def exact(X, weights, means, variances):
    """In float64, without dropping anything."""
    return numpy_gemm(*(np.asarray(a, np.float64) for a in (X, weights, means, variances)))()


def main():
    options = timing.arguments(__doc__)
    n, d, K = (500, 16, 8) if options.tiny else (10_000, 64, 256)
    parts = problem(n, d, K)
    mixture, offsets = FisherMixture(*parts[1:]), np.array([0, n])

    def ours():
        statistics = mixture.statistics(parts[0], offsets, 1e-4)
        return mixture.finish(
            statistics, np.array([n]), average=True, weight_gradient=False, convention="vlfeat"
        )[0]

    contenders = {
        "bovw": ours, "bovw, mixture prepared anew": lambda: fisher_vector(*parts), "numpy": numpy_gemm(*parts),
        "VLFeat": vlfeat_encoder(*parts), "scikit-image": scikit_image(*parts),
    }
    result = timing.compare(f"Fisher vector, {n} x {d}, {K} Gaussians", contenders, options.rounds)
    code, reference = np.float64(ours()), np.float64(exact(*parts))
    result["cosine"] = code @ reference / np.linalg.norm(code) / np.linalg.norm(reference)
    print(f"  1 - cosine to the exact vector: {1 - result['cosine']:.1e}")
    timing.finish([result], options)


if __name__ == "__main__":
    main()
