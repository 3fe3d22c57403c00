r"""Spatial pyramids: one code a cell, normalized and put side by side as a signature.

A layout ``"3x1"`` divides the image into 3 rows and 1 column of equal cells; a
descriptor whose center lies at (x, y) of a unit square is in row
:math:`\lfloor 3y \rfloor`. Several layouts make a pyramid; their cells overlap, so the
image is divided into *atoms*, the pieces between all the boundaries of all layouts.
Each descriptor is in one atom, each cell is a union of atoms, and one pass over the
descriptors serves every cell (see :mod:`bovw.encoding.base`).

``pooling="lazebnik"`` is the pyramid match of Lazebnik, Schmid and Ponce (2006), equation 3:
with levels :math:`0 \dots L` of :math:`2^l \times 2^l` cells, the sums of level 0 are weighted by
:math:`2^{-L}` and those of level :math:`l \ge 1` by :math:`2^{-(L-l+1)}`, and all are divided by
the number of descriptors of the image. Histogram intersection of two signatures is
then the pyramid match kernel.
"""

import re
import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ._parameters import AnyOf, Boolean, Choice, Declared, Jobs, Part, Series, Text
from ._threads import map_in_order
from .descriptors.descriptor_set import as_descriptor_set, rows_to_learn
from .encoding.base import Encoder
from .encoding.normalization import ALPHA, NORMS, normalize
from .errors import ParameterError

__all__ = ["EmptyImageWarning", "SpatialPyramid", "cell_boxes", "normalize"]


class Layout(Text):
    """A layout such as "3x1", as the pair (rows, columns)."""

    def check(self, name, value):
        match = re.fullmatch(r"([1-9]\d?)x([1-9]\d?)", super().check(name, value))
        if not match:
            raise ParameterError(f"{name}={value!r} is not ROWSxCOLUMNS, such as '3x1', each 1 to 99")
        return int(match[1]), int(match[2])


_LAYOUTS = Series(Layout('"ROWSxCOLUMNS"'))


class EmptyImageWarning(UserWarning):
    """An image has no descriptors; its signature is zero."""


