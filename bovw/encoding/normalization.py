r"""Normalizations of codes and signatures, applied to rows.

=============  ===========================================================================
``"l1"``       :math:`z / \sum_j |z_j|`
``"l2"``       :math:`z / \sqrt{\sum_j z_j^2}`
``"power"``    :math:`\mathrm{sign}(z_j)\,|z_j|^\alpha` (Perronnin, Sánchez and Mensink 2010)
``"intra"``    L2 within the block of each codeword (Arandjelović and Zisserman 2013)
=============  ===========================================================================

A row (or block) of zeros stays zero.
"""

from collections.abc import Sequence

import numpy as np

from .._parameters import Choice, Number, Series
from .._validation import check_matrix
from ..errors import ParameterError

#: A sequence of normalizations, and the exponent of "power", as parameters.
NORMS = Series(Choice("l1", "l2", "power", "intra"), min_length=0)
ALPHA = Number(0, 1, exclusive=True)


def normalize(
    X, norms: Sequence[str] = ("l2",), *, alpha: float = 0.5, block_size: int | None = None
) -> np.ndarray:
    """Normalize each row, by several steps one after the other.

    Parameters
    ----------
    X : array of shape (n, d)
    norms : sequence of str, default ("l2",)
        Any of "l1", "l2", "power", "intra", applied from left to right; () for none.
    alpha : float, default 0.5
        Exponent of "power", greater than 0, at most 1; 0.5 is the signed square root.
    block_size : int, default None
        Length of the block of a codeword, for "intra"; it divides d.

    Returns
    -------
    array of shape (n, d), float32
        A new array.

    Raises
    ------
    ParameterError
        For an unknown norm, or "intra" without a block size that divides d.

    References
    ----------
    F. Perronnin, J. Sánchez, T. Mensink. Improving the Fisher kernel for large-scale image
    classification. ECCV 2010. :doi:`10.1007/978-3-642-15561-1_11`. Section 3: "l2", "power".

    R. Arandjelović, A. Zisserman. All about VLAD. CVPR 2013. :doi:`10.1109/CVPR.2013.207`. Section 4: "intra".

    Examples
    --------
    >>> normalize([[9.0, -16.0]], ("power",)).tolist()
    [[3.0, -4.0]]
    >>> normalize([[9.0, -16.0]], ("power", "l2")).round(2).tolist()
    [[0.6000000238418579, -0.800000011920929]]
    """
    norms, alpha = NORMS.check("norms", norms), ALPHA.check("alpha", alpha)
    X = check_matrix("X", X).copy()
    for norm in norms:
        if norm == "power":
            signs = np.sign(X)
            np.abs(X, out=X)
            np.sqrt(X, out=X) if alpha == 0.5 else np.power(X, np.float32(alpha), out=X)
            X *= signs
        elif norm == "intra":
            if not block_size or X.shape[1] % block_size:
                raise ParameterError(
                    f"norm 'intra' needs blocks of one size for the codewords; block_size={block_size!r} "
                    f"does not divide {X.shape[1]}"
                )
            _scale_rows(X.reshape(-1, block_size), "l2")
        else:
            _scale_rows(X, norm)
    return X


def _scale_rows(X, norm):
    """Scale each row of the float32 array ``X`` to length 1, in place.

    Dividing by the largest element first keeps the squares of tiny and huge
    numbers in range.
    """
    if X.shape[1] == 0:
        return
    largest = np.maximum(X.max(axis=1), -X.min(axis=1))
    X /= np.where(largest > 0, largest, 1)[:, None]
    length = np.abs(X).sum(axis=1) if norm == "l1" else np.sqrt(np.einsum("ij,ij->i", X, X))
    X /= np.where(length > 0, length, 1)[:, None]
