"""One-vs-rest SVMs: OneVsRestDual beside liblinear, scikit-learn and VLFeat, one thread.

    python experiments/benchmarks/bench_svm.py [--samples 9000] [--features 21504] [--classes 102]
        [--peer-classes 3] [--peers NAME ...] [--loss hinge|squared_hinge] [--cost 1] [--rounds 1] [--tiny]
        [--json FILE]

The data stand in for Fisher vectors: signed square roots, rows of unit norm, a component
that all samples share, one that a class shares, and one of a second class that confuses.

Ours trains all classes, Gram matrix included, and once more without 8-bit integers. The
peers train ``--peer-classes`` of them, and the table scales that time to all classes. What
a peer spends on converting X is shown on its own and is in no ratio: it is paid once
however many classes there are. LinearSVC converts inside ``fit``, so what is measured is a
fit of the ``--peer-classes`` + 1 classes "each of these" and "all others" less a fit of two
classes, both one-vs-rest; SGDClassifier takes float32. All run once before they are timed,
then in turn. The peers keep their default tolerances (VLFeat's SDCA: that of its
recognition application); the notes beneath the table say how the objectives compare,
SGDClassifier's aside: it does not regularize the bias. Peak memory is what the process grew
by while ours trained, plus X, over X.
"""

import argparse
import resource
import statistics
import sys
import time

import timing  # isort: skip  # first, it sets the number of BLAS threads

import numpy as np
import threadpoolctl
import vlfeat
from sklearn.base import clone
from sklearn.linear_model import SGDClassifier
from sklearn.svm import LinearSVC

from bovw.classify import OneVsRestDual


def signatures(n_samples, n_features, n_classes, seed=0):
    """Class-structured signed square roots of unit norm, (n_samples, n_features) float32, and labels."""
    rng = np.random.default_rng(seed)
    shared = 0.5 * rng.standard_normal(n_features, dtype=np.float32)
    centers = rng.standard_normal((n_classes, n_features), dtype=np.float32)
    labels = np.sort(np.arange(n_samples) % n_classes)
    confused = rng.integers(0, n_classes, n_samples)
    strength = rng.uniform(0.05, 0.45, n_samples).astype(np.float32)
    X = np.empty((n_samples, n_features), dtype=np.float32)
    for row, own, other, weight in zip(X, labels, confused, strength, strict=True):
        rng.standard_normal(out=row, dtype=np.float32)
        row += shared + weight * centers[own] + 0.2 * centers[other]
        row[:] = np.sign(row) * np.sqrt(np.abs(row))
        row /= np.linalg.norm(row)
    return X, labels


def objective(X, signs, weights, bias, C, loss):
    """The primal objective in float64; the bias is the weight of an appended 1."""
    margins = signs * (X @ weights.astype(np.float32) + np.float32(bias)).astype(np.float64)
    miss = np.maximum(0, 1 - margins)
    total = (miss if loss == "hinge" else miss**2).sum()
    return 0.5 * (np.dot(weights, weights) + bias**2) + C * total


class LibLinear:
    """liblinear through its own Python interface, default tolerance."""

    name = "liblinear"

    def __init__(self, X, C, loss):
        from liblinear import liblinearutil

        self.library, self.C = liblinearutil, C
        self.solver = {"hinge": 3, "squared_hinge": 1}[loss]
        start = time.perf_counter()
        self.problem = liblinearutil.problem(np.zeros(len(X)), X, 1)
        self.conversion = time.perf_counter() - start

    def fit(self, signs):
        """Returns (seconds a class, [(weights, bias) of each row of ``signs``])."""
        machines, seconds = [], 0.0
        for sign in signs:
            for i, value in enumerate(sign):
                self.problem.y[i] = value
            start = time.perf_counter()
            model = self.library.train(self.problem, f"-s {self.solver} -c {self.C} -B 1 -q")
            seconds += time.perf_counter() - start
            weights, bias = model.get_decfun(label_idx=0)
            side = model.get_labels()[0]
            machines.append((side * np.array(weights), side * bias))
        return seconds / len(signs), machines


class SklearnLinearSVC:
    """scikit-learn's LinearSVC, dual, default tolerance."""

    name = "LinearSVC"

    def __init__(self, X, C, loss):
        self.X, self.machine = X, LinearSVC(C=C, loss=loss, dual=True, random_state=0)
        self.conversion = None

    def fit(self, signs):
        """Returns (seconds a class, [(weights, bias) of each row of ``signs``])."""
        target = np.where((signs > 0).any(axis=0), (signs > 0).argmax(axis=0), len(signs))
        seconds, machines = [], []
        for labels in (target == 0, target):
            start = time.perf_counter()
            machines.append(clone(self.machine).fit(self.X, labels))
            seconds.append(time.perf_counter() - start)
        each = (seconds[1] - seconds[0]) / len(signs)
        self.conversion = seconds[0] - each
        return each, list(zip(machines[1].coef_, machines[1].intercept_, strict=True))[: len(signs)]


class SklearnSGD:
    """scikit-learn's SGDClassifier, averaged, default stopping rule."""

    name = "SGDClassifier"

    def __init__(self, X, C, loss):
        self.X, self.conversion = X, None
        self.machine = SGDClassifier(loss=loss, alpha=1 / (len(X) * C), average=True, random_state=0)

    def fit(self, signs):
        """Returns (seconds a class, [(weights, bias) of each row of ``signs``])."""
        start = time.perf_counter()
        machines = [clone(self.machine).fit(self.X, sign) for sign in signs]
        seconds = (time.perf_counter() - start) / len(signs)
        return seconds, [(machine.coef_[0], machine.intercept_[0]) for machine in machines]


