"""What holds for every public extractor, found in the index so that a new one cannot be forgotten."""

import inspect
import re
import warnings

import numpy as np
import pytest
from sklearn.base import clone

import bovw
from bovw import ParameterError
from bovw._parameters import AnyOf, Boolean, Choice, Integer, Jobs, Number, OneOrMore, Optional, Series
from bovw.descriptors.base import Extractor

EXTRACTORS = [
    cls for name in bovw.__all__ if inspect.isclass(cls := getattr(bovw, name)) and issubclass(cls, Extractor)
]
FUNCTIONS = {
    "ColorStatistics": bovw.color_statistics, "DenseSIFT": bovw.dense_sift, "GIST": bovw.gist, "HOG": bovw.hog,
    "HOGWindow": bovw.hog_window, "LBP": bovw.lbp, "LBPHistogram": bovw.lbp_histogram, "RawPatches": bovw.raw_patches,
    "TinyImage": bovw.tiny_image,
}
#: a second setting of each, far from the defaults
OTHER = {
    "ColorStatistics": {"patch_sizes": (12, 30), "step": 10, "patch_cells": 3},
    "DenseSIFT": {
        "step": 9, "bin_size": 3, "window": "gaussian", "spatial_bins": 3, "orientations": 6, "root": True,
        "scales": (1, 0.6), "fit_within": (60, 60), "color_space": "opponent", "coordinates": "imagenet",
    },
    "GIST": {"patch_size": 32, "step": 12, "orientations": [3, 2], "prefilter": None},
    "HOG": {"patch_sizes": 15, "step": 11, "patch_cells": 3, "variant": "uoctti", "color": False, "norm": "l1"},
    "HOGWindow": {"window": [64, 32], "signed": True, "color": False, "sigma": None},
    "LBP": {"patch_sizes": [12, 18], "patch_cells": 3, "n_points": 12, "radius": 2, "method": "riu2", "norm": None},
    "LBPHistogram": {"scales": [[8, 1], (12, 2.5)], "method": "uniform", "norm": "l2"},
    "RawPatches": {"patch_size": 5, "step": 4, "normalize": False, "color": False},
    "TinyImage": {"size": 9, "color": True},
}
every_extractor = pytest.mark.parametrize("cls", EXTRACTORS, ids=lambda cls: cls.__name__)
every_setting = pytest.mark.parametrize("other", [False, True], ids=["default", "other"])


def build(cls, other):
    return cls(**OTHER[cls.__name__]) if other else cls()


@pytest.fixture(scope="module")
def images(photograph):
    """Color, gray, float and tiny, the last too small for most descriptors."""
    return [photograph[:70, :90], photograph[100:170, 60:130, 1], photograph[:66, :81] / 1.5, photograph[:12, :10]]


@pytest.fixture(scope="module")
def paths(photograph, tmp_path_factory):
    import cv2

    folder = tmp_path_factory.mktemp("images")
    names = [str(folder / f"{i}.png") for i in range(3)]
    for i, name in enumerate(names):
        cv2.imwrite(name, photograph[20 * i : 20 * i + 40, :50, ::-1])
    return names


def assert_same(found, expected):
    for part in bovw.DescriptorSet.__slots__:
        ours, theirs = getattr(found, part), getattr(expected, part)
        assert (ours is None) == (theirs is None), part
        if ours is not None:
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs, err_msg=part)


def test_every_extractor_is_here():
    assert {cls.__name__ for cls in EXTRACTORS} == set(FUNCTIONS) == set(OTHER)


@every_extractor
@every_setting
def test_transform_is_extract_of_each_image(cls, other, images):
    extractor = build(cls, other)
    sets = extractor.transform(images)
    assert len(sets) == len(images)
    assert sets.descriptor_size == extractor.descriptor_size
    assert sets.sizes.tolist() == [list(image.shape[:2]) for image in images]
    assert_same(sets, bovw.DescriptorSet.concatenate(map(extractor.extract, images)))
    assert_same(clone(extractor).set_params(n_jobs=2).fit(images).transform(images), sets)


@every_extractor
@every_setting
def test_the_plain_function_is_the_class(cls, other, images, paths):
    extractor, function = build(cls, other), FUNCTIONS[cls.__name__]
    given = OTHER[cls.__name__] if other else {}
    for image in [*images, images[0].astype(np.uint16) * 257, images[1] > 99, paths[0]]:
        expected = extractor.extract(image)
        found = function(image, **given)
        if isinstance(found, bovw.LocalDescriptors):
            assert_same(bovw.DescriptorSet(*found[:1], None, *found[1:], expected.sizes), expected)
        else:  # of the whole image
            np.testing.assert_array_equal(found[None], expected.descriptors)


@every_extractor
def test_class_and_function_have_the_same_parameters(cls):
    ours = inspect.signature(cls).parameters
    theirs = inspect.signature(FUNCTIONS[cls.__name__]).parameters
    assert next(iter(theirs)) == "image" and theirs["image"].kind == inspect.Parameter.POSITIONAL_OR_KEYWORD
    for name, parameter in [*ours.items(), *list(theirs.items())[1:]]:
        assert parameter.kind == inspect.Parameter.KEYWORD_ONLY, name
    assert set(ours) - set(theirs) == {"n_jobs"}
    assert set(theirs) - set(ours) <= {"image", "out", "bounds"}
    for name in set(ours) & set(theirs):
        assert ours[name].default == theirs[name].default, name


