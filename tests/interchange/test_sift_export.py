"""The export: file names, workers, resuming, images that cannot be read."""

import json

import cv2
import numpy as np
import pytest

from bovw import read_image
from bovw.cli.main import main
from bovw.errors import DatasetError, ImageDecodeError, ParameterError, StoreError
from bovw.interchange import (
    export_imagenet_sift,
    imagenet_sift,
    iter_sbow,
    iter_vldsift,
    read_codebook,
    sift_export,
    write_codebook,
)


@pytest.fixture(scope="module")
def codebook(tmp_path_factory, photograph):
    words = imagenet_sift(photograph).desc[::20]
    path = tmp_path_factory.mktemp("codebook") / "codebook.txt"
    write_codebook(path, words)
    return read_codebook(path)


@pytest.fixture
def synsets(tmp_path, photograph):
    """Two synsets of 3 and 1 images."""
    for wnid, names in (("n00000001", ("b_2", "a_10", "a_9")), ("n00000002", ("c_1",))):
        (tmp_path / "images" / wnid).mkdir(parents=True)
        for i, name in enumerate(names):
            image = photograph[20 * i : 20 * i + 120, :160]
            assert cv2.imwrite(str(tmp_path / "images" / wnid / f"{name}.jpg"), image)
    return tmp_path / "images"


def test_one_file_of_each_kind_a_synset(synsets, tmp_path, codebook):
    done = export_imagenet_sift(synsets, tmp_path / "out", codebook, n_jobs=1)
    assert sorted(path.name for path in done.files) == [
        "n00000001.sbow.mat", "n00000001.vldsift.mat", "n00000002.sbow.mat", "n00000002.vldsift.mat",
    ]
    assert done.n_images == 4 and done.n_reused == 0 and not done.skipped
    raw = list(iter_vldsift(tmp_path / "out/n00000001.vldsift.mat"))
    words = list(iter_sbow(tmp_path / "out/n00000001.sbow.mat"))
    assert [r.id for r in raw] == [r.id for r in words] == ["a_10", "a_9", "b_2"]
    for one, other in zip(raw, words, strict=True):
        gray = read_image(synsets / "n00000001" / f"{one.id}.jpg", "gray")
        wanted = imagenet_sift(gray)
        for name in ("x", "y", "scale", "norm"):
            np.testing.assert_array_equal(getattr(one, name), getattr(wanted, name))
            np.testing.assert_array_equal(getattr(other, name), getattr(wanted, name))
        np.testing.assert_array_equal(one.desc, wanted.desc)
        distances = ((one.desc[:, None] - codebook.words_) ** 2).sum(axis=2, dtype=np.float64)
        np.testing.assert_array_equal(other.word, distances.argmin(axis=1))
    n = sum(len(r.x) for r in raw) + len(next(iter_sbow(tmp_path / "out/n00000002.sbow.mat")).x)
    assert done.n_descriptors == n and done.n_bytes == sum(path.stat().st_size for path in done.files)


def test_workers_and_stops_do_not_change_a_byte(synsets, tmp_path, codebook, monkeypatch):
    whole = export_imagenet_sift(synsets, tmp_path / "whole", codebook, n_jobs=1)
    out, calls = tmp_path / "out", []

    def stop_in_second_synset(source, image_id):
        if image_id == "c_1" and not calls:
            calls.append(image_id)
            raise KeyboardInterrupt
        return imagenet_sift(source, image_id)

    monkeypatch.setattr(sift_export, "imagenet_sift", stop_in_second_synset)
    with pytest.raises(KeyboardInterrupt):
        export_imagenet_sift(synsets, out, codebook, n_jobs=1)
    assert sorted(p.name for p in out.glob("*.mat")) == ["n00000001.sbow.mat", "n00000001.vldsift.mat"]
    (out / ".n00000002.sbow.mat.x.part").write_bytes(b"left behind")
    done = export_imagenet_sift(synsets, out, codebook, n_jobs=3)
    assert done.n_reused == 2 and done.n_descriptors == whole.n_descriptors
    assert sorted(p.name for p in out.iterdir() if p.is_file()) == sorted(p.name for p in whole.files)
    for path in whole.files:
        assert (out / path.name).read_bytes() == path.read_bytes()
    again = export_imagenet_sift(synsets, out, codebook, n_jobs=3)
    assert again.n_reused == 4 and again[2:6] == whole[2:6]


def test_only_what_changed_is_written_again(synsets, tmp_path, codebook):
    out = tmp_path / "out"
    export_imagenet_sift(synsets, out, codebook, n_jobs=1)
    (out / "n00000002.sbow.mat").unlink()
    assert export_imagenet_sift(synsets, out, codebook, n_jobs=1).n_reused == 3
    other = codebook.words_[::-1].copy()
    with pytest.raises(StoreError, match=r"n00000001\.sbow\.mat belongs to other images, another codebook"):
        export_imagenet_sift(synsets, out, other, n_jobs=1)
    assert export_imagenet_sift(synsets, out, other, overwrite=True, n_jobs=1).n_reused == 2  # descriptors are the same
    with open(out / "n00000002.vldsift.mat", "ab") as file:
        file.write(b"more")
    with pytest.raises(StoreError, match="n00000002"):
        export_imagenet_sift(synsets, out, other, n_jobs=1)


def test_downloaded_files_are_not_overwritten(synsets, tmp_path, codebook):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/n00000001.sbow.mat").write_bytes(b"precious")
    with pytest.raises(StoreError, match="is not of this export"):
        export_imagenet_sift(synsets, tmp_path / "out", codebook, n_jobs=1)
    assert (tmp_path / "out/n00000001.sbow.mat").read_bytes() == b"precious"


