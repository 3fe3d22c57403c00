r"""What a sample counts: its own weight, that of its class, and that of its side of a one-vs-rest problem.

The loss of sample i in the problem of class k is multiplied by

.. math::
    w_i\, f_{c_i}\, v_{ik},

the ``sample_weight`` :math:`w_i` that ``fit`` is given, the factor :math:`f` of the sample's class where
``class_weight`` is a dict, and where it is a number b

.. math::
    v_{ik} = \frac{n}{(1 + b)\, n_k^+} \text{ for positives}, \qquad
    v_{ik} = \frac{n\, b}{(1 + b)\, n_k^-} \text{ for negatives},

with :math:`n, n_k^+, n_k^-` the sums of the :math:`w_i` of all samples, of the positives and of the negatives:
the negatives of each problem weigh b times as much as its positives in all, and all together as much as before.
``"balanced"`` is b = 1.
"""

import numbers

import numpy as np

from .._parameters import Kind, Number, OneOrMore
from .._validation import check_number
from ..errors import ParameterError

_RATIO = OneOrMore(Number(0, exclusive=True), candidates=True)


class ClassWeight(Kind):
    """None, "balanced", a dict from label to factor, or one or more ratios; in plain form None, dict or a tuple."""

    def check(self, name, value):
        if value is None:
            return None
        if isinstance(value, str):
            if value != "balanced":
                raise ParameterError(f"{name}={value!r} must be {self}")
            return (1.0,)
        if isinstance(value, dict):
            return {
                label: check_number(f"{name}[{label!r}]", factor, 0, exclusive=True) for label, factor in value.items()
            }
        if not isinstance(value, numbers.Number) and not np.iterable(value):
            raise ParameterError(f"{name}={value!r} must be {self}")
        return _RATIO.check(name, value)

    def __str__(self):
        return f'None, "balanced", dict, {_RATIO}'


def check_sample_weight(sample_weight, n):
    """Weights of samples as (n,) float64.

    Raises
    ------
    ParameterError
        If there is not one finite, non-negative number for each of ``n`` samples, or all are 0.
    """
    try:
        weights = np.asarray(sample_weight, np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"sample_weight must hold numbers: {error}") from None
    if weights.shape != (n,):
        raise ParameterError(f"sample_weight has shape {weights.shape}; one weight for each of {n} samples is needed")
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise ParameterError(f"sample_weight[{wrong[0]}]={weights[wrong[0]]:g} must be finite and at least 0")
    if not weights.any():
        raise ParameterError("sample_weight is 0 for every sample; at least two classes need samples that count")
    return weights


def class_factors(class_weight, targets):
    """The factor of each sample's class, (n,); 1 where a label is missing in the dict.

    Raises
    ------
    ParameterError
        If samples have several labels, or the dict has a label that they do not have.
    """
    if targets.multilabel:
        raise ParameterError("class_weight as a dict needs one label a sample; use None, 'balanced' or a number")
    labels = targets.classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown:
        raise ParameterError(f"class_weight has the label {unknown[0]!r}, which is not in y; y has {labels[:5]}")
    return np.array([class_weight.get(label, 1.0) for label in labels])[targets.index]


def side_weights(total, positives, negatives, ratio):
    """Weights of the positives and negatives of problems, (positive, negative), as the module's head defines them.

    Parameters
    ----------
    total, positives, negatives : float, or arrays of shape (n_problems,)
        Sums of sample weights; the latter two more than 0.
    ratio : float
    """
    return total / (1 + ratio) / positives, total * ratio / (1 + ratio) / negatives


def problem_weights(signs, weights, class_weight):
    """What each sample counts in each problem, (n_problems, n) float64.

    Parameters
    ----------
    signs : array of shape (n_problems, n), int8
        +1 for positives.
    weights : array of shape (n,) or (n_problems, n)
        0 leaves a sample out.
    class_weight : None, dict or float
        Only a number rebalances here; the factors of a dict are in ``weights``.
    """
    found = np.empty(signs.shape)
    found[:] = weights
    if isinstance(class_weight, float):
        for row, sign in zip(found, signs, strict=True):
            positive = sign > 0
            shown, rest = row[positive].sum(), row[~positive].sum()
            weight, other = side_weights(row.sum(), shown or 1.0, rest or 1.0, class_weight)
            row[positive] *= weight
            row[~positive] *= other
    return found
