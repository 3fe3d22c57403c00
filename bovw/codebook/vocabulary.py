"""What codebooks of visual words share, however they are learnt: their time, their search, their prediction."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._parameters import Declared
from .._validation import check_enough, check_samples
from ..descriptors.descriptor_set import as_rows
from .blocks import as_blocks, sample_blocks
from .estimate import announce


class Vocabulary(Declared, BaseEstimator):
    """Base of the codebooks of words.

    A subclass names in ``_least_descriptors`` the parameter that says how many descriptors it needs, in ``_label`` what
    progress calls it and in ``_search_parameters`` what its search depends on beside ``words_``; it implements
    ``_estimate(source)``, in seconds, and ``_search_words()``.
    """

    _least_descriptors = ""
    _label = ""
    _search_parameters: tuple[str, ...] = ("search",)
    words_: np.ndarray
    verbose: bool

    def estimate_seconds(self, X) -> float:
        """How long ``fit`` will take at most on this machine, from the time of one block of ``X``.

        Parameters
        ----------
        X : array of shape (n, d), descriptor sets, or block source

        Returns
        -------
        float
            Seconds for the start and all ``max_iter`` iterations; ``tol`` may end them sooner.
        """
        self.check_params()
        return self._estimate(self._with_enough(as_blocks(X)))

    def predict(self, X) -> np.ndarray:
        """The word of each descriptor, as ``search`` says; of equally near ones the lowest.

        Parameters
        ----------
        X : array of shape (n, d), or descriptor sets

        Returns
        -------
        int32 array of shape (n,)
        """
        check_is_fitted(self)
        return self.word_search().labels(check_samples(self, as_rows(X)))

    def word_search(self):
        """The search that ``search`` asks for over the fitted words, made once."""
        check_is_fitted(self)
        parameters = [getattr(self, name) for name in self._search_parameters]
        cached = getattr(self, "_search", None)
        if cached is None or cached[0] is not self.words_ or cached[1] != parameters:
            cached = self._search = self.words_, parameters, self._search_words()
        return cached[2]

    def _source(self, X):
        """The checked source that ``fit`` reads; with ``verbose`` it is said how long that will take."""
        self.check_params()
        source = self._with_enough(sample_blocks(self, X))
        if self.verbose:
            announce(self._label, self._estimate(source))
        return source

    def _with_enough(self, source):
        check_enough(self._least_descriptors, getattr(self, self._least_descriptors), source.shape[0], self)
        return source

    def _estimate(self, source) -> float:
        raise NotImplementedError

    def _search_words(self):
        raise NotImplementedError

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_search", None)
        return state
