"""Messages of the library in the words of a shell: options in place of keyword arguments."""

import re
import sys

#: what a message of the library says -> what a verb says that has the option, by its name in the parsed arguments
_WORDS = (
    ("kind", r"\bkind='(\w+)'", r"--kind \1"),
    ("jobs", r"\bn_jobs=(-?\d+)", r"--jobs \1"),
    ("on_error", r"\bpass on_error='(\w+)'", r"give --on-error \1"),
    ("overrides", r"\bpass on_error='(\w+)'", r"give --set data.on_error=\1"),
    ("overwrite", r"\bpass overwrite=True \(--overwrite\)", "give --overwrite"),
)
#: and what no verb has
_WITHOUT_OPTION = (r",? or pass (on_error|follow_symlinks)=[\w']+", "")


def say_warning(message, category, filename, lineno, file=None, line=None):
    """A warning in one line, for ``warnings.showwarning``; where in a library it comes from is no help in a shell."""
    print(f"bovw: warning: {message}", file=file or sys.stderr)


def in_shell_words(message: str, options) -> str:
    """``message`` for who gave ``options``, a verb's parsed arguments."""
    for name, pattern, words in (*_WORDS, (None, *_WITHOUT_OPTION)):
        if name is None or hasattr(options, name):
            message = re.sub(pattern, words, message)
    return message
