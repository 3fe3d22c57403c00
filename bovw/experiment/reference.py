"""The reference of all keys of a config: what estimators declare, and what their docstrings say of it."""

import inspect
import re
import shutil
import textwrap

from .._validation import suggestion
from ..errors import ParameterError
from .schema import (
    CHANNEL,
    CHANNEL_STAGES,
    DATA,
    FILE_CHANNEL,
    FILE_TOP,
    IMAGE,
    PUBLISHED,
    STAGES,
    TOP,
    config_keys,
    stage_class,
)

_WIDE = 110  # columns from which descriptions have a column of their own
_LEFT = 46
_ENTRY = re.compile(r"^(\w[\w, ]*?)(?: :[^\n]*)?\n((?:[ ]+[^\n]*\n?|\n)*)", re.M)  # of a docstring's list of parameters

#: what a config says about itself, its data and its channels: table -> {key: (kind, text)}
TABLES = {
    "config": ({**FILE_TOP, **TOP}, {
        "base": "A config that comes with bovw, or a .toml file beside this one: what is not said here is as there.",
        "name": "What tables and reports call the system; by default the file's name.",
        "description": "The system in a line.",
        "published": "Published figures, a table or several; not used in a run.",
        "data": "Which images are learnt from and tested on, and the seed.",
        "image": "Limits to which images are shrunk before anything else.",
        "channels": "The feature sets, one table each.",
        "fusion": "How several channels become one answer: concatenate (the default) or scores.",
        "fusion_weights": "Of scores: cv (the default), equal, or a number a channel.",
        "codec": "What training signatures pass through, a table of one of the codecs.",
        "standardize": "Signatures to zero mean and unit deviation before the classifier.",
        "classifier": "The classifier, OneVsRestDual by default.",
        "lite": "What a trial run changes, beyond the smaller data, codebooks and grids that it has anyway.",
    }),
    "data": (DATA, {
        "n_train": "Training images a class, or a fraction of each class; 0, the default: as the data set says itself.",
        "n_train_unsplit": "n_train of data sets without a split of their own, where n_train is 0.",
        "n_test": "Test images a class at most, or a fraction; 0, the default, is all.",
        "split": "random (the default), or first: the first images of each class, in the order of their files.",
        "draws": "Random splits, or repetitions with other codebooks; 1 by default.",
        "seed": "Seed of splits and codebooks; 0 by default.",
        "on_error": "raise (the default), or skip images that cannot be read.",
    }),
    "image": (IMAGE, {
        "max_side": "Longer side at most, in pixels.",
        "max_height": "Height at most, in pixels.",
        "max_pixels": "Width times height at most.",
        "fit": "[width, height] of the box that the image must fit.",
        "upscale": "Whether smaller images are enlarged to the limit; false by default.",
    }),
    "channel": ({**FILE_CHANNEL, **CHANNEL}, {
        "n_descriptors": "Descriptors that PCA and codebook learn from; 200,000 by default.",
        "n_images": "Images at most that they are taken from; all by default.",
        "image": "Limits in place of those of [image].",
        "like": "Another channel: what is not said here is as there.",
        "extractor": "The local descriptors, DenseSIFT by default.",
        "pca": "Their reduction; none by default.",
        "codebook": "The words or Gaussians that encoders need.",
        "encoder": "The code of descriptors.",
        "pyramid": "The cells that codes are pooled over, and norms.",
        "kernel_map": "An additive kernel for a linear classifier; none by default.",
    }),
    "published": (PUBLISHED, {
        "paper": "A text, or the short name of a paper in results/papers.toml.",
        "note": "Put behind the paper's text, in parentheses.",
        "table": "Where in the paper.",
        "accuracy": "The figure, in per cent.",
        "std": "Its deviation.",
        "measure": "What it is, as results name it: top1, mean_class_accuracy, mAP ...",
        "protocol": "How it was measured.",
        "remark": "Put behind the protocol.",
        "data": "On which data set.",
        "checked": "Whether the figure was looked up in the paper itself; true by default.",
    }),
}


