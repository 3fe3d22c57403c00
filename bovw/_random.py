"""One seed, spawned a stage and an image, never a worker.

The stream of a stage depends on the seed, the stage's name and the item's
number alone, so results are the same for any number of workers and any order
of execution.
"""

import zlib

import numpy as np

from .errors import ParameterError

#: random states that say how something is drawn, but not, once it is drawn, how it was
GENERATORS = (np.random.RandomState, np.random.Generator)


def check_seed(random_state, name: str = "random_state") -> int:
    """Return an integer seed in [0, 2**32): an int as it is, None at random, a generator's next draw."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        if not 0 <= random_state < 2**32:
            raise ParameterError(f"{name}={random_state!r} must lie in [0, 2**32)")
        return int(random_state)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    raise ParameterError(f"{name}={random_state!r} must be an integer, None, a RandomState or a Generator")


def stage_rng(seed: int, stage: str, *numbers_: int) -> np.random.Generator:
    """The generator of one stage (a string) and item (integers) under ``seed``."""
    return np.random.default_rng([seed, zlib.crc32(stage.encode()), *numbers_])
