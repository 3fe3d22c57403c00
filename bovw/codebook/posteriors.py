r"""Posteriors of a diagonal Gaussian mixture, block by block, by one float32 GEMM.

With weights :math:`\pi_k`, means :math:`\mu_k` and variances :math:`\sigma_k^2`,

.. math::
    \log \pi_k p_k(x) = c_k - \frac12 \sum_j \frac{x_j^2}{\sigma_{kj}^2}
    + \sum_j \frac{\mu_{kj}}{\sigma_{kj}^2} x_j,
    \qquad
    c_k = \log \pi_k - \frac12 \sum_j \Big( \log 2\pi\sigma_{kj}^2 + \frac{\mu_{kj}^2}{\sigma_{kj}^2} \Big)

which is linear in the expanded row :math:`[x^2, x]`: all components of a block of
rows cost one product with a (2 d, K) matrix. The posterior is
:math:`\gamma_k = \pi_k p_k(x) / \sum_l \pi_l p_l(x)`, the log-likelihood of the row
the logarithm of the sum (Bishop, *Pattern Recognition and Machine Learning*, 2006,
section 9.2). The moments of the M-step and of the Fisher vector are products of the
posteriors with the same expanded rows.

Squares in float32 cancel badly when the data lie far from the origin, so everything
is done in *standardized coordinates* :math:`z = (x - m) / s`, with :math:`m` and
:math:`s` the mean and the standard deviation of the mixture itself in each dimension.
"""

import numpy as np

from .._cext import mixture as kernels
from .._validation import check_matrix
from ..errors import ParameterError

#: Posteriors below this are set to exactly 0 by default. All that is dropped in a
#: row is less than K times this, below float32's resolution for K <= 1000.
NEGLIGIBLE_POSTERIOR = 1e-10

# Below this share of posteriors above 0, adding them one by one beats the dense product.
_SPARSE = 0.4

#: Rows of a block: the expanded rows and the posteriors stay in the second-level cache.
BLOCK_ROWS = 512

# Farther out than this many standard deviations float32 tells nothing apart; the
# clamp keeps squares, and so posteriors, finite for every finite input.
_CLAMP = 1e6
_LOG_OF_ZERO = -1e30
_SMALLEST_THRESHOLD = 1e-20


