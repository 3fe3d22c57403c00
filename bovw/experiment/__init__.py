"""From a config file to numbers: read, build, run, measure, record."""

from .config import load_config
from .ledger import append_run, read_ledger
from .runner import predict_run, run_experiment

__all__ = ["append_run", "load_config", "predict_run", "read_ledger", "run_experiment"]
