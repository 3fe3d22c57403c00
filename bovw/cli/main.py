"""The ``bovw`` command: one verb a file, errors in one line, exit status 2.

This file imports nothing until :func:`main` runs, and verbs import what they need when they run: help comes at once,
and there is no moment at which Ctrl-C is a traceback.
"""

import sys

#: modules of this package, in the order of the help
VERBS = (
    "demo", "run", "plan", "systems", "config", "predict", "hedge", "evaluate", "store", "compare", "table", "extract",
    "codebook", "encode", "index", "export", "synset", "info",
)


def build_parser():
    """The parser with all verbs."""
    import importlib

    from .. import __version__
    from .parsers import Parser

    parser = Parser(
        prog="bovw",
        description="Classical image recognition at ImageNet scale: dense descriptors, codebooks, linear SVMs.",
        epilog="example: bovw demo",
    )
    parser.add_argument("--version", action="version", version=f"bovw {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        importlib.import_module(f".{verb}", __package__).add_parser(verbs)
    return parser


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Of the command; by default those of this process, which then ends on Ctrl-C with one line at any moment.

    Returns
    -------
    int
        The exit status: 0, 2 for a wrong input, 130 when interrupted.
    """
    interrupted = False
    try:
        from . import interrupt

        if arguments is None:
            import warnings

            from .wording import say_warning

            interrupt.take_over()
            warnings.showwarning = say_warning
        return _run(arguments)
    except KeyboardInterrupt:
        from . import interrupt

        interrupted = True
        interrupt.say()
        return interrupt.STATUS
    finally:
        if arguments is None:
            interrupt.at_the_end(said=interrupted)


def _run(arguments):
    from ..errors import BovwError
    from . import interrupt

    options = None
    try:
        options = build_parser().parse_args(arguments)
        interrupt.resumes = getattr(options, "resumes", False)
        return options.run(options) or 0
    except BovwError as error:
        from .wording import in_shell_words

        print(f"bovw: {in_shell_words(str(error), options)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; no traceback at shutdown
        return 0
    except OSError as error:
        print(f"bovw: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
        return 2
