"""Split files and seeded draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw.datasets import Dataset, draw_split, read_folder, read_split_files
from bovw.errors import DatasetError, ParameterError

NAMES = ("cat/a b.png", "cat/b.png", "cat/c.png", "dog/a.png", "dog/é.png")


@pytest.fixture
def dataset():
    return Dataset(list(NAMES), NAMES, np.array([0, 0, 0, 1, 1]), ("cat", "dog"))


def lists(folder, train, test):
    paths = folder / "train.txt", folder / "test.txt"
    for path, content in zip(paths, (train, test), strict=True):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return paths


def test_lists(dataset, tmp_path):
    train = "# training images\r\n\r\ndog/a.png\r\n  cat/a b.png  \r\n"
    test = b"\xef\xbb\xbfcat/c.png\n" + "dog/é.png".encode()
    indices = read_split_files(dataset, *lists(tmp_path, train, test))
    assert [i.tolist() for i in indices] == [[0, 3], [2, 4]]
    assert all(i.dtype == np.int64 for i in indices)
    split = dataset.with_split(*indices)
    assert split.train.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ("dog/a.png\ncat/bb.png", "#", r"train.txt, line 2: cat/bb.png is not .* did you mean cat/b.png\?"),
        ("cat/b.png", "\n#\nfox/a.png", "test.txt, line 3: fox/a.png is not in the data set"),
        ("cat/b.png\n\ncat/b.png", "dog/a.png", "train.txt, line 3: cat/b.png comes twice, first in line 1"),
        ("cat/b.png\ndog/a.png", "#\ndog/a.png", "test.txt, line 2: dog/a.png is also .*train.txt, line 2"),
        ("\n# nothing\n", "dog/a.png", "train.txt: names no image"),
        ("cat/b.png", "dog/a.png", "train.txt: class 'dog' has test images but no training images"),
        (b"caf\xe9/a.png", "dog/a.png", "train.txt: cannot be read as UTF-8 text"),
    ],
)
def test_troubles_name_file_and_line(dataset, tmp_path, train, test, message):
    with pytest.raises(DatasetError, match=message) as caught:
        read_split_files(dataset, *lists(tmp_path, train, test))
    assert "\n" not in str(caught.value)


def test_missing_list(dataset, tmp_path):
    train, _ = lists(tmp_path, "cat/b.png", "")
    with pytest.raises(DatasetError, match=r"absent.txt: no such split file"):
        read_split_files(dataset, train, tmp_path / "absent.txt")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_split_files(dataset, tmp_path, train)


@settings(deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(4, 30), min_size=1, max_size=6),
    n_train=st.integers(1, 3),
    n_test=st.none() | st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_draws_have_the_right_sizes(counts, n_train, n_test, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    train, test = draw_split(labels, n_train, n_test, seed=seed, draw=0)
    assert np.intersect1d(train, test).size == 0
    for part in (train, test):
        assert (np.diff(part) > 0).all()
        assert part.dtype == np.int64
    assert np.bincount(labels[train]).tolist() == [n_train] * len(counts)
    left = [count - n_train for count in counts]
    assert np.bincount(labels[test]).tolist() == [n if n_test is None else min(n, n_test) for n in left]


def test_draws_depend_on_seed_and_number_alone():
    labels = np.repeat([0, 1, 2], 40)
    drawn = {(s, d): draw_split(labels, 20, seed=s, draw=d)[0].tolist() for s in (0, 1) for d in (0, 1)}
    assert len({tuple(train) for train in drawn.values()}) == 4
    assert draw_split(labels, 20, seed=1, draw=0)[0].tolist() == drawn[1, 0]
    # a limit on the test images does not change the training images
    assert draw_split(labels, 20, 5, seed=1, draw=0)[0].tolist() == drawn[1, 0]


def test_every_image_is_drawn_equally_often():
    labels = np.repeat([0, 1], [10, 20])
    drawn = np.zeros(30)
    for draw in range(600):
        drawn[draw_split(labels, 5, seed=7, draw=draw)[0]] += 1
    # binomial: 600 draws with probability 1/2 and 1/4; five standard deviations
    assert (np.abs(drawn[:10] - 300) < 62).all()
    assert (np.abs(drawn[10:] - 150) < 54).all()


def test_a_class_that_is_too_small_is_named():
    labels = np.repeat([0, 1, 2], [5, 3, 9])
    with pytest.raises(DatasetError, match="n_train=3 needs at least 4 images a class, and class 'emu'"):
        draw_split(labels, 3, seed=0, draw=0, classes=("cat", "emu", "dog"))
    with pytest.raises(DatasetError, match="class 1 has 3"):
        draw_split(labels, 4, seed=0, draw=0)
    with pytest.raises(DatasetError, match="class 'fox' has 0"):
        draw_split(labels, 1, seed=0, draw=0, classes=("cat", "emu", "dog", "fox"))


@pytest.mark.parametrize(
    "arguments",
    [
        {"labels": []}, {"labels": [[0, 0]]}, {"labels": [0.5, 1]}, {"labels": [-1, 0]}, {"n_train": 0},
        {"n_train": 1.5}, {"n_test": 0}, {"seed": -1}, {"seed": "a"}, {"draw": -1}, {"classes": ("one",)},
    ],
)
def test_bad_arguments(arguments):
    arguments = {"labels": [0, 0, 1, 1], "n_train": 1, "seed": 0, "draw": 0, **arguments}
    with pytest.raises(ParameterError):
        draw_split(arguments.pop("labels"), arguments.pop("n_train"), **arguments)


def test_scene15_lists(bovw_data):
    dataset = read_folder(bovw_data / "scene15")
    splits = bovw_data / "splits"
    train, test = read_split_files(
        dataset, splits / "scene15.train.hays100.txt", splits / "scene15.test.hays100.txt"
    )
    assert np.bincount(dataset.labels[train]).tolist() == [100] * 15
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(4485))


def test_a_fraction_is_of_each_class_and_first_takes_images_in_their_order():
    labels = np.repeat([0, 1], [10, 5])
    train, test = draw_split(labels, 0.6, seed=0, draw=0)
    assert np.bincount(labels[train]).tolist() == [6, 3]
    assert sorted([*train, *test]) == list(range(15))
    train, test = draw_split(labels, 0.6, 0.5, seed=0, draw=0, first=True)
    assert train.tolist() == [0, 1, 2, 3, 4, 5, 10, 11, 12]
    assert test.tolist() == [6, 7, 13]
    assert draw_split(labels, 2, 1, seed=0, draw=3, first=True)[1].tolist() == [2, 12]


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, -0.1, float("nan"), True, "half"])
def test_a_fraction_lies_between_0_and_1(share):
    with pytest.raises(ParameterError, match=r"^n_train="):
        draw_split([0, 0, 1, 1], share, seed=0, draw=0)


def test_a_fraction_that_leaves_nothing_to_test_is_refused():
    with pytest.raises(DatasetError, match=r"n_train=0.9 needs at least 2 images a class"):
        draw_split([0, 0, 0, 1], 0.9, seed=0, draw=0)
