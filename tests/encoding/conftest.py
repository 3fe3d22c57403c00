"""Small codebooks and descriptors that the encoders' tests share."""

from types import SimpleNamespace

import numpy as np
import pytest

from bovw.codebook import GMMCodebook, KMeansCodebook


@pytest.fixture(scope="session")
def data():
    """300 descriptors of 13 dimensions around 9 centers, far from the origin, one dimension constant."""
    rng = np.random.default_rng(5)
    centers = 3 * rng.normal(size=(9, 13))
    X = centers[rng.integers(9, size=300)] + rng.normal(size=(300, 13))
    X[:, 4] = 0
    return (X + 20).astype(np.float32)


@pytest.fixture(scope="session")
def codebook(data):
    """40 words."""
    return KMeansCodebook(n_words=40, random_state=0).fit(data)


@pytest.fixture(scope="session")
def mixture(data):
    """8 Gaussians."""
    return GMMCodebook(n_components=8, random_state=0).fit(data)


@pytest.fixture(scope="session")
def golden_mixture():
    """Two Gaussians in the plane and three points, with the Fisher vector that VLFeat gives for them."""
    return SimpleNamespace(
        weights=np.float32([0.4, 0.6]),
        means=np.float32([[0, 0], [1, 2]]),
        variances=np.float32([[1, 0.25], [0.5, 1]]),
        X=np.float32([[0.5, 0.1], [1.2, 1.5], [-0.3, 0.8]]),
        raw=[0.115135, 0.721336, -0.129054, -0.461113, -0.490247, 0.136600, -0.107851, -0.083722],
        improved=[0.226459, 0.566833, -0.239758, -0.453200, -0.467297, 0.246668, -0.219179, -0.193111],
    )
