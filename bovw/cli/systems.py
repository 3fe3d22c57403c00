"""``bovw systems``: the systems that come with bovw."""

import json

from .parsers import verb_parser


def add_parser(verbs):
    parser = verb_parser(
        verbs, "systems", "the systems that come with bovw, and their published figures",
        "Lists the configs that bovw run, plan and config take by name, and that a config of your own may have as its "
        "base.",
        "bovw systems scene15",
    )
    parser.add_argument("text", metavar="TEXT", nargs="?", default="",
                        help="only those whose name or description contains it")
    parser.add_argument("--json", action="store_true", help="a JSON list of name, description and published figures")
    parser.set_defaults(run=run)


def run(options):
    from ..experiment.listing import format_systems, list_systems

    systems = list_systems(options.text)
    if options.json:
        print(json.dumps([system._asdict() for system in systems], indent=2, ensure_ascii=False))
    elif systems:
        print(format_systems(systems))
    else:
        print(f"no system has {options.text!r} in its name or description; bovw systems lists all")
    return 0
