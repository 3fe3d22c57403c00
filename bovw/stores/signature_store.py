"""``SignatureStore``: the signatures of any number of images on disk, in shards, compressed if wanted.

How shards, claims and damage work stands in :mod:`bovw.stores`. A shard holds one
array, the codes of its rows: the signatures themselves in float32, or what a codec
makes of them (:mod:`bovw.signatures.codecs`).
"""

import itertools
import numbers
import os
import shutil
from collections.abc import Iterable

import numpy as np

from .._validation import check_int, check_matrix, check_output, shown
from ..errors import ParameterError, StoreError
from ..persist import load_model, save_model
from ..signatures import Float16Codec
from .sharded import ShardedStore

_SHARD_BYTES, _SHARD_ROWS = 2**26, 1024


class SignatureStore(ShardedStore):
    """A matrix of signatures on disk that many processes fill and that is read block by block.

    It is a block source (``shape`` and ``read(start, stop, out=None)``): what learns from arrays learns from a store.
    Make one with :meth:`create`, open one that exists with :meth:`open`.

    Attributes
    ----------
    path : Path
    n_rows, signature_size : int
    shape : (n_rows, signature_size)
    rows_per_shard : int
    fingerprint : str
        Of everything the signatures depend on.
    names : list of str or None
    labels : int64 array of shape (n_rows,) or None
    classes : list of str or None
    codec : codec or None
        None: the shards hold float32.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> store = SignatureStore.create(folder, 5, 3, fingerprint="example", rows_per_shard=2)
    >>> for start, stop in store.missing():
    ...     with store.claim(start) as mine:
    ...         if mine:
    ...             store.write(start, np.full((stop - start, 3), start, np.float32))
    >>> store.is_complete, store[[4, 1]][:, 0]
    (True, array([4., 0.], dtype=float32))
    """

    KIND = "signatures"

    def __init__(self, path: str | os.PathLike, fingerprint: str | None = None, *, check: bool = True):
        super().__init__(path, fingerprint, check=check)
        self.signature_size = self.manifest["settings"]["signature_size"]
        self._codec = None

    @classmethod
    def create(
        cls, path: str | os.PathLike, n_rows: int, signature_size: int, *, fingerprint: str, codec=None,
        rows_per_shard: int | None = None, names: Iterable[str] | None = None, labels=None,
        classes: Iterable[str] | None = None,
    ):
        """Make a store, or open the one that stands there to go on filling it.

        Parameters
        ----------
        path, names, labels, classes
            As in :meth:`DescriptorStore.create`.
        n_rows, signature_size : int
        fingerprint : str
            Of everything the signatures depend on: images, settings, seeds.
        codec : fitted codec, optional
            How rows are kept; None: as float32.
        rows_per_shard : int >= 1, optional
            By default as many as make 64 MB of float32, at most 1024; a store that
            stands there keeps its own.

        Returns
        -------
        SignatureStore

        Raises
        ------
        StoreError
            If ``path`` holds something else, or a store whose fingerprint, shape, codec,
            names, labels or classes differ, which the message names; or a damaged one.
        ParameterError
            For arguments out of range.
        """
        size = check_int("signature_size", signature_size, minimum=1)
        settings = {"signature_size": size, "codec": None}
        if codec is not None:
            if getattr(codec, "n_features_in_", None) != size:
                raise ParameterError(
                    f"codec={shown(codec)} is fitted to {getattr(codec, 'n_features_in_', 'no')} columns; "
                    f"signature_size={size} is needed: fit it on a sample of these signatures"
                )
            settings["codec"] = codec.description()

        def save_codec(folder):
            shutil.rmtree(folder / "codec", ignore_errors=True)
            save_model(codec, folder / "codec")
            return sorted(f"codec/{file.name}" for file in (folder / "codec").iterdir())

        return cls._create(
            path, n_rows, fingerprint, settings, rows_per_shard=rows_per_shard,
            usual_rows=min(_SHARD_ROWS, max(1, _SHARD_BYTES // (4 * size))), names=names, labels=labels,
            classes=classes, extra=None if codec is None else save_codec,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(n_rows, signature_size)."""
        return self.n_rows, self.signature_size

    @property
    def codec(self):
        """The codec of the store, fitted; None for float32."""
        wanted = self.manifest["settings"]["codec"]
        if self._codec is None and wanted is not None:
            codec = load_model(self.path / "codec")
            if codec.description() != wanted:
                raise StoreError(f"{self.path / 'codec'} is not the codec that the manifest names; restore it")
            self._codec = codec
        return self._codec

    @property
    def bytes_per_image(self) -> float:
        """Size of a row on disk."""
        codec = self.manifest["settings"]["codec"]
        return 4 * self.signature_size if codec is None else codec["bytes_per_image"]

    def write(self, start: int, rows: np.ndarray, errors: dict[int, str] | None = None) -> None:
        """Encode and write one whole shard.

        Parameters
        ----------
        start : int
            Its first row.
        rows : array of shape (m, signature_size)
            All its rows, finite; those of images that failed too, by convention zeros.
        errors : dict of int to str, optional
            Messages of rows that failed, by row of the whole store.

        Raises
        ------
        StoreError
            If the shard is written already or somebody is at it, or the disk is full.
        ParameterError
            If these are not the rows of one shard.
        """
        rows = check_matrix("rows", rows, n_features=self.signature_size)
        codes = rows if self.codec is None else self.codec.encode(rows)
        self._write_shard(start, len(rows), {"codes": codes}, errors or {})

    def read(self, start: int, stop: int, out: np.ndarray | None = None) -> np.ndarray:
        """The rows start:stop, decoded.

        Parameters
        ----------
        start, stop : int
        out : float32 array of shape (stop - start, signature_size), C-contiguous, optional
            Written and returned, in place of a new array.

        Returns
        -------
        rows : float32 array of shape (stop - start, signature_size)

        Raises
        ------
        StoreError
            If rows are not written yet or damaged.
        """
        start, stop = check_int("start", start), check_int("stop", stop)
        return self._decode(self._pieces(start, stop), stop - start, out)

    def read_codes(self, start: int, stop: int) -> np.ndarray:
        """The rows start:stop as they are kept, (m, code_size) in the dtype of the codec: for ``codec.dot``."""
        start, stop = check_int("start", start), check_int("stop", stop)
        return self._codes(self._pieces(start, stop), stop - start)

    def read_columns(self, rows: np.ndarray, first: int, last: int) -> np.ndarray:
        """Some columns of some rows of a store of floats, read without the other columns.

        Parameters
        ----------
        rows : array of integers, rising
        first, last : int

        Returns
        -------
        columns : float32 array of shape (len(rows), last - first)

        Raises
        ------
        StoreError
            If the store has a codec whose codes are not the columns themselves.
        """
        if not isinstance(self.codec, (Float16Codec, type(None))):
            raise StoreError(
                f"{self.path} holds codes of {shown(self.codec)}, which have no columns; a sample for a codec must lie "
                "in a store of float32 or float16"
            )
        out = np.empty((len(rows), last - first), np.float32)
        for shard, within, place in self._scattered_pieces(self._row_numbers(rows)):
            out[place] = self._map(shard, "codes")[within, first:last]
        return out

    def __getitem__(self, key):
        """Rows by number: an int gives (d,), a slice or an array of integers or booleans (m, d)."""
        if isinstance(key, (numbers.Integral, np.integer)) and not isinstance(key, (bool, np.bool_)):
            if not -self.n_rows <= key < self.n_rows:
                raise IndexError(f"row {key} of a store with {self.n_rows} rows")
            row = int(key) % self.n_rows
            return self.read(row, row + 1)[0]
        if isinstance(key, slice):
            start, stop, step = key.indices(self.n_rows)
            if step == 1:
                return self.read(start, max(start, stop))
            key = np.arange(start, stop, step)
        rows = self._row_numbers(key)
        return self._decode(self._scattered_pieces(rows), len(rows))

    def _row_numbers(self, key):
        key = np.asarray(key)
        if key.size == 0:
            key = key.astype(np.int64)
        if key.dtype == bool and key.shape == (self.n_rows,):
            return np.flatnonzero(key)
        if key.ndim != 1 or key.dtype.kind not in "iu":
            raise IndexError("rows of a store are chosen by an int, a slice, or a 1-d array of integers or booleans")
        if len(key) and not -self.n_rows <= key.min() <= key.max() < self.n_rows:
            raise IndexError(f"rows {key.min()} to {key.max()} of a store with {self.n_rows} rows")
        return key.astype(np.int64) % self.n_rows

    def _pieces(self, start, stop):
        """(shard, its rows, where they go) of the rows start:stop."""
        pieces, done = [], 0
        for shard, first, last in self._layout.spans(start, stop):
            pieces.append((shard, slice(first, last), slice(done, done + last - first)))
            done += last - first
        return pieces

    def _scattered_pieces(self, rows):
        """The same for rows in any order; every shard is visited once."""
        order = np.argsort(rows, kind="stable")
        shards, within = np.divmod(rows[order], self.rows_per_shard)
        bounds = np.flatnonzero(np.diff(shards, prepend=-1, append=self.n_shards))
        return [(int(shards[a]), within[a:b], order[a:b]) for a, b in itertools.pairwise(bounds)]

    def _codes(self, pieces, n_rows, out=None):
        if len(pieces) == 1 and out is None and isinstance(pieces[0][1], slice):
            return self._map(pieces[0][0], "codes")[pieces[0][1]]  # a view, no copy
        if out is None:
            codec = self.codec
            out = np.empty((n_rows, self.signature_size if codec is None else codec.code_size),
                           np.float32 if codec is None else codec.code_dtype)
        for shard, rows, place in pieces:
            out[place] = self._map(shard, "codes")[rows]
        return out

    def _decode(self, pieces, n_rows, out=None):
        out = check_output("out", out, (n_rows, self.signature_size))
        if self.codec is None:
            return self._codes(pieces, n_rows, out)
        # In one call: a product quantizer goes through all its words once a call.
        return self.codec.decode(self._codes(pieces, n_rows), out=out)
