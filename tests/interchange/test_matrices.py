"""libsvm text, TEXMEX vectors and npy: exact both ways, and hostile files."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from bovw import DenseSIFT, read_libsvm, read_vecs, write_libsvm, write_vecs
from bovw.errors import DatasetError, ParameterError
from bovw.interchange import read_npy, write_sbow
from bovw.interchange.matrices import WRITERS, read_matrix

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
MATRICES = arrays(np.float32, st.tuples(st.integers(0, 5), st.integers(1, 6)), elements=FLOATS)


@settings(deadline=None, max_examples=80)
@given(MATRICES, st.data())
def test_libsvm_brings_every_number_back(tmp_path_factory, X, data):
    path = tmp_path_factory.mktemp("svm") / "a.libsvm"
    y = data.draw(arrays(np.int64, len(X), elements=st.integers(-(2**40), 2**40)))
    write_libsvm(path, X, y)
    found, labels = read_libsvm(path, n_features=X.shape[1])
    np.testing.assert_array_equal(found.toarray(), X)
    assert found.dtype == np.float32 and labels.dtype == np.int64
    np.testing.assert_array_equal(labels, y)


def test_libsvm_is_that_of_others(tmp_path):
    rng = np.random.default_rng(0)
    X = (rng.random((20, 9)) * (rng.random((20, 9)) > 0.5)).astype(np.float32)
    X[:, 8] = 1
    y = rng.integers(0, 3, 20)
    write_libsvm(tmp_path / "ours", csr_array(X), y)
    theirs, labels = load_svmlight_file(str(tmp_path / "ours"), dtype=np.float32)
    np.testing.assert_array_equal(theirs.toarray(), X)
    np.testing.assert_array_equal(labels, y)
    dump_svmlight_file(X, y + 0.5, str(tmp_path / "theirs"), zero_based=False, comment="a comment")
    ours, labels = read_libsvm(tmp_path / "theirs")
    np.testing.assert_allclose(ours.toarray(), X, rtol=1e-6)
    np.testing.assert_array_equal(labels, y + 0.5)
    assert ours.shape == (20, 9)
    write_libsvm(tmp_path / "plain", np.float32([[2, 0, 0.1]]))
    assert (tmp_path / "plain").read_text() == "0 1:2 3:0.1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2:3\n1 0:1\n", "line 2: indices"), ("1 2:3 2:4\n", "indices"), ("1 3:3 2:4\n", "indices"),
        ("1 99999999999:1\n", "indices"), ("1 2:3 4\n", "not a label"), ("1 2:x\n", "not a label"), ("x 1:1\n", "not"),
        ("1 1:nan\n", "not"), ("1 1:1e39\n", "not"), ("nan 1:1\n", "not"), ("1 1.5:1\n", "not"), ("1 : 1\n", "not"),
        ("1 99999999999999999999:1\n", "not a label"), ("1 1:2 qid:3\n", "not"),
    ],
)
def test_unsound_libsvm_is_named(tmp_path, text, message):
    (tmp_path / "bad").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_libsvm(tmp_path / "bad")


def test_libsvm_limits(tmp_path):
    (tmp_path / "a").write_text("1 5:1\n")
    with pytest.raises(DatasetError, match="from 1 to 4"):
        read_libsvm(tmp_path / "a", n_features=4)
    with pytest.raises(DatasetError, match="longer than 4"):
        read_libsvm(tmp_path / "a", max_line=4)
    with pytest.raises(ParameterError, match="2 integers"):
        write_libsvm(tmp_path / "a", np.eye(2), [0.5, 1])
    with pytest.raises(ParameterError):
        write_libsvm(tmp_path / "a", csr_array(np.float32([[np.nan]])))
    (tmp_path / "empty").write_text("# nothing\n\n")
    X, y = read_libsvm(tmp_path / "empty")
    assert X.shape == (0, 0) and len(y) == 0


@settings(deadline=None, max_examples=40)
@given(MATRICES)
def test_fvecs_bring_every_number_back(tmp_path_factory, X):
    path = tmp_path_factory.mktemp("vecs") / "a.fvecs"
    write_vecs(path, X)
    found = read_vecs(path)
    assert found.shape == (X.shape if len(X) else (0, 0))
    np.testing.assert_array_equal(found.ravel(), X.ravel())


@pytest.mark.parametrize(("ending", "dtype"), [("fvecs", "f4"), ("bvecs", "u1"), ("ivecs", "i4")])
def test_vecs_are_dimension_and_numbers(tmp_path, ending, dtype):
    X = np.arange(12).reshape(4, 3).astype(dtype)
    write_vecs(tmp_path / f"a.{ending}", X)
    by_hand = b"".join(struct.pack("<i", 3) + row.tobytes() for row in X)
    assert (tmp_path / f"a.{ending}").read_bytes() == by_hand
    found = read_vecs(tmp_path / f"a.{ending}", n_vectors=2)
    assert found.dtype == X.dtype and found.flags.c_contiguous
    np.testing.assert_array_equal(found, X[:2])
    np.testing.assert_array_equal(read_vecs(tmp_path / f"a.{ending}", mmap=True), X)
    assert read_vecs(tmp_path / f"a.{ending}", n_vectors=0).shape == (0, 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\1", "no whole number"), (struct.pack("<if", 2, 1.0), "no whole number"),
        (struct.pack("<if", -1, 1.0), "dimension -1"), (struct.pack("<i", 1 << 30) + bytes(100), "no whole number"),
        (struct.pack("<ifif", 1, 1.0, 2, 1.0), "vector 1 has dimension 2"), (struct.pack("<if", 1, np.nan), "NaN"),
    ],
)
def test_unsound_vecs_are_named(tmp_path, data, message):
    (tmp_path / "bad.fvecs").write_bytes(data)
    with pytest.raises(DatasetError, match=message):
        read_vecs(tmp_path / "bad.fvecs")


def test_vecs_take_only_what_they_can_hold(tmp_path):
    for X in ([[0.5]], [[256]], [[-1]]):
        with pytest.raises(ParameterError, match="cannot hold"):
            write_vecs(tmp_path / "a.bvecs", np.array(X))
    with pytest.raises(ParameterError, match="matrix"):
        write_vecs(tmp_path / "a.fvecs", np.zeros(3))
    with pytest.raises(ParameterError, match="does not end in"):
        write_vecs(tmp_path / "a.vec", np.zeros((1, 1)))
    with pytest.raises(DatasetError, match="cannot be read"):
        read_vecs(tmp_path / "absent.fvecs")
    assert not (tmp_path / "a.bvecs").exists()


def test_npy(tmp_path):
    X = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "a.npy", X)
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), X)
    np.save(tmp_path / "empty.npy", X[:0])
    assert read_npy(tmp_path / "empty.npy").shape == (0, 3)
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(data[:-1])
    (tmp_path / "huge.npy").write_bytes(data.replace(b"(2, 3), ", b"(2000000, 3000000), "))
    (tmp_path / "noise.npy").write_bytes(b"noise")
    for name in ("objects", "cut", "huge", "noise"):
        with pytest.raises(DatasetError, match="not a sound"):
            read_npy(tmp_path / f"{name}.npy")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_npy(tmp_path / "absent.npy")


def test_any_source_to_any_format(tmp_path, photograph):
    from bovw.interchange import ImageWords

    sets = DenseSIFT.imagenet2010().extract(photograph[:60, :80])
    sets.save(tmp_path / "a.npz")
    one = ImageWords("i", np.int16([3, 3, 0]), *np.zeros((2, 3), "f4"), np.int8([0, 0, 0]), np.ones(3, "f4"))
    (tmp_path / "sbow").mkdir()
    write_sbow(tmp_path / "sbow/n1.sbow.mat", [one, one])
    write_sbow(tmp_path / "sbow/n2.sbow.mat", [one])
    X, y = read_matrix(tmp_path / "sbow")
    assert X.shape == (3, 1000) and y.tolist() == [1, 1, 2] and X[[0], [3]] == 2
    for source in ("a.npz", "sbow"):
        wanted, y = read_matrix(tmp_path / source)
        wanted = wanted if y is None else wanted.toarray()
        for name, write in WRITERS.items():
            if name == "bvecs" and y is None:
                continue
            write(tmp_path / f"b.{name}", *read_matrix(tmp_path / source))
            found, labels = read_matrix(tmp_path / f"b.{name}")
            found = found if name != "libsvm" else found.toarray()
            np.testing.assert_array_equal(found, wanted[:, : found.shape[1]])
            if name == "libsvm" and y is not None:
                assert labels.tolist() == y.tolist()
    with pytest.raises(ParameterError, match="unknown kind"):
        read_matrix(tmp_path / "a.what")
