"""Interleaved timing of peers in one process, single-threaded.

Every benchmark script of this folder states its contenders as functions of no
argument; :func:`compare` runs them in turn (A B C A B C ...), so that a drift of
the machine's speed falls on all of them, and reports medians and ratios.

Run a script as ``python experiments/benchmarks/bench_NAME.py [--rounds N]
[--tiny] [--json FILE]``. ``--tiny`` is for continuous integration: it shows
that the benchmark still runs, its figures mean nothing.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402


def arguments(description):
    """Parse the arguments that all benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default 7)")
    parser.add_argument("--tiny", action="store_true", help="one round on tiny inputs: does it still run?")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if options.tiny:
        options.rounds = 1
    return options


def compare(title, contenders, rounds, warmup=1, bars=None):
    """Time functions in turn; return {name: median seconds}, with the spread in ``.min`` and ``.max`` rows.

    Parameters
    ----------
    title : str
    contenders : dict of str to callable
        The first one is ours; ratios are peer / ours. A value that is a string
        names the reason why that peer is absent.
    rounds : int
    bars : dict of str to float, optional
        The ratio at which a peer should be left behind, by name.

    Returns
    -------
    dict
        ``{"title", "rounds", "rows": [{"name", "median", "min", "max", "ratio"}], "absent": {...}}``; a row
        with a bar has it as ``"bar"``.
    """
    import cv2
    import threadpoolctl

    cv2.setNumThreads(1)
    absent = {name: why for name, why in contenders.items() if isinstance(why, str)}
    live = {name: f for name, f in contenders.items() if callable(f)}
    seconds = {name: [] for name in live}
    with threadpoolctl.threadpool_limits(1):
        for function in live.values():
            for _ in range(warmup):
                function()
        for _ in range(rounds):
            for name, function in live.items():
                start = time.perf_counter()
                function()
                seconds[name].append(time.perf_counter() - start)
    ours = statistics.median(next(iter(seconds.values())))
    rows = [
        {
            "name": name, "median": statistics.median(s), "min": min(s), "max": max(s),
            "ratio": statistics.median(s) / ours,
        }
        for name, s in seconds.items()
    ]
    for row in rows:
        if row["name"] in (bars or {}):
            row["bar"] = bars[row["name"]]
    result = {"title": title, "rounds": rounds, "rows": rows, "absent": absent}
    show(result)
    return result


def keep_results(contenders):
    """The contenders, each keeping what it returned last, and the dict {name: result} that fills as they run."""
    found = {}

    def keeping(name, function):
        def run():
            found[name] = function()

        return run

    return {name: f if isinstance(f, str) else keeping(name, f) for name, f in contenders.items()}, found


def show(result):
    """Print one comparison as a table."""
    print(f"\n{result['title']}  (medians of {result['rounds']} interleaved rounds, one thread)")
    width = max(len(row["name"]) for row in result["rows"])
    for row in result["rows"]:
        verdict = ""
        if "bar" in row:
            verdict = f"   bar {row['bar']:g}x: {'holds' if row['ratio'] >= row['bar'] else 'MISSED'}"
        print(
            f"  {row['name']:<{width}}  {row['median'] * 1e3:10.2f} ms  "
            f"[{row['min'] * 1e3:.2f} .. {row['max'] * 1e3:.2f}]  {row['ratio']:7.2f}x{verdict}"
        )
    for name, why in result["absent"].items():
        print(f"  {name}: left out, {why}")


def finish(results, options):
    """Write all comparisons to ``--json`` if asked for."""
    if options.json:
        record = {"machine": platform.processor() or platform.machine(), "python": platform.python_version(),
                  "results": results}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(record, indent=2) + "\n")
