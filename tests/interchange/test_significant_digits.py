"""Rounding in arithmetic is rounding through text."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw.interchange.significant_digits import six_digits

from ..reference.significant_digits import six_digits as by_text


@settings(deadline=None, max_examples=300)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**100), max_value=2.0**100)))
def test_any_numbers(values):
    values = np.array(values, np.float32)
    rounded = six_digits(values)
    np.testing.assert_array_equal(rounded, by_text(values))
    np.testing.assert_array_equal(six_digits(rounded), rounded)


def test_descriptor_like_numbers_and_powers_of_ten():
    rng = np.random.default_rng(0)
    values = (10 ** rng.uniform(-9, 3, (500, 40))).astype(np.float32)
    np.testing.assert_array_equal(six_digits(values), by_text(values))
    np.testing.assert_array_equal(six_digits(values.T), by_text(values.T))
    edges = np.float32(10.0) ** np.arange(-12, 8, dtype=np.float32)
    edges = np.concatenate([edges, np.nextafter(edges, np.float32(0)), np.nextafter(edges, np.float32(np.inf)), -edges])
    np.testing.assert_array_equal(six_digits(edges), by_text(edges))


def test_float64_positions():
    values = np.concatenate([(7.5 + 10 * np.arange(29)) / side for side in range(16, 301)])
    np.testing.assert_array_equal(six_digits(values), by_text(values))
