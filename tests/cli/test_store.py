"""``bovw store``: what it prints and how it exits."""

import numpy as np
import pytest

from bovw import DescriptorStore, ProductQuantizer, SignatureStore
from bovw.cli.main import main

X = np.random.default_rng(0).laplace(size=(600, 32)).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    codec = ProductQuantizer(max_iter=2).fit(X)
    store = SignatureStore.create(tmp_path / "s", 25, 32, fingerprint="abc", codec=codec, rows_per_shard=10)
    store.write(0, X[:10], {4: "cut short"})
    store.write(20, X[20:25])
    return store


def damage(store, shard):
    with open(store.path / "shards" / f"shard-{shard:06d}.codes.npy", "r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")


def test_ls(store, capsys):
    assert main(["store", "ls", str(store.path)]) == 0
    lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert lines["kind"] == "signatures" and lines["fingerprint"] == "abc" and lines["errors"] == "1"
    assert lines["rows"] == "15 of 25, 10 a shard, 1 of 3 shards missing"
    assert lines["codec"].startswith("ProductQuantizer(") and "subvector_size=8" in lines["codec"]
    assert lines["bytes"] == "an image        4 (32 times smaller than float32)"
    assert float(lines["reconstruction"].split()[-1]) == pytest.approx(store.codec.reconstruction_error_, rel=1e-3)
    assert lines["row"] == "4: cut short"


def test_ls_of_plain_signatures_and_of_descriptors(tmp_path, capsys):
    SignatureStore.create(tmp_path / "f", 3, 5, fingerprint="f")
    assert main(["store", "ls", str(tmp_path / "f")]) == 0
    out = capsys.readouterr().out
    assert "codec                 float32" in out and "bytes an image        20\n" in out
    DescriptorStore.create(tmp_path / "d", 3, 5, fingerprint="f", dtype="uint8")
    assert main(["store", "ls", str(tmp_path / "d")]) == 0
    out = capsys.readouterr().out
    assert "descriptors" in out and "uint8" in out and "codec" not in out


def test_verify_and_repair(store, capsys):
    path = str(store.path)
    assert main(["store", "verify", path]) == 0
    assert "0 problems, 15 of 25 rows sound" in capsys.readouterr().out
    assert main(["store", "repair", path]) == 0
    assert "nothing to repair" in capsys.readouterr().out
    damage(store, 2)
    assert main(["store", "verify", path]) == 1
    out = capsys.readouterr().out
    assert "shard 2 (rows 20-24): shards/shard-000002.codes.npy is damaged" in out and "1 problem," in out
    assert "10 of 25 rows sound" in out
    assert main(["store", "repair", path]) == 0
    assert "moved shards/shard-000002.json to damaged/" in capsys.readouterr().out
    assert main(["store", "verify", path]) == 0
    assert SignatureStore.open(path).missing() == [(10, 20), (20, 25)]


def test_a_shard_cut_short_shows_in_ls_and_verify(store, capsys):
    path = store.path / "shards" / "shard-000000.codes.npy"
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["store", "ls", str(store.path)]) == 0
    assert "damaged: shard 0 (rows 0-9)" in capsys.readouterr().out
    assert main(["store", "verify", str(store.path)]) == 1


def test_what_is_no_store(tmp_path, capsys):
    for action in ("ls", "verify", "repair"):
        assert main(["store", action, str(tmp_path)]) == 2
        assert "no store.json" in capsys.readouterr().err
