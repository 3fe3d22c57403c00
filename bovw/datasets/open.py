"""``open_dataset``: the one door to every data set; it says which one it found."""

from pathlib import Path

from .._validation import check_bool, check_choice
from ..errors import DatasetError, ParameterError
from . import cifar, class_folders, ilsvrc, outex, tiny_imagenet, voc, wnid_folders
from .folder import read_folder
from .listing import ReadOptions

#: in the order in which they are tried: the more particular layouts first
_READERS = (cifar, tiny_imagenet, voc, outex, ilsvrc, class_folders, wnid_folders)
_READER_OF = {kind: reader for reader in _READERS for kind in reader.KINDS}

KINDS = (*_READER_OF, "folder")


def open_dataset(
    path,
    kind="auto",
    *,
    strict=False,
    on_error="raise",
    follow_symlinks=False,
    test_part=None,
    devkit=None,
    clutter=None,
    cache=None,
):
    """List the images of a data set, whichever it is.

    Nothing is decoded, downloaded or unpacked. What a complete official copy has and
    this one lacks is listed in ``problems``; an incomplete copy is usable.

    Parameters
    ----------
    path : path
        The data set's folder; or a tar archive of a folder or an archive a synset.
    kind : str, default "auto"
        ``"auto"`` recognizes the layout. Else one of ``"ilsvrc2010"``,
        ``"ilsvrc2011"``, ``"ilsvrc2012"``, ``"imagenet"`` (a folder or archive a
        wnid), ``"tiny_imagenet"``, ``"imagenette"``, ``"caltech101"``,
        ``"caltech256"``, ``"scene15"``, ``"voc2007"``, ``"cifar10"``, ``"cifar100"``,
        ``"cifar100_coarse"`` (its 20 superclasses, never recognized in batches),
        ``"kth_tips"``, ``"outex"``, ``"folder"`` (any folder of classes).
    strict : bool, default False
        Raise if there are any problems.
    on_error : {"raise", "skip"}, default "raise"
        What happens to a file that has an image's name but is no image: DatasetError,
        or it is left out and listed in ``skipped``. Members of archives are always
        left out and listed. ``kind="folder"`` is strict about every file.
    follow_symlinks : bool, default False
        Whether symbolic links among classes and images are followed; else they are an
        error. ``path`` itself, and a part such as ``train``, may be a link.
    test_part : {None, "val", "test"}
        Which part is for testing, in ILSVRC, sorted synsets (default ``"val"``) and
        VOC 2007 (default ``"test"``, with ``"val"`` training is on ``train`` alone), and
        ``kind="folder"``.
    devkit : path, optional
        A development kit, or its ``meta.mat``, that lies elsewhere. For ``"imagenet"``
        and ``"tiny_imagenet"`` also WordNet: where words come from.
    clutter : {None, "keep", "drop"}
        Whether the background folder of Caltech-101 (default: keep, 102 classes) or
        Caltech-256 (default: drop, 256 classes) is a class.
    cache : path, optional
        A folder where positions of archive members are kept, so that an archive is
        gone through once and not whenever it is opened.

    Returns
    -------
    Dataset
        ``dataset.kind`` says what was found, ``problems`` and ``notes`` how it differs
        from a complete copy and which rules were applied.

    Raises
    ------
    DatasetError
        If the path is missing, the layout is not that of ``kind``, a list or batch is
        malformed, or, with ``strict``, the copy is not complete.
    ParameterError
        If an argument is unknown to the data set's kind.

    Notes
    -----
    Checked against official counts: the number of classes, and of images in each part
    (ILSVRC, with a kit also of each class; Imagenette; Caltech; VOC; Outex TC_00010 and
    TC_00012) or of each class (Tiny ImageNet, 15-Scene, KTH-TIPS, CIFAR). Not checked:
    whether pixels are intact, for which there is ``bovw index``.

    Examples
    --------
    >>> data = bovw.open_dataset("ILSVRC2012")                          # doctest: +SKIP
    >>> data.kind, data.words[0], data.ids[0]                           # doctest: +SKIP
    ('ilsvrc2012', 'kit fox, Vulpes macrotis', 1)
    >>> images = bovw.ImageCollection(data.images, names=data.names)    # doctest: +SKIP
    """
    check_choice("kind", kind, ("auto", *KINDS))
    check_bool("strict", strict)
    check_bool("follow_symlinks", follow_symlinks)
    check_choice("on_error", on_error, ("raise", "skip"))
    check_choice("test_part", test_part, (None, "val", "test"))
    check_choice("clutter", clutter, (None, "keep", "drop"))
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"{path}: no such folder; check the path to the data")
    if kind == "auto":
        kind = recognize(path, devkit)
    reader = _READER_OF.get(kind)
    allowed = ("test_part",) if reader is None else reader.OPTIONS
    for name, value in (("test_part", test_part), ("devkit", devkit), ("clutter", clutter)):
        if value is not None and name not in allowed:
            raise ParameterError(f"{name}={value!r} has no meaning for {path}, which is of kind {kind!r}; leave it out")
    if reader is None:
        data = read_folder(path, test_folder=test_part, on_error=on_error, follow_symlinks=follow_symlinks)
    else:
        devkit, cache = (None if given is None else Path(given) for given in (devkit, cache))
        options = ReadOptions(on_error, follow_symlinks, test_part, devkit, clutter, cache)
        data = reader.read(path, kind, options)
    if strict and data.problems:
        raise DatasetError(f"{path}: not a complete copy of {kind}: {'; '.join(data.problems)}")
    return data


def recognize(path, devkit=None):
    """Which kind of data set lies at a path: one of ``KINDS``, ``"folder"`` where it is none of the others."""
    if devkit is not None and (kind := ilsvrc.recognize(Path(path), Path(devkit))):
        return kind
    return next((kind for reader in _READERS if (kind := reader.recognize(Path(path)))), "folder")
