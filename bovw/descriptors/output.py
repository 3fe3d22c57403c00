"""Output arrays that callers bring along, for a stream of images without the page faults of fresh memory."""

import numpy as np

from ..errors import ParameterError


def check_output(name, out, shape, dtype=np.float32, *, may_be_longer=False):
    """``out`` as an array of ``shape`` to write into; a fresh one if it is None.

    Parameters
    ----------
    name : str
        Of the argument, for messages.
    out : array or None
    shape : tuple of int
    dtype : dtype
    may_be_longer : bool
        Whether ``out`` may have more than shape[0] rows; the first shape[0] are returned.

    Raises
    ------
    ParameterError
        If ``out`` is not a writable, aligned, C-contiguous array of that dtype and shape.
    """
    dtype = np.dtype(dtype)
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        found = f"dtype {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ParameterError(f"{name} has {found}; a {dtype} array is needed")
    if not out.flags.carray:
        raise ParameterError(f"{name} must be C-contiguous, aligned and writable; pass a fresh array, not a view")
    if may_be_longer:
        if out.ndim != len(shape) or out.shape[0] < shape[0] or out.shape[1:] != shape[1:]:
            raise ParameterError(
                f"{name} has shape {out.shape}; at least {shape[0]} rows of shape {shape[1:]} are needed"
            )
        return out[: shape[0]]
    if out.shape != shape:
        raise ParameterError(f"{name} has shape {out.shape}; {shape} is needed")
    return out
