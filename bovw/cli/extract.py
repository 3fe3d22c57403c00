"""``bovw extract``: local descriptors of every image of a data set, into a store."""

from pathlib import Path

from .output import print_store
from .parsers import verb_parser
from .stage import add_channel, add_source, build_channel, open_source


def add_parser(verbs):
    parser = verb_parser(
        verbs, "extract", "extract local descriptors of a folder of images into a store",
        "Runs an extractor over every image of DATA and writes descriptors, frames and norms to --out, shard by "
        "shard. A stopped extraction goes on where it was, and several processes may work on one store.",
        "bovw extract bovw-demo/images --extractor DenseSIFT --set step=8 --out sift-store",
    )
    add_source(parser, "DATA", "a folder of classes, or any data set that bovw knows; tar files are read in place")
    parser.add_argument("--out", required=True, type=Path, metavar="STORE", help="where the descriptors go")
    parser.add_argument("--extractor", metavar="NAME", help="DenseSIFT, HOG, LBP, ColorStatistics, GIST ...; "
                        "its parameters are given by --set")
    add_channel(parser)
    parser.set_defaults(run=run, resumes=True)


def run(options):
    from ..pipeline import extract_to_store

    dataset, rows = open_source(options)
    encoder = build_channel(options)
    store = extract_to_store(
        dataset, options.out, encoder.part("extractor"), resize=encoder.resize, rows=rows, on_error=options.on_error,
        n_jobs=options.jobs, verbose=not options.quiet,
    )
    print_store(store)
    return 0
