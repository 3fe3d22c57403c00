"""A short run of every fuzzer; ``python -m tests.fuzz`` runs them for longer."""

import pytest

from tests import fuzz


@pytest.mark.parametrize("name", fuzz.FUZZERS)
def test_some_cases(name):
    for case in range(150):
        fuzz.run_case(name, case)


def test_a_finding_says_how_to_replay_it(monkeypatch):
    monkeypatch.setitem(fuzz.FUZZERS, "broken", lambda draw: draw.image(max_side=draw.integer(1, 5)) / "x")
    with pytest.raises(AssertionError, match=r"(?s)case 7 of broken: .*--case 7 broken"):
        fuzz.run_case("broken", 7)


def test_hostile_values_may_be_refused_and_good_ones_may_not():
    def refuse(value):
        raise fuzz.bovw.ParameterError("no")

    draw = fuzz.Draw(0)
    draw.hostile = True
    assert draw.call(refuse, 1) is None
    draw.hostile = False
    with pytest.raises(fuzz.bovw.ParameterError):
        draw.call(refuse, 1)
