"""Experiment configs: TOML with a strict schema.

A config names one estimator a stage and its parameters, exactly as the Python
constructors have them. A key that no constructor knows is an error with a
did-you-mean, never ignored. ::

    base = "other.toml"    # optional, beside this file: what is not said here is as there
    name = "scene15_fisher"
    description = "Fisher vectors of dense SIFT"
    fusion = "concatenate" # of several channels: their signatures, or their "scores"
    fusion_weights = "cv"  # with "scores": "cv", "equal" or one number a channel

    [published]            # what the paper reports, not used in the run; [[published]] for several figures
    [data]                 # n_train images a class, n_test at most, draws, seed; a data set of several classes
                           # an image (PASCAL VOC) is split as it says itself, and smaller only with --lite
    [image]                # limits of resize_image
    [channels.sift]        # one table a channel: n_descriptors and n_images of the sample to learn from, and
    [channels.sift.image]       # optional, in place of [image]
    [channels.sift.extractor]   # type = "DenseSIFT", ...
    [channels.sift.pca]         # optional
    [channels.sift.codebook]    # type = "GMMCodebook", ...
    [channels.sift.encoder]     # type = "FisherVector", ...
    [channels.sift.pyramid]     # cells, pooling, norm ...
    [channels.sift.kernel_map]  # optional: type = "HomogeneousKernelMap", ...
    [codec]                # optional: what training signatures pass through, type = "ProductQuantizer", ...
    [standardize]          # optional: signatures to zero mean and unit deviation before the classifier
    [classifier]           # type = "OneVsRestDual", ...
    [lite]                 # the same tables: what a quick trial run changes

A table that changes ``type``, against the base or in ``[lite]``, replaces the whole
table, for the parameters belong to the type; so does ``[published]``. Other tables are
merged key by key. A base has no base of its own.
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
    "extractor": (
        "DenseSIFT", "HOG", "HOGWindow", "LBP", "LBPHistogram", "ColorStatistics", "GIST", "RawPatches", "TinyImage",
    ),
    "pca": ("DescriptorPCA",),
    "codebook": ("KMeansCodebook", "GMMCodebook", "HierarchicalKMeans"),
    "encoder": (
        "HardAssignment", "SoftAssignment", "LLC", "LCC", "SuperVector", "VLAD", "FisherVector", "TriangleAssignment",
        "Concatenation",
    ),
    "pyramid": ("SpatialPyramid",),
    "kernel_map": ("HomogeneousKernelMap",),
    "codec": ("ProductQuantizer", "Float16Codec", "FeatureHashing"),
    "standardize": ("StandardizedClassifier",),
    "classifier": ("OneVsRestDual", "OneVsRestPrimal", "OneVsRestSGD", "NearestNeighbor"),
}
#: parameters that a config does not set: the runner does, or they are stages of their own
RESERVED = {"self", "n_jobs", "random_state", "verbose", "codebook", "encoder", "progress", "classifier"}

TOP = {
    "name": str, "description": str, "published": (dict, list), "data": dict, "image": dict, "channels": dict,
    "fusion": str, "fusion_weights": (str, list), "codec": dict, "standardize": dict, "classifier": dict,
    "lite": dict,
}
#: what decides the result of a run, and so what [lite] may change
RESULT_KEYS = (
    "data", "image", "channels", "fusion", "fusion_weights", "codec", "standardize", "classifier",
)
DATA = {"n_train": int, "n_train_unsplit": int, "n_test": int, "draws": int, "seed": int, "on_error": str}
DATA_DEFAULTS = {"n_train": 0, "n_train_unsplit": 0, "n_test": 0, "draws": 1, "seed": 0, "on_error": "raise"}
PUBLISHED = {
    "paper": str, "table": str, "accuracy": (int, float), "std": (int, float), "measure": str, "protocol": str,
    "data": str, "checked": bool,
}
IMAGE = {"max_side": int, "max_height": int, "max_pixels": int, "fit": list, "upscale": bool}
CHANNEL_STAGES = ("extractor", "pca", "codebook", "encoder", "pyramid", "kernel_map")
CHANNEL = {"n_descriptors": int, "n_images": int, "image": dict, **dict.fromkeys(CHANNEL_STAGES, dict)}
SIGNATURE_STAGES = ("codec", "standardize", "classifier")
FUSIONS = ("concatenate", "scores")
FUSION_WEIGHTS = ("cv", "equal")


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
    def published(self):
        """The published figures, a list of tables."""
        published = self.tree.get("published", [])
        return [published] if isinstance(published, dict) else published

    def n_train(self, has_split):
        """Training images a class, None for all.

        Parameters
        ----------
        has_split : bool
            Whether the data set says itself which images are for training. One that does
            not uses ``data.n_train_unsplit`` where ``data.n_train`` is not set.

        Raises
        ------
        ConfigError
            If the data set has no split and no number is set.
        """
        data = self.tree["data"]
        number = data["n_train"] or (0 if has_split else data["n_train_unsplit"])
        if not number and not has_split:
            raise ConfigError(
                f"{self.source}: the data set has no training and test part of its own and data.n_train is not set; "
                "set data.n_train to the number of training images a class, or give split files"
            )
        return number or None

    @property
    def fingerprint(self):
        """Of everything that changes a result: not the name, the texts, or the number of draws."""
        relevant = copy.deepcopy({k: v for k, v in self.tree.items() if k in RESULT_KEYS})
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
    return check_config(_with_base(Path(source)), source=str(source), overrides=overrides, lite=lite)


def _with_base(path):
    """The tree of a file, laid over that of its base."""
    tree = _read(path)
    base = tree.pop("base", None)
    if base is None:
        return tree
    if not isinstance(base, str):
        raise ConfigError(f"{path}: base={base!r} must be the name of a .toml file beside it")
    below = _read(path.parent / base)
    if "base" in below:
        raise ConfigError(
            f"{path}: base {base!r} has itself the base {below['base']!r}; one level is allowed: name the other file, "
            "or copy what is needed"
        )
    _check_tree(below, str(path.parent / base))
    for key in ("name", "description", *({"published"} & tree.keys())):
        below.pop(key, None)
    _merge(below, tree)
    return below


def _read(path):
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(f"config {path} does not exist{_near_files(path)}") from None
    except IsADirectoryError:
        raise ConfigError(f"config {path} is a folder; give a .toml file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


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
    for key, minimum in (("n_train", 0), ("n_train_unsplit", 0), ("n_test", 0), ("draws", 1), ("seed", 0)):
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
    for published in _tables(tree.get("published", []), "published", source):
        _check_table(published, PUBLISHED, "published.", source)
    _check_result_keys(tree, "", source)
    _check_lite(tree, source)


def _tables(value, place, source):
    """A table, or a list of tables, as a list."""
    tables = [value] if isinstance(value, dict) else value
    if not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{source}: {place} must be a table [{place}] or several [[{place}]]")
    return tables


def _check_result_keys(tree, place, source):
    """Check everything but the texts; the channels are whole."""
    _check_table(tree.get("data", {}), DATA, f"{place}data.", source)
    _check_table(tree.get("image", {}), IMAGE, f"{place}image.", source)
    for stage in SIGNATURE_STAGES:
        if stage in tree or stage == "classifier":
            _check_stage(tree.get(stage, {}), stage, f"{place}{stage}.", source)
    for name, channel in tree["channels"].items():
        _check_channel(channel, f"{place}channels.{name}", source)
    _check_fusion(tree, place, source)


def _check_fusion(tree, place, source):
    fusion, weights = tree.get("fusion", FUSIONS[0]), tree.get("fusion_weights")
    if fusion not in FUSIONS:
        raise ConfigError(
            f"{source}: {place}fusion={fusion!r} is not one of {', '.join(FUSIONS)}{suggestion(fusion, FUSIONS)}"
        )
    if weights is None:
        return
    if fusion != "scores":
        raise ConfigError(f"{source}: {place}fusion_weights are for fusion = \"scores\", fusion is {fusion!r}")
    if isinstance(weights, str):
        if weights not in FUSION_WEIGHTS:
            raise ConfigError(
                f"{source}: {place}fusion_weights={weights!r} is not one of {', '.join(FUSION_WEIGHTS)} or a list of "
                f"numbers{suggestion(weights, FUSION_WEIGHTS)}"
            )
        return
    numbers = [w for w in weights if isinstance(w, (int, float)) and not isinstance(w, bool)]
    if len(numbers) != len(weights) or len(weights) != len(tree["channels"]):
        raise ConfigError(
            f"{source}: {place}fusion_weights={weights!r} must be one number for each of the "
            f"{len(tree['channels'])} channels"
        )


def _check_lite(tree, source):
    lite = tree.get("lite", {})
    _check_table(lite, {key: kind for key, kind in TOP.items() if key in RESULT_KEYS}, "lite.", source)
    for name in lite.get("channels", {}):
        if name not in tree["channels"]:
            raise ConfigError(f"{source}: lite.channels.{name} names no channel{suggestion(name, tree['channels'])}")
    merged = copy.deepcopy({key: value for key, value in tree.items() if key != "lite"})
    _merge(merged, lite)
    _check_result_keys(merged, "lite: ", source)


def _check_channel(channel, place, source):
    if not isinstance(channel, dict):
        raise ConfigError(f"{source}: {place} must be a table")
    _check_table(channel, CHANNEL, f"{place}.", source)
    _check_table(channel.get("image", {}), IMAGE, f"{place}.image.", source)
    for stage in CHANNEL_STAGES:
        if stage in channel:
            _check_stage(channel[stage], stage, f"{place}.{stage}.", source)
    if "encoder" not in channel:
        raise ConfigError(f"{source}: [{place}.encoder] is missing")
    encoder = stage_class(channel["encoder"], "encoder", f"{place}.encoder.", source)
    if encoder.needs_codebook and "codebook" not in channel:
        raise ConfigError(f"{source}: [{place}.codebook] is missing")
    if not encoder.needs_codebook and "codebook" in channel:
        raise ConfigError(f"{source}: [{place}.codebook] is there, but {encoder.__name__} has no codebook")


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

    name = table.get("type", STAGES[stage][0])
    if name not in STAGES[stage]:
        raise ConfigError(
            f"{source}: {place}type={name!r} is not one of {', '.join(STAGES[stage])}{suggestion(name, STAGES[stage])}"
        )
    return getattr(bovw, name)


def _merge(tree, changes):
    """Lay ``changes`` over ``tree``, table by table; a table that changes the type of a stage replaces it."""
    for key, value in changes.items():
        below = tree.get(key)
        same = isinstance(value, dict) and isinstance(below, dict)
        if same and value.get("type", below.get("type")) == below.get("type"):
            _merge(below, value)
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
