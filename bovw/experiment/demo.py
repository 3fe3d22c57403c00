"""The demo's task: which photograph is this window from?"""

import json
from pathlib import Path

import numpy as np

from .._files import atomic_write, write_json
from .._random import stage_rng
from ..images.opencv import cv2

WINDOW, STRIDE, CAP = 64, 32, 60

TASK = (
    "The task is to tell which of 18 photographs or materials a 64-pixel window was cut from, learning from the left "
    "halves and testing on the right; it is not to recognize new scenes, which needs many photographs a class."
)


def photographs():
    """{class name: uint8 array}: the photographs that the scikit-image and scikit-learn wheels carry on disk."""
    from skimage import data
    from sklearn.datasets import load_sample_image

    names = {
        "brick": data.brick, "grass": data.grass, "gravel": data.gravel, "coins": data.coins, "page": data.page,
        "moon": data.moon, "hubble": data.hubble_deep_field, "immunohistochemistry": data.immunohistochemistry,
        "retina": data.retina, "cat": data.cat, "coffee": data.coffee,
        "motorcycle": lambda: data.stereo_motorcycle()[0], "astronaut": data.astronaut, "camera": data.camera,
        "rocket": data.rocket, "cell": data.cell, "china": lambda: load_sample_image("china.jpg"),
        "flower": lambda: load_sample_image("flower.jpg"),
    }
    return {name: load() for name, load in names.items()}


def cut_windows(image):
    """Windows that lie wholly in the left half and wholly in the right half: two lists of arrays."""
    middle = image.shape[1] // 2
    halves = image[:, :middle], image[:, middle:]
    return tuple(
        [
            half[y:y + WINDOW, x:x + WINDOW]
            for y in range(0, half.shape[0] - WINDOW + 1, STRIDE)
            for x in range(0, half.shape[1] - WINDOW + 1, STRIDE)
        ]
        for half in halves
    )


def write_windows(folder, *, seed=0):
    """Write ``folder/train/<class>/*.png`` from the left halves and ``folder/test/...`` from the right.

    At most 60 windows a class and half are kept, drawn by ``seed``. A folder that
    already holds the windows of this seed is left as it is.
    """
    folder = Path(folder)
    note = folder.with_name(f"{folder.name}.json")
    wanted = {"window": WINDOW, "stride": STRIDE, "cap": CAP, "seed": seed}
    if _read_note(note) == wanted:
        return
    for number, (name, image) in enumerate(photographs().items()):
        for part, (split, windows) in enumerate(zip(("train", "test"), cut_windows(image), strict=True)):
            chosen = stage_rng(seed, "demo", number, part).permutation(len(windows))[:CAP]
            target = folder / split / name
            for old in target.glob("*.png"):
                old.unlink()
            for i, window in enumerate(np.sort(chosen)):
                _write_png(target / f"{name}_{i:03d}.png", windows[window])
    write_json(note, wanted)


def _read_note(note):
    try:
        return json.loads(note.read_text())
    except (OSError, ValueError):
        return None


def _write_png(path, image):
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", image)
    assert done
    with atomic_write(path) as file:
        file.write(data)
