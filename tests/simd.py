"""Runs a script at every SIMD level of this machine, each in its own process, and compares what it prints."""

import os
import subprocess
import sys

import pytest

from bovw._cext import AVAILABLE_LEVELS


def assert_same_bits(script):
    """The script prints a digest of its results; it must be the same at every level.

    Skips where this processor or build has one level only.
    """
    if len(AVAILABLE_LEVELS) == 1:
        pytest.skip("this processor or build has one SIMD level only")
    header = "from bovw._cext import SIMD_LEVEL\nprint(SIMD_LEVEL)\n"
    found = {}
    for level in AVAILABLE_LEVELS:
        output = subprocess.run(
            [sys.executable, "-c", header + script], env={**os.environ, "BOVW_SIMD": level}, capture_output=True,
            text=True, check=False,
        )
        assert output.returncode == 0, output.stderr
        name, digest = output.stdout.split()
        assert (name, len(digest)) == (level, 64)
        found[level] = digest
    assert len(set(found.values())) == 1, found
