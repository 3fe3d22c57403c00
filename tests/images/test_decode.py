"""The decode policy of each kind of file, and one clear error for each kind of trouble."""

import io
import os
import pathlib
import struct
import warnings
import zipfile
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from bovw.errors import BovwError, ImageDecodeError, ImageScaleWarning, ParameterError
from bovw.images import load_image, probe_image, read_image

from .files import PHOTOGRAPH, encode, exif, patch, sun_raster

RGB = patch()
GRAY = RGB[:, :, 1]


def rgba():
    alpha = np.linspace(0, 255, RGB.shape[1]).astype(np.uint8)
    return np.dstack([RGB, np.broadcast_to(alpha, RGB.shape[:2])])


def over_white(image):
    alpha = image[:, :, 3:] / 255.0
    return image[:, :, :3] * alpha + 255 * (1 - alpha)


def luma(image):
    return image @ [0.299, 0.587, 0.114]


LOSSLESS = {
    "PNG": {},
    "BMP": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "TIFF lzw": {"compression": "tiff_lzw"},
    "TIFF deflate": {"compression": "tiff_adobe_deflate"},
    "TIFF packbits": {"compression": "packbits"},
}


def lossless(name, image=RGB, **options):
    return encode(image, name.split()[0], **{**LOSSLESS[name], **options})


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_their_pixels(name):
    data = lossless(name)
    image = read_image(data)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.flags.writeable
    assert np.array_equal(image, RGB)
    gray = read_image(data, "gray")
    assert gray.shape == RGB.shape[:2]
    assert np.abs(gray - luma(RGB)).max() <= 0.51
    info = probe_image(data)
    assert (info.format, info.width, info.height, info.mode) == (name.split()[0], 64, 48, "RGB")


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF", "TIFF lzw"])
def test_gray_files(name):
    data = lossless(name, GRAY)
    assert np.array_equal(read_image(data, "gray"), GRAY)
    assert np.array_equal(read_image(data), np.repeat(GRAY[:, :, None], 3, axis=2))


def test_palette_and_1_bit():
    palette = Image.fromarray(RGB).quantize(32)
    for image_format in ("PNG", "GIF", "BMP", "TIFF"):
        assert np.array_equal(read_image(encode(palette, image_format)), np.asarray(palette.convert("RGB")))
    bits = Image.fromarray(GRAY > 100)
    files = [encode(bits, f) for f in ("PNG", "BMP", "TIFF")] + [encode(bits, "TIFF", compression="group4")]
    for data in files:
        assert np.array_equal(read_image(data, "gray"), (GRAY > 100) * np.uint8(255))



def test_sun_raster():
    for gray in (GRAY, GRAY[:, :-1]):  # an even and an odd width
        data = sun_raster(gray)
        assert np.array_equal(read_image(data, "gray"), gray)
        assert np.array_equal(read_image(data), np.repeat(gray[:, :, None], 3, axis=2))
    assert np.array_equal(read_image(sun_raster(RGB)), RGB)
    info = probe_image(sun_raster(RGB))
    assert (info.format, info.width, info.height, info.mode) == ("SUN", 64, 48, "RGB")
    palette = np.random.default_rng(0).integers(256, size=(3, 256), dtype=np.uint8)
    assert np.array_equal(read_image(sun_raster(GRAY, palette.tobytes())), palette.T[GRAY])


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_laid_over_white(image_format):
    options = {"lossless": True, "exact": True} if image_format == "WEBP" else {}
    data = encode(rgba(), image_format, **options)
    assert np.abs(read_image(data) - over_white(rgba())).max() <= 1
    assert np.abs(read_image(data, "gray") - luma(over_white(rgba()))).max() <= 1.5
    transparent = rgba()
    transparent[:, :, 3] = 0
    assert (read_image(encode(transparent, image_format, **options)) == 255).all()


