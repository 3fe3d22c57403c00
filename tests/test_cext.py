"""The table of SIMD levels: each can be forced, and what is not there is said."""

import os
import subprocess
import sys

import pytest

from bovw._cext import AVAILABLE_LEVELS, LEVELS

REPORT = """
from bovw._cext import FAST_INT8, SIMD_LEVEL, nearest
print(SIMD_LEVEL, FAST_INT8, "avx2" in nearest.__file__)
"""


def at_level(level):
    environment = {**os.environ, "BOVW_SIMD": level}
    return subprocess.run([sys.executable, "-c", REPORT], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("level", AVAILABLE_LEVELS)
def test_a_level_governs_everything(level):
    expected = [level, str(level == "avx512vnni"), str(level != "baseline")]
    assert at_level(level).stdout.split() == expected


def test_the_best_level_is_taken():
    for level in ("", "auto", "AUTO"):
        assert at_level(level).stdout.split()[0] == AVAILABLE_LEVELS[-1]


@pytest.mark.parametrize("level", ["sse9", *(level for level in LEVELS if level not in AVAILABLE_LEVELS)])
def test_a_level_that_is_not_there_is_one_sentence(level):
    result = at_level(level)
    assert result.returncode == 1
    assert "ImportError: BOVW_SIMD=" in result.stderr
    assert "baseline" in result.stderr
