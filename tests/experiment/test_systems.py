"""The systems that come with bovw run end to end at their smallest; .ci/run runs all of them."""

import numpy as np
import pytest

from bovw.experiment import load_config, run_experiment
from bovw.experiment.build import build_channel
from bovw.experiment.config import shipped_configs

from ..datasets.layouts import write_layout

#: one of every kind: its own encoder, its own classifier, several channels, a codec, a kernel map
CHOSEN = (
    "coates2011", "dalal2005_person", "kth_tips_lbp", "outex_lbp_8_1", "phow_caltech101", "scene15_lazebnik2006",
    "scene15_xrce2011", "tiny_images", "vlfeat_vlad_xy",
)
#: the windows of the fixture are few and of 48 pixels
SMALLER = ("data.n_train=6", "data.n_test=4")


@pytest.mark.parametrize("name", CHOSEN)
def test_a_system_runs_from_images_to_accuracy(name, window_folder, tmp_path):
    config = load_config(name, lite=True, overrides=SMALLER)
    metrics = run_experiment(config, window_folder, tmp_path / "run", n_jobs=1, verbose=False)
    assert metrics["n_test"] == 16
    assert metrics["top1"]["mean"] > 0.3  # chance is 0.25, tiny images have 0.375
    confusion = np.array(metrics["confusion"])
    assert confusion.shape == (4, 4) and confusion.sum() == 16


@pytest.mark.parametrize("name", ["ilsvrc2010_bow", "phow_caltech101", "scene15_tiny_images"])
def test_a_system_runs_on_images_that_show_several_classes(name, tmp_path):
    """Averaged SGD, the dual solver and nearest neighbors, by mean average precision."""
    voc = write_layout("voc2007", tmp_path / "voc", 8, 4, n_classes=4)
    config = load_config(name, lite=True, overrides=("data.n_train=6", "data.n_test=3"))
    metrics = run_experiment(config, voc, tmp_path / "run", n_jobs=1, verbose=False)
    assert metrics["mAP"]["mean"] > 0.5  # a class is shown by a third of the images


@pytest.mark.parametrize("system", [name for name in shipped_configs() if name != "demo"])
def test_every_channel_makes_signatures_of_gray_and_color_images(system, window_arrays):
    """Color channels take gray images; every codebook can be learnt from what a lite run samples."""
    config = load_config(system, lite=True)
    images = [window for windows in window_arrays.values() for window in windows[:4]]
    for name in config.tree["channels"]:
        encoder = build_channel(config, name).set_params(n_descriptors=2000).fit(images)
        signatures = encoder.transform(images)
        assert signatures.shape == (16, encoder.signature_size)
        assert np.isfinite(signatures).all()
        assert np.abs(signatures).sum(axis=1).min() > 0
