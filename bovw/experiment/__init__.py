"""From a config file to numbers: read, build, run, measure."""

from .config import load_config
from .runner import run_experiment

__all__ = ["load_config", "run_experiment"]
