"""Markdown tables of the ledger: what was published and what is reached here, side by side.

A document holds its tables between two comments, and :func:`renew_tables` writes what
stands between them::

    <!-- table: scene15 -->
    ...
    <!-- end table -->

``scene15`` is the name of the data set. A row is the newest line of a system on it.
"""

import re
from collections import Counter

from .._units import format_bytes, format_seconds
from ..errors import ParameterError
from .ledger import latest
from .measures import MEASURES, measure_title
from .published import data_title, is_on

DEFAULT_MEASURE = "mean_class_accuracy"
NOTHING = "–"
UNCHECKED = "†"
GLUE = "\u00a0"  # a space at which no line is broken
PLUS_MINUS = f"{GLUE}±{GLUE}"

_BLOCK = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end table -->)", re.S)


def render_table(lines):
    """The table of one data set.

    Parameters
    ----------
    lines : list of dict
        Lines of a ledger, all on one data set; of a name the newest becomes a row.

    Returns
    -------
    str
        Markdown: rows best first, how to read them, the papers. Columns that would be empty are left out.
    """
    rows = latest(lines)
    if not rows:
        raise ParameterError("the ledger has no line for this table; runs with --lite do not count")
    main, n_draws = _main_measure(rows), _common([line["draws"] for line in rows])
    rows.sort(key=lambda line: -line["metrics"][main]["mean"])
    papers = list(dict.fromkeys(figure["paper"] for line in rows for figure in _figures(line) if "paper" in figure))
    columns = [
        ("system", [f"`{line['name']}`: {_escape(line['description'])}" for line in rows]),
        ("published", [_published(line, main, papers) for line in rows]),
        ("here", [f"**{_value(line, main)}**" for line in rows]),
        ("draws", [str(line["draws"]) if n_draws is None else NOTHING for line in rows]),
        ("top-1", [_value(line, "top1") for line in rows]),
        ("top-5", [_value(line, "top5") for line in rows]),
        ("uninterpolated", [_value(line, "mAP_step") for line in rows]),
        ("hierarchical error", [_hierarchical(line) for line in rows]),
        ("signature", [f"{line['signature_size']:,}" for line in rows]),
        ("an image", [_glued(format_bytes(line["bytes_per_image"])) for line in rows]),
        ("time a draw", [_glued(format_seconds(sum(line["seconds"].values()) / line["draws"])) for line in rows]),
        ("memory", [_memory(line) for line in rows]),
    ]
    columns = [(title, cells) for title, cells in columns if any(cell != NOTHING for cell in cells)]
    table = [
        _row(title for title, _ in columns),
        _row("---" if title == "system" else "--:" for title, _ in columns),
        *(_row(cells) for cells in zip(*(cells for _, cells in columns), strict=True)),
    ]
    return "\n".join([*table, "", *_notes(rows, main, n_draws), *_sources(papers)])


def render_tables(lines, data=None):
    """The tables of all data sets, or of ``data`` alone, each under a heading."""
    by_data = _by_data(lines)
    names = sorted(by_data) if data is None else [data]
    return "\n\n".join(f"## {data_title(name)}\n\n{render_table(_of(by_data, name))}" for name in names)


def renew_tables(text, lines):
    """A document with its tables renewed.

    Parameters
    ----------
    text : str
    lines : list of dict

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        If the document marks no table, or one of a data set that the ledger does not know.
    """
    by_data = _by_data(lines)
    text, count = _BLOCK.subn(lambda m: f"{m[1]}{render_table(_of(by_data, m[2]))}\n{m[3]}", text)
    if not count:
        raise ParameterError("the document marks no table; write <!-- table: NAME --> and <!-- end table --> into it")
    return text


