"""``bovw table``: the ledger as Markdown, printed or written into documents."""

from pathlib import Path

from .parsers import verb_parser

LEDGERS = Path("experiments/results")


def add_parser(verbs):
    parser = verb_parser(
        verbs, "table", "published and reproduced figures side by side, from the ledger",
        "Prints one Markdown table a data set from ledgers, or renews the tables that documents mark with "
        "<!-- table: NAME --> and <!-- end table -->.",
        "bovw table experiments/results/scene15.jsonl --data scene15",
    )
    parser.add_argument("ledgers", metavar="LEDGER", nargs="*", type=Path,
                        help=f"ledgers of runs, .jsonl (default: all in {LEDGERS})")
    parser.add_argument("--data", metavar="NAME", help="only the table of this data set")
    parser.add_argument("--write", metavar="FILE", type=Path, action="append", default=[],
                        help="renew the tables in this document; may be repeated")
    parser.set_defaults(run=run)


def run(options):
    from .._files import atomic_write
    from ..errors import ParameterError
    from ..results.ledger import read_ledger
    from ..results.table import render_tables, renew_tables

    ledgers = options.ledgers or sorted(LEDGERS.glob("*.jsonl"))
    if not ledgers:
        raise ParameterError(
            f"there is no ledger in {LEDGERS}; name one, as bovw run --ledger FILE.jsonl writes it"
        )
    lines = [line for path in ledgers for line in read_ledger(path)]
    if not options.write:
        print(render_tables(lines, options.data))
        return 0
    if options.data:
        raise ParameterError("--data is for printing; --write renews the tables that the document marks")
    for path in options.write:
        text = path.read_text(encoding="utf-8")
        renewed = renew_tables(text, lines)
        if renewed != text:
            with atomic_write(path, "w") as file:
                file.write(renewed)
        print(f"{path}: {'renewed' if renewed != text else 'up to date'}")
    return 0
