"""What type checkers know of the compiled kernels: their names are not looked at."""

from typing import Any

LEVELS: tuple[str, ...]
AVAILABLE_LEVELS: tuple[str, ...]
SIMD_LEVEL: str
FAST_INT8: bool

def __getattr__(name: str) -> Any: ...
