"""What may befall a store: each fault is named, nothing good is lost, repair and resume give the same bytes."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import bovw
from bovw import DescriptorSet, DescriptorStore, ProductQuantizer, SignatureStore
from bovw._files import document_checksum
from bovw.errors import StoreError
from bovw.stores import repair_store

N, D, ROWS = 50, 40, 6
SHARDS = 9


def rows(start, stop):
    return np.stack([np.random.default_rng(i).normal(size=D).astype(np.float32) for i in range(start, stop)])


@pytest.fixture(scope="module")
def codec():
    return ProductQuantizer(n_bits=4, max_iter=2).fit(rows(0, N))


@pytest.fixture
def create(tmp_path, codec):
    def create(name="store"):
        return SignatureStore.create(
            tmp_path / name, N, D, fingerprint="f", codec=codec, rows_per_shard=ROWS,
            names=[f"{i}.jpg" for i in range(N)], labels=np.arange(N) % 3, classes="abc",
        )

    return create


def fill(store):
    for start, stop in store.missing():
        with store.claim(start) as mine:
            if mine:
                store.write(start, rows(start, stop), {start: "bad"} if start == 12 else None)
    return store


def contents(path):
    """Every byte of a store but what was moved aside and the locks."""
    return {
        p.relative_to(path).as_posix(): p.read_bytes()
        for p in sorted(path.rglob("*")) if p.is_file() and p.relative_to(path).parts[0] not in ("damaged", "locks")
    }


@pytest.fixture
def undisturbed(create):
    return contents(fill(create("undisturbed")).path)


def cut(path):
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size - 5)


def flip(path, place=-3):
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


FAULTS = {  # file, what happens to it, what the messages say, whether opening the store notices
    "shard cut short": ("shards/shard-000003.codes.npy", cut, r"shard 3 \(rows 18-23\).*has 141 bytes, 146", True),
    "shard flipped": ("shards/shard-000003.codes.npy", flip, r"shard 3 \(rows 18-23\).*sha256", False),
    "header flipped": ("shards/shard-000003.codes.npy", lambda p: flip(p, 20), r"shard 3 .*sha256", False),
    "shard missing": ("shards/shard-000003.codes.npy", Path.unlink, r"shard 3 .*is missing", True),
    "note flipped": ("shards/shard-000003.json", lambda p: flip(p, -40), r"shard 3 .*shard-000003.json", True),
    "note cut short": ("shards/shard-000003.json", cut, r"shard 3 .*shard-000003.json", True),
    "note missing": ("shards/shard-000003.json", Path.unlink, r"shard 3 .*codes.npy left by a write", False),
    "names cut short": ("names.jsonl", cut, r"names.jsonl has", True),
    "labels flipped": ("labels.npy", flip, r"labels.npy is damaged", False),
    "classes missing": ("classes.jsonl", Path.unlink, r"classes.jsonl is missing", True),
    "codec missing": ("codec/model.json", Path.unlink, r"codec/model.json is missing", True),
    "codec flipped": ("codec/model.words_.*.npy", flip, r"words_.*sha256", False),
    "stale temporary": ("shards/.shard-000003.codes.npy.x1.part", Path.touch, r"shard 3 .*x1.part left by", False),
    "stale manifest": (".store.json.x1.part", Path.touch, r"store.json.x1.part left by", False),
    "foreign file": ("shards/holiday.jpg", Path.touch, r"holiday.jpg is no file of this store", False),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_damage_is_named_repaired_and_recomputed(create, undisturbed, fault):
    name, strike, message, seen_at_open = FAULTS[fault]
    path = fill(create()).path
    folder, _, pattern = name.rpartition("/")
    victim = next(iter((path / folder).glob(pattern)), path / name)
    others = {k: v for k, v in undisturbed.items() if k != victim.relative_to(path).as_posix()}
    strike(victim)
    if seen_at_open:
        with pytest.raises(StoreError, match=message) as error:
            SignatureStore.open(path)
        assert "bovw store repair" in str(error.value)
        if victim.exists() or "shards" in folder:  # else creating the store again brings it back
            with pytest.raises(StoreError, match=message):
                create()
    store = SignatureStore.open(path, check=False)
    problems = store.verify()
    assert len(problems) == 1 and re.search(message, problems[0])
    there = victim.exists()
    assert bool(store.repair()) == (there or "shards" in folder)
    assert not victim.exists() and all("is missing" in problem for problem in store.verify())
    left = contents(path)
    assert {k: left[k] for k in others if "shard-000003" not in k} == {
        k: v for k, v in others.items() if "shard-000003" not in k
    }
    again = fill(create())
    assert contents(path) == undisturbed and again.is_complete and again.verify() == []
    assert again.repair() == []
    np.testing.assert_array_equal(again[:], SignatureStore.open(path.parent / "undisturbed")[:])
    assert again.names[7] == "7.jpg" and again.errors == {12: "bad"}


def test_reading_damaged_rows_raises_and_the_others_are_read(create):
    path = fill(create()).path
    expected = SignatureStore.open(path)[:]
    open_before = SignatureStore.open(path)
    cut(path / "shards" / "shard-000003.codes.npy")
    for store in (open_before, SignatureStore.open(path, check=False)):
        with pytest.raises(StoreError, match=r"shard 3 \(rows 18-23\).*141 bytes"):
            store.read(0, N)
        np.testing.assert_array_equal(store.read(0, 18), expected[:18])
        np.testing.assert_array_equal(store[[49, 24]], expected[[49, 24]])
    assert store.missing() == [] and not store.is_complete


@pytest.mark.parametrize("strike", [cut, flip, lambda p: p.write_bytes(b""), Path.unlink])
def test_a_lost_manifest_is_made_again(create, undisturbed, strike):
    path = fill(create()).path
    strike(path / "store.json")
    if (path / "store.json").exists():
        with pytest.raises(StoreError, match=r"store.json is damaged.*bovw store repair"):
            create()
        assert repair_store(path) == ["store.json"]
    again = create()
    assert again.is_complete and contents(path) == undisturbed


def test_repair_leaves_alone_what_is_no_store(tmp_path):
    with pytest.raises(StoreError, match=r"no store\.json"):
        repair_store(tmp_path)
    (tmp_path / "store.json").write_text('{"shop": 1}')
    with pytest.raises(StoreError, match="it is not a store"):
        repair_store(tmp_path)
    (tmp_path / "shards").mkdir()
    newer = {"format": "bovw-store", "version": 2}
    (tmp_path / "store.json").write_text(json.dumps({**newer, "checksum": document_checksum(newer)}))
    with pytest.raises(StoreError, match="version 2"):
        repair_store(tmp_path)
    assert (tmp_path / "store.json").exists()


def test_shards_of_another_configuration_are_noticed(create, tmp_path, undisturbed):
    path = fill(create()).path
    other = SignatureStore.create(tmp_path / "other", N, D, fingerprint="g", rows_per_shard=ROWS)
    other.write(0, rows(0, ROWS))
    for file in ("shard-000000.codes.npy", "shard-000000.json"):
        (path / "shards" / file).write_bytes((other.path / "shards" / file).read_bytes())
    with pytest.raises(StoreError, match=r"shard 0 \(rows 0-5\).*belongs to another store"):
        create()
    assert sorted(repair_store(path)) == ["shards/shard-000000.codes.npy", "shards/shard-000000.json"]
    assert create().missing() == [(0, 6)]
    fill(create())
    assert contents(path) == undisturbed


def test_everything_at_once(create, undisturbed):
    path = fill(create()).path
    flip(path / "shards" / "shard-000000.codes.npy")
    cut(path / "shards" / "shard-000004.codes.npy")
    (path / "shards" / "shard-000005.json").unlink()
    (path / "labels.npy").unlink()
    assert len(SignatureStore.open(path, check=False).verify()) == 4
    repair_store(path)
    assert create().missing() == [(0, 6), (24, 30), (30, 36)]
    flip(path / "shards" / "shard-000001.codes.npy")
    repair_store(path)
    fill(create())
    flip(path / "shards" / "shard-000000.codes.npy")
    repair_store(path)  # a second time aside, under another name
    assert (path / "damaged" / "shard-000000.codes.npy.1").exists()
    fill(create())
    assert contents(path) == undisturbed


@pytest.mark.parametrize("when", [1, 2])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_is_named_and_loses_nothing(create, undisturbed, monkeypatch, when, number):
    """The disk refuses the shard's array (1), or its note (2)."""
    store = create()
    store.write(0, rows(0, ROWS))
    calls = []

    def fsync(file):
        calls.append(file)
        if len(calls) == when:
            raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr("bovw._files.os.fsync", fsync)
        with pytest.raises(StoreError, match=rf"shard 1 \(rows 6-11\).*{os.strerror(number)}.*run the same command"):
            store.write(6, rows(6, 12))
    assert store.verify() == [] and store.missing()[0] == (6, 12)
    assert sorted(p.name for p in (store.path / "shards").iterdir()) == ["shard-000000.codes.npy", "shard-000000.json"]
    fill(store)
    assert contents(store.path) == undisturbed


