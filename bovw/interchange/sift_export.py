"""Folders of images -> files of ImageNet's dense-SIFT download, one file a synset, resumable.

Images are decoded, described, assigned to words and deflated in worker threads, each image
on its own; the calling thread puts the pieces into the files in order. So neither files nor
their bytes depend on the number of workers, no more than a few images are in memory, and
synsets of one image keep all workers as busy as synsets of thousands.

A file appears when it is whole. A note in the folder ``.export`` has the fingerprint of all
that it depends on, so that a run that was stopped does the rest only.
"""

import contextlib
import json
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._files import fingerprint, remove_unfinished, write_json
from .._progress import Progress
from .._threads import map_in_order
from .._validation import check_bool, check_choice
from ..codebook.nearest import WordSearch
from ..errors import DatasetError, ImageDecodeError, ParameterError, StoreError
from ..images.source import source_name
from .imagenet_download import KINDS, ImageSIFT, ImageWords, imagenet_sift, open_writer, pack_image

IMAGES_PER_FILE = 1000  #: of validation and test images, which have no synset

_PROTOCOL = 1  # goes up when the numbers in the files change
_NOTES = ".export"
_DESCRIPTOR_SIZE = 128


class SIFTExport(NamedTuple):
    """What :func:`export_imagenet_sift` did.

    Attributes
    ----------
    files : list of Path
        All files of the export, those reused included.
    n_reused : int
        How many of them an earlier run had finished.
    n_images, n_descriptors, n_bytes : int
        Of all files.
    skipped : dict of str to str
        Message of each image that could not be read, by ``file/id``.
    seconds : float
    """

    files: list
    n_reused: int
    n_images: int
    n_descriptors: int
    n_bytes: int
    skipped: dict
    seconds: float


def export_imagenet_sift(
    images, out, codebook=None, *, kinds=("vldsift", "sbow"), prefix=None, on_error="raise", overwrite=False, n_jobs=-1,
    verbose=False,
):
    """Write the files of ImageNet's dense-SIFT download for images of one's own.

    Parameters
    ----------
    images : path, or dict of str to sequence
        A folder ``<wnid>/<image>``, which gives ``<wnid>.vldsift.mat`` and ``<wnid>.sbow.mat``;
        or a folder of images, as those for validation, which gives ``val.0001.vldsift.mat`` and
        so on, 1000 images each. Images are taken in the order of their names. A dict names the
        files itself: {"n01440764": [paths, or objects with ``open()`` and ``name``]}.
    out : path
        The folder for the files; made if need be.
    codebook : codebook with ``words_``, or array of shape (n_words, 128), optional
        Needed for "sbow". :func:`read_codebook` reads the kit's.
    kinds : sequence of {"vldsift", "sbow"}, default ("vldsift", "sbow")
        Descriptors, words.
    prefix : str, optional
        Of the files of a folder without synsets. Default: "test" if the first image is named
        ``..._test_...``, else "val".
    on_error : {"raise", "skip"}, default "raise"
        "skip" gives an image that cannot be read zero descriptors: the images after it keep
        their places.
    overwrite : bool, default False
        Whether files of another export, or of unknown origin, may be replaced.
    n_jobs : int, default -1
        Worker threads. Files do not depend on it.
    verbose : bool, default False
        Show progress on standard error.

    Returns
    -------
    SIFTExport

    Raises
    ------
    DatasetError
        If there are no images, or two of one file have the same name without ending.
    ImageDecodeError
        If an image cannot be read and ``on_error="raise"``.
    StoreError
        If a file stands in the way and ``overwrite`` is False.
    ParameterError
        If the codebook is missing or does not fit.
    """
    start, out = time.perf_counter(), Path(out)
    check_choice("on_error", on_error, ("raise", "skip"))
    check_bool("overwrite", overwrite)
    kinds = [check_choice("kinds", kind, tuple(KINDS)) for kind in kinds]
    search = _word_search(codebook) if "sbow" in kinds else None
    groups = list_images(images, prefix)
    out.mkdir(parents=True, exist_ok=True)
    remove_unfinished(out)
    files = {stem: [_File(out, stem, kind, sources, search) for kind in kinds] for stem, sources in groups.items()}
    pending = {stem: [file for file in files[stem] if not file.is_done(overwrite)] for stem in files}
    pending = {stem: missing for stem, missing in pending.items() if missing}
    describe = _Describer(search, on_error)
    items = (
        (image_id, source, [file.kind for file in missing])
        for stem, missing in pending.items() for image_id, source in groups[stem].items()
    )
    with Progress("dense SIFT", sum(len(groups[stem]) for stem in pending), enabled=verbose) as progress:
        described = progress.wrap(map_in_order(describe, items, n_jobs))
        with contextlib.closing(described):
            for stem, missing in pending.items():
                _write_files(missing, list(groups[stem]), described)
    notes = [file.note for of_stem in files.values() for file in of_stem]
    one_kind = [of_stem[0].note for of_stem in files.values()]
    return SIFTExport(
        [file.path for of_stem in files.values() for file in of_stem],
        len(notes) - sum(map(len, pending.values())),
        sum(len(sources) for sources in groups.values()),
        sum(note["n_descriptors"] for note in one_kind),
        sum(note["bytes"] for note in notes),
        {f"{stem}/{name}": message for stem, note in zip(files, one_kind, strict=True)
         for name, message in note["skipped"].items()},
        time.perf_counter() - start,
    )


