r"""Localization error: the class must be named and its object boxed.

Guess j of an image is right if its label is a true label and its box overlaps one
of the true boxes of that label by at least one half,

.. math:: \mathrm{IoU}(a, b) = \frac{|a \cap b|}{|a \cup b|} \ge 0.5 .

Boxes are (xmin, ymin, xmax, ymax) in pixels with both ends inside the box, so that
its width is xmax - xmin + 1: the convention of PASCAL VOC and of the ILSVRC kits.
The kit's code counts an overlap below 0.5 as an error, so exactly 0.5 is right,
although prose elsewhere says "more than".

References
----------
.. [1] ILSVRC2012 development kit, ``evaluation/eval_localization_flat.m``.
.. [2] M. Everingham, L. Van Gool, C. Williams, J. Winn, A. Zisserman, "The PASCAL
   Visual Object Classes (VOC) Challenge", IJCV 88, 2010, section 4.2.2.
"""

import numpy as np

from .._validation import check_matrix, check_number
from ..errors import ParameterError
from ._labels import as_single, as_truth_and_guesses, missing
from .flat import extend_to, guesses_or_all


def box_overlaps(first, second):
    """Intersection over union of every pair of boxes.

    Parameters
    ----------
    first : array of shape (n, 4)
        xmin, ymin, xmax, ymax in pixels, both ends included.
    second : array of shape (m, 4)

    Returns
    -------
    float64 array of shape (n, m)
        In [0, 1]. A box that ends before it begins overlaps nothing.
    """
    first = check_matrix("first", first, n_features=4, dtype=np.float64)[:, None]
    second = check_matrix("second", second, n_features=4, dtype=np.float64)[None]
    low, high = np.maximum(first[..., :2], second[..., :2]), np.minimum(first[..., 2:], second[..., 2:])
    shared = np.maximum(high - low + 1, 0).prod(axis=-1)
    areas = [np.maximum(box[..., 2:] - box[..., :2] + 1, 0) for box in (first, second)]
    sound = (areas[0] > 0).all(axis=-1) & (areas[1] > 0).all(axis=-1)
    union = areas[0].prod(axis=-1) + areas[1].prod(axis=-1) - shared
    return np.divide(shared, union, out=np.zeros(shared.shape), where=sound)


def image_localization_errors(truth, truth_boxes, predictions, boxes, k=None, *, threshold=0.5):
    """Localization error of every image at 1, 2 ... k guesses.

    Parameters
    ----------
    truth : array of shape (n,)
        The true label of each image.
    truth_boxes : sequence of n arrays of shape (n_boxes, 4)
        All boxes of objects of the true label in the image. An image without a box
        counts as wrong; leave images on a kit's blacklist out of all arguments.
    predictions : array of shape (n, m), or list of lists
        Guessed labels, best first; -1 (or ``""``) is a guess not made.
    boxes : array of shape (n, m, 4)
        One box a guess.
    k : int, optional
        By default 5.
    threshold : float, default 0.5
        Least overlap of a right box.

    Returns
    -------
    float64 array of shape (n, k)
        0 or 1.

    Raises
    ------
    ParameterError
        If shapes disagree, a coordinate is NaN, or a true box ends before it begins.
    """
    k = guesses_or_all(k)
    threshold = check_number("threshold", threshold, minimum=0.0, maximum=1.0)
    truth = as_single("truth", truth)
    labels, predictions = as_truth_and_guesses(truth, predictions)
    truth_boxes, boxes = list(truth_boxes), np.asarray(boxes, dtype=np.float64)
    if boxes.shape != (*predictions.shape, 4):
        raise ParameterError(
            f"boxes has shape {boxes.shape}; {(*predictions.shape, 4)} is needed, one box a guess"
        )
    if len(truth_boxes) != len(truth):
        raise ParameterError(f"truth_boxes has {len(truth_boxes)} entries for {len(truth)} images")
    if predictions.shape[1] == 0:
        return np.ones((len(truth), k))
    hit = (predictions == labels) & (predictions != missing(predictions.dtype))
    for i in np.flatnonzero(hit.any(axis=1)):
        real = check_matrix(f"truth_boxes[{i}]", truth_boxes[i], n_features=4, dtype=np.float64)
        if (real[:, 2:] < real[:, :2]).any():
            raise ParameterError(
                f"truth_boxes[{i}] holds a box that ends before it begins; xmin, ymin, xmax, ymax are needed"
            )
        guessed = np.flatnonzero(hit[i])
        hit[i, guessed] = (box_overlaps(boxes[i, guessed], real) >= threshold).any(axis=1)
    return extend_to(1.0 - np.logical_or.accumulate(hit[:, :k], axis=1), k)


def localization_error(truth, truth_boxes, predictions, boxes, k=None, *, threshold=0.5):
    """Localization error by the challenge's definition.

    Parameters
    ----------
    truth, truth_boxes, predictions, boxes, k, threshold
        As in :func:`image_localization_errors`.

    Returns
    -------
    float, or float64 array of shape (5,)
        The error at ``k`` guesses, or without ``k`` the errors at 1 to 5.
    """
    errors = image_localization_errors(truth, truth_boxes, predictions, boxes, k, threshold=threshold)
    return errors.mean(axis=0) if k is None else float(errors[:, -1].mean())
