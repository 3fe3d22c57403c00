"""Random and hostile input for the compiled kernels, through the public functions that call them.

    python -m tests.fuzz --minutes 10 [--seed N] [NAME ...]
    python -m tests.fuzz --case NUMBER NAME

A case is one number: it seeds everything that is drawn, so a finding is replayed
by ``--case``. A function here may answer hostile input with ParameterError and
nothing else, must accept what is in range, never gives NaN, and equals its slow
twin where that is cheap. Best run on a build with index checks, or with a
sanitizer:

    BOVW_BOUNDSCHECK=1 CFLAGS=-fsanitize=address LDFLAGS=-fsanitize=address \\
        python setup.py build_ext --inplace
    LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 python -m tests.fuzz ...

A further kernel is one function of a ``Draw``, marked with ``@fuzzer``.
"""

import argparse
import faulthandler
import os
import tempfile
import time
import traceback

import numpy as np

import bovw
from tests.reference import color_statistics as slow_color
from tests.reference import hog as slow_hog
from tests.reference import lbp as slow_lbp
from tests.reference.dsift import dsift as slow_dsift
from tests.reference.dsift import smooth as slow_smooth

FUZZERS = {}

HOSTILE_VALUES = (
    0, -1, 2**31, 2**40, 2**63, -(2**63), 2**200, 0.5, -0.5, float("nan"), float("inf"), 1e300, 1e-300, None, True,
    "x", b"x", (), [1, 2], (3, "x"), {}, np.float32(3), np.int8(5), np.zeros(0), np.zeros((2, 2)), 1 + 2j,
)
DTYPES = (np.uint8, np.uint8, np.float32, np.float32, np.float64, np.uint16, np.int32, np.float16, ">f4", ">u2")
LAYOUTS = ("c", "c", "fortran", "strided", "reversed", "read-only", "unaligned")


def fuzzer(function):
    """Register ``function(draw)`` under its own name."""
    FUZZERS[function.__name__] = function
    return function


class Draw:
    """The random choices of one case.

    ``hostile`` is set as soon as something was drawn that may be refused.
    """

    def __init__(self, case):
        self.rng = np.random.default_rng(case)
        self.hostile = False
        self.dares = self.rng.random() < 0.25
        self.told = {}

    def one_of(self, choices):
        return choices[self.rng.integers(len(choices))]

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def spoiled(self, value):
        """``value``, or now and then something that no parameter expects."""
        if self.dares and self.rng.random() < 0.12:
            self.hostile = True
            return self.one_of(HOSTILE_VALUES)
        return value

    def parameters(self, **values):
        """The same, spoiled one by one."""
        options = {name: self.spoiled(value) for name, value in values.items()}
        self.told.update(options)
        return options

    def image(self, max_side=40, channels=()):
        """An array of any dtype, content and memory layout; ``channels`` says which third axes it may have."""
        shape = [self.integer(1, max_side), self.integer(1, max_side)]
        if self.rng.random() < 0.1:
            shape[self.integer(0, 1)] = self.integer(100, 400)
        if len(channels):
            shape += self.one_of(channels)
        if self.dares and self.rng.random() < 0.15:
            self.hostile = True
            shape = list(self.one_of([(), (0,), (5,), (0, 7), (7, 0), (9, 9, 0), (9, 9, 2), (9, 9, 4), (2, 9, 9, 3)]))
        image = np.asarray(self._content(shape)).astype(self.one_of(DTYPES))
        if self.dares and image.size and image.ndim and image.dtype.kind == "f" and self.rng.random() < 0.3:
            self.hostile = True
            extremes = np.array(self.one_of([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-40, -255])).astype(image.dtype)
            image[self.rng.random(image.shape) < self.one_of([0.01, 0.5, 1.0])] = extremes
        image = self._laid_out(image)
        self.told["image"] = f"{image.dtype} {image.shape} strides {image.strides}"
        return image

    def photograph(self, **options):
        """An image as ``load_image`` takes it, whose integers are bytes and 16 bits, each a multiple of 257."""
        image = self.image(**options)
        if image.dtype.kind == "u" and image.dtype.itemsize == 2:
            return (image.astype(np.uint16) * 257).astype(image.dtype)
        return image.astype(np.uint8) if image.dtype.kind == "i" else image

    def _content(self, shape):
        kind = self.integer(0, 4)
        if kind == 0:
            return self.rng.integers(0, 256, shape)
        if kind == 1:
            return self.rng.integers(0, self.integer(2, 4), shape) * 60
        if kind == 2:
            return np.full(shape, self.integer(0, 255))
        if kind == 3:
            return (np.arange(int(np.prod(shape))) * self.integer(1, 7) % 251).reshape(shape)
        spikes = np.zeros(shape)
        if spikes.size and spikes.ndim:
            spikes.flat[self.rng.integers(spikes.size, size=3)] = 255
        return spikes

    def _laid_out(self, image):
        layout = self.one_of(LAYOUTS)
        if layout == "fortran":
            return np.asfortranarray(image)
        if layout == "strided" and image.ndim >= 2:
            wide = np.zeros((2 * image.shape[0], 3 * image.shape[1], *image.shape[2:]), image.dtype)
            wide[::2, ::3] = image
            return wide[::2, ::3]
        if layout == "reversed" and image.ndim >= 2:
            return np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
        if layout == "unaligned":
            memory = np.zeros(image.nbytes + 1, np.uint8)
            memory[1:] = np.frombuffer(image.tobytes(), np.uint8)
            return memory[1:].view(image.dtype).reshape(image.shape) if image.size else image
        if layout == "read-only":
            image.setflags(write=False)
        return image

    def call(self, function, *arguments, may_refuse=False, **options):
        """What the function returns, or None where it refused with ParameterError and might."""
        self.told["function"] = function.__qualname__
        try:
            return function(*arguments, **options)
        except bovw.ParameterError:
            if self.hostile or may_refuse:
                return None
            raise

    def call_twice(self, function, *arguments, **options):
        """As ``call``, and now and then once more into an array of the caller's, which must give the same."""
        found = self.call(function, *arguments, **options)
        if found is None or self.hostile or self.rng.random() < 0.8:
            return found
        options.pop("may_refuse", None)
        first = found[0] if isinstance(found, tuple) else found
        out = np.full_like(first, 7)
        again = function(*arguments, out=out, **options)
        written = again[0] if isinstance(again, tuple) else again
        assert written is out or written.base is out
        np.testing.assert_array_equal(written, first)
        return found


