"""What a run is going to do, in words, before it does it."""

import inspect
import itertools
from dataclasses import replace

from .._units import format_bytes, format_seconds
from .schema import CHANNEL_STAGES, SIGNATURE_STAGES, stage_class
from .tasks import task_of


def describe_plan(config, dataset):
    """The stages of a run and their parameters.

    Parameters
    ----------
    config : Config
    dataset : Dataset
        What it is going to run on.

    Returns
    -------
    str
        Several lines. Parameters that the config does not name are those of the
        estimators' constructors and are left out.

    Raises
    ------
    ConfigError
        If the config does not say how many images of this data set are for training.
    """
    tree = config.tree
    lines = [
        f"config       {config.name} ({config.fingerprint}){', lite' if config.lite else ''}",
        f"data         {dataset.root}: {len(dataset.images)} images of {len(dataset.classes)} classes",
        f"protocol     {_protocol(config, task_of(dataset))}",
        f"images       {_image(tree['image'])}",
    ]
    for name, channel in tree["channels"].items():
        lines.append(f"channel {name}")
        if "image" in channel:
            lines.append(f"  images     {_image(channel['image'])}")
        for stage in CHANNEL_STAGES:
            if stage in channel or stage in ("extractor", "pyramid"):
                lines.append(f"  {stage:<10} {_stage(channel.get(stage, {}), stage)}")
        if "n_descriptors" in channel:
            lines.append(f"  {'sample':<10} {channel['n_descriptors']:,} descriptors for what is learnt")
    if len(tree["channels"]) > 1:
        weights = f", weights {tree['fusion_weights']}" if "fusion_weights" in tree else ""
        lines.append(f"fusion       {tree.get('fusion', 'concatenate')}{weights}")
    for stage in SIGNATURE_STAGES:
        if stage in tree or stage == "classifier":
            lines.append(f"{stage:<12} {_stage(tree.get(stage, {}), stage)}")
    return "\n".join(lines)


def describe_members(states):
    """The fingerprints of a run's feature sets, draw by draw, and which are finished.

    Parameters
    ----------
    states : list of dict of str to (str, bool)
        One a draw, as ``DrawRun.state`` gives them.

    Returns
    -------
    str
        Several lines.
    """
    finished = any(done for state in states for _, done in state.values())
    lines = [f"feature sets, draw by draw{' (* finished earlier, reused)' if finished else ''}"]
    width = max(len(name) for name in states[0])
    for name in states[0]:
        keys = [key + "*" * done for key, done in (state[name] for state in states)]
        for row in range(0, len(keys), 5):
            lines.append(f"  {'' if row else name:<{width}} " + " ".join(f"{key:<17}" for key in keys[row:row + 5]))
    return "\n".join(line.rstrip() for line in lines)


def _protocol(config, task):
    data, has_split = config.tree["data"], task.dataset.train is not None
    first = "the first " if data.get("split") == "first" else ""
    n_train, n_test = task.limits(config)
    training = "all training images" if n_train is None else f"{first}{_share(n_train, 'training')}"
    test = f"{'' if isinstance(n_test, float) else 'at most '}{_share(n_test, 'test')}" if n_test else \
        "all test images" if has_split else "the rest for testing"
    draws = "1 draw" if data["draws"] == 1 else f"{data['draws']} draws"
    return f"{training}, {test}, {draws}, seed {data['seed']}"


def _share(limit, what):
    if isinstance(limit, float):
        return f"{100 * limit:g} % of the {what} images of each class"
    return f"{limit} {what} images a class"


def _image(limits):
    return ", ".join(f"{key} = {value}" for key, value in limits.items()) or "at their own size"


def _stage(table, stage):
    """An estimator as one would write it, with the parameters that the table names, in the constructor's order."""
    cls = stage_class(table, stage)
    order = list(inspect.signature(cls.__init__).parameters)
    given = sorted((key for key in table if key != "type"), key=order.index)
    return f"{cls.__name__}({', '.join(f'{key}={table[key]!r}' for key in given)})"


def format_estimate(estimate):
    """A :class:`RunEstimate` as a table, what dominates, and what a cheaper setting would save.

    Parameters
    ----------
    estimate : RunEstimate

    Returns
    -------
    str
    """
    e = estimate
    lines = [
        f"{e.n_train:,} training and {e.n_test:,} test images, {e.n_classes:,} classes, "
        f"{e.draws} draw{'s' if e.draws != 1 else ''}, {e.cores} core{'s' if e.cores != 1 else ''}",
        f"  {'':<14} {'stage':<11} {'time':>10} {'memory':>9} {'disk':>9}  measured",
    ]
    for member, stages in itertools.groupby(e.stages, key=lambda stage: stage.member):
        part = replace(e, stages=list(stages), draws=1, finished={})
        lines += [_figures(member, stage.stage, stage, stage.measured) for stage in part.stages]
        if len(part.stages) < len(e.stages):
            lines.append(_figures(member, "in all", part))
    for member, done in e.finished.items():
        lines.append(f"  {member:<14} {'finished' if done == e.draws else f'finished in {done} of {e.draws} draws'}")
    top = e.dominating
    lines.append(_figures("what is left" if e.finished else "a run", "", e))
    if top is not None:
        share = e.draws_left(top.member) * top.seconds / e.seconds if e.seconds else 0
        lines.append(f"most of the time, {100 * share:.0f} %, goes into {top.stage} of {top.member}")
        for text, saved in top.savings:
            lines.append(f"  {text} would save about {format_seconds(e.draws_left(top.member) * saved)}")
    return "\n".join(lines)


def _figures(member, name, found, measured=""):
    return (
        f"  {member:<14} {name:<11} {format_seconds(found.seconds):>10} {format_bytes(found.memory):>9} "
        f"{format_bytes(found.disk):>9}  {measured}".rstrip()
    )
