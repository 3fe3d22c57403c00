"""``bovw encode``: signatures of images or of stored descriptors, into a store."""

from pathlib import Path

from .output import print_store
from .parsers import model_folder, verb_parser
from .stage import add_source, open_source

#: --codec -> bovw's class and its parameters
CODECS = {
    "float32": None,
    "float16": ("Float16Codec", {}),
    "pq32": ("ProductQuantizer", {"subvector_size": 8, "n_bits": 8}),
    "pq64": ("ProductQuantizer", {"subvector_size": 8, "n_bits": 4}),
}


def add_parser(verbs):
    parser = verb_parser(
        verbs, "encode", "encode images or stored descriptors into a store of signatures",
        "Computes one signature an image with an encoder that bovw codebook saved, and writes them to --out, "
        "compressed if asked for. A stopped run goes on where it was, and several processes may work on one store.",
        "bovw encode sift-store --encoder sift-encoder --codec pq32 --out signatures",
    )
    add_source(parser, "SOURCE", "a data set, or a store that bovw extract wrote")
    parser.add_argument("--encoder", required=True, type=model_folder, metavar="FOLDER",
                        help="what bovw codebook wrote")
    parser.add_argument("--out", required=True, type=Path, metavar="STORE", help="where the signatures go")
    parser.add_argument("--codec", choices=sorted(CODECS), default="float32",
                        help="pq32 and pq64 are product quantization at 1/32 and 1/64 of float32's bytes")
    parser.set_defaults(run=run, resumes=True)


def run(options):
    import bovw

    from ..persist import load_model
    from ..pipeline import ImageEncoder, encode_to_store

    source, rows = open_source(options)
    encoder = load_model(options.encoder, expected=ImageEncoder)
    codec = CODECS[options.codec]
    store = encode_to_store(
        source, options.out, encoder, codec=codec and getattr(bovw, codec[0])(**codec[1]), rows=rows,
        on_error=options.on_error, n_jobs=options.jobs, verbose=not options.quiet,
    )
    print_store(store)
    return 0
