"""Where frames fall: along a dense grid, or over the whole image."""

import numpy as np


def frames_along(length, span, step):
    """How many frames of ``span`` + 1 pixels, ``step`` apart, fit into ``length`` pixels.

    floor((length - 1 - span) / step) + 1, or 0 where not even one fits. For SIFT
    ``span`` is (spatial_bins - 1) * bin_size, the distance of the outermost bin centers.
    """
    return (length - 1 - span) // step + 1 if length > span else 0


def whole_frame(image):
    """The frame of a descriptor of the whole image, (1, 4) float32: its center, the longer side, 0."""
    height, width = image.shape[:2]
    return np.array([[(width - 1) / 2, (height - 1) / 2, max(height, width), 0]], np.float32)