def plain(image):
    """The image as a function on 0-255 sees it, float64."""
    image = np.asarray(image)
    return image / 257.0 if image.dtype.kind == "u" and image.dtype.itemsize == 2 else image.astype(np.float64)


def check_rows(descriptors, frames, size, image):
    assert descriptors.shape[1] == size
    assert descriptors.flags.c_contiguous
    assert frames.shape == (len(descriptors), 4) and frames.dtype == np.float32
    assert np.isfinite(descriptors.sum(dtype=np.float64)) and np.isfinite(frames).all()
    height, width = image.shape[:2]
    assert ((frames[:, :2] >= -0.5) & (frames[:, :2] <= (width - 0.5, height - 0.5))).all()


@fuzzer
def dense_sift(draw):
    if draw.rng.random() < 0.2:
        return _resized_sift(draw)
    image = draw.photograph()
    sizes = draw.one_of([(draw.integer(1, 9),), tuple(draw.integer(1, 9) for _ in range(draw.integer(2, 5)))])
    bounds = None
    if draw.rng.random() < 0.2 and image.ndim == 2 and image.size:
        corners = [sorted(draw.integer(0, side - 1) for _ in range(2)) for side in image.shape[::-1]]
        bounds = tuple(value for pair in zip(*corners, strict=True) for value in pair)
    options = draw.parameters(
        step=draw.integer(1, 12), bin_size=sizes, window=draw.one_of(["flat", "gaussian"]),
        window_size=draw.one_of([None, 0.4, 1.5, 1.6, 30.0]), align=draw.one_of([True, False]), bounds=bounds,
        magnification=draw.one_of([None, None, 6.0, 3.0, 0.7, 100.0]), spatial_bins=draw.one_of([4, 4, 1, 2, 3, 5]),
        orientations=draw.one_of([8, 8, 2, 7, 9, 16, 17]), contrast_threshold=draw.one_of([0.0, 0.0, 5.0]),
        root=draw.one_of([False, True]), arctangent=draw.one_of(["fast", "exact"]),
        dtype=draw.one_of(["float32", "float32", "uint8"]),
    )
    found = draw.call_twice(bovw.dense_sift, image, **options)
    if found is None:
        return
    descriptors, frames, norms = found
    check_rows(descriptors, frames, int(options["spatial_bins"]) ** 2 * int(options["orientations"]), image)
    assert norms.shape == (len(frames),) and np.isfinite(norms).all() and (norms >= 0).all()
    if descriptors.dtype == np.float32:
        length = np.linalg.norm(descriptors.astype(np.float64), axis=1)
        assert ((np.abs(length - 1) < 1e-3) | (length < 1e-3) | (norms < 1e-2)).all()
    if draw.hostile or len(sizes) > 1 or len(frames) == 0 or len(frames) > 40 or options["dtype"] == "uint8":
        return
    if options["contrast_threshold"] == 0 and not options["root"]:
        window_size = options["window_size"] or 2.0
        smoothed = slow_smooth(plain(image), sizes[0] / options["magnification"] if options["magnification"] else 0)
        slow, where, mass = slow_dsift(
            smoothed, bin_size=sizes[0], **{k: options[k] for k in ("step", "window", "bounds", "spatial_bins")},
            orientations=options["orientations"], arctangent=options["arctangent"], window_size=window_size,
        )
        np.testing.assert_allclose(norms, mass, rtol=1e-3, atol=1e-3)
        np.testing.assert_array_equal(frames[:, :2], where)
        seen = mass > 0.1  # a descriptor of nothing but rounding has no direction
        np.testing.assert_allclose(descriptors[seen], slow[seen], atol=1e-3)


