r"""Codecs: how a store keeps a signature, and what it costs.

A codec turns signatures into codes, rows of few bytes, and back into approximations
:math:`\hat x`. All share one contract:

* ``fit(X)`` learns on a sample of signatures, an array or a float ``SignatureStore``;
* ``encode(X)`` (m, d) float32 -> (m, code_size) ``code_dtype``;
* ``decode(codes, out=None)`` -> (m, d) float32, :math:`\hat x`;
* ``dot(codes, W)`` -> (m, K) float32, equal to ``decode(codes) @ W.T`` within rounding, but cheaper;
* ``bytes_per_image``, and ``reconstruction_error_``, measured on the sample:

.. math:: \sum_i \|x_i - \hat x_i\|^2 \Big/ \sum_i \|x_i\|^2 .

Here stand half precision and feature hashing; product quantization has a file of its own.

*Half precision* keeps 11 significant bits: elements change by at most one part in 2048
as long as they exceed 6e-5 in magnitude, and nothing above 65504 can be kept.

*Feature hashing* (Weinberger, Dasgupta, Langford, Smola and Attenberg, "Feature hashing
for large scale multitask learning", ICML 2009) adds every column j, with a random sign
:math:`s(j)`, into a random one :math:`h(j)` of few columns,

.. math:: z_b = \sum_{j: h(j) = b} s(j)\, x_j , \qquad \hat x_j = s(j)\, z_{h(j)} .

Over the draw of h and s, :math:`\langle z(x), z(y) \rangle` has mean
:math:`\langle x, y \rangle` (their Lemma 2), and :math:`\langle w, \hat x \rangle =
\langle z(w), z(x) \rangle`. The approximation of x itself is poor: with d / n columns
a bucket its error is about d / n - 1 times the signature's own square.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._cext import half_precision as kernels
from .._files import fingerprint
from .._random import GENERATORS, check_seed, stage_rng
from .._validation import check_int, check_matrix, check_output, check_samples
from ..errors import ParameterError
from ..persist import NOT_SAVED

_BLOCK_BYTES = 2**26
_MEASURED_ROWS = 2000


class Codec(BaseEstimator):
    """Base of the codecs: checks, measures and describes."""

    @property
    def code_size(self):
        """Length of a code, in elements of ``code_dtype``."""
        raise NotImplementedError

    @property
    def bytes_per_image(self):
        """Size of a code on disk."""
        return self.code_size * np.dtype(self.code_dtype).itemsize

    def description(self):
        """What a manifest says of the codec: class, parameters, fingerprint, bytes an image, error."""
        check_is_fitted(self)
        parameters = {
            name: None if isinstance(value, GENERATORS) else value
            for name, value in self.get_params().items() if name not in NOT_SAVED
        }
        state = {name: value for name, value in vars(self).items() if name.endswith("_") and not name.startswith("_")}
        return {
            "class": type(self).__name__, "parameters": parameters,
            "fingerprint": fingerprint({"class": type(self).__name__, "parameters": parameters, "state": state}),
            "bytes_per_image": self.bytes_per_image, "reconstruction_error": self.reconstruction_error_,
        }

    def _check_sample(self, X):
        """The sample as something with ``shape``; sets ``n_features_in_``."""
        if hasattr(X, "read_columns"):
            if not X.is_complete:
                raise ParameterError(f"X is {X!r}; the sample must be complete")
            self.n_features_in_ = X.signature_size
        else:
            X = check_samples(self, X, reset=True)
        if X.shape[0] == 0:
            raise ParameterError("X has no rows; fit the codec on a sample of signatures")
        return X

    def _check_rows(self, X):
        check_is_fitted(self)
        return check_matrix("X", X, n_features=self.n_features_in_)

    def _check_weights(self, W):
        """``W`` as (K, d) float32."""
        check_is_fitted(self)
        return check_matrix("W", W, n_features=self.n_features_in_)

    def _measure(self, X):
        """The reconstruction error on at most 2,000 evenly spaced rows."""
        rows = np.unique(np.linspace(0, X.shape[0] - 1, _MEASURED_ROWS).astype(np.int64))
        height = max(1, _BLOCK_BYTES // (4 * X.shape[1]))
        wrong = total = 0.0
        for start in range(0, len(rows), height):
            block = np.asarray(X[rows[start : start + height]], dtype=np.float32)
            total += sum_of_squares(block)
            wrong += sum_of_squares(block - self.decode(self.encode(block)))
        return relative_error(wrong, total)


def check_codes(codes, code_size, code_dtype):
    """``codes`` as a C-contiguous (m, code_size) array of ``code_dtype``, which it must have."""
    codes = np.ascontiguousarray(codes)
    if codes.ndim != 2 or codes.shape[1] != code_size or codes.dtype != code_dtype:
        raise ParameterError(
            f"codes has shape {codes.shape}, dtype {codes.dtype}; (m, {code_size}) {np.dtype(code_dtype)} is needed"
        )
    return codes


def sum_of_squares(X):
    """The sum of squares of a float32 matrix: rows in float32, their sum in float64."""
    return float(np.einsum("ij,ij->i", X, X).sum(dtype=np.float64))


def relative_error(wrong, total):
    """``wrong / total``, 0 for a sample of zeros.

    Raises
    ------
    ParameterError
        If squares left the range of float32.
    """
    if not np.isfinite(wrong) or not np.isfinite(total):
        raise ParameterError("X has values whose squares exceed float32; scale the signatures, to unit norm say")
    return wrong / total if total > 0 else 0.0


class Float16Codec(Codec):
    """Signatures in half precision: 2 bytes an element.

    Attributes
    ----------
    reconstruction_error_ : float
        Relative squared error on the sample.
    n_features_in_ : int

    Notes
    -----
    The definition stands at the head of :mod:`bovw.signatures.codecs`.

    Examples
    --------
    >>> import numpy as np
    >>> codec = Float16Codec().fit(np.eye(3))
    >>> codec.bytes_per_image, codec.decode(codec.encode([[0.5, 0.1, 0.0]]))
    (6, array([[0.5       , 0.09997559, 0.        ]], dtype=float32))
    """

    code_dtype = np.float16

    @property
    def code_size(self):
        """The number of elements d."""
        return self.n_features_in_

    def fit(self, X, y=None):
        """Take note of the number of columns and measure the error. Returns self."""
        X = self._check_sample(X)
        self.reconstruction_error_ = self._measure(X)
        return self

    def encode(self, X):
        """X (m, d) -> (m, d) float16.

        Raises
        ------
        ParameterError
            If an element exceeds 65504, the largest half-precision number.
        """
        X = self._check_rows(X)
        with np.errstate(over="ignore"):
            codes = X.astype(np.float16)
        if not np.isfinite(codes).all():
            raise ParameterError(f"X holds {np.abs(X).max():.6g}; float16 ends at 65504: scale the signatures")
        return codes

    def decode(self, codes, out=None):
        """Codes (m, d) float16 -> (m, d) float32, into ``out`` if given."""
        check_is_fitted(self)
        codes = check_codes(codes, self.code_size, self.code_dtype)
        out = check_output("out", out, (len(codes), self.n_features_in_))
        kernels.to_float(codes.view(np.uint16), out)
        return out

    def dot(self, codes, W):
        """Products with the rows of ``W`` (K, d): (m, K) float32."""
        return self.decode(codes) @ self._check_weights(W).T


class FeatureHashing(Codec):
    """Signed feature hashing into ``n_features`` columns.

    Parameters
    ----------
    n_features : int
        Columns after hashing; a code takes 4 bytes each.
    random_state : int, RandomState, Generator or None

    Attributes
    ----------
    buckets_ : int32 array of shape (d,)
        Where each column goes, h.
    signs_ : int8 array of shape (d,)
        With which sign, s.
    reconstruction_error_ : float
        Relative squared error on the sample; usually above 1.
    n_features_in_ : int

    Notes
    -----
    The definition stands at the head of :mod:`bovw.signatures.codecs`. To learn in
    the small space, write ``encode(X)`` into a store with ``signature_size=n_features``
    and no codec; as the codec of a store, rows come back with all their columns.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.eye(64, dtype=np.float32)
    >>> codec = FeatureHashing(8).fit(X)
    >>> codes = codec.encode(X)
    >>> codes.shape, codec.bytes_per_image, bool(np.allclose(codec.dot(codes, X), codec.decode(codes) @ X.T))
    ((64, 8), 32, True)
    """

    code_dtype = np.float32

    def __init__(self, n_features=4096, *, random_state=0):
        self.n_features = n_features
        self.random_state = random_state

    @property
    def code_size(self):
        """The number of columns after hashing."""
        return self.n_features

    def fit(self, X, y=None):
        """Draw the hash functions and measure the error. Returns self."""
        n_features = check_int("n_features", self.n_features, minimum=1)
        seed = check_seed(self.random_state)
        X = self._check_sample(X)
        rng = stage_rng(seed, "feature hashing")
        self.buckets_ = rng.integers(n_features, size=X.shape[1], dtype=np.int32)
        self.signs_ = (2 * rng.integers(2, size=X.shape[1], dtype=np.int8) - 1).astype(np.int8)
        self.reconstruction_error_ = self._measure(X)
        return self

    def encode(self, X):
        """X (m, d) -> (m, n_features) float32, z."""
        return hash_features(self._check_rows(X), self.buckets_, self.signs_, self.n_features)

    def decode(self, codes, out=None):
        """Codes (m, n_features) -> (m, d) float32, into ``out`` if given."""
        check_is_fitted(self)
        codes = check_codes(codes, self.code_size, self.code_dtype)
        out = check_output("out", out, (len(codes), self.n_features_in_))
        np.take(codes, self.buckets_, axis=1, out=out, mode="clip")  # "clip": "raise" would buffer the output
        out *= self.signs_
        return out

    def dot(self, codes, W):
        """Products with the rows of ``W`` (K, d): (m, K) float32, as hashed codes times hashed weights."""
        weights = self.encode(self._check_weights(W))
        return check_codes(codes, self.code_size, self.code_dtype) @ weights.T


def hash_features(X, buckets, signs, n_features):
    """Add column j of ``X`` times ``signs[j]`` into column ``buckets[j]`` of the result.

    Parameters
    ----------
    X : array of shape (m, d)
    buckets : integer array of shape (d,), in [0, n_features)
    signs : array of shape (d,), +1 or -1
    n_features : int

    Returns
    -------
    Z : float32 array of shape (m, n_features)
    """
    X = check_matrix("X", X)
    buckets, signs = np.asarray(buckets), np.asarray(signs)
    if not buckets.shape == signs.shape == X.shape[1:]:
        raise ParameterError(
            f"buckets and signs have shapes {buckets.shape} and {signs.shape}; X has {X.shape[1]} columns"
        )
    if len(buckets) and not 0 <= buckets.min() <= buckets.max() < n_features:
        raise ParameterError(f"buckets must lie in [0, n_features), n_features={n_features}")
    order = np.argsort(buckets, kind="stable")
    used, starts = np.unique(buckets[order], return_index=True)
    Z = np.zeros((len(X), n_features), np.float32)
    height = max(1, _BLOCK_BYTES // (4 * max(1, X.shape[1])))
    for start in range(0, len(X) if len(used) else 0, height):
        rows = slice(start, start + height)
        block = X[rows][:, order]
        block *= signs[order]
        Z[rows, used] = np.add.reduceat(block, starts, axis=1)
    return Z
