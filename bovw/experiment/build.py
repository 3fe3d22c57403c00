"""From a config's tables to unfitted estimators."""

import inspect

from .._random import stage_rng
from .._validation import suggestion
from ..classify import ScoreFusion
from ..errors import ConfigError
from ..pipeline import BovwClassifier, FusedClassifier, ImageEncoder
from .config import FUSION_WEIGHTS, SIGNATURE_STAGES, stage_class


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
    classifier = _build(tree.get("classifier", {}), "classifier", seed, config.source)
    if "standardize" in tree:
        classifier = _build(tree["standardize"], "standardize", seed, config.source, classifier=classifier)
    options = {"codec": _build(tree["codec"], "codec", seed, config.source)} if "codec" in tree else {}
    return BovwClassifier(
        [_build_encoder(config, name, seed) for name in names], classifier=classifier,
        on_error=tree["data"]["on_error"], n_jobs=n_jobs, verbose=verbose, **options,
    )


def _build_encoder(config, name, seed):
    channel, place = config.tree["channels"][name], f"{config.source}: channels.{name}"
    image = channel.get("image", config.tree["image"])
    parts = {"codebook": _build(channel["codebook"], "codebook", seed, place)} if "codebook" in channel else {}
    encoder = _build(channel["encoder"], "encoder", seed, place, **parts)
    pyramid = _build(channel.get("pyramid", {}), "pyramid", seed, place, encoder=encoder)
    extractor = _build(channel.get("extractor", {}), "extractor", seed, place)
    extractor.check_params()
    options = {key: channel[key] for key in ("n_descriptors", "n_images") if key in channel}
    for stage in ("pca", "kernel_map"):
        if stage in channel:
            options[stage] = _build(channel[stage], stage, seed, place)
    return ImageEncoder(extractor, pyramid=pyramid, resize=_tuples(image) or None, random_state=seed, **options)


def _build(table, stage, seed, place, **parts):
    cls = stage_class(table, stage, f"{stage}.", place)
    parameters = {key: _tuples(value) for key, value in table.items() if key != "type"}
    if "random_state" in inspect.signature(cls.__init__).parameters:
        parameters["random_state"] = seed
    try:
        return cls(**parts, **parameters)
    except TypeError as error:
        raise ConfigError(f"{place}: {stage}: {error}") from None


def _tuples(value):
    """TOML arrays as tuples, as estimators take their parameters."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