def _resized_sift(draw):
    space = draw.one_of(["gray", "rgb", "opponent", "c"])
    image = draw.photograph(channels=[(), (3,), (1,)])
    options = draw.parameters(
        step=draw.integer(1, 12), bin_size=draw.integer(1, 6), scales=draw.one_of([(1.0,), (1.0, 0.5), (0.7, 2.0)]),
        fit_within=draw.one_of([None, (20, 10), (300, 300)]), color_space=space,
        magnification=draw.one_of([None, 6.0]), coordinates=draw.one_of(["pixel", "imagenet"]),
        root=draw.one_of([False, True]), dtype=draw.one_of(["float32", "uint8"]),
    )
    found = draw.call(bovw.dense_sift, image, **options)
    if found is not None:
        check_rows(found.descriptors, found.frames, 128 if space == "gray" else 384, image)


@fuzzer
def hog(draw):
    draw.one_of([_hog_cells, _hog_blocks, _hog_patches])(draw)


def _hog_cells(draw):
    image = draw.image(channels=[(), (3,)])
    options = draw.parameters(
        cell_size=draw.integer(1, 10), orientations=draw.one_of([9, 9, 1, 4, 8, 12]),
        variant=draw.one_of(["uoctti", "dalal-triggs"]), bilinear_orientations=draw.one_of([True, False]),
    )
    grid = draw.call_twice(bovw.hog_cells, image, may_refuse=True, **options)
    if grid is None:
        return
    assert np.isfinite(grid).all() and (grid >= 0).all() and grid.dtype == np.float32
    if draw.hostile or image.shape[0] * image.shape[1] > 300 or not options["bilinear_orientations"]:
        return
    if image.ndim == 2 or image.dtype.itemsize != 2:  # else rounding may decide between equal channels
        cells = slow_hog.cell_histograms(plain(image), options["cell_size"], options["orientations"], True)
        np.testing.assert_allclose(grid, slow_hog.grid_features(cells, options["variant"]), atol=1e-4)


def _hog_blocks(draw):
    image = draw.image(channels=[(), (3,)])
    options = draw.parameters(
        cell_size=draw.integer(1, 9), block_cells=draw.integer(1, 3), orientations=draw.one_of([9, 1, 4, 8, 17]),
        signed=draw.one_of([False, True]), sigma=draw.one_of([0.5, None, 0.01, 9.0]),
        bilinear_cells=draw.one_of([False, True]), bilinear_orientations=draw.one_of([False, True]),
        norm=draw.one_of(["l2-hys", "l2", "l1", "l1-sqrt", None]), epsilon=draw.one_of([0.01, 1e-10, 5.0]),
    )
    if draw.rng.random() < 0.3:
        image = draw.photograph(channels=[(), (3,)])
        window = draw.spoiled((draw.integer(1, 4) * 8, draw.integer(1, 4) * 8))
        found = draw.call(bovw.hog_window, image, window=window, may_refuse=True, **options)
    else:
        found = draw.call_twice(bovw.hog_blocks, image, may_refuse=True, **options)
    if found is not None:
        assert np.isfinite(found).all() and (found >= 0).all() and found.dtype == np.float32


