"""top_k against a stable sort, ties above all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bovw.classify import ranking, top_k
from bovw.errors import ParameterError


def by_stable_sort(scores, k):
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


@settings(deadline=None, max_examples=150)
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]), st.tuples(st.integers(0, 6), st.integers(1, 40)),
        elements=st.integers(-2, 2),
    ),
    st.integers(1, 45),
)
def test_ties_go_to_the_lower_index(scores, k):
    np.testing.assert_array_equal(top_k(scores, k), by_stable_sort(scores, k))


def test_many_rows_and_blocks(monkeypatch):
    monkeypatch.setattr(ranking, "_BLOCK_ELEMENTS", 1000)
    scores = np.random.default_rng(0).integers(0, 40, (300, 70)).astype(np.float32)
    np.testing.assert_array_equal(top_k(scores, 5), by_stable_sort(scores, 5))


def test_double_scores_are_not_rounded():
    assert top_k([[1.0, 1.0 + 1e-12]], 1)[0, 0] == 1


def test_more_than_there_are_gives_all():
    assert top_k([[0.0, 2.0, 1.0]], 9).tolist() == [[1, 2, 0]]


@pytest.mark.parametrize("k", [0, -1, 2.0, True])
def test_bad_k_is_refused(k):
    with pytest.raises(ParameterError, match="k="):
        top_k([[1.0, 2.0]], k)


def test_nan_is_refused():
    with pytest.raises(ParameterError, match="NaN"):
        top_k([[1.0, np.nan]], 1)
