r"""Descriptors as they are, one after the other: signatures that need no codebook.

The code of the descriptors :math:`x_1 \dots x_N` of an image, always N of them, is
:math:`(x_1, \dots, x_N)`. With N = 1 it hands a global descriptor through: a tiny image
(Torralba, Fergus and Freeman 2008), GIST, an LBP histogram of the whole image, the
blocks of a person window (Dalal and Triggs 2005).
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._parameters import Integer
from .._validation import check_samples
from ..descriptors.descriptor_set import as_rows
from ..errors import ParameterError
from .base import Encoder


class Concatenation(Encoder):
    """The descriptors of an image side by side, without a codebook; on arrays, ``np.ravel``.

    Parameters
    ----------
    n_descriptors : int >= 1, default 1
        How many descriptors every image has.

    Attributes
    ----------
    n_features_in_ : int
        Dimension of a descriptor.

    Notes
    -----
    Pooling: "concatenate". It codes whole images, ``cells=("1x1",)``.

    Examples
    --------
    >>> import numpy as np
    >>> Concatenation(2).fit(np.zeros((4, 3))).encode([[1, 2, 3], [4, 5, 6]]).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    """

    poolings = ("concatenate",)
    needs_codebook = False
    whole_images = True
    PARAMETERS = {"n_descriptors": Integer(1)}

    def __init__(self, n_descriptors: int = 1):
        self.n_descriptors = n_descriptors

    def fit(self, X, y=None) -> "Concatenation":
        """Note the dimension of a descriptor; returns self.

        Parameters
        ----------
        X : array of shape (n, d), or descriptor sets
        y : ignored
        """
        self.check_params()
        check_samples(self, as_rows(X), reset=True)
        return self

    @classmethod
    def with_codebook(cls, codebook, **params):
        """There is no codebook: raises ParameterError, whatever ``codebook`` and ``params`` are."""
        raise ParameterError("Concatenation has no codebook; fit it on descriptors")

    @property
    def code_size(self) -> int:
        """Length of a code, ``n_descriptors`` * d."""
        check_is_fitted(self)
        return self.n_descriptors * self.n_features_in_

    def statistics(self, descriptors, offsets, pooling):
        rows = np.zeros((len(offsets) - 1, self.code_size), np.float32)
        counts = np.diff(offsets)
        self._check_counts(counts)
        rows[counts > 0] = descriptors.reshape(-1, self.code_size)
        return rows

    def finish(self, statistics, counts, pooling):
        self._check_counts(counts)
        return statistics

    def _check_counts(self, counts):
        wrong = counts[(counts > 0) & (counts != self.n_descriptors)]
        if len(wrong):
            raise ParameterError(
                f"Concatenation(n_descriptors={self.n_descriptors}) got {wrong[0]} descriptors in one cell; all images "
                "must have that number: resize them to one size, take cells=('1x1',), or set n_descriptors"
            )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_features_in_")