def test_gray_alpha_and_transparent_colors_are_laid_over_white():
    gray_alpha = Image.fromarray(np.dstack([GRAY, rgba()[:, :, 3]]), "LA")
    expected = over_white(np.dstack([GRAY] * 3 + [rgba()[:, :, 3]]))
    assert np.abs(read_image(encode(gray_alpha, "PNG")) - expected).max() <= 1
    palette = Image.fromarray(RGB).quantize(16)
    for image_format in ("PNG", "GIF"):
        image = read_image(encode(palette, image_format, transparency=3))
        inside = np.asarray(palette) == 3
        assert (image[inside] == 255).all()
        assert np.array_equal(image[~inside], np.asarray(palette.convert("RGB"))[~inside])
    keyed = read_image(encode(RGB, "PNG", transparency=tuple(int(v) for v in RGB[5, 7])))
    assert (keyed[5, 7] == 255).all()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_are_divided_by_257_and_rounded(extension, channels):
    deep = np.random.default_rng(0).integers(0, 65536, (20, 30, channels)).astype(np.uint16)
    deep[:2] = [[[0], [128], [129], [65535], [65406]] * 6] * 2
    if channels == 4:
        deep[:, :, 3] = 65535
    _, data = cv2.imencode(extension, deep[:, :, 0] if channels == 1 else deep[:, :, [2, 1, 0, 3][:channels]])
    expected = np.rint(deep[:, :, :3] / 257).astype(np.uint8)
    assert np.array_equal(read_image(data.tobytes()), np.broadcast_to(expected, (20, 30, 3)))
    assert np.array_equal(load_image(deep[:, :, :3]), read_image(data.tobytes()))
    for end in range(len(data) - 20):
        with pytest.raises(ImageDecodeError):
            read_image(data.tobytes()[:end])


