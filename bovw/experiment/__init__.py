"""From a config file to numbers: read, check, build, run, measure."""

from .._lazy import lazy_names

_INDEX = {"load_config": ".config", "predict_run": ".runner", "run_experiment": ".runner"}

__all__ = list(_INDEX)
__getattr__, __dir__ = lazy_names(__name__, _INDEX)
