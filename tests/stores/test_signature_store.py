"""SignatureStore: filling, reading, resuming."""

import json
import threading

import numpy as np
import pytest

from bovw import SignatureStore
from bovw.errors import ParameterError, StoreError


def signatures(n=23, d=6, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def fill(store, X, errors=None):
    for start, stop in store.missing():
        with store.claim(start) as mine:
            assert mine
            store.write(start, X[start:stop], {r: m for r, m in (errors or {}).items() if start <= r < stop})
    return store


def make(path, X, **kwargs):
    return SignatureStore.create(path, *X.shape, fingerprint="f", rows_per_shard=5, **kwargs)


def test_what_is_written_is_read(tmp_path):
    X = signatures()
    store = make(tmp_path / "s", X)
    assert store.missing() == [(0, 5), (5, 10), (10, 15), (15, 20), (20, 23)]
    assert not store.is_complete and store.n_rows_written == 0
    fill(store, X, {7: "cannot decode", 21: "empty"})
    assert store.is_complete and store.missing() == [] and store.n_rows_written == 23
    for again in (store, SignatureStore.open(tmp_path / "s", "f")):
        assert len(again) == again.n_rows == 23 and again.shape == X.shape and again.signature_size == 6
        assert again.errors == {7: "cannot decode", 21: "empty"}
        np.testing.assert_array_equal(again.read(0, 23), X)
        np.testing.assert_array_equal(again.read(4, 16), X[4:16])
        np.testing.assert_array_equal(again.read_codes(4, 16), X[4:16])
        assert again.read(9, 9).shape == (0, 6)
        out = np.full((3, 6), np.nan, np.float32)
        assert again.read(12, 15, out=out) is out
        np.testing.assert_array_equal(out, X[12:15])
        assert again.verify() == []


def test_rows_by_number(tmp_path):
    X = signatures()
    store = fill(make(tmp_path, X), X)
    np.testing.assert_array_equal(store[3], X[3])
    np.testing.assert_array_equal(store[-1], X[-1])
    for key in (slice(None), slice(3, 17), slice(20, 2, -3), slice(5, 5), slice(9, 4)):
        np.testing.assert_array_equal(store[key], X[key])
    rows = np.random.default_rng(1).integers(-23, 23, 60)
    np.testing.assert_array_equal(store[rows], X[rows])
    np.testing.assert_array_equal(store[X[:, 0] > 0], X[X[:, 0] > 0])
    assert store[[]].shape == (0, 6)
    for bad in (23, -24, [0, 23]):
        with pytest.raises(IndexError, match="23"):
            store[bad]
    with pytest.raises(IndexError, match="chosen by"):
        store[[0.5]]


def test_names_labels_and_classes_lie_beside_the_manifest(tmp_path):
    X = signatures(4)
    names = ["n01/a.jpg", "line\nbreak", "ü \udcff", 'quo"te']
    store = make(tmp_path, X, names=names, labels=[1, 0, -1, 1], classes=["cat", "dog"])
    again = SignatureStore.open(tmp_path)
    for s in (store, again):
        assert s.names == names and s.classes == ["cat", "dog"]
        np.testing.assert_array_equal(s.labels, [1, 0, -1, 1])
    assert "line" not in (tmp_path / "store.json").read_text()
    assert SignatureStore.create(tmp_path / "plain", 4, 2, fingerprint="f").names is None


def test_creating_again_opens_what_is_there(tmp_path):
    X = signatures()
    first = make(tmp_path, X, names=map(str, range(23)), labels=np.arange(23))
    with first.claim(5) as mine:
        assert mine
        first.write(5, X[5:10])
    manifest = (tmp_path / "store.json").read_bytes()
    again = SignatureStore.create(tmp_path, *X.shape, fingerprint="f", labels=np.arange(23))
    assert again.rows_per_shard == 5
    assert again.missing() == [(0, 5), (10, 15), (15, 20), (20, 23)]
    assert (tmp_path / "store.json").read_bytes() == manifest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "g"}, "fingerprint 'f', wanted is 'g'"),
        ({"n_rows": 24, "labels": None}, "n_rows 23, wanted is 24"),
        ({"signature_size": 7}, "signature_size 6, wanted is 7"),
        ({"rows_per_shard": 4}, "rows_per_shard 5, wanted is 4"),
        ({"labels": np.zeros(23, int)}, "other labels"),
        ({"names": ["x"] * 23}, "other names"),
    ],
)
def test_another_configuration_is_refused_and_named(tmp_path, change, message):
    arguments = {"n_rows": 23, "signature_size": 6, "fingerprint": "f", "rows_per_shard": 5, "labels": np.arange(23)}
    SignatureStore.create(tmp_path, **arguments)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(StoreError, match=message):
        SignatureStore.create(tmp_path, **{**arguments, **change})
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    with pytest.raises(StoreError, match="fingerprint"):
        SignatureStore.open(tmp_path, "g")


