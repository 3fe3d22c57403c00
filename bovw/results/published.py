"""Published figures: the papers that they are from, and which may be set beside a run: those of its own data set.

``papers.toml`` beside this file has the papers that configs name by a short name, ``perronnin2010``. A paper is a text
of ``authors``, ``title``, ``venue`` and ``year`` as far as they are there, and ``detail`` behind them; what it reports
``on`` a data set is judged by a ``measure`` under a ``protocol``, which the figures of configs need not repeat.
"""

import functools
import re
import tomllib
from importlib import resources

from .._validation import suggestion
from ..errors import ParameterError

#: names of data sets as runs have them -> what papers call them, where that is not plain from the name
DATA_TITLES = {"scene15": "15-Scene", "kth_tips": "KTH-TIPS", "imagenette": "Imagenette", "voc2007": "PASCAL VOC 2007"}


@functools.cache
def papers():
    """What ``papers.toml`` holds: {short name: table}."""
    return tomllib.loads((resources.files("bovw.results") / "papers.toml").read_text(encoding="utf-8"))


def cite(figure):
    """Fill in what a figure leaves to its paper: its text, measure and protocol. The figure is changed in place.

    Parameters
    ----------
    figure : dict
        A ``[published]`` table of a config. ``paper`` is a text of its own, or a short name: a word that ends in a
        year. ``note`` is put behind the paper's text, in parentheses, and ``remark`` behind the protocol.

    Raises
    ------
    ParameterError
        If no paper has the short name.
    """
    name, note, remark = figure.get("paper", ""), figure.pop("note", None), figure.pop("remark", None)
    if re.fullmatch(r"[a-z]\w*\d{4}", name):
        if name not in papers():
            raise ParameterError(f"paper={name!r} is in no line of papers.toml{suggestion(name, papers())}")
        paper = papers()[name]
        for key, value in paper.get("on", {}).get(figure.get("data"), {}).items():
            figure.setdefault(key, value)
        figure["paper"] = _paper_text(paper)
    if note is not None:
        figure["paper"] += f" ({note})"
    if remark is not None:
        figure["protocol"] += f"; {remark}"


def _paper_text(paper):
    published = " ".join(str(paper[key]) for key in ("venue", "year") if key in paper)
    text = ", ".join(part for part in (paper["title"], published, paper.get("detail")) if part)
    return f"{paper['authors']}: {text}" if "authors" in paper else text


def data_title(name):
    """What papers call a data set."""
    return DATA_TITLES.get(name, name)


def is_on(figure, name):
    """Whether a published figure is about the data set ``name``; one that names no data is.

    Parameters
    ----------
    figure : dict
        A ``[published]`` table of a config.
    name : str
        The data set of a run, ``metrics["data"]``.
    """
    return "data" not in figure or _words(figure["data"]) in (_words(name), _words(data_title(name)))


def published_accuracies(metrics):
    """Published accuracies beside which a run may stand, and what data the others are about.

    Parameters
    ----------
    metrics : dict
        What :func:`bovw.experiment.run_experiment` returned.

    Returns
    -------
    figures : list of dict
    elsewhere : list of str
        Names of other data sets; empty where there are figures for this one.
    """
    figures = [figure for figure in metrics["published"] if "accuracy" in figure]
    here = [figure for figure in figures if is_on(figure, metrics["data"])]
    return here, [] if here else list(dict.fromkeys(figure["data"] for figure in figures))


def _words(text):
    """Letters and numbers of a name in one order: 15-Scene and scene15 are the same."""
    return sorted(re.findall(r"[a-z]+|\d+", text.lower()))
