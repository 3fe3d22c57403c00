"""Two runs on the same images: what is different, how sure that is, and where it comes from.

Images are matched by name inside each draw, so what makes an image hard for both runs
cancels. An image that several draws test counts as one when intervals are drawn; see
``bovw.evaluation.intervals``. Differences are second minus first.

Of images that show several classes the mean average precisions are compared, see
``bovw.evaluation.precision_intervals``; a run names such an image right if the class that it
scores highest is one that the image shows, or one that it is not judged by.
"""

from typing import NamedTuple

import numpy as np

from ..errors import DatasetError
from ..evaluation import PairedComparison, compare_average_precisions, paired_comparison
from .measures import MEASURES
from .outcomes import METHODS, RankedDraw, image_errors, joined, read_draws, read_metrics

#: the first measure -> what classes are compared by, and what it counts as won or lost
COMPARED = {"top1": ("top-1", "images"), "mAP": ("average precision", "classes")}


class MeasureRow(NamedTuple):
    """One measure of both runs over the images that they share.

    Attributes
    ----------
    measure : str
        One of :data:`bovw.results.measures.MEASURES`.
    first, second : float
    difference, low, high, confidence : float
        Second minus first, with its bootstrap interval over images.
    n_first_better, n_second_better : int
        Images on which one run does better, over all draws together; classes, for average precisions.
    p_value : float
        Two-sided sign test over these; McNemar's exact test for top-1 and top-5 of a single draw.
    """

    measure: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    confidence: float
    n_first_better: int
    n_second_better: int
    p_value: float


class ClassDifference(NamedTuple):
    """Top-1 accuracy, or average precision, of one class under both runs.

    ``n_answers`` counts its images in all draws. One run is better on so many of its images, or
    for average precisions in so many draws.
    """

    name: str
    n_answers: int
    first: float
    second: float
    difference: float
    n_first_better: int
    n_second_better: int


class Disagreement(NamedTuple):
    """An image that one run names right more often than the other.

    ``n_answers`` draws test it; ``first`` and ``second`` are the guesses of the first of these
    draws in which one run is right and the other wrong.
    """

    image: str
    truth: str
    first: str
    second: str
    n_first_right: int
    n_second_right: int
    n_answers: int

    @property
    def second_wins(self):
        """Whether the second run names the image right more often."""
        return self.n_second_right > self.n_first_right


class RunComparison(NamedTuple):
    """What :func:`compare_runs` finds.

    Attributes
    ----------
    names : (str, str)
    n_draws : int
        Draws that were compared.
    n_images : int
        Different images in them.
    notes : tuple of str
        What makes the runs less comparable than one would think.
    measures : list of MeasureRow
    classes : list of ClassDifference
        In the order of their difference: what the second run wins first.
    disagreements : list of Disagreement
        Those that the second run wins first.
    words : dict of str to str
        What the classes are called; empty without a taxonomy.
    """

    names: tuple
    n_draws: int
    n_images: int
    notes: tuple
    measures: list
    classes: list
    disagreements: list
    words: dict


def compare_runs(first, second, *, taxonomy=None, confidence=0.95):
    """Compare two finished runs image by image.

    Parameters
    ----------
    first, second : path
        Folders that ``bovw run`` wrote, on the same data.
    taxonomy : bovw.Taxonomy, optional
        Adds hierarchical errors; class names must be its wnids, one an image.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    RunComparison

    Raises
    ------
    DatasetError
        If a folder holds no run, or the runs have other classes, no common test image,
        or another true class for the same image.
    """
    metrics = [read_metrics(run) for run in (first, second)]
    classes = metrics[0]["classes"]
    if set(classes) != set(metrics[1]["classes"]):
        odd = sorted(set(classes) ^ set(metrics[1]["classes"]))[0]
        raise DatasetError(
            f"{first} and {second} have other classes: {odd!r} is in one only; compare runs on one data set"
        )
    pairs, notes = _matched_draws(first, second)
    if metrics[0]["n_train"] != metrics[1]["n_train"]:
        notes.append(f"the runs learn from {metrics[0]['n_train']} and {metrics[1]['n_train']} images")
    if metrics[0]["lite"] or metrics[1]["lite"]:
        notes.append("a run with lite settings is among them")
    if isinstance(pairs[0][0], RankedDraw):
        if taxonomy is not None:
            raise DatasetError("hierarchical errors are of one class an image; leave the taxonomy out")
        found = _compare_rankings(pairs, confidence)
    else:
        found = _compare_guesses(pairs, taxonomy, classes, confidence)
    n_images = len({name for draw, _ in pairs for name in draw.names})
    return RunComparison(
        tuple(_labels(metrics, first, second)), len(pairs), n_images, tuple(notes), *found,
        {} if taxonomy is None else {name: taxonomy[name].words.partition(",")[0] or name for name in classes},
    )


