"""From a config file to numbers: read, check, build, run, measure."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"config": ["load_config"], "runner": ["predict_run", "run_experiment"]}
)
