"""The manifest: hashes, sizes, duplicates, unreadable files, and going on after a stop."""

import hashlib
import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from bovw.cli.main import main
from bovw.datasets import Dataset, index, index_dataset, index_journal
from bovw.datasets.index_journal import Journal
from bovw.errors import DatasetError

from .layouts import LAYOUTS, WNIDS, encoded, tar_bytes, write_classes, write_file, write_layout


@pytest.fixture
def folder(tmp_path):
    """Two classes with a duplicate across them, and one of each trouble; class b has a single image."""
    root = tmp_path / "data"
    write_classes(root, ("a",), 3, side=20)
    write_file(root / "b" / "same.jpg", encoded(0, 1, 20))
    whole = encoded(0, 7, 20, ".png")
    write_file(root / "a" / "cut.png", whole[:-40])
    write_file(root / "a" / "empty.jpg", b"")
    write_file(root / "a" / "notes.txt", "hello")
    write_file(root / "README", "read me")
    write_file(root / ".hidden.jpg", "x")
    return root


def test_manifest(folder, tmp_path):
    out = tmp_path / "manifest.json"
    manifest = index_dataset(folder, out)
    assert out.read_text(encoding="utf-8") == json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    assert manifest["kind"] == "folder"
    assert manifest["classes"] == ["a", "b"]
    assert manifest["duplicates"] == [["a/image_0001.jpg", "b/same.jpg"]]
    assert set(manifest["unreadable"]) == {"a/cut.png", "a/empty.jpg", "a/notes.txt"}
    assert "truncated" in manifest["unreadable"]["a/cut.png"]
    assert manifest["unreadable"]["a/empty.jpg"].startswith("the file is empty")
    by_name = {record["name"]: record for record in manifest["images"]}
    assert by_name["b/same.jpg"] == {
        "name": "b/same.jpg", "class": "b", "bytes": len(encoded(0, 1, 20)),
        "sha256": hashlib.sha256(encoded(0, 1, 20)).hexdigest(), "width": 20, "height": 20,
    }
    assert by_name["a/cut.png"]["width"] is None
    assert by_name["a/cut.png"]["bytes"] > 0
    assert manifest["n_images"] == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "manifest.json"]
    assert index_dataset(folder, n_jobs=3) == manifest
    quick = index_dataset(folder, decode=False)
    assert "a/cut.png" not in quick["unreadable"]  # its header is whole
    assert quick["duplicates"] == manifest["duplicates"]


