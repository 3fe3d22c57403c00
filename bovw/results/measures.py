"""The figures that runs are judged by, and what they are called."""

from typing import NamedTuple


class Measure(NamedTuple):
    """What a measure is called.

    Attributes
    ----------
    title : str
        In a result and in a report.
    short : str
        In tables and texts.
    is_share : bool
        Whether it is a share of something, 0 to 1, printed in per cent.
    """

    title: str
    short: str
    is_share: bool


#: name in ``metrics.json`` and in a ledger -> what it is called
MEASURES = {
    "top1": Measure("top-1 accuracy", "top-1", True),
    "top5": Measure("top-5 accuracy", "top-5", True),
    "mean_class_accuracy": Measure("mean class accuracy", "mean class accuracy", True),
    "mAP": Measure("mAP, 11 points", "mAP", True),
    "mAP_step": Measure("mAP, uninterpolated", "mAP, uninterpolated", True),
    "hierarchical1": Measure("hierarchical error, 1 guess", "hierarchical error, 1 guess", False),
    "hierarchical5": Measure("hierarchical error, 5 guesses", "hierarchical error, 5 guesses", False),
}


def shares(metrics):
    """The measures in ``metrics`` that are shares: a dict of name to title."""
    return {
        name: measure.title for name, measure in MEASURES.items() if measure.is_share and metrics.get(name) is not None
    }


def measure_title(name):
    """What a measure, known or not, is called in a text."""
    return MEASURES[name].short if name in MEASURES else name.replace("_", " ")
