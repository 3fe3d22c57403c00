"""What the verbs of single stages share: which images, which channel of which config."""

from pathlib import Path

from .output import add_kind


def add_source(parser, metavar, text):
    """Arguments that say which images are worked on, and how."""
    parser.add_argument("source", metavar=metavar, type=Path, help=text)
    add_kind(parser)
    parser.add_argument("--subset", choices=("all", "train", "test"), default="all",
                        help="images of a data set that has training and test images (default: all)")
    parser.add_argument("--on-error", choices=("raise", "skip"), default="raise",
                        help="what to do with an image that cannot be read; skip keeps its row")
    parser.add_argument("--jobs", type=int, default=-1, metavar="N", help="worker threads (default: all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def add_channel(parser):
    """Arguments that name a channel of a config and change its settings."""
    parser.add_argument("--config", metavar="CONFIG", help="a .toml file, or the name of a config that comes with bovw")
    parser.add_argument("--channel", metavar="NAME", help="which of the config's channels, if it has several")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
                        help="change a setting of the channel, as codebook.n_words=200; may be repeated")


def open_source(options):
    """The data set or descriptor store that was named, and the rows of the wanted subset."""
    from ..datasets import open_dataset
    from ..errors import ParameterError
    from ..stores import DescriptorStore

    if (options.source / "store.json").exists():
        for name, value, default in (("subset", options.subset, "all"), ("kind", options.kind, "auto")):
            if value != default:
                raise ParameterError(f"--{name} {value} is for data sets; {options.source} is a store")
        return DescriptorStore.open(options.source), None
    dataset = open_dataset(options.source, options.kind, on_error=options.on_error)
    if options.subset == "all":
        return dataset, range(len(dataset))
    rows = getattr(dataset, options.subset)
    if rows is None:
        raise ParameterError(f"{options.source} has no training and test images of its own; leave --subset out")
    return dataset, rows


def build_channel(options):
    """The unfitted ImageEncoder of the channel that was named."""
    from ..errors import ParameterError
    from ..experiment import load_config
    from ..experiment.build import build_channel as build
    from ..experiment.config import check_config, find_config

    if (options.config is None) == (options.extractor is None):
        raise ParameterError("give either --config CONFIG or, to extract only, --extractor NAME")
    if options.config is None:
        channel = {"extractor": {"type": options.extractor}, "codebook": {}, "encoder": {}}
        overrides = [f"channels.main.extractor.{text}" for text in options.overrides]
        return build(check_config({"channels": {"main": channel}}, source="--extractor", overrides=overrides), "main")
    config = load_config(find_config(options.config))
    name = options.channel or next(iter(config.tree["channels"]))
    if options.channel is None and len(config.tree["channels"]) > 1:
        raise ParameterError(f"--channel is missing; {options.config} has {', '.join(config.tree['channels'])}")
    overrides = [f"channels.{name}.{text}" for text in options.overrides]
    return build(load_config(find_config(options.config), overrides=overrides), name)
