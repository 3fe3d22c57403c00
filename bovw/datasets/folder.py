"""A folder of classes: ``<class>/<image>``, or ``train/<class>/<image>`` beside ``val`` or ``test``.

The order is that of the Unicode code points of the names, classes first, then
images, and so the same on every file system and in every locale. Whether a file
is an image is decided by its first bytes, which takes about 0.02 ms a file once
the folder is in the system's cache.
"""

from pathlib import Path

import numpy as np

from .._validation import check_bool, check_choice
from ..errors import DatasetError, ParameterError
from .dataset import Dataset
from .listing import list_folder, why_no_image

_TEST_FOLDERS = ("val", "test")
_MIN_IMAGES = 2


def read_folder(root, *, test_folder=None, on_error="raise", follow_symlinks=False):
    """List a folder of classes.

    Two layouts are recognized. In ``root/<class>/<image>`` each folder is a
    class. Where ``root/train`` holds folders, they are the classes, and
    ``root/val`` or ``root/test`` holds the same ones with the test images
    (imagenette, ImageNet sorted by class); ``train`` and ``test`` of the result
    are then set.

    Hidden files and folders (a leading dot) and files beside the class folders
    (a README) are passed over; in the second layout so are folders beside
    ``train`` and the test folder.

    Parameters
    ----------
    root : path
    test_folder : {None, "val", "test"}
        Which folder holds the test images of the second layout; None for the one
        that exists.
    on_error : {"raise", "skip"}, default "raise"
        What happens to a file that is no image: DatasetError, or it is left out
        and listed in ``skipped``.
    follow_symlinks : bool, default False
        Whether symbolic links inside ``root`` are followed. By default they are an
        error, since a link can bring one photograph into training and test.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If the folder is missing or has no class folders; a class folder is empty,
        holds a folder, or has a single image (in the second layout: if a class
        lacks training or test images); a file is no image; a link is met.

    Examples
    --------
    >>> dataset = read_folder("scene15")                                        # doctest: +SKIP
    >>> train, test = draw_split(dataset.labels, 100, seed=0, draw=0)           # doctest: +SKIP
    """
    check_choice("test_folder", test_folder, (None, *_TEST_FOLDERS))
    check_choice("on_error", on_error, ("raise", "skip"))
    check_bool("follow_symlinks", follow_symlinks)
    root = Path(root)
    if not root.exists():
        raise DatasetError(f"{root}: no such folder; check the path to the data")
    if not root.is_dir():
        raise DatasetError(f"{root}: is a file; give the folder that holds one folder a class")
    walk = _Walk(root, on_error, follow_symlinks)
    if _has_split_layout(root):
        return _read_split_layout(walk, _choose_test_folder(root, test_folder))
    if test_folder is not None:
        raise ParameterError(
            f"test_folder={test_folder!r} needs class folders inside {root / 'train'}, and there are none"
        )
    classes = walk.class_folders("")
    for name in classes:
        walk.read_class(name, name, _MIN_IMAGES)
    return walk.dataset(classes)


def _has_split_layout(root):
    train = root / "train"
    return train.is_dir() and any(path.is_dir() for path in train.iterdir() if not path.name.startswith("."))


def _choose_test_folder(root, test_folder):
    present = [name for name in _TEST_FOLDERS if (root / name).is_dir()]
    if test_folder is None:
        if len(present) == 2:
            raise DatasetError(f"{root}: has both val and test; choose one with test_folder")
        if not present:
            raise DatasetError(
                f"{root}: has train but neither val nor test; add one, or read {root / 'train'} alone"
            )
        return present[0]
    if test_folder not in present:
        raise DatasetError(f"{root / test_folder}: no such folder; check test_folder")
    return test_folder


def _read_split_layout(walk, test_folder):
    classes = walk.class_folders("train")
    test_classes = walk.class_folders(test_folder)
    for here, there, missing in [
        ("train", test_folder, sorted(set(classes) - set(test_classes))),
        (test_folder, "train", sorted(set(test_classes) - set(classes))),
    ]:
        if missing:
            raise DatasetError(
                f"{walk.root}: class {missing[0]!r} is in {here} but not in {there}"
                + (f", as are {len(missing) - 1} more" if len(missing) > 1 else "")
                + "; both need the same class folders"
            )
    for folder in ("train", test_folder):
        for name in classes:
            walk.read_class(f"{folder}/{name}", name, 1)
    in_train = np.array([name.startswith("train/") for name in walk.names])
    return walk.dataset(classes, np.flatnonzero(in_train), np.flatnonzero(~in_train))


class _Walk:
    """Collects the images of one data set, folder by folder."""

    def __init__(self, root, on_error, follow_symlinks):
        self.root, self.on_error, self.follow_symlinks = root, on_error, follow_symlinks
        self.names, self.class_names, self.reasons = [], [], {}

    def class_folders(self, where):
        """Sorted names of the folders in ``root/where``."""
        entries = list_folder(self.root / where, self.follow_symlinks)
        names = [entry.name for entry in entries if entry.is_dir()]
        if not names:
            loose = sum(entry.is_file() for entry in entries)
            raise DatasetError(
                f"{self.root / where}: has no class folders"
                + (f", only {loose} file(s)" if loose else "")
                + "; put the images of each class into a folder with the name of the class"
            )
        return names

    def read_class(self, folder, class_name, minimum):
        """Add the images of one folder."""
        n_before = len(self.names)
        for entry in list_folder(self.root / folder, self.follow_symlinks):
            name = f"{folder}/{entry.name}"
            if entry.is_dir():
                raise DatasetError(
                    f"{self.root / name}: is a folder inside a class folder; move its images up to "
                    f"{self.root / folder}, or read the folder above if the classes lie one level deeper"
                )
            trouble = why_no_image(entry)
            if not trouble:
                self.names.append(name)
            elif self.on_error == "skip":
                self.reasons[name] = trouble
            else:
                raise DatasetError(f"{self.root / name}: {trouble}; remove it or pass on_error='skip'")
        n_images = len(self.names) - n_before
        where = f"{self.root / folder}: class {class_name!r}"
        if n_images == 0:
            raise DatasetError(f"{where} has no images; add some or remove the folder")
        if n_images < minimum:
            raise DatasetError(
                f"{where} has {n_images} image; at least {minimum} are needed, one to train and one to test; "
                "add images or remove the folder"
            )
        self.class_names += [class_name] * n_images

    def dataset(self, classes, train=None, test=None):
        """What was collected."""
        number = {name: i for i, name in enumerate(classes)}
        return Dataset(
            images=[self.root / name for name in self.names],
            names=self.names,
            labels=np.array([number[name] for name in self.class_names], np.int64),
            classes=classes,
            train=train,
            test=test,
            root=self.root,
            skipped=tuple(self.reasons),
            reasons=self.reasons,
        )