def test_flat_folders_become_numbered_files(tmp_path, photograph, codebook, monkeypatch):
    monkeypatch.setattr(sift_export, "IMAGES_PER_FILE", 2)
    for part in ("val", "test"):
        (tmp_path / part).mkdir()
        for i in range(1, 4):
            cv2.imwrite(str(tmp_path / part / f"ILSVRC2010_{part}_{i:08d}.png"), photograph[:60, : 40 + i])
        done = export_imagenet_sift(tmp_path / part, tmp_path / "out", codebook, kinds=["sbow"], n_jobs=2)
        assert [path.name for path in done.files] == [f"{part}.0001.sbow.mat", f"{part}.0002.sbow.mat"]
    ids = [r.id for i in (1, 2) for r in iter_sbow(tmp_path / f"out/val.000{i}.sbow.mat")]
    assert ids == [f"ILSVRC2010_val_{i:08d}" for i in (1, 2, 3)]
    done = export_imagenet_sift(tmp_path / "val", tmp_path / "other", kinds=["vldsift"], prefix="mine", n_jobs=1)
    assert done.files[0].name == "mine.0001.vldsift.mat"
    with pytest.raises(ParameterError, match="cannot be the name"):
        export_imagenet_sift(tmp_path / "val", tmp_path / "other", kinds=["vldsift"], prefix="../mine", n_jobs=1)


def test_an_unreadable_image_keeps_its_place(synsets, tmp_path, codebook):
    (synsets / "n00000001/a_9.jpg").write_bytes(b"no image")
    with pytest.raises(ImageDecodeError, match=r"a_9\.jpg"):
        export_imagenet_sift(synsets, tmp_path / "out", codebook, n_jobs=1)
    for _ in range(2):
        done = export_imagenet_sift(synsets, tmp_path / "out", codebook, on_error="skip", n_jobs=1)
        assert list(done.skipped) == ["n00000001/a_9"]
    assert done.n_reused == 4
    assert [len(r.x) for r in iter_vldsift(tmp_path / "out/n00000001.vldsift.mat")][1] == 0
    assert [r.id for r in iter_sbow(tmp_path / "out/n00000001.sbow.mat")] == ["a_10", "a_9", "b_2"]


def test_named_sources(synsets, tmp_path, codebook):
    class Member:
        name = "tar/x_1.JPEG"

        def open(self):
            return open(synsets / "n00000002/c_1.jpg", "rb")

    export_imagenet_sift({"n00000009": [Member()]}, tmp_path / "out", codebook, n_jobs=1)
    assert next(iter_sbow(tmp_path / "out/n00000009.sbow.mat")).id == "x_1"
    with pytest.raises(ParameterError, match="cannot be the name"):
        export_imagenet_sift({"../x": [Member()]}, tmp_path / "out", codebook)


def test_what_cannot_be_exported_is_named(synsets, tmp_path, codebook):
    with pytest.raises(ParameterError, match="codebook=None"):
        export_imagenet_sift(synsets, tmp_path / "out")
    with pytest.raises(ParameterError, match="shape"):
        export_imagenet_sift(synsets, tmp_path / "out", np.zeros((3, 64)))
    with pytest.raises(DatasetError, match="no such folder"):
        export_imagenet_sift(tmp_path / "absent", tmp_path / "out", codebook)
    with pytest.raises(DatasetError, match="there are no images"):
        export_imagenet_sift({}, tmp_path / "out", codebook)
    (synsets / "n00000001/a_9.png").write_bytes(b"")
    with pytest.raises(DatasetError, match="same name without ending"):
        export_imagenet_sift(synsets, tmp_path / "out", codebook)
    (synsets / "n00000003").mkdir()
    (synsets / "n00000001/a_9.png").unlink()
    with pytest.raises(DatasetError, match="n00000003 has no images"):
        export_imagenet_sift(synsets, tmp_path / "out", codebook)
    (synsets / "train").mkdir()
    with pytest.raises(DatasetError, match="split into parts"):
        export_imagenet_sift(synsets, tmp_path / "out", codebook)


def test_the_command(synsets, tmp_path, codebook, capsys):
    write_codebook(tmp_path / "codebook.txt", codebook)
    arguments = ["export", "imagenet-sift", "--images", synsets, "--out", tmp_path / "out", "--jobs", "1", "--quiet"]
    assert main([*map(str, arguments), "--codebook", str(tmp_path / "codebook.txt")]) == 0
    assert capsys.readouterr().out.startswith("4 files, 4 images, ")
    assert main([*map(str, arguments), "--raw"]) == 0
    assert capsys.readouterr().out.startswith("2 files (2 from earlier), 4 images, ")
    assert main([*map(str, arguments), "--words"]) == 2
    assert "--codebook is missing" in capsys.readouterr().err
    (synsets / "n00000002/c_1.jpg").write_bytes(b"")
    assert main([*map(str, arguments), "--raw", "--overwrite", "--on-error", "skip"]) == 2
    assert "n00000002/c_1 has no descriptors" in capsys.readouterr().err
    note = json.loads((tmp_path / "out/.export/n00000002.vldsift.json").read_text())
    assert note["n_descriptors"] == 0
    for name in ("npy", "fvecs", "libsvm"):
        source = tmp_path / "out" / "n00000001.sbow.mat"
        assert main(["export", name, "--from", str(source), "--out", str(tmp_path / f"x.{name}")]) == 0
    assert main(["export", "npy", "--from", str(tmp_path / "x.fvecs"), "--out", str(tmp_path / "y.npy")]) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), np.load(tmp_path / "x.npy"))
    assert main(["export", "npy", "--from", str(tmp_path / "x.what"), "--out", str(tmp_path / "y.npy")]) == 2
    assert main(["export", "npy", "--from", str(tmp_path / "x.fvecs"), "--out", str(tmp_path / "y.fvecs")]) == 2
