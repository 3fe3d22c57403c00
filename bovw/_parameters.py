"""One declaration a parameter: its kind and range, from which the check, the documented type and the config check come.

An estimator lists what its constructor takes::

    class LLC(Declared, BaseEstimator):
        PARAMETERS = {"codebook": Part("KMeansCodebook", default=KMeansCodebook), "n_neighbors": Integer(1)}

and :meth:`Declared.check_params` holds the values against it, then against each other (``check_pairs``). A kind is
written into the class's docstring as ``str(kind)`` says it: ``n_neighbors : int >= 1, default 5``; a test holds the
docstrings to it. Messages begin ``name=value``, so a config can put the table's path in front.
"""

import numbers

import numpy as np

from ._random import check_seed
from ._threads import check_n_jobs
from ._validation import check_bool, check_choice, check_int, check_number, shown
from .errors import ParameterError

__all__ = [
    "AnyOf", "Boolean", "Choice", "Declared", "Integer", "Jobs", "Number", "OneOrMore", "Optional", "Part", "Seed",
    "Series", "Text",
]


class Kind:
    """What a value may be; :meth:`check` returns its plain form or raises ParameterError, ``str`` documents it."""

    def check(self, name, value):
        raise NotImplementedError


class Integer(Kind):
    """An integer, of ``minimum`` to ``maximum``."""

    def __init__(self, minimum=None, maximum=None):
        self.minimum, self.maximum = minimum, maximum

    def check(self, name, value):
        return check_int(name, value, self.minimum, self.maximum)

    def __str__(self):
        return f"int{_range(self.minimum, self.maximum)}"


class Number(Kind):
    """A finite number, of ``minimum`` to ``maximum``; ``exclusive`` leaves out the minimum itself."""

    def __init__(self, minimum=None, maximum=None, *, exclusive=False):
        self.minimum, self.maximum, self.exclusive = minimum, maximum, exclusive

    def check(self, name, value):
        return check_number(name, value, self.minimum, self.maximum, self.exclusive)

    def __str__(self):
        return f"float{_range(self.minimum, self.maximum, self.exclusive)}"


class Boolean(Kind):
    """True or False."""

    def check(self, name, value):
        return check_bool(name, value)

    def __str__(self):
        return "bool"


class Text(Kind):
    """A string; ``what`` says of which form."""

    def __init__(self, what="str"):
        self.what = what

    def check(self, name, value):
        if not isinstance(value, str):
            raise ParameterError(f"{name}={shown(value)} must be a string")
        return value

    def __str__(self):
        return self.what


class Choice(Kind):
    """One of some values, mostly strings."""

    def __init__(self, *choices):
        self.choices = choices

    def check(self, name, value):
        return check_choice(name, value, self.choices)

    def __str__(self):
        return "{" + ", ".join(_quoted(choice) for choice in self.choices) + "}"


class Optional(Kind):
    """A value of some kind, or None."""

    def __init__(self, kind):
        self.kind = kind

    def check(self, name, value):
        return None if value is None else self.kind.check(name, value)

    def __str__(self):
        return f"{self.kind} or None"


class Series(Kind):
    """A sequence of values of one kind, as a tuple; ``length`` of them, or at least ``min_length``."""

    def __init__(self, kind, *, length=None, min_length=1):
        self.kind, self.length, self.min_length = kind, length, min_length

    def check(self, name, value):
        if isinstance(value, (str, dict)) or not np.iterable(value):
            raise ParameterError(f"{name}={shown(value)} must be a sequence, each element {self.kind}")
        values = tuple(value)
        if self.length is not None and len(values) != self.length:
            raise ParameterError(f"{name}={shown(value)} has {len(values)} elements; {self.length} are needed")
        if len(values) < self.min_length:
            raise ParameterError(
                f"{name}={shown(value)} is too short; give at least {self.min_length}, each {self.kind}"
            )
        return tuple(self.kind.check(f"{name}[{i}]", item) for i, item in enumerate(values))

    def __str__(self):
        return f"sequence of {'' if self.length is None else f'{self.length} '}{self.kind}"


