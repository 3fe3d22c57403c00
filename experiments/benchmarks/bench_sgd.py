"""OneVsRestSGD on a store of many classes: rows a second beside sgemm and SGDClassifier, and its memory.

    python experiments/benchmarks/bench_sgd.py [--rows 100000] [--features 32768] [--classes 1000]
        [--workers 2] [--steps 40 | --epochs N] [--store FOLDER] [--rounds N] [--tiny] [--json FILE]

The signatures are random ones about class centers; they lie in a SignatureStore with product
quantization (8 dimensions a byte), which ``--store`` keeps for the next time. By default
``--steps`` batches of an epoch are timed, which is what an epoch is made of; ``--epochs``
trains through all rows.

An image and class cost 4 d floating-point operations (score and gradient). The rate that
makes is put beside that of one sgemm of the shape of a batch's scores, by as many threads
as there are workers. SGDClassifier trains one class against the rest on ``--peer-rows`` rows
in memory, one epoch without shuffling; a fit on half the rows is subtracted, so that what
it spends on checks and conversion does not count. Peak memory is that of a process of its
own that opens the store and trains.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import timing  # isort: skip  # first, it sets the number of BLAS threads

import numpy as np
import threadpoolctl

from bovw._threads import single_threaded
from bovw.classify import OneVsRestSGD, averaged_sgd
from bovw.classify.blocks import ShuffledBatches, read_ahead

BATCH = 512
WRITE_ROWS = 1024


def labels_of(options):
    """Classes of the rows, in no order."""
    return np.random.default_rng(1).permutation(np.arange(options.rows) % options.classes)


def blocks_of_signatures(options, labels):
    """Yield (start, rows): signed square roots of unit norm about the centers of their classes."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((options.classes, options.features), dtype=np.float32).astype(np.float16)
    for start in range(0, len(labels), WRITE_ROWS):
        rows = rng.standard_normal((len(labels[start : start + WRITE_ROWS]), options.features), dtype=np.float32)
        rows += 0.3 * centers[labels[start : start + WRITE_ROWS]]
        np.copysign(np.sqrt(np.abs(rows)), rows, out=rows)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        yield start, rows


def open_store(options, folder):
    """The store of signatures, made if it is not there."""
    from bovw.signatures import ProductQuantizer
    from bovw.stores import SignatureStore

    labels = labels_of(options)
    blocks = blocks_of_signatures(options, labels)
    codec = None
    if not (folder / "done").exists():
        start, first = next(blocks)
        codec = ProductQuantizer(subvector_size=8, n_bits=8, max_iter=3).fit(first)
        store = SignatureStore.create(
            folder / "store", options.rows, options.features, fingerprint="bench_sgd", codec=codec,
            rows_per_shard=WRITE_ROWS, labels=labels,
        )
        store.write(start, first)
        for start, rows in blocks:
            store.write(start, rows)
        (folder / "done").touch()
    return SignatureStore.open(folder / "store")


