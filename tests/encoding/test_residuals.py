"""VLAD and super-vectors against their slow twins and VLFeat."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bovw import VLAD, KMeansCodebook, ParameterError, SuperVector, normalize, vlad
from bovw.encoding import super_vector

from ..reference import encoders as twin
from . import vlfeat


@pytest.mark.parametrize("mass_normalize", [False, True])
def test_vlad_equals_the_twin(data, codebook, mass_normalize):
    X = np.concatenate([data, data + np.float32(0.1)])
    encoder = VLAD.with_codebook(codebook, mass_normalize=mass_normalize)
    groups = np.arange(600) % 3
    expected = [twin.vlad(X[groups == g], codebook.words_, mass_normalize) for g in range(3)]
    assert_allclose(encoder.pool(X, groups, 3), expected, atol=2e-3)
    assert_allclose(vlad(X[:50], codebook.words_, mass_normalize=mass_normalize),
                    twin.vlad(X[:50], codebook.words_, mass_normalize), atol=1e-3)
    assert_allclose(encoder.encode(X, pooling="average"), encoder.encode(X) / 600, rtol=1e-5)


@pytest.mark.skipif(vlfeat.library is None, reason="needs libvlfeat")
@pytest.mark.parametrize(
    "flags, norms, mass_normalize",
    [(4, (), False), (0, ("l2",), False), (1, ("intra", "l2"), False), (2, ("power", "l2"), False),
     (3, ("power", "intra", "l2"), False), (8, ("l2",), True)],
)
def test_vlad_equals_vlfeat(data, codebook, flags, norms, mass_normalize):
    X = data[::3] + np.float32(0.3)
    expected = vlfeat.vlad(X, codebook.words_, twin.hard_codes(X, codebook.words_), flags)
    ours = normalize([vlad(X, codebook.words_, mass_normalize=mass_normalize)], norms, block_size=13)[0]
    assert_allclose(ours, expected, atol=1e-4)


def test_residuals_of_words_are_zero(codebook):
    assert (vlad(codebook.words_, codebook.words_) == 0).all()
    assert (vlad(np.zeros((0, 13)), codebook.words_) == 0).all()
    assert (super_vector(np.zeros((0, 13)), codebook.words_) == 0).all()


def test_super_vector_equals_the_twin(data, codebook):
    encoder = SuperVector(KMeansCodebook(n_words=40, random_state=0), s=0.7).fit(data)
    words, p = encoder.codebook_.words_, encoder.probabilities_
    counts = twin.hard_codes(data, words).sum(axis=0)
    assert_allclose(p, np.maximum(counts, 1) / 300)
    expected = twin.super_vector(data[:90], words, p, 0.7)
    assert_allclose(encoder.encode(data[:90]), expected, atol=1e-4)
    assert_allclose(super_vector(data[:90], words, probabilities=p, s=0.7), expected, atol=1e-4)
    assert_allclose(encoder.encode(data[:90], pooling="sum"), 90 * expected, atol=1e-2)
    assert encoder.code_size == 40 * 14 and encoder.block_size == 14
    uniform = SuperVector.with_codebook(codebook, s=0.7)
    assert_allclose(uniform.encode(data[:90]),
                    twin.super_vector(data[:90], codebook.words_, np.full(40, 1 / 40), 0.7), atol=1e-4)


def test_intra_norm_takes_one_block_a_word(data, codebook):
    encoder = VLAD.with_codebook(codebook)
    code = normalize([vlad(data, codebook.words_)], ("intra",), block_size=encoder.block_size)
    lengths = np.linalg.norm(code.reshape(40, 13), axis=1)
    assert_allclose(lengths[lengths > 0], 1, rtol=1e-5)


@pytest.mark.parametrize("arguments", [{"s": -1}, {"probabilities": np.ones(3)}, {"probabilities": np.zeros(40)}])
def test_bad_super_vector_arguments(data, codebook, arguments):
    with pytest.raises(ParameterError):
        super_vector(data, codebook.words_, **arguments)
