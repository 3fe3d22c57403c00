"""Experiment configs: TOML with a strict schema.

A config names one estimator a stage and its parameters, exactly as the Python
constructors have them. A key that no constructor knows is an error with a
did-you-mean, never ignored. ::

    name = "scene15_fisher"
    description = "Fisher vectors of dense SIFT"

    [published]            # what the paper reports; not used in the run
    [data]                 # n_train images a class, n_test at most, draws, seed
    [image]                # limits of resize_image
    [channels.sift]        # one table a channel: n_descriptors, and
    [channels.sift.extractor]   # type = "DenseSIFT", ...
    [channels.sift.pca]         # optional
    [channels.sift.codebook]    # type = "GMMCodebook", ...
    [channels.sift.encoder]     # type = "FisherVector", ...
    [channels.sift.pyramid]     # cells, pooling, norm ...
    [classifier]           # type = "OneVsRestDual", ...
    [lite]                 # the same tables: what a quick trial run changes
"""

import copy
import inspect
import tomllib
from importlib import resources
from pathlib import Path

from .._files import fingerprint
from .._validation import suggestion
from ..errors import ConfigError

#: stage -> names of the estimators it may be; the first is the default
STAGES = {
    "extractor": ("DenseSIFT", "HOG", "LBP", "ColorStatistics", "GIST"),
    "pca": ("DescriptorPCA",),
    "codebook": ("KMeansCodebook", "GMMCodebook"),
    "encoder": (
        "HardAssignment", "SoftAssignment", "LLC", "LCC", "SuperVector", "VLAD", "FisherVector", "TriangleAssignment",
    ),
    "pyramid": ("SpatialPyramid",),
    "classifier": ("OneVsRestDual",),
}
#: parameters that a config does not set: the runner does, or they are stages of their own
RESERVED = {"self", "n_jobs", "random_state", "verbose", "codebook", "encoder", "progress"}

TOP = {
    "name": str, "description": str, "published": dict, "data": dict, "image": dict, "channels": dict,
    "classifier": dict, "lite": dict,
}
DATA = {"n_train": int, "n_test": int, "draws": int, "seed": int, "on_error": str}
DATA_DEFAULTS = {"n_train": 0, "n_test": 0, "draws": 1, "seed": 0, "on_error": "raise"}
PUBLISHED = {
    "paper": str, "table": str, "accuracy": (int, float), "std": (int, float), "measure": str, "protocol": str,
    "data": str,
}
IMAGE = {"max_side": int, "max_height": int, "max_pixels": int, "fit": list, "upscale": bool}
CHANNEL = {"n_descriptors": int, **{stage: dict for stage in STAGES if stage != "classifier"}}


class Config:
    """A checked config.

    Attributes
    ----------
    tree : dict
        All tables with overrides and, if asked for, ``lite`` applied.
    source : str
        Where it was read from.
    lite : bool
    """

    def __init__(self, tree, source, lite):
        self.tree, self.source, self.lite = tree, source, lite

    @property
    def name(self):
        return self.tree["name"]

    @property
    def fingerprint(self):
        """Of everything that changes a result: not the name, the texts, or the number of draws."""
        relevant = {k: v for k, v in self.tree.items() if k in ("data", "image", "channels", "classifier")}
        relevant = copy.deepcopy(relevant)
        relevant["data"].pop("draws")
        return fingerprint(relevant)


def shipped_configs():
    """Names of the configs that are installed with the package."""
    folder = resources.files("bovw.experiment") / "systems"
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml"))


def find_config(name):
    """The path of a config: ``name`` itself if it ends in .toml, else the config of that name that comes with bovw."""
    if Path(name).suffix == ".toml":
        return Path(name)
    if str(name) not in shipped_configs():
        raise ConfigError(
            f"config {name!r} is no .toml file and does not come with bovw{suggestion(name, shipped_configs())}; "
            f"these come with it: {', '.join(shipped_configs())}"
        )
    return Path(str(resources.files("bovw.experiment") / "systems" / f"{name}.toml"))


