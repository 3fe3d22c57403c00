"""The photographs that benchmarks run on."""

import os
from pathlib import Path

import cv2
import numpy as np


def files():
    """ImageNet photographs at native size if ``BOVW_DATA`` is set, else an empty list."""
    folder = os.environ.get("BOVW_DATA")
    return sorted(Path(folder).glob("imagenet_native/*/*.JPEG")) if folder else []


def gray(count=8, width=500, height=375):
    """``count`` gray uint8 photographs of one size."""
    paths = files()
    if paths:
        chosen = paths[:: max(1, len(paths) // count)][:count]
        images = [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in chosen]
    else:
        images = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in _bundled()]
    images = [images[i % len(images)] for i in range(count)]
    return [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in images]


def color(count=8, width=500, height=375):
    """``count`` RGB uint8 photographs of one size."""
    paths = files()
    if paths:
        chosen = paths[:: max(1, len(paths) // count)][:count]
        images = [cv2.cvtColor(cv2.imread(str(p)), cv2.COLOR_BGR2RGB) for p in chosen]
    else:
        images = _bundled()
    images = [np.ascontiguousarray(images[i % len(images)]) for i in range(count)]
    return [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in images]


def _bundled():
    from skimage import data

    return [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
