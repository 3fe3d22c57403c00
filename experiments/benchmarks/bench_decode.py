"""Reading photographs: bovw.read_image against cv2.imdecode and Pillow, from bytes in memory.

    BOVW_DATA=... python experiments/benchmarks/bench_decode.py

The photographs are ImageNet's, at their native size, where BOVW_DATA is set, else
those of the scikit-image wheel, saved as JPEG. Ours does more than the peers: it
checks that the file is complete and sizes it before decoding, and it gives RGB.
"""

import io

import timing
from photographs import files as imagenet_files


def photographs(tiny):
    """The bytes of JPEG photographs, and where they are from."""
    found = imagenet_files()
    if found:
        return [file.read_bytes() for file in found[: 3 if tiny else None]], "ImageNet, native size"
    return [as_jpeg(photograph) for photograph in wheel_photographs()[: 3 if tiny else None]], "scikit-image"


def wheel_photographs():
    from skimage import data

    names = ("astronaut", "cat", "coffee", "rocket", "camera", "coins", "hubble_deep_field")
    return [getattr(data, name)() for name in names]


def as_jpeg(image):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90)
    return file.getvalue()


def main():
    options = timing.arguments(__doc__.partition("\n")[0])

    import cv2
    import numpy as np
    from PIL import Image

    from bovw.images import probe_image, read_image, resize_image

    files, origin = photographs(options.tiny)
    infos = [probe_image(data) for data in files]
    megapixels = np.mean([info.width * info.height for info in infos]) / 1e6
    print(f"{len(files)} photographs ({origin}): {megapixels:.2f} megapixels, "
          f"{np.mean([len(data) for data in files]) / 1e3:.0f} kB on average")

    def each(function):
        def run():
            for data in files:
                function(data)

        return run

    def opencv(flags):
        return lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), flags)

    def pillow(mode):
        return lambda data: np.asarray(Image.open(io.BytesIO(data)).convert(mode))

    def opencv_rgb(data):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)

    color = {"bovw.read_image": each(read_image)}
    if hasattr(cv2, "IMREAD_COLOR_RGB"):
        color["cv2.imdecode, RGB"] = each(opencv(cv2.IMREAD_COLOR_RGB))
    color["cv2.imdecode, BGR, cvtColor"] = each(opencv_rgb)
    color["Pillow, RGB"] = each(pillow("RGB"))
    gray = {
        "bovw.read_image, gray": each(lambda data: read_image(data, "gray")),
        "cv2.imdecode, gray": each(opencv(cv2.IMREAD_GRAYSCALE)),
        "Pillow, L": each(pillow("L")),
    }
    decoded = [read_image(data) for data in files]
    shrink = {
        "bovw.resize_image": lambda: [resize_image(image, max_side=300) for image in decoded],
        "cv2.resize, INTER_AREA": lambda: [
            cv2.resize(image, shrunk.shape[1::-1], interpolation=cv2.INTER_AREA)
            for image, shrunk in zip(decoded, small, strict=True)
        ],
    }
    small = [resize_image(image, max_side=300) for image in decoded]
    results = [
        timing.compare("all photographs, color", color, options.rounds),
        timing.compare("all photographs, gray", gray, options.rounds),
        timing.compare("all photographs, shrunk to 300 pixels", shrink, options.rounds),
        timing.compare("all headers", {"bovw.probe_image": each(probe_image)}, options.rounds),
    ]
    timing.finish(results, options)


if __name__ == "__main__":
    main()
