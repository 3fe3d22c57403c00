"""``bovw compare``: two runs, image by image."""

import json
from pathlib import Path

from .parsers import verb_parser


def add_parser(verbs):
    parser = verb_parser(
        verbs, "compare", "what is different between two runs, and how sure that is",
        "Compares two finished runs on the same images: accuracies with the interval of their difference, classes won "
        "and lost, images on which the runs disagree.",
        "bovw compare runs/first runs/second --html difference.html --data my_images",
    )
    parser.add_argument("first", metavar="RUN", type=Path, help="the folder of a finished run")
    parser.add_argument("second", metavar="RUN", type=Path, help="the folder of another one")
    parser.add_argument("--taxonomy", metavar="PATH", type=Path,
                        help="WordNet's folder or a kit's meta.mat: adds hierarchical errors (classes must be wnids)")
    parser.add_argument("--html", metavar="FILE", type=Path, help="also write a page with all classes and images")
    parser.add_argument("--data", metavar="DIR", type=Path, help="where the images lie, for the page's thumbnails")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.set_defaults(run=run)


def run(options):
    from ..results.compare import compare_runs, format_comparison
    from ..taxonomy import Taxonomy

    taxonomy = None if options.taxonomy is None else Taxonomy.read(options.taxonomy)
    comparison = compare_runs(options.first, options.second, taxonomy=taxonomy)
    if options.html:
        from ..display.compare_page import write_comparison

        write_comparison(options.html, comparison, options.data)
    if options.json:
        rows = ("measures", "classes", "disagreements")
        found = comparison._asdict() | {key: [row._asdict() for row in getattr(comparison, key)] for key in rows}
        print(json.dumps(found, indent=2))
    else:
        print(format_comparison(comparison))
    return 0
