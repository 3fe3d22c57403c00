"""Six significant digits: what a number keeps on its way through the default text output of C++."""

import numpy as np

_DIGITS = 6
#: 24 bits of the number and those of 5^12 fit into the 53 of a double: the product below is exact
_SMALLEST = 1e-7


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
    values = np.asarray(values, order="C")
    size = np.abs(values).astype(np.float64, copy=False)
    places = np.full(size.shape, _DIGITS - 1, np.int8)
    for exponent in range(7):
        places += size < 10.0**-exponent
    scale = 10.0 ** np.arange(_DIGITS + 7)
    scale = scale[places]
    rounded = (np.rint(values * scale) / scale).astype(np.float32)
    odd = np.flatnonzero(((size < _SMALLEST) & (size > 0)) | (size >= 10))
    if len(odd):
        rounded.ravel()[odd] = [float(f"{value:.6g}") for value in values.ravel()[odd].tolist()]
    return rounded
