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