def median_seconds(function, rounds):
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def sgemm_rate(options):
    """Floating-point operations a second of the scores of a batch, every thread with its share of the classes."""
    rng = np.random.default_rng(0)
    share = -(-options.classes // options.workers)
    weights = [rng.standard_normal((share, options.features), dtype=np.float32) for _ in range(options.workers)]
    batch = rng.standard_normal((BATCH, options.features), dtype=np.float32)
    with single_threaded(), ThreadPoolExecutor(options.workers) as threads:
        def run():
            return list(threads.map(lambda part: part @ batch.T, weights))

        run()
        return 2 * share * options.workers * batch.size / median_seconds(run, options.rounds)


class FirstRows:
    """The first rows of a source."""

    def __init__(self, source, n_rows):
        self.source, self.shape = source, (n_rows, source.shape[1])

    def read(self, start, stop, out=None):
        return self.source.read(start, stop, out)


def rows_a_second(source, labels, options):
    """Of training; from the difference of one and two epochs over some rows, so that setting up does not count."""
    n_rows = min(options.rows, options.steps * BATCH)
    some = FirstRows(source, n_rows)

    def train(epochs):
        averaged_sgd(
            some, labels[:n_rows], n_classes=options.classes, eta0=1.0, max_iter=epochs, batch_size=BATCH,
            n_jobs=options.workers,
        )

    differences = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        train(1)
        middle = time.perf_counter()
        train(3)
        differences.append(max(1e-9, time.perf_counter() - middle - (middle - start)) / 2)
    return n_rows / statistics.median(differences)


def reading_rate(source, options):
    """Rows a second that reading and shuffling alone give, in its one thread."""
    n_rows = min(options.rows, options.steps * BATCH)
    batches = ShuffledBatches(
        FirstRows(source, n_rows), np.ones(n_rows, bool), batch_size=BATCH, buffer_size=2048, read_rows=16, seed=0
    )
    return n_rows / median_seconds(lambda: sum(1 for _ in read_ahead(batches.epoch(0))), options.rounds)


def peer_seconds(source, labels, options):
    """SGDClassifier's seconds an image and class."""
    from sklearn.linear_model import SGDClassifier

    n_rows = min(options.rows, options.peer_rows)
    X, y = source.read(0, n_rows), labels[:n_rows] == labels[0]

    def fit(n):
        SGDClassifier(max_iter=1, tol=None, shuffle=False, average=True).fit(X[:n], y[:n])

    fit(n_rows // 2)
    whole, half = (median_seconds(lambda n=n: fit(n), options.rounds) for n in (n_rows, n_rows // 2))
    return (whole - half) / (n_rows - n_rows // 2)


def train_and_report(options, folder):
    """In a process of its own: train, then print peak memory and accuracy as JSON."""
    store, labels = open_store(options, folder), labels_of(options)
    n_rows = options.rows if options.epochs else min(options.rows, options.steps * BATCH)
    rows = None if n_rows == options.rows else np.arange(n_rows)
    machine = OneVsRestSGD(max_iter=options.epochs or 1, batch_size=min(BATCH, n_rows), n_jobs=options.workers)
    start = time.perf_counter()
    machine.fit(store, labels, rows=rows)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    some = np.random.default_rng(2).permutation(n_rows)[:1000]
    accuracy = (machine.predict(store[np.sort(some)]) == labels[np.sort(some)]).mean()
    print(json.dumps({
        "training, seconds": seconds, "rows x epochs": n_rows * machine.n_iter_,
        "peak memory of the process, GB": peak / 1e9, "accuracy on 1000 training rows": float(accuracy),
    }))


def main():
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--rows", type=int, default=100_000)
    own.add_argument("--features", type=int, default=32768)
    own.add_argument("--classes", type=int, default=1000)
    own.add_argument("--workers", type=int, default=2)
    own.add_argument("--steps", type=int, default=16)
    own.add_argument("--epochs", type=int, default=0)
    own.add_argument("--peer-rows", type=int, default=2000)
    own.add_argument("--store", type=Path)
    own.add_argument("--train-only", action="store_true", help=argparse.SUPPRESS)
    sizes, rest = own.parse_known_args()
    sys.argv[1:] = rest if "--rounds" in rest else [*rest, "--rounds", "3"]
    options = argparse.Namespace(**vars(timing.arguments(__doc__)), **vars(sizes))
    if options.tiny:
        options.rows, options.features, options.classes, options.steps, options.peer_rows = 1200, 64, 10, 2, 400
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.store or Path(temporary)
        if options.train_only:
            train_and_report(options, folder)
            return
        folder.mkdir(parents=True, exist_ok=True)
        timing.finish([measure(options, folder)], options)


def measure(options, folder):
    """All figures of one shape, printed, as a result of ``timing``."""
    store, labels = open_store(options, folder), labels_of(options)
    flop = 4 * options.features * options.classes
    with threadpoolctl.threadpool_limits(1):
        sgemm, ours, reading = sgemm_rate(options), rows_a_second(store, labels, options), reading_rate(store, options)
        peer = peer_seconds(store, labels, options)
    shape = ("rows", "features", "classes", "workers", "steps", "epochs")
    own_process = subprocess.run(
        [
            sys.executable, __file__, "--train-only", "--store", str(folder),
            *(f"--{name}={getattr(options, name)}" for name in shape),
        ],
        capture_output=True, text=True, check=True, env=os.environ,
    )
    notes = {
        "rows a second": ours, "rows a second that reading alone gives": reading,
        "sgemm, GFLOP/s": sgemm / 1e9, "training, GFLOP/s": ours * flop / 1e9,
        "training / sgemm": ours * flop / sgemm, "bytes a row in the store": store.bytes_per_image,
        **json.loads(own_process.stdout),
    }
    title = (
        f"{options.rows} x {options.features}, {options.classes} classes, {options.workers} workers: "
        "an image and class"
    )
    seconds = {"bovw OneVsRestSGD": 1 / (ours * options.classes), "SGDClassifier": peer}
    rows = [
        {"name": name, "median": s, "min": s, "max": s, "ratio": s * ours * options.classes}
        for name, s in seconds.items()
    ]
    print(f"\n{title}")
    for row in rows:
        print(f"  {row['name']:<20}{row['median'] * 1e6:10.3f} us {row['ratio']:8.2f}x")
    for name, value in notes.items():
        print(f"  {name}: {value:.4g}")
    return {"title": title, "rounds": options.rounds, "rows": rows, "absent": {}, "notes": notes}


if __name__ == "__main__":
    main()
