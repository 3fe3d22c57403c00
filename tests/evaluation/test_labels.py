"""Labels in every form that holds them."""

import numpy as np
import pytest

import bovw

pd = pytest.importorskip("pandas")

NAMES = ["cat", "dog", "dog", "cow"]
NUMBERS = [3, 1, 1, 2]
FORMS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "object": lambda x: np.array(x, dtype=object),
    "shuffled Series": lambda x: pd.Series(x, index=[2, 0, 3, 1]),
    "Index": pd.Index,
    "Categorical": pd.Categorical,
    "column": lambda x: pd.DataFrame({"label": x}, index=[9, 8, 7, 6]),
}


@pytest.mark.parametrize("labels", [NAMES, NUMBERS], ids=["names", "numbers"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_all_forms_of_labels_are_the_same(form, labels):
    guesses = [labels[0], labels[0], labels[1], labels[3]]
    assert bovw.flat_error(form(labels), form(guesses), k=1) == 0.25
    assert bovw.mean_class_accuracy(form(labels), form(guesses)) == pytest.approx(2.5 / 3)
    classes = sorted(set(labels))
    scores = np.array([[g == c for c in classes] for g in guesses], float)
    assert bovw.top_k_error(form(labels), scores, k=1, classes=pd.Index(classes)) == 0.25


def test_strings_of_numpy_and_integers_of_pandas():
    strings = np.array(NAMES, dtype=np.dtypes.StringDType())
    assert bovw.confusion_matrix(strings, NAMES).trace() == 4
    numbers = pd.Series(NUMBERS, dtype="Int64", index=[1, 0, 3, 2])
    assert bovw.confusion_matrix(numbers, NUMBERS).trace() == 4


def test_a_table_of_guesses_is_read_by_rows():
    table = pd.DataFrame([["dog", "cat"], ["dog", "cat"], ["cow", "dog"], ["cat", "dog"]], columns=["a", "b"])
    assert bovw.flat_error(NAMES, table).tolist() == [0.75, 0.25, 0.25, 0.25, 0.25]


@pytest.mark.parametrize("labels", [[1.5, 2.0], [None, "cat"]])
def test_no_labels(labels):
    with pytest.raises(bovw.ParameterError, match="labels must be"):
        bovw.flat_error(labels, ["cat", "dog"])


def test_boxes_are_taken_by_position():
    boxes = pd.Series([np.array([[0, 0, 9, 9]]), np.array([[20, 20, 29, 29]])], index=[1, 0])
    guessed = np.array([[[0, 0, 9, 9]], [[20, 20, 29, 29]]])
    assert bovw.localization_error(["cat", "dog"], boxes, [["cat"], ["dog"]], guessed, k=1) == 0
