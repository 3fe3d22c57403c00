"""A tar archive of ordinary class folders."""

import tarfile

import cv2
import numpy as np
import pytest

from bovw import DatasetError, load_image, open_dataset


def test_a_plain_archive_of_class_folders(tmp_path):
    for name, color in (("cat", 20), ("dog", 200)):
        for i in range(2):
            path = tmp_path / "pets" / name / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((20, 30), color + i, np.uint8))
    with tarfile.open(tmp_path / "pets.tar", "w") as archive:
        archive.add(tmp_path / "pets", "pets")
    dataset = open_dataset(tmp_path / "pets.tar")
    assert (dataset.kind, dataset.classes, dataset.labels.tolist()) == ("folder", ("cat", "dog"), [0, 0, 1, 1])
    assert load_image(dataset.images[3], mode="gray")[0, 0] == 201
    with tarfile.open(tmp_path / "flat.tar", "w") as archive:
        archive.add(tmp_path / "pets" / "cat" / "0.png", "0.png")
    with pytest.raises(DatasetError, match="no images in folders"):
        open_dataset(tmp_path / "flat.tar")
