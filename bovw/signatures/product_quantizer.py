r"""Product quantization: signatures in one byte, or half a byte, for several columns.

The columns are cut into S subvectors of G columns each, and each subvector is replaced
by the nearest of its own K words (Jégou, Douze and Schmid, "Product quantization for
nearest neighbor search", IEEE PAMI 33, 2011, section II):

.. math:: q(x) = \big(\arg\min_k \|x_s - c_{s,k}\|^2\big)_{s = 1..S} , \qquad
          \hat x = (c_{1, q_1}, \dots, c_{S, q_S}) .

The words of a subvector are learnt by k-means on a sample. K is 2 to the power of
``n_bits``; with G = 8 and 8 bits, one bit a column, a signature shrinks 32 times
against float32, with 4 bits, or with G = 16, 64 times: the settings of Sánchez and
Perronnin ("High-dimensional signature compression for large-scale image
classification", CVPR 2011), who learn linear classifiers on signatures that are decoded
while they are read.

A product with a weight vector needs no decoding (the asymmetric distance of the first
paper, section III-A): with a table of :math:`T_{s,k} = \langle w_s, c_{s,k} \rangle`,

.. math:: \langle w, \hat x \rangle = \sum_s T_{s, q_s} .

It pays where many rows meet a dozen weight vectors or fewer; for more of them decode a
block and use a matrix product.
"""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._cext import product_quantizer as kernels
from .._parameters import Boolean, Choice, Integer, Jobs, Number, Seed
from .._progress import Progress
from .._random import check_seed, stage_rng
from .._threads import map_in_order
from .._validation import check_matrix, check_output
from ..errors import ParameterError
from .codecs import Codec, check_codes, relative_error, sum_of_squares

_GROUP_BYTES = 2**26  # of sample columns held at a time, per worker
_SEEDS_PER_WORD = 8
_LANES = 8  # weight vectors of one pass of the table product
_TABLES = 8  # subvectors tabled at a time


