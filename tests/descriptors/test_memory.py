"""Peak memory of the extractors on a 20-megapixel image: below 400 MB above the image and the result."""

import subprocess
import sys

import pytest

# The operating system's record of the highest resident size, read before and after in a process of its own. The
# image is written, so resident, before the first reading; the result is taken off the second.
SCRIPT = """
import sys
import numpy as np
import bovw

def peak():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024

small = np.random.default_rng(0).integers(0, 256, (200, 300), dtype=np.uint8)
strip = np.tile(small[:8], (1, 19))[:, :5472]
image = np.empty((3648, 5472), np.uint8)
color = np.empty((3648, 5472, 3), np.uint8) if "color" in sys.argv[2] else None
for top in range(0, 3648, 8):  # band by band: no temporary of its size
    image[top : top + 8] = np.roll(strip, top, axis=1)
    if color is not None:
        color[top : top + 8] = image[top : top + 8, :, None]
describe = eval("lambda image, color: " + sys.argv[2])
describe(small, np.repeat(small[:, :, None], 3, axis=2))  # imports and caches
before = peak()
result = describe(image, color)
parts = result if isinstance(result, tuple) else (result,)
if isinstance(result, bovw.DescriptorSet):
    parts = (result.descriptors, result.frames, result.norms)
size = sum(part.nbytes for part in parts if part is not None) / 2**20
print(peak() - before - size)
"""

CASES = {
    "flat": "bovw.dense_sift(image, step=16, bin_size=(4, 6, 8, 10))",
    "smoothed": "bovw.dense_sift(image, step=16, bin_size=(4, 6, 8, 10), magnification=6.0)",
    "gaussian": "bovw.dense_sift(image, step=16, bin_size=(4, 6, 8, 10), window='gaussian')",
    "large bins": "bovw.dense_sift(image, step=32, bin_size=64, window='gaussian')",
    "five scales": "bovw.DenseSIFT(step=16, bin_size=6, scales=(1, 0.71, 0.5, 0.35, 0.25)).extract(image)",
    "opponent": "bovw.DenseSIFT(step=16, bin_size=6, color_space='opponent').extract(color)",
    "hog_cells": "bovw.hog_cells(color)",
    "hog_blocks": "bovw.hog_blocks(image)",
    "hog": "bovw.hog(image, step=16)",
    "lbp_cells": "bovw.lbp_cells(image)",
    "lbp_cells of 24 points": "bovw.lbp_cells(image, n_points=24, radius=3, method='riu2', cell_size=16)",
    "lbp_codes": "bovw.lbp_codes(image)",
    "lbp": "bovw.lbp(image, step=32)",
    "gist": "bovw.gist(image)",
    "gist patches": "bovw.gist(image, patch_size=64, orientations=(1,))",  # of any number of filters the same
    "color_statistics": "bovw.color_statistics(color, step=16)",
}


@pytest.mark.parametrize("name", CASES)
def test_twenty_megapixels_stay_below_400_megabytes(name):
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc/self/status")
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, name, CASES[name]], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 400
