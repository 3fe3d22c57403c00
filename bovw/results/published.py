"""Which published figures may be set beside a run: those of its own data set."""

import re

#: names of data sets as runs have them -> what papers call them, where that is not plain from the name
DATA_TITLES = {"scene15": "15-Scene", "kth_tips": "KTH-TIPS", "imagenette": "Imagenette", "voc2007": "PASCAL VOC 2007"}


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
