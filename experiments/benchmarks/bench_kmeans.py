"""k-means and assignment beside scikit-learn, faiss, VLFeat, OpenCV and plain numpy.

200,000 x 128 descriptors, 1000 words, 10 iterations from the same start; assignment
of 100,000 x 128 to 1000 and to 4000 words. The data are gamma-distributed rows of
unit length around 500 centers, about as spread as SIFT. VLFeat and OpenCV take most
of the time: ``--quick`` leaves them out.
"""

import os
import sys

# The faiss wheel's OpenBLAS does not know recent processors and falls back to slow kernels.
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
QUICK = "--quick" in sys.argv
if QUICK:
    sys.argv.remove("--quick")

import timing  # noqa: E402  (sets the number of threads before numpy is loaded)

# isort: split
import numpy as np  # noqa: E402
import vlfeat_mixture  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402

from bovw.codebook.lloyd import lloyd  # noqa: E402
from bovw.codebook.nearest import nearest_words  # noqa: E402

try:
    import faiss
except ImportError:
    faiss = None

N_ITER = 10
BLOCK = 2048


def descriptors(n, d, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.gamma(0.5, size=(500, d)).astype(np.float32)
    X = centers[rng.integers(500, size=n)] + rng.gamma(0.5, size=(n, d)).astype(np.float32)
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def numpy_labels(X, words):
    """A careful version: blocks, one buffer."""
    offsets = (words * words).sum(axis=1) / 2
    buffer, labels = np.empty((BLOCK, len(words)), np.float32), np.empty(len(X), np.int64)
    for start in range(0, len(X), BLOCK):
        block = X[start : start + BLOCK]
        scores = np.matmul(block, words.T, out=buffer[: len(block)])
        scores -= offsets
        labels[start : start + BLOCK] = scores.argmax(axis=1)
    return labels


def numpy_kmeans(X, words):
    for _ in range(N_ITER):
        labels = numpy_labels(X, words)
        order = np.argsort(labels, kind="stable")
        counts = np.bincount(labels, minlength=len(words))
        used = np.flatnonzero(counts)
        sums = np.add.reduceat(X[order], (np.cumsum(counts) - counts)[used], axis=0)
        words = words.copy()
        words[used] = sums / counts[used, None]
    return words


def scikit_learn_kmeans(X, words):
    model = KMeans(len(words), init=words, n_init=1, max_iter=N_ITER, tol=0, algorithm="lloyd")
    return model.fit(X).cluster_centers_


def faiss_kmeans(X, words):
    clustering = faiss.Clustering(X.shape[1], len(words))
    clustering.niter, clustering.max_points_per_centroid = N_ITER, len(X)
    clustering.min_points_per_centroid = 1
    faiss.copy_array_to_vector(words.ravel(), clustering.centroids)
    clustering.train(X, faiss.IndexFlatL2(X.shape[1]))
    return faiss.vector_to_array(clustering.centroids).reshape(words.shape)


def opencv_kmeans(X, words):
    import cv2

    labels = numpy_labels(X, words).astype(np.int32)
    criteria = (cv2.TERM_CRITERIA_MAX_ITER, N_ITER, 0.0)
    return cv2.kmeans(X, len(words), labels, criteria, 1, cv2.KMEANS_USE_INITIAL_LABELS)[2]


def training(X, words, options):
    vl = vlfeat_mixture.load()
    contenders = {
        "bovw": lambda: lloyd(X, words, max_iter=N_ITER, tol=0)[0],
        "faiss": (lambda: faiss_kmeans(X, words)) if faiss else "faiss-cpu is not installed",
        "scikit-learn": lambda: scikit_learn_kmeans(X, words),
        "numpy": lambda: numpy_kmeans(X, words),
    }
    slow = {
        "VLFeat Elkan": (lambda: vlfeat_mixture.kmeans(vl, X, words, N_ITER)[0])
        if vl
        else "libvl is not installed",
        "OpenCV": lambda: opencv_kmeans(X, words),
    }
    contenders |= dict.fromkeys(slow, "--quick") if QUICK else slow
    wrapped, found = timing.keep_results(contenders)
    result = timing.compare(
        f"k-means, {len(X)} x {X.shape[1]}, K={len(words)}, {N_ITER} iterations",
        wrapped,
        options.rounds,
        warmup=0,
    )
    ours = None
    for name, centers in found.items():
        inertia = lloyd(X, centers, max_iter=1)[2][0]
        ours = inertia if ours is None else ours
        print(f"  {name}: inertia of the words {inertia:.6g}, {100 * (inertia / ours - 1):+.4f} %")
    return result


def assignment(X, words, options):
    contenders = {"bovw": lambda: nearest_words(X, words), "numpy": lambda: numpy_labels(X, words)}
    if faiss:
        index = faiss.IndexFlatL2(X.shape[1])
        index.add(words)
        contenders["faiss flat"] = lambda: index.search(X, 1)[1][:, 0]
    else:
        contenders["faiss flat"] = "faiss-cpu is not installed"
    result = timing.compare(
        f"assignment, {len(X)} x {X.shape[1]}, K={len(words)}", contenders, options.rounds
    )
    ours = nearest_words(X, words)
    for name, function in contenders.items():
        if callable(function):
            print(f"  {name}: {int((function() != ours).sum())} labels differ from bovw's")
    return result


def main():
    options = timing.arguments(__doc__)
    n, K = (3000, (20, 40)) if options.tiny else (200_000, (1000, 4000))
    X = descriptors(n, 128)
    rows = np.random.default_rng(1).permutation(n)
    results = [assignment(X[: n // 2], X[rows[:k]], options) for k in K]
    if faiss:
        faiss.omp_set_num_threads(1)
    results.append(training(X, X[rows[: K[0]]], options))
    timing.finish(results, options)


if __name__ == "__main__":
    main()
