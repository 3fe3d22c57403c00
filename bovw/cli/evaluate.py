"""``bovw evaluate``: the challenge's errors of a prediction file."""

import argparse
import json

from ..evaluation import evaluate_files


def add_parser(subparsers):
    """Add the verb ``evaluate``."""
    parser = subparsers.add_parser(
        "evaluate",
        help="flat and hierarchical errors of a prediction file",
        description=(
            "Flat error at 1 to 5 guesses of a prediction file (up to five class ids a line, best first,\n"
            "an image name before them or not); with a development kit's meta.mat also hierarchical error."
        ),
        epilog=(
            "example, printing the ten numbers of the ILSVRC2010 kit's own demo:\n"
            "  bovw evaluate --predictions $BOVW_DATA/ilsvrc2010_devkit/evaluation/demo.val.pred.txt \\\n"
            "      --truth $BOVW_DATA/ilsvrc2010_devkit/data/ILSVRC2010_validation_ground_truth.txt \\\n"
            "      --meta $BOVW_DATA/ilsvrc2010_devkit/data/meta.mat"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--predictions", required=True, metavar="FILE", help="one line an image, best first")
    parser.add_argument("--truth", required=True, metavar="FILE", help="one id a line, or image name and id")
    parser.add_argument("--meta", metavar="FILE", help="a kit's meta.mat, for the hierarchical error")
    parser.add_argument("--wordnet", metavar="DIR", help="WordNet, for a meta.mat without a hierarchy")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with bootstrap intervals")
    parser.set_defaults(run=run)
    return parser


def run(args):
    """Print the report; return 0."""
    report = evaluate_files(args.predictions, args.truth, args.meta, args.wordnet)
    if args.json:
        print(json.dumps(report, indent=2, allow_nan=False))
        return 0
    print(f"{report['n_images']} images, mean class accuracy {report['mean_class_accuracy']:.4f}")
    columns = [name for name in ("flat", "hierarchical") if name in report]
    print("guesses" + "".join(f"{name + ' error':>22}" for name in columns))
    for k, errors in enumerate(zip(*(report[name] for name in columns), strict=True), 1):
        print(f"{k:7}" + "".join(f"{error:22.4f}" for error in errors))
    return 0
