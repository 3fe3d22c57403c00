"""Six significant digits, by way of text."""

import numpy as np


def six_digits(values):
    return np.array([np.float32(float(f"{v:.6g}")) for v in np.ravel(values).tolist()], np.float32).reshape(
        np.shape(values)
    )