class ProductQuantizer(Codec):
    """Product quantization of signatures.

    Parameters
    ----------
    subvector_size : int in [1, 64], default 8
        Columns G quantized together, 1 to 64. The last subvector may have fewer.
    n_bits : {8, 4}, default 8
        256 words a subvector, or 16; two 4-bit codes share a byte.
    max_samples : int >= 1, default 20000
        ``fit`` learns from at most so many rows, drawn at random.
    max_iter : int >= 1, default 8
        Most iterations of k-means; 8 bring the error within some 1 % of that of 20.
    tol : float >= 0, default 0.001
        k-means of a subvector stops when an iteration lowers its error by no more than
        this fraction.
    random_state : int, RandomState, Generator or None, default 0
    n_jobs : int or None, default None
        Worker threads of ``fit``; the result does not depend on it.
    verbose : bool, default False
        Whether ``fit`` shows its progress.

    Attributes
    ----------
    words_ : float32 array of shape (S, K, G)
        The last subvector's words have zeros past column d.
    n_samples_ : int
        Rows learnt from.
    reconstruction_error_ : float
        Relative squared error on these rows. On others it is larger, the more so the
        fewer rows there were for a word.
    n_features_in_ : int
        d.

    Notes
    -----
    The definition stands at the head of :mod:`bovw.signatures.product_quantizer`.

    k-means starts from k-means++ on eight rows a word. Columns of the sample are read
    in groups, so a sample on disk, memory-mapped or in a ``SignatureStore``, is
    never held whole. 16,384 subvectors of 8 columns with 256 words, on 20,000 rows,
    take about five minutes on one core.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(600, 20)).astype(np.float32)
    >>> codec = ProductQuantizer(subvector_size=4).fit(X)
    >>> codes = codec.encode(X)
    >>> codes.shape, codes.dtype, codec.bytes_per_image
    ((600, 5), dtype('uint8'), 5)
    >>> error = ((X - codec.decode(codes)) ** 2).sum() / (X**2).sum()
    >>> bool(abs(error - codec.reconstruction_error_) < 1e-4)
    True
    """

    code_dtype = np.uint8

    PARAMETERS = {
        "subvector_size": Integer(1, 64), "n_bits": Choice(8, 4), "max_samples": Integer(1), "max_iter": Integer(1),
        "tol": Number(0), "random_state": Seed(), "n_jobs": Jobs(), "verbose": Boolean(),
    }

    def __init__(
        self, subvector_size: int = 8, *, n_bits: int = 8, max_samples: int = 20_000, max_iter: int = 8,
        tol: float = 1e-3, random_state=0, n_jobs: int | None = None, verbose: bool = False,
    ):
        self.subvector_size = subvector_size
        self.n_bits = n_bits
        self.max_samples = max_samples
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @property
    def code_size(self) -> int:
        """Bytes of a code."""
        check_is_fitted(self)
        return code_bytes(len(self.words_), self.n_bits)

    def fit(self, X, y=None) -> "ProductQuantizer":
        """Learn the words of every subvector; returns self.

        Parameters
        ----------
        X : array of shape (n, d), or SignatureStore of float32 or float16
            A sample of signatures; a memory map is read by columns.
        y : ignored

        Raises
        ------
        ParameterError
            For parameters or values out of range.

        Warns
        -----
        UserWarning
            If there are fewer rows than words.
        """
        self.check_params()
        size, n_words, max_samples = self.subvector_size, 2**self.n_bits, self.max_samples
        tol, seed = self.checked("tol"), check_seed(self.random_state)
        X = self._check_sample(X)
        n, d = X.shape
        rows = np.arange(n)
        if n > max_samples:
            rows = np.sort(stage_rng(seed, "product quantizer sample").choice(n, max_samples, replace=False))
        if len(rows) < n_words:
            warnings.warn(
                f"{len(rows)} rows for {n_words} words a subvector: the words merely repeat the sample; fit on "
                f"at least {16 * n_words} rows",
                UserWarning,
                stacklevel=2,
            )
        width = size * max(1, _GROUP_BYTES // (4 * len(rows) * size))
        words = np.empty((-(-d // size), n_words, size), np.float32)

        def learn(first):
            block = _columns(X, rows, first, min(first + width, d))
            part = words[first // size : (first + width) // size]
            draws = np.stack([
                stage_rng(seed, "product quantizer", first // size + s).random(n_words, dtype=np.float32)
                for s in range(len(part))
            ])
            return sum_of_squares(block), _learn_words(_subvectors(block, size), draws, part, self.max_iter, tol)

        blocks = range(0, d, width)
        with Progress("product quantizer", len(blocks), "block", enabled=self.verbose) as progress:
            sums = np.array(list(progress.wrap(map_in_order(learn, blocks, self.n_jobs))))
        total, wrong = sums.sum(axis=0)
        self.reconstruction_error_ = relative_error(float(wrong), float(total))
        self.words_ = words
        self.n_samples_ = len(rows)
        return self

    def encode(self, X) -> np.ndarray:
        """X (m, d) -> (m, code_size) uint8: the nearest words; among equally near ones the lowest."""
        return pq_encode(self._check_rows(X), self.words_)

    def decode(self, codes, out: np.ndarray | None = None) -> np.ndarray:
        """Codes (m, code_size) -> (m, d) float32, into ``out`` if given.

        The words of a subvector are fetched once a call: blocks of some hundred rows
        are decoded faster, row by row, than single ones.
        """
        check_is_fitted(self)
        return pq_decode(codes, self.words_, self.n_features_in_, out)

    def dot(self, codes, W) -> np.ndarray:
        """Products of what ``codes`` stand for with the rows of ``W`` (K, d): (m, K) float32, by table."""
        W = self._check_weights(W)
        return pq_dot(codes, self.words_, W)


def code_bytes(n_subvectors, n_bits):
    """Bytes of a code."""
    return n_subvectors if n_bits == 8 else (n_subvectors + 1) // 2


def pq_encode(X, words) -> np.ndarray:
    """Codes of signatures: of every subvector the nearest word, among equally near ones the lowest.

    Parameters
    ----------
    X : array of shape (m, d)
    words : array of shape (S, K, G)
        K is 256 or 16; (S - 1) G < d <= S G.

    Returns
    -------
    codes : uint8 array of shape (m, S), or (m, (S + 1) // 2) for K = 16

    Raises
    ------
    ParameterError
        If shapes disagree or a value is not finite.

    See Also
    --------
    ProductQuantizer : the codec, which learns the words.

    Examples
    --------
    >>> import numpy as np
    >>> words = np.arange(16.0).reshape(1, 16, 1).repeat(2, axis=0)
    >>> pq_encode([[3.2, 7.9]], words).tolist(), pq_decode(pq_encode([[3.2, 7.9]], words), words, 2).tolist()
    ([[131]], [[3.0, 8.0]])
    """
    X = check_matrix("X", X)
    words, n_bits = _check_words(words, X.shape[1])
    S, K, G = words.shape
    codes = np.empty((len(X), code_bytes(S, n_bits)), np.uint8)
    kernels.encode(
        X, words, n_bits, np.empty((G + 1) * K, np.float32), np.empty(G, np.float32), np.empty(len(X), np.uint8), codes
    )
    return codes


def pq_decode(codes, words, n_features: int, out: np.ndarray | None = None) -> np.ndarray:
    """The words that codes name, side by side.

    Parameters
    ----------
    codes : uint8 array of shape (m, code_bytes)
    words : array of shape (S, K, G)
    n_features : int
        d, more than (S - 1) G and at most S G.
    out : float32 array of shape (m, n_features), C-contiguous, optional

    Returns
    -------
    X : float32 array of shape (m, n_features)

    Raises
    ------
    ParameterError
        If shapes or dtypes disagree.

    See Also
    --------
    pq_encode : the inverse, with an example of both.
    """
    words, n_bits = _check_words(words, n_features)
    codes = check_codes(codes, code_bytes(len(words), n_bits), np.uint8)
    out = check_output("out", out, (len(codes), n_features))
    kernels.decode(codes, words, n_bits, out)
    return out


def pq_dot(codes, words, W) -> np.ndarray:
    """Products of decoded rows with weight vectors, by table.

    Parameters
    ----------
    codes : uint8 array of shape (m, code_bytes)
    words : array of shape (S, K, G)
    W : array of shape (n_weights, d)

    Returns
    -------
    products : float32 array of shape (m, n_weights)

    Raises
    ------
    ParameterError
        If shapes or dtypes disagree.

    Examples
    --------
    >>> import numpy as np
    >>> words = np.arange(16.0).reshape(1, 16, 1).repeat(2, axis=0)
    >>> pq_dot(pq_encode([[3.0, 8.0]], words), words, [[1.0, 10.0]]).tolist()
    [[83.0]]
    """
    W = check_matrix("W", W)
    n, d = W.shape
    words, n_bits = _check_words(words, d)
    codes = check_codes(codes, code_bytes(len(words), n_bits), np.uint8)
    S, K, G = words.shape
    out = np.empty((len(codes), n), np.float32)
    tables = np.empty((_TABLES, K, _LANES), np.float32)
    weights = np.zeros((S * G, _LANES), np.float32)
    sums = np.empty((len(codes), _LANES))
    for first in range(0, n, _LANES):
        part = W[first : first + _LANES]
        weights[:d, : len(part)] = part.T
        weights[:, len(part) :] = 0
        sums[...] = 0
        kernels.dot(codes, words, n_bits, weights, tables, sums)
        out[:, first : first + _LANES] = sums[:, : len(part)]
    return out


def _check_words(words, n_features):
    """``words`` as float32 and the bits of a code."""
    words = np.ascontiguousarray(words, dtype=np.float32)
    S, K, G = words.shape if words.ndim == 3 else (0, 0, 0)
    if K not in (16, 256) or not 1 <= G <= 64 or not (S - 1) * G < n_features <= S * G:
        raise ParameterError(
            f"words has shape {words.shape} for {n_features} columns; (S, 256 or 16, G) with (S - 1) G < columns "
            "<= S G and G at most 64 is needed"
        )
    return words, 8 if K == 256 else 4


def _columns(X, rows, first, last):
    """The columns first:last of some rows, float32."""
    if hasattr(X, "read_columns"):
        return X.read_columns(rows, first, last)
    return np.asarray(X[rows, first:last], dtype=np.float32)


def _subvectors(block, size):
    """(n, width) -> (subvectors, n, size), the last one filled up with zeros."""
    n, width = block.shape
    count = -(-width // size)
    if width < count * size:
        block = np.concatenate([block, np.zeros((n, count * size - width), np.float32)], axis=1)
    return np.ascontiguousarray(block.reshape(n, count, size).transpose(1, 0, 2))


def _learn_words(X, draws, words, max_iter, tol):
    """k-means of every subvector, X (S, n, G) -> words (S, K, G); returns the sum of squared errors."""
    S, n, G = X.shape
    K = words.shape[1]
    n_seeds = min(n, _SEEDS_PER_WORD * K)
    padded = -(-n_seeds // 64) * 64
    distortions = np.empty(S)
    kernels.kmeans(
        X, draws, n_seeds, max_iter, tol, words,
        prepared=np.empty((G + 1) * K, np.float32), mean=np.empty(G, np.float32), labels=np.empty(n, np.uint8),
        distances=np.empty(n, np.float32), seeds=np.empty((G, padded), np.float32),
        nearest=np.empty(padded, np.float32), totals=np.empty(padded // 64, np.float32), sums=np.empty((K, G)),
        counts=np.empty(K, np.int64), distortions=distortions,
    )
    return float(distortions.sum())