class OneOrMore(Kind):
    """A value of some kind, or a sequence of them; as a tuple: ``candidates`` of a search sorted, each once."""

    def __init__(self, kind, *, candidates=False):
        self.kind, self.candidates = kind, candidates

    def check(self, name, value):
        if isinstance(value, (str, dict, numbers.Number)) or not np.iterable(value):
            return (self.kind.check(name, value),)
        values = Series(self.kind).check(name, value)
        return tuple(sorted(set(values))) if self.candidates else values

    def __str__(self):
        return f"{self.kind}, or a sequence of them"


class AnyOf(Kind):
    """A value of the first of several kinds that takes it."""

    def __init__(self, *kinds):
        self.kinds = kinds

    def check(self, name, value):
        for kind in self.kinds:
            try:
                return kind.check(name, value)
            except ParameterError:
                continue
        raise ParameterError(f"{name}={shown(value)} must be {self}")

    def __str__(self):
        return " or ".join(map(str, self.kinds))


class Jobs(Kind):
    """Worker threads: None (one), a positive number, or -1 for all cores."""

    def check(self, name, value):
        return check_n_jobs(value)

    def __str__(self):
        return "int or None"


class Seed(Kind):
    """Where random numbers come from."""

    def check(self, name, value):
        if isinstance(value, (np.random.RandomState, np.random.Generator)):
            return value  # check_seed would draw from it
        return check_seed(value, name)

    def __str__(self):
        return "int, RandomState, Generator or None"


class Part(Kind):
    """An estimator inside an estimator, with the ``methods`` that its place needs.

    Parameters
    ----------
    what : str
        As the documentation calls it.
    default : callable, optional
        Makes the estimator that None stands for; without it None is no estimator and refused, unless ``Optional``.
    methods : sequence of str or tuples of str, default ("fit",)
        Methods that it must have; of a tuple, one.
    """

    def __init__(self, what, *, default=None, methods=("fit",)):
        self.what, self.default, self.methods = what, default, methods

    def check(self, name, value):
        if value is None and self.default is not None:
            return None
        for method in self.methods:
            names = (method,) if isinstance(method, str) else method
            if isinstance(value, type) or not any(hasattr(value, one) for one in names):
                raise ParameterError(f"{name}={shown(value)} has no {' or '.join(names)}; give {_article(self.what)}")
        if hasattr(value, "check_params"):
            value.check_params()
        return value

    def __str__(self):
        return self.what if self.default is None else f"{self.what} or None"


class Declared:
    """Mixin of estimators whose constructor's parameters are declared in ``PARAMETERS``."""

    PARAMETERS: dict = {}

    def check_params(self):
        """Hold all parameters against their declarations and against each other.

        Raises
        ------
        ParameterError
            Naming the parameter, its value and what it may be.
        """
        for name, kind in self.PARAMETERS.items():
            kind.check(name, getattr(self, name))
        self.check_pairs()

    def check_pairs(self):
        """Raise ParameterError if parameters, each in its range, do not go together."""

    def checked(self, name):
        """The value of a parameter in its plain form: a float for 1, a tuple for a list."""
        return self.PARAMETERS[name].check(name, getattr(self, name))

    def part(self, name):
        """An unfitted copy of the estimator in the place ``name``; of the default where that is None."""
        from sklearn.base import clone

        value = getattr(self, name)
        return self.PARAMETERS[name].default() if value is None else clone(value)

    def set_params(self, **params):
        """As scikit-learn's; a key that reaches into a part that is None reaches into its default."""
        for key in params:
            name, inner, _ = key.partition("__")
            kind = self.PARAMETERS.get(name)
            if inner and isinstance(kind, Part) and kind.default is not None and getattr(self, name) is None:
                setattr(self, name, kind.default())
        return super().set_params(**params)


def _range(minimum, maximum, exclusive=False):
    if maximum is None:
        return "" if minimum is None else f" {'>' if exclusive else '>='} {minimum:,}"
    if minimum is None:
        return f" <= {maximum:,}"
    return f" in {'(' if exclusive else '['}{minimum:,}, {maximum:,}]"


def _quoted(value):
    return f'"{value}"' if isinstance(value, str) else str(value)


def _article(what):
    return f"{'an' if what[0].lower() in 'aeiou' else 'a'} {what}"
