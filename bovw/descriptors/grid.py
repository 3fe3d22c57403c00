"""The dense grid: where the frames of one bin size fall."""


def frames_along(length, span, step):
    """How many frames of ``span`` + 1 pixels, ``step`` apart, fit into ``length`` pixels.

    floor((length - 1 - span) / step) + 1, or 0 where not even one fits. For SIFT
    ``span`` is (n_bins - 1) * bin_size, the distance of the outermost bin centres.
    """
    return (length - 1 - span) // step + 1 if length > span else 0
