"""``bovw demo``: the whole way from photographs to five class names, without a download."""

import textwrap
from pathlib import Path

from .output import print_result
from .parsers import add_jobs, verb_parser, whole


def add_parser(verbs):
    parser = verb_parser(
        verbs, "demo", "the whole way on photographs that are already on disk",
        "Cuts 64-pixel windows out of the photographs that scikit-image and scikit-learn carry, learns from their "
        "left halves and names the windows of their right halves.",
        "bovw demo --out bovw-demo",
    )
    parser.add_argument("--out", type=Path, default=Path("bovw-demo"), metavar="DIR",
                        help="where windows, model and report go (default bovw-demo)")
    parser.add_argument("--seed", type=whole(0), default=0, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--lite", action="store_true", help="a smaller codebook: a trial in seconds")
    add_jobs(parser)
    parser.set_defaults(run=run, resumes=True)


def run(options):
    from ..display.report import write_report
    from ..experiment.config import load_config
    from ..experiment.demo import TASK, write_windows
    from ..experiment.runner import run_experiment

    print(textwrap.fill(TASK, 100), flush=True)
    images, results = options.out / "images", options.out / "results"
    write_windows(images, seed=options.seed)
    config = load_config("demo", overrides=[f"data.seed={options.seed}"], lite=options.lite)
    metrics = run_experiment(config, images, results, n_jobs=options.jobs, overwrite=True)
    write_report(results, metrics, images, note=TASK)
    print_result(metrics, results)
    print(f"""
What to try next:
  bovw predict {results / 'model'} {images}/test/coffee/*.png
  bovw run demo --data YOUR_FOLDER --out runs/mine --set data.n_train=30
    with YOUR_FOLDER/<class>/<image>: 30 images a class are learnt from, the rest are named""")
    return 0
