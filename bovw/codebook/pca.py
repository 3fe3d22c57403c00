r"""Principal components of descriptors.

With the mean :math:`m` and the covariance
:math:`\Sigma = \frac{1}{n-1} \sum_i (x_i - m)(x_i - m)^\top = \sum_j \lambda_j e_j e_j^\top`,
:math:`\lambda_1 \ge \lambda_2 \ge \dots`, a descriptor becomes
:math:`y_j = e_j^\top (x - m)` for the first components, divided by
:math:`\sqrt{\lambda_j + \rho \lambda_1 + \varepsilon}` when whitening, :math:`\rho` the regularization
(Jolliffe, *Principal Component Analysis*, 2nd ed., 2002, chapter 2). *ZCA* whitening keeps
all components and turns them back to the axes of the descriptor, :math:`\sum_j y_j e_j`: of
all whitening transforms it changes a descriptor least (Bell and Sejnowski, *The "independent
components" of natural scenes are edge filters*, Vision Research 1997). Local descriptors
are many and short, so the d x d covariance is accumulated by blocked products, float32
inside a block and float64 across blocks, and decomposed in float64.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._cext import nearest as kernels
from .._parameters import AnyOf, Boolean, Choice, Declared, Integer, Number
from .._transformer import Float32Transformer
from .._validation import check_descriptors, check_int, check_output, check_samples
from ..descriptors.descriptor_set import DescriptorSet, as_descriptor_set, is_descriptor_sets, rows_to_learn
from ..errors import ParameterError

_ROWS = 1024
_NO_VARIANCE = 1e-12  # an eigenvalue below this fraction of the largest is rounding


class _Matrices(Float32Transformer):
    """The projection of plain matrices, whose output ``set_output`` may wrap."""

    n_features_in_: int

    def transform(self, X, out: np.ndarray | None = None):
        return self._project(check_samples(self, X), out)

    def _project(self, X, out):
        raise NotImplementedError


class _Sets(_Matrices, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """The projection of descriptor sets as well, which come out as descriptor sets, never wrapped."""

    def transform(self, X, out: np.ndarray | None = None) -> np.ndarray | DescriptorSet:
        """Project descriptors.

        Parameters
        ----------
        X : array of shape (n, d), or descriptor sets
        out : float32 array of shape (n, n_components), C-contiguous, optional
            Where the result goes; for uint8 and float32 input nothing else of the
            size of X is then allocated.

        Returns
        -------
        float32 array of shape (n, n_components), or DescriptorSet
            Of a DescriptorSet or a list, a DescriptorSet: the same images, with their frames, norms and sizes.
        """
        check_is_fitted(self)
        if not is_descriptor_sets(X):
            return super().transform(X, out)
        sets = as_descriptor_set(X)
        rows = check_descriptors("X", sets.descriptors, n_features=self.n_features_in_)
        return sets.replace(self._project(rows, out))

    def fit_transform(self, X, y=None) -> np.ndarray | DescriptorSet:
        """``fit(X).transform(X)``."""
        return self.fit(X, y).transform(X)


class DescriptorPCA(Declared, _Sets):
    """Projection of descriptors onto their first principal components.

    Parameters
    ----------
    n_components : int >= 1, default 64
        Output size.
    whiten : bool or {"zca"}, default False
        Scale every component to unit variance; with "zca" also turn back to the axes of
        the descriptor, which takes ``n_components`` = d.
    regularization : float >= 0, default 0.0
        When whitening, this fraction of the largest eigenvalue is added to every
        eigenvalue before its root is divided by, so that weak components are not
        blown up.
    epsilon : float >= 0, default 0.0
        Added to every eigenvalue as well, in squared units of the descriptors.
    renormalize : bool, default False
        Scale every projected descriptor to unit Euclidean length. Zero stays zero.

    Attributes
    ----------
    mean_ : float32 array of shape (d,)
    components_ : float32 array of shape (n_components, d)
        Orthonormal rows, the entry of largest absolute value of each positive.
    explained_variance_ : float32 array of shape (n_components,)
        Eigenvalues, falling.
    explained_variance_ratio_ : float32 array of shape (n_components,)
    n_features_in_ : int
        d.

    Notes
    -----
    A direction without any variance is projected to 0 when whitening without
    regularization.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    >>> DescriptorPCA(1).fit_transform(X).ravel()
    array([-1.,  1., -1.,  1.], dtype=float32)
    >>> DescriptorPCA(1).fit_transform([X, X[:2]])
    DescriptorSet(2 images, 6 descriptors of size 1 float32)
    """

    PARAMETERS = {
        "n_components": Integer(1), "whiten": AnyOf(Boolean(), Choice("zca")), "regularization": Number(0),
        "epsilon": Number(0), "renormalize": Boolean(),
    }

    def __init__(
        self, n_components: int = 64, *, whiten: bool | str = False, regularization: float = 0.0,
        epsilon: float = 0.0, renormalize: bool = False,
    ):
        self.n_components = n_components
        self.whiten = whiten
        self.regularization = regularization
        self.epsilon = epsilon
        self.renormalize = renormalize

    def fit(self, X, y=None) -> "DescriptorPCA":
        """Learn mean and components; returns self.

        Parameters
        ----------
        X : array of shape (n, d), or descriptor sets
            Descriptors, at least two; float32 and uint8 are used as they are. Of sets, all rows together.
        y : ignored

        Raises
        ------
        ParameterError
            If there are fewer dimensions than components, fewer than two descriptors,
            or values out of range.
        """
        self.check_params()
        n_components = self.n_components
        X = check_samples(self, rows_to_learn(X), reset=True)
        n, d = X.shape
        if n_components > d:
            raise ParameterError(
                f"n_components={n_components} exceeds the size of the descriptors, {d}; lower it for DescriptorPCA"
            )
        if self.whiten == "zca" and n_components < d:
            raise ParameterError(
                f"whiten='zca' keeps all components: n_components={n_components} must be the size of the "
                f"descriptors, {d}"
            )
        if n < 2:
            raise ParameterError(f"n_samples={n}: principal components need at least 2 descriptors")
        self.mean_, self.components_, eigenvalues, total = principal_components(X, n_components)
        self.explained_variance_ = eigenvalues
        self.explained_variance_ratio_ = (
            eigenvalues / np.float32(total) if total > 0 else np.zeros_like(eigenvalues)
        )
        return self

    @property
    def _n_features_out(self):
        return len(self.components_)

    def _project(self, X, out):
        shape = (len(X), len(self.components_))
        out = check_output("out", out, shape)
        projection = self._projection()
        rows = min(_ROWS, max(1, len(X)))
        centered, norms = np.empty((rows, X.shape[1]), np.float32), np.empty(rows, np.float32)
        for start in range(0, len(X), rows):
            block = X[start : start + rows]
            projected = out[start : start + rows]
            kernels.center_rows(block, self.mean_, centered[: len(block)], norms[: len(block)])
            if projection.shape[1] == 1:  # BLAS's product with a vector rounds a row by its place in memory
                np.einsum("ij,jk->ik", centered[: len(block)], projection, out=projected, optimize=False)
            else:
                np.matmul(centered[: len(block)], projection, out=projected)
            if self.renormalize:
                lengths = np.sqrt(np.einsum("ij,ij->i", projected, projected))
                projected /= np.where(lengths > 0, lengths, 1)[:, None]
        return out

    def _projection(self):
        """The (d, n_components) matrix of the projection, scaled if whitening."""
        if not self.whiten:
            return np.ascontiguousarray(self.components_.T)
        eigenvalues = self.explained_variance_.astype(np.float64)
        regularized = eigenvalues + self.regularization * eigenvalues[0] + self.epsilon
        alive = regularized > _NO_VARIANCE * eigenvalues[0]
        scale = np.where(alive, 1 / np.sqrt(np.where(alive, regularized, 1)), 0)
        projection = self.components_.T * scale
        if self.whiten == "zca":
            projection = projection @ self.components_.astype(np.float64)
        return np.ascontiguousarray(projection, dtype=np.float32)


def principal_components(X, n_components):
    """Mean, leading eigenvectors and eigenvalues of the covariance of descriptors.

    Parameters
    ----------
    X : array of shape (n, d), n at least 2
        Descriptors; float32 and uint8 are used as they are.
    n_components : int
        At most d.

    Returns
    -------
    mean : float32 array of shape (d,)
    components : float32 array of shape (n_components, d)
        Orthonormal rows, the entry of largest absolute value of each positive.
    eigenvalues : float32 array of shape (n_components,)
        Falling, not negative.
    total : float
        Sum of all d eigenvalues.
    """
    X = check_descriptors("X", X, min_rows=2)
    n, d = X.shape
    n_components = check_int("n_components", n_components, minimum=1, maximum=d)
    mean = X.mean(axis=0, dtype=np.float64)
    origin = mean.astype(np.float32)
    rows = min(_ROWS, n)
    centered, norms = np.empty((rows, d), np.float32), np.empty(rows, np.float32)
    product, covariance = np.empty((d, d), np.float32), np.zeros((d, d))
    for start in range(0, n, rows):
        block = X[start : start + rows]
        part = centered[: len(block)]
        kernels.center_rows(block, origin, part, norms[: len(block)])
        np.matmul(part.T, part, out=product)
        covariance += product
    covariance -= n * np.outer(mean - origin, mean - origin)  # the rounding of the origin
    covariance /= n - 1
    eigenvalues, vectors = np.linalg.eigh(covariance)
    eigenvalues, vectors = np.maximum(eigenvalues[::-1], 0), vectors[:, ::-1]
    components = vectors[:, :n_components].T
    peaks = np.abs(components).argmax(axis=1)
    components = components * np.sign(components[np.arange(n_components), peaks])[:, None]
    return (
        origin,
        np.ascontiguousarray(components, dtype=np.float32),
        eigenvalues[:n_components].astype(np.float32),
        float(eigenvalues.sum()),
    )
