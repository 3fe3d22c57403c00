"""Configs are strict: what is not understood is refused by name."""

import copy
from pathlib import Path

import pytest

import bovw
from bovw.experiment import load_config
from bovw.experiment.build import build_classifier
from bovw.experiment.config import check_config, find_config, shipped_configs

SYSTEMS = Path(__file__).parents[2] / "experiments" / "systems"


@pytest.mark.parametrize("path", [*SYSTEMS.glob("*.toml"), find_config("demo")], ids=lambda p: p.stem)
@pytest.mark.parametrize("lite", [False, True])
def test_every_config_is_valid_and_builds(path, lite):
    config = load_config(path, lite=lite)
    model = build_classifier(config, draw=0)
    assert isinstance(model, bovw.BovwClassifier)
    assert config.name == path.stem
    if path.parent == SYSTEMS:
        assert {"paper", "protocol"} <= set(config.tree["published"])


def test_parameters_arrive(small_config):
    model = build_classifier(check_config(small_config), draw=0)
    encoder = model.encoder[0]
    assert encoder.extractor.step == 6
    assert encoder.extractor.bin_size == (4,)
    assert encoder.pca.n_components == 16
    assert encoder.pyramid.encoder.codebook.n_components == 4
    assert encoder.pyramid.cells == ("1x1", "2x1")
    assert model.classifier.C == 10.0


def test_draws_have_their_own_seeds(small_config):
    config = check_config(small_config)
    seeds = [build_classifier(config, draw=draw).encoder[0].random_state for draw in (0, 1, 0)]
    assert seeds[0] == seeds[2] != seeds[1]


@pytest.mark.parametrize(
    ("place", "key", "value", "message"),
    [
        ((), "chanels", {}, "unknown key chanels; did you mean 'channels'"),
        (("data",), "n_trian", 5, "unknown key data.n_trian; did you mean 'n_train'"),
        (("data",), "n_train", "5", "data.n_train='5' must be of type int"),
        (("data",), "n_train", True, "must be of type int"),
        (("data",), "draws", 0, "data.draws=0 must be at least 1"),
        (("image",), "maxside", 5, "did you mean 'max_side'"),
        (("channels", "sift"), "codebok", {}, "did you mean 'codebook'"),
        (("channels", "sift", "extractor"), "stepp", 4, "channels.sift.extractor.stepp; did you mean 'step'"),
        (("channels", "sift", "extractor"), "n_jobs", 4, "unknown key"),
        (("channels", "sift", "extractor"), "type", "DenseSift", "did you mean 'DenseSIFT'"),
        (("channels", "sift", "encoder"), "codebook", {}, "unknown key"),
        (("classifier",), "c", 1.0, "unknown key classifier.c"),
        (("lite", "channels"), "siift", {}, "did you mean 'sift'"),
        (("lite", "channels", "sift", "codebook"), "n_component", 2, "did you mean 'n_components'"),
    ],
)
def test_typing_errors_are_refused_with_a_hint(small_config, place, key, value, message):
    tree = copy.deepcopy(small_config)
    table = tree
    for name in place:
        table = table.setdefault(name, {})
    table[key] = value
    with pytest.raises(bovw.ConfigError, match=message):
        check_config(tree)


def test_bad_values_are_refused_before_any_work(small_config):
    small_config["channels"]["sift"]["extractor"]["step"] = 0
    with pytest.raises(bovw.ParameterError, match="step=0 must be at least 1"):
        build_classifier(check_config(small_config), draw=0)


def test_missing_parts_are_named(small_config):
    del small_config["channels"]["sift"]["codebook"]
    with pytest.raises(bovw.ConfigError, match=r"\[channels.sift.codebook\] is missing"):
        check_config(small_config)
    with pytest.raises(bovw.ConfigError, match="at least one channel"):
        check_config({"name": "empty"})


def test_overrides(small_config):
    config = check_config(
        small_config,
        overrides=["channels.sift.codebook.n_components=8", "data.seed=3", "channels.sift.pyramid.cells=['1x1']"],
    )
    assert config.tree["channels"]["sift"]["codebook"]["n_components"] == 8
    assert config.tree["channels"]["sift"]["pyramid"]["cells"] == ["1x1"]
    assert config.tree["data"]["seed"] == 3
    with pytest.raises(bovw.ConfigError, match="unknown key"):
        check_config(small_config, overrides=["channels.sift.codebook.n_word=8"])
    with pytest.raises(bovw.ConfigError, match="must have the form"):
        check_config(small_config, overrides=["seed"])


def test_the_fingerprint_knows_what_matters(small_config):
    base = check_config(small_config).fingerprint
    same = copy.deepcopy(small_config)
    same["description"] = "other words"
    same["data"]["draws"] = 7
    assert check_config(same).fingerprint == base
    assert check_config(small_config, overrides=["data.seed=1"]).fingerprint != base
    assert check_config(small_config, overrides=["channels.sift.extractor.step=5"]).fingerprint != base


def test_files_that_are_no_configs(tmp_path):
    (tmp_path / "scene.toml").write_text("a = [")
    with pytest.raises(bovw.ConfigError, match="not valid TOML"):
        load_config(tmp_path / "scene.toml")
    with pytest.raises(bovw.ConfigError, match=r"does not exist; did you mean 'scene\.toml'"):
        load_config(tmp_path / "scen.toml")
    with pytest.raises(bovw.ConfigError, match="is a folder"):
        load_config(tmp_path)
    with pytest.raises(bovw.ConfigError, match="did you mean 'demo'"):
        find_config("dmo")
    assert "demo" in shipped_configs()


def test_a_folder_of_the_same_name_does_not_hide_a_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    assert load_config(find_config("demo")).name == "demo"
