"""What must hold of a config's values: each in its range, and those of different stages together.

All of it is checked before an image is read: first what needs no estimator, then the pairs that can be told from the
tables, then every stage by its estimator's own declarations (:mod:`bovw.experiment.build`), then what only the
estimators know.
"""

from .._parameters import Choice, Integer
from .._validation import check_int
from ..errors import ParameterError
from .schema import STAGES, codebooks_of, stage_class

#: whose codes may be below zero
SIGNED_ENCODERS = ("LLC", "LCC", "SuperVector", "VLAD", "FisherVector")
SIGNED_EXTRACTORS = ("RawPatches", "TinyImage")
#: one descriptor an image; GIST without patches is another
WHOLE_IMAGE = ("HOGWindow", "LBPHistogram", "TinyImage", "GIST")
ADDITIVE_KERNELS = ("chi2", "intersection")
ON_ERROR = Choice("raise", "skip")
SPLIT = Choice("random", "first")


def check_limits(config):
    """Raise ConfigError for a value out of its range in the tables of data and images.

    Parameters
    ----------
    config : Config
        Whose keys and types are right.
    """
    _check_data(config)
    _check_image(config, ("image",), config.tree["image"])
    for name, channel in config.tree["channels"].items():
        _check_image(config, ("channels", name, "image"), channel.get("image", {}))


def check_values(config):
    """Raise ConfigError for a value out of its range in a stage, or values that do not go together.

    Parameters
    ----------
    config : Config
        Whose keys and types are right.
    """
    from .build import build_members

    for name, channel in config.tree["channels"].items():
        _check_codebook(config, ("channels", name), channel)
        _check_descriptors(config, ("channels", name), channel)
        _check_signs(config, ("channels", name), channel)
    members = build_members(config, draw=0)
    encoders = [encoder for _, model in members.values() for encoder in model.encoder]
    for name, encoder in zip(config.tree["channels"], encoders, strict=True):
        _check_sample(config, ("channels", name), encoder)


def _type(table, stage):
    return table.get("type", STAGES[stage][0])


def _check_data(config):
    data = config.tree["data"]
    for key in ("n_train", "n_train_unsplit", "n_test"):
        value = data[key]
        if isinstance(value, float) and not 0 < value < 1:
            raise config.error(
                ("data", key), "must be a whole number of images a class, or a fraction between 0 and 1", value
            )
        if value < 0:
            raise config.error(("data", key), "must be at least 0", value)
    for key, kind in (("draws", Integer(1)), ("seed", Integer(0, 2**32 - 1)), ("on_error", ON_ERROR), ("split", SPLIT)):
        if key in data:
            _check(config, ("data", key), kind.check, data[key])


def _check_image(config, place, limits):
    for key in ("max_side", "max_height", "max_pixels"):
        if key in limits:
            _check(config, (*place, key), Integer(1).check, limits[key])
    fit = limits.get("fit", [1, 1])
    if len(fit) != 2:
        raise config.error((*place, "fit"), "must be [width, height]", fit)
    for side in fit:
        _check(config, (*place, "fit"), lambda name, _, side=side: check_int(name, side, 1), fit)
    if limits.get("upscale") and len(limits) == 1:
        raise config.error(
            (*place, "upscale"), "needs a size to enlarge to; set max_side, max_height, max_pixels or fit", True
        )


def _check(config, path, check, value):
    try:
        check(path[-1], value)
    except ParameterError as error:
        raise config.error(path, str(error).removeprefix(f"{path[-1]}={value!r} "), value) from None


def _check_codebook(config, place, channel):
    encoder = _type(channel["encoder"], "encoder")
    fitting = codebooks_of(stage_class(channel["encoder"], "encoder"))
    path = (*place, "encoder", "type")
    if not fitting:
        if "codebook" in channel:
            raise config.pair_error(
                (*place, "codebook"), f"is there, but {encoder} has no codebook; leave one of them out"
            )
        return
    if "codebook" not in channel:
        raise config.pair_error((*place, "codebook"), f"is missing; {encoder} needs a {' or '.join(fitting)}")
    codebook = _type(channel["codebook"], "codebook")
    if codebook not in fitting:
        key = ".".join((*place, "codebook", "type"))
        raise config.pair_error(
            path, f"needs a {' or '.join(fitting)}, and {key} is {codebook!r}; change one of them", encoder
        )


def _check_descriptors(config, place, channel):
    """One descriptor an image, or many: what is put side by side must be of one number."""
    encoder, extractor = channel["encoder"], channel.get("extractor", {})
    kind = _type(extractor, "extractor")
    whole = kind in WHOLE_IMAGE and not (kind == "GIST" and extractor.get("patch_size") is not None)
    if _type(encoder, "encoder") == "Concatenation" and not whole and encoder.get("n_descriptors", 1) == 1:
        raise config.pair_error(
            (*place, "encoder", "type"), f"puts n_descriptors=1 descriptor of an image side by side, and {kind} makes "
            f"many; use an encoder with a codebook, or one of {', '.join(WHOLE_IMAGE)}", "Concatenation",
        )


def _check_signs(config, place, channel):
    """Additive kernels are of numbers that are not below zero."""
    encoder, tree = _type(channel["encoder"], "encoder"), config.tree
    classifier = tree.get("classifier", {})
    signed = None
    if encoder in SIGNED_ENCODERS:
        signed = f"{encoder} makes codes below zero"
    elif encoder == "Concatenation":
        extractor = _type(channel.get("extractor", {}), "extractor")
        if "pca" in channel or extractor in SIGNED_EXTRACTORS:
            signed = f"{'pca' if 'pca' in channel else extractor} makes numbers below zero"
    if "kernel_map" in channel and signed is not None:
        raise config.pair_error(
            (*place, "kernel_map"), f"is of histograms, and {signed}; leave kernel_map out, or use HardAssignment, "
            "SoftAssignment or TriangleAssignment"
        )
    if "kernel_map" in channel or "standardize" in tree:
        signed = f"{'kernel_map' if 'kernel_map' in channel else 'standardize'} makes numbers below zero"
    if _type(tree.get("codec", {}), "codec") == "FeatureHashing" and "codec" in tree:
        signed = "FeatureHashing makes numbers below zero"
    for key in ("kernel", "distance"):
        value = classifier.get(key)
        if value == "precomputed":
            raise config.error(("classifier", key), "is of Gram matrices; a run has signatures, use 'linear'", value)
        if value in ADDITIVE_KERNELS and signed is not None:
            other = "linear" if key == "kernel" else "l2"
            raise config.pair_error(("classifier", key), f"is of histograms, and {signed}; use {other!r}", value)


def _check_sample(config, place, encoder):
    """A codebook has no more words than there are descriptors to learn them from."""
    codebook = encoder.pyramid.encoder.get_params(deep=False).get("codebook")
    for name in ("n_words", "n_components"):
        number = getattr(codebook, name, None)
        if number is not None and number > encoder.n_descriptors:
            raise config.pair_error(
                (*place, "codebook", name), f"needs as many descriptors to learn from, and "
                f"{'.'.join(place)}.n_descriptors is {encoder.n_descriptors}; raise that, or lower {name}", number,
            )
