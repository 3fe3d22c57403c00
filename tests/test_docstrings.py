"""Docstrings say what signatures and declarations say: every parameter, its kind, its default."""

import inspect
import math
import re

import pytest

import bovw
from bovw._parameters import Declared

THINGS = {name: getattr(bovw, name) for name in bovw.__all__}
DECLARED = {name: thing for name, thing in THINGS.items() if isinstance(thing, type) and issubclass(thing, Declared)}


def callables(name):
    """A public function, or the constructor and public methods of a class, by the names that a user writes."""
    thing = THINGS[name]
    yield name, thing
    for method, value in inspect.getmembers(thing) if isinstance(thing, type) else ():
        ours = str(getattr(value, "__module__", "")).startswith("bovw")
        if ours and callable(value) and not method.startswith("_"):
            yield f"{name}.{method}", value


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


@pytest.mark.parametrize("name", THINGS)
def test_docstrings_list_the_parameters_of_the_signatures(name):
    for called, thing in callables(name):
        text, wanted = inspect.getdoc(thing) or "", signature(thing)
        entries = documented(text)
        if isinstance(thing, type) and (issubclass(thing, (tuple, Exception)) or "Parameters" not in text):
            continue  # a result: its attributes are documented
        if entries:
            assert set(entries) == set(wanted), f"{called} documents {list(entries)} and has {list(wanted)}"
        else:  # its sentences name them, or another function that has the same
            missing = [word for word in wanted if word != "y" and not re.search(rf"\b{word}\b", text, re.I)]
            elsewhere = re.search(":meth:|:func:|:class:|the base", text)
            assert len(wanted) <= 1 or not missing or elsewhere, f"{called} says nothing of {missing}"


@pytest.mark.parametrize("name", THINGS)
def test_docstrings_give_the_defaults_of_the_signatures(name):
    for called, thing in callables(name):
        entries = documented(inspect.getdoc(thing))
        for parameter, found in signature(thing).items():
            kind = entries.get(parameter)
            if not kind or found.default is inspect.Parameter.empty:
                continue
            if found.default is None:
                assert re.search("optional|None|default|ignored", kind), f"{called}: {parameter} may be left out"
            else:
                said = re.search(r"default (.*)$", kind)
                assert said, f"{called}: the entry of {parameter} gives no default; it is {found.default!r}"
                value = eval(said[1], {"nan": math.nan})
                assert repr(value) == repr(found.default), f"{called}: {parameter} is {found.default!r}, not {said[1]}"


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


@pytest.mark.parametrize("name", THINGS)
def test_signatures_name_the_types_of_data_and_do_not_unfold_them(name):
    for called, thing in callables(name):
        for argument, parameter in signature(thing).items():
            text = inspect.formatannotation(parameter.annotation)
            assert len(text) < 150, f"{called} has {argument}: {text}; let its module defer annotations"