def format_keys(name=None, width=None):
    """The keys of a table, of a stage's estimators or of one estimator; by default of all.

    Parameters
    ----------
    name : str, optional
        Such as "data", "codebook" or "GMMCodebook".
    width : int, optional
        Columns; by default those of the terminal.

    Returns
    -------
    str
        Lines of at most ``width`` columns.

    Raises
    ------
    ParameterError
        If no table, stage or estimator has that name.
    """
    width = min(width or shutil.get_terminal_size().columns, 160)
    stages = {estimator: stage for stage, estimators in STAGES.items() for estimator in estimators}
    if name is None:
        parts = [*(_table(table, width) for table in TABLES), *(_estimator(e, stages[e], width) for e in stages)]
    elif name in TABLES:
        parts = [_table(name, width)]
    elif name in STAGES:
        parts = [_estimator(estimator, name, width) for estimator in STAGES[name]]
    elif name in stages:
        parts = [_estimator(name, stages[name], width)]
    else:
        known = [*TABLES, *STAGES, *stages]
        raise ParameterError(
            f"{name!r} is no table, stage or estimator of a config{suggestion(name, known)}; "
            f"they are {', '.join(known)}"
        )
    return "\n\n".join(parts)


def describe_parameters(cls):
    """What the docstring of an estimator says of its parameters.

    Parameters
    ----------
    cls : type

    Returns
    -------
    dict of str to str
        The first sentence about each.
    """
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", inspect.getdoc(cls) or "", re.M | re.S)
    found = {}
    for names, text in _ENTRY.findall(section[1] if section else ""):
        sentence = re.match(r".*?\.(?=\s|$)|.*", " ".join(text.split()))[0]
        found |= dict.fromkeys(names.split(", "), sentence)
    return found


def _table(name, width):
    kinds, texts = TABLES[name]
    title = {"config": "At the top of a config", "channel": "[channels.NAME]"}.get(name, f"[{name}]")
    rows = [(key, _type(kinds[key]), texts[key]) for key in texts]
    return "\n".join([title, *_rows(rows, width)])


def _type(kind):
    names = {dict: "table", list: "list", str: "str", int: "int", float: "float", bool: "bool"}
    return " or ".join(names[one] for one in (kind if isinstance(kind, tuple) else (kind,)))


def _estimator(name, stage, width):
    cls = stage_class({"type": name}, stage)
    texts, parameters = describe_parameters(cls), inspect.signature(cls.__init__).parameters
    rows = []
    for key, kind in config_keys(cls).items():
        default = parameters[key].default
        said = "" if default is inspect.Parameter.empty else f", default {default!r}"
        rows.append((key, f"{kind}{said}", texts.get(key, "")))
    first = (inspect.getdoc(cls) or "").partition("\n\n")[0]
    place = f"[channels.NAME.{stage}]" if stage in CHANNEL_STAGES else f"[{stage}]"
    head = textwrap.wrap(f"{place} type = \"{name}\": {' '.join(first.split())}", width, subsequent_indent="    ")
    return "\n".join([*head, *_rows(rows, width)])


def _rows(rows, width):
    """``key : type, default`` and the text, beside it where there is room."""
    lines = []
    for key, said, text in rows:
        head = textwrap.wrap(f"{key} : {said}", _LEFT if width >= _WIDE else width - 2,
                             subsequent_indent="    ")
        if width < _WIDE:
            lines += [f"  {line}" for line in head]
            lines += [f"      {line}" for line in textwrap.wrap(text, width - 6)]
            continue
        body = textwrap.wrap(text, width - _LEFT - 4) or [""]
        for i in range(max(len(head), len(body))):
            left, right = (part[i] if i < len(part) else "" for part in (head, body))
            lines.append(f"  {left:<{_LEFT}}  {right}".rstrip())
    return lines
