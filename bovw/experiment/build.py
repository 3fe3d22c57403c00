"""From a config's tables to unfitted estimators."""

import inspect

from .._random import stage_rng
from ..errors import ConfigError
from ..pipeline import BovwClassifier, ImageEncoder
from .config import stage_class


def build_classifier(config, *, draw, n_jobs=None, verbose=False):
    """The unfitted :class:`BovwClassifier` of one draw; its seeds depend on the config's seed and the draw."""
    tree = config.tree
    seed = int(stage_rng(tree["data"]["seed"], "model", draw).integers(2**31))
    encoders = [
        _build_encoder(channel, channel.get("image", tree["image"]), seed, f"{config.source}: channels.{name}")
        for name, channel in tree["channels"].items()
    ]
    classifier = _build(tree.get("classifier", {}), "classifier", seed, config.source)
    if "standardize" in tree:
        classifier = _build(tree["standardize"], "standardize", seed, config.source, classifier=classifier)
    options = {key: _tuples(tree[key]) for key in ("fusion", "fusion_weights") if key in tree}
    if "codec" in tree:
        options["codec"] = _build(tree["codec"], "codec", seed, config.source)
    return BovwClassifier(
        encoders, classifier=classifier, on_error=tree["data"]["on_error"], n_jobs=n_jobs, verbose=verbose, **options
    )


def _build_encoder(channel, image, seed, place):
    parts = {"codebook": _build(channel["codebook"], "codebook", seed, place)} if "codebook" in channel else {}
    encoder = _build(channel["encoder"], "encoder", seed, place, **parts)
    pyramid = _build(channel.get("pyramid", {}), "pyramid", seed, place, encoder=encoder)
    extractor = _build(channel.get("extractor", {}), "extractor", seed, place)
    extractor._check_params()
    options = {"n_descriptors": channel["n_descriptors"]} if "n_descriptors" in channel else {}
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
