"""Half precision, feature hashing, and what all codecs share."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from bovw import FeatureHashing, Float16Codec, ProductQuantizer, SignatureStore, hash_features, load_model, save_model
from bovw.errors import ParameterError, StoreError
from tests.reference import product_quantizer as reference

CODECS = {
    "float16": Float16Codec(),
    "hashing": FeatureHashing(16),
    "pq 8 bits": ProductQuantizer(4, max_iter=3),
    "pq 4 bits": ProductQuantizer(8, n_bits=4, max_iter=3),
}


def signatures(n=400, d=37, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.laplace(size=(n, d)) * (rng.random((n, d)) < 0.7)
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module", params=CODECS)
def codec(request):
    return CODECS[request.param].fit(signatures())


@parametrize_with_checks([Float16Codec(), FeatureHashing(8), ProductQuantizer(2, n_bits=4, max_iter=2)])
@pytest.mark.filterwarnings("ignore:.*words merely repeat the sample")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_error_and_bytes_are_what_they_say(codec):
    X = signatures()
    codes = codec.encode(X)
    assert codes.shape == (400, codec.code_size) and codes.dtype == codec.code_dtype
    assert codes[0].nbytes == codec.bytes_per_image == codec.description()["bytes_per_image"]
    error = ((X - codec.decode(codes)).astype(np.float64) ** 2).sum() / (X.astype(np.float64) ** 2).sum()
    assert codec.reconstruction_error_ == pytest.approx(error, rel=1e-4)


def test_dot_equals_products_of_decoded_rows(codec):
    codes, W = codec.encode(signatures(50, seed=1)), signatures(11, seed=2)
    np.testing.assert_allclose(codec.dot(codes, W), codec.decode(codes) @ W.T, atol=2e-6)
    assert codec.dot(codes[:0], W).shape == (0, 11) and codec.dot(codes, W[:0]).shape == (50, 0)


def test_decode_into_a_given_array(codec):
    codes = codec.encode(signatures(9, seed=1))
    out = np.full((9, 37), np.nan, np.float32)
    assert codec.decode(codes, out=out) is out
    np.testing.assert_array_equal(out, codec.decode(codes))
    for bad in (np.empty((9, 36), np.float32), np.empty((9, 37)), np.empty((37, 9), np.float32).T):
        with pytest.raises(ParameterError, match=r"^out "):
            codec.decode(codes, out=bad)


def test_wrong_inputs_are_named(codec):
    with pytest.raises(ParameterError, match="37 are expected"):
        codec.encode(np.zeros((2, 36), np.float32))
    with pytest.raises(ParameterError, match="codes has shape"):
        codec.decode(np.zeros((2, codec.code_size + 1), codec.code_dtype))
    with pytest.raises(ParameterError, match="dtype int64"):
        codec.decode(np.zeros((2, codec.code_size), np.int64))
    with pytest.raises(ParameterError):
        codec.dot(codec.encode(signatures(2)), np.zeros((1, 36), np.float32))


def test_zeros_are_kept_or_close(codec):
    assert np.abs(codec.decode(codec.encode(np.zeros((3, 37), np.float32)))).max() < 0.2
    zeros = type(codec)(**codec.get_params()).fit(np.zeros((300, 37), np.float32))
    assert zeros.reconstruction_error_ == 0 and not zeros.decode(zeros.encode(np.zeros((3, 37)))).any()


def test_saved_and_loaded(codec, tmp_path):
    save_model(codec, tmp_path)
    again = load_model(tmp_path)
    assert again.description() == codec.description()
    np.testing.assert_array_equal(again.encode(signatures(20)), codec.encode(signatures(20)))


def test_a_store_keeps_codes_and_its_codec(codec, tmp_path):
    X = signatures(23)
    store = SignatureStore.create(tmp_path, 23, 37, fingerprint="f", codec=codec, rows_per_shard=5)
    for start, stop in store.missing():
        store.write(start, X[start:stop])
    expected = codec.decode(codec.encode(X))
    again = SignatureStore.open(tmp_path)
    assert again.bytes_per_image == codec.bytes_per_image and again.verify() == []
    np.testing.assert_array_equal(again.read(0, 23), expected)
    np.testing.assert_array_equal(again[[22, 3, 3, 0, -7]], expected[[22, 3, 3, 0, -7]])
    np.testing.assert_array_equal(again.read_codes(3, 9), codec.encode(X[3:9]))
    assert again.read(7, 7).shape == again[[]].shape == (0, 37)
    if isinstance(codec, Float16Codec):
        np.testing.assert_array_equal(again.read_columns([2, 9, 20], 5, 9), expected[[2, 9, 20], 5:9])
    else:
        with pytest.raises(StoreError, match="no columns"):
            again.read_columns([2, 9], 5, 9)
    other = CODECS["float16"] if not isinstance(codec, Float16Codec) else None
    with pytest.raises(StoreError, match="codec"):
        SignatureStore.create(tmp_path, 23, 37, fingerprint="f", codec=other and other.fit(X), rows_per_shard=5)
    with pytest.raises(ParameterError, match="signature_size=36"):
        SignatureStore.create(tmp_path / "other", 23, 36, fingerprint="f", codec=codec)


def test_a_codec_that_is_not_fitted_is_refused(tmp_path):
    for codec in CODECS.values():
        fresh = type(codec)(**codec.get_params())
        with pytest.raises(NotFittedError):
            fresh.encode(signatures(3))
        with pytest.raises(ParameterError, match="fitted to no columns"):
            SignatureStore.create(tmp_path, 3, 37, fingerprint="f", codec=fresh)


def test_float16_is_exact_to_eleven_bits_and_refuses_overflow():
    X = signatures()
    codec = Float16Codec().fit(X)
    big = np.abs(X) > 6.2e-5
    assert (np.abs(codec.decode(codec.encode(X)) - X)[big] <= np.abs(X)[big] / 2048).all()
    with pytest.raises(ParameterError, match="65504"):
        codec.encode(np.full((1, 37), 7e4))


def test_every_finite_half_is_decoded_exactly():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)][None]
    codec = Float16Codec().fit(np.ones((1, halves.size)))
    decoded = codec.decode(halves)
    np.testing.assert_array_equal(decoded.view(np.uint32), halves.astype(np.float32).view(np.uint32))  # and -0


def test_hashing_equals_the_definition():
    X = signatures()
    codec = FeatureHashing(50, random_state=3).fit(X)  # more buckets than columns: some stay empty
    expected = reference.hash_features(X, codec.buckets_, codec.signs_, 50)
    np.testing.assert_allclose(codec.encode(X), expected, atol=1e-6)
    np.testing.assert_array_equal(hash_features(X, codec.buckets_, codec.signs_, 50), codec.encode(X))
    with pytest.raises(ParameterError, match="buckets must lie"):
        hash_features(X, codec.buckets_, codec.signs_, 10)


def test_hashed_products_are_unbiased():
    X, Y = signatures(30, seed=4), signatures(30, seed=5)
    exact = (X * Y).sum(axis=1)
    draws = np.array([
        (codec.encode(X) * codec.encode(Y)).sum(axis=1)
        for codec in (FeatureHashing(32, random_state=seed).fit(X) for seed in range(300))
    ])
    standard_error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - exact) < 4.5 * standard_error).all()
    assert 0.05 < standard_error.mean() * np.sqrt(300) < 0.4  # about sqrt(1/32 + ...): the draws do vary
