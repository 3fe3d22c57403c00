"""Extractors of one descriptor an image: LBP histograms and HoG windows."""

import numpy as np
import pytest

import bovw
from bovw.errors import ParameterError


def test_lbp_histogram_is_the_plain_function(photograph):
    extractor = bovw.LBPHistogram(scales=[(8, 1), (16, 2.0)], method="uniform", norm="l2")
    sets = extractor.transform([photograph, photograph[:60, :50]])
    assert len(sets) == sets.n_descriptors == 2
    gray = bovw.load_image(photograph, mode="gray")
    np.testing.assert_array_equal(
        sets[0].descriptors[0], bovw.lbp_histogram(gray, scales=[(8, 1), (16, 2.0)], method="uniform", norm="l2")
    )
    assert extractor.descriptor_size == sets.descriptor_size == 59 + 243
    assert sets.frames[1].tolist() == [24.5, 29.5, 60, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": ()}, r"scales=\(\) is too short"),
        ({"scales": 8}, "scales=8 must be a sequence"),
        ({"scales": [8, 1.0]}, r"scales\[0\]=8 must be a pair"),
        ({"scales": [(3, 1.0)]}, r"scales\[0\]\[0\]=3 must be at least 4"),
        ({"method": "rui2"}, "did you mean 'riu2'"),
        ({"norm": "l3"}, "norm='l3'"),
    ],
)
def test_bad_lbp_parameters_are_named(options, message):
    with pytest.raises(ParameterError, match=message):
        bovw.LBPHistogram(**options).fit()


def test_hog_window_is_the_plain_function(photograph):
    sets = bovw.HOGWindow().transform([photograph[:160, :96], photograph[:128, :64, 0]])
    assert sets.descriptor_size == bovw.HOGWindow().descriptor_size == 3780
    np.testing.assert_array_equal(sets[0].descriptors[0], bovw.hog_window(photograph[:160, :96]))
    assert bovw.HOGWindow(window=(32, 32), signed=True, orientations=6).descriptor_size == 3 * 3 * 4 * 12


def test_hog_window_of_gray_reading(photograph):
    gray = bovw.load_image(photograph, mode="gray")
    descriptor = bovw.HOGWindow(color=False).extract(photograph).descriptors[0]
    np.testing.assert_array_equal(descriptor, bovw.hog_window(gray))


@pytest.mark.parametrize("shape", [(127, 64), (20, 300), (300, 20), (3, 3), (64, 32)])
def test_a_small_image_is_enlarged_until_it_covers_the_window(photograph, shape):
    descriptor = bovw.HOGWindow().extract(photograph[: shape[0], : shape[1]]).descriptors
    assert descriptor.shape == (1, 3780)
    assert np.isfinite(descriptor).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 128}, "window=128 must be a sequence"),
        ({"window": (128, 60)}, "multiples of cell_size"),
        ({"window": (8, 8)}, "too few for a block"),
        ({"cell_size": 0}, "cell_size=0"),
        ({"color": None}, "color=None"),
    ],
)
def test_bad_window_parameters_are_named(options, message):
    with pytest.raises(ParameterError, match=message):
        bovw.HOGWindow(**options).fit()