class PreparedMixture:
    """A mixture made ready for posteriors: the packed (2 d, K) matrix and its constants.

    It is a plain, immutable helper, not an estimator; several threads may use one
    object as long as each brings its own ``workspace`` and output arrays.

    Parameters
    ----------
    weights : array of shape (K,)
        Non-negative; scaled to sum to 1. A component of weight 0 has posterior 0.
    means : array of shape (K, d)
    variances : array of shape (K, d)
        Positive.

    Attributes
    ----------
    n_components, n_features : int
        K and d.
    center, scale : float32 arrays of shape (d,)
        m and s of the standardized coordinates ``z = (x - center) / scale``.
    matrix : float32 array of shape (2 d, K)
        Factor of ``[z**2, z]``.
    constants : float32 array of shape (K,)
        Added to the product; log-likelihoods are those of x, not of z.

    Raises
    ------
    ParameterError
        If shapes disagree or a value is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = PreparedMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0], [1.0]])
    >>> mixture.posteriors(np.zeros((1, 1), np.float32))
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, weights, means, variances):
        means = check_matrix("means", means, min_rows=1, dtype=np.float64)
        variances = check_matrix("variances", variances, n_features=means.shape[1], dtype=np.float64)
        weights = np.asarray(weights, dtype=np.float64)
        if variances.shape != means.shape or weights.shape != means.shape[:1]:
            raise ParameterError(
                f"weights {weights.shape}, means {means.shape} and variances {variances.shape} disagree; "
                "(K,), (K, d) and (K, d) are needed"
            )
        if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
            raise ParameterError("weights must be finite, not negative and not all zero")
        if means.shape[1] == 0 or (variances <= 0).any():
            raise ParameterError("variances must be positive, in at least one dimension")
        weights = weights / weights.sum()
        self.n_components, self.n_features = means.shape
        self.center = (weights @ means).astype(np.float32)
        spread = weights @ (variances + (means - self.center) ** 2)
        self.scale = np.sqrt(spread).astype(np.float32)
        self._inverse_scale = (1 / self.scale.astype(np.float64)).astype(np.float32)
        # What the kernel multiplies by is the rounded inverse; the packed numbers follow it exactly.
        inverse = self._inverse_scale.astype(np.float64)
        z_means = (means - self.center) * inverse
        z_variances = variances * inverse**2
        self.matrix = np.ascontiguousarray(
            np.concatenate([-0.5 / z_variances, z_means / z_variances], axis=1).T, dtype=np.float32
        )
        with np.errstate(divide="ignore"):
            constants = np.log(weights) - 0.5 * (
                np.log(2 * np.pi * variances) + z_means**2 / z_variances
            ).sum(axis=1)
        self.constants = np.maximum(constants, _LOG_OF_ZERO).astype(np.float32)

    def workspace(self, n_rows=BLOCK_ROWS):
        """An array of shape (n_rows, 2 d), float32, for :meth:`posteriors`."""
        return _aligned(n_rows, 2 * self.n_features)

    def posteriors(
        self,
        block,
        out=None,
        log_likelihoods=None,
        *,
        sums=None,
        workspace=None,
        threshold=NEGLIGIBLE_POSTERIOR,
    ):
        """Posteriors of one block of rows.

        Nothing is allocated when all output arrays are given. For many rows, call
        it on blocks of about ``BLOCK_ROWS``.

        Parameters
        ----------
        block : array of shape (m, d), float32 or uint8, C-contiguous
            Finite values; the caller has checked them.
        out : float32 array of shape (m, K), C-contiguous, optional
            Where the posteriors go.
        log_likelihoods : float32 array of shape (m,), optional
            Where the log-likelihoods go.
        sums : float32 array of shape (K,), optional
            The posteriors of the block are added to it.
        workspace : float32 array of shape (at least m, 2 d), C-contiguous, optional
            On return its first m rows are ``[z**2, z]``, so that
            ``out.T @ workspace[:m]`` gives both moments of the block.
        threshold : float, default 1e-10
            Posteriors below it (or below 1e-20) become exactly 0; the others are not rescaled.

        Returns
        -------
        out : float32 array of shape (m, K)
        """
        m = len(block)
        if block.shape[1] != self.n_features:
            raise ParameterError(f"block has {block.shape[1]} columns; the mixture has {self.n_features}")
        workspace = self.workspace(m) if workspace is None else workspace
        out = np.empty((m, self.n_components), np.float32) if out is None else out
        log_likelihoods = np.empty(m, np.float32) if log_likelihoods is None else log_likelihoods
        sums = np.zeros(self.n_components, np.float32) if sums is None else sums
        if workspace.ndim != 2 or len(workspace) < m or workspace.shape[1] != 2 * self.n_features:
            raise ParameterError(
                f"workspace has shape {workspace.shape}; ({m}, {2 * self.n_features}) is needed"
            )
        if out.shape != (m, self.n_components):
            raise ParameterError(f"out has shape {out.shape}; ({m}, {self.n_components}) is needed")
        if log_likelihoods.shape != (m,) or sums.shape != (self.n_components,):
            raise ParameterError("log_likelihoods must have shape (m,) and sums (K,)")
        expanded = workspace[:m]
        self.scores(block, expanded, out)
        kernels.softmax_rows(out, self.constants, max(threshold, _SMALLEST_THRESHOLD), log_likelihoods, sums)
        return out

    def statistics(self, X, *, threshold=NEGLIGIBLE_POSTERIOR):
        """Sufficient statistics of a matrix of any number of rows, in standardized coordinates.

        Float32 inside a block of rows, float64 across blocks.

        Parameters
        ----------
        X : array of shape (n, d), float32 or uint8, C-contiguous, finite

        Returns
        -------
        sums : float64 array of shape (K,)
            :math:`\\sum_i \\gamma_{ik}`.
        first, second : float64 arrays of shape (K, d)
            :math:`\\sum_i \\gamma_{ik} z_i` and :math:`\\sum_i \\gamma_{ik} z_i^2`.
        log_likelihood : float
            Sum over the rows.
        """
        K, d = self.n_components, self.n_features
        lists = PosteriorLists(self, min(BLOCK_ROWS, max(len(X), 1)), threshold)
        moments, sums, total = np.zeros((K, 2 * d)), np.zeros(K), 0.0
        sparse = True  # the next block is expected to be like this one
        for start in range(0, len(X), BLOCK_ROWS):
            block = X[start : start + BLOCK_ROWS]
            logs, scores = lists.log_likelihoods[: len(block)], lists.scores[: len(block)]
            expanded = lists.expanded[: len(block)]
            if sparse:
                lists.expand(block)
                lists.list(0, len(block))
                n_positive = kernels.listed_moments(
                    expanded, lists.rows, lists.values, lists.counts, sums, moments
                )
            else:
                block_sums = np.zeros(K, np.float32)
                self.posteriors(block, scores, logs, sums=block_sums, workspace=expanded, threshold=threshold)
                moments += scores.T @ expanded
                sums += block_sums
                n_positive = kernels.count_positive(scores)
            sparse = n_positive < _SPARSE * scores.size
            total += float(logs.sum(dtype=np.float64))
        return sums, moments[:, d:], moments[:, :d], total

    def scores(self, block, expanded, out):
        """Write ``[z**2, z]`` of a block to ``expanded`` and its product with the packed matrix to ``out``."""
        kernels.expand_rows(block, self.center, self._inverse_scale, _CLAMP, expanded)
        np.matmul(expanded, self.matrix, out=out)


class PosteriorLists:
    """Posteriors of one block as lists, one a component, of the rows whose posterior is not negligible.

    Buffers for one thread, filled anew by every block.

    Parameters
    ----------
    mixture : PreparedMixture
    n_rows : int
        Most rows of a block.
    threshold : float
        Posteriors below it (or below 1e-20) are left out; the others are not rescaled. Those that
        together make up less than 1e-6 of their row are not computed at all.

    Attributes
    ----------
    expanded : float32 array of shape (n_rows, 2 d)
        ``[z**2, z]`` of the rows of the block.
    scores : float32 array of shape (n_rows, K)
    log_likelihoods : float32 array of shape (n_rows,)
    rows : int32 array of shape (K, more than n_rows)
        ``rows[k, :counts[k]]`` are the listed rows of component k, rising.
    values : float32 array of the shape of ``rows``
        Their posteriors.
    counts : int32 array of shape (K,)
    """

    def __init__(self, mixture, n_rows, threshold):
        self._mixture = mixture
        self._threshold = max(threshold, _SMALLEST_THRESHOLD)
        K = mixture.n_components
        self.expanded = mixture.workspace(n_rows)
        self.scores = _aligned(n_rows, K)
        self.log_likelihoods = np.empty(n_rows, np.float32)
        # Lists that lay a power of two apart would compete for the same places of the first-level cache.
        self.rows, self.values = np.empty((K, n_rows + 16), np.int32), np.empty((K, n_rows + 16), np.float32)
        self.counts = np.empty(K, np.int32)

    def expand(self, block):
        """Take a block, (m, d) float32 or uint8, C-contiguous and finite."""
        self._mixture.scores(block, self.expanded[: len(block)], self.scores[: len(block)])

    def list(self, start, stop):
        """List the posteriors of rows start:stop of the block; the rows are counted from ``start``."""
        kernels.list_posteriors(
            self.scores[start:stop], self._mixture.constants, self._threshold, self.log_likelihoods[start:stop],
            self.rows, self.values, self.counts,
        )


def _aligned(n_rows, n_columns):
    """An empty float32 array that starts on a cache line, so that no vector of a row of 8 n numbers straddles two."""
    memory = np.empty(n_rows * n_columns + 16, np.float32)
    start = -memory.ctypes.data % 64 // 4
    return memory[start : start + n_rows * n_columns].reshape(n_rows, n_columns)


def block_posteriors(block, weights, means, variances, *, threshold=NEGLIGIBLE_POSTERIOR):
    """Posteriors and log-likelihoods of rows under a diagonal Gaussian mixture.

    The plain function; :class:`PreparedMixture` saves the preparation when there
    are many blocks.

    Parameters
    ----------
    block : array of shape (m, d)
    weights, means, variances : arrays of shape (K,), (K, d), (K, d)
    threshold : float, default 1e-10
        Posteriors below it become exactly 0.

    Returns
    -------
    posteriors : float32 array of shape (m, K)
    log_likelihoods : float32 array of shape (m,)
        Natural logarithm of the density of each row.
    """
    mixture = PreparedMixture(weights, means, variances)
    block = check_matrix("block", block, n_features=mixture.n_features)
    log_likelihoods = np.empty(len(block), np.float32)
    return mixture.posteriors(block, None, log_likelihoods, threshold=threshold), log_likelihoods
