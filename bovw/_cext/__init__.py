"""The compiled kernels, at the best SIMD level that this processor runs.

``bovw/_cext/*.so`` hold the platform's baseline, ``bovw/_cext/avx2/*.so`` the
same sources compiled for AVX2. Putting the second folder in front of the first
on the package's search path is the whole dispatch. Kernels that multiply 8-bit
integers hold their AVX-512 VNNI code beside the plain one, and ask ``FAST_INT8``.
The environment variable ``BOVW_SIMD`` (``auto``, or a name of ``LEVELS``), read once
at import, forces a level; kernels give the same bits at each.
"""

import os
from typing import NamedTuple

from .cpu import has_avx2, has_vnni


class _Level(NamedTuple):
    """A set of instructions: whether it runs here, its folder of extensions, whether it multiplies 8-bit integers."""

    name: str
    runs: bool
    folder: str | None
    fast_int8: bool


def _built(folder):
    """Whether this build has the folder's extensions."""
    path = os.path.join(__path__[0], folder)
    return os.path.isdir(path) and any(name.endswith((".so", ".pyd")) for name in os.listdir(path))


_AVX2 = has_avx2() and _built("avx2")
_TABLE = (  # the best last
    _Level("baseline", True, None, False),
    _Level("avx2", _AVX2, "avx2", False),
    _Level("avx512vnni", _AVX2 and has_vnni(), "avx2", True),
)

#: All levels there are.
LEVELS = tuple(level.name for level in _TABLE)
#: Those that this processor and this build run.
AVAILABLE_LEVELS = tuple(level.name for level in _TABLE if level.runs)


def _choose_level():
    wanted = os.environ.get("BOVW_SIMD", "auto").lower() or "auto"
    if wanted not in ("auto", *LEVELS):
        raise ImportError(f"BOVW_SIMD={wanted!r} is not a SIMD level; set it to one of auto, {', '.join(LEVELS)}")
    name = AVAILABLE_LEVELS[-1] if wanted == "auto" else wanted
    if name not in AVAILABLE_LEVELS:
        raise ImportError(
            f"BOVW_SIMD={wanted}, but this processor or this build runs {', '.join(AVAILABLE_LEVELS)} only; "
            "unset BOVW_SIMD"
        )
    level = _TABLE[LEVELS.index(name)]
    if level.folder is not None:
        __path__.insert(0, os.path.join(__path__[0], level.folder))
    return level


_chosen = _choose_level()
#: The level in use.
SIMD_LEVEL = _chosen.name
#: Whether products of 8-bit integers are quicker than those of float32 at this level.
FAST_INT8 = _chosen.fast_int8
