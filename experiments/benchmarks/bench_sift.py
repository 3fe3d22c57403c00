"""Dense SIFT beside VLFeat and OpenCV on 500 x 375 photographs, milliseconds an image.

``python experiments/benchmarks/bench_sift.py [--rounds N] [--tiny] [--json FILE]``
with ``BOVW_DATA`` set for ImageNet photographs. VLFeat keeps its filter object,
ours writes into one output array: neither pays for fresh memory. The extractor of
the ImageNet protocol makes a fresh DescriptorSet an image, which its time includes.
"""

import timing

options = timing.arguments(__doc__.splitlines()[0])

import itertools  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import photographs  # noqa: E402
import vlfeat  # noqa: E402

import bovw  # noqa: E402

SIZES = (4, 6, 8, 10)
NO_VLFEAT = "libvlfeat is not installed"


def cycle(images):
    """A function that gives the next image at each call."""
    endless = itertools.cycle(images)
    return lambda: next(endless)


def ours(images, **parameters):
    image = cycle(images)
    return lambda: bovw.dense_sift(image(), **parameters)


def theirs(images, window, window_size=2.0, magnification=None):
    """VLFeat on the grids of all four sizes; smoothing, if any, by the same OpenCV call."""
    if vlfeat.load() is None:
        return NO_VLFEAT
    height, width = images[0].shape
    filters = [vlfeat.DenseSIFT(width, height, step=4, bin_size=b, window=window, window_size=window_size)
               for b in SIZES]
    image = cycle([i.astype(np.float32) for i in images])

    def run():
        source = image()
        for b, dsift in zip(SIZES, filters, strict=True):
            if magnification:
                radius = int(np.ceil(4 * b / magnification))
                smooth = cv2.GaussianBlur(source, (2 * radius + 1,) * 2, b / magnification,
                                          borderType=cv2.BORDER_REPLICATE)
                dsift(smooth)
            else:
                dsift(source)

    return run


def opencv(images):
    sift = cv2.SIFT_create()
    image = cycle(images)
    _, frames, _ = bovw.dense_sift(images[0], step=4, bin_size=SIZES)
    points = [cv2.KeyPoint(float(x), float(y), float(4 * s), 0) for x, y, s, _ in frames]
    return lambda: sift.compute(image(), points)


def imagenet_ours(images):
    image, protocol = cycle(images), bovw.DenseSIFT.imagenet2010()
    return lambda: protocol.extract(image())


def imagenet_theirs(images):
    if vlfeat.load() is None:
        return NO_VLFEAT
    height, width = images[0].shape
    shapes = [(width >> k, height >> k) for k in range(3)]
    filters = [vlfeat.DenseSIFT(w, h, step=10, bin_size=5, window="gaussian", window_size=1.6) for w, h in shapes]
    image = cycle(images)

    def run():
        source = image()
        for shape, dsift in zip(shapes, filters, strict=True):
            scaled = source if shape == shapes[0] else cv2.resize(source, shape, interpolation=cv2.INTER_AREA)
            dsift(scaled.astype(np.float32))

    return run


def agreement(images):
    """Quantiles of the largest element difference from VLFeat over all descriptors of many photographs."""
    for window in ("flat", "gaussian"):
        differences = []
        for b in SIZES:
            height, width = images[0].shape
            reference = vlfeat.DenseSIFT(width, height, step=8, bin_size=b, window=window)
            for image in images:
                mine, _, _ = bovw.dense_sift(image, step=8, bin_size=b, window=window)
                differences.append(np.abs(reference(image.astype(np.float32)) - mine).max(axis=1))
        differences = np.concatenate(differences)
        quantiles = np.quantile(differences, (0.5, 0.99, 1.0))
        print(f"{len(images)} images, {len(differences)} descriptors; largest difference from VLFeat a descriptor, "
              f"{window}: median {quantiles[0]:.1e}, "
              f"99 % {quantiles[1]:.1e}, maximum {quantiles[2]:.1e}")


if options.tiny:
    images = photographs.gray(2, 120, 90)
    small = photographs.gray(2, 120, 88)
else:
    images = photographs.gray(8)
    small = photographs.gray(8, 300, 224)
out = np.empty((len(bovw.dense_sift(images[0], step=4, bin_size=SIZES, align=False)[0]), 128), np.float32)
grid = {"step": 4, "bin_size": SIZES, "align": False, "out": out}
results = [
    timing.compare("flat window, step 4, bins 4 6 8 10, no smoothing", {
        "bovw": ours(images, **grid),
        "VLFeat flat": theirs(images, "flat"),
        "OpenCV SIFT.compute, same grid": opencv(images),
    }, options.rounds, bars={"VLFeat flat": 10, "OpenCV SIFT.compute, same grid": 60}),
    timing.compare("flat window, PHOW smoothing (sigma = bin / 6)", {
        "bovw": ours(images, **grid, magnification=6.0),
        "VLFeat flat": theirs(images, "flat", magnification=6.0),
    }, options.rounds, bars={"VLFeat flat": 10}),
    timing.compare("exact Gaussian window, same grid", {
        "bovw": ours(images, **grid, window="gaussian"),
        "VLFeat Gaussian": theirs(images, "gaussian"),
    }, max(1, options.rounds // 2), bars={"VLFeat Gaussian": 80}),
    timing.compare("ImageNet protocol, 300 x 224, three scales", {
        "bovw": imagenet_ours(small),
        "VLFeat Gaussian": imagenet_theirs(small),
    }, options.rounds, bars={"VLFeat Gaussian": 50}),
]
if vlfeat.load() is not None:
    agreement(photographs.gray(2, 120, 90) if options.tiny else photographs.gray(60, 250, 188))
timing.finish(results, options)
