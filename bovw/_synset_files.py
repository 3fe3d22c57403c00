"""The files that hold WordNet's nouns or a challenge's classes, read into plain columns.

Each reader returns ``(wnids, edges, columns)``: the synsets in order, the
(parent, child) pairs (None where the file has no hierarchy), and the keyword
arguments of :class:`bovw.taxonomy.Taxonomy` that the file knows. The files are
not trusted: sizes and types are checked before they are used.
"""

import re

import numpy as np

from ._matfile import load_mat
from ._text import text_lines
from .errors import DatasetError

MAX_HEIGHT = 255
_WNID = re.compile(r"[nvar]\d{8}", re.ASCII)
_ID_FIELD = re.compile(r"ILSVRC\d{4}_(?:[A-Z]+_)?ID", re.ASCII)
_MAX_SYNSETS = 1_000_000
_MAX_META = 64 << 20


def read_meta(path):
    """Columns of a development kit's ``meta.mat``, in the order of the ids."""
    records = load_mat(path, ["synsets"], max_bytes=_MAX_META).get("synsets")
    if records is None or records.dtype.names is None:
        raise DatasetError(f"{path} has no struct array named synsets; is it a development kit's meta.mat?")
    fields = _MetaFields(path, records.ravel())
    ids, wnids = fields.numbers(fields.id_name), fields.texts("WNID")
    for i, wnid in enumerate(wnids):
        if not _WNID.fullmatch(wnid):
            raise DatasetError(
                f"{path}: synset {i + 1} has the WNID {wnid[:40]!r}; a letter and 8 digits are needed"
            )
    edges = fields.edges(ids, wnids)
    columns = {
        "words": fields.texts("words", "name"),
        "glosses": fields.texts("gloss", "description", optional=True),
        "ids": ids,
        "n_train_images": fields.numbers("num_train_images", optional=True),
        "heights": None if edges is None else fields.numbers("wordnet_height", optional=True),
    }
    order = np.argsort(ids, kind="stable")
    columns = {name: [column[i] for i in order] for name, column in columns.items() if column is not None}
    return [wnids[i] for i in order], edges, columns


def read_is_a(words, is_a, glosses=None):
    """Columns of ImageNet's ``words.txt``, ``wordnet.is_a.txt`` and ``gloss.txt``."""
    names = {wnid: text for _, wnid, text in _two_columns(words, "\t")}
    if not names:
        raise DatasetError(f"{words} holds no synset")
    edges = []
    for number, parent, child in _two_columns(is_a, None):
        for wnid in (parent, child):
            if wnid not in names:
                raise DatasetError(f"{is_a}, line {number}: {wnid[:40]!r} is not in {words}")
        edges.append((parent, child))
    definitions = {}
    if glosses is not None:
        definitions = {wnid: text for _, wnid, text in _two_columns(glosses, "\t")}
    columns = {"words": list(names.values()), "glosses": [definitions.get(wnid, "") for wnid in names]}
    return list(names), edges, columns


def read_data_noun(path):
    """Columns of WordNet 3.0's ``data.noun``."""
    wnids, words, glosses, edges = [], [], [], []
    for number, line in text_lines(path):
        if line.startswith("  "):  # the licence
            continue
        try:
            fields, _, gloss = line.partition(" | ")
            fields = fields.split()
            wnid, n_words = "n" + fields[0], int(fields[3], 16)
            lemmas = fields[4 : 4 + 2 * n_words : 2]
            start = 4 + 2 * n_words
            n_pointers = int(fields[start])
            pointers = fields[start + 1 : start + 1 + 4 * n_pointers]
            if not _WNID.fullmatch(wnid) or len(lemmas) != n_words or len(pointers) != 4 * n_pointers:
                raise ValueError
            parents = [
                "n" + offset
                for symbol, offset, part in zip(pointers[::4], pointers[1::4], pointers[2::4], strict=True)
                if symbol == "@" and part == "n"
            ]
        except (ValueError, IndexError):
            raise DatasetError(f"{path}, line {number}: not a synset of WordNet's data.noun") from None
        edges.extend((parent, wnid) for parent in parents)
        wnids.append(wnid)
        words.append(", ".join(lemmas).replace("_", " "))
        glosses.append(gloss.strip())
    if not wnids:
        raise DatasetError(f"{path} holds no synset")
    return wnids, edges, {"words": words, "glosses": glosses}


