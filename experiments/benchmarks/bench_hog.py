"""HoG beside VLFeat, scikit-image and OpenCV on 500 x 375 photographs, milliseconds an image.

``python experiments/benchmarks/bench_hog.py [--rounds N] [--tiny] [--json FILE]``
with ``BOVW_DATA`` set for ImageNet photographs. VLFeat gets float planes ready
made; all others get uint8. As in a stream of images, ours and VLFeat write into one
array that stays; scikit-image and OpenCV offer no such thing. OpenCV 5 has no HOGDescriptor; install opencv-python
4.x to see it.
"""

import timing

options = timing.arguments(__doc__.splitlines()[0])

import itertools  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import photographs  # noqa: E402
import skimage.feature  # noqa: E402
import vlfeat  # noqa: E402

from bovw import hog, hog_blocks, hog_cells  # noqa: E402


def over(images, function):
    """A contender: ``function`` of the next image at each call."""
    endless = itertools.cycle(images)
    return lambda: function(next(endless))


def ours(images, function, **options):
    """``function`` of the next image, written into one array; ``hog`` returns a tuple, the rest the array."""
    found = function(images[0], **options)
    out = np.empty_like(found[0] if isinstance(found, tuple) else found)
    return over(images, lambda image: function(image, out=out, **options))


def vl_hog(images, variant):
    if vlfeat.load() is None:
        return "libvlfeat is not installed"
    planes = [np.atleast_3d(i).transpose(2, 0, 1).astype(np.float32, order="C") for i in images]
    return over(planes, vlfeat.HOG(variant=variant))


def opencv(images):
    if not hasattr(cv2, "HOGDescriptor"):
        return f"OpenCV {cv2.__version__} has no HOGDescriptor"
    height, width = (side // 8 * 8 for side in images[0].shape[:2])
    descriptor = cv2.HOGDescriptor((width, height), (16, 16), (8, 8), (8, 8), 9, 1, 8.0, 0, 0.2, False)
    return over([np.ascontiguousarray(i[:height, :width]) for i in images], descriptor.compute)


def scikit_image(images):
    channel_axis = -1 if images[0].ndim == 3 else None

    def run(image):
        return skimage.feature.hog(
            image, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), feature_vector=False,
            channel_axis=channel_axis,
        )

    return over(images, run)


if options.tiny:
    size = (2, 96, 72)
    gray, color = photographs.gray(*size), photographs.color(*size)
else:
    gray, color = photographs.gray(8), photographs.color(8)
results = []
for name, images in (("gray", gray), ("RGB", color)):
    results += [
        timing.compare(f"UoCTTI cells of 8 px, {name}", {
            "bovw.hog_cells": ours(images, hog_cells),
            "VLFeat": vl_hog(images, "uoctti"),
        }, options.rounds, bars={"VLFeat": 4}),
        timing.compare(f"Dalal-Triggs cells of 8 px, {name}", {
            "bovw.hog_cells, dalal-triggs": ours(images, hog_cells, variant="dalal-triggs"),
            "VLFeat": vl_hog(images, "dalal-triggs"),
            "scikit-image (hard votes)": scikit_image(images),
        }, options.rounds, bars={"VLFeat": 4, "scikit-image (hard votes)": 20}),
        timing.compare(f"Dalal-Triggs blocks, Gaussian window and trilinear votes, {name}", {
            "bovw.hog_blocks": ours(images, hog_blocks),
            "scikit-image (no window, hard votes)": scikit_image(images),
            "OpenCV HOGDescriptor": opencv(images),
        }, options.rounds, bars={"scikit-image (no window, hard votes)": 20, "OpenCV HOGDescriptor": 1}),
        timing.compare(f"dense patches of 16, 25 and 31 px, step 8, {name}", {
            "bovw.hog": ours(images, hog),
        }, options.rounds),
    ]
timing.finish(results, options)
