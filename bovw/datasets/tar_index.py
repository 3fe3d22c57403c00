"""Positions of archive members, kept from one run to the next.

Going through ImageNet's training archive means 1.3 million jumps in 138 GB. What is
found is kept as JSON under the archive's path, size and time of change, and used again
as long as these are the same.
"""

import json
import os
from array import array
from pathlib import Path

from .._files import atomic_write, fingerprint
from ..errors import DatasetError
from .tar import TarScan, scan_tar

_VERSION = 1


def cached_scan(path, folder):
    """:func:`scan_tar`, or what an earlier call left in ``folder``.

    Parameters
    ----------
    path : path
        A tar archive.
    folder : path or None
        Created if need be. None: nothing is kept.

    Returns
    -------
    TarScan
        Of the archive as it is now: of another size or time it is read anew.

    Raises
    ------
    DatasetError
        As :func:`scan_tar`, and if ``folder`` cannot be written.
    """
    if folder is None or not Path(path).is_file():
        return scan_tar(path)
    path, status = Path(path), os.stat(path)
    identity = [_VERSION, str(path.resolve()), status.st_size, status.st_mtime_ns]
    file = Path(folder) / f"{path.stem}.{fingerprint(identity)}.json"
    scan = _read(file, identity)
    if scan is None:
        scan = scan_tar(path)
        content = {"identity": identity, "names": scan.names, "offsets": list(scan.offsets), "sizes": list(scan.sizes),
                   "refused": scan.refused}
        try:
            with atomic_write(file, "w") as out:
                json.dump(content, out)
        except OSError as error:
            raise DatasetError(f"{file}: cannot be written ({error.strerror or error}); choose another cache") from None
    return scan


def _read(file, identity):
    """The scan that a file holds; None where there is none, or it is damaged or of another archive."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        scan = TarScan(
            names=content["names"], offsets=array("q", content["offsets"]), sizes=array("q", content["sizes"]),
            refused=content["refused"],
        )
        sound = (
            content["identity"] == identity
            and isinstance(scan.names, list)
            and isinstance(scan.refused, dict)
            and len(scan.names) == len(scan.offsets) == len(scan.sizes)
            and all(isinstance(text, str) for text in (*scan.names, *scan.refused.values()))
            and min(scan.offsets, default=0) >= 0
            and min(scan.sizes, default=0) >= 0
            and max(map(int.__add__, scan.offsets, scan.sizes), default=0) <= identity[2]
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return scan if sound else None