class _MetaFields:
    """The columns of a kit's ``synsets``, each entry checked for its type."""

    def __init__(self, path, records):
        self.path, self.records = path, records
        if not 0 < len(records) <= _MAX_SYNSETS:
            raise DatasetError(
                f"{path}: synsets has {len(records)} entries; 1 to {_MAX_SYNSETS} are accepted"
            )
        found = [name for name in records.dtype.names if _ID_FIELD.fullmatch(name)]
        if len(found) != 1:
            raise DatasetError(
                f"{path}: synsets has the fields {', '.join(records.dtype.names)}; "
                f"exactly one id field such as ILSVRC2012_ID is needed"
            )
        self.id_name = found[0]

    def _column(self, names, optional):
        for name in names:
            if name in self.records.dtype.names:
                return name, self.records[name]
        if optional:
            return names[0], None
        raise DatasetError(f"{self.path}: synsets has no field {' or '.join(names)}")

    def _refuse(self, i, name, rule):
        raise DatasetError(f"{self.path}: synset {i + 1}: {name} {rule}")

    def texts(self, *names, optional=False):
        name, column = self._column(names, optional)
        if column is None:
            return None
        out = []
        for i, entry in enumerate(column):
            if entry.dtype.kind == "U" and entry.size == 1:
                out.append(str(entry.item()))
            elif entry.size == 0 and entry.dtype.kind in "Uuif":  # '' and [] are both written for no text
                out.append("")
            else:
                self._refuse(i, name, "is not text")
        return out

    def _integers(self, i, name, entry):
        if entry.dtype.kind not in "iuf":
            self._refuse(i, name, "is not numeric")
        values = entry.ravel()
        if entry.dtype.kind == "f" and not (np.isfinite(values) & (values == np.floor(values))).all():
            self._refuse(i, name, "is not a whole number")
        if values.size and not 0 <= values.min() <= values.max() < 2**53:
            self._refuse(i, name, "is out of range")
        return [int(v) for v in values]

    def numbers(self, name, optional=False):
        _, column = self._column((name,), optional)
        if column is None:
            return None
        out = []
        for i, entry in enumerate(column):
            values = self._integers(i, name, entry)
            if len(values) != 1:
                self._refuse(i, name, f"has {len(values)} values; one is needed")
            if name == self.id_name and values[0] == 0:
                self._refuse(i, name, "is 0; ids count from 1")
            if name == "wordnet_height" and values[0] > MAX_HEIGHT:
                self._refuse(i, name, f"is {values[0]}; at most {MAX_HEIGHT} is accepted")
            out.append(values[0])
        return out

    def edges(self, ids, wnids):
        """The (parent, child) pairs, or None where the kit lists no children."""
        _, column = self._column(("children",), True)
        if column is None:
            return None
        counts = self.numbers("num_children", optional=True)
        wnid_of = dict(zip(ids, wnids, strict=True))
        edges = []
        for i, entry in enumerate(column):
            children = self._integers(i, "children", entry)
            if counts is not None and counts[i] != len(children):
                self._refuse(i, "children", f"has {len(children)} ids, but num_children is {counts[i]}")
            for child in children:
                if child not in wnid_of:
                    self._refuse(i, "children", f"names the id {child}, which no synset has")
                edges.append((wnids[i], wnid_of[child]))
        return edges


def _two_columns(path, separator):
    """Yield the line number, the wnid and the rest of each line that is not blank."""
    for number, line in text_lines(path):
        if not line.strip():
            continue
        wnid, *rest = line.strip().split(separator, 1)
        if not rest or not _WNID.fullmatch(wnid):
            raise DatasetError(f"{path}, line {number}: {line[:60]!r} is not a wnid and a second column")
        yield number, wnid, rest[0].strip()
