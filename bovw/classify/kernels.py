"""Kernel matrices of signatures: linear, histogram intersection, chi-square.

For non-negative x and y the additive kernels are sums over features [1]_,

    intersection  k(x, y) = sum_t min(x_t, y_t)
    chi-square    k(x, y) = sum_t 2 x_t y_t / (x_t + y_t)           (0 / 0 = 0)

Both are positive definite, and k(x, x) = sum_t x_t. With the chi-square distance
D(x, y) = sum_t (x_t - y_t)^2 / (x_t + y_t) = |x|_1 + |y|_1 - 2 k(x, y), the
exponential chi-square kernel is exp(-gamma D) [2]_.

Matrices are filled tile by tile. Of a symmetric one only the tiles on and below
the diagonal are computed; what lies above it is a mirror image, so it is exactly symmetric.

References
----------
.. [1] A. Vedaldi, A. Zisserman, "Efficient additive kernels via explicit feature
   maps", PAMI 2012, section 2, table 1.
.. [2] J. Zhang, M. Marszalek, S. Lazebnik, C. Schmid, "Local features and kernels for
   classification of texture and object categories", IJCV 2007, section 2.4.
"""

import numpy as np

from .._cext import histogram_kernels
from .._threads import map_in_order
from .._validation import all_finite, check_matrix, check_number, check_output
from ..errors import ParameterError

_PRODUCT_TILE = 1024  # large, for BLAS
_HISTOGRAM_TILE = 256  # small: less of a symmetric matrix is computed twice


def linear_kernel(X, Y=None, *, out=None, n_jobs=None):
    """Inner products of the rows of ``X`` and ``Y``.

    Parameters, Returns and Raises are those of :func:`intersection_kernel`, but
    values of any sign are taken.
    """

    def tile(x, y, out, row, column):
        with np.errstate(over="ignore", invalid="ignore"):  # _fill says it better
            np.matmul(x, y.T, out=out[row : row + len(x), column : column + len(y)])

    return _fill(tile, _PRODUCT_TILE, *_check(X, Y, out, non_negative=False), n_jobs)


def intersection_kernel(X, Y=None, *, out=None, n_jobs=None):
    """Histogram intersection, ``sum_t min(x_t, y_t)``.

    Parameters
    ----------
    X : array of shape (n, d), float32
        Non-negative signatures, one a row.
    Y : array of shape (m, d), float32, optional
        By default ``X``, at half the cost.
    out : C-contiguous float32 array of shape (n, m), optional
        Where to write the result.
    n_jobs : int, optional
        Worker threads (-1: all cores). The result does not depend on it.

    Returns
    -------
    array of shape (n, m), float32
        ``out`` if given. Empty inputs give an empty array; no features give zeros.

    Raises
    ------
    ParameterError
        If an input is not a finite, non-negative matrix, the widths differ,
        ``out`` does not fit, or a value exceeds what float32 holds.

    Notes
    -----
    Summed in float32 over 1024 features at a time, in float64 over those sums.

    Examples
    --------
    >>> import numpy as np
    >>> intersection_kernel(np.float32([[0.5, 0.5, 0.0]]), np.float32([[0.25, 0.5, 0.25]]))
    array([[0.75]], dtype=float32)
    """
    return _fill(histogram_kernels.intersection, _HISTOGRAM_TILE, *_check(X, Y, out), n_jobs)


def chi2_kernel(X, Y=None, *, gamma=None, out=None, n_jobs=None):
    """Chi-square kernel, additive or exponential.

    Parameters
    ----------
    X, Y, out, n_jobs
        As in :func:`intersection_kernel`.
    gamma : float, optional
        Greater than 0: ``exp(-gamma * sum_t (x_t - y_t)^2 / (x_t + y_t))``. By
        default the additive kernel ``sum_t 2 x_t y_t / (x_t + y_t)``.

    Returns
    -------
    array of shape (n, m), float32

    Raises
    ------
    ParameterError
        As :func:`intersection_kernel`, and if ``gamma`` is not positive.

    Notes
    -----
    The distance in the exponential kernel comes from the additive kernel and the
    row sums, so its absolute error is about 1e-7 of those sums.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.float32([[0.5, 0.5, 0.0]]), np.float32([[0.5, 0.0, 0.5]])
    >>> chi2_kernel(x, y)
    array([[0.5]], dtype=float32)
    >>> chi2_kernel(x, y, gamma=1.0).round(4)
    array([[0.3679]], dtype=float32)
    """
    if gamma is not None:
        gamma = check_number("gamma", gamma, 0, exclusive=True)
    X, Y, out = _check(X, Y, out)
    _fill(histogram_kernels.chi2, _HISTOGRAM_TILE, X, Y, out, n_jobs)
    if gamma is None:
        return out
    sums_x = X.sum(axis=1, dtype=np.float64)
    sums_y = sums_x if Y is None else Y.sum(axis=1, dtype=np.float64)
    for start in range(0, len(out), _HISTOGRAM_TILE):
        rows = slice(start, start + _HISTOGRAM_TILE)
        distance = sums_x[rows, None] + sums_y - 2.0 * out[rows]
        out[rows] = np.exp(-gamma * np.maximum(distance, 0))
    if Y is None:
        np.fill_diagonal(out, 1)
    return out


def _check(X, Y, out, non_negative=True):
    X = check_matrix("X", X)
    Y = None if Y is None else check_matrix("Y", Y, n_features=X.shape[1])
    for name, matrix in (("X", X), ("Y", Y)):
        if non_negative and matrix is not None and matrix.size and matrix.min() < 0:
            raise ParameterError(
                f"Negative values in data: {name} holds {matrix.min():g}, but this kernel is defined for "
                "non-negative histograms; use the linear kernel for signed signatures"
            )
    shape = (len(X), len(X if Y is None else Y))
    return X, Y, check_output("out", out, shape)


def _fill(tile, size, X, Y, out, n_jobs):
    """Fill ``out`` by ``tile(x, y, out, row, column)``; without ``Y`` half of it, mirrored."""
    if X.shape[1] == 0:
        out[:] = 0
        return out
    other = X if Y is None else Y

    def one(corner):
        row, column = corner
        tile(X[row : row + size], other[column : column + size], out, row, column)
        if Y is None:
            mirror_tile(out, row, column, size)

    corners = [
        (row, column)
        for row in range(0, len(X), size)
        for column in range(0, len(other), size)
        if Y is not None or column <= row
    ]
    for _ in map_in_order(one, corners, n_jobs):
        pass
    return check_values(out)


def mirror_tile(out, row, column, size):
    """Copy the tile of a square matrix that begins at ``row`` >= ``column`` to above the diagonal."""
    block = out[row : row + size, column : column + size]
    if row > column:
        out[column : column + size, row : row + size] = block.T
    else:
        block[:] = np.tril(block) + np.tril(block, -1).T


def check_values(out):
    """``out``, or ParameterError if a kernel value overflowed."""
    if not all_finite(out):
        raise ParameterError("kernel values exceed what float32 holds; scale the signatures to unit norm")
    return out
