"""Stores on disk: rows in shards that many processes fill, and that survive whatever stops them.

Layout of a store::

    store.json               the manifest: kind, fingerprint, rows, settings; written once
    names.jsonl, labels.npy, classes.jsonl
                             of the rows, if given; listed in the manifest
    codec/                   of a SignatureStore with a codec: a saved model
    shards/shard-000012.json the note of one shard: its rows, the bytes and sha256 of each of its
                             files, the errors of its rows
    shards/shard-000012.NAME.npy
    locks/                   one file a shard that somebody is at
    damaged/                 what ``repair`` moved aside

A shard is a fixed range of rows. Its arrays are written first, each atomically, then
its note, atomically too: **a shard is there if its note is there**. Nobody ever writes
into a file that another process writes, and nothing is written twice, so any number of
processes may fill a store. Who computes which shard is settled by claims, which are
locks of the operating system: a killed process loses them with its life.

Whose shards these are is settled by the manifest's *identity*, a digest of the kind,
the fingerprint of everything upstream, the number of rows and the settings. Every note
repeats it, so a shard from another store is noticed, and a manifest that was lost is
made again by creating the store anew with the same arguments.
"""

from .descriptor_store import DescriptorStore
from .filling import fill_store
from .repair import repair_store
from .sharded import ShardedStore
from .signature_store import SignatureStore

__all__ = ["DescriptorStore", "ShardedStore", "SignatureStore", "fill_store", "repair_store"]
