"""Digests of the resolved tree of every system, full and lite, as ``config_trees.json`` has them.

They were made once, with the code as it was before configs could inherit from one another, and say that rewriting the
files changed no system::

    git worktree add ../before f5fa6c6 && cp -r bovw/_cext ../before/bovw/
    PYTHONPATH=../before python tests/golden/make_config_trees.py ../before

Keys and words that were renamed since are mapped. A system whose lite settings were changed on purpose has no lite
digest: it was taken out by hand.
"""

import hashlib
import json
import sys
from pathlib import Path

#: (type of the table, old key) -> new key
RENAMED = {
    ("HOG", "cells"): "patch_cells", ("LBP", "cells"): "patch_cells", ("ColorStatistics", "cells"): "patch_cells",
    ("DenseSIFT", "n_bins"): "spatial_bins", ("LLC", "beta"): "regularization",
    ("OneVsRestSGD", "beta"): "class_weight",
}


#: British -> American, in texts
SPELLED = {"colour": "color", "neighbour": "neighbor", "quantis": "quantiz", "normalis": "normaliz"}


def renamed(value):
    """A tree with its renamed keys, and its words as they are spelled since."""
    if isinstance(value, list):
        return [renamed(item) for item in value]
    if isinstance(value, str):
        for old, new in SPELLED.items():
            value = value.replace(old, new)
    if not isinstance(value, dict):
        return value
    return {RENAMED.get((value.get("type"), key), key): renamed(item) for key, item in value.items()}


def digest(tree):
    """Of a resolved tree; the order of its channels counts, that of other keys does not."""
    text = json.dumps([list(tree["channels"]), tree], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main(checkout):
    from bovw.experiment import load_config

    paths = [
        *(Path(checkout) / "experiments" / "systems").glob("*.toml"),
        *(Path(checkout) / "bovw" / "experiment" / "systems").glob("*.toml"),
    ]
    found = {}
    for path in sorted(paths, key=lambda path: path.stem):
        full, lite = (digest(renamed(load_config(path, lite=lite).tree)) for lite in (False, True))
        found[path.stem] = {"full": full, "lite": lite}
    lines = [f" {json.dumps(name)}: {json.dumps(digests)}" for name, digests in found.items()]
    Path(__file__).with_name("config_trees.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1])
