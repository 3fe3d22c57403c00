"""The container against SciPy, against a twin built from the format's description, and against damage."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from bovw.errors import DatasetError, ParameterError
from bovw.interchange.mat5 import (
    StructArrayWriter,
    adler32_combine,
    array_element,
    pack,
    read_struct_array,
    struct_element,
    text_element,
)

from ..reference import mat5 as twin

RECORDS = [
    {"ID": "first", "part": {"a": np.float32([[1.5, 2, 3]]), "b": np.int8([[0, 1, 2]]), "c": np.zeros((1, 0), "f4")}},
    {"ID": "", "part": {"a": np.arange(6, dtype=np.float64).reshape(2, 3), "b": np.int16([[7]]),
                        "c": np.float32([[4]])}},
    {"ID": "caf\u00e9", "part": {"a": np.uint8([[9]]), "b": np.int64([[1 << 40]]), "c": np.float32([[4, 5]])}},
]


def packed(record):
    rows = {name: array_element(values) for name, values in record["part"].items()}
    return pack(text_element(record["ID"]) + struct_element(rows))


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "a.mat"
    with open(path, "wb") as file:
        writer = StructArrayWriter(file, "things", ("ID", "part"), len(RECORDS))
        for record in RECORDS:
            writer.append(packed(record))
        writer.close()
    return path


def assert_same(found, wanted):
    assert [record["ID"] for record in found] == [record["ID"] for record in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert list(one["part"]) == list(other["part"])
        for name, values in other["part"].items():
            assert one["part"][name].dtype == values.dtype, name
            np.testing.assert_array_equal(one["part"][name], values)


def test_the_bytes_are_those_of_the_format(written):
    data = written.read_bytes()
    kind, length = struct.unpack("<II", data[128:136])
    assert (kind, length) == (15, len(data) - 136)
    assert zlib.decompress(data[136:]) == twin.struct_array("things", RECORDS)  # one sound stream, checksum included


def test_scipy_sees_what_it_would_have_written(written, tmp_path):
    array = np.empty((len(RECORDS), 1), dtype=[("ID", object), ("part", object)])
    for i, record in enumerate(RECORDS):
        array[i, 0] = record["ID"], record["part"]
    savemat(tmp_path / "b.mat", {"things": array}, do_compression=True, format="5")
    ours, theirs = loadmat(written)["things"], loadmat(tmp_path / "b.mat")["things"]
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    for one, other in zip(ours.ravel(), theirs.ravel(), strict=True):
        assert one["ID"].tolist() == other["ID"].tolist() and one["ID"].shape == other["ID"].shape
        assert one["part"].dtype == other["part"].dtype and one["part"].shape == other["part"].shape
        for x, y in zip(one["part"][0, 0], other["part"][0, 0], strict=True):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compress", [False, True])
def test_either_byte_order_is_read(tmp_path, order, compress):
    other = twin.value(order, np.float64([[1.0, 2.0]]), b"another")
    path = tmp_path / "a.mat"
    path.write_bytes(twin.file("things", RECORDS, order=order, compress=compress, before=other))
    assert_same(list(read_struct_array(path, "things")), RECORDS)
    with pytest.raises(DatasetError, match=r"a\.mat.*no variable nothing"):
        list(read_struct_array(path, "nothing"))
    with pytest.raises(DatasetError, match="not a struct array"):
        list(read_struct_array(path, "another"))


def test_integers_stored_small_get_the_class_of_their_array(tmp_path):
    record = {"ID": "x", "part": {"a": (np.float64([[3, 4]]), "u1"), "b": (np.float32([[0, 7]]), "i2")}}
    (tmp_path / "a.mat").write_bytes(twin.file("things", [record]))
    part = next(read_struct_array(tmp_path / "a.mat", "things"))["part"]
    assert part["a"].dtype == np.float64 and part["a"].tolist() == [[3, 4]]
    assert part["b"].dtype == np.float32 and part["b"].tolist() == [[0, 7]]


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 400))
def test_checksums_combine(first, second, zeros):
    second += b"\xff" * (zeros * 50)
    combined = adler32_combine(zlib.adler32(first), zlib.adler32(second), len(second))
    assert combined == zlib.adler32(first + second)


def test_every_cut_is_noticed(written, tmp_path):
    plain = twin.file("things", RECORDS, compress=False)
    for data in (written.read_bytes(), plain):
        for size in [*range(0, len(data) - 1, 23), len(data) - 1]:
            (tmp_path / "cut.mat").write_bytes(data[:size])
            with pytest.raises(DatasetError, match=r"cut\.mat"):
                list(read_struct_array(tmp_path / "cut.mat", "things"))


def test_changed_bytes_give_an_error_or_a_value(tmp_path):
    plain = bytearray(twin.file("things", RECORDS, compress=False))
    rng, refused = np.random.default_rng(0), 0
    for _ in range(600):
        data = bytearray(plain)
        for place in rng.integers(128, len(data), rng.integers(1, 4)):
            data[place] = rng.choice([0, 1, 2, 127, 128, 255, rng.integers(256)])
        (tmp_path / "bad.mat").write_bytes(data)
        try:
            assert all(isinstance(r, dict) for r in read_struct_array(tmp_path / "bad.mat", "things"))
        except DatasetError:
            refused += 1
    assert refused > 200


def test_a_changed_value_fails_the_checksum(tmp_path):
    plain = twin.struct_array("things", RECORDS)
    at = plain.index(b"first")
    wrong = zlib.compress(plain[:at] + b"worst" + plain[at + 5 :])[:-4] + zlib.compress(plain)[-4:]
    (tmp_path / "bad.mat").write_bytes(twin.header() + struct.pack("<II", 15, len(wrong)) + wrong)
    with pytest.raises(DatasetError, match=r"bad\.mat.*incorrect data check"):
        list(read_struct_array(tmp_path / "bad.mat", "things"))


def test_a_bomb_is_not_inflated(tmp_path):
    head = twin.matrix("<", 2, (1, 1), b"things", twin.structs("<", [{"ID": ""}]))[8:-56]
    member = struct.pack("<II", 14, 1 << 30) + bytes(1 << 22)
    variable = struct.pack("<II", 14, (1 << 30) + 1000) + head + member
    packed = zlib.compress(variable)
    (tmp_path / "bomb.mat").write_bytes(twin.header() + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(DatasetError, match="an element of 1073741824 bytes"):
        list(read_struct_array(tmp_path / "bomb.mat", "things", max_bytes=1 << 20))


def test_announced_elements_need_bytes(tmp_path):
    data = twin.matrix("<", 2, (1 << 30, 1 << 30), b"things", twin.structs("<", RECORDS))
    (tmp_path / "many.mat").write_bytes(twin.header() + data)
    with pytest.raises(DatasetError, match="elements of 2 fields are announced"):
        list(read_struct_array(tmp_path / "many.mat", "things"))


def test_an_unfinished_array_is_not_closed(tmp_path):
    with open(tmp_path / "a.mat", "wb") as file:
        writer = StructArrayWriter(file, "things", ("ID", "part"), 2)
        writer.append(packed(RECORDS[0]))
        with pytest.raises(ParameterError, match="1 elements"):
            writer.close()


def test_what_a_level_5_file_cannot_hold_is_refused(tmp_path):
    with open(tmp_path / "a.mat", "wb") as file:
        writer = StructArrayWriter(file, "things", ("ID",), 2)
        huge = packed(RECORDS[0])._replace(size=2**31)
        with pytest.raises(ParameterError, match="fewer images"):
            writer.append(huge)
