"""Stages whose results lie on disk: descriptors and signatures of a whole data set, shard by shard.

A stage that was stopped goes on with the first shard that is missing, and several processes may fill one
store: each claims the shards it computes. What stands in a store of another fingerprint is never touched.
"""

import shutil
import warnings
from collections.abc import Callable
from os import PathLike
from pathlib import Path

import numpy as np
from sklearn.base import clone

from .._files import fingerprint
from .._threads import map_in_order, share_workers, single_threaded
from ..descriptors import DescriptorSet
from ..images import resize_image
from ..persist import model_fingerprint
from ..pooling import EmptyImageWarning
from ..stores import DescriptorStore, SignatureStore, fill_store
from .reader import ImageReader, encode_rows

#: signatures at most that a codec learns from
CODEC_SAMPLE = 20_000


def extract_to_store(
    dataset, path: str | PathLike, extractor, *, resize: dict | None = None, rows=None, on_error: str = "raise",
    images_per_shard: int | None = None, n_jobs: int | None = None, verbose: bool = False,
) -> DescriptorStore:
    """Extract local descriptors of many images into a :class:`DescriptorStore`.

    Parameters
    ----------
    dataset : Dataset
    path : path
        The store's folder; made, or resumed if it holds the same extraction.
    extractor : extractor
    resize : dict, optional
        Limits handed to :func:`bovw.resize_image`.
    rows : int array, optional
        Which images; all by default.
    on_error : {"raise", "skip"}, default "raise"
        "skip" keeps the row of an image that cannot be read: it has no descriptors, and the store says why.
    images_per_shard : int >= 1, optional
        By default 32, or what the store that stands there has.
    n_jobs : int or None, default None
        Worker threads.
    verbose : bool, default False
        Show progress on standard error.

    Returns
    -------
    DescriptorStore
        Complete.

    Raises
    ------
    StoreError
        If ``path`` holds something else, or the disk is full.
    ImageDecodeError
        If an image cannot be read and ``on_error="raise"``.
    """
    rows = np.arange(len(dataset)) if rows is None else np.asarray(rows)
    extractor.check_params()
    identity = fingerprint({
        "extractor": model_fingerprint(extractor), "resize": resize or {}, "images": _identity(dataset, rows),
    })
    store = DescriptorStore.create(
        path, len(rows), extractor.descriptor_size, fingerprint=identity, rows_per_shard=images_per_shard,
        dtype="uint8" if getattr(extractor, "dtype", None) == "uint8" else "float32",
        **_facts(dataset, rows),
    )
    reader = ImageReader([dataset.images[i] for i in rows], extractor.mode, on_error)

    def describe(i):
        image = reader(i)
        return None if image is None else extractor.extract(resize_image(image, **resize) if resize else image)

    def compute(start, stop):
        sets = list(map_in_order(describe, range(start, stop), n_jobs))
        return _joined(sets, extractor), {row: text for row, text in reader.errors.items() if start <= row < stop}

    return fill_store(store, compute, label="descriptors", verbose=verbose)


def _joined(sets, extractor):
    """One DescriptorSet; an image that could not be read, None in ``sets``, has no descriptors."""
    example = next((s for s in sets if s is not None), None)
    if example is None:
        example = DescriptorSet(
            np.empty((0, extractor.descriptor_size), np.float32), None, np.empty((0, 4), np.float32), None, [(0, 0)]
        )
    nothing = DescriptorSet(
        example.descriptors[:0], None, None if example.frames is None else example.frames[:0],
        None if example.norms is None else example.norms[:0], None if example.sizes is None else [(0, 0)],
    )
    return DescriptorSet.concatenate(nothing if s is None else s for s in sets)


