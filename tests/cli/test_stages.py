"""extract, codebook, encode: the stages of the hallway as verbs over stores; plan."""

import json

import numpy as np
import pytest

import bovw
from bovw.cli.main import main

from ..datasets.layouts import write_layout


@pytest.fixture
def config(small_config, tmp_path):
    """The small config as a file; what it holds is plain enough for JSON to be TOML's inline tables."""
    lines = ['name = "small"', "[data]", "n_train = 5"]
    for stage, table in small_config["channels"]["sift"].items():
        if isinstance(table, dict):
            lines += [f"[channels.sift.{stage}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        else:
            lines.insert(3, f"[channels.sift]\n{stage} = {table}")
    path = tmp_path / "small.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(*arguments):
    return main([str(a) for a in arguments])


def test_from_images_to_signatures(config, window_folder, tmp_path, capsys):
    descriptors, encoder, signatures = tmp_path / "descriptors", tmp_path / "encoder", tmp_path / "signatures"
    assert run("extract", window_folder, "--config", config, "--out", descriptors, "--quiet") == 0
    assert run("codebook", descriptors, "--config", config, "--out", encoder, "--quiet") == 0
    assert run("encode", descriptors, "--encoder", encoder, "--out", signatures, "--quiet") == 0
    assert f"40 images: {signatures}" in capsys.readouterr().out
    store = bovw.SignatureStore.open(signatures)
    dataset = bovw.read_folder(window_folder)
    model = bovw.load_model(encoder)
    np.testing.assert_array_equal(store.read(0, 40), model.transform(dataset.images))
    assert run("encode", window_folder, "--encoder", encoder, "--out", tmp_path / "direct", "--quiet") == 0
    np.testing.assert_array_equal(bovw.SignatureStore.open(tmp_path / "direct").read(0, 40), store.read(0, 40))
    assert run("encode", descriptors, "--encoder", encoder, "--out", tmp_path / "half", "--codec", "float16",
               "--quiet") == 0
    half = bovw.SignatureStore.open(tmp_path / "half")
    assert half.bytes_per_image * 2 == store.bytes_per_image
    np.testing.assert_allclose(half.read(0, 40), store.read(0, 40), atol=1e-3)
    assert run("store", "verify", signatures) == 0


def test_labels_of_a_kind_that_is_named(tmp_path, capsys):
    data, out = write_layout("cifar100", tmp_path / "cifar", 2, 1, n_classes=10), tmp_path / "tiny"
    arguments = ["--extractor", "TinyImage", "--kind", "cifar100_coarse", "--out", out, "--quiet"]
    assert run("extract", data, *arguments) == 0
    assert bovw.DescriptorStore.open(out).classes[0] == "aquatic_mammals"
    assert run("codebook", out, "--config", "demo", "--kind", "cifar10", "--out", tmp_path / "b") == 2
    assert "--kind cifar10 is for data sets" in capsys.readouterr().err


def test_an_extractor_by_name(window_folder, tmp_path):
    out = tmp_path / "lbp"
    assert run("extract", window_folder, "--extractor", "LBP", "--set", "patch_sizes=[16]", "--set", "step=16", "--out",
               out, "--quiet") == 0
    assert bovw.DescriptorStore.open(out).descriptor_size == bovw.LBP(patch_sizes=(16,), step=16).descriptor_size


def test_wrong_calls_end_in_one_line(config, window_folder, tmp_path, capsys):
    out = tmp_path / "out"
    for arguments, message in [
        (["extract", window_folder, "--out", out], "either --config CONFIG or"),
        (["extract", window_folder, "--extractor", "SIFT", "--out", out], "did you mean 'DenseSIFT'"),
        (["extract", window_folder, "--extractor", "DenseSIFT", "--set", "stepp=4", "--out", out], "mean 'step'"),
        (["extract", window_folder, "--config", config, "--channel", "color", "--out", out], "no channel 'color'"),
        (["extract", window_folder, "--config", config, "--subset", "test", "--out", out], "leave --subset out"),
        (["extract", tmp_path / "nothing", "--config", config, "--out", out], "nothing"),
        (["encode", window_folder, "--encoder", tmp_path / "no", "--out", out], "holds no model.json"),
    ]:
        assert run(*arguments) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert message in error
        assert not out.exists()


def test_a_plan_names_every_stage_and_refuses_what_cannot_be(config, window_folder, tmp_path, capsys):
    plan = ["plan", config, "--classes", 4, "--data", window_folder, "--out", tmp_path]
    assert run(*plan, "--images", 1000, "--test", 100) == 0
    text = capsys.readouterr().out
    for word in ("codebook", "signatures", "classifier", "test", "1,000 training and 100 test images", "most of the"):
        assert word in text
    assert run(*plan, "--images", 10**11) == 2
    assert "needs" in capsys.readouterr().err
    assert run(*plan) == 2
    assert "--images missing" in capsys.readouterr().err


def test_a_plan_of_a_data_set_is_that_of_its_run(config, window_folder, capsys):
    assert run("plan", config, "--data", window_folder, "--set", "data.n_train=2", "--set", "data.draws=3") == 0
    assert "8 training and" in (text := capsys.readouterr().out)
    assert "3 draws" in text
    assert run("plan", config, "--data", window_folder, "--test", 5) == 2
    assert "--test 5 goes with --images" in capsys.readouterr().err
    assert run("plan", config, "--images", 9, "--classes", 3, "--cache", "somewhere") == 2
    assert "--cache somewhere is of a run on --data" in capsys.readouterr().err
    assert run("plan", config, "--data", window_folder, "--kind", "nonsense") == 2
    assert "nonsense" in capsys.readouterr().err
