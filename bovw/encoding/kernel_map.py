r"""Homogeneous kernel maps: additive kernels made linear (Vedaldi and Zisserman 2012).

The additive kernels of histograms sum, over the dimensions,

=================  =======================================================================
``"chi2"``         :math:`k(x, y) = 2xy / (x + y)`
``"intersection"`` :math:`k(x, y) = \min(x, y)`
``"js"``           :math:`k(x, y) = \frac x2 \log_2\frac{x + y}x + \frac y2 \log_2\frac{x + y}y`
=================  =======================================================================

Each is homogeneous, so with its *signature* :math:`\mathcal K`,

.. math::
    k(x, y) = \sqrt{xy}\; \mathcal K(\ln y - \ln x),

=================  =======================================================================
``"chi2"``         :math:`\mathcal K(\lambda) = 1 / \cosh(\lambda / 2)`
``"intersection"`` :math:`\mathcal K(\lambda) = e^{-|\lambda| / 2}`
``"js"``           :math:`\mathcal K(\lambda) = \tfrac12 e^{\lambda/2} \log_2(1 + e^{-\lambda})
                   + \tfrac12 e^{-\lambda/2} \log_2(1 + e^{\lambda})`
=================  =======================================================================

Cutting the signature to a period :math:`\Lambda` (a rectangular window) and repeating
it turns it into a Fourier series with frequencies :math:`jL`, :math:`L = 2\pi/\Lambda`, and coefficients

.. math::
    \kappa_j = \frac1\pi \int_0^{\Lambda/2} \mathcal K(\lambda) \cos(jL\lambda)\, d\lambda.

Its first terms give the map of order n, of dimension 2n + 1:

.. math::
    \Psi_0 = \sqrt{x L \kappa_0}, \qquad
    (\Psi_{2j-1}, \Psi_{2j}) = \sqrt{2 x L \kappa_j}\, (\cos, \sin)(jL \ln x).

The period balances cutting against coarse frequencies and is a fitted function of n
(their section 4.3). A power :math:`x^\gamma` in place of x makes the kernel
:math:`\gamma`-homogeneous. Negative numbers map by :math:`\Psi(-x) = -\Psi(x)`.

The Hellinger kernel :math:`\sqrt{xy}` needs no approximation: its map is the signed root.
"""

import numpy as np
from scipy.integrate import quad
from sklearn.utils.validation import check_is_fitted

from .._parameters import Choice, Declared, Integer, Number, Optional
from .._transformer import Float32Transformer
from .._validation import check_matrix, check_samples
from .base import check_arguments
from .normalization import normalize

_SIGNATURES = {
    "chi2": lambda t: 1 / np.cosh(t / 2),
    "intersection": lambda t: np.exp(-np.abs(t) / 2),
    "js": lambda t: (np.exp(t / 2) * np.log1p(np.exp(-t)) + np.exp(-t / 2) * np.log1p(np.exp(t))) / (2 * np.log(2)),
}
_PERIODS = {
    "chi2": lambda n: 8.80 * np.sqrt(n + 4.44) - 12.6,
    "intersection": lambda n: 2.00 * np.log(n + 0.99) + 3.52,
    "js": lambda n: 9.63 * np.sqrt(n + 1.0) - 2.93,
}

#: Smaller numbers are taken for 0: their logarithm is of no use.
SMALLEST = 2.0**-20


