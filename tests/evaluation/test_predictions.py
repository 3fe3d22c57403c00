"""Prediction files: round trips, and every fault named with its line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw import evaluation as ev
from bovw.errors import DatasetError, ParameterError

rows = st.lists(st.lists(st.one_of(st.just(-1), st.integers(1, 999)), max_size=7), min_size=1, max_size=8)


def padded(row):
    row = row[:5]
    return row + [-1] * (5 - len(row))


@settings(deadline=None, max_examples=50)
@given(rows, st.booleans())
def test_what_is_written_is_read(tmp_path_factory, predictions, named):
    path = tmp_path_factory.mktemp("p") / "pred.txt"
    names = [f"val/{i:08d}.JPEG" for i in range(len(predictions))] if named else None
    ev.write_predictions(path, predictions, names=names)
    found = ev.read_predictions(path, n_images=len(predictions))
    assert found.names == names
    assert found.labels.tolist() == [padded(row) for row in predictions]
    first = path.read_bytes()
    ev.write_predictions(path, found.labels, names=names)
    assert path.read_bytes() == first


def test_the_form_is_the_challenges(tmp_path):
    path = tmp_path / "pred.txt"
    ev.write_predictions(path, [[488, 786, 784, 757, 646, 1], [5, -1, -1], [-1], [-1, 3]])
    assert path.read_text() == "488 786 784 757 646\n5\n0\n0 3\n"
    ev.write_predictions(path, [[81, 90]], names=["val/00000001.jpg"])
    assert path.read_text() == "val/00000001.jpg 81 90\n"


def test_labels_become_ids_and_back(tmp_path):
    path, classes = tmp_path / "pred.txt", ["coast", "forest", "street"]
    predictions = np.array([["forest", "coast"], ["street", ""]])
    ev.write_predictions(path, predictions, classes=classes)
    assert path.read_text() == "2 1\n3\n"
    found = ev.read_predictions(path, classes=classes)
    assert found.labels.tolist() == [["forest", "coast", "", "", ""], ["street", "", "", "", ""]]
    ev.write_predictions(path, [[7, 5]], classes=[5, 6, 7])
    assert path.read_text() == "3 1\n"
    assert ev.read_predictions(path, classes=[5, 6, 7]).labels.tolist() == [[7, 5, -1, -1, -1]]
    path.write_text("3\n1\n")
    assert ev.read_ground_truth(path, classes=classes).labels.tolist() == ["street", "coast"]


@pytest.mark.parametrize("text", ["\ufeff1 2 3\r\n4 5 6\r\n", "1 2 3\n4 5 6", "  1\t2  3 \n4 5 6\n\n \n"])
def test_other_line_ends_and_blanks_are_read(tmp_path, text):
    (tmp_path / "p.txt").write_bytes(text.encode())
    assert ev.read_predictions(tmp_path / "p.txt").labels[:, :3].tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2\n\n3\n", "line 2: blank"),
        ("1 2\n3 x\n", "line 2: 'x' is not a class id"),
        ("1 2\n3 -4\n", "line 2: '-4' is not a class id"),
        ("1 2\n3 4.5\n", "line 2: '4.5'"),
        ("1 2\n3 1_0\n", "line 2: '1_0'"),
        ("1 2\n3 \u0663\n", "line 2"),
        ("1 2\n3 99999999999999999999\n", "line 2: '99999999999999999999' is not a class id"),
        ("1 2\n3 1001\n", "line 2: the id 1001 is above 1000"),
        ("1 2\na.jpg 3\n", "line 2: 'a.jpg 3'; ids are needed"),
        ("a.jpg 1\n2 3\n", "line 2: '2 3'; an image name and ids"),
        ("a.jpg 1\nb.jpg\n", "line 2: 'b.jpg'; an image name and ids"),
        ("", "holds no line"),
        ("\n\n", "holds no line"),
        ("1\n" + "2 " * 20000, "line 2: longer than"),
        ("1\n2\n", "has 2 lines for 3 images"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path, text, message):
    (tmp_path / "p.txt").write_bytes(text.encode())
    with pytest.raises(DatasetError, match=message) as caught:
        ev.read_predictions(tmp_path / "p.txt", max_id=1000, n_images=3)
    assert "p.txt" in str(caught.value)


def test_bytes_that_are_not_text_and_missing_files_are_named(tmp_path):
    (tmp_path / "p.txt").write_bytes(b"1 2\n\xff\xfe\n")
    with pytest.raises(DatasetError, match="not UTF-8"):
        ev.read_predictions(tmp_path / "p.txt")
    with pytest.raises(DatasetError, match="cannot be read"):
        ev.read_predictions(tmp_path / "absent.txt")
    with pytest.raises(DatasetError, match="cannot be read"):
        ev.read_predictions(tmp_path)


@pytest.mark.parametrize("text", ["1\n2 3\n", "1\n0\n", "a.jpg 1\nb.jpg 2 3\n"])
def test_ground_truth_is_one_id_a_line(tmp_path, text):
    (tmp_path / "t.txt").write_text(text)
    with pytest.raises(DatasetError, match="line 2: one id above 0"):
        ev.read_ground_truth(tmp_path / "t.txt")


def test_localizations_round_trip(tmp_path):
    path = tmp_path / "loc.txt"
    labels, boxes = [[3, 1], [2, -1], [-1, -1]], np.arange(24.0).reshape(3, 2, 4)
    boxes[0, 0, 0] = 0.5
    ev.write_localizations(path, labels, boxes, names=["a.jpg", "b.jpg", "c.jpg"])
    assert path.read_text() == "a.jpg 3 0.5 1 2 3 1 4 5 6 7\nb.jpg 2 8 9 10 11\nc.jpg 0 16 17 18 19\n"
    found = ev.read_localizations(path)
    assert found.labels[:, :2].tolist() == labels and (found.labels[:, 2:] == -1).all()
    assert found.names == ["a.jpg", "b.jpg", "c.jpg"]
    np.testing.assert_array_equal(found.boxes[0, :2], boxes[0])
    for text, message in {"1 2 3 4\n": "4 numbers", "1 0 0 nan 5\n": "'nan' is not a coordinate",
                          "1 0 0 1e999 5\n": "coordinate", "1 0 0 x 5\n": "coordinate"}.items():
        path.write_text(text)
        with pytest.raises(DatasetError, match=f"line 1: .*{message}"):
            ev.read_localizations(path)


def test_what_has_no_id_is_not_written(tmp_path):
    path = tmp_path / "p.txt"
    for predictions, kwargs, message in [
        ([[0]], {}, "ids count from 1"),
        ([[-2]], {}, "ids count from 1"),
        ([["a"]], {}, "name the classes"),
        ([["a"]], {"classes": ["b"]}, "'a' is not one of the 1 classes"),
        ([[1]], {"classes": ["b"]}, "both be integers"),
        ([[1]], {"names": ["a b.jpg"]}, "holds blanks"),
        ([[1]], {"names": ["00000001"]}, "looks like an id"),
        ([[1]], {"names": [""]}, "holds blanks"),
        ([[1]], {"names": []}, "names has 0 entries for 1"),
    ]:
        with pytest.raises(ParameterError, match=message):
            ev.write_predictions(path, predictions, **kwargs)
    assert not path.exists()
