"""How the verbs read their arguments: an example at the end of the help, a wrong value in one line."""

import argparse
import re
from pathlib import Path


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with exit status 2, as all of bovw's."""

    def error(self, message):
        wrong = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        if wrong:
            from .._validation import suggestion

            message += suggestion(wrong[1], re.findall(r"[\w.-]+", wrong[2]))
        self.exit(2, f"bovw: {message.removeprefix('argument ')}; see {self.prog} --help\n")


def verb_parser(verbs, name, summary, description, example):
    """A verb's parser; its help ends with an example that works."""
    return verbs.add_parser(
        name, help=summary, description=description, epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter if "\n" in description else _Formatter,
    )


def add_kind(parser):
    """The argument that says which data set it is."""
    parser.add_argument("--kind", default="auto", metavar="NAME",
                        help="which data set it is, where that is not recognized, or one may be read in two ways: "
                             "cifar100_coarse for the 20 superclasses of CIFAR-100")


def add_jobs(parser):
    """The argument that says how many threads work."""
    parser.add_argument("--jobs", type=_jobs, default=-1, metavar="N", help="worker threads (default: all cores)")


def model_folder(text):
    """The type of an argument that is a saved model: its folder, or that of the run that keeps it."""
    folder = Path(text)
    inner = folder / "model"
    return inner if (inner / "model.json").exists() and not (folder / "model.json").exists() else folder


def whole(minimum):
    """The type of an argument that is a whole number, at least ``minimum``."""

    def read(text):
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text} must be a whole number") from None
        if value < minimum:
            raise argparse.ArgumentTypeError(f"{text} must be at least {minimum}")
        return value

    return read


def _jobs(text):
    if text.strip() == "0":
        raise argparse.ArgumentTypeError("0 means no worker at all; use 1, or -1 for all cores")
    return whole(-(2**31))(text)


class _Formatter(argparse.HelpFormatter):
    """Wraps the description but keeps the example's lines."""

    def _fill_text(self, text, width, indent):
        if text.startswith("example:"):
            return text
        return super()._fill_text(text, width, indent)
