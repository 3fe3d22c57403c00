"""Small data sets in the layouts of the real ones, with images that a classifier can learn to tell apart.

``write_layout(kind, folder, n_train, n_test)`` returns the path for ``open_dataset``.
"""

import io
import pickle
import tarfile
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

from bovw.datasets import official

from ..images.files import sun_raster

#: five synsets whose ids in the kit are not the order of their numbers
SYNSETS = {
    "n02119789": "kit fox, Vulpes macrotis", "n02100735": "English setter", "n02110185": "Siberian husky",
    "n02096294": "Australian terrier", "n02102040": "English springer, English springer spaniel",
}
WNIDS = tuple(SYNSETS)


def class_image(number, index, side=64):
    """Image ``index`` of class ``number``: a grating whose angle, period and color say the class, and noise."""
    rng = np.random.default_rng([number, index])
    angle, period = number * 2.399963, 5 + number % 7
    y, x = np.mgrid[:side, :side]
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + rng.uniform(0, 6.3))
    tint = np.array([110 + 60 * np.cos(number), 128, 110 + 60 * np.sin(number)])
    image = tint + 55 * wave[:, :, None] + rng.normal(0, 12, (side, side, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


def encoded(number, index, side=64, suffix=".jpg"):
    """The same as the bytes of an image file; ``.ras`` is gray."""
    image = class_image(number, index, side)
    if suffix == ".ras":
        return sun_raster(image.mean(axis=2).astype(np.uint8))
    done, data = cv2.imencode(suffix, image[:, :, ::-1])
    assert done
    return data.tobytes()


def write_file(path, data):
    """Write bytes or text, and the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def tar_bytes(files, **options):
    """A tar archive of {name: bytes}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **options) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def write_classes(folder, classes, n, *, side=64, suffix=".jpg", start=0, first=0):
    """``folder/<class>/<number>``, ``n`` images a class."""
    for number, name in enumerate(classes, first):
        for i in range(start, start + n):
            write_file(folder / name / f"image_{i:04d}{suffix}", encoded(number, i, side, suffix))


def write_synsets(folder, wnids, n, form, *, side=64, start=0):
    """Sorted synsets as ``"folders"``, as ``"tars"``, or as ``"tar"``, the archive of archives ``folder.tar``."""
    inner = {}
    for number, wnid in enumerate(wnids):
        images = {f"{wnid}_{i + 1}.JPEG": encoded(number, i, side) for i in range(start, start + n)}
        if form == "folders":
            for name, data in images.items():
                write_file(folder / wnid / name, data)
        else:
            inner[f"{wnid}.tar"] = tar_bytes(images)
    if form == "tars":
        for name, data in inner.items():
            write_file(folder / name, data)
    elif form == "tar":
        write_file(folder.with_name(folder.name + ".tar"), tar_bytes(inner))


def write_kit(folder, year, n_train, truth, wnids=WNIDS):
    """``meta.mat`` of ``wnids`` in this order below one root, and ground truth {part: ids}."""
    fields = [f"ILSVRC{year}_ID", "WNID", "words", "gloss", "num_children", "children", "wordnet_height",
              "num_train_images"]
    synsets = np.empty((len(wnids) + 1, 1), [(name, object) for name in fields])
    n = len(wnids)
    for i, wnid in enumerate(wnids):
        synsets[i, 0] = (i + 1, wnid, SYNSETS.get(wnid, wnid), "a dog", 0, np.empty((0, 0)), 0, n_train)
    synsets[n, 0] = (n + 1, "n00001740", "entity", "", n, np.arange(1, n + 1), 19, 0)
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / "meta.mat", {"synsets": synsets})
    for part, ids in truth.items():
        write_file(folder / f"ILSVRC{year}_{part}_ground_truth.txt", "\n".join(map(str, ids)))


