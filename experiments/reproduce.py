"""Every system that suits a data set, one after the other, into its ledger and the README's table.

``python experiments/reproduce.py scene15 --data DIR [--out runs] [NAME ...]``

runs all systems ``scene15_*`` that come with bovw (or the named ones) on the data set in DIR, with one cache, so that
a feature set that several systems share is computed once; adds a line each to ``experiments/results/scene15.jsonl``;
and renders the README's table anew. A system whose run is finished is not repeated, and one that was stopped goes on.
If all of a collection ran in one piece, how long that took is recorded in ``experiments/results/reproduce_*.json``.
For a collection without systems of its own, such as ``imagenette``, name the systems.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from bovw._files import write_json
from bovw.experiment.config import shipped_configs
from bovw.experiment.environment import describe_environment
from bovw.results.ledger import describe_code

HERE = Path(__file__).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collection", help="which ledger: experiments/results/COLLECTION.jsonl")
    parser.add_argument("systems", nargs="*", help="of bovw systems; default all COLLECTION_*")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--taxonomy", type=Path, help="for the hierarchical error of classes that are wnids")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--lite", action="store_true")
    options = parser.parse_intermixed_args()  # names may follow the options
    systems = options.systems or [name for name in shipped_configs() if name.startswith(f"{options.collection}_")]
    ledger = HERE / "results" / f"{options.collection}.jsonl"
    if options.lite:  # a trial is not for the record
        ledger = options.out / "trial.jsonl"
    start, failed, reused = time.perf_counter(), [], (options.out / "cache").exists()
    for system in systems:
        print(f"\n=== {system} ({time.perf_counter() - start:.0f} s so far)", flush=True)
        out = options.out / options.collection / system
        if (out / "metrics.json").exists():
            print("finished earlier")
            reused = True
            continue
        command = [
            sys.executable, "-m", "bovw", "run", system, "--data", options.data, "--out", out,
            "--cache", options.out / "cache", "--ledger", ledger,
        ]
        if options.taxonomy is not None:
            command += ["--taxonomy", options.taxonomy]
        for assignment in options.set:
            command += ["--set", assignment]
        if options.lite:
            command.append("--lite")
        if subprocess.run([str(part) for part in command], check=False).returncode:
            failed.append(system)
    seconds = time.perf_counter() - start
    if not (options.lite or options.systems or failed or reused):
        record(options.collection, len(systems), seconds)
    if not options.lite:
        ledgers = sorted((HERE / "results").glob("*.jsonl"))
        readme = HERE.parent / "README.md"
        subprocess.run([sys.executable, "-m", "bovw", "table", *ledgers, "--write", readme], check=True)
        subprocess.run([sys.executable, HERE / "results" / "make_readme.py"], check=True)
    print(f"\n{len(systems)} systems, {seconds / 60:.1f} minutes")
    if failed:
        sys.exit(f"these failed, see above: {', '.join(failed)}")


def record(collection, n_systems, seconds):
    """Note what all systems of a collection took, one after the other from an empty folder."""
    write_json(HERE / "results" / f"reproduce_{collection}.json", {
        "collection": collection, "systems": n_systems, "seconds": seconds, "code": describe_code(),
        "environment": describe_environment(),
    })


if __name__ == "__main__":
    main()
