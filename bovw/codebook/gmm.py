r"""The diagonal Gaussian mixture, learnt by expectation maximization.

The density is :math:`p(x) = \sum_k \pi_k \, N(x; \mu_k, \mathrm{diag}\,\sigma_k^2)`. One
iteration of EM (Dempster, Laird and Rubin, JRSS B 39, 1977; Bishop, *Pattern
Recognition and Machine Learning*, 2006, section 9.2.2) takes the posteriors
:math:`\gamma_{ik}` of all descriptors and sets

.. math::
    \pi_k = \frac{N_k}{n}, \quad
    \mu_k = \frac{1}{N_k} \sum_i \gamma_{ik} x_i, \quad
    \sigma_k^2 = \frac{1}{N_k} \sum_i \gamma_{ik} x_i^2 - \mu_k^2, \qquad
    N_k = \sum_i \gamma_{ik} .

The three sums are sufficient statistics: they are accumulated over blocks of
descriptors, float32 inside a block and float64 across blocks, and the posteriors of
all descriptors never exist together (:mod:`bovw.codebook.posteriors`).
"""

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._parameters import Boolean, Declared, Integer, Kind, Number, Optional, Seed
from .._progress import Progress
from .._random import check_seed
from .._validation import check_enough, check_int, check_matrix, check_number, check_samples
from ..blocks import read_blocks
from ..descriptors.descriptor_set import as_rows
from ..errors import ParameterError
from .blocks import as_blocks, sample_blocks
from .kmeans import KMeansCodebook
from .nearest import WordSearch
from .posteriors import BLOCK_ROWS, PreparedMixture

# A component with less than this many descriptors keeps its mean and variances.
_LEAST_MASS = 1e-3
# EM leaves smaller posteriors out of its sums: of n descriptors a component loses less than n times this.
_LEAST_POSTERIOR = 1e-5
_HARD_ROWS = 8192


class Mixture(Kind):
    """Weights, means and variances to start from, as three arrays."""

    def check(self, name, value):
        try:
            weights, means, variances = value
        except (TypeError, ValueError):
            raise ParameterError(f"{name}={value!r} must be None or the tuple (weights, means, variances)") from None
        return weights, check_matrix(f"{name}[1]", means), variances

    def __str__(self):
        return "tuple (weights, means, variances)"


