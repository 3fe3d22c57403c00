"""Tar archives of images, read in place: where each member begins, and nothing unpacked.

A tar archive is a chain of 512-byte headers, each followed by the bytes of its
member, padded to 512 (POSIX.1-1988 ustar; POSIX.1-2001 pax and GNU long names
before a header replace its name or size). ImageNet's training images come as one
archive of an archive a synset, so a member may be an archive itself: its headers
lie inside the outer file, at offsets that one pass finds.

Archives are not trusted. Nothing is ever written to a path that a member names,
and what an archive announces is checked against what it has:

* a member that claims more bytes than its archive has left is refused, and ends
  that archive; the outer one goes on with its next member;
* absolute names, ``..``, control characters, a name that comes twice, links,
  devices, sparse files and unknown types are refused by name;
* a header whose checksum is wrong, or an archive without its end mark, is
  reported (Python's ``tarfile`` takes either for a regular end);
* long names and pax records have a largest size; compressed archives are refused.

References
----------
.. [1] IEEE Std 1003.1, "pax - portable archive interchange", ustar and pax formats.
.. [2] GNU tar manual, "Basic Tar Format".
"""

import io
import os
import re
from array import array
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DatasetError, ImageDecodeError
from ..images.formats import HEAD_BYTES, sniff_format, why_not_an_image

_BLOCK = 512
_MAX_NAME_BYTES = 64 << 10
_MAX_PAX_BYTES = 1 << 20
_MAX_IMAGES = 50_000_000
_FILE_TYPES = b"0\0" b"7"
_WITHOUT_DATA = {
    b"1": "a hard link", b"2": "a symbolic link", b"3": "a character device", b"4": "a block device",
    b"6": "a named pipe",
}
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_PAX_LENGTH = re.compile(rb"([0-9]{1,8}) ")
_DRIVE = re.compile(r"[A-Za-z]:")


class TarMember:
    """One file inside a tar archive: an image source with ``open()`` and ``name``.

    Any number of threads and processes may open members of one archive; each
    ``open`` has a file of its own.

    Attributes
    ----------
    archive : pathlib.Path
    path : str
        The member's name, with the inner archive's before it.
    offset, size : int
        Its bytes inside the archive.
    """

    __slots__ = ("archive", "offset", "path", "size")

    def __init__(self, archive, path, offset, size):
        self.archive, self.path, self.offset, self.size = archive, path, offset, size

    @property
    def name(self):
        """Archive and path, for messages."""
        return f"{self.archive}/{self.path}"

    def open(self):
        """A binary file of the member's bytes."""
        try:
            file = open(self.archive, "rb", buffering=0)
        except OSError as error:
            raise ImageDecodeError(
                f"{self.name}: the archive cannot be opened ({error.strerror or error})", source=self.name
            ) from None
        return io.BufferedReader(_Window(file, self.offset, self.size))

    def __repr__(self):
        return f"TarMember({self.name!r}, {self.size} bytes)"


class _Window(io.RawIOBase):
    """Part of an open file as a file of its own; closing it closes the file."""

    def __init__(self, file, offset, size):
        self._file, self._offset, self._size, self._position = file, offset, size, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("seek before the first byte")
        self._position = base + offset
        return self._position

    def readinto(self, buffer):
        wanted = min(len(buffer), max(0, self._size - self._position))
        self._file.seek(self._offset + self._position)
        count = self._file.readinto(memoryview(buffer)[:wanted]) if wanted else 0
        self._position += count
        return count

    def close(self):
        self._file.close()
        super().close()


@dataclass
class TarScan:
    """The image files of an archive, in its order, and what was left out.

    Attributes
    ----------
    names : list of str
        Member names; files of an inner archive ``a/b.tar`` begin with ``b/``.
    offsets, sizes : array of int
    refused : dict of str to str
        The reason for each member that is no image or was refused, and for each
        archive that is damaged.
    """

    names: list = field(default_factory=list)
    offsets: array = field(default_factory=lambda: array("q"))
    sizes: array = field(default_factory=lambda: array("q"))
    refused: dict = field(default_factory=dict)


