"""Every layout is recognized, read with the right classes, labels and splits, and compared with the official counts."""

import gzip
import shutil
from dataclasses import replace

import numpy as np
import pytest

from bovw.datasets import draw_split, official, open_dataset, read_folder
from bovw.datasets.open import KINDS
from bovw.errors import DatasetError, ParameterError
from bovw.images import ImageCollection, load_image

from .layouts import LAYOUTS, SYNSETS, WNIDS, class_image, encoded, tar_bytes, write_file, write_layout

ALL = [(kind, form) for kind, (_, forms) in LAYOUTS.items() for form in forms]
WITHOUT_SPLIT = ("caltech101", "caltech256", "scene15", "kth_tips")


def test_every_kind_has_a_layout():
    assert set(LAYOUTS) == set(KINDS)


@pytest.mark.parametrize(("kind", "form"), ALL)
def test_every_layout(kind, form, tmp_path):
    path = write_layout(kind, tmp_path, 4, 2, form=form, side=24)
    data = open_dataset(path)
    assert data.kind == kind
    assert open_dataset(path, kind).names == data.names
    n_classes = {"imagenette": 10, "caltech101": 6}.get(kind, 5)
    if kind.startswith("cifar") and form == "folders":
        n_classes = {"cifar10": 10, "cifar100": 100, "cifar100_coarse": 20}[kind]
    assert len(data.classes) == n_classes
    if kind in WITHOUT_SPLIT or (kind, form) == ("imagenet", "tar"):
        assert data.train is None
        assert data.counts.tolist() == [4 if form == "tar" else 6] * n_classes
        data = data.with_split(*draw_split(data.labels, 3, seed=0, draw=0))
    else:
        assert np.bincount(data.labels[data.train], minlength=n_classes).tolist() == [4] * n_classes
        assert np.bincount(data.labels[data.test], minlength=n_classes).tolist() == [2] * n_classes
    assert len(data.train) + len(data.test) <= len(data)
    # what is labelled the same looks the same: nearest class mean of the tints
    images = ImageCollection(data.images, names=data.names)
    assert len(images) == len(data) == len(set(data.names))
    tints = np.array([image.mean(axis=(0, 1)) for image in images])
    if kind != "outex":  # gray
        means = np.array([tints[data.train][data.labels[data.train] == c].mean(axis=0) for c in range(n_classes)])
        guesses = ((tints[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
        assert (guesses == data.labels)[data.test].mean() > (0.9 if n_classes < 50 else 0.5)
    sizes = data.sizes()
    assert sizes.dtype == np.int64
    assert (sizes > 0).all()
    assert data.identity()["bytes"] == sizes.tolist()
    if kind != "folder":
        assert data.problems or (kind, form) == ("imagenet", "folders") or kind == "imagenet"
        if data.problems:
            with pytest.raises(DatasetError, match=f"not a complete copy of {kind}: "):
                open_dataset(path, strict=True)


@pytest.mark.parametrize("kind", ["ilsvrc2010", "ilsvrc2012", "imagenet"])
def test_archives_and_folders_are_the_same_data_set(kind, tmp_path):
    found = {}
    for form in ("folders", "tars", "tar"):
        data = open_dataset(write_layout(kind, tmp_path / form, 3, 2, form=form, side=24))
        found[form] = {name.removeprefix("train/"): (data.classes[label], load_image(image).tobytes())
                       for name, label, image in zip(data.names, data.labels, data.images, strict=True)}
    assert found["folders"] == found["tars"]
    assert found["tar"].items() <= found["folders"].items()
    assert len(found["tar"]) >= 15


def test_ilsvrc_has_the_order_and_ids_of_the_kit(tmp_path):
    path = write_layout("ilsvrc2012", tmp_path, 2, 3, side=24)
    data = open_dataset(path)
    assert data.classes == data.wnids == WNIDS  # not sorted
    assert data.words == tuple(SYNSETS.values())
    assert data.ids.tolist() == [1, 2, 3, 4, 5]
    truth = (path / "ILSVRC2012_devkit" / "data" / "ILSVRC2012_validation_ground_truth.txt").read_text().split()
    assert [str(data.ids[label]) for label in data.labels[data.test]] == truth
    assert data.names[data.test[0]] == "val/ILSVRC2012_val_00000001.JPEG"
    assert "5 classes in the kit, 1000 in a complete copy" in data.problems
    assert "10 training images, 1281167 in a complete copy" in data.problems


def test_a_part_of_ilsvrc_keeps_ids_and_labels(tmp_path):
    path = write_layout("ilsvrc2012", tmp_path, 2, 3, side=24)
    whole = open_dataset(path)
    by_name = dict(zip(whole.names, whole.labels, strict=True))
    shutil.rmtree(path / "train" / WNIDS[0])
    write_file(path / "train" / "n99999999" / "n99999999_1.JPEG", encoded(0, 0, 24))
    (path / "train" / WNIDS[1] / f"{WNIDS[1]}_1.JPEG").unlink()
    (path / "val" / "ILSVRC2012_val_00000004.JPEG").unlink()
    data = open_dataset(path)
    assert data.classes == WNIDS[1:]
    assert data.ids.tolist() == [2, 3, 4, 5]
    assert all(data.classes[label] == whole.classes[by_name[name]]
               for name, label in zip(data.names, data.labels, strict=True))
    text = "; ".join(data.problems)
    assert f"1 of 5 classes are missing: {WNIDS[0]}" in text
    assert f"{WNIDS[1]} has 1, not 2" in text
    assert "1 synsets of train are no classes of the kit: n99999999" in text
    assert "val images are left out" in text
    shutil.rmtree(path / "train")
    only_val = open_dataset(path)
    assert only_val.train is None
    assert len(only_val) == 14
    assert "the training images are missing" in only_val.problems


def test_ilsvrc_test_part_and_sorted_val(tmp_path):
    path = write_layout("ilsvrc2010", tmp_path, 2, 2, form="tar", side=24)
    with pytest.raises(DatasetError, match="the test images are missing"):
        open_dataset(path, test_part="test", strict=True)
    (path / "ILSVRC2010_images_val.tar").rename(path / "ILSVRC2010_images_test.tar")
    with pytest.raises(DatasetError, match=r"need a file ILSVRC\.\.\._test_ground_truth.txt"):
        open_dataset(path, test_part="test")
    kit = path / "ILSVRC2010_devkit" / "data"
    shutil.copy(kit / "ILSVRC2010_validation_ground_truth.txt", path / "ILSVRC2010_test_ground_truth.txt")
    data = open_dataset(path)
    assert len(data.test) == 10
    kit.rename(tmp_path / "kit")
    data = open_dataset(path, devkit=tmp_path / "kit", test_part="test")
    assert (data.kind, data.ids.tolist()) == ("ilsvrc2010", [1, 2, 3, 4, 5])
    with pytest.raises(DatasetError, match=r"no meta.mat of a development kit"):
        open_dataset(path, "ilsvrc2010")


@pytest.mark.parametrize("text", ["1\nx\n", "1\n6\n", "1\n-1\n"])
def test_bad_ground_truth_is_refused_by_line(tmp_path, text):
    path = write_layout("ilsvrc2012", tmp_path, 1, 1, side=24)
    write_file(path / "ILSVRC2012_devkit" / "data" / "ILSVRC2012_validation_ground_truth.txt", text)
    with pytest.raises(DatasetError, match=r"line 2: .* is none of the 5 classes' ids"):
        open_dataset(path)


def test_kits_that_were_distributed_are_read(bovw_data, tmp_path):
    """Class order and ids of the real kits, with two real classes' images."""
    for year, n_known in ((2010, 2), (2012, 3)):  # the setter is no class of 2010
        root = tmp_path / str(year)
        kit = bovw_data / f"ilsvrc{year}_devkit"
        (root / "train").mkdir(parents=True)
        for wnid in ("n02119789", "n02100735", "n01440764"):
            write_file(root / "train" / wnid / f"{wnid}_7.JPEG", encoded(0, 0, 24))
        data = open_dataset(root, f"ilsvrc{year}", devkit=kit)
        assert data.kind == f"ilsvrc{year}"
        assert (np.diff(data.ids) > 0).all()
        assert len(data) == n_known
        assert any("of 1000 classes are missing" in text for text in data.problems)
        if year == 2012:
            assert (data.classes[0], data.ids[0], data.words[0]) == ("n02119789", 1, "kit fox, Vulpes macrotis")


def test_imagenet_words_and_untrained_classes(tmp_path, bovw_data):
    path = write_layout("imagenet", tmp_path, 2, 1, side=24)
    data = open_dataset(path)
    assert data.classes == tuple(sorted(WNIDS))
    assert data.words == tuple(SYNSETS[w] for w in sorted(WNIDS))
    shutil.rmtree(path / "train" / WNIDS[0])
    data = open_dataset(path)
    assert WNIDS[0] not in data.classes
    assert any(f"no training images and are left out: {WNIDS[0]}" in text for text in data.problems)
    (path / "synset_words.txt").unlink()
    assert open_dataset(path).words == ()
    words = open_dataset(path, devkit=bovw_data / "wordnet").words
    assert words[0] == "Australian terrier"
    write_file(path / "words.txt", "n02096294\tAustralian terrier\nnonsense\n")
    with pytest.raises(DatasetError, match=r"words.txt, line 2"):
        open_dataset(path)


def test_tiny_imagenet(tmp_path):
    path = write_layout("tiny_imagenet", tmp_path / "tiny-imagenet-200", 3, 2, side=24)
    data = open_dataset(path.parent)
    assert data.classes == WNIDS  # the order of wnids.txt
    assert data.words == tuple(SYNSETS.values())
    assert data.names[0] == f"train/{WNIDS[0]}/images/{WNIDS[0]}_0.JPEG"
    assert "5 classes, 200 in a complete copy" in data.problems
    assert not any(name.startswith("test/") for name in data.names)
    (path / "val" / "images" / "val_3.JPEG").unlink()
    assert any("val_3.JPEG" in text for text in open_dataset(path).problems)
    write_file(path / "val" / "val_annotations.txt", "val_0.JPEG\tn00000001\t0\t0\t1\t1\n")
    with pytest.raises(DatasetError, match=r"line 1: 'n00000001' is not in wnids.txt"):
        open_dataset(path)


def test_clutter(tmp_path):
    path = write_layout("caltech101", tmp_path / "a", 3, 2, side=24)
    data = open_dataset(path)
    assert len(data.classes) == 6
    assert "BACKGROUND_Google" in data.classes
    assert data.skipped == ("BACKGROUND_Google/tmp",)
    assert data.reasons["BACKGROUND_Google/tmp"].startswith("not an image")
    assert "BACKGROUND_Google is one of the classes; clutter='drop' leaves it out" in data.notes
    assert "BACKGROUND_Google" not in open_dataset(path, clutter="drop").classes
    path = write_layout("caltech256", tmp_path / "b", 3, 2, side=24)
    write_file(path / "256_ObjectCategories" / "005.bear" / "greg" / "vision309", b"")
    data = open_dataset(path)
    assert data.classes[0] == "001.ak47"
    assert "257.clutter" not in data.classes
    assert set(data.skipped) == {"005.bear/RENAME2", "005.bear/greg"}
    assert len(open_dataset(path, clutter="keep").classes) == 6
    with pytest.raises(ParameterError, match="clutter='keep' has no meaning"):
        open_dataset(write_layout("scene15", tmp_path / "c", 2, 2, side=24), clutter="keep")


def test_a_file_that_only_has_the_name_of_an_image(tmp_path):
    path = write_layout("scene15", tmp_path, 2, 2, side=24)
    write_file(path / "bedroom" / "image_0009.jpg", b"text")
    with pytest.raises(DatasetError, match=r"image_0009.jpg: not an image"):
        open_dataset(path)
    data = open_dataset(path, on_error="skip")
    assert data.skipped == ("bedroom/image_0009.jpg",)
    assert len(data) == 20


def test_scene15_and_kth_tips_are_complete(bovw_data):
    scenes = open_dataset(bovw_data / "scene15", strict=True)
    assert scenes.kind == "scene15"
    plain = read_folder(bovw_data / "scene15")
    assert (scenes.names, scenes.classes) == (plain.names, plain.classes)
    assert scenes.identity().keys() == plain.identity().keys()
    assert open_dataset(bovw_data / "kth_tips_gray", strict=True).kind == "kth_tips"
    small = open_dataset(bovw_data / "imagenette_small")
    assert small.words[:2] == ("tench", "English springer")
    assert "1000 train images, 9469 in a complete copy" in small.problems
    assert open_dataset(bovw_data / "imagenet_native").kind == "imagenet"


def test_voc_targets(tmp_path):
    path = write_layout("voc2007", tmp_path, 10, 5, side=24)
    data = open_dataset(path)
    assert data.classes == official.VOC2007_CLASSES[:5]
    assert data.targets.shape == data.difficult.shape == (75, 5)
    assert not (data.targets & data.difficult).any()
    assert data.names[0] == "JPEGImages/000001.jpg"
    # written: image 3 of a class shows the next one too, image 5 has the one after as difficult
    first = [data.names.index(f"JPEGImages/{i:06d}.jpg") for i in (1, 3, 5)]
    assert data.targets[first].tolist() == [[True, *[False] * 4], [True, True, *[False] * 3], [True, *[False] * 4]]
    assert data.difficult[first].tolist() == [[False] * 5, [False] * 5, [False, False, True, False, False]]
    assert data.counts.tolist() == data.targets.sum(axis=0).tolist()
    val = open_dataset(path, test_part="val")
    assert (len(val.train), len(val.test)) == (25, 25)
    assert val.targets.shape == (50, 5)
    home = path / "VOCdevkit" / "VOC2007"
    (home / "JPEGImages" / "000002.jpg").unlink()
    assert "1 listed images are missing: 000002" in open_dataset(path).problems
    lists = home / "ImageSets" / "Main"
    text = (lists / "bird_test.txt").read_text()
    write_file(lists / "bird_test.txt", text.replace(" 1", " 2", 1))
    with pytest.raises(DatasetError, match=r"bird_test.txt, line \d+: .* is not an image's name and -1, 0 or 1"):
        open_dataset(path)
    write_file(lists / "bird_test.txt", text + "000999  1\n")
    with pytest.raises(DatasetError, match=r"bird_test.txt: must name the images of aeroplane_test.txt"):
        open_dataset(path)
    write_file(lists / "bird_test.txt", text + "../../x  1\n")
    with pytest.raises(DatasetError, match="is not an image's name"):
        open_dataset(path)
    for name in data.classes:
        (lists / f"{name}_test.txt").unlink()
    data = open_dataset(path)
    assert data.train is None
    assert "test lists are missing; test_part='val' tests on val" in data.problems


def test_voc_average_precision_leaves_difficult_images_out(tmp_path):
    from bovw.evaluation import average_precision

    data = open_dataset(write_layout("voc2007", tmp_path, 2, 10, side=24))
    targets, difficult = data.targets[data.test], data.difficult[data.test]
    scores = targets + 10.0 * difficult  # difficult images rank first
    for c in range(5):
        assert difficult[:, c].any()
        assert average_precision(targets[:, c], scores[:, c], ignore=difficult[:, c]) == 1
        assert average_precision(targets[:, c], scores[:, c]) < 1


def test_outex_problems_are_draws(tmp_path):
    path = write_layout("outex", tmp_path, 3, 2, side=24)
    data = open_dataset(path)
    assert data.classes == tuple(f"canvas{i:03d}" for i in range(1, 6))
    assert len(data) == 15 + 10 + 10
    assert len(data.draws) == 2
    (train0, test0), (train1, test1) = data.draws
    assert np.array_equal(train0, train1)
    assert np.intersect1d(test0, test1).size == 0
    assert np.array_equal(data.train, train0)
    assert data.with_split([0, 5], [3, 8]).draws == ()
    assert "15 training images in problem 000, 480 in a complete copy" in data.problems
    # a converted copy
    for file in (path / "images").iterdir():
        file.rename(file.with_suffix(".bmp"))
        write_file(file.with_suffix(".bmp"), encoded(0, 0, 24, ".bmp"))
    assert open_dataset(path).names[0] == "images/000000.bmp"
    (path / "images" / "000001.bmp").unlink()
    assert "1 listed images are missing: 000001.ras" in open_dataset(path).problems
    write_file(path / "000" / "train.txt", "3\n000000.ras 0\n")
    with pytest.raises(DatasetError, match="announces 3 entries and has 1"):
        open_dataset(path)
    write_file(path / "000" / "train.txt", "000000.ras 4\n")
    with pytest.raises(DatasetError, match="a texture has one class"):
        open_dataset(path)
    other = path.rename(tmp_path / "mine")
    shutil.rmtree(other / "000")
    assert "counts are not checked" in open_dataset(other).notes[0]


def test_cifar_pixels_and_versions(tmp_path):
    python = open_dataset(write_layout("cifar10", tmp_path / "p", 10, 2, form="python"))
    binary = open_dataset(write_layout("cifar10", tmp_path / "b", 10, 2, form="binary"))
    assert python.names == binary.names
    assert python.names[0] == "data_batch_1/00000"
    assert np.array_equal(python.labels, binary.labels)
    assert all(np.array_equal(a, b) for a, b in zip(python.images, binary.images, strict=True))
    assert python.digest == binary.digest
    assert python.images[0].shape == (32, 32, 3)
    assert np.array_equal(python.images[0], class_image(python.labels[0], 0, 32))
    other = open_dataset(write_layout("cifar100", tmp_path / "c", 10, 2))
    assert other.identity()["digest"] != python.digest
    assert "airplane has 10, not 5000" in "; ".join(python.problems)
    (tmp_path / "p" / "data_batch_3").unlink()
    assert "1 batches are missing: data_batch_3" in open_dataset(tmp_path / "p").problems
    data = (tmp_path / "b" / "data_batch_1.bin").read_bytes()
    write_file(tmp_path / "b" / "data_batch_1.bin", data[:-1])
    with pytest.raises(DatasetError, match="a multiple of 3073"):
        open_dataset(tmp_path / "b")
    write_file(tmp_path / "b" / "data_batch_1.bin", b"\x09" + data[1:])
    with pytest.raises(DatasetError, match=r"label 9; labels must lie in \[0, 5\)"):
        open_dataset(tmp_path / "b")


@pytest.mark.parametrize("form", ["python", "binary"])
def test_coarse_labels_of_cifar100(tmp_path, form):
    path = write_layout("cifar100", tmp_path, 3, 2, n_classes=15, form=form)
    fine, coarse = open_dataset(path), open_dataset(path, "cifar100_coarse")
    assert (fine.kind, coarse.kind) == ("cifar100", "cifar100_coarse")
    assert coarse.classes == official.CIFAR100_COARSE
    assert coarse.words[9] == "large man-made outdoor things"
    assert coarse.names == fine.names
    assert np.array_equal(coarse.labels, fine.labels // 5)  # as they were written
    assert np.array_equal(coarse.test, fine.test)
    assert coarse.digest != fine.digest
    assert "fish has 15, not 2500" in "; ".join(coarse.problems)
    folders = write_layout("cifar100", tmp_path / "folders", 1, 1, form="folders")
    with pytest.raises(DatasetError, match="has no class of cifar100_coarse, only apple"):
        open_dataset(folders, "cifar100_coarse")


def test_arguments_and_missing_paths(tmp_path):
    path = write_layout("folder", tmp_path, 2, 2, side=24)
    with pytest.raises(DatasetError, match="no such folder"):
        open_dataset(tmp_path / "nowhere")
    for options in ({"kind": "scene16"}, {"strict": 1}, {"on_error": "no"}, {"test_part": "dev"}, {"clutter": "yes"},
                    {"devkit": tmp_path}, {"follow_symlinks": None}):
        with pytest.raises(ParameterError):
            open_dataset(path, **options)
    assert open_dataset(path, test_part="test").kind == "folder"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])
def test_a_folder_of_another_kind_is_refused_in_one_line(kind, tmp_path):
    path = write_layout("folder", tmp_path, 2, 2, side=24)
    with pytest.raises(DatasetError) as caught:
        open_dataset(path, kind)
    assert "\n" not in str(caught.value)


def test_symbolic_links_are_refused_unless_followed(tmp_path):
    path = write_layout("imagenet", tmp_path / "x", 2, 2, side=24)
    (path / "train" / WNIDS[0]).rename(tmp_path / "elsewhere")
    (path / "train" / WNIDS[0]).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(DatasetError, match="is a symbolic link"):
        open_dataset(path)
    assert len(open_dataset(path, follow_symlinks=True).train) == 10


def test_dataset_checks_the_new_parts(tmp_path):
    data = open_dataset(write_layout("voc2007", tmp_path, 2, 2, side=24))
    for change in [
        {"targets": data.targets[1:]}, {"targets": data.targets.astype(int)}, {"targets": None},
        {"difficult": data.difficult[:, 1:]}, {"wnids": ("n00000001",)}, {"words": ("a", "b")}, {"ids": [1, 2]},
        {"ids": [0.5] * 5}, {"draws": (([0], [0]),)}, {"draws": (([0], [99]),)}, {"labels": data.labels - 2},
    ]:
        with pytest.raises(ParameterError):
            replace(data, **change)
    assert replace(data, labels=np.full(len(data), -1)).counts.tolist() == data.counts.tolist()


def test_a_plain_archive_of_synset_folders(tmp_path):
    files = {f"{w}/{w}_{i}.JPEG": encoded(c, i, 24) for c, w in enumerate(WNIDS) for i in range(2)}
    write_file(tmp_path / "some.tar", tar_bytes(files))
    data = open_dataset(tmp_path / "some.tar")
    assert (data.kind, data.classes) == ("imagenet", tuple(sorted(WNIDS)))
    assert load_image(data.images[3]).shape == (24, 24, 3)


def test_one_bad_archive_among_many(tmp_path):
    path = write_layout("imagenet", tmp_path, 2, 1, form="tars", side=24)
    write_file(path / "train" / f"{WNIDS[0]}.tar", b"")
    data = open_dataset(path)
    assert len(data.classes) == 4
    assert "is no tar archive" in data.reasons[f"train/{WNIDS[0]}.tar"]
    assert f"1 synsets have no images: {WNIDS[0]}" in data.problems


def test_an_archive_of_something_else_or_compressed(tmp_path):
    write_file(tmp_path / "a.tar", tar_bytes({"1.jpg": encoded(0, 0, 24)}))
    with pytest.raises(DatasetError, match="holds no images in folders"):
        open_dataset(tmp_path / "a.tar")
    for name in ("b.tar.gz", "b.tgz"):
        write_file(tmp_path / name, gzip.compress(tar_bytes({"n01440764.tar": b""})))
        with pytest.raises(DatasetError, match="compressed with gzip"):
            open_dataset(tmp_path / name)
    write_file(tmp_path / "c.txt", "text")
    with pytest.raises(DatasetError, match="is a file; give the folder"):
        open_dataset(tmp_path / "c.txt")


def test_a_synset_that_was_unpacked_beside_its_archive_counts_once(tmp_path):
    path = write_layout("imagenet", tmp_path, 2, 1, side=24)
    write_file(path / "train" / f"{WNIDS[0]}.tar", tar_bytes({f"{WNIDS[0]}_1.JPEG": encoded(0, 0, 24)}))
    data = open_dataset(path)
    assert len(set(data.names)) == len(data) == 15
    assert data.reasons == {f"train/{WNIDS[0]}.tar": "the synset's folder is read instead"}