class SpatialPyramid(Declared, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Signatures of images: an encoder, pooled over the cells of a pyramid and normalized.

    Parameters
    ----------
    encoder : Encoder
        Unfitted; ``fit`` clones it. For a fitted one see :meth:`with_encoder`.
    cells : sequence of "ROWSxCOLUMNS", default ('1x1',)
        Layouts "ROWSxCOLUMNS", such as ("1x1", "2x2", "3x1"): 8 cells.
    pooling : {"auto", "sum", "average", "max", "lazebnik"}, default "auto"
        "sum", "average" or "max" where the encoder supports it; "auto" is the encoder's own.
        "lazebnik" is the sum with the weights of the pyramid match; its layouts are
        among "1x1", "2x2", "4x4", "8x8", ...
    cell_norm : sequence of {"l1", "l2", "power", "intra"}, default ()
        Normalizations of each cell's code, from left to right: "l1", "l2", "power", "intra".
    norm : {"auto"} or sequence of {"l1", "l2", "power", "intra"}, default "auto"
        Normalizations of the whole signature, after those of the cells. "auto" is ("l2",), and
        none for ``pooling="lazebnik"``, whose signatures are made for the intersection kernel.
    alpha : float in (0, 1], default 0.5
        Exponent of "power".
    xy : bool, default False
        Append to each descriptor its position in the image, x and y from -0.5 to 0.5, before
        coding (Sánchez, Perronnin and de Campos 2012). The codebook is fitted on the longer
        descriptors. Works with any number of cells.
    n_jobs : int or None, default None
        Worker threads of :meth:`transform`; -1 is one a core. The result does not depend on it.

    Attributes
    ----------
    encoder_ : Encoder
        The fitted encoder.
    n_features_in_ : int
        Dimension of a descriptor, without the position.

    Notes
    -----
    X is *descriptor sets*: a DescriptorSet, or a list of (n_i, d) arrays or DescriptorSets. Plain arrays
    have no positions, so they go with ``cells=("1x1",)`` and ``xy=False`` only.

    An image without descriptors has a signature of zeros and causes an :class:`EmptyImageWarning`.

    References
    ----------
    S. Lazebnik, C. Schmid, J. Ponce. Beyond bags of features: spatial pyramid matching for
    recognizing natural scene categories. CVPR 2006. :doi:`10.1109/CVPR.2006.68`. Equation 3.

    J. Sánchez, F. Perronnin, T. de Campos. Modeling the spatial layout of images beyond
    spatial pyramids. Pattern Recognition Letters 33, 2012. :doi:`10.1016/j.patrec.2012.07.019`

    Examples
    --------
    >>> import numpy as np
    >>> from bovw import HardAssignment, KMeansCodebook, SpatialPyramid
    >>> images = [np.float32([[0, 0], [9, 9]]), np.float32([[9, 8], [9, 9]])]
    >>> pyramid = SpatialPyramid(HardAssignment(KMeansCodebook(n_words=2, random_state=0)), norm=("l1",))
    >>> np.sort(pyramid.fit_transform(images)).tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """

    PARAMETERS = {
        "encoder": Part("Encoder", methods=("fit", "pool", "check_pooling")), "cells": _LAYOUTS,
        "pooling": Choice("auto", "sum", "average", "max", "lazebnik"), "cell_norm": NORMS,
        "norm": AnyOf(Choice("auto"), NORMS), "alpha": ALPHA, "xy": Boolean(), "n_jobs": Jobs(),
    }

    def __init__(
        self, encoder: Encoder, *, cells: Sequence[str] = ("1x1",), pooling: str = "auto",
        cell_norm: Sequence[str] = (), norm: str | Sequence[str] = "auto", alpha: float = 0.5, xy: bool = False,
        n_jobs: int | None = None,
    ):
        self.encoder = encoder
        self.cells = cells
        self.pooling = pooling
        self.cell_norm = cell_norm
        self.norm = norm
        self.alpha = alpha
        self.xy = xy
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    @property
    def _n_features_out(self):
        return self.signature_size

    def fit(self, X, y=None) -> "SpatialPyramid":
        """Fit the encoder, and with it the codebook, on all descriptors; returns self.

        Parameters
        ----------
        X : descriptor sets, or array of shape (n, d)
            As many descriptors as the codebook should see: usually a sample. Without ``xy`` they may be one array.
        y : ignored

        Raises
        ------
        ParameterError
            If parameters are out of range or do not go together, before anything is learnt; if ``xy`` asks for
            positions that X has not.
        """
        self.check_params()
        rows = self._augment(as_descriptor_set(X)) if self.xy else rows_to_learn(X)
        self._adopt(self.part("encoder").fit(rows))
        return self

    @classmethod
    def with_encoder(cls, encoder, **params) -> "SpatialPyramid":
        """A pyramid, ready for use, around an encoder that is fitted already.

        Parameters
        ----------
        encoder : fitted Encoder
            With ``xy=True``, fitted on descriptors with two more columns.
        **params
            The other constructor arguments.
        """
        pyramid = cls(encoder, **params)
        pyramid.check_params()
        check_is_fitted(encoder)
        pyramid._adopt(encoder)
        return pyramid

    def transform(self, X) -> np.ndarray:
        """Signatures of images.

        Parameters
        ----------
        X : descriptor sets

        Returns
        -------
        signatures : array of shape (n_images, signature_size), float32
        """
        check_is_fitted(self)
        sets = as_descriptor_set(X)
        signatures = np.empty((len(sets), self.signature_size), np.float32)
        for row, signature in zip(signatures, map_in_order(self._signature, sets, self.n_jobs), strict=True):
            row[:] = signature
        empty = np.flatnonzero(np.diff(sets.offsets) == 0)
        if len(empty):
            listed = ", ".join(map(str, empty[:10])) + (" ..." if len(empty) > 10 else "")
            _warn_empty(
                f"{len(empty)} of {len(sets)} images have no descriptors, their signatures are zero: {listed}"
            )
        return signatures

    def encode(self, image) -> np.ndarray:
        """The signature of one image.

        Parameters
        ----------
        image : DescriptorSet of length 1, or array of shape (n, d)

        Returns
        -------
        signature : array of shape (signature_size,), float32
        """
        check_is_fitted(self)
        sets = as_descriptor_set([image] if isinstance(image, np.ndarray) else image)
        if len(sets) != 1:
            raise ParameterError(f"encode takes one image, got {len(sets)}; use transform")
        if not sets.n_descriptors:
            _warn_empty("the image has no descriptors, its signature is zero")
        return self._signature(sets)

    @property
    def n_cells(self) -> int:
        """Number of cells of all layouts."""
        return sum(rows * columns for rows, columns in self.checked("cells"))

    @property
    def signature_size(self) -> int:
        """Length of a signature."""
        check_is_fitted(self)
        return self.n_cells * self.encoder_.code_size

    def check_pairs(self):
        if self.pooling == "lazebnik":
            for (rows, columns), text in zip(parse_layouts(self.cells), self.cells, strict=True):
                if rows != columns or rows & (rows - 1):
                    raise ParameterError(
                        f"pooling='lazebnik' is for layouts 1x1, 2x2, 4x4, ..., got {text!r} in cells; "
                        "use pooling='sum'"
                    )
        self.encoder.check_pooling(self._encoder_pooling())
        if self.encoder.whole_images and self.n_cells > 1:
            raise ParameterError(
                f"cells={self.cells!r}: {type(self.encoder).__name__} codes whole images; take cells=('1x1',)"
            )
        for name in ("cell_norm", "norm"):
            if "intra" in self.checked(name) and not self.encoder.has_blocks:
                raise ParameterError(
                    f"{name}={getattr(self, name)!r}: 'intra' needs a code with one block a word, "
                    f"{type(self.encoder).__name__} has none; it is for VLAD, SuperVector and FisherVector"
                )

    def _norms(self):
        norm = self.checked("norm")
        if norm == "auto":
            return () if self.pooling == "lazebnik" else ("l2",)
        return norm

    def _encoder_pooling(self):
        return "sum" if self.pooling == "lazebnik" else self.pooling

    def _adopt(self, encoder):
        self.encoder_ = encoder
        self.n_features_in_ = encoder.n_features_in_ - (2 if self.xy else 0)

    def _augment(self, sets):
        """The descriptors that the encoder sees, float32."""
        if not self.xy:
            return sets.descriptors
        offsets = sets.positions() - np.float32(0.5)
        return np.concatenate([sets.descriptors, offsets], axis=1, dtype=np.float32)

    def _signature(self, image):
        layouts = self.checked("cells")
        X, pooling = self._augment(image), self._encoder_pooling()
        if self.n_cells == 1:
            codes = self.encoder_.pool(X, pooling=pooling)
        else:
            atoms, members = find_atoms(layouts, image.positions())
            codes = self.encoder_.pool(X, atoms, members.shape[1], cells=members, pooling=pooling)
        if self.pooling == "lazebnik":
            codes *= (_match_weights(layouts) / max(image.n_descriptors, 1))[:, None].astype(np.float32)
        block_size = self.encoder_.block_size
        codes = normalize(codes, self.cell_norm, alpha=self.alpha, block_size=block_size)
        return normalize(codes.reshape(1, -1), self._norms(), alpha=self.alpha, block_size=block_size)[0]


def _warn_empty(message):
    warnings.warn(message, EmptyImageWarning, stacklevel=3)


def parse_layouts(cells: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Layouts such as ("1x1", "3x1") as pairs (rows, columns), or ParameterError."""
    return _LAYOUTS.check("cells", cells)


def cell_boxes(cells: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Where the cells of a pyramid lie, in the order of the signature.

    Parameters
    ----------
    cells : sequence of str
        Layouts "ROWSxCOLUMNS".

    Returns
    -------
    names : list of str
        "3x1[2,0]" is the bottom third: row 2, column 0 of layout 3x1.
    boxes : array of shape (n_cells, 4), float64
        left, top, right, bottom in fractions of the image; left and top belong to the cell.

    Examples
    --------
    >>> names, boxes = cell_boxes(("1x1", "1x2"))
    >>> names
    ['1x1[0,0]', '1x2[0,0]', '1x2[0,1]']
    >>> boxes.tolist()
    [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]]
    """
    names, boxes = [], []
    for rows, columns in parse_layouts(cells):
        for row in range(rows):
            for column in range(columns):
                names.append(f"{rows}x{columns}[{row},{column}]")
                boxes.append((column / columns, row / rows, (column + 1) / columns, (row + 1) / rows))
    return names, np.array(boxes)


def find_atoms(layouts, positions):
    """The atom of each position, and which atoms make up each cell, bool (n_cells, n_atoms)."""
    # A fraction i / r rounded to float64 splits float32 positions exactly where i / r itself does.
    across = sorted({i / columns for _, columns in layouts for i in range(1, columns)})
    down = sorted({i / rows for rows, _ in layouts for i in range(1, rows)})
    column = np.searchsorted(across, positions[:, 0], side="right")
    row = np.searchsorted(down, positions[:, 1], side="right")
    members = []
    for rows, columns in layouts:
        for cell_row in range(rows):
            for cell_column in range(columns):
                inside = np.outer(_between(down, cell_row, rows), _between(across, cell_column, columns))
                members.append(inside.ravel())
    return row * (len(across) + 1) + column, np.array(members)


def _between(edges, index, n):
    """Which of the intervals between ``edges`` lie inside [index / n, (index + 1) / n)."""
    starts = np.array([0.0, *edges])
    return (starts >= index / n) & (starts < (index + 1) / n)


def _match_weights(layouts):
    """The weight of each cell in the pyramid match kernel."""
    levels = [rows.bit_length() - 1 for rows, _ in layouts]
    finest = max(levels)
    weights = [2.0 ** -(finest - max(level, 1) + 1) if finest else 1.0 for level in levels]
    return np.repeat(weights, [rows * columns for rows, columns in layouts])
