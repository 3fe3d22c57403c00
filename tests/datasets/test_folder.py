"""Folders of classes: what is listed, in which order, and what is refused."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bovw.datasets import read_folder
from bovw.errors import DatasetError, ParameterError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
JPEG = b"\xff\xd8\xff\xe0" + bytes(30)


def write(root, *names, data=PNG):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture
def root(tmp_path):
    """Three classes with two, three and two images, written in no order."""
    write(tmp_path, "cat/b.png", "Dog/10.jpg", "cat/a.png", "Dog/9.jpg")
    write(tmp_path, "emu/x.bmp", "emu/ä.bmp", "cat/B.png")
    return tmp_path


def test_listing_is_complete_and_in_order_of_code_points(root):
    write(root, "README.txt", "cat/.hidden.png", ".git/config", data=b"text")
    dataset = read_folder(root)
    assert dataset.classes == ("Dog", "cat", "emu")
    assert dataset.names == (
        "Dog/10.jpg", "Dog/9.jpg", "cat/B.png", "cat/a.png", "cat/b.png", "emu/x.bmp", "emu/ä.bmp",
    )
    assert dataset.labels.tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert dataset.labels.dtype == np.int64
    assert dataset.counts.tolist() == [2, 3, 2]
    assert dataset.images == [root / name for name in dataset.names]
    assert (dataset.train, dataset.test, dataset.skipped, dataset.root) == (None, None, (), root)
    assert len(dataset) == 7
    assert "7 images, 3 classes, no split" in repr(dataset)
    assert read_folder(str(root)).names == dataset.names


def test_order_does_not_depend_on_the_file_system(root, monkeypatch):
    expected = read_folder(root).names
    scandir = os.scandir

    class Backwards:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = list(entries)[::-1]

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *error):
            pass

    monkeypatch.setattr("bovw.datasets.listing.os.scandir", Backwards)
    assert read_folder(root).names == expected


def message(root, **options):
    with pytest.raises(DatasetError) as caught:
        read_folder(root, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_folder_and_file(root):
    assert "nowhere: no such folder; check" in message(root / "nowhere")
    assert "is a file" in message(root / "cat" / "a.png")


def test_no_class_folders(tmp_path):
    assert "has no class folders; put the images of each class" in message(tmp_path)
    write(tmp_path, "1.png", "2.png")
    assert "has no class folders, only 2 file(s)" in message(tmp_path)


def test_empty_class_and_class_with_one_image(root):
    (root / "fox").mkdir()
    assert "fox: class 'fox' has no images; add some" in message(root)
    write(root, "fox/1.png")
    assert "fox: class 'fox' has 1 image; at least 2 are needed, one to train" in message(root)


def test_nested_folder(root):
    write(root, "cat/kittens/1.png")
    assert f"{Path('cat/kittens')}: is a folder inside a class folder" in message(root)


@pytest.mark.parametrize(
    ("data", "reason"), [(b"just a text", "starts with 'just a t'"), (b"", "the file is empty")]
)
def test_a_file_that_is_no_image(root, data, reason):
    write(root, "cat/notes.jpg", data=data)
    text = message(root)
    assert f"{Path('cat/notes.jpg')}: " in text
    assert reason in text
    assert "remove it or pass on_error='skip'" in text
    dataset = read_folder(root, on_error="skip")
    assert dataset.skipped == ("cat/notes.jpg",)
    assert "cat/notes.jpg" not in dataset.names
    assert dataset.counts.tolist() == [2, 3, 2]


def test_skipping_may_not_leave_a_class_with_too_few_images(root):
    write(root, "fox/1.png")
    write(root, "fox/2.png", data=b"text")
    assert "class 'fox' has 1 image" in message(root, on_error="skip")


def test_symbolic_links(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere, "1.png", "2.png")
    try:
        (root / "gnu").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("this system lets us make no symbolic links")
    assert "gnu: is a symbolic link; put a copy in its place, or pass follow_symlinks=True" in message(root)
    assert read_folder(root, follow_symlinks=True).counts.tolist() == [2, 3, 2, 2]
    (root / "cat" / "broken.png").symlink_to(root / "absent.png")
    assert "broken.png: a link to nothing" in message(root, follow_symlinks=True)
    assert read_folder(root, follow_symlinks=True, on_error="skip").skipped == ("cat/broken.png",)
    (root / "cat" / "broken.png").unlink()
    (root / "loop").symlink_to(root, target_is_directory=True)
    assert "is a folder inside a class folder" in message(root, follow_symlinks=True)


@pytest.fixture(params=["val", "test"])
def split_root(request, tmp_path):
    """train and a test folder with two classes."""
    write(tmp_path, "train/n02/b.JPEG", "train/n02/a.JPEG", "train/n01/c.JPEG", data=JPEG)
    write(tmp_path, f"{request.param}/n01/d.JPEG", f"{request.param}/n02/e.JPEG", data=JPEG)
    write(tmp_path, "labels.csv", data=b"text")
    return tmp_path, request.param


def test_train_and_test_folders(split_root):
    root, test_folder = split_root
    dataset = read_folder(root)
    assert dataset.classes == ("n01", "n02")
    assert dataset.names == (
        "train/n01/c.JPEG", "train/n02/a.JPEG", "train/n02/b.JPEG",
        f"{test_folder}/n01/d.JPEG", f"{test_folder}/n02/e.JPEG",
    )
    assert dataset.labels.tolist() == [0, 1, 1, 0, 1]
    assert dataset.train.tolist() == [0, 1, 2]
    assert dataset.test.tolist() == [3, 4]
    assert read_folder(root, test_folder=test_folder).names == dataset.names
    assert "3 train, 2 test" in repr(dataset)


def test_troubles_of_train_and_test_folders(split_root):
    root, test_folder = split_root
    other = {"val": "test", "test": "val"}[test_folder]
    assert f"{other}: no such folder" in message(root, test_folder=other)
    write(root, f"{other}/n01/x.JPEG")
    assert "has both val and test; choose one with test_folder" in message(root)
    assert f"class 'n02' is in train but not in {other}" in message(root, test_folder=other)
    write(root, f"{test_folder}/n03/f.JPEG")
    assert f"class 'n03' is in {test_folder} but not in train" in message(root, test_folder=test_folder)
    (root / "train" / "n03").mkdir()
    assert "class 'n03' has no images" in message(root, test_folder=test_folder)


def test_train_without_test(tmp_path):
    write(tmp_path, "train/n01/a.png", "train/n01/b.png")
    assert "has train but neither val nor test" in message(tmp_path)
    assert read_folder(tmp_path / "train").classes == ("n01",)


def test_a_class_may_be_called_train(tmp_path):
    write(tmp_path, "train/1.png", "train/2.png", "test/1.png", "test/2.png")
    dataset = read_folder(tmp_path)
    assert dataset.classes == ("test", "train")
    assert dataset.train is None
    with pytest.raises(ParameterError, match="test_folder='test' needs class folders inside"):
        read_folder(tmp_path, test_folder="test")


def test_bad_arguments(root):
    for options in [{"on_error": "ignore"}, {"test_folder": "valid"}, {"follow_symlinks": "no"}]:
        with pytest.raises(ParameterError):
            read_folder(root, **options)


def test_dataset_checks_its_parts(root):
    dataset = read_folder(root)
    split = dataset.with_split([0, 2], [1, 3])
    assert split.train.dtype == np.int64
    assert split.names == dataset.names
    for change in [
        {"names": dataset.names[:-1]},
        {"labels": dataset.labels + 1},
        {"labels": dataset.labels * 0.5},
        {"train": [0]},
        {"train": [0], "test": [0]},
        {"train": [0, 0], "test": [1]},
        {"train": [0], "test": [7]},
        {"train": [-1], "test": [2]},
        {"train": [[0]], "test": [2]},
    ]:
        with pytest.raises(ParameterError):
            replace(dataset, **change)


def test_scene15(bovw_data):
    dataset = read_folder(bovw_data / "scene15")
    assert len(dataset) == 4485
    assert dict(zip(dataset.classes, dataset.counts.tolist(), strict=True)) == {
        "bedroom": 216, "CALsuburb": 241, "industrial": 311, "kitchen": 210, "livingroom": 289,
        "MITcoast": 360, "MITforest": 328, "MIThighway": 260, "MITinsidecity": 308, "MITmountain": 374,
        "MITopencountry": 410, "MITstreet": 292, "MITtallbuilding": 356, "PARoffice": 215, "store": 315,
    }


def test_imagenette(bovw_data):
    dataset = read_folder(bovw_data / "imagenette_small")
    assert np.bincount(dataset.labels[dataset.train]).tolist() == [100] * 10
    assert np.bincount(dataset.labels[dataset.test]).tolist() == [50] * 10
