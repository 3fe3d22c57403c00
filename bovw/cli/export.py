"""``bovw export``: images as ImageNet's dense-SIFT files; matrices as npy, libsvm, fvecs, bvecs."""

import sys
from pathlib import Path

from .._units import format_bytes, format_seconds
from .parsers import add_jobs, verb_parser


def add_parser(verbs):
    parser = verb_parser(
        verbs, "export", "write ImageNet's dense-SIFT files, libsvm, fvecs, npy",
        "Writes what other programs read: the dense-SIFT files of ImageNet's download for a folder of images, or any "
        "stored matrix in a plain format.",
        "bovw export imagenet-sift --images bovw-demo/images/train --codebook codebook.txt --out sift",
    )
    formats = parser.add_subparsers(title="formats", metavar="FORMAT", required=True)
    _add_imagenet_sift(formats)
    for name, what in (
        ("npy", "NumPy's format"), ("libsvm", "text for LIBSVM and LIBLINEAR"), ("fvecs", "float32 vectors of TEXMEX"),
        ("bvecs", "uint8 vectors of TEXMEX"),
    ):
        _add_matrix(formats, name, what)


def _add_imagenet_sift(formats):
    parser = verb_parser(
        formats, "imagenet-sift", "nXXXXXXXX.vldsift.mat and nXXXXXXXX.sbow.mat",
        "Describes images by the protocol of ImageNet's dense-SIFT download and writes its files: one of each kind a "
        "synset for DIR/<wnid>/<image>, or val.0001, val.0002 ... of 1000 images each for a folder of images. A "
        "stopped export goes on where it was.",
        "bovw export imagenet-sift --images ILSVRC2012/val --codebook devkit-1.0/feature/codebook.txt --out val",
    )
    parser.add_argument("--images", required=True, type=Path, metavar="DIR", help="DIR/<wnid>/<image> or DIR/<image>")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the files go")
    parser.add_argument("--codebook", type=Path, metavar="FILE",
                        help="the words, one a line, as the ILSVRC2010 kit's codebook.txt; not needed with --raw")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--raw", action="store_true", help="descriptors only, the .vldsift.mat")
    only.add_argument("--words", action="store_true", help="words only, the .sbow.mat")
    parser.add_argument("--prefix", metavar="NAME", help="of the files of a folder without synsets (val, test)")
    parser.add_argument("--on-error", choices=("raise", "skip"), default="raise",
                        help="skip: an unreadable image keeps its place, without descriptors")
    parser.add_argument("--overwrite", action="store_true", help="replace files of another export")
    add_jobs(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run_imagenet_sift, resumes=True)


def _add_matrix(formats, name, what):
    parser = verb_parser(
        formats, name, what,
        "Reads .npy, .npz (DescriptorSet.save), .vldsift.mat, .sbow.mat or a folder of them (word counts, labelled by "
        "file), .libsvm, .fvecs, .bvecs or .ivecs.",
        f"bovw export {name} --from train --out train.{name}",
    )
    parser.add_argument("--from", required=True, type=Path, metavar="SOURCE", dest="source", help="file or folder")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help=f"ends in .{name}")
    parser.set_defaults(run=run_matrix, format=name)


def run_imagenet_sift(options):
    from ..interchange import export_imagenet_sift, read_codebook

    kinds = ("vldsift",) if options.raw else ("sbow",) if options.words else ("vldsift", "sbow")
    codebook = None
    if "sbow" in kinds:
        if options.codebook is None:
            from ..errors import ParameterError

            raise ParameterError("--codebook is missing; give the words, or --raw for descriptors alone")
        codebook = read_codebook(options.codebook, n_features=128)
    done = export_imagenet_sift(
        options.images, options.out, codebook, kinds=kinds, prefix=options.prefix, on_error=options.on_error,
        overwrite=options.overwrite, n_jobs=options.jobs, verbose=not options.quiet,
    )
    for name, message in done.skipped.items():
        print(f"bovw: {name} has no descriptors: {message}", file=sys.stderr)
    earlier = f" ({done.n_reused} from earlier)" if done.n_reused else ""
    print(f"{len(done.files)} files{earlier}, {done.n_images} images, {done.n_descriptors} descriptors, "
          f"{format_bytes(done.n_bytes)}, {format_seconds(done.seconds)}")
    return 2 if done.skipped else 0


def run_matrix(options):
    from ..errors import ParameterError
    from ..interchange.matrices import WRITERS, read_matrix

    if options.out.suffix != f".{options.format}":
        raise ParameterError(f"--out {options.out} does not end in .{options.format}")
    X, y = read_matrix(options.source)
    WRITERS[options.format](options.out, X, y)
    print(f"{X.shape[0]} rows of {X.shape[1]}: {options.out}")
    return 0
