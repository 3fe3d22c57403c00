"""From the file to five-scale SIFT: how long extraction takes beside decoding, 500-pixel JPEGs.

``python experiments/benchmarks/bench_image_to_sift.py [--rounds N] [--tiny] [--json FILE]``
with ``BOVW_DATA`` set for ImageNet photographs. Files of which the longer side is
not 500 pixels are shrunk to it and saved again (quality 90), so that all are what
ImageNet mostly is. Decoding is to gray, from bytes in memory.

Extraction is the local features of Sánchez, Perronnin, Mensink and Verbeek (IJCV
2013): the image shrunk to 100,000 pixels, patches of 24 x 24 pixels (4 bins of 6)
every 4 pixels at five scales, each smaller than the one before by sqrt(2); about
10,000 descriptors an image. The bar is five times the decoding, for the flat and
for the exact Gaussian window. Without shrinking first there are twice as many
descriptors; that stands beside it.
"""

import timing

options = timing.arguments(__doc__.splitlines()[0])

import io  # noqa: E402
import itertools  # noqa: E402

import photographs  # noqa: E402
from PIL import Image  # noqa: E402

import bovw  # noqa: E402

SCALES = tuple(2 ** (-k / 2) for k in range(5))
BAR = 5.0


def jpegs(count, side=500):
    """The bytes of ``count`` photographs whose longer side is ``side``."""
    files = []
    for path in photographs.files():
        data = path.read_bytes()
        info = bovw.probe_image(data)
        if info.format == "JPEG" and max(info.width, info.height) >= side:
            files.append(data if max(info.width, info.height) == side else saved(bovw.read_image(data), side))
        if len(files) == count:
            return files
    return [saved(image, side) for image in photographs.color(count, side, side * 3 // 4)]


def saved(image, side):
    file = io.BytesIO()
    Image.fromarray(bovw.resize_image(image, max_side=side)).save(file, "JPEG", quality=90)
    return file.getvalue()


def over(items, function):
    endless = itertools.cycle(items)
    return lambda: function(next(endless))


def extraction(images, max_pixels, window):
    sift = bovw.DenseSIFT(step=4, bin_size=6, scales=SCALES, window=window)

    def run(image):
        return sift.extract(bovw.resize_image(image, max_pixels=max_pixels))

    counts = [run(image).n_descriptors for image in images]
    return over(images, run), sum(counts) / len(counts)


def main():
    files = jpegs(2, 120) if options.tiny else jpegs(8)
    images = [bovw.read_image(data, mode="gray") for data in files]
    contenders = {"decode to gray": over(files, lambda data: bovw.read_image(data, mode="gray"))}
    for limit, window in itertools.product((100_000, None), ("flat", "gaussian")):
        run, count = extraction(images, limit, window)
        contenders[f"{'at most 100,000 pixels' if limit else 'full size'}, {window}: {count:.0f} descriptors"] = run
    result = timing.compare(
        "decoding, and resizing + five-scale SIFT, step 4, patches of 24", contenders, options.rounds, warmup=len(files)
    )
    for row in result["rows"][1:3]:
        print(f"  {row['name']}: {row['ratio']:.2f} x the decoding, bar {BAR:g}: "
              f"{'holds' if row['ratio'] <= BAR else 'MISSED'}")
    timing.finish([result], options)


main()
