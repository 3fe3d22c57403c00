"""Docstrings say what signatures and declarations say: every parameter, its kind, its default."""

import inspect
import math
import re

import pytest

import bovw
from bovw._parameters import Declared

THINGS = {name: getattr(bovw, name) for name in bovw.__all__}
DECLARED = {name: thing for name, thing in THINGS.items() if isinstance(thing, type) and issubclass(thing, Declared)}


def callables():
    """Every public function, constructor and method of a public class, by the name that a user writes."""
    for name, thing in THINGS.items():
        if isinstance(thing, type):
            if issubclass(thing, Exception):
                continue
            yield name, thing
            for method, value in inspect.getmembers(thing):
                ours = str(getattr(value, "__module__", "")).startswith("bovw")
                if ours and callable(value) and not method.startswith("_"):
                    yield f"{name}.{method}", value
        else:
            yield name, thing


CALLABLES = dict(callables())


def documented(doc, section="Parameters"):
    """The entries ``names : type`` of a numpydoc section, a dict of name to type."""
    found = re.search(rf"^{section}\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", doc or "", re.S | re.M)
    entries = {}
    for line in (found[1] if found else "").splitlines():
        names, _, kind = line.partition(" : ")
        if line and not line.startswith(" "):
            entries.update(dict.fromkeys((name.strip().lstrip("*") for name in names.split(",")), kind))
    return entries


def signature(thing):
    if isinstance(thing, type):
        thing = thing.__init__
    if thing is object.__init__:
        return {}
    return {p.name: p for p in inspect.signature(thing).parameters.values() if p.name not in ("self", "cls")}


@pytest.mark.parametrize("name", CALLABLES)
def test_a_docstring_lists_the_parameters_of_the_signature(name):
    thing = CALLABLES[name]
    wanted, entries = signature(thing), documented(inspect.getdoc(thing))
    if isinstance(thing, type) and (issubclass(thing, tuple) or "Parameters" not in (inspect.getdoc(thing) or "")):
        return  # a result: its attributes are documented
    if not entries:  # then its sentences name them, or another function that has the same
        text = inspect.getdoc(thing) or ""
        missing = [word for word in wanted if word != "y" and not re.search(rf"\b{word}\b", text, re.I)]
        assert len(wanted) <= 1 or not missing or re.search(":meth:|:func:|:class:", text), f"{name}: {missing}"
        return
    assert set(entries) == set(wanted), f"{name} documents {list(entries)}, its signature has {list(wanted)}"


@pytest.mark.parametrize("name", CALLABLES)
def test_a_docstring_gives_the_defaults_of_the_signature(name):
    thing = CALLABLES[name]
    entries = documented(inspect.getdoc(thing))
    for parameter, found in signature(thing).items():
        kind = entries.get(parameter)
        if not kind or found.default is inspect.Parameter.empty:
            continue
        if found.default is None:
            assert re.search("optional|None|default|ignored", kind), f"{name}: {parameter} may be left out"
        else:
            said = re.search(r"default (.*)$", kind)
            assert said, f"{name}: the entry of {parameter} gives no default; it is {found.default!r}"
            value = eval(said[1], {"nan": math.nan})
            assert repr(value) == repr(found.default), f"{name}: {parameter} is {found.default!r}, not {said[1]}"


@pytest.mark.parametrize("name", DECLARED)
def test_every_parameter_of_an_estimator_is_declared_and_documented_so(name):
    cls = DECLARED[name]
    wanted = signature(cls)
    assert list(cls.PARAMETERS) == list(wanted)
    entries = documented(inspect.getdoc(cls))
    for parameter, kind in cls.PARAMETERS.items():
        default = wanted[parameter].default
        if default is inspect.Parameter.empty:
            assert entries[parameter] == str(kind)
        else:
            said, _, value = entries[parameter].rpartition(", default ")
            assert (said, repr(eval(value))) == (str(kind), repr(default)), parameter


def test_every_estimator_declares_its_parameters():
    from sklearn.base import BaseEstimator

    estimators = {name for name, t in THINGS.items() if isinstance(t, type) and issubclass(t, BaseEstimator)}
    assert estimators == set(DECLARED)
