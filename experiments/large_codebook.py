"""A codebook of 65,536 words from 5 million descriptors: estimate, time, memory, distortion, recall.

    BOVW_DATA=... python experiments/large_codebook.py --out experiments/results/large_codebook.json

Dense SIFT of all photographs of 15-Scene, 8 bits a number, is written to one file on disk;
without ``BOVW_DATA`` it is that of scikit-image's photographs, drawn repeatedly with a little
noise. The file is read block by block, first for a vocabulary tree of 256 x 256 words, then for mini-batches
with approximate search. Each says beforehand how long it will take; peak memory is that
of the whole process. The distortion is the mean squared distance of 50,000
descriptors to their nearest words. ``--tiny`` shows in seconds that the script still runs.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

import bovw  # noqa: E402
from bovw.codebook.nearest import nearest_words  # noqa: E402
from bovw.codebook.word_lists import ProbedSearch  # noqa: E402

D = 128


def photographs():
    """Gray photographs: all of 15-Scene, or scikit-image's."""
    folder = os.environ.get("BOVW_DATA")
    paths = sorted(Path(folder).glob("scene15/*/*.jpg")) if folder else []
    if paths:
        return len(paths), (bovw.load_image(path, mode="gray") for path in paths)
    from skimage import data

    images = [data.brick(), data.camera(), data.coins(), data.grass(), data.gravel(), data.moon(), data.page()]
    return len(images), iter(images)


def write_descriptors(path, n):
    """``n`` dense SIFT descriptors, uint8, in one .npy file."""
    n_images, images = photographs()
    extractor, rng = bovw.DenseSIFT(step=4, bin_size=(4, 8)), np.random.default_rng(0)
    file = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(n, D))
    done = 0
    for number, image in enumerate(images):
        wanted = (n - done) // (n_images - number)
        found = extractor.extract(image).descriptors
        repeated = wanted > len(found)
        rows = found[rng.choice(len(found), wanted, replace=repeated)]
        if repeated:
            rows = np.abs(rows + rng.normal(0, 0.01, rows.shape).astype(np.float32))
        file[done : done + wanted] = np.minimum(512 * rows, 255)
        done += wanted
    file.flush()


def reset_peak():
    """Let the kernel count this process's peak memory anew."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_gigabytes():
    """Peak memory, VmHWM: what is mapped from files counts."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e9


def train(name, codebook, blocks, check):
    """Fit, and say what was promised and what came out."""
    reset_peak()
    estimate = codebook.estimate_seconds(blocks)
    start, cpu = time.perf_counter(), time.process_time()
    codebook.fit(blocks)
    row = {
        "name": name, "parameters": {k: v for k, v in codebook.get_params().items() if k != "verbose"},
        "n_words": len(codebook.words_), "estimate_seconds": estimate, "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu, "peak_gigabytes": peak_gigabytes(),
    }
    exact = nearest_words(check, codebook.words_)
    row["distortion"] = distortion(check, codebook.words_, exact)
    own = codebook.predict(check)
    row["distortion_of_predict"] = distortion(check, codebook.words_, own)
    row["recall_of_predict"] = float((own == exact).mean())
    print(json.dumps(row, indent=1), flush=True)
    return row


def distortion(X, words, labels):
    """Mean squared distance of descriptors to their words."""
    return float(np.mean(np.sum((X - words[labels]) ** 2, axis=1, dtype=np.float64)))


def probes(words, check):
    """Recall and time of approximate search against exact search."""
    start = time.process_time()
    exact = nearest_words(check, words)
    exact_seconds = time.process_time() - start
    rows = []
    for n_probe in (1, 2, 4, 8, 16, 32):
        search = ProbedSearch(words, n_probe)
        start = time.process_time()
        found = search.labels(check)
        seconds = time.process_time() - start
        rows.append({
            "n_probe": n_probe, "recall": float((found == exact).mean()), "speedup": exact_seconds / seconds,
            "distortion": distortion(check, words, found),
        })
        print(rows[-1], flush=True)
    return {"exact_seconds": exact_seconds, "distortion": distortion(check, words, exact), "rows": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the figures to this file")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    n, branching, n_check = (20_000, 16, 500) if options.tiny else (5_000_000, 256, 50_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "descriptors.npy"
        write_descriptors(path, n)
        X = np.load(path, mmap_mode="r")
        blocks = bovw.ArrayBlocks(X)
        check = np.ascontiguousarray(X[:: n // n_check][:n_check], dtype=np.float32)
        tree = bovw.HierarchicalKMeans(branching, 2, verbose=True)
        rows = [train("vocabulary tree", tree, blocks, check)]
        flat = bovw.KMeansCodebook(
            branching**2, algorithm="minibatch", search="approximate", n_probe=8, max_iter=2, init_size=4, verbose=True
        )
        rows.append(train("mini-batches, approximate search", flat, blocks, check))
        found = probes(flat.words_, check)
    record = {
        "machine": platform.processor() or platform.machine(), "python": platform.python_version(),
        "n_descriptors": n, "data": "dense SIFT of 15-Scene" if os.environ.get("BOVW_DATA") else "scikit-image",
        "codebooks": rows, "approximate_search": found,
    }
    if options.out:
        options.out.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
