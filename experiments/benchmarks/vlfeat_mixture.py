"""VLFeat's Gaussian mixture and k-means through ctypes, where the shared library is installed."""

import ctypes

import numpy as np

try:
    import vlfeat
except ImportError:  # imported from the tests, as a module of the package experiments
    from experiments.benchmarks import vlfeat

FLOAT = 1  # VL_TYPE_FLOAT
L2 = 1  # VlDistanceL2
CUSTOM = 2  # VlGMMCustom


def load():
    """The library, on one thread, or None."""
    vl = vlfeat.load()
    if vl is None:
        return None
    vl.vl_set_num_threads(ctypes.c_size_t(1))
    vl.vl_gmm_new.restype = vl.vl_kmeans_new.restype = ctypes.c_void_p
    vl.vl_gmm_em.restype = vl.vl_kmeans_refine_centers.restype = ctypes.c_double
    vl.vl_get_gmm_data_posteriors_f.restype = ctypes.c_double
    for getter in ("means", "covariances", "priors"):
        getattr(vl, f"vl_gmm_get_{getter}").restype = ctypes.POINTER(ctypes.c_float)
    return vl


def _array(a):
    a = np.ascontiguousarray(a, np.float32)
    return a, a.ctypes.data_as(ctypes.c_void_p)


def posteriors(vl, X, weights, means, variances):
    """Posteriors (n, K) and the mean log-likelihood."""
    (X, px), (weights, pw), (means, pm), (variances, pv) = map(_array, (X, weights, means, variances))
    out = np.empty((len(X), len(weights)), np.float32)
    size = ctypes.c_size_t
    total = vl.vl_get_gmm_data_posteriors_f(
        out.ctypes.data_as(ctypes.c_void_p),
        size(len(weights)),
        size(len(X)),
        pw,
        pm,
        size(X.shape[1]),
        pv,
        px,
    )
    return out, total / len(X)


def expectation_maximization(vl, X, weights, means, variances, n_iter, variance_floor):
    """Weights, means, variances after at most ``n_iter`` iterations, and the mean log-likelihood."""
    (X, px), (weights, pw), (means, pm), (variances, pv) = map(_array, (X, weights, means, variances))
    K, d = means.shape
    gmm = ctypes.c_void_p(vl.vl_gmm_new(FLOAT, ctypes.c_size_t(d), ctypes.c_size_t(K)))
    try:
        vl.vl_gmm_set_initialization(gmm, CUSTOM)
        vl.vl_gmm_set_max_num_iterations(gmm, ctypes.c_size_t(n_iter))
        vl.vl_gmm_set_covariance_lower_bound(gmm, ctypes.c_double(variance_floor))
        vl.vl_gmm_set_priors(gmm, pw)
        vl.vl_gmm_set_means(gmm, pm)
        vl.vl_gmm_set_covariances(gmm, pv)
        total = vl.vl_gmm_em(gmm, px, ctypes.c_size_t(len(X)))
        means = np.ctypeslib.as_array(vl.vl_gmm_get_means(gmm), (K, d)).copy()
        variances = np.ctypeslib.as_array(vl.vl_gmm_get_covariances(gmm), (K, d)).copy()
        weights = np.ctypeslib.as_array(vl.vl_gmm_get_priors(gmm), (K,)).copy()
    finally:
        vl.vl_gmm_delete(gmm)
    return weights, means, variances, total / len(X)


class _KMeans(ctypes.Structure):
    """The public head of VlKMeans, whose setters exist as inline functions only."""

    _fields_ = [
        ("dataType", ctypes.c_uint32),
        ("dimension", ctypes.c_size_t),
        ("numCenters", ctypes.c_size_t),
        ("numTrees", ctypes.c_size_t),
        ("maxNumComparisons", ctypes.c_size_t),
        ("initialization", ctypes.c_int),
        ("algorithm", ctypes.c_int),
        ("distance", ctypes.c_int),
        ("maxNumIterations", ctypes.c_size_t),
        ("minEnergyVariation", ctypes.c_double),
        ("numRepetitions", ctypes.c_size_t),
        ("verbosity", ctypes.c_int),
        ("centers", ctypes.POINTER(ctypes.c_float)),
    ]


def kmeans(vl, X, words, n_iter, elkan=True):
    """Words after at most ``n_iter`` iterations, and the inertia."""
    (X, px), (words, pw) = map(_array, (X, words))
    (n, d), K = X.shape, len(words)
    pointer = ctypes.c_void_p(vl.vl_kmeans_new(FLOAT, L2))
    try:
        vl.vl_kmeans_set_centers(pointer, pw, ctypes.c_size_t(d), ctypes.c_size_t(K))
        head = ctypes.cast(pointer, ctypes.POINTER(_KMeans)).contents
        head.algorithm, head.maxNumIterations, head.minEnergyVariation = int(elkan), n_iter, 0.0
        inertia = vl.vl_kmeans_refine_centers(pointer, px, ctypes.c_size_t(n))
        return np.ctypeslib.as_array(head.centers, (K, d)).copy(), inertia
    finally:
        vl.vl_kmeans_delete(pointer)
