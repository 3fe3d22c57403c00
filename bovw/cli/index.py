"""``bovw index``: a manifest of a data set, and what is wrong with it."""

import json
from pathlib import Path

from .._units import format_bytes
from .parsers import add_jobs, add_kind, verb_parser

_SHOWN = 10


def add_parser(verbs):
    parser = verb_parser(
        verbs, "index", "a manifest of a data set: sizes, hashes, duplicates, unreadable files",
        "Reads and decodes every image below DIR (or in a tar archive, in place) and tells which data set it is, what "
        "a complete copy has beyond it, which images are byte for byte the same, and which files cannot be read. With "
        "--out, all of it goes into a JSON manifest; a stopped run goes on where it was.",
        "bovw demo && bovw index bovw-demo/images --out manifest.json",
    )
    parser.add_argument("data", metavar="DIR", type=Path, help="a data set's folder, or a tar archive of synsets")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the manifest goes")
    add_kind(parser)
    parser.add_argument("--devkit", type=Path, metavar="DIR", help="an ILSVRC development kit that lies elsewhere")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where positions of archive members are kept")
    parser.add_argument("--headers-only", action="store_true", help="do not decode the pixels")
    parser.add_argument("--json", action="store_true", help="print the manifest, without its list of images")
    add_jobs(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run, resumes=True)


def run(options):
    from ..datasets import index_dataset

    manifest = index_dataset(
        options.data, options.out, kind=options.kind, decode=not options.headers_only, devkit=options.devkit,
        cache=options.cache, list_images=False, n_jobs=options.jobs, verbose=not options.quiet,
    )
    if options.json:
        print(json.dumps(manifest, indent=2))
        return 0
    print(f"{options.data}: {manifest['kind']}, {manifest['n_images']} images in {len(manifest['classes'])} classes, "
          f"{format_bytes(manifest['bytes'])}")
    _print_some("problems", manifest["problems"])
    _print_some("notes", manifest["notes"])
    _print_some("groups of duplicates", [" = ".join(group) for group in manifest["duplicates"]])
    _print_some("unreadable files", [f"{name}: {reason}" for name, reason in manifest["unreadable"].items()])
    if options.out is not None:
        print(f"manifest {options.out}")
    return 0


def _print_some(what, lines):
    """How many there are, and the first of them."""
    print(f"{what}: {len(lines)}")
    for line in lines[:_SHOWN]:
        print(f"  {line}")
    if len(lines) > _SHOWN:
        print(f"  and {len(lines) - _SHOWN} more")
