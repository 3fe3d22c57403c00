"""Six significant digits: what a number keeps on its way through the default text output of C++."""

import numpy as np

_DIGITS = 6
#: 24 bits of the number and those of 5^12 fit into the 53 of a double: the products below are exact
_POWERS = 10.0 ** np.arange(_DIGITS + 7)
_SMALLEST = np.float32(1e-7)
_BLOCK = 1 << 13  # temporaries stay in the cache


def six_digits(values):
    """Numbers as they come back from text of six significant digits (``%g``).

    Parameters
    ----------
    values : array of float32, or of float64 for numbers that are not float32 already

    Returns
    -------
    array of the same shape, float32
        The float32 nearest to the decimal. Applied again it changes nothing, since every
        decimal of six digits survives float32.

    Examples
    --------
    >>> six_digits(np.float32([7.5 / 224, 1234.5678]))
    array([3.34821e-02, 1.23457e+03], dtype=float32)
    """
    values = np.asarray(values)
    flat, rounded = values.ravel(), np.empty(values.size, np.float32)
    for start in range(0, len(flat), _BLOCK):
        rows = slice(start, start + _BLOCK)
        _round(flat[rows], rounded[rows])
    return rounded.reshape(values.shape)


def _round(values, out):
    size = np.abs(values).astype(np.float32, copy=False)
    # Next to a power of ten it does not matter that float32 may mistake its side: both give the power.
    places = np.full(size.shape, _DIGITS - 1, np.int8)
    for exponent in range(7):
        places += size < np.float32(10.0**-exponent)
    scale = _POWERS[places]
    scaled = values * scale
    np.rint(scaled, out=scaled)
    scaled /= scale
    out[:] = scaled
    odd = np.flatnonzero(((size < _SMALLEST) & (size > 0)) | (size >= 10))
    if len(odd):
        out[odd] = [float(f"{value:.6g}") for value in values[odd].tolist()]
