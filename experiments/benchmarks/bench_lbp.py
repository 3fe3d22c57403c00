"""LBP cell histograms and maps beside VLFeat and scikit-image, milliseconds for eight 500 x 375 photographs.

``python experiments/benchmarks/bench_lbp.py [--rounds N] [--tiny] [--json FILE]``
with ``BOVW_DATA`` set for ImageNet photographs. VLFeat gets float images ready made.
As in a stream of images, cell histograms of ours and of VLFeat are written into one
array that stays; scikit-image makes the map of labels only, no histograms, and a
fresh array each time.
"""

import timing

options = timing.arguments(__doc__.splitlines()[0])

import numpy as np  # noqa: E402
import photographs  # noqa: E402
import vlfeat  # noqa: E402

from bovw import lbp, lbp_cells, lbp_codes, lbp_histogram  # noqa: E402

NO_VLFEAT = "libvlfeat is not installed"


def each(images, function):
    """A contender that goes through all images, one result alive at a time; a reason stays a reason."""
    if isinstance(function, str):
        return function

    def run():
        for image in images:
            function(image)

    return run


def ours(images, **options):
    """``bovw.lbp_cells`` of all images, written into one array."""
    out = np.empty_like(lbp_cells(images[0], **options))
    return each(images, lambda image: lbp_cells(image, out=out, **options))


def scikit_image(n_points, radius, method):
    """``local_binary_pattern`` as a function of the image, or the reason why it is absent."""
    try:
        from skimage.feature import local_binary_pattern
    except ImportError:
        return "scikit-image is not installed"
    return lambda image: local_binary_pattern(image, n_points, radius, method)


def main():
    gray = photographs.gray(1, 80, 60) if options.tiny else photographs.gray()
    floats = [image.astype(np.float32) for image in gray]
    vl_lbp = vlfeat.LBP(cell_size=8) if vlfeat.load() else NO_VLFEAT
    u2_map = each(gray, scikit_image(8, 1, "nri_uniform"))
    comparisons = {
        "u2, 59 bins, circle of radius 1, cells of 8 pixels": {
            "bovw.lbp_cells, uint8": ours(gray),
            "VLFeat (58 bins, square)": each(floats, vl_lbp),
            "scikit-image (map only)": u2_map,
        },
        "VLFeat's 58 bins, bilinear over cells of 8 pixels": {
            "bovw.lbp_cells, uint8": ours(gray, method="vlfeat"),
            "bovw.lbp_cells, float32": ours(floats, method="vlfeat"),
            "VLFeat": each(floats, vl_lbp),
        },
        "u2 map, (8, 1)": {
            "bovw.lbp_codes, uint8": each(gray, lambda image: lbp_codes(image, border="zero")),
            "scikit-image": u2_map,
        },
        "riu2 map, (24, 3)": {
            "bovw.lbp_codes, uint8": each(
                gray, lambda image: lbp_codes(image, n_points=24, radius=3, method="riu2", border="zero")
            ),
            "scikit-image": each(gray, scikit_image(24, 3, "uniform")),
        },
        "ours alone": {
            "patches of 16, 24, 32 pixels, step 8, 2 x 2 cells": each(gray, lbp),
            "riu2 signature (8, 1), (16, 2), (24, 3)": each(gray, lbp_histogram),
        },
    }
    bars = {"VLFeat (58 bins, square)": 5, "scikit-image (map only)": 50}
    results = [
        timing.compare(title, contenders, options.rounds, bars=bars) for title, contenders in comparisons.items()
    ]
    timing.finish(results, options)


if __name__ == "__main__":
    main()