def write_ilsvrc(folder, n_train, n_test, year, n_classes, form, side):
    wnids = WNIDS[:n_classes]
    order = np.random.default_rng(year).permutation(np.repeat(np.arange(len(wnids)), n_test))
    write_kit(folder / f"ILSVRC{year}_devkit" / "data", year, n_train, {"validation": order + 1}, wnids)
    images = "img" if year == 2012 else "images"
    train = f"ILSVRC{year}_{images}_train" if form == "tar" else "train"
    write_synsets(folder / train, wnids, n_train, form, side=side)
    val = {
        f"ILSVRC{year}_val_{i + 1:08d}.JPEG": encoded(number, 1000 + i, side) for i, number in enumerate(order.tolist())
    }
    if form == "folders":
        for name, data in val.items():
            write_file(folder / "val" / name, data)
    else:
        write_file(folder / f"ILSVRC{year}_{images}_val.tar", tar_bytes(val))
    return folder


def write_imagenet(folder, n_train, n_test, n_classes, form, side):
    wnids = sorted(WNIDS[:n_classes])
    write_synsets(folder / "train", wnids, n_train, form, side=side)
    if form == "tar":
        return folder / "train.tar"
    write_synsets(folder / "val", wnids, n_test, form, side=side, start=n_train)
    write_file(folder / "synset_words.txt", "".join(f"{w} {SYNSETS[w]}\r\n" for w in wnids))
    return folder


def write_tiny_imagenet(folder, n_train, n_test, n_classes, form, side):
    wnids = WNIDS[:n_classes]
    write_file(folder / "wnids.txt", "\n".join(wnids))
    write_file(folder / "words.txt", "".join(f"{w}\t{SYNSETS[w]}\n" for w in (*wnids, *WNIDS[n_classes:])))
    annotations = []
    for number, wnid in enumerate(wnids):
        for i in range(n_train):
            write_file(folder / "train" / wnid / "images" / f"{wnid}_{i}.JPEG", encoded(number, i, side))
        write_file(folder / "train" / wnid / f"{wnid}_boxes.txt", f"{wnid}_0.JPEG\t0\t0\t9\t9\n")
        for i in range(n_test):
            name = f"val_{len(annotations)}.JPEG"
            write_file(folder / "val" / "images" / name, encoded(number, 1000 + i, side))
            annotations.append(f"{name}\t{wnid}\t0\t32\t44\t62\n")
    write_file(folder / "val" / "val_annotations.txt", "".join(annotations))
    write_file(folder / "test" / "images" / "test_0.JPEG", encoded(0, 9, side))
    return folder


def write_imagenette(folder, n_train, n_test, n_classes, form, side):
    for part, n, start in (("train", n_train, 0), ("val", n_test, n_train)):
        write_synsets(folder / part, sorted(official.IMAGENETTE), n, "folders", side=side, start=start)
    return folder


def write_class_folders(classes, clutter=None, stray=None, suffix=".jpg", child=""):
    """A writer of ``<class>/<image>`` without a split."""

    def write(folder, n_train, n_test, n_classes, form, side):
        chosen = classes[:n_classes]
        write_classes(folder / child, chosen, n_train + n_test, side=side, suffix=suffix)
        if clutter:
            write_classes(folder / child, [clutter], n_train + n_test, side=side, suffix=suffix, first=len(chosen))
        if stray:
            write_file(folder / child / stray, "no image")
        return folder

    return write