@pytest.mark.skipif(os.name != "posix", reason="needs setrlimit")
def test_a_write_that_stops_half_way(create, undisturbed):
    """The operating system refuses to let a file grow past 60 bytes."""
    store = create()
    script = (
        "import resource, sys, numpy as np\n"
        "from bovw import SignatureStore\n"
        "store = SignatureStore.open(sys.argv[1])\n"
        "store.codec\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))\n"
        "store.write(0, np.zeros((6, 40), np.float32))\n"
    )
    result = run(script, store.path)
    assert result.returncode == 1 and "StoreError: shard 0 (rows 0-5)" in result.stderr
    assert "File too large" in result.stderr
    assert contents(store.path).keys() == contents(create().path).keys() and store.verify() == []
    fill(store)
    assert contents(store.path) == undisturbed


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(bovw.__file__).parents[1])}


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, env=environment(),
        check=False, timeout=60,
    )


WORKER = """
import sys, time
import numpy as np
from bovw import SignatureStore, load_model
path, codec = sys.argv[1:]
store = SignatureStore.create(path, 50, 40, fingerprint="f", codec=load_model(codec), rows_per_shard=6,
                              names=[f"{i}.jpg" for i in range(50)], labels=np.arange(50) % 3, classes="abc")
print("ready", flush=True)
sys.stdin.readline()
for start, stop in store.missing():
    with store.claim(start) as mine:
        if mine:
            time.sleep(0.02)
            rows = [np.random.default_rng(i).normal(size=40).astype(np.float32) for i in range(start, stop)]
            store.write(start, np.stack(rows), {start: "bad"} if start == 12 else None)
            print(start, flush=True)
"""