class HomogeneousKernelMap(Declared, Float32Transformer):
    """Approximate feature map of an additive kernel, for signatures of counts.

    Parameters
    ----------
    kernel : {"chi2", "intersection", "js"}, default "chi2"
    order : int >= 0, default 1
        n: each number becomes 2 n + 1.
    gamma : float > 0, default 1.0
        Degree of homogeneity, positive: x enters as its power gamma.
    period : float > 0 or None, default None
        Period of the repeated signature. None is the fitted value for kernel and order.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in ``fit``.
    coefficients_ : array of shape (order + 1,), float64
        Fourier coefficients of the signature.
    period_ : float
        The period in use.

    Notes
    -----
    Numbers below 2**-20 in size map to 0.

    References
    ----------
    A. Vedaldi, A. Zisserman. Efficient additive kernels via explicit feature maps.
    IEEE PAMI 34, 2012. :doi:`10.1109/TPAMI.2011.153`. Section 4; the periods, 4.3.

    Examples
    --------
    >>> HomogeneousKernelMap().fit_transform([[0.5]]).round(4).tolist()
    [[0.5720999836921692, 0.35100001096725464, -0.2150000035762787]]
    """

    PARAMETERS = {
        "kernel": Choice(*_SIGNATURES), "order": Integer(0), "gamma": Number(0, exclusive=True),
        "period": Optional(Number(0, exclusive=True)),
    }

    def __init__(self, kernel: str = "chi2", *, order: int = 1, gamma: float = 1.0, period: float | None = None):
        self.kernel = kernel
        self.order = order
        self.gamma = gamma
        self.period = period

    @property
    def _n_features_out(self):
        return self.n_features_in_ * (2 * self.order + 1)

    def fit(self, X, y=None) -> "HomogeneousKernelMap":
        """Work out the coefficients; of X only the number of columns matters; returns self.

        Parameters
        ----------
        X : array of shape (n, d)
            Signatures.
        y : ignored
        """
        self.check_params()
        self.coefficients_, self.period_ = _coefficients(self.kernel, self.order, self.period)
        check_samples(self, X, reset=True)
        return self

    def transform(self, X) -> np.ndarray:
        """The map of each number, side by side.

        Parameters
        ----------
        X : array of shape (n, d)

        Returns
        -------
        array of shape (n, d (2 order + 1)), float32
            Columns ``(2 order + 1) j`` and following belong to column j of X.
        """
        check_is_fitted(self)
        X = check_samples(self, X).astype(np.float32, copy=False)
        return _map(X, self.coefficients_, self.period_, self.gamma)


def _coefficients(kernel, order, period):
    period = _PERIODS[kernel](order) if period is None else period
    signature = _SIGNATURES[kernel]
    # Cutting may turn a high coefficient negative; such a frequency is left out.
    coefficients = [
        max(quad(signature, 0, period / 2, weight="cos", wvar=2 * np.pi * j / period)[0] / np.pi, 0.0)
        for j in range(order + 1)
    ]
    return np.array(coefficients), float(period)


def _map(X, coefficients, period, gamma):
    L = 2 * np.pi / period
    size = np.abs(X)
    kept = size >= SMALLEST
    logs = np.log(np.where(kept, size, 1))
    root = np.where(kept, np.sign(X) * np.exp(logs * np.float32(gamma / 2)), 0)
    out = np.empty((*X.shape, 2 * len(coefficients) - 1), np.float32)
    out[..., 0] = root * np.float32(np.sqrt(L * coefficients[0]))
    for j in range(1, len(coefficients)):
        amplitude = root * np.float32(np.sqrt(2 * L * coefficients[j]))
        angle = logs * np.float32(j * L)
        out[..., 2 * j - 1] = amplitude * np.cos(angle)
        out[..., 2 * j] = amplitude * np.sin(angle)
    return out.reshape(len(X), -1)


def homogeneous_kernel_map(
    X, kernel: str = "chi2", *, order: int = 1, gamma: float = 1.0, period: float | None = None
) -> np.ndarray:
    """Approximate feature map of an additive kernel.

    Parameters
    ----------
    X : array of shape (n, d)
    kernel : "chi2", "intersection" or "js", default "chi2"
    order : int, default 1
        n, not negative: each number becomes 2 n + 1.
    gamma : float, default 1.0
        Degree of homogeneity, positive.
    period : float, default None
        Positive. None is the fitted value for kernel and order.

    Returns
    -------
    array of shape (n, d (2 order + 1)), float32

    Raises
    ------
    ParameterError
        If a parameter is out of range, or X is no finite matrix.

    See Also
    --------
    HomogeneousKernelMap : the estimator, with references.

    Examples
    --------
    >>> homogeneous_kernel_map([[0.5]], "intersection").round(4).tolist()
    [[0.5370000004768372, 0.23510000109672546, -0.289900004863739]]
    """
    kernel, order, gamma, period = check_arguments(
        HomogeneousKernelMap, kernel=kernel, order=order, gamma=gamma, period=period
    )
    coefficients, period = _coefficients(kernel, order, period)
    return _map(check_matrix("X", X), coefficients, period, gamma)


def hellinger_map(X) -> np.ndarray:
    """The exact feature map of the Hellinger kernel: the signed square root.

    Parameters
    ----------
    X : array of shape (n, d)

    Returns
    -------
    array of shape (n, d), float32
        ``X`` scaled to unit L1 norm beforehand gives rows of unit length.

    Examples
    --------
    >>> hellinger_map([[4.0, -9.0]]).tolist()
    [[2.0, -3.0]]
    """
    return normalize(X, ("power",), alpha=0.5)
