"""From a config's tables to unfitted estimators."""

import inspect

from .._random import stage_rng
from .._validation import suggestion
from ..classify import ScoreFusion
from ..errors import ConfigError
from ..pipeline import BovwClassifier, ImageEncoder
from .config import stage_class


def build_members(config, *, draw, n_jobs=None, verbose=False):
    """The unfitted classifiers of one draw; their seeds depend on the config's seed and the draw.

    Returns
    -------
    dict of str to (dict, BovwClassifier)
        One for all channels, or with ``fusion = "scores"`` one a channel; and everything in the config
        that its result depends on, whatever the channels are called.
    """
    tree = config.tree
    seed = int(stage_rng(tree["data"]["seed"], "model", draw).integers(2**31))
    names = list(tree["channels"])
    groups = {name: [name] for name in names} if tree.get("fusion") == "scores" else {"all": names}
    members = {}
    for member, names in groups.items():
        channels = [{"image": tree["image"], **tree["channels"][name]} for name in names]
        shared = {key: tree[key] for key in ("codec", "standardize", "classifier") if key in tree}
        settings = {"channels": channels, "seed": seed, "on_error": tree["data"]["on_error"], **shared}
        encoders = [
            _build_encoder(channel, seed, f"{config.source}: channels.{name}")
            for name, channel in zip(names, channels, strict=True)
        ]
        classifier = _build(tree.get("classifier", {}), "classifier", seed, config.source)
        if "standardize" in tree:
            classifier = _build(tree["standardize"], "standardize", seed, config.source, classifier=classifier)
        codec = _build(tree["codec"], "codec", seed, config.source) if "codec" in tree else None
        members[member] = settings, BovwClassifier(
            encoders, classifier=classifier, codec=codec, on_error=tree["data"]["on_error"], n_jobs=n_jobs,
            verbose=verbose,
        )
    return members


def build_fusion(config):
    """The unfitted :class:`ScoreFusion` of a config that fuses scores, else None."""
    if config.tree.get("fusion") != "scores":
        return None
    return ScoreFusion(weights=_tuples(config.tree.get("fusion_weights", "cv")))


def build_channel(config, name):
    """The unfitted :class:`ImageEncoder` of one channel, as in the first draw."""
    if name not in config.tree["channels"]:
        known = config.tree["channels"]
        raise ConfigError(f"{config.source}: there is no channel {name!r}{suggestion(name, known)}; it has "
                          f"{', '.join(known)}")
    seed = int(stage_rng(config.tree["data"]["seed"], "model", 0).integers(2**31))
    channel = {"image": config.tree["image"], **config.tree["channels"][name]}
    return _build_encoder(channel, seed, f"{config.source}: channels.{name}")


def _build_encoder(channel, seed, place):
    parts = {"codebook": _build(channel["codebook"], "codebook", seed, place)} if "codebook" in channel else {}
    encoder = _build(channel["encoder"], "encoder", seed, place, **parts)
    pyramid = _build(channel.get("pyramid", {}), "pyramid", seed, place, encoder=encoder)
    extractor = _build(channel.get("extractor", {}), "extractor", seed, place)
    extractor._check_params()
    options = {key: channel[key] for key in ("n_descriptors", "n_images") if key in channel}
    for stage in ("pca", "kernel_map"):
        if stage in channel:
            options[stage] = _build(channel[stage], stage, seed, place)
    return ImageEncoder(extractor, pyramid=pyramid, resize=_tuples(channel["image"]) or None, random_state=seed, **options)


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
