"""Docstrings completed at import from the docstring of a class, where each parameter and source is written once.

A plain function has parameters, errors and sources of the class above it. Its docstring lists, in the place of
entries, the names of those parameters and below them "As in :class:`LLC`."; :func:`documented_by` puts the entries
there and adds the sections that are left out. A class has the attributes of its base in the same way.
"""

import inspect
import re
from collections.abc import Callable
from typing import TypeVar

_Documented = TypeVar("_Documented", bound=Callable)
_HEADING = re.compile(r"^(\w[\w ]*)\n-+\n", re.M)
_ENTRY = re.compile(r"^(\S[^:\n]*) : [^\n]*\n(?: [^\n]*\n)*", re.M)
_SHARED = re.compile(r"^([\w, ]+)\n    As in :class:`(\w+)`[^\n]*\n", re.M)
_ORDER = ("Parameters", "Attributes", "Returns", "Raises", "Warns", "See Also", "Notes", "References", "Examples")
_RAISES = "ParameterError\n    If a parameter is out of range, or an array has a wrong shape or wrong values."


def documented_by(source: type) -> Callable[[_Documented], _Documented]:
    """Decorator: parameters that are "As in" the class ``source`` get its entries, and absent sections are added.

    A function gets Raises, See Also and the References of ``source``, a class its Attributes. TypeError if a parameter
    that is said to be as in ``source`` has no entry there.
    """

    def complete(thing):
        if thing.__doc__ is None or source.__doc__ is None:  # python -OO
            return thing
        (summary, sections), (_, given) = _split(thing.__doc__), _split(source.__doc__)
        entries = {}
        for entry in _ENTRY.finditer(given.get("Parameters", "")):
            entries.update(dict.fromkeys(entry[1].split(", "), entry[0]))

        def entries_of(shared):
            names = shared[1].split(", ")
            if shared[2] != source.__name__ or not entries.keys() >= set(names):
                raise TypeError(f"{thing.__name__}: {', '.join(names)} are not all documented by {source.__name__}")
            return "".join(entries[name] for name in names)

        sections["Parameters"] = _SHARED.sub(entries_of, sections["Parameters"])
        if isinstance(thing, type):
            sections = {name: given[name] for name in ("Attributes",) if name in given} | sections
        else:
            sections = {name: given[name] for name in ("References",) if name in given} | sections
            sections = {"Raises": _RAISES, "See Also": f"{source.__name__} : the estimator."} | sections
        if unknown := sections.keys() - set(_ORDER):
            raise TypeError(f"{thing.__name__}: {', '.join(unknown)}: no sections of these names are known")
        parts = (f"{name}\n{'-' * len(name)}\n{sections[name].strip()}\n" for name in _ORDER if name in sections)
        thing.__doc__ = "\n".join([summary.strip() + "\n", *parts])
        return thing

    return complete


def _split(doc):
    """The text before the first section, and a dict of the sections' texts."""
    summary, *rest = _HEADING.split(inspect.cleandoc(doc) + "\n")
    return summary, dict(zip(rest[::2], rest[1::2], strict=True))
