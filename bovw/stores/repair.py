"""Repair of a store of which even the manifest may be damaged."""

from pathlib import Path

from ..errors import StoreError
from .damage import move_files
from .manifest import DamagedManifestError, read_manifest
from .sharded import ShardedStore


def repair_store(path):
    """Like :meth:`ShardedStore.repair`, and for a damaged manifest too, which is moved aside.

    The store is whole again when it is created once more with the same arguments.

    Parameters
    ----------
    path : path
        The folder of the store.

    Returns
    -------
    moved : list of str
        The files that were moved to ``damaged/``, relative to the store.

    Raises
    ------
    StoreError
        If there is no store at ``path``.
    """
    path = Path(path)
    try:
        read_manifest(path)
    except DamagedManifestError:
        if not (path / "shards").is_dir():
            raise StoreError(f"{path} has a damaged store.json and no shards; it is not a store") from None
        return move_files(path, [path / "store.json"])
    return ShardedStore(path, check=False).repair()