class GMMCodebook(Declared, BaseEstimator):
    """A diagonal Gaussian mixture of descriptors, the codebook of Fisher vectors.

    Parameters
    ----------
    n_components : int >= 1, default 256
        Number of Gaussians K.
    max_iter : int >= 1, default 100
        Most iterations of EM.
    tol : float >= 0, default 0.001
        Stop when an iteration raises the mean log-likelihood of a descriptor by less
        than this (nats).
    variance_floor : float > 0, default 0.0001
        No variance is less than this fraction of the largest variance of a feature
        over all descriptors. VLFeat's own default is 1e-4 in absolute terms, its
        recognition application's is the fraction used here.
    kmeans_iter : int >= 1, default 10
        Iterations of k-means that the start is taken from.
    init : tuple (weights, means, variances) or None, default None
        Start from these arrays, of shapes (K,), (K, d), (K, d), instead of k-means.
    random_state : int, RandomState, Generator or None, default 0
        Seed of k-means.
    verbose : bool, default False
        Show progress with the time left, on standard error.

    Attributes
    ----------
    weights_ : float32 array of shape (K,)
        Sum to 1.
    means_, variances_ : float32 arrays of shape (K, d)
    log_likelihoods_ : float64 array of shape (n_iter_,)
        Mean log-likelihood of a descriptor in each iteration, before its update;
        never falls, but for rounding and the variance floor.
    n_iter_ : int
    n_features_in_ : int
        d.

    Notes
    -----
    A component that has lost all descriptors keeps its place and variances, and its
    weight goes to 0. Constant dimensions, and components on copies of one descriptor,
    have the floor as their variance; data without any variance count as having
    variance 1.

    Posteriors below 1e-5 are left out of the sums of EM, which moves the mean
    log-likelihood by less than 1e-3.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [0.2], [5.0], [5.2]])
    >>> mixture = GMMCodebook(2).fit(X)
    >>> mixture.means_[np.argsort(mixture.means_[:, 0]), 0].round(3)
    array([0.1, 5.1], dtype=float32)
    """

    PARAMETERS = {
        "n_components": Integer(1), "max_iter": Integer(1), "tol": Number(0),
        "variance_floor": Number(0, exclusive=True), "kmeans_iter": Integer(1), "init": Optional(Mixture()),
        "random_state": Seed(), "verbose": Boolean(),
    }

    def __init__(
        self, n_components: int = 256, *, max_iter: int = 100, tol: float = 1e-3, variance_floor: float = 1e-4,
        kmeans_iter: int = 10, init: tuple | None = None, random_state=0, verbose: bool = False,
    ):
        self.n_components = n_components
        self.max_iter = max_iter
        self.tol = tol
        self.variance_floor = variance_floor
        self.kmeans_iter = kmeans_iter
        self.init = init
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None) -> "GMMCodebook":
        """Learn the mixture; returns self.

        Parameters
        ----------
        X : array of shape (n, d), descriptor sets, or block source
            Descriptors, of sets all rows together; float32 and uint8 are used as they are. A float32 or uint8 memory
            map, or a block source (:mod:`bovw.blocks`), is read block by block.
        y : ignored

        Raises
        ------
        ParameterError
            If there are fewer descriptors than components, or for values out of range.
        """
        self.check_params()
        source = sample_blocks(self, X)
        check_enough("n_components", self.n_components, source.shape[0], self)
        floor = self.variance_floor * _largest_variance(source)
        start = self._start(source, floor)
        with Progress("mixture", self.max_iter, "iteration", enabled=self.verbose) as progress:
            weights, means, variances, self.log_likelihoods_ = expectation_maximization(
                source,
                *start,
                variance_floor=floor,
                max_iter=self.max_iter,
                tol=self.tol,
                on_iteration=progress.update,
            )
        self.weights_, self.means_, self.variances_ = (
            a.astype(np.float32) for a in (weights, means, variances)
        )
        self.n_iter_ = len(self.log_likelihoods_)
        self._prepared = PreparedMixture(self.weights_, self.means_, self.variances_)
        return self

    def check_pairs(self):
        if self.init is not None and len(self.init[1]) != self.n_components:
            raise ParameterError(
                f"init has {len(self.init[1])} components; n_components={self.n_components} are needed"
            )

    def _start(self, source, floor):
        seed = check_seed(self.random_state)
        if self.init is not None:
            weights, means, variances = self.init
            return weights, check_matrix("init[1]", means, n_features=source.shape[1]), variances
        words = KMeansCodebook(self.n_components, max_iter=self.kmeans_iter, random_state=seed).fit(source).words_
        return hard_mixture(source, words, variance_floor=floor)

    def posteriors(self, X) -> np.ndarray:
        """The posterior of every component.

        The whole matrix is built; :meth:`prepared` gives the object that works
        block by block.

        Parameters
        ----------
        X : array of shape (n, d), or descriptor sets

        Returns
        -------
        float32 array of shape (n, K)
            Rows sum to 1.
        """
        X = self._checked(X)
        prepared, workspace = self.prepared(), self.prepared().workspace(min(BLOCK_ROWS, max(1, len(X))))
        out = np.empty((len(X), prepared.n_components), np.float32)
        for start in range(0, len(X), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            prepared.posteriors(X[rows], out[rows], workspace=workspace)
        return out

    def predict(self, X) -> np.ndarray:
        """The most probable component of each descriptor: X (n, d), or descriptor sets -> int32 (n,)."""
        return self.posteriors(X).argmax(axis=1).astype(np.int32)

    def score_samples(self, X) -> np.ndarray:
        """The log-likelihood of each descriptor (nats): X (n, d), or descriptor sets -> float32 (n,)."""
        X = self._checked(X)
        prepared, log_likelihoods = self.prepared(), np.empty(len(X), np.float32)
        for start in range(0, len(X), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            prepared.posteriors(X[rows], None, log_likelihoods[rows])
        return log_likelihoods

    def score(self, X, y=None) -> float:
        """The mean log-likelihood of the descriptors X (n, d), in nats."""
        return float(self.score_samples(X).mean(dtype=np.float64))

    def prepared(self) -> PreparedMixture:
        """The fitted mixture as a :class:`~bovw.codebook.posteriors.PreparedMixture`, made once."""
        check_is_fitted(self)
        if getattr(self, "_prepared", None) is None:
            self._prepared = PreparedMixture(self.weights_, self.means_, self.variances_)
        return self._prepared

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_prepared", None)
        return state

    def _checked(self, X):
        check_is_fitted(self)
        return check_samples(self, as_rows(X))


def expectation_maximization(
    X, weights, means, variances, *, variance_floor, max_iter=100, tol=1e-3, on_iteration=None
):
    """EM for a diagonal Gaussian mixture, from a given start.

    Parameters
    ----------
    X : array of shape (n, d), or block source
        Descriptors; float32 and uint8 are used as they are. A block source is read
        once an iteration.
    weights, means, variances : arrays of shape (K,), (K, d), (K, d)
        The start. Variances below the floor are raised to it.
    variance_floor : float
        Least variance, absolute.
    max_iter : int, default 100
    tol : float, default 0.001
        Stop when the mean log-likelihood rises by less (nats a descriptor).
    on_iteration : callable, optional
        Called without arguments after every iteration.

    Returns
    -------
    weights, means, variances : float64 arrays
    log_likelihoods : float64 array of shape (n_iter,)
        Mean log-likelihood of a descriptor before each update.

    Raises
    ------
    ParameterError
        For arrays or values out of range.
    """
    max_iter = check_int("max_iter", max_iter, minimum=1)
    tol = check_number("tol", tol, minimum=0)
    floor = check_number("variance_floor", variance_floor, minimum=0, exclusive=True)
    source = as_blocks(X)
    variances = np.maximum(np.asarray(variances, dtype=np.float64), floor)
    log_likelihoods = []
    while True:
        mixture = PreparedMixture(weights, means, variances)
        mass, first, second, log_likelihood = _statistics(mixture, source)
        log_likelihoods.append(log_likelihood / source.shape[0])
        weights, means, variances = _maximize(mixture, mass, first, second, means, variances, floor)
        if on_iteration is not None:
            on_iteration()
        if len(log_likelihoods) == max_iter:
            break
        if len(log_likelihoods) > 1 and log_likelihoods[-1] - log_likelihoods[-2] < tol:
            break
    return weights, means, variances, np.array(log_likelihoods)


def _statistics(mixture, source):
    """The sufficient statistics of all descriptors."""
    parts = (mixture.statistics(block, threshold=_LEAST_POSTERIOR) for _, block in read_blocks(source))
    return [sum(part) for part in zip(*parts, strict=True)]


def _maximize(mixture, mass, first, second, means, variances, floor):
    """The M-step: from statistics in standardized coordinates to weights, means and variances."""
    alive = mass > _LEAST_MASS
    z_means = first[alive] / mass[alive, None]
    z_variances = second[alive] / mass[alive, None] - z_means**2
    scale = mixture.scale.astype(np.float64)
    means, variances = np.array(means, dtype=np.float64), variances.copy()
    means[alive] = mixture.center + z_means * scale
    variances[alive] = np.maximum(z_variances * scale**2, floor)
    return mass / mass.sum(), means, variances


def hard_mixture(X, words, *, variance_floor):
    """The mixture of a hard assignment: share, mean and variance of the descriptors of each word.

    Parameters
    ----------
    X : array of shape (n, d), or block source
    words : array of shape (K, d)
        A word that no descriptor is nearest to gives a component of weight 0 in its place.
    variance_floor : float
        Least variance, absolute.

    Returns
    -------
    weights, means, variances : float64 arrays of shape (K,), (K, d), (K, d)
    """
    source = as_blocks(X)
    words = check_matrix("words", words, n_features=source.shape[1], min_rows=1)
    search = WordSearch(words)
    counts, first, second = np.zeros(len(words), np.int64), np.zeros(words.shape), np.zeros(words.shape)
    for _, block in read_blocks(source, _HARD_ROWS):
        labels = search.labels(block)
        counts += np.bincount(labels, minlength=len(words))
        offsets = block - words[labels]
        members = scipy.sparse.csr_array(
            (np.ones(len(labels), np.float32), (labels, np.arange(len(labels)))), shape=(len(words), len(labels))
        )
        first += members @ offsets
        second += members @ (offsets * offsets)
    share = np.maximum(counts, 1)[:, None]
    variances = np.maximum(second / share - (first / share) ** 2, variance_floor)
    return counts / source.shape[0], words + first / share, variances


def _largest_variance(source):
    """The largest variance of a column; 1 if no column varies."""
    n, d = source.shape
    mean = sum(block.sum(axis=0, dtype=np.float64) for _, block in read_blocks(source)) / n
    squares = np.zeros(d)
    for _, block in read_blocks(source, BLOCK_ROWS):
        squares += ((block - mean) ** 2).sum(axis=0)
    largest = float(squares.max()) / n
    # What is left of a constant column is rounding of its mean.
    return largest if largest > 1e-14 * float((mean**2).max()) else 1.0
