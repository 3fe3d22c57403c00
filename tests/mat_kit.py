"""Small development kits in MATLAB's format."""

import numpy as np
from scipy.io import savemat

#: wnid -> (words, gloss, children, height); heights are those of a larger hierarchy
SYNSETS = {
    "n00000011": ("cat", "a feline", [], 1),
    "n00000012": ("dog, hound", "a canine", [], 3),
    "n00000013": ("wolf", "a wild canine", [], 0),
    "n00000014": ("robot dog", "a machine", [], 0),
    "n00000001": ("entity", "whatever is", ["n00000002", "n00000004"], 9),
    "n00000002": ("animal", "a living thing", ["n00000011", "n00000003"], 6),
    "n00000003": ("canine", "a dog-like animal", ["n00000012", "n00000013", "n00000014"], 4),
    "n00000004": ("machine", "a device", ["n00000014"], 2),
}


def records(id_name="ILSVRC2012_ID", names=("words", "gloss"), hierarchy=True, compact=True):
    """The struct array ``synsets``; with ``compact``, integers in the smallest dtype, as MATLAB has them."""
    wnids = list(SYNSETS)
    fields = [id_name, "WNID", *names, "num_train_images"]
    if hierarchy:
        fields[4:4] = ["num_children", "children", "wordnet_height"]
    out = np.empty((len(wnids), 1), dtype=[(name, object) for name in fields])

    def stored(values):
        values = np.array(values, dtype=np.float64, ndmin=2)
        return values.astype(np.min_scalar_type(int(values.max(initial=0)))) if compact else values

    for i, (wnid, (words, gloss, children, height)) in enumerate(SYNSETS.items()):
        row = out[i, 0]
        row[id_name], row["WNID"], row[names[0]], row[names[1]] = stored(i + 1), wnid, words, gloss
        row["num_train_images"] = stored(1000 + i)
        if hierarchy:
            row["num_children"] = stored(len(children))
            row["children"] = stored([wnids.index(c) + 1 for c in children])
            row["wordnet_height"] = stored(height)
    return out


def write(path, synsets=None, compress=True, **others):
    savemat(path, {"synsets": records() if synsets is None else synsets, **others}, do_compression=compress)
    return path
