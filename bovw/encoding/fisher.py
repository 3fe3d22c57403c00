r"""Fisher vectors: how an image would like to move the parameters of a Gaussian mixture.

Perronnin and Dance (2007) describe a set of descriptors :math:`x_1 \dots x_N` by the
gradient of its log-likelihood under a mixture of K diagonal Gaussians
:math:`(\pi_k, \mu_k, \sigma_k^2)`, scaled by the inverse root of the Fisher
information. With posteriors :math:`\gamma_{ik} \propto \pi_k\, \mathcal N(x_i; \mu_k, \sigma_k^2)`
and :math:`y_{ik} = (x_i - \mu_k) / \sigma_k`, all by dimension (Sánchez et al. 2013,
equations 16 to 18):

.. math::
    u_k &= \frac1{N\sqrt{\pi_k}} \sum_i \gamma_{ik}\, y_{ik}, \\
    v_k &= \frac1{N\sqrt{2\pi_k}} \sum_i \gamma_{ik}\, (y_{ik}^2 - 1), \\
    s_k &= \frac1{\sqrt{\pi_k}} \Bigl(\frac1N \sum_i \gamma_{ik} - \pi_k\Bigr).

The code is :math:`u_1 \dots u_K, v_1 \dots v_K`, with :math:`s_1 \dots s_K` in front if
asked for. The *improved* Fisher vector (Perronnin, Sánchez and Mensink 2010) replaces
each element z by :math:`\mathrm{sign}(z)\sqrt{|z|}` and scales to unit length.

Most posteriors are next to nothing: those below a threshold are dropped. What is
left is listed by component and summed entry by entry, in registers. Sums are float32
inside a block of some hundred rows and float64 across blocks.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._cext import fisher as kernels
from .._docs import documented_by
from .._parameters import Boolean, Choice, Number, Part
from .._validation import check_bool, check_matrix
from ..codebook import GMMCodebook
from ..codebook.posteriors import BLOCK_ROWS, PosteriorLists, PreparedMixture
from ..descriptors.descriptor_set import as_rows
from .base import Encoder, check_arguments, segments
from .normalization import normalize

#: Components of smaller weight have no reliable scale; their part of the code is 0.
VANISHING_WEIGHT = 1e-6
_LEAST_THRESHOLD = 1e-20


class FisherVector(Encoder):
    """Fisher vector over a Gaussian mixture.

    Power and L2 normalization belong to :class:`bovw.SpatialPyramid`
    (``cell_norm=("power", "l2")`` or ``norm=("power", "l2")``); codes of this
    class are not normalized.

    Parameters
    ----------
    codebook : GMMCodebook or None, default None
        The mixture that ``fit`` clones and fits. None is ``GMMCodebook()``.
    threshold : float in [0, 0.5], default 0.0001
        Posteriors below it are dropped. The others are not rescaled.
    weight_gradient : bool, default False
        Put the K derivatives by the weights in front.
    convention : {"vlfeat", "skimage"}, default "vlfeat"
        "skimage" has the opposite sign in the second half, as
        ``skimage.feature.fisher_vector``; with ``weight_gradient`` it is that function's layout.

    Attributes
    ----------
    codebook_ : GMMCodebook
        The fitted mixture.
    n_features_in_ : int
        Dimension of a descriptor.

    Notes
    -----
    Poolings: "average" (the definition above), "sum" (N times it, without the weights' mean).

    Components with a weight below 1e-6 give zeros. With the default threshold the code
    keeps a cosine above 0.99999 with the exact one.

    References
    ----------
    F. Perronnin, C. Dance. Fisher kernels on visual vocabularies for image
    categorization. CVPR 2007. :doi:`10.1109/CVPR.2007.383266`

    F. Perronnin, J. Sánchez, T. Mensink. Improving the Fisher kernel for large-scale image
    classification. ECCV 2010. :doi:`10.1007/978-3-642-15561-1_11`. Section 3, the improvements.

    J. Sánchez, F. Perronnin, T. Mensink, J. Verbeek. Image classification with the Fisher
    vector: theory and practice. IJCV 105, 2013. :doi:`10.1007/s11263-013-0636-x`. Equations 16 to 18.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import GMMCodebook
    >>> X = np.array([[0.0], [0.2], [5.0], [5.2]])
    >>> encoder = FisherVector(GMMCodebook(2, init=([0.5, 0.5], [[0.0], [5.0]], [[1.0], [1.0]]))).fit(X)
    >>> encoder.encode([[0.2], [0.3]]).round(2)
    array([2.12, 0.  , 1.5 , 0.  ], dtype=float32)
    """

    poolings = ("average", "sum")
    PARAMETERS = {
        "codebook": Part("GMMCodebook", default=GMMCodebook, methods=("fit", "posteriors")),
        "threshold": Number(0, 0.5), "weight_gradient": Boolean(), "convention": Choice("vlfeat", "skimage"),
    }

    def __init__(
        self, codebook: BaseEstimator | None = None, *, threshold: float = 1e-4, weight_gradient: bool = False,
        convention: str = "vlfeat",
    ):
        self.codebook = codebook
        self.threshold = threshold
        self.weight_gradient = weight_gradient
        self.convention = convention

    @property
    def code_size(self) -> int:
        """Length of a pooled code: 2 K d, and K more with ``weight_gradient``."""
        check_is_fitted(self)
        means = self.codebook_.means_
        return 2 * means.size + (len(means) if self.weight_gradient else 0)

    @property
    def has_blocks(self) -> bool:
        """Whether the code is a row of equal blocks: not with ``weight_gradient``."""
        return not self.weight_gradient

    @property
    def block_size(self) -> int | None:
        """Numbers of one codeword side by side: d; None with ``weight_gradient``."""
        check_is_fitted(self)
        return self.codebook_.means_.shape[1] if self.has_blocks else None

    def statistics(self, descriptors, offsets, pooling):
        return self._mixture().statistics(descriptors, offsets, self.checked("threshold"))

    def finish(self, statistics, counts, pooling):
        return self._mixture().finish(
            statistics, counts, average=pooling == "average", weight_gradient=self.weight_gradient,
            convention=self.convention,
        )

    def _mixture(self):
        codebook = self.codebook_
        return self._prepared(FisherMixture, codebook.weights_, codebook.means_, codebook.variances_)


class FisherMixture:
    """A mixture made ready for Fisher statistics; a plain immutable helper, not an estimator.

    Parameters
    ----------
    weights, means, variances : arrays of shape (K,), (K, d), (K, d)
    """

    def __init__(self, weights, means, variances):
        self.posterior = PreparedMixture(weights, means, variances)
        scale = self.posterior.scale.astype(np.float64)
        self.weights = np.asarray(weights, np.float64) / np.sum(weights, dtype=np.float64)
        # In the standardized coordinates of the posteriors.
        self.means = ((means - self.posterior.center.astype(np.float64)) / scale).astype(np.float32)
        self.inverse_deviations = (scale / np.sqrt(np.asarray(variances, np.float64))).astype(np.float32)

    def statistics(self, X, offsets, threshold):
        """Per group the posterior mass of each component, then the sums of gamma y and gamma (y^2 - 1).

        Returns a float64 array of shape (n_groups, K + 2 K d).
        """
        K, d = self.means.shape
        lists = PosteriorLists(self.posterior, min(BLOCK_ROWS, len(X)), max(threshold, _LEAST_THRESHOLD))
        part = np.empty(K + 2 * K * d, np.float32)
        mass, first, second = part[:K], part[K : K + K * d].reshape(K, d), part[K + K * d :].reshape(K, d)
        total = np.zeros((len(offsets) - 1, len(part)))
        for start in range(0, len(X), BLOCK_ROWS):
            block = X[start : start + BLOCK_ROWS]
            lists.expand(block)
            for group, low, high in segments(offsets, start, start + len(block)):
                lists.list(low - start, high - start)
                kernels.listed_fisher(
                    lists.expanded[low - start : high - start], self.means, self.inverse_deviations, lists.rows,
                    lists.values, lists.counts, mass, first, second,
                )
                total[group] += part
        return total

    def finish(self, statistics, counts, *, average, weight_gradient, convention):
        """Fisher vectors, (n_cells, code_size) float32, from statistics and descriptor counts of cells."""
        K, d = self.means.shape
        root = np.sqrt(np.maximum(self.weights, VANISHING_WEIGHT))
        scale = np.where(self.weights < VANISHING_WEIGHT, 0.0, 1 / root)
        if average:
            scale = scale / np.maximum(counts, 1)[:, None]
        else:
            scale = np.broadcast_to(scale, (len(counts), K))
        sign = 1.0 if convention == "vlfeat" else -1.0
        mass, first, second = np.split(statistics, [K, K + K * d], axis=1)
        parts = [
            first * np.repeat(scale, d, axis=1),
            second * np.repeat(scale * (sign / np.sqrt(2)), d, axis=1),
        ]
        if weight_gradient:
            parts.insert(0, (mass - np.asarray(counts)[:, None] * self.weights) * scale)
        return np.concatenate(parts, axis=1, dtype=np.float32)


@documented_by(FisherVector)
def fisher_vector(
    descriptors, weights, means, variances, *, threshold: float = 1e-4, weight_gradient: bool = False,
    convention: str = "vlfeat", improved: bool = False,
) -> np.ndarray:
    """Fisher vector of a set of descriptors.

    Parameters
    ----------
    descriptors : array of shape (n, d), or descriptor sets
        May be empty: the code is 0.
    weights, means, variances : arrays of shape (K,), (K, d), (K, d)
        The mixture. Weights are scaled to sum to 1; variances are positive.
    threshold, weight_gradient, convention
        As in :class:`FisherVector`.
    improved : bool, default False
        Take the signed root of each number and scale the code to unit length, as VLFeat's option of that name does;
        in the class these are steps of ``SpatialPyramid``.

    Returns
    -------
    code : array of shape (2 K d,), float32
        u_1 ... u_K, v_1 ... v_K; K more in front with ``weight_gradient``.

    Examples
    --------
    >>> fisher_vector([[2.0], [2.0]], [1.0], [[1.0]], [[1.0]]).tolist()
    [1.0, 0.0]
    """
    threshold, weight_gradient, convention = check_arguments(
        FisherVector, threshold=threshold, weight_gradient=weight_gradient, convention=convention
    )
    check_bool("improved", improved)
    means = check_matrix("means", means, min_rows=1)
    variances = check_matrix("variances", variances)
    mixture = FisherMixture(np.asarray(weights), means, variances)
    X = check_matrix("descriptors", as_rows(descriptors), n_features=means.shape[1])
    counts = np.array([len(X)])
    code = mixture.finish(
        mixture.statistics(X, np.array([0, len(X)]), threshold), counts, average=True,
        weight_gradient=weight_gradient, convention=convention,
    )
    return normalize(code, ("power", "l2") if improved else ())[0]
