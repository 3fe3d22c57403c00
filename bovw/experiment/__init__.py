"""From a config file to numbers: read, build, run, measure, record."""

from .._lazy import lazy_names

_INDEX = {
    "append_run": ".ledger",
    "load_config": ".config",
    "predict_run": ".runner",
    "read_ledger": ".ledger",
    "run_experiment": ".runner",
}

__all__ = list(_INDEX)
__getattr__, __dir__ = lazy_names(__name__, _INDEX)