def _word_search(codebook):
    if codebook is None:
        raise ParameterError("codebook=None, but words are wanted; give one, or kinds=('vldsift',)")
    words = np.ascontiguousarray(getattr(codebook, "words_", codebook), dtype=np.float32)
    largest = np.iinfo(np.int16).max + 1
    if words.ndim != 2 or words.shape[1] != _DESCRIPTOR_SIZE or not 1 <= len(words) <= largest:
        raise ParameterError(
            f"codebook has words of shape {words.shape}; 1 to {largest} words of {_DESCRIPTOR_SIZE} are needed"
        )
    if not np.isfinite(words).all():
        raise ParameterError("codebook holds NaN or infinity")
    return WordSearch(words)


class _Describer:
    """(id, source, kinds) -> {kind: deflated piece}, number of descriptors, message or None; in whatever thread."""

    def __init__(self, search, on_error):
        self.search, self.on_error = search, on_error

    def __call__(self, item):
        image_id, source, kinds = item
        message = None
        try:
            sift = imagenet_sift(source, image_id)
        except ImageDecodeError as error:
            if self.on_error == "raise":
                raise
            message, sift = str(error), _without_descriptors(image_id)
        packed = {}
        if "vldsift" in kinds:
            packed["vldsift"] = pack_image(sift)
        if "sbow" in kinds:
            words = self.search.labels(sift.desc).astype(np.int16)
            packed["sbow"] = pack_image(ImageWords(image_id, words, sift.x, sift.y, sift.scale, sift.norm))
        return packed, len(sift.desc), message


def _without_descriptors(image_id):
    none = np.empty(0, np.float32)
    return ImageSIFT(image_id, none, none, none.astype(np.int8), none, none.reshape(0, _DESCRIPTOR_SIZE))


class _File:
    """One file of the export and the note of what it was made from."""

    def __init__(self, out, stem, kind, sources, search):
        self.kind, self.path = kind, out / f"{stem}.{kind}.mat"
        self.note_path = out / _NOTES / f"{stem}.{kind}.json"
        self.fingerprint = fingerprint({
            "protocol": _PROTOCOL,
            "images": {image_id: _size(source) for image_id, source in sources.items()},
            "order": list(sources),
            "words": search.words if kind == "sbow" else None,
        })
        self.note = None

    def is_done(self, overwrite):
        """Whether an earlier run has finished this very file; StoreError if another one must not be replaced."""
        if not self.path.exists():
            return False
        try:
            note = json.loads(self.note_path.read_text(encoding="utf-8"))
            known = {"fingerprint": note["fingerprint"], "bytes": note["bytes"]}
            note = {**known, "n_descriptors": int(note["n_descriptors"]), "skipped": dict(note["skipped"])}
        except (OSError, ValueError, KeyError, TypeError):
            known = {}
        if known == {"fingerprint": self.fingerprint, "bytes": self.path.stat().st_size}:
            self.note = note
            return True
        if not overwrite:
            what = "belongs to other images, another codebook or another version" if known else "is not of this export"
            raise StoreError(f"{self.path} {what}; choose another folder, or pass overwrite=True (--overwrite)")
        return False

    def finish(self, n_descriptors, skipped):
        """Leave the note, once the file is in its place."""
        self.note = {
            "fingerprint": self.fingerprint, "bytes": self.path.stat().st_size, "n_descriptors": n_descriptors,
            "skipped": skipped,
        }
        write_json(self.note_path, self.note)


def _size(source):
    return os.stat(source).st_size if isinstance(source, (str, os.PathLike)) else None


def _write_files(files, ids, described):
    """Take the pieces of one stem's images from ``described`` and write its files."""
    n_descriptors, skipped = 0, {}
    with contextlib.ExitStack() as stack:
        writers = {file.kind: stack.enter_context(open_writer(file.path, KINDS[file.kind], len(ids))) for file in files}
        for image_id in ids:
            packed, n, message = next(described)
            for kind, writer in writers.items():
                writer.append(packed[kind])
            n_descriptors += n
            if message:
                skipped[image_id] = message
    for file in files:
        file.finish(n_descriptors, skipped)


def list_images(images, prefix=None):
    """The images of each file: {stem: {id: source}}; see :func:`export_imagenet_sift`."""
    if isinstance(images, dict):
        groups = {stem: list(sources) for stem, sources in images.items()}
    else:
        groups = _list_folder(Path(images), prefix)
    if not groups:
        raise DatasetError("there are no images to export")
    for stem in groups:
        if not isinstance(stem, str) or not re.fullmatch(r"[^./\\][^/\\]*", stem):
            raise ParameterError(f"{stem!r} cannot be the name of a file")
    return {stem: _by_id(stem, sources) for stem, sources in groups.items()}


def _list_folder(folder, prefix):
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; give the one that holds one folder a synset, or the images")
    entries = _entries(folder)
    synsets = [entry for entry in entries if entry.is_dir()]
    if any(entry.name == "train" for entry in synsets):
        raise DatasetError(f"{folder} is split into parts; export {folder / 'train'} and each other part by itself")
    if synsets:
        return {synset.name: [entry.path for entry in _entries(synset.path)] for synset in synsets}
    if prefix is None:
        prefix = "test" if entries and "_test_" in entries[0].name else "val"
    return {
        f"{prefix}.{i // IMAGES_PER_FILE + 1:04d}": [entry.path for entry in entries[i : i + IMAGES_PER_FILE]]
        for i in range(0, len(entries), IMAGES_PER_FILE)
    }


def _entries(folder):
    with os.scandir(folder) as scan:
        return sorted((entry for entry in scan if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _by_id(stem, sources):
    if not sources:
        raise DatasetError(f"{stem} has no images; add some or leave it out")
    named = {}
    for source in sources:
        image_id = Path(source_name(source)).stem
        if image_id in named:
            raise DatasetError(
                f"{stem}: {source_name(source)} and {source_name(named[image_id])} have the same name without ending"
            )
        named[image_id] = source
    return named
