"""``bovw plan``: how long a run will take, and what it needs, before it is begun."""

from pathlib import Path

from ..errors import ParameterError
from .parsers import add_kind, verb_parser, whole


def add_parser(verbs):
    parser = verb_parser(
        verbs, "plan", "predict time, memory and disk of a run from short measurements",
        "Measures every stage of CONFIG for some seconds on this machine and predicts what N images of K classes, "
        "or a run on --data, will take; refuses, with the reason, what the disk or the memory will not hold.",
        "bovw plan demo --images 100000 --classes 1000",
    )
    parser.add_argument("config", metavar="CONFIG", help="a .toml file, or the name of a config that comes with bovw")
    parser.add_argument("--images", type=whole(1), metavar="N", help="training images (default: those of --data)")
    parser.add_argument("--classes", type=whole(2), metavar="K")
    parser.add_argument("--test", type=whole(0), metavar="M", help="test images beside N training images (default 0)")
    parser.add_argument("--cores", type=whole(1), metavar="C", help="for a machine of the same kind with C cores")
    parser.add_argument("--data", type=Path, metavar="DIR",
                        help="measure on images of this data set (default: photographs of 500 x 375 pixels); without "
                             "--images, predict bovw run on it, all draws")
    add_kind(parser)
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR",
                        help="whose disk the run would use, or its folder, if it has begun")
    parser.add_argument("--cache", type=Path, metavar="DIR",
                        help="of the run on --data: feature sets that are finished there are not counted")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
                        help="change one setting; may be repeated")
    parser.set_defaults(run=run)


def run(options):
    from ..experiment import load_config

    sizes = {"--images": options.images, "--classes": options.classes}
    missing = [name for name, value in sizes.items() if value is None]
    if missing and (options.data is None or len(missing) == 1):
        raise ParameterError(f"{' and '.join(missing)} missing; give --images and --classes, or --data alone")
    config = load_config(options.config, overrides=options.overrides)
    from ..experiment.plan import format_estimate

    if missing:
        if options.test is not None:
            raise ParameterError(f"--test {options.test} goes with --images and --classes; a run on --data has its own")
        from ..experiment import predict_run

        estimate = predict_run(
            config, options.data, cores=options.cores, kind=options.kind, out=options.out, cache=options.cache
        )
    else:
        if options.cache is not None:
            raise ParameterError(f"--cache {options.cache} is of a run on --data; leave --images and --classes out")
        estimate = _estimate(config, options)
    print(format_estimate(estimate))
    estimate.check(options.out)
    return 0


def _estimate(config, options):
    """For so many images as the options say."""
    from ..datasets import open_dataset
    from ..experiment.estimate import SAMPLE_IMAGES, estimate_run

    images = None
    if options.data is not None:
        dataset = open_dataset(options.data, options.kind)
        images = dataset.images[::max(1, len(dataset) // SAMPLE_IMAGES)]
    return estimate_run(
        config, n_train=options.images, n_test=options.test or 0, n_classes=options.classes, cores=options.cores,
        images=images,
    )
