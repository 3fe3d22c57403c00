"""CIFAR's pickles: every version that is in use is read, and nothing that a hostile one asks for is done."""

import io
import pickle
import pickletools
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw.datasets.batches import load_batch
from bovw.errors import DatasetError

ROWS = np.arange(2 * 3072, dtype=np.int64).reshape(2, 3072).astype(np.uint8)
BATCH = {b"data": ROWS, b"labels": [3, 7], b"filenames": [b"a.png", b"b.png"], b"batch_label": b"one of 5"}


def write(folder, data):
    path = folder / "data_batch_1"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_protocol(tmp_path, protocol, order):
    rows = np.asarray(ROWS, order=order)
    batch = load_batch(write(tmp_path, pickle.dumps(BATCH | {b"data": rows}, protocol=protocol)))
    assert set(batch) == {"data", "labels", "filenames", "batch_label"}
    assert batch["data"].dtype == np.uint8
    assert np.array_equal(batch["data"], ROWS)
    assert batch["labels"] == [3, 7]
    assert batch["filenames"] == ["a.png", "b.png"]


def python2_pickle():
    """As Python 2 and its NumPy wrote the distributed files: protocol 2, byte strings as SHORT_BINSTRING."""

    def string(data):
        return b"U" + bytes([len(data)]) + data if len(data) < 256 else b"T" + struct.pack("<I", len(data)) + data

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + string(b"b") + b"\x87R"
        + b"(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\n" + string(b"u1") + b"K\x00K\x01\x87R"
        + b"(K\x03" + string(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb" + b"\x89" + string(ROWS.tobytes())
        + b"tb"
    )
    labels = b"]q\x01(K\x03K\x07e"
    return b"\x80\x02}(" + string(b"data") + array + string(b"labels") + labels + b"u."


def test_the_distributed_form(tmp_path):
    data = python2_pickle()
    assert np.array_equal(pickle.loads(data, encoding="bytes")[b"data"], ROWS)  # the form is right
    batch = load_batch(write(tmp_path, data))
    assert np.array_equal(batch["data"], ROWS)
    assert batch["labels"] == [3, 7]


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def evil(tmp_path):
    mark = str(tmp_path / "mark")
    return {
        "eval": pickle.dumps({b"data": Call(eval, f"open({mark!r}, 'w')")}, protocol=2),
        "open": pickle.dumps({b"data": Call(open, mark, "w")}, protocol=4),
        "in a list": pickle.dumps({b"labels": [1, Call(open, mark, "w")]}, protocol=2),
        "getattr": b"\x80\x02cbuiltins\ngetattr\n.",
        "numpy load": b"\x80\x02cnumpy\nload\n.",
        "nested name": b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.tobytes\x93.",
        "codecs": pickle.dumps({b"x": 1}, 2)[:-1] + b"c_codecs\ndecode\n0.",
        "object": pickle.dumps({b"data": io.BytesIO(b"x")}, protocol=2),
        "NEWOBJ": b"\x80\x02cnumpy\nndarray\nK\x01\x85\x81.",
        "INST": b"(I1\ninumpy\nndarray\n.",
        "persistent": b"Pabc\n.",
        "extension": b"\x80\x02\x82\x01.",
        "state of a name": b"\x80\x02cnumpy\ndtype\n}U\x04nameU\x01xsb.",
        "slots of a name": b"\x80\x02cnumpy\ndtype\nN}U\x04nameU\x01xs\x86b.",
    }


@pytest.mark.parametrize("name", sorted(evil(__import__("pathlib").Path("/tmp"))))
def test_hostile_pickles_do_nothing(tmp_path, name):
    path = write(tmp_path, evil(tmp_path)[name])
    with pytest.raises(DatasetError, match="not a CIFAR batch"):
        load_batch(path)
    assert not (tmp_path / "mark").exists()


def array_pickle(shape, code="u1", data=b"\0" * 6, call=(0,)):
    """A batch whose array is announced as told."""

    class Array:
        def __reduce__(self):
            return np.core.multiarray._reconstruct, (np.ndarray, call, b"b"), (1, shape, np.dtype(code), False, data)

    return pickle.dumps({b"data": Array()}, protocol=2)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"shape": (10**12,)}, "shape and bytes disagree"),
        ({"shape": (2, 4)}, "shape and bytes disagree"),
        ({"shape": (-2, -3)}, "shape and bytes disagree"),
        ({"shape": (1.5, 4)}, "opcode BINFLOAT"),
        ({"shape": (1, 1, 1, 1, 6)}, "shape and bytes disagree"),
        ({"shape": (6,), "code": "O"}, "array of 'O"),
        ({"shape": (6,), "code": "f8"}, "array of 'f8'"),
        ({"shape": (6,), "code": "V6"}, "array of 'V6'"),
        ({"shape": (6,), "data": [1, 2, 3, 4, 5, 6]}, "shape and bytes disagree"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_arrays_that_lie(tmp_path, options, reason):
    with pytest.raises(DatasetError, match=reason):
        load_batch(write(tmp_path, array_pickle(**options)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_terabyte_in_the_call_is_never_made(tmp_path):
    """NumPy's own function would allocate what the call announces; the stand-in keeps the numbers."""
    batch = load_batch(write(tmp_path, array_pickle((2, 3), call=(10**13,))))
    assert batch["data"].shape == (2, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"no pickle", b"\x80\x02]q\x01.", b"\x80\x02}", b"\x80\x02}q\x00U\xff", b"\x80\x02K\x01.",
        b"\x80\x02]r\xff\xff\xff\x7f.",  # a memo slot that would take 16 GB
        b"\x80\x02B\xff\xff\xff\x7fxx.",  # 2 GB of bytes announced
        b"\x80\x02" + b"]" * 3000 + b"a" * 2999 + b".",
        b"\x80\x02}(U\x01aU\x01aU\x01a}U\x01xK\x01su.",
        b"\x80\x02}(U\x01a](](ee" + b"u.",
    ],
)
def test_damaged_pickles(tmp_path, data):
    with pytest.raises(DatasetError):
        load_batch(write(tmp_path, data))


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_changed_bytes_end_in_a_batch_or_an_error(tmp_path_factory, data):
    whole = bytearray(python2_pickle()[:400])
    whole += pickle.dumps({b"labels": [1]}, 2)
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = write(tmp_path_factory.mktemp("fuzz"), bytes(whole))
    try:
        batch = load_batch(path)
    except DatasetError:
        return
    assert all(isinstance(key, str) for key in batch)


def test_missing_file(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        load_batch(tmp_path / "absent")


def test_the_opcodes_are_those_of_the_format():
    from bovw.datasets.batches import _OPCODES

    assert {opcode.name for opcode in pickletools.opcodes} > _OPCODES
