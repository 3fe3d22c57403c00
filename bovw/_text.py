"""Text files of unknown origin, one bounded line in memory at a time."""

from .errors import DatasetError


def text_lines(path, max_length=1 << 16):
    """Yield (number, line) of a UTF-8 file, lines without their ends, numbers from 1.

    Raises
    ------
    DatasetError
        If the file cannot be read, is not UTF-8, or has a line longer than ``max_length``.
    """
    number = 0
    try:
        with open(path, encoding="utf-8-sig", newline="\n") as file:
            while line := file.readline(max_length):
                number += 1
                if len(line) == max_length and not line.endswith("\n"):
                    raise DatasetError(f"{path}, line {number}: longer than {max_length} characters")
                yield number, line.rstrip("\r\n")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}, after line {number}: not UTF-8 text ({error.reason})") from error
