"""``bovw run``: an experiment config on a folder of images."""

import argparse
from pathlib import Path

from .output import print_result
from .parsers import add_jobs, add_kind, verb_parser, whole


def add_parser(verbs):
    parser = verb_parser(
        verbs, "run", "run an experiment config on a folder of classes",
        "Trains and tests the system that CONFIG describes and writes metrics.json, report.html, the model and the "
        "predictions to --out. A stopped run goes on where it was. Configs that come with bovw (bovw systems) can be "
        "named without their path. The name kit_baseline stands for the ILSVRC 2010 kit's own baseline, trained from "
        "a folder of its .sbow.mat files without any image.",
        "bovw demo && bovw run demo --data bovw-demo/images --out runs/demo --draws 2",
    )
    parser.add_argument("config", metavar="CONFIG", help="a .toml file, or the name of a config that comes with bovw")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR",
                        help="any data set that bovw index knows, such as DIR/<class>/<image>, or DIR/train/<class>/"
                             "<image> and DIR/test or DIR/val")
    add_kind(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where results go")
    parser.add_argument("--draws", type=whole(1), metavar="N", help="random training and test splits (data.draws)")
    parser.add_argument("--seed", type=whole(0), metavar="S", help="seed of splits and codebooks (data.seed)")
    parser.add_argument("--split", nargs=2, type=Path, metavar=("TRAIN", "TEST"),
                        help="files that list the training and test images, in place of seeded draws")
    parser.add_argument("--lite", action="store_true", help="a quick trial run: the config's [lite] settings")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
                        help="change one setting, as channels.sift.codebook.n_words=200; may be repeated")
    add_jobs(parser)
    parser.add_argument("--cache", type=Path, metavar="DIR",
                        help="keep finished feature sets here, for other runs that need the same ones")
    parser.add_argument("--taxonomy", type=Path, metavar="FILE",
                        help="a kit or its meta.mat, or a folder with words.txt and wordnet.is_a.txt: report the "
                             "hierarchical error as well, and let the model hedge")
    parser.add_argument("--plan", action=argparse.BooleanOptionalAction,
                        help="measure first, and print the time, memory and disk that the run will take (default: at "
                             "the start of a run that reads 5,000 images or more)")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="add the result to this ledger, for bovw table")
    parser.add_argument("--truth", type=Path, metavar="FILE",
                        help="with kit_baseline and numbered files: the kit's ground truth; needs --taxonomy")
    parser.add_argument("--overwrite", action="store_true", help="discard another run that --out holds")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run, resumes=True)


def run(options: argparse.Namespace):
    if options.config == "kit_baseline":
        return run_on_words(options)
    from ..experiment import load_config

    overrides = list(options.overrides)
    for key in ("draws", "seed"):
        if getattr(options, key) is not None:
            overrides.append(f"data.{key}={getattr(options, key)}")
    config = load_config(options.config, overrides=overrides, lite=options.lite)
    # what a refused config does not need
    from ..display.report import write_report
    from ..experiment import run_experiment
    from ..results.ledger import append_run
    from ..taxonomy import Taxonomy

    taxonomy = None if options.taxonomy is None else Taxonomy.read(options.taxonomy)
    metrics = run_experiment(
        config, options.data, options.out, n_jobs=options.jobs, verbose=not options.quiet,
        overwrite=options.overwrite, split_files=options.split, cache=options.cache, plan=options.plan,
        taxonomy=taxonomy, kind=options.kind,
    )
    if options.ledger is not None:
        append_run(options.ledger, metrics, run=options.out, taxonomy=taxonomy)
    write_report(options.out, metrics, options.data)
    print_result(metrics, options.out)
    return 0


def run_on_words(options):
    from ..experiment.kit_baseline import run_kit_baseline

    metrics = run_kit_baseline(
        options.data, options.out, truth=options.truth, meta=options.taxonomy, n_jobs=options.jobs,
        verbose=not options.quiet,
    )
    print("flat error at 1 to 5 guesses: " + " ".join(f"{value:.4f}" for value in metrics["flat"]))
    if metrics.get("hierarchical") is not None:
        print("hierarchical error:           " + " ".join(f"{value:.4f}" for value in metrics["hierarchical"]))
    print(f"predictions and truth for bovw evaluate: {options.out}")
    return 0
