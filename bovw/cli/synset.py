"""``bovw synset``: a synset and its lines up to the root."""

import argparse


def add_parser(subparsers):
    """Add the verb ``synset``."""
    parser = subparsers.add_parser(
        "synset",
        help="a synset and its lines up to the root",
        description="Prints a synset of WordNet or of a development kit, and every line up to the root.",
        epilog="example:\n  bovw synset n02084071 --wordnet $BOVW_DATA/wordnet",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("synset", help="a wnid such as n02084071, or a word such as dog")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--meta", metavar="FILE", help="a kit's meta.mat")
    source.add_argument(
        "--wordnet", metavar="DIR", help="a folder with words.txt and wordnet.is_a.txt, or with data.noun"
    )
    parser.set_defaults(run=run)
    return parser


def run(args):
    """Print the synset (or all of the word); return 0."""
    from ..taxonomy import Taxonomy

    taxonomy = Taxonomy.read(args.meta or args.wordnet)
    for wnid in taxonomy.find(args.synset) or [taxonomy[args.synset].wnid]:
        synset = taxonomy[wnid]
        number = f" (id {synset.id})" if synset.id else ""
        print(f"{synset.wnid}{number} {synset.words}")
        if synset.gloss:
            print(f"  {synset.gloss}")
        print(f"  height {synset.height}, {len(taxonomy.children(wnid))} children")
        for path in taxonomy.paths_to_root(wnid):
            print()
            for node in path:
                print(f"  {taxonomy[node].height:3}  {node}  {taxonomy[node].words}")
    return 0
