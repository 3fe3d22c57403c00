"""What every classifier of signatures asks of X and y."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from ..errors import ParameterError


def check_signatures(estimator, X, **y):
    """X as a finite, C-contiguous (n, d) float32 array; with ``y=`` (in ``fit``) X and checked labels.

    With ``y`` the estimator's ``n_features_in_`` is set; without, the number of columns must be that one.

    Raises
    ------
    ParameterError
        With scikit-learn's wording, if X is not such a matrix, or y does not name one class a row.
    """
    try:
        checked = validate_data(estimator, X, **y, dtype=np.float32, order="C", reset=bool(y))
        if y:
            check_classification_targets(checked[1])
    except ValueError as error:
        raise ParameterError(str(error)) from error
    return checked
