"""Configs are strict: what is not understood is refused by name."""

import copy
import json
import os
from importlib import resources
from pathlib import Path

import pytest

import bovw
from bovw._files import fingerprint
from bovw.experiment import load_config
from bovw.experiment.build import build_channel, build_classifier, build_fusion, build_members
from bovw.experiment.config import check_config, find_config, shipped_configs
from bovw.experiment.plan import describe_plan
from bovw.results.published import papers

from ..golden.make_config_trees import digest

SYSTEMS = Path(str(resources.files("bovw.experiment") / "systems"))
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "config_trees.json").read_text())


@pytest.mark.parametrize("name", GOLDEN)
def test_no_system_is_another_than_before_configs_inherited(name):
    """Trees as they were when each file said all of it, but for renamed keys."""
    trees = {"full": load_config(name).tree, "lite": load_config(name, lite=True).tree}
    assert {kind: digest(trees[kind]) for kind in GOLDEN[name]} == GOLDEN[name]


def test_the_systems_are_short():
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in SYSTEMS.glob("*.toml"))
    papers = (resources.files("bovw.results") / "papers.toml").read_text(encoding="utf-8")
    assert lines + len(papers.splitlines()) <= 1900


@pytest.mark.parametrize("name", shipped_configs())
@pytest.mark.parametrize("lite", [False, True])
def test_every_config_is_valid_and_builds(name, lite):
    config = load_config(name, lite=lite)
    members = build_members(config, draw=0)
    fused = config.tree.get("fusion") == "scores" and len(config.tree["channels"]) > 1
    assert len(members) == (len(config.tree["channels"]) if fused else 1)
    assert all(isinstance(model, bovw.BovwClassifier) for _, model in members.values())
    assert (build_fusion(config) is not None) == fused
    assert config.name == config.source == name
    assert config.tree["description"]
    if name != "demo":
        assert config.published
        for published in config.published:
            assert {"paper", "protocol", "data"} <= set(published)
            assert published["paper"] not in papers()
            assert ("accuracy" in published) <= ("measure" in published)
        assert config.n_train(has_split=False) > 0, "it must run on data without a split of its own"
        if lite:
            assert config.tree["data"]["n_train"] <= 10 >= config.tree["data"]["n_test"] > 0
            assert config.tree["data"]["draws"] == 1