def load_config(source, *, overrides=(), lite=False):
    """Read and check a config.

    Parameters
    ----------
    source : path or str
        A TOML file.
    overrides : sequence of str
        Assignments ``"channels.sift.codebook.n_words=200"``; the value is TOML, or
        else a string.
    lite : bool, default False
        Apply the config's ``[lite]`` table.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        For a missing file, a syntax error, an unknown key, a value of the wrong type.
    """
    path = Path(source)
    try:
        with open(path, "rb") as file:
            tree = tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(f"config {path} does not exist{_near_files(path)}") from None
    except IsADirectoryError:
        raise ConfigError(f"config {path} is a folder; give a .toml file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    return check_config(tree, source=str(path), overrides=overrides, lite=lite)


def check_config(tree, *, source="config", overrides=(), lite=False):
    """As :func:`load_config`, from a dict."""
    tree = copy.deepcopy(tree)
    _check_tree(tree, source)
    if lite:
        _merge(tree, tree.get("lite", {}))
    for assignment in overrides:
        _assign(tree, assignment)
    _check_tree(tree, source)
    tree.pop("lite", None)
    tree.setdefault("name", Path(source).stem)
    tree.setdefault("image", {})
    tree["data"] = {**DATA_DEFAULTS, **tree.get("data", {})}
    for key, minimum in (("n_train", 0), ("n_test", 0), ("draws", 1), ("seed", 0)):
        if tree["data"][key] < minimum:
            raise ConfigError(f"{source}: data.{key}={tree['data'][key]} must be at least {minimum}")
    return Config(tree, source, lite)


def _near_files(path):
    siblings = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
    return suggestion(path.name, siblings)


def _check_tree(tree, source):
    _check_table(tree, TOP, "", source)
    if not tree.get("channels"):
        raise ConfigError(f"{source}: there is no [channels.NAME] table; a config needs at least one channel")
    _check_table(tree.get("data", {}), DATA, "data.", source)
    _check_table(tree.get("published", {}), PUBLISHED, "published.", source)
    _check_table(tree.get("image", {}), IMAGE, "image.", source)
    _check_stage(tree.get("classifier", {}), "classifier", "classifier.", source)
    for name, channel in tree["channels"].items():
        _check_channel(channel, f"channels.{name}", source)
        for stage in ("encoder", "codebook"):
            if stage not in channel:
                raise ConfigError(f"{source}: [channels.{name}.{stage}] is missing")
    _check_lite(tree, source)


def _check_lite(tree, source):
    lite = tree.get("lite", {})
    _check_table(lite, {k: v for k, v in TOP.items() if k in ("data", "image", "channels", "classifier")}, "lite.",
                 source)
    _check_table(lite.get("data", {}), DATA, "lite.data.", source)
    _check_table(lite.get("image", {}), IMAGE, "lite.image.", source)
    for name in lite.get("channels", {}):
        if name not in tree["channels"]:
            raise ConfigError(f"{source}: lite.channels.{name} names no channel{suggestion(name, tree['channels'])}")
    merged = copy.deepcopy({k: v for k, v in tree.items() if k != "lite"})
    _merge(merged, lite)
    for name, channel in merged["channels"].items():
        _check_channel(channel, f"lite: channels.{name}", source)
    _check_stage(merged.get("classifier", {}), "classifier", "lite: classifier.", source)


def _check_channel(channel, place, source):
    if not isinstance(channel, dict):
        raise ConfigError(f"{source}: {place} must be a table")
    _check_table(channel, CHANNEL, f"{place}.", source)
    for stage in CHANNEL:
        if stage in channel and stage != "n_descriptors":
            _check_stage(channel[stage], stage, f"{place}.{stage}.", source)


def _check_table(table, known, place, source):
    for key, value in table.items():
        if key not in known:
            raise ConfigError(
                f"{source}: unknown key {place}{key}{suggestion(key, known) or '; known are ' + ', '.join(known)}"
            )
        kinds = known[key] if isinstance(known[key], tuple) else (known[key],)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = "table" if dict in kinds else " or ".join(kind.__name__ for kind in kinds)
            raise ConfigError(f"{source}: {place}{key}={value!r} must be of type {wanted}")


def _check_stage(table, stage, place, source):
    """The keys of a stage are ``type`` and the parameters of that estimator's constructor."""
    cls = stage_class(table, stage, place, source)
    known = [name for name in inspect.signature(cls.__init__).parameters if name not in RESERVED]
    for key in table:
        if key != "type" and key not in known:
            hint = suggestion(key, known) or f"; {cls.__name__} has {', '.join(known)}"
            raise ConfigError(f"{source}: unknown key {place}{key}{hint}")


def stage_class(table, stage, place="", source="config"):
    """The estimator class that a stage's table names."""
    import bovw

    available = [name for name in STAGES[stage] if name in bovw.__all__]
    name = table.get("type", available[0])
    if name not in available:
        raise ConfigError(
            f"{source}: {place}type={name!r} is not one of {', '.join(available)}{suggestion(name, available)}"
        )
    return getattr(bovw, name)


def _merge(tree, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = copy.deepcopy(value)


def _assign(tree, assignment):
    key, equals, text = assignment.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {assignment!r} must have the form key.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *tables, last = key.strip().split(".")
    place = tree
    for i, name in enumerate(tables):
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise ConfigError(f"--set {assignment!r}: {'.'.join(tables[:i + 1])} is not a table")
    place[last] = value
