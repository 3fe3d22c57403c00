"""What every classifier of signatures asks of X, of rows, and of what belongs to them."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from ..errors import ParameterError
from .blocks import ArraySource, gather_rows, is_source
from .targets import IndicatorLabels, SingleLabels, read_labels, read_targets
from .weights import check_sample_weight


class TrainingRows(NamedTuple):
    """The rows of X that are trained on, ascending, with their labels and weights.

    Attributes
    ----------
    rows : (m,) int, or None
        None: all rows.
    targets : SingleLabels or IndicatorLabels
        Of these m rows.
    weight : (m,) float64, or None
        Each more than 0; None: all rows weigh 1.
    """

    rows: np.ndarray | None
    targets: SingleLabels | IndicatorLabels
    weight: np.ndarray | None


def check_source(estimator, X, *, reset=False):
    """X as a source of finite float32 rows; a store, or a memory map for who reads block by block, is not read yet.

    With ``reset=True`` (in ``fit``) the estimator's ``n_features_in_`` is set; without, the number of columns must
    be that one.

    Raises
    ------
    ParameterError
        With scikit-learn's wording, if X is not such a matrix.
    """
    if is_source(X) or (estimator.reads_blocks and isinstance(X, np.memmap)):
        source = X if is_source(X) else ArraySource(X)
        n, d = map(int, source.shape)
        if n == 0 or d == 0:
            raise ParameterError(f"X has shape {(n, d)}; at least one row and one column are needed")
        if reset:
            estimator.n_features_in_ = d
        elif d != estimator.n_features_in_:
            raise ParameterError(f"X has {d} columns; this model was trained on {estimator.n_features_in_}")
        return source
    try:
        checked = validate_data(estimator, X, dtype=np.float32, order="C", reset=reset)
    except ValueError as error:
        raise ParameterError(str(error)) from error
    if reset and hasattr(estimator, "feature_names_in_"):
        estimator.feature_names_in_ = estimator.feature_names_in_.astype(str)  # objects could not be saved
    return ArraySource(checked)


def plain_source(X):
    """X as a source, for an estimator that is not bovw's and checks the number of columns itself."""
    if is_source(X):
        return X
    try:
        return ArraySource(check_array(X, dtype=np.float32, order="C"))
    except ValueError as error:
        raise ParameterError(str(error)) from error


def take_rows(source, rows=None):
    """Rows of a source as a float32 array, all by default; an array that is wanted whole is not copied."""
    if isinstance(source, ArraySource):
        return source.array if rows is None else source.array[rows]
    return gather_rows(source, np.arange(source.shape[0]) if rows is None else rows)


def check_rows(rows, n):
    """Row numbers as an array.

    Raises
    ------
    ParameterError
        If they are no integers in [0, n), or none.
    """
    rows = np.asarray(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or rows.size == 0:
        raise ParameterError("rows must be a 1-d array of row numbers, not empty")
    if rows.min() < 0 or rows.max() >= n:
        raise ParameterError(f"rows holds {rows.min() if rows.min() < 0 else rows.max()}; X has the rows 0 to {n - 1}")
    return rows


def training_rows(y, sample_weight, rows, n):
    """The :class:`TrainingRows` of n samples: those chosen that have a weight.

    Raises
    ------
    ParameterError
        If labels, weights or rows are malformed, or fewer than two classes are left.
    """
    labels = read_labels(y, n)
    weight = None if sample_weight is None else check_sample_weight(sample_weight, n)
    chosen = np.arange(n) if rows is None else np.unique(check_rows(rows, n))
    if weight is not None:
        chosen = chosen[weight[chosen] > 0]
        if not len(chosen):
            raise ParameterError("sample_weight is 0 for all these rows; samples of at least two classes are needed")
        weight = weight[chosen]
    if len(chosen) == n:
        return TrainingRows(None, read_targets(labels, weight), weight)
    return TrainingRows(chosen, read_targets(labels[chosen], weight), weight)
