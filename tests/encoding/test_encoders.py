"""What holds for every encoder."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from bovw import (
    LCC,
    LLC,
    VLAD,
    FisherVector,
    GMMCodebook,
    HardAssignment,
    KMeansCodebook,
    ParameterError,
    SoftAssignment,
)
from bovw.encoding import SuperVector, TriangleAssignment, soft_assignment, triangle_assignment

from ..reference import encoders as twin

KINDS = [HardAssignment, SoftAssignment, LLC, LCC, TriangleAssignment, VLAD, SuperVector, FisherVector]


def small(kind, size):
    codebook = GMMCodebook(n_components=size, random_state=0) if kind is FisherVector \
        else KMeansCodebook(n_words=size, random_state=0)
    return kind(codebook).set_params(**({"n_neighbors": min(5, size)} if "n_neighbors" in kind.PARAMETERS else {}))


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def encoder(request, data):
    return small(request.param, 7).fit(data)


def test_groups_are_coded_apart(encoder, data):
    groups = np.random.default_rng(0).integers(4, size=300)
    groups[groups == 1] = 3
    for pooling in encoder.poolings:
        pooled = encoder.pool(data, groups, 4, pooling=pooling)
        assert pooled.dtype == np.float32 and pooled.shape == (4, encoder.code_size)
        assert (pooled[1] == 0).all()
        for group in (0, 2, 3):
            alone = encoder.encode(data[groups == group], pooling=pooling)
            assert_allclose(pooled[group], alone, rtol=1e-3, atol=5e-3)


def test_cells_combine_groups(encoder, data):
    groups = np.random.default_rng(0).integers(4, size=300)
    cells = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [0, 0, 0, 0]], bool)
    for pooling in encoder.poolings:
        pooled = encoder.pool(data, groups, 4, cells=cells, pooling=pooling)
        assert_allclose(pooled[0], encoder.encode(data, pooling=pooling), rtol=1e-3, atol=5e-3)
        ends = encoder.encode(data[(groups == 0) | (groups == 3)], pooling=pooling)
        assert_allclose(pooled[1], ends, rtol=1e-3, atol=5e-3)
        assert (pooled[2] == 0).all()


def test_no_descriptor_gives_zeros(encoder):
    for pooling in encoder.poolings:
        assert (encoder.encode(np.zeros((0, 13)), pooling=pooling) == 0).all()


def test_order_and_duplicates(encoder, data):
    order = np.random.default_rng(1).permutation(300)
    assert_allclose(encoder.encode(data[order]), encoder.encode(data), rtol=1e-4, atol=2e-4)
    for pooling in set(encoder.poolings) & {"average", "max"}:
        twice = encoder.encode(np.repeat(data, 2, axis=0), pooling=pooling)
        assert_allclose(twice, encoder.encode(data, pooling=pooling), rtol=1e-4, atol=2e-4)


def test_cache_follows_the_codebook(encoder, data):
    other = clone(encoder).fit(data[:100])
    before = other.encode(data)
    other.codebook_ = encoder.codebook_
    if hasattr(other, "sigma_"):
        other.sigma_ = encoder.sigma_
    if hasattr(other, "probabilities_"):
        other.probabilities_ = encoder.probabilities_
    assert_array_equal(other.encode(data), encoder.encode(data))
    assert not np.array_equal(before, encoder.encode(data))


def test_learned_state_is_public(encoder, data):
    encoder.encode(data)
    state = {name for name in vars(encoder) if name not in encoder.get_params(deep=False)}
    assert all(name.endswith("_") or name == "_cache" for name in state)
    assert "_cache" not in encoder.__getstate__()


def test_unknown_pooling_and_wrong_width(encoder, data):
    with pytest.raises(ParameterError, match="pooling"):
        encoder.encode(data, pooling="median")
    with pytest.raises(ParameterError, match="13 are expected"):
        encoder.encode(data[:, :5])


def test_soft_assignment_equals_the_twin(data, codebook):
    for sigma in (0.5, 3.0, 1e-4):
        dense = soft_assignment(data, codebook.words_, sigma=sigma).to_dense()
        assert_allclose(dense, twin.soft_codes(data, codebook.words_, sigma), atol=1e-4)
        encoder = SoftAssignment.with_codebook(codebook, sigma=sigma)
        assert_allclose(encoder.encode(data), twin.soft_codes(data, codebook.words_, sigma).sum(axis=0), atol=1e-2)
    with pytest.raises(ParameterError, match="sigma=None"):
        SoftAssignment.with_codebook(codebook)


def test_soft_assignment_learns_the_scale_of_the_data(data):
    encoder = small(SoftAssignment, 7).fit(data)
    nearest = twin.distances(data, encoder.codebook_.words_).min(axis=1)
    assert_allclose(encoder.sigma_, np.sqrt(nearest.mean() / 13), rtol=1e-5)


def test_triangle_equals_the_twin(data, codebook):
    expected = twin.triangle_codes(data, codebook.words_)
    error = np.abs(triangle_assignment(data, codebook.words_) - expected)
    assert np.median(error) < 1e-5 and error.max() < 1e-2  # worst where a descriptor is itself a word
    encoder = TriangleAssignment.with_codebook(codebook)
    for how in encoder.poolings:
        assert_allclose(encoder.encode(data, pooling=how), twin.pool_codes(expected, how), rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_scikit_learn_contract(kind):
    check_estimator(small(kind, 2))
