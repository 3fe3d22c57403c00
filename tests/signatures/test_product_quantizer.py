"""Product quantization against its definition, scikit-learn's k-means and faiss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw import ProductQuantizer, SignatureStore, pq_decode, pq_dot, pq_encode
from bovw.errors import ParameterError, StoreError
from tests.reference import product_quantizer as reference
from tests.simd import assert_same_bits


def signatures(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.laplace(size=(n, d)) * (rng.random((n, d)) < 0.7)).astype(np.float32)


def words_of(S, K, G, d, seed=0):
    words = np.random.default_rng(seed).normal(size=(S, K, G)).astype(np.float32)
    words[-1, :, d - (S - 1) * G :] = 0
    return words


@given(
    m=st.integers(1, 9), S=st.integers(1, 19), G=st.sampled_from([1, 3, 4, 8, 11, 16, 64]), short=st.integers(0, 7),
    K=st.sampled_from([16, 256]), offset=st.sampled_from([0.0, 300.0]), seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_encode_decode_and_dot_equal_their_definitions(m, S, G, short, K, offset, seed):
    d = S * G - min(short, G - 1)
    X, words = signatures(m, d, seed) + np.float32(offset), words_of(S, K, G, d, seed)
    words[:-1] += np.float32(offset)
    words[-1, :, : d - (S - 1) * G] += np.float32(offset)
    codes = pq_encode(X, words)
    assert codes.shape == (m, S if K == 256 else (S + 1) // 2)
    labels = reference.unpack(codes, words)
    distances = reference.squared_distances(X, words)
    chosen = np.take_along_axis(distances, labels[:, :, None], axis=2)[:, :, 0]
    np.testing.assert_allclose(chosen, distances.min(axis=2), rtol=1e-3, atol=1e-5)  # nearest, or as good as
    decoded = pq_decode(codes, words, d)
    np.testing.assert_array_equal(decoded, reference.decode(labels, words, d).astype(np.float32))
    W = signatures(10, d, seed + 1)
    scale = np.abs(decoded).astype(np.float64) @ np.abs(W).T + 1
    assert (np.abs(pq_dot(codes, words, W) - decoded.astype(np.float64) @ W.T.astype(np.float64)) < 1e-5 * scale).all()


def test_nearest_words_where_there_is_no_doubt():
    X = signatures(300, 40)
    words = words_of(5, 256, 8, 40)
    np.testing.assert_array_equal(pq_encode(X, words), reference.encode(X, words))
    tied = np.repeat(words[:, :16], 16, axis=1)
    assert (pq_encode(X, tied) % 16 == 0).all()  # the lowest of the equal ones


@pytest.mark.parametrize(("n_bits", "d", "G"), [(8, 16, 8), (4, 16, 8), (8, 20, 16), (4, 9, 4)])
def test_learns_as_good_words_as_scikit_learn(n_bits, d, G):
    from sklearn.cluster import KMeans

    X = signatures(4000, d)
    codec = ProductQuantizer(G, n_bits=n_bits, max_iter=30, tol=0).fit(X)
    inertia = sum(
        KMeans(2**n_bits, n_init=1, max_iter=30, random_state=0).fit(X[:, start : start + G]).inertia_
        for start in range(0, d, G)
    )
    ours = codec.reconstruction_error_ * (X.astype(np.float64) ** 2).sum()
    assert ours == pytest.approx(inertia, rel=0.03)
    assert not codec.words_[-1, :, d - (len(codec.words_) - 1) * G :].any()


def test_error_falls_with_iterations_and_bits():
    X = signatures(3000, 24)
    errors = [ProductQuantizer(max_iter=k, tol=0).fit(X).reconstruction_error_ for k in (1, 3, 8, 20)]
    assert (np.diff(errors) < 0).all() and errors[2] < 1.03 * errors[3]
    four, wide = ProductQuantizer(n_bits=4).fit(X), ProductQuantizer(16).fit(X)
    assert errors[2] < wide.reconstruction_error_ < four.reconstruction_error_
    assert (four.bytes_per_image, wide.bytes_per_image, ProductQuantizer().fit(X).bytes_per_image) == (2, 2, 3)


def test_few_distinct_rows_are_kept_exactly():
    rows = signatures(40, 16)
    X = rows[np.random.default_rng(0).integers(40, size=900)]
    codec = ProductQuantizer().fit(X)
    assert codec.reconstruction_error_ < 1e-12
    np.testing.assert_allclose(codec.decode(codec.encode(rows)), rows, atol=1e-6)
    with pytest.warns(UserWarning, match="40 rows for 256 words"):
        codec = ProductQuantizer().fit(rows)
    np.testing.assert_allclose(codec.decode(codec.encode(rows)), rows, atol=1e-6)


def test_the_sample_may_lie_anywhere(tmp_path):
    X = signatures(600, 44)
    expected = ProductQuantizer(max_samples=500, random_state=5).fit(X)
    assert expected.n_samples_ == 500
    np.save(tmp_path / "X.npy", X)
    mapped = ProductQuantizer(max_samples=500, random_state=5).fit(np.load(tmp_path / "X.npy", mmap_mode="r"))
    store = SignatureStore.create(tmp_path / "store", 600, 44, fingerprint="f", rows_per_shard=70)
    for start, stop in store.missing():
        with pytest.raises(ParameterError, match="must be complete"):
            ProductQuantizer().fit(store)
        store.write(start, X[start:stop])
    stored = ProductQuantizer(max_samples=500, random_state=5).fit(store)
    for codec in (mapped, stored):
        np.testing.assert_array_equal(codec.words_, expected.words_)
        assert codec.reconstruction_error_ == expected.reconstruction_error_ and codec.n_features_in_ == 44
    coded = SignatureStore.create(tmp_path / "coded", 70, 44, fingerprint="f", codec=expected)
    coded.write(0, X[:70])
    with pytest.raises(StoreError, match="no columns"):
        ProductQuantizer(n_bits=4).fit(coded)


def test_groups_and_workers_do_not_change_the_words(monkeypatch):
    X = signatures(300, 50)
    expected = ProductQuantizer().fit(X).words_
    monkeypatch.setattr("bovw.signatures.product_quantizer._GROUP_BYTES", 4 * 300 * 8 * 2)
    np.testing.assert_array_equal(ProductQuantizer(n_jobs=2).fit(X).words_, expected)


def test_same_bits_at_every_simd_level():
    assert_same_bits(
        "import hashlib, numpy as np\n"
        "from bovw import ProductQuantizer\n"
        "X = np.random.default_rng(0).laplace(size=(700, 45)).astype(np.float32)\n"
        "digest = hashlib.sha256()\n"
        "for size, bits in ((8, 8), (8, 4), (16, 8), (5, 4)):\n"
        "    codec = ProductQuantizer(size, n_bits=bits, max_iter=4).fit(X)\n"
        "    codes = codec.encode(X)\n"
        "    for a in (codec.words_, codes, codec.decode(codes), codec.dot(codes, X[:9])):\n"
        "        digest.update(a.tobytes())\n"
        "print(digest.hexdigest())\n"
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"subvector_size": 0}, "subvector_size=0"), ({"subvector_size": 65}, "at most 64"),
        ({"n_bits": 6}, "n_bits=6"), ({"max_samples": 0}, "max_samples=0"), ({"max_iter": 0}, "max_iter=0"),
        ({"tol": -1}, "tol=-1"),
    ],
)
def test_parameters_out_of_range(parameters, message):
    with pytest.raises(ParameterError, match=message):
        ProductQuantizer(**parameters).fit(signatures(300, 16))


def test_wrong_words_are_named():
    X = signatures(4, 16)
    for shape in ((2, 255, 8), (3, 256, 8), (1, 256, 8), (1, 16, 65), (2, 128)):
        with pytest.raises(ParameterError, match="words has shape"):
            pq_encode(X, np.zeros(shape, np.float32))


def test_words_of_faiss_give_the_codes_of_faiss():
    faiss = pytest.importorskip("faiss")
    X = signatures(3000, 32)
    theirs = faiss.ProductQuantizer(32, 4, 8)
    theirs.train(X)
    words = faiss.vector_to_array(theirs.centroids).reshape(4, 256, 8)
    codes = theirs.compute_codes(X)
    ours = pq_encode(X, words)
    assert (ours != codes).mean() < 1e-3  # equal but for ties within rounding
    np.testing.assert_array_equal(pq_decode(codes, words, 32), theirs.decode(codes))
    error = ((X - theirs.decode(codes)) ** 2).sum() / (X**2).sum()
    assert ProductQuantizer(max_iter=25, tol=0).fit(X).reconstruction_error_ < 1.02 * error
