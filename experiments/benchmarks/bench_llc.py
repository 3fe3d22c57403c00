"""LLC with max pooling over a 21-cell pyramid, beside numpy and faiss.

    python experiments/benchmarks/bench_llc.py

10,000 descriptors of 128 dimensions, 1024 and 4096 words, 5 neighbors, cells 1x1 + 2x2 + 4x4.
"""

import timing  # isort: skip  (sets the threads of BLAS before numpy is loaded)

import os

import numpy as np

from bovw import LLC, KMeansCodebook
from bovw.pooling import find_atoms, parse_layouts

CELLS = ("1x1", "2x2", "4x4")
NEIGHBORS, REGULARIZATION = 5, 1e-4


def problem(n, d, K, seed=0):
    """Unit vectors of positive numbers in clusters, as SIFT descriptors are, and words among them."""
    rng = np.random.default_rng(seed)
    centers = rng.gamma(0.5, size=(K, d))
    words = centers + 0.2 * rng.gamma(0.5, size=(K, d))
    X = centers[rng.integers(K, size=n)] + 0.5 * rng.gamma(0.5, size=(n, d))
    positions = rng.random((n, 2), dtype=np.float32)
    return (*(np.float32(a / np.linalg.norm(a, axis=1, keepdims=True)) for a in (X, words)), positions)


def solve_and_pool(X, words, indices, members_of_cell):
    """The part that both peers share: batched solves, then the maximum of dense codes over each cell."""
    k, K = indices.shape[1], len(words)
    codes = np.zeros((len(X), K), np.float32)
    Z = words[indices] - X[:, None]
    G = Z @ Z.transpose(0, 2, 1)
    G += (REGULARIZATION * np.trace(G, axis1=1, axis2=2))[:, None, None] * np.eye(k, dtype=np.float32)
    w = np.linalg.solve(G, np.ones((len(X), k, 1), np.float32))[..., 0]
    w /= w.sum(axis=1, keepdims=True)
    np.put_along_axis(codes, indices, w, axis=1)
    finest = np.stack([codes[rows].max(axis=0, initial=-np.inf) for rows in members_of_cell])
    grid = finest.reshape(4, 4, K)
    level1 = grid.reshape(2, 2, 2, 2, K).max(axis=(1, 3)).reshape(4, K)
    return np.concatenate([finest.max(axis=0)[None], level1, finest])


def numpy_gemm(X, words, members_of_cell, rows=1024):
    half_squares = (words**2).sum(axis=1) / 2
    transposed = np.ascontiguousarray(words.T)

    def run():
        indices = np.empty((len(X), NEIGHBORS), np.int64)
        for start in range(0, len(X), rows):
            scores = X[start : start + rows] @ transposed
            np.subtract(half_squares, scores, out=scores)
            indices[start : start + rows] = np.argpartition(scores, NEIGHBORS - 1, axis=1)[:, :NEIGHBORS]
        return solve_and_pool(X, words, indices, members_of_cell)

    return run


def faiss_search(X, words, members_of_cell):
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")  # its old OpenBLAS does not know newer processors
    try:
        import faiss
    except ImportError as error:
        return str(error)
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatL2(words.shape[1])
    index.add(words)

    def run():
        return solve_and_pool(X, words, index.search(X, NEIGHBORS)[1], members_of_cell)

    return run


def main():
    options = timing.arguments(__doc__)
    results = []
    for n, d, K in ((300, 16, 64),) if options.tiny else ((10_000, 128, 1024), (10_000, 128, 4096)):
        X, words, positions = problem(n, d, K)
        codebook = KMeansCodebook(K)
        codebook.words_, codebook.n_features_in_ = words, d
        encoder = LLC.with_codebook(codebook, n_neighbors=NEIGHBORS, regularization=REGULARIZATION)
        cell = (positions[:, 1] * 4).astype(int) * 4 + (positions[:, 0] * 4).astype(int)
        members_of_cell = [np.flatnonzero(cell == c) for c in range(16)]

        def ours(X=X, positions=positions, encoder=encoder):
            atoms, members = find_atoms(parse_layouts(CELLS), positions)
            return encoder.pool(X, atoms, members.shape[1], cells=members)

        contenders = {
            "bovw": ours,
            "numpy": numpy_gemm(X, words, members_of_cell),
            "faiss + numpy": faiss_search(X, words, members_of_cell),
        }
        result = timing.compare(f"LLC, {n} x {d}, {K} words, 21 cells", contenders, options.rounds)
        result["difference"] = float(np.abs(ours() - contenders["numpy"]()).max())
        print(f"  largest difference to numpy: {result['difference']:.1e}")
        results.append(result)
    timing.finish(results, options)


if __name__ == "__main__":
    main()
