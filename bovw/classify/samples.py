"""What every classifier of signatures asks of X and y."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from ..errors import ParameterError
from .targets import as_label_array, is_indicator


def check_signatures(estimator, X, **y):
    """X as a finite, C-contiguous (n, d) float32 array; with ``y=`` (in ``fit``) X and checked labels.

    With ``y`` the estimator's ``n_features_in_`` is set; without, the number of columns must be that one.

    Raises
    ------
    ParameterError
        With scikit-learn's wording, if X is not such a matrix, or y has not one label, or one row of an indicator
        matrix, for each row.
    """
    try:
        if y and is_indicator(y["y"]):
            y = {"y": as_label_array(y["y"]), "multi_output": True}
        checked = validate_data(estimator, X, **y, dtype=np.float32, order="C", reset=bool(y))
        if y:
            check_classification_targets(checked[1])
    except ValueError as error:
        raise ParameterError(str(error)) from error
    return checked
