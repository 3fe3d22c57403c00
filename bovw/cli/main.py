"""The ``bovw`` command: one verb a file, errors in one line, exit status 2."""

import argparse
import sys

from .. import __version__
from ..errors import BovwError
from . import (
    codebook,
    compare,
    demo,
    encode,
    evaluate,
    export,
    extract,
    hedge,
    index,
    info,
    plan,
    predict,
    run,
    store,
    synset,
    table,
)

VERBS = (
    demo, run, plan, predict, hedge, evaluate, store, compare, table, extract, codebook, encode, index, export,
    synset, info,
)


def build_parser():
    """The parser with all verbs."""
    parser = argparse.ArgumentParser(
        prog="bovw",
        description="Classical image recognition at ImageNet scale: dense descriptors, codebooks, linear SVMs.",
        epilog="example: bovw demo",
    )
    parser.add_argument("--version", action="version", version=f"bovw {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        verb.add_parser(verbs)
    return parser


def main(arguments=None):
    """Run the command line; returns the exit status: 0, 2 for a wrong input, 130 when interrupted."""
    options = build_parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except BovwError as error:
        print(f"bovw: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bovw: interrupted; the same command goes on from the last finished block", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; no traceback at shutdown
        return 0
    except OSError as error:
        print(f"bovw: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
        return 2
