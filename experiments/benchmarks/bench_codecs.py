"""Codecs of signatures: encode, decode, products and training, beside faiss and plain numpy.

Decoding is also given in GB of float32 a second of processor time. ``--train`` also times learning the words
of 131,072 columns on 20,000 rows (some minutes, and 2 GB of memory at most: the columns
are made as they are asked for).
"""

import sys

TRAIN = "--train" in sys.argv
if TRAIN:
    sys.argv.remove("--train")

import timing  # noqa: E402  (sets the number of threads before numpy is loaded)

# isort: split
import statistics  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402

from bovw import FeatureHashing, Float16Codec, ProductQuantizer  # noqa: E402

try:
    import faiss

    faiss.omp_set_num_threads(1)
except ImportError:
    faiss = None

SETTINGS = ((8, 8), (8, 4), (16, 8))


def signatures(n, d, seed=0):
    X = np.random.default_rng(seed).laplace(size=(n, d)).astype(np.float32)
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def numpy_encode(X, words):
    """A careful version: one GEMM a subvector."""
    S, _, G = words.shape
    codes = np.empty((len(X), S), np.uint8)
    for s in range(S):
        scores = X[:, s * G : (s + 1) * G] @ words[s].T
        scores -= (words[s] * words[s]).sum(axis=1) / 2
        codes[:, s] = scores.argmax(axis=1)
    return codes


def numpy_decode(codes, words, out):
    S, _, G = words.shape
    out = out.reshape(len(codes), S, G)
    for s in range(S):
        np.take(words[s], codes[:, s], axis=0, out=out[:, s], mode="clip")
    return out


def faiss_quantizer(words, d, n_bits):
    quantizer = faiss.ProductQuantizer(d, len(words), n_bits)
    faiss.copy_array_to_vector(words.ravel(), quantizer.centroids)
    return quantizer


def compare_decoding(title, contenders, n_bytes, rounds):
    """As ``timing.compare``; rates are of processor time, which other work on the machine disturbs less."""
    result = timing.compare(title, contenders, rounds)
    for row in result["rows"]:
        seconds = []
        for _ in range(rounds):
            start = time.process_time()
            contenders[row["name"]]()
            seconds.append(time.process_time() - start)
        row["gigabytes_per_second"] = n_bytes / 1e9 / max(statistics.median(seconds), 1e-9)
        print(f"  {row['name']}: {row['gigabytes_per_second']:.2f} GB/s")
    return result


def product_quantizer(size, n_bits, d, m, rounds):
    """Words drawn from the rows: as costly to use as learnt ones."""
    X = signatures(m, d)
    codec = ProductQuantizer(size, n_bits=n_bits, max_iter=1).fit(signatures(300, d, seed=1))
    words, codes, out = codec.words_, codec.encode(X), np.empty_like(X)
    W = signatures(8, d, seed=2)
    title = f"x {d}, subvectors of {size}, {n_bits} bits"
    few = X[: m // 4]
    absent = "faiss-cpu is not installed"
    theirs = faiss_quantizer(words, d, n_bits) if faiss else None
    whole = n_bits == 8
    results = [
        timing.compare(
            f"encode {len(few)} {title}",
            {
                "bovw": lambda: codec.encode(few),
                "faiss": (lambda: theirs.compute_codes(few)) if faiss else absent,
                "numpy": lambda: numpy_encode(few, words),
            },
            min(rounds, 3),
        ),
        compare_decoding(
            f"decode {m} {title}",
            {
                "bovw": lambda: codec.decode(codes, out=out),
                "faiss": (lambda: theirs.decode(codes)) if faiss else absent,
                "numpy": (lambda: numpy_decode(codes, words, out)) if whole else "would have to unpack the codes",
                "copy of float32": lambda: np.copyto(out, X),
            },
            out.nbytes,
            rounds,
        ),
        timing.compare(
            f"products with {len(W)} weight vectors, {m} {title}",
            {"bovw dot": lambda: codec.dot(codes, W), "decode and GEMM": lambda: codec.decode(codes, out=out) @ W.T},
            rounds,
        ),
    ]
    return results


def others(d, m, rounds):
    X = signatures(m, d)
    half, hashing = Float16Codec().fit(X[:10]), FeatureHashing(d // 32).fit(X[:10])
    codes, hashed, out = half.encode(X), hashing.encode(X), np.empty_like(X)
    return compare_decoding(
        f"decode {m} x {d}",
        {
            "float16": lambda: half.decode(codes, out=out),
            "hashing into 1/32": lambda: hashing.decode(hashed, out=out),
            "numpy float16": lambda: np.copyto(out, codes),
        },
        out.nbytes,
        rounds,
    )


class MadeColumns:
    """Stands for a store of ``n`` signatures: columns are made when they are read."""

    is_complete = True

    def __init__(self, n, d):
        self.shape, self.signature_size = (n, d), d

    def read_columns(self, rows, first, last):
        rng = np.random.default_rng(first)
        return rng.standard_normal((len(rows), last - first), dtype=np.float32)


def training(n, d):
    results = []
    for size, n_bits in SETTINGS:
        wall, processor = time.perf_counter(), time.process_time()
        codec = ProductQuantizer(size, n_bits=n_bits).fit(MadeColumns(n, d))
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        title = f"training, {n} x {d}, subvectors of {size}, {n_bits} bits, {codec.max_iter} iterations"
        print(f"\n{title}: {wall:.1f} s, {processor:.1f} s of processor, error {codec.reconstruction_error_:.4f}")
        results.append({"title": title, "seconds": wall, "processor_seconds": processor})
    return results


def main():
    options = timing.arguments(__doc__)
    d, m = (256, 64) if options.tiny else (32_768, 1024)
    results = []
    for size, n_bits in SETTINGS:
        results += product_quantizer(size, n_bits, d, m, options.rounds)
    results.append(others(d, m, options.rounds))
    results += training(*((300, 64) if options.tiny else (20_000, 131_072) if TRAIN else (20_000, 4_096)))
    timing.finish(results, options)


if __name__ == "__main__":
    main()