def _compare_guesses(pairs, taxonomy, classes, confidence):
    """Measures, classes and disagreements where each image is of one class."""
    errors = [[image_errors(draw, taxonomy, classes) for draw in draws] for draws in zip(*pairs, strict=True)]
    images = np.concatenate([draw.names for draw, _ in pairs])
    truth = np.concatenate([draw.truth for draw, _ in pairs])
    options = {"images": images, "confidence": confidence}
    joined = [{name: np.concatenate([e[name] for e in run]) for name in run[0]} for run in errors]
    rows = []
    for name in joined[0]:
        one, two = joined[0][name], joined[1][name]
        rows.append(_row(name, one, two, paired_comparison(one, two, **options)))
        if name == "top5":
            one, two = joined[0]["top1"], joined[1]["top1"]
            compared = paired_comparison(one, two, groups=truth, **options)
            rows.append(_row("mean_class_accuracy", *(_class_mean(e, truth) for e in (one, two)), compared))
    wrong = [run["top1"] > 0 for run in joined]
    guesses = [np.concatenate([pair[run].guesses[:, 0] for pair in pairs]) for run in (0, 1)]
    return rows, _class_differences(wrong, truth, images), _disagreements(wrong, guesses, images, truth)


def _compare_rankings(pairs, confidence):
    """Measures, classes and disagreements where an image may show several classes."""
    labels = np.concatenate([draw.labels for draw, _ in pairs])
    arguments, second = (joined([pair[run] for pair in pairs]) for run in (0, 1))
    images, first = arguments["images"], arguments.pop("scores")
    precisions = {name: [[pair[run].average_precisions(name) for pair in pairs] for run in (0, 1)] for name in METHODS}
    rows = []
    for name, method in METHODS.items():
        compared = compare_average_precisions(
            first=second["scores"], second=first, method=method, confidence=confidence, **arguments
        )
        means = (float(np.mean(values)) for values in precisions[name])
        rows.append(MeasureRow(
            name, *means, *compared[:4], compared.n_second_better, compared.n_first_better, compared.p_value
        ))
    classes = _precision_differences(pairs[0][0].classes, labels, *np.array(precisions["mAP"]))
    shows = (labels == 1).any(axis=1)
    truth = np.array([", ".join(names) for draw, _ in pairs for names in draw.shown()])
    wrong = [np.concatenate([pair[run].best_is_wrong() for pair in pairs])[shows] for run in (0, 1)]
    guesses = [np.concatenate([pair[run].rank(1)[:, 0] for pair in pairs])[shows] for run in (0, 1)]
    return rows, classes, _disagreements(wrong, guesses, images[shows], truth[shows])


def _precision_differences(names, labels, first, second):
    """``first`` and ``second`` are average precisions, (n_draws, n_classes)."""
    rows = [
        ClassDifference(
            name, int((labels[:, c] == 1).sum()), float(one.mean()), float(two.mean()), float((two - one).mean()),
            int((one > two).sum()), int((two > one).sum()),
        )
        for c, (name, one, two) in enumerate(zip(names, first.T, second.T, strict=True))
    ]
    return sorted(rows, key=lambda row: (-row.difference, row.name))


def _labels(metrics, first, second):
    """The names of the configs, or of the folders where the configs have the same."""
    names = [m["name"] for m in metrics]
    return names if names[0] != names[1] else [str(first), str(second)]


def _matched_draws(first, second):
    """Of each draw the answers of both runs to the images that they share, in one order."""
    draws = [read_draws(run) for run in (first, second)]
    notes, pairs = [], []
    if len(draws[0]) != len(draws[1]):
        notes.append(f"the runs have {len(draws[0])} and {len(draws[1])} draws; the first {min(map(len, draws))} count")
    n_left_out = 0
    for i, (one, two) in enumerate(zip(*draws, strict=False)):
        place = {name: row for row, name in enumerate(two.names)}
        shared = [row for row, name in enumerate(one.names) if name in place]
        other = [place[one.names[row]] for row in shared]
        n_left_out += len(one.names) + len(two.names) - 2 * len(shared)
        if not shared:
            raise DatasetError(f"{first} and {second} share no test image in draw {i}; compare runs on one data set")
        if type(one) is not type(two) or getattr(one, "classes", ()) != getattr(two, "classes", ()):
            raise DatasetError(f"{first} and {second} have other columns of predictions; compare runs on one data set")
        one, two = one.take(shared), two.take(other)
        differing = np.flatnonzero(~one.same_truth(two))
        if len(differing):
            name = one.names[differing[0]]
            raise DatasetError(f"{first} and {second} have other true classes for {name}; compare runs on one data set")
        pairs.append((one, two))
    if n_left_out:
        notes.append(
            f"the draws differ: {n_left_out} test images of one run are not tested by the other and are left out, and "
            "the runs did not learn from the same images"
        )
    return pairs, notes


def _class_mean(values, truth):
    return np.array([values[truth == name].mean() for name in np.unique(truth)])


def _row(name, one, two, compared: PairedComparison):
    """``one`` and ``two`` are errors; measures that are shares are given as accuracies."""
    first, second = float(np.mean(one)), float(np.mean(two))
    difference, low, high = compared[:3]
    if MEASURES[name].is_share:
        first, second = 1 - first, 1 - second
    else:
        difference, low, high = -difference, -high, -low
    return MeasureRow(
        name, first, second, difference, low, high, compared.confidence, compared.n_first_better,
        compared.n_second_better, compared.p_value,
    )


