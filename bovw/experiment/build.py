"""From a config's tables to unfitted estimators, whose parameters are checked stage by stage."""

import re

from .._random import stage_rng
from .._validation import suggestion
from ..classify import ScoreFusion
from ..errors import ConfigError, ParameterError
from ..pipeline import BovwClassifier, FusedClassifier, ImageEncoder
from .schema import FUSION_WEIGHTS, SIGNATURE_STAGES, stage_class


def build_members(config, *, draw, n_jobs=None, verbose=False):
    """The unfitted classifiers whose scores a run fuses; one, of all channels, unless ``fusion = "scores"``.

    Seeds depend on the config's seed and the draw, on nothing else: the same channel and
    classifier in two configs make the same member.

    Parameters
    ----------
    config : Config
    draw : int
    n_jobs, verbose
        Given to the classifiers.

    Returns
    -------
    dict of str to (dict, BovwClassifier)
        By channel, or joined channels: the settings that decide the member's result on
        given images, to be fingerprinted, and the classifier.

    Raises
    ------
    ConfigError
        For a parameter out of range, naming where it comes from and its key.
    """
    tree, names = config.tree, list(config.tree["channels"])
    groups = [[name] for name in names] if tree.get("fusion") == "scores" else [names]
    options = {"draw": draw, "n_jobs": n_jobs, "verbose": verbose}
    return {
        "+".join(group): (_settings(tree, group, draw), _build_member(config, group, **options)) for group in groups
    }


def build_fusion(config):
    """The unfitted :class:`ScoreFusion` of the config's members; None if there is one member only."""
    tree = config.tree
    if tree.get("fusion") != "scores" or len(tree["channels"]) == 1:
        return None
    return ScoreFusion(weights=_tuples(tree.get("fusion_weights", FUSION_WEIGHTS[0])))


def build_classifier(config, *, draw, n_jobs=None, verbose=False):
    """The unfitted estimator of one draw: the :class:`BovwClassifier`, or the :class:`FusedClassifier` of several."""
    models = [model for _, model in build_members(config, draw=draw, n_jobs=n_jobs, verbose=verbose).values()]
    fusion = build_fusion(config)
    if fusion is None:
        return models[0]
    return FusedClassifier(models, fusion=fusion, n_jobs=n_jobs, verbose=verbose)


def build_channel(config, name, *, draw=0):
    """The unfitted :class:`ImageEncoder` of one channel."""
    if name not in config.tree["channels"]:
        channels = config.tree["channels"]
        raise ConfigError(
            f"{config.source} has no channel {name!r}{suggestion(name, channels)}; it has {', '.join(channels)}"
        )
    return _build_encoder(config, name, _model_seed(config.tree, draw))


def _model_seed(tree, draw):
    return int(stage_rng(tree["data"]["seed"], "model", draw).integers(2**31))


def _settings(tree, names, draw):
    channels = [{"image": tree["image"], **tree["channels"][name]} for name in names]
    shared = {stage: tree[stage] for stage in SIGNATURE_STAGES if stage in tree}
    return {"channels": channels, **shared, "seed": _model_seed(tree, draw), "on_error": tree["data"]["on_error"]}


def _build_member(config, names, *, draw, n_jobs, verbose):
    tree = config.tree
    seed = _model_seed(tree, draw)
    encoders = [_build_encoder(config, name, seed) for name in names]
    options = {"codec": _build(config, ("codec",), seed)} if "codec" in tree else {}
    classifier = _build(config, ("classifier",), seed)
    if "standardize" in tree:
        classifier = _build(config, ("standardize",), seed, classifier=classifier)
    return BovwClassifier(
        encoders, classifier=classifier, on_error=tree["data"]["on_error"], n_jobs=n_jobs, verbose=verbose, **options
    )


def _build_encoder(config, name, seed):
    place = ("channels", name)
    channel = config.tree["channels"][name]
    options = {key: channel[key] for key in ("n_descriptors", "n_images") if key in channel}
    extractor = _build(config, (*place, "extractor"), seed)
    options |= {"pca": _build(config, (*place, "pca"), seed)} if "pca" in channel else {}
    parts = {"codebook": _build(config, (*place, "codebook"), seed)} if "codebook" in channel else {}
    encoder = _build(config, (*place, "encoder"), seed, **parts)
    pyramid = _build(config, (*place, "pyramid"), seed, encoder=encoder)
    options |= {"kernel_map": _build(config, (*place, "kernel_map"), seed)} if "kernel_map" in channel else {}
    image = channel.get("image", config.tree["image"])
    return _checked(config, place, ImageEncoder(
        extractor, pyramid=pyramid, resize=_tuples(image) or None, random_state=seed, **options
    ))


def _build(config, place, seed, **parts):
    """The estimator of a stage; ``place`` is the path of its table, which need not be there."""
    table = config.tree
    for key in place:
        table = table.get(key, {})
    cls = stage_class(table, place[-1])
    parameters = {key: _tuples(value) for key, value in table.items() if key != "type"}
    if "random_state" in cls.PARAMETERS:
        parameters["random_state"] = seed
    return _checked(config, place, cls(**parts, **parameters))


def _checked(config, place, estimator):
    """The estimator, if its parameters are in their ranges."""
    try:
        estimator.check_params()
    except ParameterError as error:
        raise _named(config, place, error, estimator) from None
    return estimator


def _named(config, place, error, estimator):
    """A ParameterError of a stage as a ConfigError that names where the value comes from and its key.

    Its message begins ``name=value``, ``name[i]=value`` or ``part.name=value``, or is about several values.
    """
    text, value = str(error), estimator
    name, indices = re.match(r"([\w.]*)((?:\[\d+\])*)", text).groups()
    for part in name.split("."):
        if not hasattr(value, part):
            return config.pair_error(place, f"is refused: {text}")
        value = getattr(value, part)
    place_in_value = [int(index) for index in re.findall(r"\d+", indices)]
    for index in place_in_value:
        value = value[index]
    rule = text.removeprefix(f"{name}{indices}={value!r} ")
    path = (*place, *name.split("."), *place_in_value)
    return config.pair_error(path, f"is refused: {text}" if rule == text else rule, value)


def _tuples(value):
    """TOML arrays as tuples, as estimators take their parameters."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
