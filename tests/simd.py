"""Runs a script at every SIMD level of this machine, each in its own process, and compares what it prints."""

import os
import subprocess
import sys

import pytest


def assert_same_bits(script):
    """The script prints a digest of its results; it must be the same at every level.

    Skips where this processor or build has one level only.
    """
    header = "from bovw._cext import SIMD_LEVEL\nprint(SIMD_LEVEL)\n"
    found = {}
    for level in ("baseline", "auto"):
        output = subprocess.run(
            [sys.executable, "-c", header + script], env={**os.environ, "BOVW_SIMD": level}, capture_output=True,
            text=True, check=False,
        )
        assert output.returncode == 0, output.stderr
        name, digest = output.stdout.split()
        assert len(digest) == 64
        found[name] = digest
    if len(found) == 1:
        pytest.skip("this processor or build has one SIMD level only")
    assert len(set(found.values())) == 1, found
