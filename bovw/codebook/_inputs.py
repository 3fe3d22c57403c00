"""One check of X for all estimators of this room."""

import numpy as np
from sklearn.utils.validation import validate_data

from ..errors import ParameterError


def check_X(estimator, X, *, reset=False):
    """``X`` as a finite, C-contiguous (n, d) matrix, float32 or uint8; other dtypes become float32.

    ``reset=True`` (in ``fit``) sets ``n_features_in_``; otherwise the number of
    columns must be that one.

    Raises
    ------
    ParameterError
        With scikit-learn's wording, if X is not such a matrix.
    """
    try:
        return validate_data(estimator, X, reset=reset, dtype=[np.float32, np.uint8], order="C")
    except ParameterError:
        raise
    except ValueError as error:
        raise ParameterError(str(error)) from None


def check_enough(name, value, n):
    """Raise ParameterError unless ``value`` words or components can be learnt from ``n`` descriptors."""
    if value > n:
        raise ParameterError(
            f"{name}={value} needs at least {value} descriptors, got n_samples={n}; lower {name} or sample "
            "more descriptors"
        )
