"""Archives read in place: what is found agrees with ``tarfile``; what is hostile or damaged is refused by name."""

import io
import json
import os
import pickle
import tarfile
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw.datasets import open_dataset, scan_tar, tar_index
from bovw.datasets.tar import TarMember
from bovw.errors import DatasetError, ImageDecodeError
from bovw.images import ImageCollection, load_image, probe_image

from .layouts import encoded, tar_bytes, write_file

JPEG = encoded(1, 1, 16)


def header(name, size, kind=b"0", *, magic=b"ustar\x0000", size_field=None, prefix=b"", checksum=True):
    """A tar header, for members that tarfile would not write."""
    field = size_field if size_field is not None else b"%011o\0" % size
    block = bytearray(512)
    block[:100] = name.ljust(100, b"\0")
    block[100:124] = b"0000644\0" * 3
    block[124:136] = field
    block[136:148] = b"%011o\0" % 0
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = magic
    block[345:500] = prefix.ljust(155, b"\0")
    if checksum:
        block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name, data=JPEG, **options):
    return header(name, len(data), **options) + data + bytes(-len(data) % 512)


END = bytes(1024)


def scan(folder, data):
    path = folder / "a.tar"
    path.write_bytes(data)
    return scan_tar(path)


@pytest.mark.parametrize("style", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_agree_with_tarfile(tmp_path, style):
    deep = "/".join(["folder"] * 12)  # 83 bytes, a prefix in ustar
    files = {f"{deep}/{'x' * 60}_{i}.jpg": encoded(0, i, 16) for i in range(3)} | {"./a//b.jpg": JPEG, "ä é.jpg": JPEG}
    if style != tarfile.USTAR_FORMAT:
        files[f"{'y' * 300}/long.jpg"] = JPEG
    data = tar_bytes(files, format=style)
    found = scan(tmp_path, data)
    assert found.refused == {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
        assert list(found.names) == [m.name.replace("./", "").replace("//", "/") for m in members]
        assert list(found.offsets) == [m.offset_data for m in members]
        assert list(found.sizes) == [m.size for m in members]


def test_a_member_is_a_file_of_its_own(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(tar_bytes({"a.jpg": b"\xff\xd8\xff" + bytes(range(200)), "b.jpg": JPEG}))
    found = scan_tar(path)
    one = TarMember(path, found.names[0], found.offsets[0], found.sizes[0])
    with one.open() as file:
        assert file.read(3) == b"\xff\xd8\xff"
        assert file.seek(-1, os.SEEK_END) == 202
        assert file.read() == bytes([199])
        assert file.seek(1000) == 1000
        assert file.read() == b""
        assert file.seek(2) == 2
        assert file.seek(1, os.SEEK_CUR) == 3
        assert file.read(2) == b"\x00\x01"
        with pytest.raises(ValueError, match="before the first byte"):
            file.seek(-1)
    two = TarMember(path, found.names[1], found.offsets[1], found.sizes[1])
    again = pickle.loads(pickle.dumps(two))
    assert again.name == f"{path}/b.jpg"
    assert np.array_equal(load_image(again), load_image(JPEG))
    assert probe_image(two).width == 16
    path.unlink()
    with pytest.raises(ImageDecodeError, match=r"a.tar/b.jpg: the archive cannot be opened"):
        load_image(two)


def sparse_file():
    """A GNU sparse file whose map goes on in two blocks before the data."""
    block = bytearray(header(b"s.jpg", len(JPEG), b"S", magic=b"ustar  \0", checksum=False))
    block[482] = 1
    block[148:156] = b"%06o\0 " % sum(block)
    first, last = bytearray(512), bytes(512)
    first[504] = 1
    return bytes(block) + bytes(first) + last + JPEG + bytes(-len(JPEG) % 512)


TRICKS = {
    "absolute": (member(b"/etc/passwd"), "/etc/passwd", "has an absolute name"),
    "drive": (member(b"C:/x.jpg"), "C:/x.jpg", "has an absolute name"),
    "backslash": (member(b"..\\x.jpg"), "..\\x.jpg", "leads out of the archive"),
    "parent": (member(b"a/../../x.jpg"), "a/../../x.jpg", "leads out of the archive"),
    "dots": (member(b"./."), "./.", "has no name"),
    "newline": (member(b"a\nb.jpg"), "a\\x0ab.jpg", "control characters"),
    "escape": (member(b"\x1b[2Jb.jpg"), "\\x1b[2Jb.jpg", "control characters"),
    "hard link": (header(b"l.jpg", 99, b"1"), "l.jpg", "is a hard link"),
    "symbolic link": (header(b"l.jpg", 0, b"2"), "l.jpg", "is a symbolic link"),
    "character device": (header(b"null", 0, b"3"), "null", "is a character device"),
    "block device": (header(b"sda", 0, b"4"), "sda", "is a block device"),
    "pipe": (header(b"p", 0, b"6"), "p", "is a named pipe"),
    "sparse": (member(b"s.jpg", kind=b"S"), "s.jpg", "sparse"),
    "sparse pax": (
        member(b"p", b"24 GNU.sparse.major=1.0\n", kind=b"x") + member(b"s.jpg"), "s.jpg", "sparse"
    ),
    "sparse with a long map": (sparse_file(), "s.jpg", "sparse"),
    "unknown type": (member(b"v.jpg", kind=b"V"), "v.jpg", "unknown type b'V'"),
    "text": (member(b"notes.txt", b"hello there"), "notes.txt", "not an image, it starts with 'hello th'"),
    "empty": (header(b"e.jpg", 0), "e.jpg", "the file is empty"),
    "twice": (member(b"good1.jpg"), "good1.jpg", "comes twice"),
    "no archive": (member(b"inner.tar", b"x" * 600), "inner.tar", "is no tar archive"),
    "inner gzip": (member(b"i.tar", b"\x1f\x8b" + bytes(600)), "i.tar", "is no tar archive, or is compressed"),
    "three deep": (
        member(b"o.tar", member(b"i.tar", member(b"x.jpg") + END) + END), "o/i.tar", "inside an archive inside"
    ),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_are_refused_by_name_and_the_rest_goes_on(tmp_path, trick):
    data, name, reason = TRICKS[trick]
    found = scan(tmp_path, member(b"good1.jpg") + data + member(b"good2.jpg") + END)
    assert found.names == ["good1.jpg", "good2.jpg"]
    assert list(found.refused) == [name]
    assert reason in found.refused[name]
    # and the same inside an inner archive
    inner = member(b"good1.jpg") + data + member(b"good2.jpg") + END
    found = scan(tmp_path, member(b"n01.tar", inner) + member(b"n02.tar", member(b"z.jpg") + END) + END)
    assert found.names == ["n01/good1.jpg", "n01/good2.jpg", "n02/z.jpg"]
    assert list(found.refused) in ([f"n01/{name}"], ["n01/i.tar"], ["n01/o.tar"])


def test_pax_records_that_are_malformed_are_passed_over(tmp_path):
    for record in (b"0 path=x\n", b"2 path=x\n", b"99999999 path=x\n", b"9 path=xyz\n", b"path=x\n", b"7 size=\n", b"",
                   b"12 size=-99\n", b"11 size=1x\n"):
        found = scan(tmp_path, member(b"p", record, kind=b"x") + member(b"a.jpg") + END)
        assert found.names == ["a.jpg"], record
    found = scan(tmp_path, member(b"p", b"8 a=b-c\n14 path=b.jpg\n", kind=b"x") + member(b"a.jpg") + END)
    assert found.names == ["b.jpg"]


def test_names_never_meet(tmp_path):
    """An archive's images go under its name; nothing else may come to lie there."""
    inner = member(b"x.jpg") + END
    for data, names, refused in [
        (member(b"o.tar", inner) + member(b"p/o.tar", inner), ["o/x.jpg"], "p/o.tar"),
        (member(b"o.tar", inner) + member(b"o/x.jpg"), ["o/x.jpg"], "o/x.jpg"),
        (member(b"o/x.jpg") + member(b"o.tar", inner), ["o/x.jpg"], "o.tar"),
        (member(b"...tar", inner), [], "...tar"),
        (member(b".tar", inner), [], ".tar"),
    ]:
        found = scan(tmp_path, data + END)
        assert found.names == names
        assert list(found.refused) == [refused]


DAMAGE = {
    "claims too much": (header(b"big.jpg", 8**10), "big.jpg", "claims 1073741824 bytes, and its archive has"),
    "claims an exabyte": (
        header(b"big.jpg", 0, size_field=b"\x80" + (10**18).to_bytes(11, "big")), "big.jpg", "claims 1000000000000000"
    ),
    "pax claims too much": (member(b"p", b"20 size=99999999999\n", kind=b"x") + member(b"big.jpg"), "big.jpg",
                            "claims 99999999999 bytes"),
    "negative size": (header(b"n.jpg", 0, size_field=b"\xff" * 12), "inner.tar", "damaged header at byte"),
    "no number": (header(b"n.jpg", 0, size_field=b"12x4567\0\0\0\0\0"), "inner.tar", "damaged header at byte"),
    "checksum": (header(b"n.jpg", 0, checksum=False), "inner.tar", "damaged header at byte"),
    "huge long name": (header(b"L", 10**9, b"L"), "inner.tar", "name record of 1000000000 bytes"),
    "huge pax": (header(b"x", 8**10, b"x"), "inner.tar", "name record of 1073741824 bytes"),
    "noise": (bytes(range(256)) * 2, "inner.tar", "damaged header at byte"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_ends_the_inner_archive_alone(tmp_path, damage):
    data, name, reason = DAMAGE[damage]
    inner = member(b"good.jpg") + data + member(b"lost.jpg") + END
    found = scan(tmp_path, member(b"inner.tar", inner) + member(b"next.tar", member(b"z.jpg") + END) + END)
    assert found.names[0] == "inner/good.jpg"
    assert found.names[-1] == "next/z.jpg"
    assert "inner/lost.jpg" not in found.names
    refused = {key.removeprefix("inner/"): value for key, value in found.refused.items()}
    assert reason in refused[name]


def test_archives_cut_short_keep_what_is_whole(tmp_path):
    whole = member(b"a.jpg") + member(b"b.jpg") + END
    n = len(member(b"a.jpg"))
    for cut, names, name, reason in [
        (n + 512 + 10, ["a.jpg"], "b.jpg", "claims"),
        (n + 100, ["a.jpg"], "a.tar", "without an end-of-archive mark"),
        (2 * n, ["a.jpg", "b.jpg"], "a.tar", "without an end-of-archive mark"),
        (n + 512 + len(JPEG), ["a.jpg", "b.jpg"], "a.tar", "without an end-of-archive mark"),
    ]:
        found = scan(tmp_path, whole[:cut])
        assert found.names == names
        assert reason in found.refused[name]
        # an inner archive that was cut before it was packed
        found = scan(tmp_path, member(b"a.tar", whole[:cut]) + member(b"n.tar", member(b"z.jpg") + END) + END)
        assert found.names == [*(f"a/{x}" for x in names), "n/z.jpg"]
        assert any(reason in text for text in found.refused.values())


def test_what_is_no_archive(tmp_path):
    for data, words in [
        (b"\x1f\x8b" + bytes(1000), "compressed with gzip"), (b"BZh9" + bytes(1000), "compressed with bzip2"),
        (b"\xfd7zXZ\0" + bytes(1000), "compressed with xz"), (b"", "is no tar archive"),
        (b"text" * 500, "is no tar archive"),
    ]:
        with pytest.raises(DatasetError, match=words):
            scan(tmp_path, data)
    with pytest.raises(DatasetError, match="cannot be read"):
        scan_tar(tmp_path / "absent.tar")
    assert scan(tmp_path, END).names == []


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_changed_bytes_never_break_the_scan(tmp_path_factory, data):
    """Whatever the damage, every member that is listed lies inside the file."""
    whole = bytearray(
        member(b"n1.tar", member(b"a.jpg") + member(b"b.jpg") + END)
        + member(b"p", b"17 path=long.jpg\n", kind=b"x") + member(b"c.jpg") + END
    )
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(whole) - 1))
        whole[position] = data.draw(st.integers(0, 255))
    whole = whole[: data.draw(st.integers(512, len(whole)))]
    path = tmp_path_factory.mktemp("fuzz") / "a.tar"
    path.write_bytes(whole)
    try:
        found = scan_tar(path)
    except DatasetError:
        return
    for offset, size in zip(found.offsets, found.sizes, strict=True):
        assert 0 < offset <= offset + size <= len(whole)


def test_a_sparse_outer_file_costs_nothing(tmp_path):
    """A terabyte of holes between two members is stepped over."""
    path = tmp_path / "a.tar"
    hole = 1 << 40
    with open(path, "wb") as file:
        file.write(member(b"a.jpg"))
        file.write(header(b"hole.bin", 0, size_field=b"\x80" + hole.to_bytes(11, "big")))
        try:
            file.seek(hole, os.SEEK_CUR)
            file.write(member(b"b.jpg") + END)
        except OSError:
            pytest.skip("the file system has no files of a terabyte")
    found = scan_tar(path)
    assert found.names == ["a.jpg", "b.jpg"]
    assert found.refused == {"hole.bin": found.refused["hole.bin"]}


def read_in_threads(data, n_threads=4):
    images = ImageCollection(data.images, names=data.names, mode="gray")
    order = np.random.default_rng(0).permutation(len(images)).tolist()
    with ThreadPoolExecutor(n_threads) as pool:
        return dict(zip(order, pool.map(images.__getitem__, order), strict=True))


def hostile_archive(synsets):
    """A tar of tars: ``synsets`` {wnid: {name: bytes}} with tricks before, inside and after."""
    parts = [header(b"n00000001.tar", 0, b"2"), member(b"../n00000002.tar", member(b"x.jpg") + END)]
    cut = None
    for number, (wnid, files) in enumerate(sorted(synsets.items())):
        inner = b"".join(member(name.encode(), data) for name, data in files.items())
        if number % 10 == 3:  # a bomb between the images: it must not hide the next archive
            inner += header(b"bomb.JPEG", 8**11 - 1)
        elif number % 10 == 7:
            inner += member(b"/abs.JPEG") + header(b"link.JPEG", 0, b"1") + header(b"dev", 0, b"3") + END
        else:
            inner += END
        if number == 5:  # cut in its last image
            cut = wnid, list(files)[-1]
            inner = inner[: -(1024 + 512)]
        parts.append(member(f"{wnid}.tar".encode(), inner))
    return b"".join(parts) + END, cut


def check_hostile(path, synsets, cut):
    data = open_dataset(path, on_error="skip")
    assert data.kind == "imagenet"
    assert data.classes == tuple(sorted(synsets))
    expected = {f"{wnid}/{name}" for wnid, files in synsets.items() for name in files} - {"/".join(cut)}
    assert set(data.names) == expected
    for name in ("n00000001.tar", "../n00000002.tar", "/".join(cut)):
        assert name in data.reasons
    n_bombs, n_tricks = len(range(3, len(synsets), 10)), len(range(7, len(synsets), 10))
    for ending, count in (("bomb.JPEG", n_bombs), ("/abs.JPEG", n_tricks), ("link.JPEG", n_tricks), ("dev", n_tricks)):
        assert sum(name.endswith(ending) for name in data.reasons) == count
    assert not any(name.startswith("n00000002") for name in data.names)
    return data


def test_a_small_hostile_tar_of_tars(tmp_path):
    synsets = {
        f"n{c:08d}": {f"n{c:08d}_{i}.JPEG": encoded(c, i, 16) for i in range(3)} for c in range(10, 32)
    }
    archive, cut = hostile_archive(synsets)
    path = tmp_path / "train.tar"
    path.write_bytes(archive)
    data = check_hostile(path, synsets, cut)
    before = sorted(p.name for p in tmp_path.rglob("*"))
    for i, image in read_in_threads(data).items():
        wnid, name = data.names[i].split("/")
        assert np.array_equal(image, load_image(synsets[wnid][name], "gray"))
    assert sorted(p.name for p in tmp_path.rglob("*")) == before  # nothing unpacked
    assert data.sizes().tolist() == [len(synsets[n.split("/")[0]][n.split("/")[1]]) for n in data.names]


def test_a_tar_of_tars_of_real_images(bovw_data, tmp_path):
    """120 synsets, 5,400 images cut from photographs: indexed once, read at random by four threads."""
    photographs = sorted((bovw_data / "imagenet_native").glob("*/*"))[:120]
    rng = np.random.default_rng(0)
    synsets = {}
    for photograph in photographs:
        wnid, image = photograph.parent.name, load_image(photograph)
        files = {}
        for i in range(45):
            y, x = rng.integers(image.shape[0] - 64), rng.integers(image.shape[1] - 64)
            _, data = cv2.imencode(".jpg", image[y:y + 64, x:x + 64, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
            files[f"{wnid}_{i}.JPEG"] = data.tobytes()
        synsets[wnid] = files
    archive, cut = hostile_archive(synsets)
    path = tmp_path / "ILSVRC_train.tar"
    write_file(path, archive)
    data = check_hostile(path, synsets, cut)
    assert len(data.classes) >= 100
    assert len(data) >= 5000
    found = read_in_threads(data)
    assert len(found) == len(data)
    for i in rng.choice(len(data), 300, replace=False).tolist():
        wnid, name = data.names[i].split("/")
        assert np.array_equal(found[i], load_image(synsets[wnid][name], "gray"))
    assert sorted(p.name for p in tmp_path.rglob("*")) == [path.name]


def test_positions_are_kept_in_a_cache(tmp_path, monkeypatch):
    synsets = {f"n{c:08d}": {f"{i}.JPEG": encoded(c, i, 16) for i in range(2)} for c in range(12)}
    path, cache = tmp_path / "train.tar", tmp_path / "cache"
    path.write_bytes(hostile_archive(synsets)[0])
    scans = []
    monkeypatch.setattr(tar_index, "scan_tar", lambda path: scans.append(path) or scan_tar(path))
    first = open_dataset(path, cache=cache)
    again = open_dataset(path, cache=cache)
    assert len(scans) == 1
    assert (again.names, again.reasons, again.sizes().tolist()) == (first.names, first.reasons, first.sizes().tolist())
    assert np.array_equal(load_image(again.images[5]), load_image(first.images[5]))
    (file,) = cache.iterdir()
    whole = json.loads(file.read_text())
    for change in ({"offsets": [-1] * len(first)}, {"sizes": [10**12] * len(first)}, {"names": [1] * len(first)},
                   {"names": []}, {"refused": []}, {"identity": []}, {"offsets": ["x"]}, {"sizes": [2**70]}):
        file.write_text(json.dumps(whole | change))
        scans.clear()
        assert open_dataset(path, cache=cache).names == first.names
        assert len(scans) == 1, change
    file.write_text("{")
    assert open_dataset(path, cache=cache).names == first.names
    path.write_bytes(member(b"n00000003.tar", member(b"a.JPEG") + END) + END)
    assert open_dataset(path, cache=cache).names == ("n00000003/a.JPEG",)
    assert len(list(cache.iterdir())) == 2
    with pytest.raises(DatasetError, match="cannot be written"):
        open_dataset(path, cache=path)