def test_two_processes_fill_one_store(tmp_path, undisturbed):
    path = tmp_path / "store"
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, path, tmp_path / "undisturbed" / "codec"], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    done = [[int(line) for line in worker.communicate(timeout=60)[0].split()] for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    assert sorted(done[0] + done[1]) == list(range(0, N, ROWS))  # every shard once
    assert all(done)  # both took part
    assert contents(path) == undisturbed and SignatureStore.open(path).verify() == []


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("moment", ["os.replace", "write_json"])
def test_a_killed_writer_frees_its_claim(create, undisturbed, moment):
    """Killed before the array is moved into place, or between the array and the note."""
    store = create()
    script = (
        "import os, sys, time, numpy as np\n"
        "import bovw._files, bovw.stores.notes\n"
        "from bovw import SignatureStore\n"
        "store = SignatureStore.open(sys.argv[1])\n"
        "def wait(*_):\n"
        "    print('there', flush=True)\n"
        "    time.sleep(60)\n"
        f"{'bovw._files' if moment == 'os.replace' else 'bovw.stores.notes'}.{moment} = wait\n"
        "with store.claim(6) as mine:\n"
        "    store.write(6, np.zeros((6, 40), np.float32))\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, store.path], text=True, stdout=subprocess.PIPE,
                              env=environment())
    try:
        assert writer.stdout.readline() == "there\n"
        with store.claim(6) as mine:
            assert not mine
        assert store.verify() == []  # somebody is at it: no problem
        assert store.repair() == []
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    assert store.missing()[1] == (6, 12)
    problems = store.verify()
    assert len(problems) == 1 and re.search(r"shard 1 \(rows 6-11\): .* left by a write", problems[0])
    fill(create())
    assert contents(store.path) == undisturbed and store.verify() == []


def test_locks_left_by_the_killed_lock_nothing(create):
    store = create()
    (store.path / "locks" / "shard-000000.lock").touch()
    with store.claim(0) as mine:
        assert mine


def test_a_waiting_creator_goes_on_when_the_first_is_done(create, tmp_path):
    from bovw._locks import file_lock

    lock = tmp_path / "lock"
    script = (
        "import sys\nfrom bovw._locks import file_lock\n"
        "print('there', flush=True)\n"
        "with file_lock(sys.argv[1], wait=True) as held:\n    print(held, flush=True)\n"
    )
    with file_lock(lock) as held:
        assert held
        waiter = subprocess.Popen([sys.executable, "-c", script, lock], text=True, stdout=subprocess.PIPE,
                                  env=environment())
        assert waiter.stdout.readline() == "there\n"
        time.sleep(0.2)
        assert waiter.poll() is None
    assert waiter.communicate(timeout=60)[0] == "True\n"
    assert not lock.exists()


def test_descriptor_stores_are_repaired_alike(tmp_path):
    def create():
        return DescriptorStore.create(tmp_path / "d", 4, 3, fingerprint="f", rows_per_shard=2)

    whole = DescriptorSet(np.ones((8, 3), np.float32), np.array([0, 2, 4, 6, 8]), frames=np.ones((8, 4)))
    store = create()
    for start in (0, 2):
        store.write(start, whole[start : start + 2])
    before = contents(store.path)
    flip(store.path / "shards" / "shard-000001.frames.npy")
    assert re.search(r"shard 1 \(rows 2-3\): shards/shard-000001.frames.npy is damaged", store.verify()[0])
    assert len(store.repair()) == 4  # the note and all three arrays
    store = create()
    assert store.missing() == [(2, 4)]
    store.write(2, whole[2:4])
    assert contents(store.path) == before