def _hog_patches(draw):
    image = draw.photograph(channels=[(), (3,)])
    cells = draw.integer(1, 4)
    sizes = draw.one_of([draw.integer(cells, 20), [draw.integer(cells, 20) for _ in range(draw.integer(1, 3))]])
    options = draw.parameters(
        patch_sizes=sizes, step=draw.integer(1, 12), patch_cells=cells, orientations=draw.one_of([9, 1, 4, 8, 17]),
        variant=draw.one_of(["dalal-triggs", "uoctti"]), sigma=draw.one_of([0.5, None, 0.01]),
        norm=draw.one_of(["l2-hys", "l2", "l1", "l1-sqrt", None]), epsilon=draw.one_of([0.01, 1e-10]),
    )
    found = draw.call_twice(bovw.hog, image, **options)
    if found is None:
        return
    descriptors, frames, norms = found
    per_cell = 3 if options["variant"] == "uoctti" else 1
    check_rows(descriptors, frames, int(options["patch_cells"]) ** 2 * per_cell * int(options["orientations"]), image)
    assert norms.shape == (len(frames),) and np.isfinite(norms).all() and (norms >= 0).all()
    if draw.hostile or not len(frames) or max(np.atleast_1d(sizes)) > 12 or options["norm"] not in ("l2-hys", None):
        return
    k = draw.integer(0, len(frames) - 1)
    size = int(frames[k, 2])
    x, y = (int(v - (size - 1) / 2) for v in frames[k, :2])
    raw = slow_hog.patch_histogram(
        plain(image), x, y, size, cells, options["orientations"], per_cell == 3, options["sigma"], True, True
    )
    if per_cell == 3:
        half = options["orientations"]
        raw = np.concatenate([raw, raw[..., :half] + raw[..., half:]], axis=2)
    expected = raw if options["norm"] is None else slow_hog.normalize(raw, "l2-hys", options["epsilon"])
    if raw.sum() > 1e-2 or options["norm"] is None:
        np.testing.assert_allclose(descriptors[k], expected.ravel(), rtol=1e-3, atol=1e-2 * expected.max() + 1e-4)


@fuzzer
def lbp(draw):
    draw.one_of([_lbp_codes, _lbp_cells, _lbp_patches])(draw)


def _circle(draw):
    method = draw.one_of(["uniform", "riu2", "ri", "plain", "vlfeat"])
    n_points = draw.integer(4, {"ri": 12, "plain": 12}.get(method, 32))
    circle = {"n_points": n_points, "radius": draw.one_of([1.0, 1, 2.0, 1.5, 0.3, 4.7, 11.0]), "method": method,
              "interpolation": draw.one_of(["auto", "bilinear", "nearest"])}
    if method == "vlfeat":
        circle.update(n_points=8, radius=1.0, interpolation="auto")
    return circle


def _lbp_codes(draw):
    image, circle = draw.image(), _circle(draw)
    options = draw.parameters(**circle, border=draw.one_of(["valid", "zero", "edge"]))
    codes = draw.call(bovw.lbp_codes, image, may_refuse=options["border"] == "valid", **options)
    if codes is None or draw.hostile:
        return
    if options["border"] == "valid" and image.size <= 600 and np.asarray(image).dtype.kind in "iu":
        strict = circle["method"] == "vlfeat"
        nearest = strict or circle["interpolation"] == "nearest"
        expected = slow_lbp.codes(image, circle["n_points"], circle["radius"], nearest, strict)
        if circle["method"] != "plain":
            expected = np.vectorize(
                lambda code: slow_lbp.label(int(code), circle["n_points"], circle["method"]), otypes=[int]
            )(expected)
            if circle["method"] == "ri":
                return
        np.testing.assert_array_equal(codes, expected)


def _lbp_cells(draw):
    image, circle = draw.image(), _circle(draw)
    if draw.rng.random() < 0.2:
        image = draw.photograph()
        pairs = draw.spoiled([(circle["n_points"], circle["radius"]), (8, 1)][: draw.integer(1, 2)])
        del circle["n_points"], circle["radius"]
        options = draw.parameters(**circle, norm=draw.one_of([None, "l1", "l1-sqrt", "l2"]))
        found = draw.call(bovw.lbp_histogram, image, may_refuse=True, scales=pairs, **options)
        assert found is None or np.isfinite(found).all()
        return
    options = draw.parameters(
        **circle, cell_size=draw.one_of([None, draw.integer(1, 12)]), sharing=draw.one_of(["auto", "none", "bilinear"]),
        norm=draw.one_of(["auto", None, "l1", "l1-sqrt", "l2"]),
    )
    found = draw.call_twice(bovw.lbp_cells, image, may_refuse=True, **options)
    if found is not None:
        assert np.isfinite(found).all() and (found >= 0).all() and found.dtype == np.float32


