"""JPEG files are decoded completely or refused: cut, damaged, padded, with thumbnails."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from bovw.errors import ImageDecodeError
from bovw.images import read_image

from .files import PHOTOGRAPH, encode, exif, patch

EOI = b"\xff\xd9"
VARIANTS = {
    "baseline": {},
    "full color": {"subsampling": 0},
    "optimized": {"optimize": True, "quality": 40},
    "restarts": {"restart_marker_blocks": 3},
    "progressive": {"progressive": True},
    "stored as RGB": {"keep_rgb": True},
    "with EXIF": {"exif": exif(1)},
}


def variants():
    files = {name: encode(patch(), "JPEG", **options) for name, options in VARIANTS.items()}
    files["gray"] = encode(patch()[:, :, 0], "JPEG")
    files["gray progressive"] = encode(patch()[:, :, 0], "JPEG", progressive=True)
    files["CMYK"] = encode(Image.fromarray(patch()).convert("CMYK"), "JPEG")
    return files


@pytest.mark.parametrize("name", variants())
@pytest.mark.parametrize("mode", ["rgb", "gray"])
def test_every_cut_is_refused_or_loses_no_pixel(name, mode):
    data = variants()[name]
    whole = read_image(data, mode)
    accepted = []
    for end in range(len(data)):
        try:
            image = read_image(data[:end], mode)
        except ImageDecodeError:
            continue
        assert np.array_equal(image, whole), end
        accepted.append(end)
    # nothing but the end marker itself, and with it the padding of the last byte, may be missing
    assert len(accepted) <= (0 if "progressive" in name else 4)
    assert all(end >= len(data) - 4 for end in accepted)


@pytest.mark.parametrize("name", [n for n in variants() if "progressive" not in n])
def test_a_cut_file_with_a_new_end_marker_is_refused(name):
    data = variants()[name]
    whole = read_image(data).astype(int)
    start = data.index(b"\xff\xda") + 14
    for end in range(start, len(data) - 2):
        if data[end - 1] == 0xFF:
            continue
        try:
            image = read_image(data[:end] + EOI)
        except ImageDecodeError:
            continue
        wrong = np.abs(image - whole).max(axis=2) > 0
        # the data ended inside the last block of 16 x 16 pixels; upsampling carries it one pixel further
        assert not wrong[:-17].any(), end
        assert not wrong[:, :-17].any(), end


@pytest.mark.parametrize("progressive", [False, True])
def test_photograph_cut_at_many_places(progressive):
    with Image.open(PHOTOGRAPH) as photograph:
        data = encode(photograph, "JPEG", progressive=progressive)
    for end in np.linspace(0, len(data) - 3, 60).astype(int):
        with pytest.raises(ImageDecodeError):
            read_image(data[:end])


@pytest.mark.parametrize("trailing", [b"\0", b"\0" * 4096, b"\xff", b"\r\n", EOI, b"\xff\xd8\xff\xe0rest"])
@pytest.mark.parametrize("name", ["baseline", "progressive", "CMYK"])
def test_bytes_after_the_end_do_not_matter(name, trailing):
    data = variants()[name]
    assert np.array_equal(read_image(data + trailing), read_image(data))


def with_segment(data, code, body):
    """Insert one segment behind SOI."""
    return data[:2] + bytes([0xFF, code]) + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


@pytest.mark.parametrize("code", [0xE1, 0xE2, 0xED, 0xFE])
def test_an_embedded_thumbnail_counts_for_nothing(code):
    data = variants()["baseline"]
    thumbnail = encode(patch(8, 12), "JPEG")
    full = with_segment(data, code, b"Exif\0\0" + thumbnail)
    assert np.array_equal(read_image(full), read_image(data))
    for end in range(len(full) - len(data), len(full) - 4, 7):
        with pytest.raises(ImageDecodeError):
            read_image(full[:end])


def test_fill_bytes_before_markers_are_allowed():
    data = variants()["baseline"]
    assert np.array_equal(read_image(data[:-2] + b"\xff\xff" + EOI), read_image(data))
    assert np.array_equal(read_image(data[:2] + b"\xff\xff" + data[2:]), read_image(data))


def test_bytes_between_segments_are_stepped_over():
    data = variants()["with EXIF"]
    comment = b"\xff\xfe\0\2"
    for junk in (b"\0", b"\xff\0", b"\xff\x01", b"\xff\xd0", bytes(300), b"a" * 251 + b"\xff", b"\xff" * 600):
        assert np.array_equal(read_image(data[:2] + comment + junk + data[2:]), read_image(data)), junk


def test_a_file_of_too_many_scans_is_refused():
    data = variants()["progressive"]
    last = data.rindex(b"\xff\xda")
    assert read_image(data[:-2] + data[last:-2] * 100 + EOI).shape == (48, 64, 3)
    with pytest.raises(ImageDecodeError, match="more than 500 scans"):
        read_image(data[:-2] + data[last:-2] * 500 + EOI)


def test_a_mid_gray_picture_is_not_taken_for_missing_data():
    for progressive in (False, True):
        data = encode(np.full((64, 80, 3), 128, np.uint8), "JPEG", progressive=progressive)
        assert (read_image(data) == 128).all()


def test_a_marker_among_the_pixels_is_refused():
    data = bytearray(variants()["full color"])
    middle = (data.index(b"\xff\xda") + len(data)) // 2
    for code in (0x01, 0x40, 0xC0, 0xD8):
        data[middle : middle + 2] = bytes([0xFF, code])
        with pytest.raises(ImageDecodeError, match=f"marker 0x{code:02x} in its pixels"):
            read_image(bytes(data))


def test_bit_damage_never_crashes_and_keeps_the_shape():
    data = variants()["baseline"]
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(300):
        damaged = bytearray(data)
        damaged[rng.integers(2, len(data))] ^= 1 << rng.integers(8)
        try:
            image = read_image(bytes(damaged))
        except ImageDecodeError:
            refused += 1
        else:
            assert image.dtype == np.uint8
            assert image.ndim == 3
    assert refused > 0


@pytest.mark.parametrize(
    ("code", "message"),
    [(0xC9, "arithmetic"), (0xC3, "lossless"), (0xC5, "hierarchical")],
)
def test_other_codings_are_named(code, message):
    data = bytearray(variants()["baseline"])
    data[data.index(b"\xff\xc0") + 1] = code
    with pytest.raises(ImageDecodeError, match=message):
        read_image(bytes(data))


def test_header_fields_out_of_range_are_named():
    data = variants()["baseline"]
    frame = data.index(b"\xff\xc0")
    for offset, value, message in [(4, 12, "12 bits"), (9, 2, "2 components")]:
        damaged = bytearray(data)
        damaged[frame + offset] = value
        with pytest.raises(ImageDecodeError, match=message):
            read_image(bytes(damaged))
    damaged = bytearray(data)
    damaged[frame + 5 : frame + 7] = b"\0\0"
    with pytest.raises(ImageDecodeError, match="64 x 0 pixels"):
        read_image(bytes(damaged))


@pytest.mark.parametrize("name", [n for n in variants() if n != "CMYK"])
def test_pixels_equal_those_of_pillow(name):
    data = variants()[name]
    with Image.open(io.BytesIO(data)) as image:
        assert np.abs(read_image(data).astype(int) - np.asarray(image.convert("RGB"))).max() <= 1


def test_plain_files_have_the_pixels_of_opencv():
    data = PHOTOGRAPH.read_bytes()
    buffer = np.frombuffer(data, np.uint8)
    assert np.array_equal(read_image(data), cv2.imdecode(buffer, cv2.IMREAD_COLOR)[:, :, ::-1])
    assert np.array_equal(read_image(data, "gray"), cv2.imdecode(buffer, cv2.IMREAD_GRAYSCALE))


def test_native_imagenet_files(bovw_data):
    files = sorted((bovw_data / "imagenet_native").glob("*/*.JPEG"))[::10]
    assert files
    for file in files:
        data = file.read_bytes()
        with Image.open(file) as image:
            assert np.array_equal(read_image(file), np.asarray(image.convert("RGB")))
        with pytest.raises(ImageDecodeError, match="truncated"):
            read_image(data[: len(data) * 3 // 4])
