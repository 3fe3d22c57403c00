"""Public names that are imported when they are first used, so that importing a package costs nothing."""

import importlib
import sys


def lazy_names(package, index):
    """``__getattr__`` and ``__dir__`` of a package whose public names live in other modules.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    index : dict of str to str
        Name -> module that defines it, relative to the package.
    """

    def get(name):
        if name not in index:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(index[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    def names():
        return sorted([*vars(sys.modules[package]), *index])

    return get, names
