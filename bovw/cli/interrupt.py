"""Ctrl-C in one line, at whatever moment it comes."""

import contextlib
import os
import signal
import sys

#: exit status of a process that SIGINT ended, as shells count
STATUS = 130
#: whether the verb at work goes on where it was stopped
resumes = False


def take_over():
    """Let Ctrl-C end this process with one line, unless it is ignored, as under nohup.

    In the middle of a command it is the usual KeyboardInterrupt, so that what is open is closed; :func:`say` then
    says the line. While a module is being imported it ends the process at once: an exception
    there may come out of a compiled module as another one, or be caught. So it does where Python would
    print and drop it, in a destructor.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
        sys.unraisablehook = _unraisable


def at_the_end(said):
    """Nothing is left to be closed: Ctrl-C ends the process at once now, without the line if it was ``said``."""
    if signal.getsignal(signal.SIGINT) is _interrupt:
        signal.signal(signal.SIGINT, lambda number, frame: _leave(said))


def say():
    """Print the line."""
    with contextlib.suppress(OSError):
        os.write(2, b"bovw: interrupted" + resumes * b"; the same command goes on from the last finished block" + b"\n")


def _interrupt(number, frame):
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            _leave()
        frame = frame.f_back
    raise KeyboardInterrupt


def _unraisable(problem):
    if isinstance(problem.exc_value, KeyboardInterrupt):
        _leave()
    sys.__unraisablehook__(problem)


def _leave(said=False):
    if not said:
        say()
    with contextlib.suppress(Exception):  # it may be in the middle of a print
        sys.stdout.flush()
    os._exit(STATUS)