def _lbp_patches(draw):
    image, circle = draw.photograph(), _circle(draw)
    cells = draw.integer(1, 3)
    sizes = draw.one_of([cells * draw.integer(1, 8), [cells * draw.integer(1, 8) for _ in range(draw.integer(1, 3))]])
    options = draw.parameters(
        **circle, patch_sizes=sizes, step=draw.integer(1, 12), patch_cells=cells, norm=draw.one_of([None, "l1", "l2"])
    )
    found = draw.call_twice(bovw.lbp, image, **options)
    if found is None:
        return
    descriptors, frames, _ = found
    check_rows(descriptors, frames, descriptors.shape[1], image)
    if options["norm"] == "l2":
        length = np.linalg.norm(descriptors.astype(np.float64), axis=1)
        assert ((np.abs(length - 1) < 1e-5) | (length == 0)).all()


@fuzzer
def color_statistics(draw):
    image = draw.photograph(channels=[(), (3,)])
    cells = draw.integer(1, 4)
    options = draw.parameters(
        patch_sizes=draw.one_of([cells * draw.integer(1, 6), [cells * draw.integer(1, 6) for _ in range(2)]]),
        step=draw.integer(1, 12), patch_cells=cells,
    )
    found = draw.call(bovw.color_statistics, image, **options)
    if found is None:
        return
    descriptors, frames, _ = found
    check_rows(descriptors, frames, 6 * int(options["patch_cells"]) ** 2, image)
    size = options["patch_sizes"]
    if not draw.hostile and isinstance(size, int) and image.size <= 3000:
        values = plain(image)
        values = np.repeat(values[:, :, None], 3, axis=2) if values.ndim == 2 else values
        expected = slow_color.color_statistics(values, size, options["step"], options["patch_cells"])
        np.testing.assert_allclose(descriptors, expected, rtol=1e-5, atol=2e-3)


@fuzzer
def gist(draw):
    image, blocks = draw.photograph(max_side=30), draw.integer(1, 4)
    filters = {"orientations": draw.one_of([(8, 4), (3,), (1, 1, 1)]), "blocks": blocks,
               "prefilter": draw.one_of([4.0, None, 0.1, 100.0])}
    if draw.rng.random() < 0.5:
        options = draw.parameters(**filters, image_size=blocks * draw.integer(1, 12))
        found = draw.call(bovw.gist, image, **options)
        assert found is None or np.isfinite(found.descriptors).all()
        return
    options = draw.parameters(**filters, patch_size=blocks * draw.integer(1, 8), step=draw.integer(1, 12))
    found = draw.call(bovw.gist, image, **options)
    if found is not None:
        check_rows(found.descriptors, found.frames, sum(options["orientations"]) * int(options["blocks"]) ** 2, image)


def run_case(name, case):
    """Run one case; raise AssertionError with all that replays it if it finds something."""
    draw = Draw(case)
    try:
        with np.errstate(all="ignore"):
            FUZZERS[name](draw)
    except Exception as error:
        raise AssertionError(
            f"case {case} of {name}: {type(error).__name__}: {error}\ndrawn: {draw.told}\n"
            f"replay: python -m tests.fuzz --case {case} {name}"
        ) from error


def run(name, seconds, first_case):
    """Run cases for so long; returns (number of cases, list of findings)."""
    findings, case = [], first_case
    stop = time.monotonic() + seconds
    with tempfile.NamedTemporaryFile(prefix=f"fuzz_{name}_") as current:
        print(f"{name}: should the process die, its last case stands in {current.name}", flush=True)
        while time.monotonic() < stop:
            os.pwrite(current.fileno(), b"%020d" % case, 0)
            try:
                run_case(name, case)
            except AssertionError as error:
                findings.append(str(error))
                print(error, flush=True)
                traceback.print_exception(error.__cause__)
                if len(findings) >= 20:
                    break
            case += 1
    return case - first_case, findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(FUZZERS)}; default all")
    parser.add_argument("--minutes", type=float, default=1.0, help="for each kernel (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other cases")
    parser.add_argument("--case", type=int, help="run this one case only")
    options = parser.parse_args()
    unknown = set(options.names) - set(FUZZERS)
    if unknown:
        parser.error(f"no fuzzer named {', '.join(sorted(unknown))}; there are {', '.join(FUZZERS)}")
    faulthandler.enable()
    total = 0
    for name in options.names or FUZZERS:
        if options.case is not None:
            run_case(name, options.case)
            continue
        n_cases, findings = run(name, 60 * options.minutes, options.seed << 32)
        print(f"{name}: {n_cases} cases, {len(findings)} findings", flush=True)
        total += len(findings)
    raise SystemExit(1 if total else 0)


if __name__ == "__main__":
    main()