@pytest.mark.parametrize("path", sorted(SYSTEMS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_assumption_of_a_config_gives_its_reason(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        for mark in ("assumed", "deviation"):
            _, found, reason = line.partition(f"# {mark}")
            if found:
                assert reason.strip(" :,;"), f"{path.name}: {line}"


@pytest.mark.parametrize("name", [name for name in shipped_configs() if name.startswith("scene15_")])
def test_configs_for_15_scene_follow_its_protocol(name):
    data = load_config(name).tree["data"]
    assert (data["n_train"], data["n_test"], data["draws"], data["seed"]) == (100, 0, 5, 0)


def test_systems_on_15_scene_share_what_they_can():
    """A run with a cache then computes the SIFT channel of three systems once."""
    settings = [
        build_members(load_config(name), draw=0)["sift"][0]
        for name in ("scene15_fisher", "scene15_xrce2010", "scene15_sift_hog_lbp")
    ]
    assert len({fingerprint(s) for s in settings}) == 1


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
        ((), "chanels", {}, "config: chanels is an unknown key; did you mean 'channels'"),
        (("data",), "n_trian", 5, "data.n_trian is an unknown key; did you mean 'n_train'"),
        (("data",), "n_train", "5", "data.n_train='5' must be of type int"),
        (("data",), "n_train", True, "must be of type int"),
        (("data",), "draws", 0, "data.draws=0 must be at least 1"),
        (("image",), "maxside", 5, "did you mean 'max_side'"),
        (("channels", "sift"), "codebok", {}, "did you mean 'codebook'"),
        (("channels", "sift", "extractor"), "stepp", 4, "channels.sift.extractor.stepp is .*; did you mean 'step'"),
        (("channels", "sift", "extractor"), "n_jobs", 4, "unknown key"),
        (("channels", "sift", "extractor"), "type", "DenseSift", "did you mean 'DenseSIFT'"),
        (("channels", "sift", "encoder"), "codebook", {}, "unknown key"),
        (("classifier",), "c", 1.0, "classifier.c is an unknown key"),
        ((), "fusion", "sores", "fusion='sores' is not one of concatenate, scores; did you mean 'scores'"),
        ((), "fusion_weights", "cv", "fusion_weights='cv' are for fusion"),
        ((), "published", ["a paper"], r"published must be a table"),
        ((), "published", [{"papper": "x"}], "did you mean 'paper'"),
        ((), "published", {"paper": "perronin2010"}, "paper='perronin2010' .*did you mean 'perronnin2010'"),
        (("channels", "sift", "image"), "maxside", 5, "channels.sift.image.maxside is .*; did you mean 'max_side'"),
        (("channels", "sift", "kernel_map"), "gama", 1, "kernel_map.gama is .*; did you mean 'gamma'"),
        (("channels", "sift"), "like", "sfit", "channels.sift.like='sfit' names no channel; did you mean 'sift'"),
        (("standardize",), "classifier", {}, "standardize.classifier is an unknown key"),
        (("lite",), "fusion", "sores", "lite.fusion='sores'"),
        (("lite", "data"), "n_trian", 5, "lite.data.n_trian is .*did you mean 'n_train'"),
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


def test_missing_parts_are_named(small_config):
    del small_config["channels"]["sift"]["codebook"]
    with pytest.raises(bovw.ConfigError, match="codebook is missing; FisherVector needs a GMMCodebook"):
        check_config(small_config)
    with pytest.raises(bovw.ConfigError, match=r"at least one \[channels.NAME\] table"):
        check_config({"name": "empty"})


def test_an_encoder_without_codebook_has_none(small_config):
    channel = small_config["channels"]["sift"]
    channel["encoder"] = {"type": "Concatenation"}
    with pytest.raises(bovw.ConfigError, match="codebook is there, but Concatenation has no codebook"):
        check_config(small_config)
    del channel["codebook"]
    channel["extractor"], channel["pyramid"] = {"type": "TinyImage"}, {}
    del channel["pca"]
    encoder = build_classifier(check_config(small_config), draw=0).encoder[0]
    assert isinstance(encoder.pyramid.encoder, bovw.Concatenation)


def two_channels(config, **settings):
    config["channels"]["color"] = copy.deepcopy(config["channels"]["sift"])
    config["channels"]["color"]["extractor"] = {"type": "ColorStatistics", "patch_sizes": [16]}
    return {**config, **settings}


def test_channels_are_one_member_or_several(small_config):
    tree = two_channels(small_config)
    (name, (_, model)), = build_members(check_config(tree), draw=0).items()
    assert name == "sift+color"
    assert len(model.encoder) == 2
    members = build_members(check_config({**tree, "fusion": "scores"}), draw=0)
    assert list(members) == ["sift", "color"]
    assert [len(model.encoder) for _, model in members.values()] == [1, 1]


def test_the_same_channel_in_two_configs_is_the_same_member(small_config):
    alone, = build_members(check_config(small_config), draw=1).values()
    together = build_members(check_config(two_channels(small_config, fusion="scores")), draw=1)
    assert fingerprint(together["sift"][0]) == fingerprint(alone[0]) != fingerprint(together["color"][0])
    other_draw, = build_members(check_config(small_config), draw=2).values()
    small_config["classifier"]["C"] = 1.0
    other_classifier, = build_members(check_config(small_config), draw=1).values()
    assert len({fingerprint(settings) for settings, _ in (alone, other_draw, other_classifier)}) == 3


def test_weights_of_fusion(small_config):
    for weights in ("cv", "equal", [1.0, 2]):
        config = check_config(two_channels(small_config, fusion="scores", fusion_weights=weights))
        assert config.tree["fusion_weights"] == weights
    for weights in ([1.0], [1.0, True], ["a", "b"], "c"):
        with pytest.raises(bovw.ConfigError, match="fusion_weights"):
            check_config(two_channels(small_config, fusion="scores", fusion_weights=weights))


def test_a_channel_may_have_its_own_image_size(small_config):
    tree = two_channels(small_config, image={"max_side": 100})
    tree["channels"]["color"]["image"] = {"max_height": 64}
    first, second = build_classifier(check_config(tree), draw=0).encoder
    assert first.resize == {"max_side": 100}
    assert second.resize == {"max_height": 64}
    assert build_channel(check_config(tree), "color").resize == {"max_height": 64}
    with pytest.raises(bovw.ConfigError, match="no channel 'colr'; did you mean 'color'"):
        build_channel(check_config(tree), "colr")


def test_standardize_wraps_the_classifier(small_config):
    model = build_classifier(check_config({**small_config, "standardize": {"epsilon": 0.5}}), draw=0)
    assert isinstance(model.classifier, bovw.StandardizedClassifier)
    assert (model.classifier.epsilon, model.classifier.classifier.C) == (0.5, 10.0)


def test_published_figures_are_a_list_always(small_config):
    assert check_config(small_config).published == []
    one = {"paper": "A", "accuracy": 81.4}
    assert check_config({**small_config, "published": one}).published == [one]
    assert check_config({**small_config, "published": [one, one]}).published == [one, one]


def test_training_images_of_data_with_and_without_a_split(small_config):
    small_config["data"] = {"n_train_unsplit": 7}
    config = check_config(small_config)
    assert config.n_train(has_split=True) is None
    assert config.n_train(has_split=False) == 7
    config = check_config(small_config, overrides=["data.n_train=3"])
    assert config.n_train(has_split=True) == config.n_train(has_split=False) == 3
    with pytest.raises(bovw.ConfigError, match=r"set data\.n_train to the number of training images a class"):
        check_config(small_config, overrides=["data.n_train_unsplit=0"]).n_train(has_split=False)


BASE = """
description = "the base"
[published]
paper = "of the base"
[data]
n_train = 5
seed = 3
[channels.sift.pca]
n_components = 16
[channels.sift.codebook]
type = "GMMCodebook"
n_components = 4
[channels.sift.encoder]
type = "FisherVector"
[lite.channels.sift.codebook]
n_components = 2
"""


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_base_is_merged_table_by_table(tmp_path):
    write(tmp_path, "base.toml", BASE)
    child = write(tmp_path, "child.toml", """
        base = "base.toml"
        data.n_train = 9
        channels.sift.pca.whiten = true
        """)
    config = load_config(child)
    assert config.name == "child"
    assert "description" not in config.tree
    assert config.published == [{"paper": "of the base"}]
    other = write(tmp_path, "other.toml", 'base = "base.toml"\npublished = { table = "1" }')
    assert load_config(other).published == [{"table": "1"}]
    assert (config.tree["data"]["n_train"], config.tree["data"]["seed"]) == (9, 3)
    assert config.tree["channels"]["sift"]["pca"] == {"n_components": 16, "whiten": True}
    assert load_config(child, lite=True).tree["channels"]["sift"]["codebook"]["n_components"] == 2
    assert load_config(tmp_path / "base.toml").fingerprint != config.fingerprint


def test_a_changed_type_replaces_the_table_of_the_base(tmp_path):
    write(tmp_path, "base.toml", BASE)
    child = write(tmp_path, "child.toml", """
        base = "base.toml"
        [channels.sift]
        codebook = { type = "KMeansCodebook", n_words = 8 }
        encoder = { type = "VLAD" }
        [lite.channels.sift.codebook]
        type = "KMeansCodebook"
        n_words = 2
        """)
    assert load_config(child).tree["channels"]["sift"]["codebook"] == {"type": "KMeansCodebook", "n_words": 8}
    assert load_config(child, lite=True).tree["channels"]["sift"]["codebook"]["n_words"] == 2


def test_lite_of_a_base_leaves_what_the_file_says_itself(tmp_path):
    config = load_config(write(tmp_path, "mine.toml", 'base = "demo"\ndata.n_train = 8'), lite=True)
    assert config.n_train(has_split=True) == config.n_train(has_split=False) == 8
    assert config.tree["data"]["n_test"] == 0, "as demo's [lite] says, for the file does not"
    config = load_config(write(tmp_path, "more.toml", 'base = "demo"\ndata.n_train = 30'), lite=True)
    assert config.n_train(has_split=False) == 10, "any trial run is small"
    write(tmp_path, "base.toml", BASE)
    codebook = 'channels.sift.codebook = { type = "KMeansCodebook", n_words = 8 }\nchannels.sift.encoder.type = "VLAD"'
    other = write(tmp_path, "other.toml", f'base = "base.toml"\n{codebook}')
    assert load_config(other, lite=True).tree["channels"]["sift"]["codebook"]["n_words"] == 8
    own = write(tmp_path, "own.toml", f'base = "base.toml"\n{codebook}\nlite.channels.sift.codebook.n_words = 3')
    assert load_config(own, lite=True).tree["channels"]["sift"]["codebook"]["n_words"] == 3


def test_a_base_may_have_a_base(tmp_path):
    write(tmp_path, "base.toml", BASE)
    write(tmp_path, "child.toml", 'base = "base.toml"\ndata.n_train = 9\nchannels.sift.pca.n_components = 8')
    config = load_config(write(tmp_path, "grandchild.toml", 'base = "child.toml"\nchannels.sift.pca.whiten = true'))
    assert config.tree["channels"]["sift"]["pca"] == {"n_components": 8, "whiten": True}
    assert (config.tree["data"]["n_train"], config.tree["data"]["seed"]) == (9, 3)
    assert [config.origins["channels", "sift", "pca", key].source for key in ("n_components", "whiten")] == [
        str(tmp_path / name) for name in ("child.toml", "grandchild.toml")
    ]
    assert config.origins["data", "seed"].source == str(tmp_path / "base.toml")


def test_a_system_that_comes_with_bovw_is_a_base_by_its_name(tmp_path):
    config = load_config(write(tmp_path, "mine.toml", 'base = "scene15_xrce2010"\nclassifier.C = 3.0'))
    known = load_config("scene15_xrce2010")
    assert config.tree["classifier"] == {**known.tree["classifier"], "C": 3.0}
    assert all(config.tree[key] == known.tree[key] for key in ("published", "data", "image", "channels"))
    assert str(config.origins["channels", "sift", "pca", "n_components"]) == "xrce2010"
    assert str(config.origins["channels", "color", "pca", "n_components"]) == "xrce2010, like sift"


def test_bases_that_are_refused(tmp_path):
    write(tmp_path, "a.toml", 'base = "b.toml"')
    write(tmp_path, "b.toml", 'base = "c.toml"')
    write(tmp_path, "c.toml", 'base = "a.toml"')
    a, b, c = (os.fspath(tmp_path / f"{name}.toml") for name in "abc")
    with pytest.raises(bovw.ConfigError, match="goes in a circle") as error:
        load_config(a)
    assert f"{a} -> {b} -> {c} -> {a}" in str(error.value)
    write(tmp_path, "base.toml", BASE)
    with pytest.raises(bovw.ConfigError, match=r"bas.toml does not exist; did you mean 'base.toml'"):
        load_config(write(tmp_path, "lost.toml", 'base = "bas.toml"'))
    with pytest.raises(bovw.ConfigError, match=r"unnamed.toml: base: config 'dmo' .*did you mean 'demo'"):
        load_config(write(tmp_path, "unnamed.toml", 'base = "dmo"'))
    with pytest.raises(bovw.ConfigError, match="base=3 must be the name"):
        load_config(write(tmp_path, "number.toml", "base = 3"))
    with pytest.raises(bovw.ConfigError, match=r"wrong.toml: chanels is an unknown key"):
        write(tmp_path, "wrong.toml", "[chanels]\n" + BASE)
        load_config(write(tmp_path, "of_wrong.toml", 'base = "wrong.toml"'))


def test_a_channel_is_like_another(small_config):
    small_config["channels"]["coarse"] = {"like": "sift", "extractor": {"step": 9}, "codebook": {"n_components": 2}}
    small_config["channels"]["color"] = {"like": "coarse", "extractor": {"type": "ColorStatistics"}}
    config = check_config(small_config)
    sift, coarse, color = (config.tree["channels"][name] for name in ("sift", "coarse", "color"))
    assert list(config.tree["channels"]) == ["sift", "coarse", "color"]
    assert coarse["extractor"] == {**sift["extractor"], "step": 9}
    assert coarse["codebook"] == color["codebook"] == {**sift["codebook"], "n_components": 2}
    assert color["extractor"] == {"type": "ColorStatistics"}, "another type has other parameters"
    assert color["pyramid"] == sift["pyramid"]
    assert str(config.origins["channels", "color", "pca", "n_components"]) == "config, like coarse"
    changed = check_config(small_config, overrides=["channels.sift.pca.n_components=4"])
    assert changed.tree["channels"]["color"]["pca"]["n_components"] == 16, "--set changes what it names, and no more"


def test_what_a_child_changes_changes_in_the_likes_of_it(tmp_path):
    write(tmp_path, "base.toml", BASE + '\n[channels.two]\nlike = "sift"\n')
    config = load_config(write(tmp_path, "child.toml", 'base = "base.toml"\nchannels.sift.pca.n_components = 8'))
    assert config.tree["channels"]["two"]["pca"]["n_components"] == 8


def test_likes_in_a_circle_are_named(small_config):
    small_config["channels"] |= {"a": {"like": "b"}, "b": {"like": "a"}}
    with pytest.raises(bovw.ConfigError, match=r"like='a' goes in a circle: a -> b -> a"):
        check_config(small_config)


def test_a_trial_run_is_small_without_a_word(small_config):
    channel = small_config["channels"]["sift"]
    del channel["n_descriptors"]
    channel["extractor"] = {"type": "DenseSIFT", "step": 3, "bin_size": [3, 4, 6, 8]}
    channel["codebook"] = {"type": "GMMCodebook", "n_components": 256}
    small_config["codec"] = {"type": "ProductQuantizer", "n_bits": 8}
    config = check_config(small_config, lite=True)
    lite = config.tree["channels"]["sift"]
    assert (lite["n_descriptors"], lite["extractor"]["step"], lite["extractor"]["bin_size"]) == (10_000, 8, [4, 8])
    assert lite["codebook"] == {"type": "GMMCodebook", "n_components": 8, "max_iter": 5}
    assert config.tree["codec"]["n_bits"] == 4
    assert [config.tree["data"][key] for key in ("n_train", "n_test", "draws")] == [5, 10, 1], "never more"
    assert str(config.origins["data", "n_test"]) == "lite"
    small_config["lite"] = {"channels": {"sift": {"extractor": {"step": 5}}}, "data": {"n_test": 3}}
    own = check_config(small_config, lite=True)
    assert (own.tree["channels"]["sift"]["extractor"]["step"], own.tree["data"]["n_test"]) == (5, 3)
    assert str(own.origins["data", "n_test"]) == "config, lite"
    assert check_config(small_config).tree["channels"]["sift"]["extractor"]["step"] == 3


def test_a_type_by_set_replaces_the_table(small_config):
    overrides = ["channels.sift.codebook.n_words=8", "channels.sift.codebook.type=KMeansCodebook",
                 "channels.sift.encoder.type=VLAD"]
    channel = check_config(small_config, overrides=overrides).tree["channels"]["sift"]
    assert channel["codebook"] == {"type": "KMeansCodebook", "n_words": 8}
    assert channel["encoder"] == {"type": "VLAD"}


def test_shares_of_each_class_and_the_first_images(small_config, window_folder):
    small_config["data"] = {"n_train": 0.8, "n_test": 0.5, "split": "first"}
    config = check_config(small_config)
    assert config.n_train(has_split=True) == 0.8
    plan = describe_plan(config, bovw.read_folder(window_folder))
    assert "the first 80 % of the training images of each class, 50 % of the test images of each class, 1 draw" in plan


def test_the_plan_names_every_stage_and_parameter(small_config, window_folder):
    tree = two_channels(
        small_config, fusion="scores", fusion_weights="equal", standardize={"epsilon": 0.5}, image={"max_side": 100}
    )
    plan = describe_plan(check_config(tree), bovw.read_folder(window_folder))
    for text in (
        "40 images of 4 classes", "5 training images a class, the rest for testing, 2 draws, seed 0", "max_side = 100",
        "DenseSIFT(step=6, bin_size=[4])", "ColorStatistics(patch_sizes=[16])", "DescriptorPCA(n_components=16)",
        "GMMCodebook(n_components=4, max_iter=5)", "FisherVector()", "2,000 descriptors", "scores, weights equal",
        "StandardizedClassifier(epsilon=0.5)", "OneVsRestDual(C=10.0)",
    ):
        assert text in plan
    tree["data"] = {}
    with pytest.raises(bovw.ConfigError, match=r"data\.n_train"):
        describe_plan(check_config(tree), bovw.read_folder(window_folder))


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
    assert load_config("demo").name == "demo"
