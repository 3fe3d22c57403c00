"""Many images in every form that people hold them in, and one image where many are asked for."""

from pathlib import Path

import numpy as np
import pytest

import bovw
from bovw import ParameterError
from bovw.images import as_image_list

PATHS = ["b.jpg", "a.jpg", "c.jpg"]
STACK = np.arange(3 * 5 * 6, dtype=np.uint8).reshape(3, 5, 6)
pandas = pytest.importorskip("pandas")


@pytest.mark.parametrize(
    "images",
    [
        PATHS, tuple(PATHS), np.array(PATHS), np.array(PATHS, object), np.array(PATHS, np.dtypes.StringDType()),
        iter(PATHS), (path for path in PATHS), pandas.Index(PATHS), pandas.Series(PATHS),
        pandas.Series(PATHS, index=[2, 0, 1]), pandas.Series(PATHS, index=list("xyz")),
        pandas.Series(PATHS, dtype="category", index=[7, 8, 9]),
    ],
    ids=lambda images: type(images).__name__,
)
def test_by_position(images):
    images = as_image_list(images)
    assert [images[i] for i in range(len(images))] == PATHS


def test_lazy_sequences_pass_through():
    collection = bovw.ImageCollection(PATHS)  # none of the files exists
    assert as_image_list(collection) is collection

    class Lazy:
        def __len__(self):
            return 2

        def __getitem__(self, i):
            raise AssertionError("read too early")

    lazy = Lazy()
    assert as_image_list(lazy) is lazy


@pytest.mark.parametrize("stack", [STACK, np.stack([STACK] * 3, axis=-1)], ids=["gray", "rgb"])
def test_stacks_of_images(stack):
    images = as_image_list(stack)
    assert len(images) == 3
    np.testing.assert_array_equal(images[1], stack[1])


@pytest.mark.parametrize("empty", [[], (), np.array([]), pandas.Series([], dtype=object), iter(())])
def test_empty_stays_empty(empty):
    assert len(as_image_list(empty)) == 0


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("a.jpg", r"images is one image, 'a.jpg'; give a list: \['a.jpg'\]"),
        (Path("a.jpg"), r"one image, 'a.jpg'"),
        (b"\xff\xd8", "one image, '<2 bytes>'"),
        (STACK[0], r"one image, an array of shape \(5, 6\); give a list: \[image\]"),
        (np.zeros((5, 6, 3)), r"one image, an array of shape \(5, 6, 3\)"),
        (np.zeros(4), r"images has shape \(4,\); \(n, height, width\)"),
        (np.zeros((1, 2, 5, 6, 3)), r"images has shape \(1, 2, 5, 6, 3\)"),
        (np.array([PATHS]), r"images has shape \(1, 3\); give one axis"),
        (pandas.DataFrame({"path": PATHS, "label": [0, 1, 0]}), "the one column that holds the paths"),
        (None, "images is None"),
        (7, "images is a int"),
        (set(PATHS), "images is a set"),
        ({"a.jpg": 1}, "images is a dict"),
    ],
)
def test_one_image_or_no_list_is_refused(images, message):
    with pytest.raises(ParameterError, match=message):
        as_image_list(images)


def test_an_image_collection_is_not_made_of_one_path():
    with pytest.raises(ParameterError, match=r"sources is one image, 'a\.jpg'"):
        bovw.ImageCollection("a.jpg")
    assert bovw.ImageCollection(pandas.Series(PATHS, index=[2, 0, 1])).sources == PATHS
