"""LBP cell histograms and dense LBP patches against VLFeat and scikit-image.

Input: 500-pixel photographs, grey (``BOVW_DATA``/imagenet_native, or scikit-image's
own photograph where that is not set). Peers: ``vl_lbp_process`` of libvl through
ctypes, and scikit-image's ``local_binary_pattern``, which makes the map of codes only.

    BOVW_DATA=... python experiments/benchmarks/bench_lbp.py
"""

import ctypes
import ctypes.util
import os
from pathlib import Path

import timing  # first: it sets thread limits before numpy loads

import numpy as np

from bovw.descriptors.lbp import lbp, lbp_codes, lbp_histogram, lbp_patches


def photographs(n, side=500):
    """Up to ``n`` grey uint8 photographs whose longer side is ``side`` pixels."""
    import cv2

    images = []
    if os.environ.get("BOVW_DATA"):
        for path in sorted(Path(os.environ["BOVW_DATA"], "imagenet_native").glob("*/*.JPEG")):
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if image is not None and max(image.shape) == side:
                images.append(image)
                if len(images) == n:
                    break
    if not images:
        from skimage import data

        images.append(np.ascontiguousarray(data.astronaut()[:375, :side, 1]))
    return images


def vlfeat(cell_size):
    """``vl_lbp_process`` of one float image into a buffer made before, or the reason why it is absent."""
    library = ctypes.util.find_library("vl")
    if library is None:
        return "libvl is not installed"
    library = ctypes.CDLL(library)
    library.vl_lbp_new.restype = ctypes.c_void_p
    lbp_object = ctypes.c_void_p(library.vl_lbp_new(0, 0))
    floats = np.ctypeslib.ndpointer(np.float32, flags="C")
    library.vl_lbp_process.argtypes = [ctypes.c_void_p, floats, floats, *[ctypes.c_size_t] * 3]

    def process(image):
        height, width = image.shape
        features = np.zeros((58, height // cell_size, width // cell_size), np.float32)
        library.vl_lbp_process(lbp_object, features, image, width, height, cell_size)
        return features

    return process


def scikit_image(n_points, radius, method):
    """``local_binary_pattern`` as a function of the image, or the reason why it is absent."""
    try:
        from skimage.feature import local_binary_pattern
    except ImportError:
        return "scikit-image is not installed"
    return lambda image: local_binary_pattern(image, n_points, radius, method)


def on(images, function):
    """A contender that goes through all images, one result alive at a time; a reason stays a reason."""
    if isinstance(function, str):
        return function

    def run():
        for image in images:
            function(image)

    return run


def main():
    options = timing.arguments(__doc__.splitlines()[0])
    images = [image[:60, :80] for image in photographs(1)] if options.tiny else photographs(8)
    images = [np.ascontiguousarray(image) for image in images]
    floats = [image.astype(np.float32) for image in images]
    print(f"all times are for {len(images)} images, the first of shape {images[0].shape}")
    u2_map = on(images, scikit_image(8, 1, "nri_uniform"))
    results = [
        timing.compare("u2 (59 bins, circle of radius 1), cells of 8 pixels", {
            "bovw.lbp, uint8": on(images, lambda image: lbp(image, cell_size=8)),
            "VLFeat vl_lbp_process (58 bins, square)": on(floats, vlfeat(8)),
            "scikit-image local_binary_pattern (map only)": u2_map,
        }, options.rounds),
        timing.compare("VLFeat's 58 bins, bilinear over cells of 8 pixels", {
            "bovw.lbp, uint8": on(images, lambda image: lbp(image, cell_size=8, method="vlfeat")),
            "bovw.lbp, float32": on(floats, lambda image: lbp(image, cell_size=8, method="vlfeat")),
            "VLFeat vl_lbp_process": on(floats, vlfeat(8)),
        }, options.rounds),
        timing.compare("u2 map, (8, 1)", {
            "bovw.lbp_codes, uint8": on(images, lambda image: lbp_codes(image, border="zero")),
            "scikit-image local_binary_pattern": u2_map,
        }, options.rounds),
        timing.compare("riu2 map, (24, 3)", {
            "bovw.lbp_codes, uint8": on(
                images, lambda image: lbp_codes(image, n_points=24, radius=3, method="riu2", border="zero")
            ),
            "scikit-image local_binary_pattern": on(images, scikit_image(24, 3, "uniform")),
        }, options.rounds),
        timing.compare("ours alone", {
            "patches 16, 24, 32, step 8, 2 x 2 cells": on(images, lbp_patches),
            "riu2 signature (8, 1), (16, 2), (24, 3)": on(images, lbp_histogram),
        }, options.rounds),
    ]
    timing.finish(results, options)


if __name__ == "__main__":
    main()
