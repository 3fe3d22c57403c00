"""``bovw codebook``: PCA and codebook of one channel of a config, fitted on images or on a store of descriptors."""

from pathlib import Path

from .output import verb_parser
from .stage import add_channel, add_source, build_channel, open_source


def add_parser(verbs):
    parser = verb_parser(
        verbs, "codebook", "learn PCA and codebook from images or from a store of descriptors",
        "Learns what a channel of a config needs to encode images, and saves it as an encoder for bovw encode.",
        "bovw codebook sift-store --config demo --channel sift --out sift-encoder",
    )
    add_source(parser, "SOURCE", "a data set, or a store that bovw extract wrote")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where the encoder goes")
    add_channel(parser)
    parser.set_defaults(run=run, extractor=None)


def run(options):
    from ..persist import save_model
    from ..stores import DescriptorStore

    source, rows = open_source(options)
    encoder = build_channel(options).set_params(n_jobs=options.jobs, verbose=not options.quiet)
    if isinstance(source, DescriptorStore):
        encoder.fit_descriptors(source[i] for i in range(len(source)))
    else:
        encoder.fit([source.images[i] for i in rows])
    save_model(encoder, options.out)
    print(f"encoder of {encoder.signature_size}-d signatures: {options.out}")
    return 0