def test_foreign_folders_are_left_alone(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(StoreError, match=r"holiday\.jpg"):
        SignatureStore.create(tmp_path, 3, 2, fingerprint="f")
    with pytest.raises(StoreError, match="is a file"):
        SignatureStore.create(tmp_path / "holiday.jpg", 3, 2, fingerprint="f")
    with pytest.raises(StoreError, match=r"no store\.json"):
        SignatureStore.open(tmp_path)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["holiday.jpg"]


def test_only_whole_sound_shards_are_written(tmp_path):
    X = signatures()
    store = make(tmp_path, X)
    with pytest.raises(ParameterError, match="not the first row"):
        store.write(3, X[3:8])
    with pytest.raises(ParameterError, match="rows 5-9, got 4 rows"):
        store.write(5, X[5:9])
    with pytest.raises(ParameterError, match="6 are expected"):
        store.write(5, X[5:10, :5])
    with pytest.raises(ParameterError, match="row 2, outside"):
        store.write(5, X[5:10], {2: "relative to the shard"})
    bad = X[5:10].copy()
    bad[2, 3] = np.nan
    with pytest.raises(ParameterError, match="nan"):
        store.write(5, bad)
    assert len(store.missing()) == 5 and store.verify() == []
    store.write(5, X[5:10])
    with pytest.raises(StoreError, match=r"shard 1 \(rows 5-9\).*written already"):
        store.write(5, X[5:10])
    with pytest.raises(StoreError, match=r"shard 0 \(rows 0-4\) .* not written yet"):
        store.read(0, 23)
    with pytest.raises(ParameterError, match="not within"):
        store.read(20, 24)
    with pytest.raises(ParameterError, match=r"^out "):
        store.read(5, 7, out=np.empty((2, 6)))


def test_a_claim_is_exclusive_among_threads_too(tmp_path):
    X = signatures()
    store, other = make(tmp_path, X), make(tmp_path, X)
    seen = []

    def visit():
        with other.claim(0) as mine:
            seen.append(mine)
        with pytest.raises(StoreError, match="being written by another"):
            other.write(0, X[:5])

    with store.claim(0) as mine:
        assert mine
        with store.claim(5) as second:
            assert second
        thread = threading.Thread(target=visit)
        thread.start()
        thread.join()
        store.write(0, X[:5])
    with other.claim(0) as mine:
        seen.append(mine)  # done
    assert seen == [False, False]
    assert list((tmp_path / "locks").iterdir()) == []


def test_an_error_inside_a_claim_frees_it_and_passes_through(tmp_path):
    store = make(tmp_path, signatures())
    with pytest.raises(FileNotFoundError, match="image"), store.claim(0) as mine:
        assert mine
        raise FileNotFoundError("image")
    with store.claim(0) as mine:
        assert mine


def test_empty_store(tmp_path):
    store = SignatureStore.create(tmp_path, 0, 3, fingerprint="f", names=[], labels=[])
    assert store.is_complete and store.missing() == [] and len(store) == 0
    assert store[:].shape == (0, 3) and store.names == [] and store.labels.shape == (0,)


def test_default_shards_hold_64_megabytes_but_few_rows(tmp_path):
    for d, rows in ((131_072, 128), (32_768, 512), (4_200, 1024), (10, 1024), (2**26, 1)):
        assert SignatureStore.create(tmp_path / str(d), 10**6, d, fingerprint="f").rows_per_shard == rows


def test_a_note_says_what_a_shard_is(tmp_path):
    X = signatures()
    fill(make(tmp_path, X), X, {3: "x"})
    note = json.loads((tmp_path / "shards" / "shard-000000.json").read_text())
    assert note["rows"] == [0, 5] and note["errors"] == {"3": "x"}
    entry = note["files"]["shard-000000.codes.npy"]
    assert entry["bytes"] == 128 + 5 * 6 * 4 and len(entry["sha256"]) == 64
