r"""Bag of words where the words are known already.

ImageNet's download gives for each descriptor its word and its place, not the descriptor.
An encoder that takes the number of the word for the descriptor,

.. math:: \text{code}_k = \#\{i : w_i = k\},

lets pyramids and normalizations work on such data as on any other.
"""

import numpy as np

from .._parameters import Integer
from .._validation import check_samples
from ..descriptors.descriptor_set import as_rows
from ..errors import ParameterError
from .hard import HardAssignment


class WordCounts(HardAssignment):
    """Hard assignment of descriptors whose words are given: each is one column, the number of its word.

    There is nothing to learn, so ``SpatialPyramid.with_encoder(WordCounts(1000))`` is ready
    for use; on the words alone, ``np.bincount``.

    Parameters
    ----------
    n_words : int in [1, 16,777,216], default 1000
        Number of words, numbered from 0.

    Attributes
    ----------
    n_features_in_ : int
        1.

    Notes
    -----
    Poolings: "sum" (the default: counts), "average" (frequencies), "max" (presence, 0 or 1).

    Examples
    --------
    >>> WordCounts(3).encode([[2], [0], [2]]).tolist()
    [1.0, 0.0, 2.0]
    """

    n_features_in_ = 1

    needs_codebook = False
    PARAMETERS = {"n_words": Integer(1, 2**24)}  # float32 tells integers apart up to here

    def __init__(self, n_words: int = 1000):
        self.n_words = n_words

    def fit(self, X, y=None) -> "WordCounts":
        """Check the words; nothing is learnt; returns self.

        Parameters
        ----------
        X : array of shape (n, 1), or descriptor sets
        y : ignored
        """
        self.check_params()
        self._labels(check_samples(self, as_rows(X), reset=True))
        return self

    @classmethod
    def with_codebook(cls, codebook, **params):
        """There is no codebook: raises ParameterError, whatever ``codebook`` and ``params`` are."""
        raise ParameterError("WordCounts has no codebook; give n_words")

    def __sklearn_is_fitted__(self):
        return True

    @property
    def code_size(self) -> int:
        """Length of a pooled code: the number of words."""
        return self.n_words

    def _labels(self, X):
        labels = X[:, 0].astype(np.int32)
        if X.shape[1] != 1 or (labels != X[:, 0]).any() or not (0 <= labels).all() or not (labels < self.n_words).all():
            raise ParameterError(
                f"a descriptor must be one column, the number of a word from 0 to {self.n_words - 1}, got "
                f"{X.shape[1]} column(s) and values from {X.min(initial=0):g} to {X.max(initial=0):g}"
            )
        return labels