def scan_tar(path):
    """Find every image of a tar archive, and of the archives inside it.

    Parameters
    ----------
    path : path

    Returns
    -------
    TarScan

    Raises
    ------
    DatasetError
        If the file is missing, compressed, or has no tar header at its beginning.
    """
    path = Path(path)
    scan = TarScan()
    try:
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            _check_beginning(path, _read_at(file, 0, _BLOCK))
            _scan_archive(file, (0, size), "", path.name, scan)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror or error})") from None
    return scan


def _check_beginning(path, block):
    kind = next((name for magic, name in _COMPRESSED.items() if block.startswith(magic)), None)
    if kind:
        raise DatasetError(f"{path}: is compressed with {kind}, so it has no random access; uncompress it to a .tar")
    if len(block) < _BLOCK or (any(block) and not _checksum_holds(block)):
        raise DatasetError(f"{path}: is no tar archive; copy or download it again")


def _scan_archive(file, part, prefix, archive, scan):
    """Add the images between two bytes of ``file``; ``archive`` is what messages call them together."""
    seen, folders, archives = set(), set(), set()
    for entry in _entries(file, *part):
        if len(scan.names) >= _MAX_IMAGES:
            scan.refused.setdefault(archive, f"has more than {_MAX_IMAGES} images; the others are not read")
            return
        name = _clean(entry.name)
        trouble = entry.trouble or (None if entry.name is None else _name_trouble(entry.name, name))
        if entry.name is None:
            scan.refused.setdefault(archive, trouble)
        elif trouble:
            scan.refused.setdefault(prefix + entry.shown, trouble)
        elif name in seen or (first := name.partition("/")[0]) in archives:
            scan.refused.setdefault(prefix + entry.shown, "comes twice in its archive; the first one is read")
        elif name.endswith(".tar"):
            seen.add(name)
            if prefix:
                scan.refused.setdefault(prefix + name, "an archive inside an archive inside an archive")
            elif not _looks_like_tar(file, entry):
                scan.refused.setdefault(name, "is no tar archive, or is compressed")
            elif (stem := name.rpartition("/")[2].removesuffix(".tar")) in folders | archives | {"", ".", ".."}:
                scan.refused.setdefault(name, "is named like a folder or archive before it, or not at all")
            else:
                archives.add(stem)
                inner = entry.offset, entry.offset + entry.size
                _scan_archive(file, inner, stem + "/", name, scan)
        elif not sniff_format(entry.head):
            scan.refused.setdefault(prefix + name, why_not_an_image(entry.head))
        else:
            seen.add(name)
            folders.add(first)
            scan.names.append(prefix + name)
            scan.offsets.append(entry.offset)
            scan.sizes.append(entry.size)


def _looks_like_tar(file, entry):
    block = _read_at(file, entry.offset, _BLOCK) if entry.size >= _BLOCK else b""
    return len(block) == _BLOCK and (not any(block) or _checksum_holds(block))


@dataclass(slots=True)
class _Entry:
    """One member; without a name, the end of a damaged archive."""

    name: str | None
    trouble: str | None
    offset: int = 0
    size: int = 0
    head: bytes = b""

    @property
    def shown(self):
        """The name, fit for printing."""
        return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in self.name[:200])


