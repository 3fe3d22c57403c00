"""Codes without a codebook."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from bovw import GIST, Concatenation, DescriptorSet, KMeansCodebook, ParameterError, SpatialPyramid, TinyImage


def test_rows_lie_side_by_side():
    X = np.arange(12, dtype=np.float32).reshape(6, 2)
    encoder = Concatenation(3).fit(X)
    assert encoder.code_size == 6
    np.testing.assert_array_equal(encoder.encode(X[:3]), X[:3].ravel())
    pooled = encoder.pool(X, np.array([1, 0, 1, 0, 0, 1]), 3)
    np.testing.assert_array_equal(pooled, [X[[1, 3, 4]].ravel(), X[[0, 2, 5]].ravel(), np.zeros(6)])


def test_an_image_of_another_number_is_refused():
    X = np.ones((4, 2), np.float32)
    encoder = Concatenation(3).fit(X)
    with pytest.raises(ParameterError, match="got 4 descriptors"):
        encoder.encode(X)
    with pytest.raises(ParameterError, match="got 6 descriptors"):  # a cell of two groups
        encoder.pool(np.ones((6, 2)), np.repeat([0, 1], 3), 2, cells=np.ones((1, 2), bool))
    assert (encoder.encode(X[:0]) == 0).all()


@pytest.mark.parametrize("extractor", [TinyImage(), GIST(image_size=64)])
def test_a_global_descriptor_becomes_the_signature(photograph, extractor):
    sets = extractor.transform([photograph, photograph[:80, :90]])
    pyramid = SpatialPyramid(Concatenation(), norm=()).fit(sets)
    np.testing.assert_array_equal(pyramid.transform(sets), sets.descriptors)


def test_contract():
    check_estimator(Concatenation())
    assert clone(Concatenation(4)).n_descriptors == 4
    with pytest.raises(ParameterError, match="n_descriptors=0"):
        Concatenation(0).fit(np.ones((2, 2)))
    with pytest.raises(ParameterError, match="has no codebook"):
        Concatenation.with_codebook(KMeansCodebook(1).fit(np.ones((2, 2))))
    with pytest.raises(ParameterError, match="max"):
        SpatialPyramid(Concatenation(), pooling="max").fit(DescriptorSet(np.ones((1, 2))))
