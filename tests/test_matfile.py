"""Unsound MAT files are refused before anything is allocated."""

import struct
import zlib

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import eye

from bovw import _matfile
from bovw._matfile import load_mat
from bovw.errors import DatasetError

from . import mat_kit

HEADER = b"MATLAB 5.0 MAT-file".ljust(116) + b"\0" * 8 + struct.pack("<H", 0x0100) + b"IM"


@pytest.mark.parametrize("compress", [False, True])
def test_what_scipy_writes_is_read_back(tmp_path, compress):
    values = {
        "numbers": np.arange(6, dtype=np.float32).reshape(2, 3), "text": "hello", "small": np.int8([[1, -2]]),
        "cells": np.array([[np.zeros((0, 0)), "x"]], dtype=object), "empty": np.zeros((1, 0)),
        "flag": np.array([[True, False]]), "accent": "caf\u00e9",
    }
    savemat(tmp_path / "a.mat", values, do_compression=compress)
    loaded = load_mat(tmp_path / "a.mat", [*values, "absent"])
    assert set(loaded) == set(values)
    np.testing.assert_array_equal(loaded["numbers"], values["numbers"])
    assert loaded["text"].item() == "hello" and loaded["accent"].item() == "caf\u00e9"
    assert loaded["cells"][0, 1].item() == "x"


def test_big_endian_is_read(tmp_path):
    name, values = b"x", struct.pack(">d", 2.5)
    body = struct.pack(">IIII", 6, 8, 6, 0) + struct.pack(">IIii", 5, 8, 1, 1)
    body += struct.pack(">HHc3x", 1, 1, name) + struct.pack(">II", 9, 8) + values
    header = HEADER[:124] + struct.pack(">H", 0x0100) + b"MI"
    (tmp_path / "be.mat").write_bytes(header + struct.pack(">II", 14, len(body)) + body)
    assert load_mat(tmp_path / "be.mat", ["x"])["x"].item() == 2.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "too few"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 200, "7.3"),
        (b"x" * 500, "Level 5"),
        (HEADER + struct.pack("<II", 14, 1 << 30), "truncated"),
        (HEADER + struct.pack("<II", 99, 8) + b"\0" * 8, "unknown kind"),
        (HEADER + b"\0\0\0", "truncated inside a tag"),
        (HEADER + struct.pack("<II", 15, 8) + b"notzlib!", "not a sound MAT file"),
    ],
)
def test_damage_is_named(tmp_path, content, message):
    (tmp_path / "bad.mat").write_bytes(content)
    with pytest.raises(DatasetError, match=message) as caught:
        load_mat(tmp_path / "bad.mat", ["x"])
    assert "bad.mat" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"nowhere\.mat cannot be read"):
        load_mat(tmp_path / "nowhere.mat", ["x"])


def test_a_bomb_is_not_inflated(tmp_path):
    packed = zlib.compress(bytes(8 << 20), 9)
    (tmp_path / "bomb.mat").write_bytes(HEADER + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(DatasetError, match="inflate to more than"):
        load_mat(tmp_path / "bomb.mat", ["x"], max_bytes=1 << 20)


def test_a_cut_compressed_variable_is_refused(tmp_path):
    packed = zlib.compress(bytes(1000))[:-6]
    (tmp_path / "cut.mat").write_bytes(HEADER + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(DatasetError, match="does not end"):
        load_mat(tmp_path / "cut.mat", ["x"])


@pytest.mark.parametrize(
    "value", [mat_kit.records(), np.arange(8.0)[:, None], np.array([["a"]] * 7, object)]
)
def test_announced_sizes_must_be_there(tmp_path, value):
    path = tmp_path / "huge.mat"
    savemat(path, {"x": value}, do_compression=False)
    content = path.read_bytes()
    shape = struct.pack("<ii", *value.shape)
    assert content.count(shape) >= 1
    path.write_bytes(content.replace(shape, struct.pack("<ii", 2**31 - 1, 2**31 - 1), 1))
    with pytest.raises(DatasetError, match=r"are announced in|of values"):
        load_mat(path, ["x"])


def test_the_number_of_arrays_is_bounded(tmp_path, monkeypatch):
    path = mat_kit.write(tmp_path / "meta.mat")
    assert "synsets" in load_mat(path, ["synsets"])
    monkeypatch.setattr(_matfile, "_MAX_ARRAYS", 50)
    with pytest.raises(DatasetError, match="more than 50 arrays"):
        load_mat(path, ["synsets"])


def test_only_plain_data_is_let_through(tmp_path):
    for value in (eye(3).tocsc(), np.array([[1j]])):
        savemat(tmp_path / "m.mat", {"x": value})
        with pytest.raises(DatasetError, match="not accepted"):
            load_mat(tmp_path / "m.mat", ["x"])


def test_nesting_is_bounded(tmp_path):
    value = np.zeros((1, 1))
    for _ in range(40):
        cell = np.empty((1, 1), object)
        cell[0, 0] = value
        value = cell
    savemat(tmp_path / "deep.mat", {"x": value})
    with pytest.raises(DatasetError, match="nested deeper"):
        load_mat(tmp_path / "deep.mat", ["x"])


def test_a_changed_byte_never_ends_in_another_error(tmp_path):
    path = mat_kit.write(tmp_path / "meta.mat", compress=False)
    content = path.read_bytes()
    rng = np.random.default_rng(7)
    refused = 0
    for position in rng.integers(116, len(content), 400):
        broken = bytearray(content)
        broken[position] = rng.integers(256)
        path.write_bytes(broken)
        try:
            load_mat(path, ["synsets"])
        except DatasetError:
            refused += 1
    assert refused > 50
    for length in rng.integers(0, len(content), 100):
        path.write_bytes(content[:length])
        try:
            assert load_mat(path, ["synsets"]) == {} and length == 128
        except DatasetError:
            pass