def test_a_stopped_run_goes_on(folder, tmp_path, monkeypatch):
    out, asked = tmp_path / "manifest.json", []
    describe = index._describe

    def stop_at_third(image, name, decode):
        asked.append(name)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return describe(image, name, decode)

    monkeypatch.setattr(index, "_describe", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        index_dataset(folder, out)
    journal = tmp_path / ".manifest.json.partial"
    assert not out.exists()
    assert len(journal.read_text().strip().splitlines()) == 2
    with open(journal, "a") as file:
        file.write('{"name": "a/im')  # killed while it wrote
    write_file(folder / "a" / "image_0000.jpg", encoded(0, 99, 30))  # changed meanwhile
    asked.clear()
    monkeypatch.setattr(index, "_describe", lambda *a: asked.append(a[1]) or describe(*a))
    manifest = index_dataset(folder, out)
    assert manifest == index_dataset(folder)
    assert len(asked) == 4 + 5  # one record was good; the second call has no journal
    assert manifest["images"][[r["name"] for r in manifest["images"]].index("a/image_0000.jpg")]["width"] == 30
    assert not journal.exists()


def test_records_of_a_stopped_run_are_found_by_name(tmp_path, monkeypatch):
    def journal(keep=lambda record: True):
        return Journal(tmp_path / "log", {"name", "value"}, keep)

    with journal() as log:
        assert log.get("a") is None
        for name, value in (("a", 1), ("b", 2), ("a", 3)):
            log.add({"name": name, "value": value})
        log.add({"name": "c"})  # of another version
    with journal() as log:
        assert [log.get(name) for name in "abc"] == [{"name": "a", "value": 3}, {"name": "b", "value": 2}, None]
    with journal(lambda record: record["value"] < 3) as log:
        assert log.get("a") == {"name": "a", "value": 1}
    monkeypatch.setattr(index_journal, "_hash", lambda name: np.uint64(7))
    with journal() as log:
        assert log.get("b") is None  # the last of this hash is another's
        assert log.get("a") == {"name": "a", "value": 3}


@pytest.mark.parametrize("stopped", [False, True])
def test_memory_does_not_hold_the_records(tmp_path, monkeypatch, stopped):
    n = 5000
    names = tuple(f"n{i % 100:08d}/{i}.JPEG" for i in range(n))
    data = Dataset(
        images=[Path(__file__)] * n, names=names, labels=np.arange(n) % 100, classes=[f"n{i:08d}" for i in range(100)]
    )

    def describe(image, name, decode):
        if stopped and name == names[-1] and not stops:
            stops.append(name)
            raise KeyboardInterrupt
        data = name.encode() if int(name[10:-5]) % 1000 else b"the same"
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "width": 1, "height": 1, "error": None}

    stops = []
    monkeypatch.setattr(index, "_open", lambda *_: data)
    monkeypatch.setattr(index, "_describe", describe)
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            index_dataset(tmp_path, tmp_path / "m.json", n_jobs=1)
    tracemalloc.start()
    manifest = index_dataset(tmp_path, tmp_path / "m.json", list_images=False, n_jobs=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * n  # a record in memory takes nearly 2000 bytes
    assert manifest["duplicates"] == [[f"n00000000/{i}.JPEG" for i in range(0, n, 1000)]]
    written = json.loads((tmp_path / "m.json").read_text())
    assert "images" not in manifest
    assert [record["name"] for record in written.pop("images")] == list(names)
    assert written == manifest


def test_archives(tmp_path):
    files = {f"{w}.tar": tar_bytes({f"{w}_{i}.JPEG": encoded(c, 0, 20) for i in range(2)}) for c, w in enumerate(WNIDS)}
    files["n00000009.tar"] = tar_bytes({"../up.JPEG": encoded(0, 0, 20), "cut.JPEG": encoded(0, 0, 20)[:-30]})
    write_file(tmp_path / "train.tar", tar_bytes(files))
    manifest = index_dataset(tmp_path / "train.tar", tmp_path / "m.json", n_jobs=2, cache=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert manifest["kind"] == "imagenet"
    assert manifest["n_images"] == 11
    assert len(manifest["duplicates"]) == 5
    assert manifest["unreadable"]["n00000009/../up.JPEG"] == "has a name that leads out of the archive"
    assert "truncated" in manifest["unreadable"]["n00000009/cut.JPEG"]


@pytest.mark.parametrize("kind", ["ilsvrc2012", "cifar10", "voc2007", "outex", "tiny_imagenet"])
def test_other_kinds(kind, tmp_path):
    path = write_layout(kind, tmp_path / "d", 2, 1, side=24, form=LAYOUTS[kind][1][-1] if kind != "cifar10" else None)
    manifest = index_dataset(path)
    assert manifest["kind"] == kind
    assert manifest["unreadable"] == {}
    side = 32 if kind == "cifar10" else 24
    assert {(r["width"], r["height"]) for r in manifest["images"]} == {(side, side)}
    if kind == "voc2007":
        assert all(record["class"] == record["classes"][0] for record in manifest["images"])
    assert manifest["problems"]


def test_names_that_are_not_utf8_and_what_is_no_file(folder, tmp_path):
    try:
        write_file(folder / os.fsdecode(b"caf\xe9.jpg"), encoded(0, 3, 20))
        os.mkfifo(folder / "a" / "pipe.jpg")
    except (OSError, AttributeError):
        pytest.skip("this system has no such names or no pipes")
    manifest = index_dataset(folder, tmp_path / "m.json")
    assert manifest["unreadable"]["caf\\xe9.jpg"] == "its name is not UTF-8; rename it"
    assert manifest["unreadable"]["a/pipe.jpg"] == "not a regular file"
    path = write_layout("imagenet", tmp_path / "i", 2, 1, side=20)
    os.mkfifo(path / "train" / WNIDS[0] / "pipe.JPEG")
    assert index_dataset(path)["unreadable"] == {f"train/{WNIDS[0]}/pipe.JPEG": "not a regular file"}


def test_nothing_there(tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DatasetError):
            index_dataset(path)


def test_the_verb(folder, tmp_path, capsys):
    out = tmp_path / "m.json"
    assert main(["index", str(folder), "--out", str(out), "--jobs", "1"]) == 0
    printed = capsys.readouterr()
    assert "5 images in 2 classes" in printed.out
    assert "groups of duplicates: 1\n  a/image_0001.jpg = b/same.jpg\n" in printed.out
    assert "unreadable files: 3\n" in printed.out
    assert "a/cut.png: " in printed.out
    assert "5/5 images" in printed.err
    assert out.exists()
    assert main(["index", str(folder), "--json", "--quiet", "--headers-only"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["n_images"] == 5
    assert printed.err == ""
    assert main(["index", str(tmp_path / "absent")]) == 2


def test_scene15_has_its_known_duplicates(bovw_data):
    text = (bovw_data / "splits" / "scene15.exact_duplicates.txt").read_text()
    manifest = index_dataset(bovw_data / "scene15", decode=False)
    names = {record["name"] for record in manifest["images"]}
    known = {frozenset(word for word in line.split() if word in names) for line in text.splitlines()}
    known = {pair for pair in known if len(pair) == 2}
    assert len(known) == 18
    assert {frozenset(group) for group in manifest["duplicates"]} == known
    assert manifest["n_images"] == 4485
    assert manifest["problems"] == []
