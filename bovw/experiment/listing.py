"""The systems that come with bovw: what each is, and what was published about it."""

import shutil
import textwrap
from typing import NamedTuple

from ..results.measures import measure_title
from .config import read_system, shipped_configs

_WIDE = 110  # columns from which the figures have a column of their own
_GAP = "  "


class System(NamedTuple):
    """A config that comes with bovw.

    Attributes
    ----------
    name : str
    description : str
    published : list of dict
        Its published figures.
    """

    name: str
    description: str
    published: list


def list_systems(text=""):
    """The systems whose name or description contains ``text``, in the order of their names.

    Parameters
    ----------
    text : str, default ""
        Capitals do not matter.

    Returns
    -------
    list of System
    """
    systems = [System(name, *read_system(name)) for name in shipped_configs()]
    return [system for system in systems if text.lower() in f"{system.name} {system.description}".lower()]


def format_systems(systems, width=None):
    """Systems as a table.

    Parameters
    ----------
    systems : list of System
    width : int, optional
        Columns; by default those of the terminal.

    Returns
    -------
    str
        Name, description, and the figures: beside them in a wide terminal, below the description in another.
    """
    width = min(width or shutil.get_terminal_size().columns, 200)
    first = max((len(system.name) for system in systems), default=0)
    rest = width - first - len(_GAP)
    lines = []
    for system in systems:
        figures = [text for figure in system.published if (text := _figure(figure))]
        if width >= _WIDE:
            half = (rest - len(_GAP)) * 3 // 5
            cells = textwrap.wrap(system.description, half), _wrapped(figures, rest - len(_GAP) - half)
        else:
            half, cells = rest, ([*textwrap.wrap(system.description, rest), *_wrapped(figures, rest)], [])
        for i in range(max(map(len, cells))):
            left, right = (cell[i] if i < len(cell) else "" for cell in cells)
            name = system.name if i == 0 else ""
            lines.append(f"{name:<{first}}{_GAP}{left:<{half}}{_GAP}{right}".rstrip())
    return "\n".join(lines)


def _wrapped(figures, width):
    return [line for figure in figures for line in textwrap.wrap(figure, width, subsequent_indent="  ")]


def _figure(figure):
    """A published figure in a few words; empty if it has no number."""
    if "accuracy" not in figure:
        return ""
    spread = f" ± {figure['std']:g}" if "std" in figure else ""
    measure = f" {measure_title(figure['measure'])}" if "measure" in figure else ""
    return f"{figure['accuracy']:g}{spread}{measure} on {figure['data']}" if "data" in figure else \
        f"{figure['accuracy']:g}{spread}{measure}"