def _net(wrong, images):
    """The different images, and by how many draws the second run is ahead on each."""
    names, codes = np.unique(images, return_inverse=True)
    return names, codes, np.bincount(codes, wrong[0].astype(float) - wrong[1])


def _class_differences(wrong, truth, images):
    rows = []
    for name in np.unique(truth):
        members = truth == name
        _, _, ahead = _net([w[members] for w in wrong], images[members])
        first, second = (1 - float(w[members].mean()) for w in wrong)
        rows.append(ClassDifference(
            str(name), int(members.sum()), first, second, second - first, int((ahead < 0).sum()), int((ahead > 0).sum())
        ))
    return sorted(rows, key=lambda row: (-row.difference, row.name))


def _disagreements(wrong, guesses, images, truth):
    names, codes, ahead = _net(wrong, images)
    first_seen = {}
    for row in np.flatnonzero(wrong[0] != wrong[1]):
        if (wrong[0][row] and ahead[codes[row]] > 0) or (wrong[1][row] and ahead[codes[row]] < 0):
            first_seen.setdefault(codes[row], row)
    n_answers = np.bincount(codes)
    right = [np.bincount(codes, ~w) for w in wrong]
    order = sorted(first_seen, key=lambda code: (-ahead[code], names[code]))
    return [
        Disagreement(
            str(names[code]), str(truth[row]), str(guesses[0][row]), str(guesses[1][row]), int(right[0][code]),
            int(right[1][code]), int(n_answers[code]),
        )
        for code, row in ((code, first_seen[code]) for code in order)
    ]


def format_comparison(comparison, *, n_classes=5, n_images=10):
    """A comparison as text.

    Parameters
    ----------
    comparison : RunComparison
    n_classes, n_images : int
        How many classes and images, won and lost, are listed at most.

    Returns
    -------
    str
    """
    c = comparison
    lines = [
        f"first   {c.names[0]}",
        f"second  {c.names[1]}",
        f"{c.n_images} test images, {c.n_draws} draw{'s' if c.n_draws != 1 else ''}; differences are second - first",
        *(f"note: {note}" for note in c.notes),
        "",
        f"{'':<30}{'first':>9}{'second':>9}{'difference':>12}  {f'{100 * c.measures[0].confidence:g} % interval':<20}"
        "sign test",
    ]
    for row in c.measures:
        _, title, is_share = MEASURES[row.measure]
        scale, digits = (100, 2) if is_share else (1, 3)
        figures = [f"{scale * value:.{digits}f}" for value in (row.first, row.second)]
        signed = [f"{scale * value:+.{digits}f}" for value in (row.difference, row.low, row.high)]
        interval = f"[{signed[1]}, {signed[2]}]"
        lines.append(
            f"{title + (', %' if is_share else ''):<30}{figures[0]:>9}{figures[1]:>9}{signed[0]:>12}  {interval:<20}"
            f"p = {row.p_value:.2g}"
        )
    main = c.measures[0]
    title, things = COMPARED[main.measure]
    lines += ["", f"{title}: the first run is better on {main.n_first_better} {things}, the second on "
                  f"{main.n_second_better}"]
    won = [row for row in c.classes if row.difference > 0]
    lost = [row for row in reversed(c.classes) if row.difference < 0]
    lines += _class_lines("classes that the second run wins", won[:n_classes], c.words, title)
    lines += _class_lines("classes that it loses", lost[:n_classes], c.words, title)
    won, lost = won_and_lost(c)
    often = " more often" if c.n_draws > 1 else ""
    lines += _image_lines(f"images that the second run names right{often}", won[:n_images], len(won), c.words)
    lines += _image_lines(f"images that the first run names right{often}", lost[:n_images], len(lost), c.words)
    return "\n".join(lines)


def won_and_lost(comparison):
    """The disagreements that the second run wins, and those that it loses, clearest first."""
    won = [d for d in comparison.disagreements if d.second_wins]
    return won, comparison.disagreements[len(won):][::-1]


def _class_lines(title, rows, words, measure):
    if not rows:
        return []
    names = [f"{row.name} {words[row.name]}" if row.name in words else row.name for row in rows]
    width = max(map(len, names))
    figures = [[100 * value for value in (row.first, row.second, row.difference)] for row in rows]
    return ["", f"{title} ({measure}, %)"] + [
        f"  {name:<{width}}  {one:6.2f} -> {two:6.2f}  {difference:+6.2f}"
        for name, (one, two, difference) in zip(names, figures, strict=True)
    ]


def _image_lines(title, found, total, words):
    if not found:
        return []
    answers = [[words.get(name, name) or "not read" for name in (d.truth, d.first, d.second)] for d in found]
    shown = [f"  {d.image}  {truth}: {one} | {two}" for d, (truth, one, two) in zip(found, answers, strict=True)]
    rest = [f"  and {total - len(found)} more"] if total > len(found) else []
    return ["", f"{title} (image, true class: first | second)", *shown, *rest]
