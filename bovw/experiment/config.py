"""Experiment configs: TOML with a strict schema.

A config names one estimator a stage and its parameters, exactly as the Python
constructors have them. A key that no constructor knows is an error with a
did-you-mean, never ignored; a value out of its range, and stages that do not go
together, are refused when the config is read. ::

    base = "xrce2010"      # optional, a config that comes with bovw or a .toml file beside this one: what is not said
                           # here is as there; a base may have a base
    name = "scene15_fisher"
    description = "Fisher vectors of dense SIFT"
    fusion = "concatenate" # of several channels: their signatures, or their "scores"
    fusion_weights = "cv"  # with "scores": "cv", "equal" or one number a channel

    [published]            # what the paper reports, not used in the run; [[published]] for several figures.
                           # paper: a text, or the short name of a paper that bovw knows (results/papers.toml)
    [data]                 # n_train images a class, n_test at most: numbers, or fractions of each class (0.8);
                           # split = "random" or "first" (of each class, in the order of its files); draws, seed.
                           # A data set of several classes an image (PASCAL VOC) is split as it says itself, and
                           # smaller only with --lite
    [image]                # limits of resize_image
    [channels.sift]        # one table a channel: n_descriptors and n_images of the sample to learn from, and
                           # like = "other channel", optional: what is not said here is as there
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
    [lite]                 # the same tables: what a quick trial run changes beyond what it changes anyway, see
                           # bovw.experiment.lite

A table that changes ``type``, against the base, the like channel, in ``[lite]`` or by ``--set``, replaces the whole
table, for the parameters belong to the type; so does ``[published]``. Other tables are merged key by key. What a
base's ``[lite]`` changes of a value holds no more for a file that sets the value itself.
"""

import copy
import tomllib
from importlib import resources
from pathlib import Path

from .._files import fingerprint
from .._validation import suggestion
from ..errors import ConfigError, ParameterError
from ..results.published import cite
from .checks import check_limits, check_values
from .layers import SET, Layers, Origin
from .lite import lite_changes
from .schema import DATA_DEFAULTS, RESULT_KEYS, check_lite_keys, check_published, check_stages, check_tables

_DEFAULT, _LITE = Origin("default"), Origin("lite")


class Config:
    """A checked config.

    Attributes
    ----------
    tree : dict
        All tables with overrides and, if asked for, ``lite`` applied.
    source : str
        Where it was read from: a file, or the name of a config that comes with bovw.
    lite : bool
    origins : dict of tuple to Origin
        Path of a value in ``tree`` to where it comes from.
    """

    def __init__(self, layers, lite):
        self.tree, self.origins, self.source, self.lite = layers.tree, layers.origins, layers.source, lite
        self._layers = layers

    def error(self, path, rule, *value):
        """A ConfigError that names where a value comes from, its key, and the value if one is given."""
        return self._layers.error(path, rule, *value)

    def pair_error(self, path, rule, *value):
        """As :meth:`error`, of a value that does not go with others: what is nearest to the command is named first."""
        return self._layers.pair_error(path, rule, *value)

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

        Returns
        -------
        int, float or None
            A number of images, or a fraction between 0 and 1 of each class.

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
    return sorted(p.name.removesuffix(".toml") for p in _systems().iterdir() if p.name.endswith(".toml"))


def _systems():
    return resources.files("bovw.experiment") / "systems"


def find_config(name, beside=Path()):
    """Where a config is, and what messages call it.

    Parameters
    ----------
    name : str or Path
        A .toml file, or else the name, a str, of a config that comes with bovw.
    beside : path, optional
        The folder that a relative file name begins from.

    Returns
    -------
    path : Path
    called : str

    Raises
    ------
    ConfigError
        If no config of that name comes with bovw.
    """
    if isinstance(name, Path) or Path(name).suffix == ".toml":
        return beside / name, str(beside / name)
    if str(name) not in shipped_configs():
        raise ConfigError(
            f"config {str(name)!r} is no .toml file and does not come with bovw"
            f"{suggestion(name, shipped_configs()) or '; `bovw systems` lists those that do'}"
        )
    return Path(str(_systems() / f"{name}.toml")), str(name)


def load_config(source, *, overrides=(), lite=False):
    """Read and check a config.

    Parameters
    ----------
    source : path or str
        A TOML file, or the name of a config that comes with bovw.
    overrides : sequence of str, default ()
        Assignments ``"channels.sift.codebook.n_words=200"``; the value is TOML, or
        else a string.
    lite : bool, default False
        Make it a trial run: few images, small codebooks, and what the config's ``[lite]`` says.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        For a missing file, a syntax error, an unknown key, a value of the wrong type or out of
        range, stages that do not go together. The message names the file, or ``--set``, and the key.
    """
    return _finished(_with_base(*find_config(source)), overrides, lite)


def check_config(tree, *, source="config", overrides=(), lite=False):
    """As :func:`load_config`, from a dict; ``source`` is what messages call it."""
    layers = Layers(source)
    layers.lay(tree, Origin(source))
    return _finished(layers, overrides, lite)


