"""The words of synsets, from whatever list of them lies beside the images."""

import re

from .._text import text_lines
from ..errors import DatasetError
from ..taxonomy import Taxonomy

WNID = re.compile(r"n\d{8}", re.ASCII)
#: lists of wnids and words that copies of ImageNet come with
FILES = ("words.txt", "LOC_synset_mapping.txt", "synset_words.txt", "synsets.txt")
_LINE = re.compile(r"(n\d{8})(?:\s*:\s*|\s+)(.*)", re.ASCII)


def read_words(path, wnids):
    """The words of some synsets from a text file of wnids and words.

    Between them stands a TAB, a blank or `` : ``.

    Parameters
    ----------
    path : path
    wnids : sequence of str

    Returns
    -------
    tuple of str
        Empty strings for synsets that the file does not name.

    Raises
    ------
    DatasetError
        If a line is malformed.
    """
    wanted, words = set(wnids), {}
    for number, line in text_lines(path):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise DatasetError(f"{path}, line {number}: {line[:60]!r} is not a wnid and its words")
        if match[1] in wanted:
            words[match[1]] = match[2].strip()
    return tuple(words.get(wnid, "") for wnid in wnids)


def find_words(folder, devkit, wnids):
    """Words from a development kit or WordNet if one is given, else from a list in ``folder``; () if there is none."""
    if devkit is not None:
        taxonomy = Taxonomy.read(devkit)
        return tuple(taxonomy[wnid].words if wnid in taxonomy else "" for wnid in wnids)
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    return () if path is None else read_words(path, wnids)
