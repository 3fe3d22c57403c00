"""``bovw plan``: how long a run will take, and what it needs, before it is begun."""

from pathlib import Path

from .output import verb_parser


def add_parser(verbs):
    parser = verb_parser(
        verbs, "plan", "predict time, memory and disk of a run from short measurements",
        "Measures every stage of CONFIG for some seconds on this machine and predicts what N images of K classes "
        "will take; refuses, with the reason, what the disk or the memory will not hold.",
        "bovw plan demo --images 100000 --classes 1000",
    )
    parser.add_argument("config", metavar="CONFIG", help="a .toml file, or the name of a config that comes with bovw")
    parser.add_argument("--images", type=int, required=True, metavar="N", help="training images")
    parser.add_argument("--classes", type=int, required=True, metavar="K")
    parser.add_argument("--test", type=int, default=0, metavar="M", help="test images (default 0)")
    parser.add_argument("--cores", type=int, metavar="C", help="for a machine of the same kind with C cores")
    parser.add_argument("--data", type=Path, metavar="DIR",
                        help="measure on images of this data set (default: photographs of 500 x 375 pixels)")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="whose disk the run would use")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
                        help="change one setting; may be repeated")
    parser.set_defaults(run=run)


def run(options):
    from ..datasets import open_dataset
    from ..experiment import load_config
    from ..experiment.config import find_config
    from ..experiment.estimate import SAMPLE_IMAGES, estimate_run
    from ..experiment.plan import format_estimate

    config = load_config(find_config(options.config), overrides=options.overrides)
    images = None
    if options.data is not None:
        dataset = open_dataset(options.data)
        every = max(1, len(dataset) // SAMPLE_IMAGES)
        images = dataset.images[::every]
    estimate = estimate_run(
        config, n_train=options.images, n_test=options.test, n_classes=options.classes, cores=options.cores,
        images=images,
    )
    print(format_estimate(estimate))
    estimate.check(options.out)
    return 0
