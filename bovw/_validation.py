"""Argument checks that end in one clear sentence."""

import difflib
import math
import numbers

import numpy as np

from .errors import ParameterError


def suggestion(word, choices):
    """The ending ``; did you mean 'x'?`` when a choice is close to ``word``, else an empty string."""
    folded = {str(choice).casefold(): choice for choice in choices}  # capitals do not matter
    near = difflib.get_close_matches(str(word).casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {str(folded[near[0]])!r}?" if near else ""


def shown(value):
    """``repr(value)`` for a message: on one line, of an estimator the class alone."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        return f"{type(value).__name__}(...)"
    if type(value) in (list, tuple) and value:
        items = ", ".join(map(shown, value))
        return f"[{items}]" if isinstance(value, list) else f"({items}{',' if len(value) == 1 else ''})"
    return " ".join(repr(value).split())


def check_choice(name, value, choices):
    """Return ``value`` if it is one of ``choices``, else raise ParameterError."""
    if not any(value is c or (type(value) is type(c) and value == c) for c in choices):
        listed = ", ".join(repr(c) for c in choices)
        raise ParameterError(f"{name}={shown(value)} is not one of {listed}{suggestion(value, choices)}")
    return value


def check_int(name, value, minimum=None, maximum=None):
    """Return ``value`` as int, or raise ParameterError. Booleans are refused."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Integral, np.integer)):
        raise ParameterError(f"{name}={shown(value)} must be an integer")
    return int(_check_range(name, value, minimum, maximum))


def check_number(name, value, minimum=None, maximum=None, exclusive=False):
    """Return ``value`` as float, or raise ParameterError. NaN, infinity and booleans are refused.

    ``exclusive`` leaves out the minimum itself.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise ParameterError(f"{name}={shown(value)} must be a number")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        finite = False
    if not finite:
        raise ParameterError(f"{name}={shown(value)} must be finite")
    if exclusive and minimum is not None and value <= minimum:
        raise ParameterError(f"{name}={shown(value)} must be greater than {minimum}")
    return float(_check_range(name, value, minimum, maximum))


def _check_range(name, value, minimum, maximum):
    if minimum is not None and value < minimum:
        raise ParameterError(f"{name}={shown(value)} must be at least {minimum}")
    if maximum is not None and value > maximum:
        raise ParameterError(f"{name}={shown(value)} must be at most {maximum}")
    return value


def check_bool(name, value):
    """Return ``value`` if it is True or False, else raise ParameterError."""
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError(f"{name}={shown(value)} must be True or False")
    return bool(value)


def check_matrix(name, X, n_features=None, min_rows=0, dtype=np.float32):
    """Return ``X`` as a C-contiguous finite 2-d array of ``dtype``, copied only where it must be.

    Raises
    ------
    ParameterError
        If ``X`` is not numeric, not 2-d, has too few rows, another number of
        columns than ``n_features``, or holds NaN or infinity.
    """
    if hasattr(X, "get_params"):
        learned = next((part for part in ("words_", "means_") if hasattr(X, part)), None)
        raise ParameterError(
            f"{name} is a {type(X).__name__}; give " + (f"its {learned}" if learned else "an array")
            + (", or use an encoder's with_codebook" if learned else "")
        )
    X = np.asarray(X)
    if X.dtype.kind not in "fiub":
        raise ParameterError(f"{name} has dtype {X.dtype}; it must be numeric")
    if X.ndim != 2:
        raise ParameterError(f"{name} has shape {X.shape}; it must be 2-d, one row a sample")
    if X.shape[0] < min_rows:
        raise ParameterError(f"{name} has {X.shape[0]} rows; at least {min_rows} are needed")
    if n_features is not None and X.shape[1] != n_features:
        raise ParameterError(f"{name} has {X.shape[1]} columns; {n_features} are expected")
    X = np.ascontiguousarray(X, dtype=dtype)
    if not all_finite(X):
        bad = np.argwhere(~np.isfinite(X))[0]
        raise ParameterError(
            f"{name}[{bad[0]}, {bad[1]}] is {X[bad[0], bad[1]]}; NaN and infinity are not allowed"
        )
    return X


def check_descriptors(name, X, n_features=None, min_rows=0):
    """``X`` as a finite, C-contiguous matrix: uint8 stays uint8, everything else becomes float32."""
    dtype = np.uint8 if isinstance(X, np.ndarray) and X.dtype == np.uint8 else np.float32
    return check_matrix(name, X, n_features=n_features, min_rows=min_rows, dtype=dtype)


def all_finite(X):
    """True if no element is NaN or infinite; no temporary of the size of ``X``."""
    if X.dtype.kind != "f" or X.size == 0:
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduce(X, axis=None)
    return bool(np.isfinite(total)) or bool(np.isfinite(X).all())


def check_gray_image(image, name="image", minimum_side=1):
    """Return ``image`` as a C-contiguous finite (height, width) float32 array, 0-255 scale.

    uint8 and float arrays keep their values; uint16 is divided by 257, so that
    65535 becomes 255. A third axis, complex numbers, empty arrays, NaN and
    infinity raise ParameterError.
    """
    image = np.asarray(image)
    if image.ndim != 2:
        raise ParameterError(
            f"{name} has shape {image.shape}; a gray image (height, width) is needed, convert color first"
        )
    return _check_pixels(image, name, minimum_side)


def check_color_image(image, name="image", minimum_side=1):
    """Return ``image`` as a C-contiguous finite (height, width, 3) float32 array, RGB, 0-255 scale.

    A gray (height, width) image is repeated into three channels. Values as in
    :func:`check_gray_image`.
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ParameterError(f"{name} has shape {image.shape}; (height, width, 3) RGB or (height, width) is needed")
    return _check_pixels(image, name, minimum_side)


def _check_pixels(image, name, minimum_side):
    if min(image.shape) < minimum_side:
        raise ParameterError(f"{name} has shape {image.shape}; each side needs at least {minimum_side} pixel(s)")
    if image.dtype.kind not in "fiub":
        raise ParameterError(f"{name} has dtype {image.dtype}; it must be numeric")
    if image.dtype.kind == "u" and image.dtype.itemsize == 2:  # of either byte order
        image = image / np.float32(257)
    image = np.ascontiguousarray(image, dtype=np.float32)
    if not all_finite(image):
        raise ParameterError(f"{name} holds NaN or infinity; replace them before extracting")
    return image


def check_output(name, out, shape, dtype=np.float32, *, may_be_longer=False):
    """``out`` as an array of ``shape`` to write into; a fresh one if it is None.

    Parameters
    ----------
    name : str
        Of the argument, for messages.
    out : array or None
    shape : tuple of int
    dtype : dtype, default np.float32
    may_be_longer : bool, default False
        Whether ``out`` may have more than shape[0] rows; the first shape[0] are returned.

    Raises
    ------
    ParameterError
        If ``out`` is not a writable, aligned, C-contiguous array of that dtype and shape.
    """
    dtype = np.dtype(dtype)
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        found = f"dtype {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ParameterError(f"{name} has {found}; a {dtype} array is needed")
    if not out.flags.carray:
        raise ParameterError(f"{name} must be C-contiguous, aligned and writable; pass a fresh array, not a view")
    if may_be_longer:
        if out.ndim != len(shape) or out.shape[0] < shape[0] or out.shape[1:] != shape[1:]:
            raise ParameterError(
                f"{name} has shape {out.shape}; at least {shape[0]} rows of shape {shape[1:]} are needed"
            )
        return out[: shape[0]]
    if out.shape != shape:
        raise ParameterError(f"{name} has shape {out.shape}; {shape} is needed")
    return out


def check_samples(estimator, X, *, reset=False):
    """``X`` of an estimator as a finite, C-contiguous (n, d) matrix, float32 or uint8; other dtypes become float32.

    ``reset=True`` (in ``fit``) sets ``n_features_in_``; otherwise the number of
    columns must be that one.

    Raises
    ------
    ParameterError
        With scikit-learn's wording, if X is not such a matrix.
    """
    from sklearn.utils.validation import validate_data

    try:
        return validate_data(estimator, X, reset=reset, dtype=[np.float32, np.uint8], order="C")
    except ParameterError:
        raise
    except ValueError as error:
        raise ParameterError(str(error)) from None


def check_enough(name, value, n, learner=None):
    """Raise ParameterError unless a learner's ``value`` words or components can be learnt from ``n`` descriptors."""
    if value > n:
        whose = "" if learner is None else f" for {type(learner).__name__}"
        raise ParameterError(
            f"{name}={value} needs at least {value} descriptors, got n_samples={n}{whose}; lower {name} or sample "
            "more descriptors"
        )
