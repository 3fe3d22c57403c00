import pytest

from bovw._units import format_bytes, format_seconds


@pytest.mark.parametrize(("n", "text"), [
    (0, "0 B"), (12, "12 B"), (999, "999 B"), (999.6, "1 kB"), (2740, "2.74 kB"), (1.5e6, "1.5 MB"),
    (999_600, "1 MB"), (13.4e9, "13.4 GB"), (2e12, "2 TB"), (1.2345e15, "1234 TB"),
])
def test_bytes_have_three_digits_and_a_decimal_unit(n, text):
    assert format_bytes(n) == text


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0 s"), (0.0123, "0.0123 s"), (56.84, "56.8 s"), (119, "119 s"), (120, "2 min"), (561.2, "9.35 min"),
    (7200, "2 h"), (3 * 86400, "3 days"), (1.2e8, "1389 days"),
])
def test_seconds_are_in_the_unit_that_suits_them(seconds, text):
    assert format_seconds(seconds) == text
