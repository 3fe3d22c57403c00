"""Which tables and keys a config has, and of which type their values are.

The keys of a stage are ``type`` and the parameters that its estimators declare, but for those that a run sets itself.
"""

from .._parameters import Jobs, Part, Seed
from .._validation import suggestion

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
TOP = {
    "name": str, "description": str, "published": (dict, list), "data": dict, "image": dict, "channels": dict,
    "fusion": str, "fusion_weights": (str, list), "codec": dict, "standardize": dict, "classifier": dict,
}
#: what decides the result of a run, and so what [lite] may change
RESULT_KEYS = (
    "data", "image", "channels", "fusion", "fusion_weights", "codec", "standardize", "classifier",
)
DATA = {
    "n_train": (int, float), "n_train_unsplit": (int, float), "n_test": (int, float), "split": str, "draws": int,
    "seed": int, "on_error": str,
}
DATA_DEFAULTS = {"n_train": 0, "n_train_unsplit": 0, "n_test": 0, "draws": 1, "seed": 0, "on_error": "raise"}
#: ``remark`` and ``note`` go into the texts of ``protocol`` and ``paper``, and are gone in a resolved tree
PUBLISHED = {
    "paper": str, "note": str, "table": str, "accuracy": (int, float), "std": (int, float), "measure": str,
    "protocol": str, "remark": str, "data": str, "checked": bool,
}
IMAGE = {"max_side": int, "max_height": int, "max_pixels": int, "fit": list, "upscale": bool}
CHANNEL_STAGES = ("extractor", "pca", "codebook", "encoder", "pyramid", "kernel_map")
CHANNEL = {"n_descriptors": int, "n_images": int, "image": dict, **dict.fromkeys(CHANNEL_STAGES, dict)}
#: what only files say, at the top and in a channel: a checked tree is laid together by them, and has none
FILE_TOP, FILE_CHANNEL = {"base": str, "lite": dict}, {"like": str}
SIGNATURE_STAGES = ("codec", "standardize", "classifier")
FUSIONS = ("concatenate", "scores")
FUSION_WEIGHTS = ("cv", "equal")


def stage_class(table, stage):
    """The estimator class that a stage's table, which was checked, names."""
    import bovw

    return getattr(bovw, table.get("type", STAGES[stage][0]))


def config_keys(cls):
    """The parameters of an estimator that a config may set, {name: kind}.

    A run sets workers, seeds and progress itself, and parts are stages of their own.
    """
    return {
        name: kind for name, kind in cls.PARAMETERS.items()
        if not isinstance(kind, (Jobs, Seed, Part)) and name != "verbose"
    }


def codebooks_of(encoder):
    """Names of the codebooks that an encoder, a class, can use; none if it has no codebook."""
    import bovw

    if "codebook" not in encoder.PARAMETERS:
        return ()
    methods = encoder.PARAMETERS["codebook"].methods
    return tuple(name for name in STAGES["codebook"] if all(hasattr(getattr(bovw, name), one) for one in methods))


def check_tables(layers):
    """Raise ConfigError for an unknown key, a missing table, or a value of a wrong type, but for the stages' own.

    No estimator is imported for it.

    Parameters
    ----------
    layers : Layers
        Without its ``lite`` table, if that is laid over the others.
    """
    tree = layers.tree
    _check_table(layers, tree, TOP, (), in_file=FILE_TOP)
    if not tree.get("channels"):
        raise layers.error(("channels",), "is missing; a config needs at least one [channels.NAME] table")
    _check_table(layers, tree.get("data", {}), DATA, ("data",))
    _check_table(layers, tree.get("image", {}), IMAGE, ("image",))
    for name, channel in tree["channels"].items():
        _check_channel(layers, channel, ("channels", name))
    for table, stage, place in _stages(tree):
        name, names = table.get("type", STAGES[stage][0]), STAGES[stage]
        if name not in names:
            raise layers.error((*place, "type"), f"is not one of {', '.join(names)}{suggestion(name, names)}", name)
    check_published(layers)
    _check_fusion(layers)


