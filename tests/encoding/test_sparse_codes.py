"""Hard assignment and LLC against their slow twins, and exact max pooling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from bovw import LLC, HardAssignment, KMeansCodebook, ParameterError, SparseCodes, hard_assignment, llc
from bovw._cext import neighbors, sparse_pool
from bovw.codebook.neighbors import NeighborSearch

from ..reference import encoders as twin


def words_as_codebook(words):
    codebook = KMeansCodebook(n_words=len(words))
    codebook.words_, codebook.n_features_in_ = np.float32(words), np.shape(words)[1]
    return codebook


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 40), st.booleans())
def test_top_words_are_those_of_a_stable_sort(seed, n_words, k, ties):
    k = min(k, n_words)
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(3, n_words)).astype(np.float32)
    bias = rng.normal(size=n_words).astype(np.float32)
    if ties:
        scores, bias = np.round(scores), np.round(bias)
    expected = np.argsort(bias - scores, axis=1, kind="stable")[:, :k]
    best, indices = np.empty((3, k), np.float32), np.empty((3, k), np.int32)
    sorted_scores = np.take_along_axis(scores - bias, expected, axis=1)
    assert neighbors.top_words(scores, bias, best, indices)
    assert_array_equal(indices, expected)
    assert_array_equal(best, sorted_scores)


def test_neighbors_far_from_the_origin():
    rng = np.random.default_rng(0)
    words, X = (rng.normal(size=(n, 8)).astype(np.float32) for n in (50, 200))
    near, far = NeighborSearch(words), NeighborSearch(words + 1000)
    a = near.nearest(X, near.buffers(200, 3))
    b = far.nearest(X + 1000, far.buffers(200, 3))
    assert (a == b).mean() > 0.995


def test_neighbors_that_overflow_are_refused():
    words = np.float32([[1, 0], [0, 1], [-1, 0]])
    with pytest.raises(ParameterError, match="overflow"):
        llc(np.zeros((1, 2)), words * np.float32(1e30), n_neighbors=2)
    with pytest.raises(ParameterError, match="overflow"):
        llc(np.float32([[3e38, -3e38]]), words * np.float32(1e18), n_neighbors=2)


@pytest.mark.parametrize("k", [1, 2, 5, 8])
@pytest.mark.parametrize("regularization", [1e-4, 3e-2])
def test_llc_equals_the_twin(data, codebook, k, regularization):
    dense = llc(data, codebook.words_, n_neighbors=k, regularization=regularization).to_dense()
    expected = twin.llc_codes(data, codebook.words_, k, regularization)
    assert_allclose(dense, expected, atol=2e-3)
    assert np.median(np.abs(dense - expected)) < 1e-6


def test_llc_weights_sum_to_one_and_rebuild(data, codebook):
    indices, weights, n_words = llc(data, codebook.words_, n_neighbors=6, regularization=1e-8)
    assert n_words == 40
    assert indices.dtype == np.int32 and weights.dtype == np.float32
    assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    rebuilt = np.einsum("nk,nkd->nd", weights, codebook.words_[indices])
    nearest = codebook.words_[indices[:, 0]]
    assert (np.linalg.norm(data - rebuilt, axis=1) <= np.linalg.norm(data - nearest, axis=1) + 1e-3).all()


def test_llc_of_a_word_itself(codebook):
    indices, weights, _ = llc(codebook.words_, codebook.words_)
    assert_array_equal(indices[:, 0], np.arange(40))
    assert (weights[:, 0] > 0.99).all()


def test_llc_where_all_neighbors_are_the_descriptor():
    words = np.zeros((5, 3))
    indices, weights, _ = llc(np.zeros((1, 3)), words)
    assert_array_equal(indices[0], np.arange(5))
    assert_allclose(weights[0], 0.2)


@pytest.mark.parametrize("scale", [1e-18, 1e15])
def test_llc_does_not_depend_on_the_unit(data, codebook, scale):
    scale = np.float32(scale)
    scaled = llc(data[:20] * scale, codebook.words_ * scale).to_dense()
    assert_allclose(scaled, llc(data[:20], codebook.words_).to_dense(), atol=2e-3)


@pytest.mark.parametrize("how", ["max", "sum", "average"])
def test_pooled_codes_equal_the_twin(data, codebook, how):
    groups = np.random.default_rng(3).integers(6, size=len(data))
    groups[groups == 2] = 0  # an empty group
    X = np.concatenate([data] * 3)  # more than one block
    groups = np.tile(groups, 3)
    for encoder, codes in (
        (LLC.with_codebook(codebook), twin.llc_codes(X, codebook.words_)),
        (HardAssignment.with_codebook(codebook), twin.hard_codes(X, codebook.words_)),
    ):
        pooled = encoder.pool(X, groups, 6, pooling=how)
        expected = [twin.pool_codes(codes[groups == g], how) for g in range(6)]
        assert pooled.dtype == np.float32 and pooled.shape == (6, 40)
        assert_allclose(pooled, expected, atol=3e-3, rtol=1e-4)
        assert (pooled[2] == 0).all()


def test_maximum_is_negative_where_every_descriptor_uses_a_word_negatively():
    words = np.float32([[0], [1], [2]])
    encoder = LLC.with_codebook(words_as_codebook(words), n_neighbors=2)
    X = np.float32([[-0.5], [-0.25], [-1.0]])  # all beyond word 0: word 1 gets a negative weight
    expected = twin.llc_codes(X, words, 2).max(axis=0)
    assert expected[1] < 0 and expected[2] == 0
    assert_allclose(encoder.encode(X), expected, atol=1e-5)
    # One descriptor that does not use word 1 lifts its maximum to 0; in two groups, too.
    X = np.float32([[-0.5], [-0.25], [7.0]])
    words = np.float32([[0], [1], [6], [8]])
    encoder = LLC.with_codebook(words_as_codebook(words), n_neighbors=2)
    assert encoder.encode(X)[1] == 0
    apart = encoder.pool(X, [0, 0, 1], 2, cells=np.array([[True, False], [False, True], [True, True]]))
    assert apart[0, 1] < 0 and apart[1, 1] == 0 and apart[2, 1] == 0


def test_max_kernel_counts_uses():
    maximum, used = np.full(3, -np.inf, np.float32), np.zeros(3, np.int32)
    sparse_pool.max_codes(
        np.int32([[0, 1], [1, 2]]), np.float32([[0.5, -1], [-2, 3]]), 0, 2, maximum, used
    )
    assert_array_equal(maximum, np.float32([0.5, -1, 3]))
    assert_array_equal(used, [1, 2, 1])


def test_hard_assignment(data, codebook):
    counts = hard_assignment(data, codebook.words_).to_dense().sum(axis=0)
    assert_array_equal(counts, twin.hard_codes(data, codebook.words_).sum(axis=0))
    encoder = HardAssignment.with_codebook(codebook)
    assert_array_equal(encoder.encode(data), counts)
    assert_array_equal(encoder.encode(data, pooling="max"), counts > 0)
    indices, weights, _ = encoder.codes(data)
    assert_array_equal(indices[:, 0], codebook.predict(data))
    assert (weights == 1).all()


def test_codes_are_those_of_the_plain_function(data, codebook):
    X = np.concatenate([data] * 2)
    for ours, theirs in zip(LLC.with_codebook(codebook).codes(X), llc(X, codebook.words_), strict=True):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize("change", [{"n_neighbors": 0}, {"n_neighbors": 41}, {"regularization": 0},
                                    {"regularization": np.inf}, {"descriptors": np.zeros((2, 4))},
                                    {"words": np.zeros((0, 13))}])
def test_bad_arguments(data, codebook, change):
    with pytest.raises(ParameterError):
        llc(**{"descriptors": data, "words": codebook.words_, **change})


def test_too_few_words_are_named_before_anything_is_learnt(data):
    encoder = LLC(KMeansCodebook(n_words=3, random_state=0), n_neighbors=4)
    with pytest.raises(ParameterError, match=r"n_neighbors=4 needs .* the codebook has 3"):
        encoder.fit(data)
    assert not hasattr(encoder, "codebook_")
    words = np.eye(3, 13, dtype=np.float32)
    with pytest.raises(ParameterError, match="n_neighbors=5 needs"):
        LLC.with_codebook(words_as_codebook(words))
    grown = LLC.with_codebook(words_as_codebook(words), n_neighbors=3).set_params(n_neighbors=4)
    with pytest.raises(ParameterError, match="n_neighbors=4 needs"):
        grown.encode(data)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 8), st.integers(1, 5), st.integers(5, 12))
def test_sparse_codes_as_matrices(seed, n, n_entries, n_words):
    rng = np.random.default_rng(seed)
    indices = np.array([rng.permutation(n_words)[:n_entries] for _ in range(n)], np.int32).reshape(n, n_entries)
    weights = (rng.integers(-1, 2, indices.shape) * rng.random(indices.shape)).astype(np.float32)
    codes = SparseCodes(indices, weights, n_words)
    dense, csr = codes.to_dense(), codes.to_csr()
    assert dense.shape == csr.shape == (n, n_words) and dense.dtype == csr.dtype == np.float32
    for i in range(n):
        assert_array_equal(dense[i, indices[i]], weights[i])
    assert np.count_nonzero(dense) == np.count_nonzero(weights) == csr.nnz
    assert_array_equal(csr.toarray(), dense)
    assert csr.has_sorted_indices and not np.shares_memory(csr.data, weights)
