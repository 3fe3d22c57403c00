"""Collections of images: lazy, sliceable, and tolerant if told so."""

import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split

from bovw.errors import ImageDecodeError, ParameterError
from bovw.images import ImageCollection, read_image

from .files import encode, patch


@pytest.fixture
def paths(tmp_path):
    """Eight small images; the fourth is a text file and the sixth is missing."""
    paths = [tmp_path / f"{i}.png" for i in range(8)]
    for i, path in enumerate(paths):
        path.write_bytes(encode(patch(20 + i, 30, seed=i), "PNG"))
    paths[3].write_text("no image")
    paths[5].unlink()
    return paths


def test_images_are_read_when_indexed(paths):
    images = ImageCollection(paths)
    assert isinstance(images, Sequence)
    assert len(images) == 8
    assert np.array_equal(images[1], patch(21, 30, seed=1))
    assert np.array_equal(images[-1], images[7])
    assert images.names[1] == str(paths[1])
    assert ImageCollection(paths, mode="gray")[0].shape == (20, 30)
    assert ImageCollection(paths, resize={"max_side": 15})[0].shape == (10, 15, 3)
    for i in (8, -9):
        with pytest.raises(IndexError):
            images[i]


def test_subsets(paths):
    names = [f"no. {i}" for i in range(8)]
    images = ImageCollection(paths, mode="gray", names=names, resize={"max_height": 10})
    for key, expected in [
        (slice(2), [0, 1]),
        (slice(None, None, -3), [7, 4, 1]),
        (np.array([4, 4, -1]), [4, 4, 7]),
        ([6, 0], [6, 0]),
        (np.arange(8) % 2 == 0, [0, 2, 4, 6]),
        ([], []),
        (([2, 1], ...), [2, 1]),
    ]:
        subset = images[key]
        assert isinstance(subset, ImageCollection)
        assert subset.names == [f"no. {i}" for i in expected]
        assert (subset.mode, subset.resize) == (images.mode, images.resize)
    assert images[4:][0].shape[0] == 10
    for key in ("a", 1.5, [[1]], [0.5]):
        with pytest.raises(IndexError):
            images[key]


def test_on_error(paths):
    strict = ImageCollection(paths)
    with pytest.raises(ImageDecodeError, match=r"3\.png: not an image"):
        strict[3]
    images = ImageCollection(paths, on_error="skip")
    decoded = list(images)
    assert [i for i, image in enumerate(decoded) if image is None] == [3, 5]
    assert list(images.errors) == [3, 5]
    assert "3.png: not an image" in images.errors[3]
    assert "5.png: no such file" in images.errors[5]
    subset = images[4:]
    assert subset.errors == {}
    assert subset[1] is None
    assert list(subset.errors) == [1]
    tight = ImageCollection(paths, on_error="skip", max_pixels=650)
    assert [image is None for image in tight] == [False, False, True, True, True, True, True, True]


def test_other_sources(paths):
    array = patch()
    images = ImageCollection([array, encode(array, "PNG"), str(paths[0])])
    assert images.names == ["image 0", "image 1", str(paths[0])]
    assert np.array_equal(images[0], images[1])
    with open(paths[0], "rb") as file, pytest.raises(ParameterError, match="open files"):
        ImageCollection([file])


def test_threads_and_pickling(paths):
    images = ImageCollection(paths, on_error="skip")
    with ThreadPoolExecutor(4) as pool:
        decoded = list(pool.map(images.__getitem__, list(range(8)) * 5))
    for i, image in enumerate(decoded):
        assert image is None if i % 8 in (3, 5) else np.array_equal(image, patch(20 + i % 8, 30, seed=i % 8))
    assert sorted(images.errors) == [3, 5]
    again = pickle.loads(pickle.dumps(images))
    assert np.array_equal(again[0], images[0])
    assert again.names == images.names


class MeanColor(ClassifierMixin, BaseEstimator):
    """Nearest class mean of one color channel; refuses anything but a collection."""

    def __init__(self, channel=0):
        self.channel = channel

    def _values(self, X):
        assert isinstance(X, ImageCollection)
        return np.array([image[:, :, self.channel].mean() for image in X])

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        values = self._values(X)
        self.means_ = np.array([values[np.asarray(y) == c].mean() for c in self.classes_])
        return self

    def predict(self, X):
        return self.classes_[np.abs(self._values(X)[:, None] - self.means_).argmin(axis=1)]


def test_scikit_learn_splits_collections_without_reading_them():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 10)
    images = ImageCollection(
        [encode(rng.normal(90 + 60 * label, 5, (8, 8, 3)).astype(np.uint8), "PNG") for label in labels]
    )
    assert (cross_val_score(MeanColor(), images, labels, cv=5) == 1).all()
    search = GridSearchCV(MeanColor(), {"channel": [0, 2]}, cv=2).fit(images, labels)
    assert search.best_score_ == 1
    train, test = train_test_split(images, test_size=4, random_state=0)
    assert (len(train), len(test)) == (16, 4)
    assert isinstance(train, ImageCollection)


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "grey"}, {"on_error": "ignore"}, {"names": ["one"]}, {"max_pixels": 0}, {"orient": "yes"},
        {"resize": {"max_side": 0}}, {"resize": {"longest": 3}},
    ],
)
def test_bad_arguments(paths, options):
    with pytest.raises(ParameterError):
        ImageCollection(paths, **options)


def test_bad_sources():
    with pytest.raises(ParameterError, match="cannot hold a int"):
        ImageCollection([3])


def test_resized_images_equal_read_and_resize(paths):
    from bovw.images import resize_image

    images = ImageCollection(paths, resize={"max_pixels": 200})
    assert np.array_equal(images[2], resize_image(read_image(paths[2]), max_pixels=200))
