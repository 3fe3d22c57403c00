"""How well ``bovw plan`` predicts: a run's predicted stages beside the measured ones.

    python experiments/check_plan.py CONFIG --data DIR --out DIR [--set KEY=VALUE ...] [--json FILE]

The prediction is made first, from short measurements; then the run is made afresh, without a
cache, and timed by the clock. Stages are summed over channels and draws.
"""

import argparse
import json
import time
from pathlib import Path

from bovw.experiment import load_config, predict_run, run_experiment
from bovw.experiment.environment import describe_environment


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="a .toml file, or the name of a config that comes with bovw")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    config = load_config(options.config, overrides=options.overrides)
    start = time.perf_counter()
    estimate = predict_run(config, options.data)
    measuring = time.perf_counter() - start
    predicted = {}
    for stage in estimate.stages:
        predicted[stage.stage] = predicted.get(stage.stage, 0.0) + estimate.draws * stage.seconds
    print(f"predicted {estimate.seconds:.0f} s, after measuring for {measuring:.0f} s", flush=True)
    start = time.perf_counter()
    metrics = run_experiment(config, options.data, options.out, overwrite=True)
    measured_total = time.perf_counter() - start
    measured = metrics["seconds"]
    print(f"{'':<12} {'predicted':>10} {'measured':>10} {'ratio':>6}")
    for stage in sorted(predicted.keys() | measured.keys()):
        p, m = predicted.get(stage, 0.0), measured.get(stage, 0.0)
        print(f"{stage:<12} {p:8.1f} s {m:8.1f} s {p / m if m else float('nan'):6.2f}")
    print(f"{'the run':<12} {estimate.seconds:8.1f} s {measured_total:8.1f} s {estimate.seconds / measured_total:6.2f}")
    if options.json:
        record = {
            "config": config.name, "overrides": options.overrides, "fingerprint": config.fingerprint,
            "draws": estimate.draws, "n_train": estimate.n_train, "n_test": estimate.n_test,
            "predicted_seconds": {**predicted, "total": estimate.seconds},
            "measured_seconds": {**measured, "total": measured_total},
            "ratio": estimate.seconds / measured_total, "environment": describe_environment(),
        }
        options.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