def _common(values):
    """What all values are, or None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _by_data(lines):
    found = {}
    for line in lines:
        found.setdefault(line["data"]["name"], []).append(line)
    return found


def _of(by_data, name):
    if name not in by_data:
        raise ParameterError(f"the ledger has no run on {name!r}; it has {', '.join(sorted(by_data)) or 'no line'}")
    return by_data[name]


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def _glued(text):
    return text.replace(" ", GLUE)


def _escape(text):
    return text.replace("|", "\\|")


# ---- cells


def _main_measure(rows):
    """What the systems are judged by: the measure that most figures on this data set were published in."""
    common = [name for name in MEASURES if MEASURES[name].is_share and all(name in line["metrics"] for line in rows)]
    votes = Counter(
        figure["measure"] for line in rows for figure in line["published"]
        if figure.get("measure") in common and is_on(figure, line["data"]["name"])
    )
    if votes:
        return votes.most_common(1)[0][0]
    return DEFAULT_MEASURE if DEFAULT_MEASURE in common else common[0]


def _value(line, name):
    """A measure: with its deviation over draws, or for a single draw with its interval over images."""
    measure = line["metrics"].get(name)
    if measure is None:
        return NOTHING
    scale, digits = (100, 2) if MEASURES[name].is_share else (1, 3)
    text = f"{scale * measure['mean']:.{digits}f}"
    if measure["std"] is not None:
        return f"{text}{PLUS_MINUS}{scale * measure['std']:.{digits}f}"
    if measure["interval"] is not None:
        low, high = (scale * measure["interval"][end] for end in ("low", "high"))
        return f"{text} [{low:.{digits - 1}f},{GLUE}{high:.{digits - 1}f}]"
    return text


def _memory(line):
    megabytes = line["peak_memory_mb"]
    return NOTHING if megabytes is None else _glued(format_bytes(megabytes * 2**20))


def _hierarchical(line):
    cells = [_value(line, name) for name in ("hierarchical1", "hierarchical5")]
    return NOTHING if cells == [NOTHING] * 2 else " / ".join(cells)


def _figures(line):
    """What was published on this data set; where nothing was, all that was published."""
    return [figure for figure in line["published"] if is_on(figure, line["data"]["name"])] or line["published"]


def _published(line, main, papers):
    """Published figures; one of another data set or measure says so, one that was not looked up has a mark."""
    cells = []
    for figure in _figures(line):
        source = f"{GLUE}[{papers.index(figure['paper']) + 1}]" if "paper" in figure else ""
        if "accuracy" not in figure:
            cells.append(NOTHING + source)
            continue
        cell = f"{figure['accuracy']}" + (f"{PLUS_MINUS}{figure['std']}" if "std" in figure else "")
        measure = figure.get("measure", main)
        if measure != main:
            cell += f" {measure_title(measure)}"
        if not is_on(figure, line["data"]["name"]):
            cell += f" on {_escape(figure['data'])}"
        cells.append(cell + ("" if figure.get("checked", True) else UNCHECKED) + source)
    return "; ".join(cells) or NOTHING


# ---- what stands below


def _notes(rows, main, n_draws):
    spread = []
    if n_draws != 1:
        spread.append(f"mean ± standard deviation over {'the' if n_draws is None else n_draws} draws")
    if any(line["draws"] == 1 for line in rows):
        spread.append("of a single draw with the bootstrap interval over the test images")
    notes = [f"*here*: {MEASURES[main].short} in per cent, {'; '.join(spread)}."]
    if any("mAP" in line["metrics"] for line in rows):
        notes.append("mAP: mean over the classes of the average precision at 11 recall levels (VOC 2007).")
    if any(line["metrics"].keys() & {"hierarchical1", "hierarchical5"} for line in rows):
        notes.append("Hierarchical error: height of the lowest common ancestor, at 1 and at 5 guesses.")
    if not all(figure.get("checked", True) for line in rows for figure in _figures(line) if "accuracy" in figure):
        notes.append(f"{UNCHECKED} not checked against the paper itself.")
    chosen = sorted({(name, choice["by"]) for line in rows for name, choice in line["chosen"].items()})
    for name, by in chosen:
        where = [line["name"] for line in rows if line["chosen"].get(name, {}).get("by") == by]
        systems = "" if len(where) == len(rows) else f" of {', '.join(f'`{name}`' for name in where)}"
        notes.append(f"{name[0].upper()}{name[1:]}{systems}: chosen by {by}.")
    for machine in dict.fromkeys((line["machine"]["cores"], line["machine"]["processor"]) for line in rows):
        where = [line["name"] for line in rows if (line["machine"]["cores"], line["machine"]["processor"]) == machine]
        systems = "" if len(where) == len(rows) else f" of {', '.join(f'`{name}`' for name in where)}"
        notes.append(
            f"Times{systems} on {machine[0]} core{'s' if machine[0] != 1 else ''} ({machine[1]}), extraction and "
            "codebook included."
        )
    return notes


def _sources(papers):
    """The numbered papers, below a blank line, each on a line of its own (a backslash breaks it)."""
    numbered = [f"[{number}] {paper}" for number, paper in enumerate(papers, 1)]
    return ["", "\\\n".join(numbered)] if papers else []
