"""From a config file to numbers: read, check, build, run, measure."""

import importlib

_INDEX = {"load_config": "config", "predict_run": "runner", "run_experiment": "runner"}

__all__ = list(_INDEX)


def __getattr__(name):
    """A name when it is first used: a config is refused before what runs it is imported."""
    if name in _INDEX:
        value = getattr(importlib.import_module(f".{_INDEX[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'bovw.experiment' has no attribute {name!r}")
