"""What the verbs share: parsers with an example at the end, and the table of a result."""

import argparse

from .._units import format_bytes, format_seconds

#: measures as a result names them
LABELS = {
    "top1": "top-1 accuracy", "top5": "top-5 accuracy", "mean_class_accuracy": "mean class accuracy",
    "mAP": "mAP, 11 points", "mAP_step": "mAP, uninterpolated",
}


def verb_parser(verbs, name, summary, description, example):
    """A verb's parser; its help ends with an example that works."""
    return verbs.add_parser(
        name, help=summary, description=description, epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter if "\n" in description else _Formatter,
    )


def add_kind(parser):
    """The argument that says which data set it is."""
    parser.add_argument("--kind", default="auto", metavar="NAME",
                        help="which data set it is, where that is not recognized, or one may be read in two ways: "
                             "cifar100_coarse for the 20 superclasses of CIFAR-100")


class _Formatter(argparse.HelpFormatter):
    """Wraps the description but keeps the example's lines."""

    def _fill_text(self, text, width, indent):
        if text.startswith("example:"):
            return text
        return super()._fill_text(text, width, indent)


def print_result(metrics, out):
    """The result as a table, and where to find the rest."""
    from ..experiment.published import measure_title, published_accuracies

    draws = metrics["draws"]
    print(f"\n{metrics['name']}: {metrics['n_classes']} classes, {metrics['n_train']} training and "
          f"{metrics['n_test']} test images, {draws} draw{'s' if draws != 1 else ''}"
          + (", lite settings" if metrics["lite"] else ""))
    for key, label in LABELS.items():
        if metrics.get(key) is not None:
            print(f"  {label:<22} {100 * metrics[key]['mean']:6.2f} %{_spread(metrics[key])}")
    if metrics.get("hierarchical5") is not None:
        print(f"  {'hierarchical error':<22} {metrics['hierarchical5']['mean']:6.3f}   (heights, 5 guesses)")
    figures, elsewhere = published_accuracies(metrics)
    for figure in figures:
        spread = f" +- {figure['std']:.1f}" if "std" in figure else ""
        measure = [measure_title(figure["measure"])] if "measure" in figure else []
        source = "; ".join([*measure, *(figure[key] for key in ("data", "paper") if key in figure)])
        print(f"  {'published':<22} {figure['accuracy']:6.2f} %{spread}" + (f"  ({source})" if source else ""))
    if elsewhere:
        print(f"  {'published':<22} nothing for this data, only for {', '.join(elsewhere)}")
    seconds = metrics["seconds"]
    print(f"  {'time':<22} {format_seconds(sum(seconds.values())):>8}  ("
          + ", ".join(f"{stage} {format_seconds(value)}" for stage, value in seconds.items()) + ")")
    if metrics["peak_memory_mb"] is not None:
        print(f"  {'peak memory':<22} {format_bytes(metrics['peak_memory_mb'] * 2**20):>8}")
    if metrics["skipped"]:
        print(f"  skipped images: {len(metrics['skipped'])}, named in the report")
    print(f"\nmodel   {out / 'model'}\nreport  {out / 'report.html'}\nnumbers {out / 'metrics.json'}")


def _spread(measure):
    """The deviation over draws of a measure, or the interval over images that a run of one draw has."""
    if measure["std"] is not None:
        return f" +- {100 * measure['std']:.2f}"
    interval = measure.get("interval")
    if interval is None:
        return ""
    confidence = f"{100 * interval['confidence']:g} % interval"
    return f"  [{100 * interval['low']:.2f}, {100 * interval['high']:.2f}] ({confidence})"


def print_store(store):
    """What a finished store holds, in one line."""
    errors = f", {len(store.errors)} images could not be read" if store.errors else ""
    print(f"{len(store)} images{errors}: {store.path}")