def _with_base(path, called, above=()):
    """The tables of a file, laid over those of its base, which may have a base."""
    tree = _read(path, called)
    base = tree.pop("base", None)
    if base is None:
        layers = Layers(called)
    else:
        layers = _base(path, called, base, above)
        for key in ("name", "description", *({"published"} & tree.keys())):
            layers.pop(key)
        layers.overrule_lite(tree)
        layers.source = called
    layers.lay(tree, Origin(called))
    return layers


def _base(path, called, base, above):
    if not isinstance(base, str):
        raise ConfigError(
            f"{called}: base={base!r} must be the name of a config that comes with bovw, or of a .toml file beside it"
        )
    try:
        below, below_called = find_config(base, path.parent)
    except ConfigError as error:
        raise ConfigError(f"{called}: base: {error}") from None
    chain = [*above, (path, called)]
    if any(below.resolve() == other.resolve() for other, _ in chain):
        circle = " -> ".join([*(name for _, name in chain), below_called])
        raise ConfigError(f"{called}: base={base!r} goes in a circle: {circle}; one of them must have no base")
    return _with_base(below, below_called, chain)


def _read(path, called):
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(f"config {called} does not exist{_near_files(path)}") from None
    except IsADirectoryError:
        raise ConfigError(f"config {called} is a folder; give a .toml file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{called} is not valid TOML: {error}") from None


def _near_files(path):
    siblings = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
    return suggestion(path.name, siblings)


def _finished(layers, overrides, lite):
    """The config of all layers: checked, with lite and overrides laid over it and texts filled in."""
    check_lite_keys(layers)
    layers.resolve_likes()
    given, trial = layers.tree.get("lite", {}), layers.copy()
    trial.pop("lite")
    check_tables(trial)
    trial.lay(lite_changes(trial.tree), _LITE)
    trial.lay(given, lambda path: Origin(layers.origin(("lite", *path)).source, "lite"))
    layers.pop("lite")
    wanted = (trial if lite else layers).copy()
    if overrides:
        wanted.lay(_assigned(overrides, wanted), Origin(SET))
    for each in (trial, wanted):
        check_tables(each)
    tree = wanted.tree
    defaults = {"name": Path(wanted.source).stem, "image": {}, "data": DATA_DEFAULTS}
    wanted.lay({key: value for key, value in defaults.items() if key not in tree}, _DEFAULT)
    wanted.lay({"data": {key: value for key, value in DATA_DEFAULTS.items() if key not in tree["data"]}}, _DEFAULT)
    _cite_all(wanted)
    config = Config(wanted, lite)
    check_limits(config)
    for each in (layers, trial, wanted):  # the first that imports estimators
        check_stages(each)
    check_values(config)
    return config


def _cite_all(layers):
    """Fill in what published figures leave to their papers; the figures."""
    figures = check_published(layers)
    for figure in figures:
        known = set(figure)
        try:
            cite(figure)
            layers.origins |= {("published", key): Origin("papers.toml") for key in figure.keys() - known}
        except ParameterError as error:
            raise layers.error(("published",), f"is not understood: {error}") from None
    return figures


def read_system(name):
    """Description and published figures, a list, of a config that comes with bovw, whose stages are not checked."""
    layers = _with_base(*find_config(name))
    return layers.tree.get("description", ""), _cite_all(layers)


def _check_settable(path, text):
    """Refuse a key that has done its work before ``--set`` comes, and so would change nothing."""
    key = ".".join(path)
    assignment, in_file = f"{SET} {key}={text}", 'write a .toml file, which may have a base = "..."'
    if path[0] == "lite":
        example = f"{'.'.join(path[1:])}={text}" if path[1:] else "data.n_train=5"
        raise ConfigError(f"{assignment}: lite tables belong in a file; with --lite set "
                          f"the key itself: {SET} {example}")
    if path == ("base",):
        raise ConfigError(f"{assignment}: a base belongs in a file; name {text} as the config, or {in_file}")
    if path[0] == "channels" and path[2:] == ("like",):
        raise ConfigError(f"{assignment}: like belongs in a file; {in_file}")


def _assigned(overrides, layers):
    """The tables that all assignments ``--set`` make."""
    changes = {}
    for assignment in overrides:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"{SET} {assignment!r} must have the form key.key=value")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        *tables, last = key.strip().split(".")
        _check_settable((*tables, last), text)
        channels = layers.tree["channels"]
        if tables[:1] == ["channels"] and len(tables) > 1 and tables[1] not in channels:
            hint = suggestion(tables[1], channels) or f"; it has {', '.join(channels)}"
            raise ConfigError(f"{SET} {assignment}: {layers.source} has no channel {tables[1]!r}{hint}")
        place = changes
        for i, name in enumerate(tables):
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise ConfigError(f"{SET} {assignment!r}: {'.'.join(tables[:i + 1])} is not a table")
        place[last] = value
    return changes
