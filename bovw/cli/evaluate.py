"""``bovw evaluate``: the challenge's errors of a prediction file, or its average precisions."""

import argparse
import json


def add_parser(subparsers):
    """Add the verb ``evaluate``."""
    parser = subparsers.add_parser(
        "evaluate",
        help="flat and hierarchical errors, or average precisions, of a prediction file",
        description=(
            "Flat error at 1 to 5 guesses of a prediction file (up to five class ids a line, best first,\n"
            "an image name before them or not); with a development kit's meta.mat also hierarchical error.\n"
            "Without --truth: average precisions of a predictions.csv that bovw run wrote for images that show\n"
            "several classes (image,truth,left_out,score:CLASS ...)."
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
    parser.add_argument("--truth", metavar="FILE", help="one id a line, or image name and id")
    parser.add_argument("--meta", metavar="FILE", help="a kit's meta.mat, for the hierarchical error")
    parser.add_argument("--wordnet", metavar="DIR", help="WordNet, for a meta.mat without a hierarchy")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with bootstrap intervals")
    parser.set_defaults(run=run)
    return parser


def run(args):
    """Print the report; return 0."""
    if args.truth is None:
        return _run_on_scores(args)
    from ..evaluation import evaluate_files

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


def _run_on_scores(args):
    from ..errors import ParameterError
    from ..experiment.outcomes import evaluate_scores

    if args.meta or args.wordnet:
        raise ParameterError("--meta and --wordnet are for hierarchical errors, which need --truth")
    report = evaluate_scores(args.predictions)
    if args.json:
        print(json.dumps(report, indent=2, allow_nan=False))
        return 0
    total, plain = report["mAP"], report["mAP_step"]
    width = max(map(len, total["classes"]))
    print(f"{report['n_images']} images\n{'':<{width}}  11 points  uninterpolated")
    for name, value in total["classes"].items():
        print(f"{name:<{width}}  {value:9.4f}  {plain['classes'][name]:14.4f}")
    print(f"{'mean':<{width}}  {total['mean']:9.4f}  {plain['mean']:14.4f}")
    confidence = f"{100 * total['confidence']:g} % interval"
    print(f"{confidence} of the means: [{total['low']:.4f}, {total['high']:.4f}], "
          f"[{plain['low']:.4f}, {plain['high']:.4f}]")
    return 0
