"""``bovw info``: what this installation is and can do."""

import json

from .parsers import verb_parser


def add_parser(verbs):
    parser = verb_parser(
        verbs, "info", "versions, processor, SIMD level, threads, configs",
        "Prints what is installed and which code path the processor allows.", "bovw info --json",
    )
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.set_defaults(run=run)


def run(options):
    from .._cext import AVAILABLE_LEVELS
    from ..experiment.config import shipped_configs
    from ..experiment.environment import describe_environment

    facts = {**describe_environment(), "simd_levels": AVAILABLE_LEVELS, "configs": shipped_configs()}
    if options.json:
        print(json.dumps(facts, indent=2))
        return 0
    packages = facts.pop("packages")
    facts["simd_levels"] = ", ".join(facts["simd_levels"])
    facts["configs"] = f"{len(facts['configs'])}, listed by bovw systems"
    for name, value in {**facts, **packages}.items():
        print(f"{name:<14} {value}")
    return 0
