"""What the command line shows of configs: the systems, a resolved tree, the keys there are."""

import json
import tomllib

import pytest

import bovw
from bovw.cli.main import main
from bovw.experiment.config import check_config, load_config, shipped_configs
from bovw.experiment.listing import format_systems, list_systems
from bovw.experiment.reference import TABLES, describe_parameters, format_keys
from bovw.experiment.schema import STAGES, config_keys, stage_class
from bovw.experiment.toml_text import format_config


@pytest.mark.parametrize("name", ["demo", "scene15_isi2012", "kth_tips_lbp", "coates2011", "vlfeat_fv"])
@pytest.mark.parametrize("width", [80, 160])
def test_a_printed_config_reads_back(name, width):
    for lite in (False, True):
        config = load_config(name, lite=lite)
        text = format_config(config, width=width)
        assert tomllib.loads(text) == config.tree
        assert list(tomllib.loads(text)["channels"]) == list(config.tree["channels"])


def test_each_line_says_where_its_value_is_from(small_config, tmp_path):
    small_config["channels"]["two"] = {"like": "sift"}
    config = check_config(small_config, lite=True, overrides=["classifier.C=2.0"])
    lines = {line.partition("  ")[0]: line.rpartition("# ")[2] for line in format_config(config, width=80).splitlines()}
    assert lines["C = 2.0"] == "--set"
    assert lines["n_test = 10"] == "lite"
    assert lines["on_error = \"raise\""] == "default"
    assert lines["draws = 1"] == "lite"
    assert "config, like sift" in format_config(config)


def test_all_names_what_is_left_to_the_estimators(small_config):
    text = format_config(check_config(small_config), defaults=True, width=80)
    tree = tomllib.loads(text)
    assert tree["channels"]["sift"]["codebook"]["variance_floor"] == 1e-4
    assert tree["classifier"]["loss"] == bovw.OneVsRestDual().loss
    assert "# default of GMMCodebook" in text


@pytest.mark.parametrize("width", [80, 160])
def test_listings_fit_their_width(width):
    text = format_systems(list_systems(), width)
    assert max(map(len, text.splitlines())) <= width
    assert max(map(len, format_keys(width=width).splitlines())) <= width


def test_systems(capsys):
    assert main(["systems"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in shipped_configs())
    assert main(["systems", "FISHER", "--json"]) == 0
    found = {system["name"]: system for system in json.loads(capsys.readouterr().out)}
    assert "scene15_fisher" in found and "tiny_images" not in found
    assert found["scene15_fisher"]["published"][0]["accuracy"] == 58.3
    assert main(["systems", "nothing like it"]) == 0
    assert "no system has 'nothing like it'" in capsys.readouterr().out


def test_config_verb(capsys):
    assert main(["config", "scene15_fisher", "--set", "channels.sift.codebook.n_components=64"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["channels"]["sift"]["codebook"]["n_components"] == 64
    assert main(["config", "--keys", "GMMCodebook"]) == 0
    shown = capsys.readouterr().out
    assert "n_components : " in shown and "default 256" in shown and "Gaussians" in shown
    assert main(["config"]) == main(["config", "--keys", "GMMCodbook"]) == 2
    assert "did you mean 'GMMCodebook'" in capsys.readouterr().err


def test_every_key_has_a_text():
    for kinds, texts in TABLES.values():
        assert set(kinds) == set(texts)
    for stage, names in STAGES.items():
        for name in names:
            cls = stage_class({"type": name}, stage)
            missing = config_keys(cls).keys() - describe_parameters(cls).keys()
            assert not missing, f"{name} says nothing of {missing}"