def _entries(file, start, stop):
    """Yield an :class:`_Entry` for each member between two bytes of ``file`` that is no folder."""
    position, replaced = start, {}
    while True:
        if stop - position < _BLOCK:
            yield _Entry(None, "ends without an end-of-archive mark: it is cut short")
            return
        block = _read_at(file, position, min(_BLOCK + HEAD_BYTES, stop - position))
        header = block[:_BLOCK]
        if header.count(0) == _BLOCK:
            return
        size = _number(header[124:136]) if len(header) == _BLOCK and _checksum_holds(header) else None
        if size is None:
            yield _Entry(None, f"has a damaged header at byte {position - start}; what follows it is lost")
            return
        kind, offset = header[156:157], position + _BLOCK
        if kind in b"LKxg":
            limit = _MAX_PAX_BYTES if kind in b"xg" else _MAX_NAME_BYTES
            if size > min(limit, stop - offset):
                yield _Entry(None, f"has a name record of {size} bytes at byte {position - start}; at most {limit} "
                                   "are accepted, what follows it is lost")
                return
            _replace(replaced, kind, _read_at(file, offset, size))
            position = offset + _padded(size)
            continue
        name = replaced.get("path") or _header_name(header)
        size = replaced.get("size", size)
        sparse, replaced = "sparse" in replaced, {}
        if kind in _WITHOUT_DATA:
            yield _Entry(name, f"is {_WITHOUT_DATA[kind]}; only files are read")
            position = offset
            continue
        if kind == b"S":
            offset = _after_sparse_map(file, header, offset, stop)
        if size > stop - offset:
            yield _Entry(name, f"claims {size} bytes, and its archive has {stop - offset} left: it is cut short")
            return
        position = offset + _padded(size)
        if kind == b"5" or (kind == b"\0" and name.endswith("/")):
            continue
        if sparse or kind == b"S":
            yield _Entry(name, "is a sparse file, which is not read")
        elif kind not in _FILE_TYPES:
            yield _Entry(name, f"is of the unknown type {kind!r}")
        else:
            yield _Entry(name, None, offset, size, block[_BLOCK:][:size])


def _after_sparse_map(file, header, offset, stop):
    """Where the data of a GNU sparse file begin: blocks that go on with its map may come before."""
    goes_on = header[482]
    while goes_on and offset + _BLOCK <= stop:
        goes_on = _read_at(file, offset, _BLOCK)[504]
        offset += _BLOCK
    return offset


def _read_at(file, position, size):
    file.seek(position)
    data = file.read(size)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data


def _padded(size):
    return -(-size // _BLOCK) * _BLOCK


def _checksum_holds(header):
    """Whether the sum of the bytes, those of the sum itself taken as blanks, is the one stated."""
    stated = _number(header[148:156])
    return stated is not None and stated == sum(header) - sum(header[148:156]) + 8 * 32


def _number(digits):
    """A header's number, octal or (first bit set) big-endian binary; None where it is neither or negative."""
    if digits[:1] == b"\x80":
        return int.from_bytes(digits[1:], "big")
    digits = digits.replace(b"\0", b" ").strip()
    if not re.fullmatch(rb"[0-7]*", digits):
        return None
    return int(digits or b"0", 8)


def _header_name(header):
    name = header[:100].partition(b"\0")[0]
    if header[257:263] == b"ustar\0":  # GNU's own magic, "ustar ", has other things here
        prefix = header[345:500].partition(b"\0")[0]
        name = prefix + b"/" + name if prefix else name
    return name.decode("utf-8", "backslashreplace")


def _replace(replaced, kind, data):
    """Note what a long-name or pax record says about the next member."""
    if kind == b"L":
        replaced["path"] = data.partition(b"\0")[0].decode("utf-8", "backslashreplace")
    elif kind == b"x":
        position = 0
        while match := _PAX_LENGTH.match(data, position):
            position += int(match[1])
            if not match.end() < position <= len(data) or data[position - 1:position] != b"\n":
                return
            key, _, value = data[match.end():position - 1].partition(b"=")
            if key == b"path":
                replaced["path"] = value.decode("utf-8", "backslashreplace")
            elif key == b"size" and re.fullmatch(rb"[0-9]{1,18}", value):
                replaced["size"] = int(value)
            elif key.startswith(b"GNU.sparse"):
                replaced["sparse"] = True


def _clean(name):
    """``./a//b`` as ``a/b``."""
    return None if name is None else "/".join(part for part in name.split("/") if part not in ("", "."))


def _name_trouble(name, clean):
    """Why a member's name is refused, or None."""
    if not clean:
        return "has no name"
    if not name.isprintable():
        return "has control characters in its name"
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return "has an absolute name"
    if ".." in clean.replace("\\", "/").split("/"):
        return "has a name that leads out of the archive"
    return None