def png(width, height, depth, color_type, rows, *extra):
    """A PNG built chunk by chunk."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)),
        *extra,
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in chunks)


def test_16_bit_gray_with_alpha():
    pixels = np.random.default_rng(2).integers(0, 65536, (5, 7, 2)).astype(">u2")
    data = png(7, 5, 16, 4, b"".join(b"\0" + row.tobytes() for row in pixels))
    eight = np.rint(pixels / 257)
    expected = over_white(eight[:, :, [0, 0, 0, 1]])
    assert np.abs(read_image(data) - expected).max() <= 1


def test_16_bit_transparent_color_is_refused():
    rows = b"".join(b"\0" + bytes(7 * 6) for _ in range(5))
    with pytest.raises(ImageDecodeError, match="this 16-bit kind is not read"):
        read_image(png(7, 5, 16, 2, rows, (b"tRNS", bytes(6))))


def test_16_bit_png_whose_chunks_lead_outside_the_file_is_refused():
    data = bytearray(deep(".png"))
    data[data.index(b"IDAT") - 4] = 0x7F
    with pytest.raises(ImageDecodeError):
        read_image(bytes(data))


def test_big_endian_16_bit_tiff():
    pixels = GRAY.astype(">u2") * 257
    data = encode(Image.frombytes("I;16B", (64, 48), pixels.astype(">u2").tobytes()), "TIFF")
    assert data.startswith(b"MM")
    assert np.array_equal(read_image(data, "gray"), GRAY)


def test_white_is_zero_tiff():
    for deep in (False, True):
        pixels = GRAY.astype(np.uint16) * 257 if deep else GRAY
        data = bytearray(encode(Image.fromarray(pixels), "TIFF"))
        entry = data.index(struct.pack("<HHI", 262, 3, 1))
        assert data[entry + 8] == 1
        data[entry + 8] = 0
        assert np.array_equal(read_image(bytes(data), "gray"), 255 - GRAY)


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_float_and_32_bit_tiff_are_refused(kind):
    with pytest.raises(ImageDecodeError, match="no agreed black and white"):
        read_image(encode(Image.fromarray(GRAY.astype(kind)), "TIFF"))


def test_cmyk():
    cmyk = Image.fromarray(np.dstack([255 - RGB, GRAY // 4]), "CMYK")
    light = 255.0 - np.asarray(cmyk)
    expected = light[:, :, :3] * light[:, :, 3:] / 255
    assert np.abs(read_image(encode(cmyk, "TIFF")) - expected).max() <= 1
    jpeg = encode(cmyk, "JPEG", quality=98, subsampling=0)
    assert probe_image(jpeg).mode == "CMYK"
    assert np.abs(read_image(jpeg) - expected).mean() < 4
    assert np.abs(read_image(jpeg, "gray") - luma(expected)).mean() < 4


ORIENTED = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation(orientation, order, image_format):
    block = exif(orientation, order)
    plain, turned = encode(RGB, image_format), encode(RGB, image_format, exif=block)
    stored = read_image(plain)
    assert np.array_equal(read_image(turned, orient=False), stored)
    upright = read_image(turned)
    assert upright.flags.c_contiguous
    assert np.array_equal(upright, ORIENTED[orientation](stored))
    assert np.array_equal(read_image(turned, "gray"), ORIENTED[orientation](read_image(plain, "gray")))
    info = probe_image(turned)
    assert (info.height, info.width) == upright.shape[:2]
    info = probe_image(turned, orient=False)
    assert (info.height, info.width) == stored.shape[:2]


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_tiff_orientation(orientation, compression):
    data = encode(RGB, "TIFF", compression=compression, tiffinfo={274: orientation})
    assert np.array_equal(read_image(data, orient=False), RGB)
    assert np.array_equal(read_image(data), ORIENTED[orientation](RGB))
    info = probe_image(data)
    assert (info.height, info.width) == ORIENTED[orientation](RGB).shape[:2]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("orientation", ORIENTED)
def test_16_bit_tiff_orientation(orientation, channels):
    deep = RGB.astype(np.uint16) * 257
    _, data = cv2.imencode(".tiff", deep[:, :, 1] if channels == 1 else deep[:, :, ::-1])
    data = data.tobytes()
    width = struct.pack("<HHI", 256, 3, 1)
    entries = data.index(width)
    tag = struct.pack("<HHII", 274, 3, 1, orientation)
    start = entries - 2
    n_entries = struct.unpack_from("<H", data, start)[0]
    directory = [data[entries + 12 * i : entries + 12 * i + 12] for i in range(n_entries)]
    directory = [e for e in directory if e[:2] != tag[:2]] + [tag]
    directory.sort(key=lambda entry: struct.unpack("<H", entry[:2]))
    moved = data + struct.pack("<H", len(directory)) + b"".join(directory) + b"\0\0\0\0"
    moved = moved[:4] + struct.pack("<I", len(data)) + moved[8:]
    stored = RGB if channels == 3 else np.repeat(GRAY[:, :, None], 3, axis=2)
    if channels == 3 and orientation > 1:
        with pytest.raises(ImageDecodeError, match="save it upright"):
            read_image(moved)
        return
    assert np.array_equal(read_image(moved, orient=False), stored)
    assert np.array_equal(read_image(moved), ORIENTED[orientation](stored))


@pytest.mark.parametrize(
    "block",
    [b"Exif\0\0", b"Exif\0\0II*\0", exif(9), exif(0), exif(6)[:-10], b"Exif\0\0II*\0\xff\xff\xff\xff"],
)
def test_damaged_exif_is_ignored_in_silence(block):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(encode(RGB, "JPEG", exif=block)).shape == RGB.shape


def test_gray_of_a_jpeg_is_close_to_the_gray_of_its_colors():
    gray = read_image(PHOTOGRAPH, "gray").astype(float)
    difference = np.abs(gray - luma(read_image(PHOTOGRAPH)))
    assert difference.mean() < 0.6
    assert (difference > 1.5).mean() < 0.01


def test_first_frame_of_several():
    second = Image.fromarray(RGB[::-1].copy())
    for image_format, options in [("TIFF", {}), ("PNG", {}), ("WEBP", {"lossless": True})]:
        data = encode(RGB, image_format, save_all=True, append_images=[second], **options)
        assert np.array_equal(read_image(data), RGB)
    first = Image.fromarray(RGB).quantize(64)
    data = encode(first, "GIF", save_all=True, append_images=[second.quantize(64)])
    assert np.array_equal(read_image(data), np.asarray(first.convert("RGB")))


def rle_bmp():
    """An 8-bit run-length-coded BMP of 16 x 4 pixels."""
    rows = b"".join(bytes([8, r, 8, r + 1, 0, 0]) for r in range(4)) + b"\0\1"
    palette = b"".join(bytes([i * 40, i * 30, i * 20, 0]) for i in range(6))
    offset = 14 + 40 + len(palette)
    header = b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset)
    header += struct.pack("<IiiHHIIiiII", 40, 16, 4, 1, 8, 1, len(rows), 0, 0, 6, 6)
    return header + palette + rows


TRUNCATED = {
    **{name: lambda name=name: lossless(name) for name in LOSSLESS},
    "PNG palette": lambda: encode(Image.fromarray(RGB).quantize(16), "PNG"),
    "PNG alpha": lambda: encode(rgba(), "PNG"),
    "GIF": lambda: encode(Image.fromarray(RGB).quantize(64), "GIF"),
    "BMP runs": rle_bmp,
    "SUN": lambda: sun_raster(RGB),
    "BMP 1 bit": lambda: encode(Image.fromarray(GRAY > 99), "BMP"),
    "WEBP lossy": lambda: encode(RGB, "WEBP"),
    "TIFF jpeg": lambda: encode(RGB, "TIFF", compression="jpeg"),
    "TIFF group4": lambda: encode(Image.fromarray(GRAY > 99), "TIFF", compression="group4"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", TRUNCATED)
def test_every_cut_of_the_other_formats_is_refused_or_loses_no_pixel(name):
    data = TRUNCATED[name]()
    whole = read_image(data)
    accepted = 0
    tail = max(0, len(data) - 64)
    for end in [*range(0, tail, max(1, len(data) // 300)), *range(tail, len(data))]:
        try:
            image = read_image(data[:end])
        except ImageDecodeError:
            continue
        assert np.array_equal(image, whole), end
        accepted += 1
    assert accepted <= 24  # nothing but a trailer was missing


def test_a_flipped_bit_in_a_png_never_changes_pixels():
    data = lossless("PNG")
    rng = np.random.default_rng(5)
    for _ in range(200):
        damaged = bytearray(data)
        damaged[rng.integers(len(data))] ^= 1 << rng.integers(8)
        try:
            image = read_image(bytes(damaged))
        except ImageDecodeError:
            continue
        assert np.array_equal(image, RGB)


def huge_jpeg():
    data = bytearray(encode(RGB, "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65500, 65500)
    return bytes(data)


def test_too_many_pixels_are_refused_before_decoding():
    bomb = png(30000, 30000, 8, 2, bytes(100_000))
    for data, size in [(bomb, "30000 x 30000 = 900000000"), (huge_jpeg(), "65500 x 65500")]:
        with pytest.raises(ImageDecodeError, match=f"{size}.* max_pixels=64000000; .*raise max_pixels"):
            read_image(data)
    gif = bytearray(encode(Image.fromarray(RGB).quantize(8), "GIF"))
    gif[6:10] = struct.pack("<HH", 65535, 65535)
    with pytest.raises(ImageDecodeError, match="65535 x 65535"):
        read_image(bytes(gif))
    data = encode(RGB, "PNG")
    assert read_image(data, max_pixels=64 * 48).shape == RGB.shape
    assert read_image(data, max_pixels=None).shape == RGB.shape
    with pytest.raises(ImageDecodeError, match="PNG of 64 x 48 = 3072 pixels, more than max_pixels=3071"):
        read_image(data, max_pixels=64 * 48 - 1)


def test_sources(tmp_path):
    data = encode(RGB, "PNG")
    path = tmp_path / "patch.jpg"  # the extension lies
    path.write_bytes(data)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("patch.png", data)

    class Member:
        name = "a.zip/patch.png"

        def open(self):
            return zipfile.ZipFile(tmp_path / "a.zip").open("patch.png")

    sources = [path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data), Member()]
    for source in sources:
        assert probe_image(source) == probe_image(path)
        assert np.array_equal(read_image(source), RGB)
        if hasattr(source, "seek"):
            source.seek(0)
        assert np.array_equal(load_image(source), RGB)
    with open(path, "rb") as file:
        assert np.array_equal(read_image(file), RGB)
    shifted = io.BytesIO(b"junk" + data)
    shifted.seek(4)
    assert probe_image(shifted).format == "PNG"
    assert np.array_equal(read_image(shifted), RGB)


def message(source, **options):
    with pytest.raises(ImageDecodeError) as caught:
        read_image(source, **options)
    with pytest.raises(ImageDecodeError):
        probe_image(source)
    assert "\n" not in str(caught.value)
    assert caught.value.source in str(caught.value)
    return str(caught.value)


def test_errors_name_the_file_and_the_trouble(tmp_path):
    text = tmp_path / "notes.jpg"
    text.write_text("Bonjour, this is no image\n")
    empty = tmp_path / "empty.png"
    empty.touch()
    assert "notes.jpg: not an image, it starts with 'Bonjour,'" in message(text)
    assert "empty.png: the file is empty" in message(empty)
    assert "is a directory" in message(tmp_path)
    assert "absent.jpg: no such file" in message(tmp_path / "absent.jpg")
    assert "not a path" in message("nul\0byte.jpg")
    assert "<3 bytes>: not an image" in message(b"abc")
    assert "not an image" in message(b"BM, a text that begins like a bitmap")
    with open(text) as file, pytest.raises(ImageDecodeError, match="binary mode"):
        read_image(file)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path):
    path = tmp_path / "locked.png"
    path.write_bytes(encode(RGB, "PNG"))
    path.chmod(0)
    assert "cannot be opened" in message(path)


def test_errors_survive_pickling():
    import pickle

    with pytest.raises(ImageDecodeError) as caught:
        read_image(b"")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.source) == (str(caught.value), caught.value.source)


def test_parameters_are_checked():
    data = encode(RGB, "PNG")
    for options in [{"mode": "grey"}, {"mode": None}, {"max_pixels": 0}, {"max_pixels": 1.5}, {"orient": 1}]:
        with pytest.raises(ParameterError):
            read_image(data, **options)
    with pytest.raises(ParameterError, match="type int"):
        read_image(3)


def test_pillows_leniency_is_refused(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(ImageDecodeError, match="LOAD_TRUNCATED_IMAGES"):
        read_image(encode(RGB, "PNG"))


def test_load_image_takes_arrays():
    assert load_image(RGB) is RGB
    assert load_image(GRAY, "gray") is GRAY
    assert np.array_equal(load_image(RGB, "gray"), read_image(encode(RGB, "PNG"), "gray"))
    assert np.array_equal(load_image(rgba()), read_image(encode(rgba(), "PNG")))
    assert np.array_equal(load_image(GRAY), np.dstack([GRAY] * 3))
    assert np.array_equal(load_image(GRAY[:, :, None], "gray"), GRAY)
    assert np.array_equal(load_image(GRAY > 9, "gray"), (GRAY > 9) * np.uint8(255))
    for dtype in (np.float32, np.float64):
        gray = load_image(RGB.astype(dtype), "gray")
        assert gray.dtype == dtype
        assert np.allclose(gray, luma(RGB), atol=1e-4)
    assert load_image(RGB.astype(np.float16), "gray").dtype == np.float32
    not_finite = GRAY.astype(np.float32)
    not_finite[3, 4] = np.nan
    shapes = [np.zeros(shape) for shape in (5, (4, 4, 2), (0, 4))]
    for bad in (*shapes, RGB.astype(int), RGB * 1j, not_finite, None):
        with pytest.raises(ParameterError):
            load_image(bad)
    with pytest.raises(ParameterError, match="alpha"):
        load_image(rgba().astype(np.float32))
    with pytest.raises(ParameterError, match="Pillow"):
        load_image(Image.fromarray(RGB))


@pytest.mark.parametrize(
    ("image", "warns"),
    [
        (GRAY / 255, True),
        (RGB.astype(np.float32) / 255, True),
        (GRAY.astype(np.float64), False),
        (GRAY / 255 - 0.5, False),  # not that scale either
        (np.zeros((9, 9)), False),
        (np.full((3, 3), 0.5), False),  # too few to tell
        (np.eye(9, dtype=np.uint8), False),
        (np.eye(9, dtype=bool), False),
    ],
)
def test_floats_in_0_1_are_warned_of(image, warns):
    for mode in ("gray", "rgb"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            load_image(image, mode)
        assert [warning.category for warning in caught] == [ImageScaleWarning] * warns


def deep(extension):
    return cv2.imencode(extension, patch(12, 16).astype(np.uint16) * 257)[1].tobytes()


DAMAGED = {**TRUNCATED, "PNG 16 bits": lambda: deep(".png"), "TIFF 16 bits": lambda: deep(".tiff")}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", DAMAGED)
def test_damage_gives_pixels_or_our_error(name):
    data = DAMAGED[name]()
    rng = np.random.default_rng(11)
    places = np.concatenate([np.arange(min(len(data), 100)), rng.integers(len(data), size=200)])
    for place in places:
        damaged = bytearray(data)
        damaged[place] = rng.integers(256)
        try:
            image = read_image(bytes(damaged), max_pixels=1_000_000)
        except ImageDecodeError:
            continue
        assert image.dtype == np.uint8
        assert image.shape[2] == 3


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
def test_random_bytes_behind_every_magic_give_only_our_error():
    rng = np.random.default_rng(8)
    heads = [encode(RGB, f)[:n] for f in ("JPEG", "PNG", "BMP", "WEBP", "TIFF") for n in (18, 40, 200)]
    heads += [encode(Image.fromarray(RGB).quantize(8), "GIF")[:n] for n in (18, 60)]
    heads += [sun_raster(RGB)[:n] for n in (18, 40)]
    for head in heads:
        for _ in range(10):
            with pytest.raises(BovwError):
                read_image(head + rng.bytes(300))


def test_no_file_stays_open(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encode(RGB, "PNG"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for _ in range(3):
            read_image(path)
            probe_image(pathlib.Path(path))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_arrays_of_the_other_byte_order(dtype):
    image = (np.random.default_rng(0).integers(0, 256, (9, 11, 3)) * (257 if dtype == np.uint16 else 1)).astype(dtype)
    for mode in ("rgb", "gray"):
        found = load_image(image.astype(image.dtype.newbyteorder()), mode=mode)
        assert found.dtype.isnative
        np.testing.assert_array_equal(found, load_image(image, mode=mode))