class VLFeatSVM:
    """VLFeat's SDCA solver on float32."""

    name = "VLFeat SDCA"

    def __init__(self, X, C, loss):
        if vlfeat.load() is None:
            raise ImportError("libvlfeat is not installed")
        self.machine, self.conversion = vlfeat.SVM(X, C=C, loss=loss), None

    def fit(self, signs):
        """Returns (seconds a class, [(weights, bias) of each row of ``signs``])."""
        start = time.perf_counter()
        machines = [self.machine(sign) for sign in signs]
        return (time.perf_counter() - start) / len(signs), machines


PEERS = (LibLinear, SklearnLinearSVC, SklearnSGD, VLFeatSVM)


def measure(X, labels, options):
    """One comparison as ``timing.compare`` returns it, with the table's footnotes."""
    n_classes, C, loss = options.classes, options.cost, options.loss
    few = slice(None, None, max(1, len(X) // (4 * n_classes)))  # to warm up
    OneVsRestDual(C, loss=loss).fit(X[few], labels[few])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    machine = OneVsRestDual(C, loss=loss).fit(X, labels)
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    notes = {
        "Gram matrix of 8-bit integers": int(machine.rounded_), "passes": int(machine.n_iter_.max()),
        "largest relative gap": float(machine.dual_gaps_.max()),
        "peak memory / X": 1 + growth / X.nbytes,
    }
    chosen = np.linspace(0, n_classes - 1, options.peer_classes).astype(int)
    signs = np.array([np.where(labels == p, 1, -1) for p in chosen])
    peers, absent = [], {}
    for peer_class in PEERS if len(chosen) else ():
        if peer_class.name not in options.peers:
            continue
        try:
            peers.append(peer_class(X, C, loss))
        except ImportError as error:
            absent[peer_class.name] = str(error)
    for peer in peers:
        peer.fit(signs[:1])
    names = ("bovw OneVsRestDual", "the same, gram=float32", *(peer.name for peer in peers))
    seconds = {name: [] for name in names}
    excess = {}
    for _ in range(options.rounds):
        for name, gram in ((names[1], "float32"), (names[0], "auto")):
            start = time.perf_counter()
            machine = OneVsRestDual(C, loss=loss, gram=gram).fit(X, labels)
            seconds[name].append(time.perf_counter() - start)
        for peer in peers:
            each, machines = peer.fit(signs)
            seconds[peer.name].append(n_classes * each)
            excess[peer.name] = max(
                objective(X, signs[i], machine.coef_[p].astype(float), float(machine.intercept_[p]), C, loss)
                / objective(X, signs[i], weights, bias, C, loss) - 1
                for i, (p, (weights, bias)) in enumerate(zip(chosen, machines, strict=True))
            )
    for peer in peers:
        if min(seconds[peer.name]) <= 0:
            del seconds[peer.name]
            absent[peer.name] = "its training time is within the noise of its conversion of X"
        if peer.conversion is not None:
            notes[f"{peer.name}: seconds to convert X, in no ratio"] = peer.conversion
        notes[f"{peer.name}: our objective over its, less 1, worst"] = excess[peer.name]
    ours = statistics.median(seconds["bovw OneVsRestDual"])
    rows = [
        {"name": name, "median": statistics.median(s), "min": min(s), "max": max(s),
         "ratio": statistics.median(s) / ours}
        for name, s in seconds.items()
    ]
    title = (
        f"{len(X)} x {X.shape[1]}, {n_classes} classes, {loss}, C={C:g}; peers measured on "
        f"{len(chosen)} classes and scaled to {n_classes}"
    )
    return {"title": title, "rounds": options.rounds, "rows": rows, "absent": absent, "notes": notes}


def main():
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--samples", type=int, default=9000)
    own.add_argument("--features", type=int, default=21504)
    own.add_argument("--classes", type=int, default=102)
    own.add_argument("--peer-classes", type=int, default=3, help="at least 2, or 0 for no peers")
    names = [peer.name for peer in PEERS]
    own.add_argument("--peers", nargs="+", choices=names, default=names, metavar="NAME",
                     help=f"at full size SGDClassifier takes many minutes; of {', '.join(names)}")
    own.add_argument("--loss", choices=("hinge", "squared_hinge"), default="hinge")
    own.add_argument("--cost", type=float, default=1.0)
    sizes, rest = own.parse_known_args()
    if sizes.peer_classes == 1:
        own.error("--peer-classes must be at least 2, or 0: LinearSVC's time a class is a difference")
    sys.argv[1:] = rest if "--rounds" in rest else [*rest, "--rounds", "1"]
    options = argparse.Namespace(**vars(timing.arguments(__doc__)), **vars(sizes))
    if options.tiny:
        options.samples, options.features, options.classes, options.peer_classes = 200, 300, 5, 2
    with threadpoolctl.threadpool_limits(1):
        X, labels = signatures(options.samples, options.features, options.classes)
        result = measure(X, labels, options)
    timing.show(result)
    for name, value in result["notes"].items():
        print(f"  {name}: {value:.4g}")
    timing.finish([result], options)


if __name__ == "__main__":
    main()
