"""What a fit will take, before it is begun: each classifier knows its own constants, the caller the machine."""

from typing import NamedTuple


class Machine(NamedTuple):
    """Measured rates of the machine that a fit would run on.

    Attributes
    ----------
    flops : float
        Floating point operations a second of a float32 matrix product on all cores of this machine.
    cores : int
        Cores of this machine.
    slower : float
        How many times longer the work of all cores takes where it would run; 1 here.
    decode : float
        Seconds to decompress a row of the store, on one core.
    """

    flops: float
    cores: int = 1
    slower: float = 1.0
    decode: float = 0.0


class FitCost(NamedTuple):
    """What ``fit_cost`` predicts.

    Attributes
    ----------
    seconds : float
    memory : float
        Bytes, the signatures included where the classifier holds them.
    disk : float
        Bytes of checkpoints.
    measured : str
        A rate on which ``seconds`` rests, for people.
    savings : list of (str, float)
        What could be changed, and the seconds that it would save.
    """

    seconds: float
    memory: float
    disk: float = 0.0
    measured: str = ""
    savings: list = []

