"""Fixtures that many tests share."""

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def bovw_data():
    """The folder of measuring data that ``BOVW_DATA`` names; the test is skipped where it is not set."""
    folder = os.environ.get("BOVW_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real data: set BOVW_DATA to the folder that holds scene15, imagenet_native ...")
    return Path(folder)


@pytest.fixture(scope="session")
def golden_image():
    """The 47 x 61 synthetic image whose golden values are known for every extractor."""
    y, x = np.mgrid[0:47, 0:61].astype(np.float64)
    image = (
        127.5 + 60 * np.sin(2 * np.pi * x / 17) + 50 * np.cos(2 * np.pi * y / 13)
        + 15 * np.sin(2 * np.pi * (x + 2 * y) / 9)
    )
    assert abs(image.astype(np.float32).mean(dtype=np.float64) - 132.130816) < 1e-5
    return image.astype(np.float32)


@pytest.fixture(scope="session")
def photograph():
    """A 512 x 512 RGB uint8 photograph that scikit-image carries."""
    from skimage import data

    return data.astronaut()


@pytest.fixture(scope="session")
def window_arrays():
    """Four easy classes of 48-pixel windows: {class: list of 10 arrays}."""
    from skimage import data

    sources = {"brick": data.brick(), "cat": data.cat(), "coins": data.coins(), "grass": data.grass()}
    spots = [(y, x) for y in (0, 60, 120, 180, 240) for x in (0, 120)]
    return {name: [image[y:y + 48, x:x + 48] for y, x in spots] for name, image in sources.items()}


@pytest.fixture
def window_folder(tmp_path, window_arrays):
    """The same windows as ``<class>/<image>.png`` files."""
    import cv2

    root = tmp_path / "windows"
    for name, windows in window_arrays.items():
        (root / name).mkdir(parents=True)
        for i, window in enumerate(windows):
            image = window if window.ndim == 2 else cv2.cvtColor(window, cv2.COLOR_RGB2BGR)
            assert cv2.imwrite(str(root / name / f"{i:02d}.png"), image)
    return root


@pytest.fixture
def small_config():
    """A config, as a dict, that runs on ``window_folder`` in a second."""
    return {
        "name": "small",
        "data": {"n_train": 5, "draws": 2},
        "channels": {
            "sift": {
                "n_descriptors": 2000,
                "extractor": {"type": "DenseSIFT", "step": 6, "bin_size": [4]},
                "pca": {"n_components": 16},
                "codebook": {"type": "GMMCodebook", "n_components": 4, "max_iter": 5},
                "encoder": {"type": "FisherVector"},
                "pyramid": {"cells": ["1x1", "2x1"], "cell_norm": ["power", "l2"], "norm": ["l2"]},
            }
        },
        "classifier": {"type": "OneVsRestDual", "C": 10.0},
    }
