"""Arrays in NumPy's own format, without pickle."""

import numpy as np

from ..errors import DatasetError


def read_npy(path, *, mmap=False):
    """Read an array from a ``.npy`` file.

    Parameters
    ----------
    path : str or PathLike
    mmap : bool, default False
        Give a read-only view of the file in place of a copy in memory.

    Returns
    -------
    array

    Raises
    ------
    DatasetError
        If the file cannot be read, is cut short, or holds objects. Nothing is allocated that
        the file is too short for.
    """
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged header can raise nearly anything
        raise DatasetError(f"{path} is not a sound .npy file: {error}") from error
    return array if mmap else np.array(array)