@every_extractor
def test_images_in_every_form(cls, paths):
    pandas = pytest.importorskip("pandas")
    extractor = cls()
    expected = extractor.transform(paths)
    shuffled = pandas.Series(paths, index=[2, 0, 1])
    forms = [
        tuple(paths), np.array(paths), np.array(paths, object), shuffled, shuffled.astype("category"),
        pandas.Index(paths), iter(paths), bovw.ImageCollection(paths), np.stack([bovw.load_image(p) for p in paths]),
    ]
    for form in forms:
        assert_same(extractor.transform(form), expected)


@every_extractor
def test_one_image_instead_of_many_is_refused(cls, paths, images):
    for wrong in (paths[0], images[0], images[1], None):
        with pytest.raises(ParameterError, match="images is"):
            cls().transform(wrong)


@every_extractor
@every_setting
def test_saved_and_loaded(cls, other, tmp_path, images):
    extractor = build(cls, other)
    bovw.save_model(extractor, tmp_path)
    again = bovw.load_model(tmp_path, cls)
    assert_same(again.extract(images[0]), extractor.extract(images[0]))
    assert str(again.get_params()) == str(extractor.get_params()) == str(clone(extractor).get_params())


@every_extractor
def test_mode_says_how_images_are_read(cls, images):
    extractor = build(cls, True)
    assert extractor.mode == ("rgb" if extractor.color else "gray")
    read = bovw.load_image(images[0], mode=extractor.mode)
    assert_same(extractor.extract(read), extractor.extract(images[0]))


def wrong_values(kind):
    """Values that a declaration must refuse; of each kind of wrong at least one."""
    if isinstance(kind, Integer):
        return [2.5, "3", True, *([] if kind.minimum is None else [kind.minimum - 1]),
                *([] if kind.maximum is None else [kind.maximum + 1])]
    if isinstance(kind, Number):
        return ["3", True, np.nan, np.inf, *([] if kind.minimum is None else [kind.minimum - 1])]
    if isinstance(kind, Boolean):
        return [1, "yes", None]
    if isinstance(kind, Choice):
        return ["an unknown word", 3]
    if isinstance(kind, Optional):
        return [value for value in wrong_values(kind.kind) if value is not None]
    if isinstance(kind, Series):
        return [7, "text", (), *([value] * (kind.length or 2) for value in wrong_values(kind.kind))]
    if isinstance(kind, OneOrMore):
        return [(), *wrong_values(kind.kind), *([value] for value in wrong_values(kind.kind))]
    if isinstance(kind, Jobs):
        return [0, 1.5, "all"]
    assert not isinstance(kind, AnyOf)
    return [7, (8,), (3, 1.0), (8, -1.0), (8, 1.0, 2)]  # a kind of the module's own: (n_points, radius)


@every_extractor
def test_wrong_values_are_named_before_an_image_is_read(cls):
    for name, kind in cls.PARAMETERS.items():
        for value in wrong_values(kind):
            extractor = cls(**{name: value})
            for call in (extractor.fit, lambda e=extractor: e.transform(["missing.jpg"]),
                         lambda e=extractor: e.extract("missing.jpg")):
                with pytest.raises(ParameterError, match=rf"^{name}(\[\d\])*="):
                    call()
            if name != "n_jobs":
                with pytest.raises(ParameterError, match=rf"^{name}(\[\d\])*="):
                    FUNCTIONS[cls.__name__]("missing.jpg", **{name: value})


@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (bovw.DenseSIFT, {"magnification": 0.001}),
        (bovw.HOG, {"patch_sizes": 3}),
        (bovw.HOGWindow, {"window": (128, 60)}),
        (bovw.HOGWindow, {"window": (8, 8)}),
        (bovw.LBP, {"patch_sizes": (16, 17)}),
        (bovw.LBP, {"method": "vlfeat", "radius": 2}),
        (bovw.LBP, {"method": "plain", "n_points": 17}),
        (bovw.LBPHistogram, {"method": "ri"}),
        (bovw.ColorStatistics, {"patch_cells": 5}),
        (bovw.GIST, {"image_size": 66}),
        (bovw.GIST, {"patch_size": 66}),
    ],
)
def test_pairs_are_checked_before_an_image_is_read(cls, options):
    extractor = cls(**options)
    for call in (extractor.fit, extractor.check_params, lambda: extractor.transform(["missing.jpg"]),
                 lambda: FUNCTIONS[cls.__name__]("missing.jpg", **options)):
        with pytest.raises(ParameterError, match="|".join(map(re.escape, options))):
            call()


@every_extractor
def test_floats_in_0_1_are_warned_of(cls, images):
    extractor, unit = cls(), images[0] / 255
    for call in (extractor.extract, FUNCTIONS[cls.__name__], lambda image: extractor.transform([image])):
        with pytest.warns(bovw.ImageScaleWarning, match="multiply by 255"):
            call(unit)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call(images[0])
            call(images[0] * 1.0)