def write_voc(folder, n_train, n_test, n_classes, form, side):
    """Every third image shows the next class too; every fifth has the one after that as difficult."""
    home, classes = folder / "VOCdevkit" / "VOC2007", official.VOC2007_CLASSES[:n_classes]
    parts, number = {"train": [], "val": [], "test": []}, 0
    for part, n in (("train", (n_train + 1) // 2), ("val", n_train // 2), ("test", n_test)):
        for c in range(len(classes)):
            for i in range(n):
                number += 1
                values = np.full(len(classes), -1)
                if i % 5 == 4:
                    values[(c + 2) % len(classes)] = 0
                if i % 3 == 2:
                    values[(c + 1) % len(classes)] = 1
                values[c] = 1
                parts[part].append((f"{number:06d}", values))
                write_file(home / "JPEGImages" / f"{number:06d}.jpg", encoded(c, number, side))
    parts["trainval"] = sorted(parts["train"] + parts["val"], key=lambda entry: entry[0])
    for part, entries in parts.items():
        for c, name in enumerate(classes):
            lines = "".join(f"{image} {values[c]:2d}\n" for image, values in entries)
            write_file(home / "ImageSets" / "Main" / f"{name}_{part}.txt", lines)
        write_file(home / "ImageSets" / "Main" / f"{part}.txt", "".join(f"{image}\n" for image, _ in entries))
    return folder


def cifar_rows(labels, start):
    """(n, 3072) rows, plane by plane."""
    pixels = np.stack([class_image(label, start + i, 32) for i, label in enumerate(labels)])
    return pixels.transpose(0, 3, 1, 2).reshape(len(labels), -1)


def write_cifar(fine, kind, train_batches, test_batch):
    """A writer of the forms ``"python"``, ``"binary"`` and ``"folders"``."""

    def write(folder, n_train, n_test, n_classes, form, side):
        if form == "folders":
            write_classes(folder / "train", fine, n_train, side=32, suffix=".png")
            write_classes(folder / "test", fine, n_test, side=32, suffix=".png", start=n_train)
            return folder
        names, rng = fine[:n_classes], np.random.default_rng(0)
        labels = rng.permutation(np.repeat(np.arange(len(names)), n_train))
        batches = dict(zip(train_batches, np.array_split(labels, len(train_batches)), strict=True))
        batches[test_batch] = rng.permutation(np.repeat(np.arange(len(names)), n_test))
        for number, (name, labels) in enumerate(batches.items()):
            rows = cifar_rows(labels.tolist(), 10_000 * number)
            if form == "python":
                content = {b"batch_label": name.encode(), b"data": rows,
                           b"filenames": [f"x_{i}.png".encode() for i in range(len(rows))]}
                content |= {b"labels": labels.tolist()} if kind == "cifar10" else {
                    b"fine_labels": labels.tolist(), b"coarse_labels": (labels // 5).tolist()}
                write_file(folder / name, pickle.dumps(content, protocol=2))
            else:
                prefix = labels[:, None] if kind == "cifar10" else np.stack([labels // 5, labels], axis=1)
                write_file(folder / f"{name}.bin", np.hstack([prefix.astype(np.uint8), rows]).tobytes())
        python_meta, key, binary_meta = {
            "cifar10": ("batches.meta", b"label_names", "batches.meta.txt"),
            "cifar100": ("meta", b"fine_label_names", "fine_label_names.txt"),
        }[kind]
        coarse = official.CIFAR100_COARSE if kind == "cifar100" else ()
        if form == "python":
            meta = {key: names} | ({b"coarse_label_names": coarse} if coarse else {})
            meta = {key: [n.encode() for n in names] for key, names in meta.items()}
            write_file(folder / python_meta, pickle.dumps(meta, protocol=2))
        else:
            write_file(folder / binary_meta, "\n".join(names) + "\n")
            if coarse:
                write_file(folder / "coarse_label_names.txt", "\n".join(coarse) + "\n")
        return folder

    return write


def write_outex(folder, n_train, n_test, n_classes, form, side):
    """The suite TC_00012: two problems with common training images."""
    folder = folder / "Outex_TC_00012"
    number = 0

    def some(n):
        nonlocal number
        lines = []
        for c in range(n_classes):
            for _ in range(n):
                write_file(folder / "images" / f"{number:06d}.ras", encoded(c, number, side, ".ras"))
                lines.append(f"{number:06d}.ras {c}")
                number += 1
        return f"{len(lines)}\n" + "\n".join(lines) + "\n"

    train = some(n_train)
    classes = f"{n_classes}\n" + "".join(f"canvas{c + 1:03d} {c}\n" for c in range(n_classes))
    for problem in ("000", "001"):
        write_file(folder / problem / "train.txt", train)
        write_file(folder / problem / "test.txt", some(n_test))
        write_file(folder / problem / "classes.txt", classes)
    return folder


def write_plain(folder, n_train, n_test, n_classes, form, side):
    classes = ("bread", "canyon", "drum", "engine", "teapot")[:n_classes]
    write_classes(folder / "train", classes, n_train, side=side)
    write_classes(folder / "test", classes, n_test, side=side, start=n_train)
    return folder


def _of_year(year):
    def write(folder, n_train, n_test, n_classes, form, side):
        return write_ilsvrc(folder, n_train, n_test, year, n_classes, form, side)

    return write


_CALTECH256 = tuple(
    f"{i:03d}.{name}" for i, name in enumerate(("ak47", "american-flag", "backpack", "baseball-bat", "bear"), 1)
)
_SYNSET_FORMS = ("folders", "tars", "tar")
_CIFAR_FORMS = ("python", "binary", "folders")

#: kind -> (writer, the forms it has, the first being the default)
LAYOUTS = {
    "ilsvrc2010": (_of_year(2010), _SYNSET_FORMS),
    "ilsvrc2011": (_of_year(2011), _SYNSET_FORMS),
    "ilsvrc2012": (_of_year(2012), _SYNSET_FORMS),
    "imagenet": (write_imagenet, _SYNSET_FORMS),
    "tiny_imagenet": (write_tiny_imagenet, ("folders",)),
    "imagenette": (write_imagenette, ("folders",)),
    "caltech101": (
        write_class_folders(official.CALTECH101, official.CALTECH101_CLUTTER, "BACKGROUND_Google/tmp",
                            child="101_ObjectCategories"), ("folders",),
    ),
    "caltech256": (
        write_class_folders(_CALTECH256, "257.clutter", "005.bear/RENAME2", child="256_ObjectCategories"),
        ("folders",),
    ),
    "scene15": (write_class_folders(tuple(official.SCENE15)), ("folders",)),
    "kth_tips": (write_class_folders(tuple(official.KTH_TIPS), suffix=".png"), ("folders",)),
    "voc2007": (write_voc, ("lists",)),
    "cifar10": (
        write_cifar(official.CIFAR10, "cifar10", [f"data_batch_{i}" for i in range(1, 6)], "test_batch"), _CIFAR_FORMS
    ),
    "cifar100": (write_cifar(official.CIFAR100, "cifar100", ["train"], "test"), _CIFAR_FORMS),
    "cifar100_coarse": (write_cifar(official.CIFAR100_COARSE, "cifar100", ["train"], "test"), ("folders",)),
    "outex": (write_outex, ("lists",)),
    "folder": (write_plain, ("folders",)),
}


def write_layout(kind, folder, n_train, n_test, *, n_classes=5, form=None, side=64):
    """Write a small data set in the layout of a real one.

    Parameters
    ----------
    kind : str
        One of ``LAYOUTS``.
    folder : path
    n_train, n_test : int
        Images a class; together where the set has no official split.
    n_classes : int
        At most 5 in ImageNet's sets. Imagenette has its 10, folders of CIFAR have
        all classes; clutter is one more.
    form : str, optional
        One of the layout's forms.
    side : int
        Images are ``side`` x ``side``; 32 in CIFAR.

    Returns
    -------
    pathlib.Path
        What to give to ``open_dataset``.
    """
    writer, forms = LAYOUTS[kind]
    form = form or forms[0]
    assert form in forms, f"{kind} has the forms {forms}"
    return writer(Path(folder), n_train, n_test, n_classes, form, side)