def signatures_to_store(
    path: str | PathLike, n_rows: int, signature_size: int, compute: Callable, *, fingerprint: str, codec=None,
    label: str, n_jobs: int | None = None, verbose: bool = False, **facts
) -> SignatureStore:
    """Compute signatures into a :class:`SignatureStore`; an unfitted codec learns from a sample of them first.

    Parameters
    ----------
    path : path
    n_rows, signature_size : int
    compute : callable (rows) -> (signatures, errors)
        Of the images ``rows``, an int array; ``errors`` maps places in ``rows`` to messages.
    fingerprint : str
        Of everything the signatures depend on.
    codec : codec, optional
        Unfitted. At most ``CODEC_SAMPLE`` signatures, spread over all rows, are kept beside the store while
        it is being filled; they are computed once.
    label : str
        What the progress is called.
    n_jobs : int or None, default None
        Worker threads that the codec learns with.
    verbose : bool, default False
        Show progress on standard error.
    **facts
        names, labels, classes of the store.

    Returns
    -------
    SignatureStore
        Complete.
    """
    path = Path(path)

    def values(rows):
        def of_shard(start, stop):
            signatures, errors = compute(rows[start:stop])
            return signatures, {start + i: text for i, text in errors.items()}

        return of_shard

    if codec is None:
        store = SignatureStore.create(path, n_rows, signature_size, fingerprint=fingerprint, **facts)
        return fill_store(store, values(np.arange(n_rows)), label=label, verbose=verbose)
    chosen = np.unique(np.linspace(0, n_rows - 1, min(n_rows, CODEC_SAMPLE)).astype(int))
    sample_path = path.with_name(f"{path.name}.sample")
    if (path / "store.json").exists():
        store = SignatureStore.open(path, fingerprint=fingerprint)
        if store.is_complete:
            shutil.rmtree(sample_path, ignore_errors=True)
            return store
    sample = SignatureStore.create(sample_path, len(chosen), signature_size, fingerprint=fingerprint)
    fill_store(sample, values(chosen), label=f"{label}, for the codec", verbose=verbose)
    with single_threaded():
        codec = share_workers(clone(codec), n_jobs, verbose).fit(sample.read(0, len(chosen)))
    store = SignatureStore.create(path, n_rows, signature_size, fingerprint=fingerprint, codec=codec, **facts)
    place = np.full(n_rows, -1)
    place[chosen] = np.arange(len(chosen))

    def of_shard(start, stop):
        at = place[start:stop]
        known, fresh = np.flatnonzero(at >= 0), np.flatnonzero(at < 0)
        signatures = np.zeros((stop - start, signature_size), np.float32)
        errors = {}
        if len(known):
            signatures[known] = sample[at[known]]
            errors = {start + i: sample.errors[at[i]] for i in known if at[i] in sample.errors}
        if len(fresh):
            signatures[fresh], found = compute(start + fresh)
            errors |= {start + fresh[i]: text for i, text in found.items()}
        return signatures, {int(row): text for row, text in errors.items()}

    fill_store(store, of_shard, label=label, verbose=verbose)
    shutil.rmtree(sample_path, ignore_errors=True)
    return store


def encode_to_store(
    source, path: str | PathLike, encoder, *, codec=None, rows=None, on_error: str = "raise", n_jobs: int | None = None,
    verbose: bool = False,
) -> SignatureStore:
    """Signatures of a whole data set, in a :class:`SignatureStore`.

    Parameters
    ----------
    source : Dataset or DescriptorStore
        Images, or the descriptors that the encoder's extractor made of them.
    path : path
    encoder : fitted ImageEncoder
    codec : codec, optional
        Unfitted, such as ``ProductQuantizer()``.
    rows, on_error, n_jobs, verbose
        As in :func:`extract_to_store`; the signature of an image that cannot be read is zero.

    Returns
    -------
    SignatureStore
        Complete.

    Raises
    ------
    StoreError
        If ``path`` holds something else, or the disk is full.
    ParameterError
        If the descriptors do not fit the encoder.
    """
    if isinstance(source, DescriptorStore):
        n, images, facts = len(source), source.fingerprint, {
            "names": source.names, "labels": source.labels, "classes": source.classes,
        }

        unread = source.errors

        def encode(i):
            return encoder.encode_descriptors(source[i])
    else:
        rows = np.arange(len(source)) if rows is None else np.asarray(rows)
        n, images, facts = len(rows), _identity(source, rows), _facts(source, rows)
        reader = ImageReader([source.images[i] for i in rows], encoder.mode, on_error)
        unread = reader.errors

        def encode(i):
            image = reader(i)
            return None if image is None else encoder.encode_image(image)

    def compute(index):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EmptyImageWarning)
            signatures = encode_rows(encode, index, encoder.signature_size, n_jobs)
        return signatures, {i: unread[row] for i, row in enumerate(index.tolist()) if row in unread}

    identity = fingerprint({
        "encoder": model_fingerprint(encoder), "images": images,
        "codec": None if codec is None else model_fingerprint(codec),
    })
    return signatures_to_store(
        path, n, encoder.signature_size, compute, fingerprint=identity, codec=codec, label="signatures",
        n_jobs=n_jobs, verbose=verbose, **facts,
    )


def _identity(dataset, rows):
    sizes = dataset.sizes()
    return fingerprint([[dataset.names[i], int(sizes[i])] for i in rows])


def _facts(dataset, rows):
    return {
        "names": [dataset.names[i] for i in rows], "labels": dataset.labels[rows], "classes": dataset.classes,
    }