def check_stages(layers):
    """Raise ConfigError for a key that no parameter of its stage's estimator is.

    Parameters
    ----------
    layers : Layers
        That :func:`check_tables` has passed.
    """
    for table, stage, place in _stages(layers.tree):
        cls = stage_class(table, stage)
        known = list(config_keys(cls))
        for key in table:
            if key != "type" and key not in known:
                raise _unknown(layers, (*place, key), known, f"; {cls.__name__} has {', '.join(known)}")


def _stages(tree):
    """(table, stage, path) of each stage that is there."""
    for stage in SIGNATURE_STAGES:
        if stage in tree:
            yield tree[stage], stage, (stage,)
    for name, channel in tree["channels"].items():
        for stage in CHANNEL_STAGES:
            if stage in channel:
                yield channel[stage], stage, ("channels", name, stage)


def check_published(layers):
    """Raise ConfigError unless ``published`` is a table, or several, of known keys; return them as a list."""
    value = layers.tree.get("published", [])
    tables = [value] if isinstance(value, dict) else value
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise layers.error(("published",), "must be a table [published] or several [[published]]")
    for table in tables:
        _check_table(layers, table, PUBLISHED, ("published",))
    return tables


def check_lite_keys(layers):
    """Raise ConfigError for a table of ``lite`` that changes nothing that is there."""
    lite = layers.tree.get("lite", {})
    _check_table(layers, layers.tree, {"lite": dict}, (), only=True)
    _check_table(layers, lite, {key: kind for key, kind in TOP.items() if key in RESULT_KEYS}, ("lite",))
    channels = layers.tree.get("channels", {})
    for name in lite.get("channels", {}):
        if name not in channels:
            raise layers.error(("lite", "channels", name), f"names no channel{suggestion(name, channels)}")


def _check_channel(layers, channel, place):
    if not isinstance(channel, dict):
        raise layers.error(place, "must be a table", channel)
    _check_table(layers, channel, CHANNEL, place, in_file=FILE_CHANNEL)
    _check_table(layers, channel.get("image", {}), IMAGE, (*place, "image"))
    if "encoder" not in channel:
        raise layers.error((*place, "encoder"), f"is missing; write [{'.'.join(place)}.encoder] with its type")


def _check_table(layers, table, known, place, *, only=False, in_file=()):
    """Keys and types of a table; with ``only`` other keys are passed over, ``in_file`` are those of files."""
    for key, value in table.items():
        if key not in known:
            if only:
                continue
            if key in in_file:
                raise layers.error((*place, key), "belongs in a .toml file")
            names = [*known, *(() if layers.by_set((*place, key)) else in_file)]
            raise _unknown(layers, (*place, key), names, f"; known are {', '.join(names)}")
        kinds = known[key] if isinstance(known[key], tuple) else (known[key],)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = "table" if dict in kinds else " or ".join(kind.__name__ for kind in kinds)
            raise layers.error((*place, key), f"must be of type {wanted}", value)


def _unknown(layers, path, known, others):
    return layers.error(path, f"is an unknown key{suggestion(path[-1], known) or others}")


def _check_fusion(layers):
    tree = layers.tree
    fusion, weights = tree.get("fusion", FUSIONS[0]), tree.get("fusion_weights")
    if fusion not in FUSIONS:
        raise layers.error(("fusion",), f"is not one of {', '.join(FUSIONS)}{suggestion(fusion, FUSIONS)}", fusion)
    if weights is None:
        return
    if fusion != "scores":
        raise layers.pair_error(("fusion_weights",), f"are for fusion = \"scores\", fusion is {fusion!r}", weights)
    if isinstance(weights, str):
        if weights not in FUSION_WEIGHTS:
            raise layers.error(
                ("fusion_weights",), f"is not one of {', '.join(FUSION_WEIGHTS)} or a list of numbers"
                f"{suggestion(weights, FUSION_WEIGHTS)}", weights,
            )
        return
    numbers = [w for w in weights if isinstance(w, (int, float)) and not isinstance(w, bool)]
    if len(numbers) != len(weights) or len(weights) != len(tree["channels"]):
        n_channels = len(tree["channels"])
        raise layers.pair_error(
            ("fusion_weights",), f"must be one number for each of the {n_channels} channels", weights
        )
