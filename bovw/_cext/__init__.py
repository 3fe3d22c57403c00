"""The compiled kernels, at the best SIMD level this processor runs.

``bovw/_cext/*.so`` hold the platform's baseline, ``bovw/_cext/avx2/*.so`` the
same sources compiled for AVX2. Putting the second folder in front of the first
on the package's search path is the whole dispatch. The environment variable
``BOVW_SIMD`` (``auto``, ``avx2`` or ``baseline``), read once at import, forces a
level; results have the same bits at each.
"""

import os

from .cpu import has_avx2


def _choose_level():
    fast = os.path.join(__path__[0], "avx2")
    available = has_avx2() and os.path.isdir(fast) and any(n.endswith((".so", ".pyd")) for n in os.listdir(fast))
    wanted = os.environ.get("BOVW_SIMD", "auto").lower() or "auto"
    if wanted not in ("auto", "avx2", "baseline"):
        raise ImportError(f"BOVW_SIMD={wanted!r} is not a SIMD level; set it to auto, avx2 or baseline")
    if wanted == "avx2" and not available:
        raise ImportError("BOVW_SIMD=avx2, but this processor or this build has no AVX2 path; unset BOVW_SIMD")
    if wanted == "baseline" or not available:
        return "baseline"
    __path__.insert(0, fast)
    return "avx2"


SIMD_LEVEL = _choose_level()
