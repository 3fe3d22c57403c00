"""Wrong values, and values that do not go together, are refused before an image is read or a folder made."""

import time

import pytest

from bovw.cli.main import main

WORDS = """
[data]
n_train = 5
[channels.a]
n_descriptors = 2000
extractor = { type = "DenseSIFT", step = 6, bin_size = [4] }
pca.n_components = 16
codebook = { type = "KMeansCodebook", n_words = 16 }
encoder.type = "HardAssignment"
pyramid = { cells = ["1x1", "2x1"], norm = ["l1"] }
[classifier]
type = "OneVsRestDual"
C = 10.0
"""

#: (key that the message names, key that is set, TOML value)
VALUES = [
    # data, image, channel, fusion
    ("data.n_train", "data.n_train", "-1"),
    ("data.n_train", "data.n_train", "1.5"),
    ("data.n_train", "data.n_train", "0.0"),
    ("data.n_train_unsplit", "data.n_train_unsplit", "-3"),
    ("data.n_test", "data.n_test", "-1"),
    ("data.draws", "data.draws", "0"),
    ("data.seed", "data.seed", "-1"),
    ("data.on_error", "data.on_error", '"ignore"'),
    ("data.split", "data.split", '"last"'),
    ("image.max_side", "image.max_side", "0"),
    ("image.max_height", "image.max_height", "-5"),
    ("image.max_pixels", "image.max_pixels", "0"),
    ("image.fit", "image.fit", "[100]"),
    ("image.fit", "image.fit", "[100, 0]"),
    ("channels.a.image.max_side", "channels.a.image.max_side", "0"),
    ("channels.a.n_descriptors", "channels.a.n_descriptors", "0"),
    ("channels.a.n_images", "channels.a.n_images", "0"),
    ("fusion", "fusion", '"vote"'),
    ("fusion_weights", "fusion_weights", '"equal"'),
    # extractors
    ("channels.a.extractor.step", "channels.a.extractor.step", "0"),
    ("channels.a.extractor.bin_size", "channels.a.extractor.bin_size", "[0]"),
    ("channels.a.extractor.window", "channels.a.extractor.window", '"round"'),
    ("channels.a.extractor.window_size", "channels.a.extractor.window_size", "-1.0"),
    ("channels.a.extractor.magnification", "channels.a.extractor.magnification", "0.0"),
    ("channels.a.extractor.orientations", "channels.a.extractor.orientations", "1"),
    ("channels.a.extractor.spatial_bins", "channels.a.extractor.spatial_bins", "0"),
    ("channels.a.extractor.contrast_threshold", "channels.a.extractor.contrast_threshold", "-0.1"),
    ("channels.a.extractor.root", "channels.a.extractor.root", "1"),
    ("channels.a.extractor.scales", "channels.a.extractor.scales", "[]"),
    ("channels.a.extractor.fit_within", "channels.a.extractor.fit_within", "[300]"),
    ("channels.a.extractor.color_space", "channels.a.extractor.color_space", '"hsv"'),
    ("channels.a.extractor.coordinates", "channels.a.extractor.coordinates", '"matlab"'),
    ("channels.a.extractor.patch_sizes", "channels.a.extractor", '{ type = "HOG", patch_sizes = [0] }'),
    ("channels.a.extractor.patch_cells", "channels.a.extractor", '{ type = "HOG", patch_cells = 0 }'),
    ("channels.a.extractor.variant", "channels.a.extractor", '{ type = "HOG", variant = "lowe" }'),
    ("channels.a.extractor.method", "channels.a.extractor", '{ type = "LBP", method = "uni" }'),
    ("channels.a.extractor.patch_cells", "channels.a.extractor", '{ type = "ColorStatistics", patch_cells = 0 }'),
    ("channels.a.extractor.orientations", "channels.a.extractor", '{ type = "GIST", orientations = [0] }'),
    ("channels.a.extractor.patch_size", "channels.a.extractor", '{ type = "RawPatches", patch_size = 0 }'),
    ("channels.a.extractor.size", "channels.a.extractor", '{ type = "TinyImage", size = 0 }'),
    ("channels.a.extractor.scales", "channels.a.extractor", '{ type = "LBPHistogram", scales = [[8, -1.0]] }'),
    ("channels.a.extractor.window", "channels.a.extractor", '{ type = "HOGWindow", window = [0, 64] }'),
    # PCA and codebooks
    ("channels.a.pca.n_components", "channels.a.pca.n_components", "0"),
    ("channels.a.pca.whiten", "channels.a.pca.whiten", '"pca"'),
    ("channels.a.pca.regularization", "channels.a.pca.regularization", "-1.0"),
    ("channels.a.pca.epsilon", "channels.a.pca.epsilon", "-1.0"),
    ("channels.a.codebook.n_words", "channels.a.codebook.n_words", "0"),
    ("channels.a.codebook.algorithm", "channels.a.codebook.algorithm", '"elkan"'),
    ("channels.a.codebook.max_iter", "channels.a.codebook.max_iter", "0"),
    ("channels.a.codebook.search", "channels.a.codebook.search", '"fast"'),
    ("channels.a.codebook.branching", "channels.a.codebook", '{ type = "HierarchicalKMeans", branching = 1 }'),
    # encoders, pyramid, kernel map
    ("channels.a.encoder.n_neighbors", "channels.a.encoder", '{ type = "LLC", n_neighbors = 0 }'),
    ("channels.a.encoder.regularization", "channels.a.encoder", '{ type = "LLC", regularization = 0.0 }'),
    ("channels.a.encoder.sigma", "channels.a.encoder", '{ type = "SoftAssignment", sigma = -1.0 }'),
    ("channels.a.encoder.mu", "channels.a.encoder", '{ type = "LCC", mu = 0.0 }'),
    ("channels.a.encoder.s", "channels.a.encoder", '{ type = "SuperVector", s = -1.0 }'),
    ("channels.a.encoder.mass_normalize", "channels.a.encoder", '{ type = "VLAD", mass_normalize = 1 }'),
    ("channels.a.pyramid.cells", "channels.a.pyramid.cells", '["2by2"]'),
    ("channels.a.pyramid.pooling", "channels.a.pyramid.pooling", '"mex"'),
    ("channels.a.pyramid.cell_norm", "channels.a.pyramid.cell_norm", '["l3"]'),
    ("channels.a.pyramid.norm", "channels.a.pyramid.norm", '["l3"]'),
    ("channels.a.pyramid.alpha", "channels.a.pyramid.alpha", "0.0"),
    ("channels.a.kernel_map.order", "channels.a.kernel_map.order", "-1"),
    ("channels.a.kernel_map.kernel", "channels.a.kernel_map.kernel", '"rbf"'),
    ("channels.a.kernel_map.gamma", "channels.a.kernel_map.gamma", "0.0"),
    # codec, standardize, classifiers
    ("codec.n_bits", "codec", '{ type = "ProductQuantizer", n_bits = 0 }'),
    ("codec.subvector_size", "codec", '{ type = "ProductQuantizer", subvector_size = 0 }'),
    ("codec.n_features", "codec", '{ type = "FeatureHashing", n_features = 0 }'),
    ("standardize.epsilon", "standardize.epsilon", "-1.0"),
    ("classifier.C", "classifier.C", "-1"),
    ("classifier.C", "classifier.C", "[]"),
    ("classifier.loss", "classifier.loss", '"log"'),
    ("classifier.kernel", "classifier.kernel", '"rbf"'),
    ("classifier.tol", "classifier.tol", "0.0"),
    ("classifier.cv", "classifier.cv", "1"),
    ("classifier.gram", "classifier.gram", '"float16"'),
    ("classifier.class_weight", "classifier", '{ type = "OneVsRestSGD", class_weight = -1.0 }'),
    ("classifier.validation_fraction", "classifier", '{ type = "OneVsRestSGD", validation_fraction = 0.9 }'),
    ("classifier.fit_intercept", "classifier", '{ type = "OneVsRestPrimal", fit_intercept = "yes" }'),
    ("classifier.n_neighbors", "classifier", '{ type = "NearestNeighbor", n_neighbors = 0 }'),
]
#: values that are right by themselves: (key that the message names, TOML beside WORDS)
PAIRS = [
    ("channels.a.encoder.type", 'channels.a.codebook = { type = "GMMCodebook" }'),
    ("channels.a.encoder.type", 'channels.a.encoder.type = "FisherVector"'),
    ("channels.a.encoder.type", 'channels.a.codebook = { type = "GMMCodebook" }\nchannels.a.encoder.type = "VLAD"'),
    ("channels.a.codebook", 'channels.a.encoder.type = "Concatenation"'),
    ("channels.a.encoder.n_neighbors", 'channels.a.encoder = { type = "LLC", n_neighbors = 17 }'),
    ("channels.a.codebook.n_words", "channels.a.codebook.n_words = 3000"),
    ("channels.a.pca.n_components", "channels.a.pca.n_components = 200"),
    ("channels.a.pyramid.pooling", 'channels.a.pyramid.pooling = "lazebnik"'),
    ("channels.a.pyramid", 'channels.a = { encoder.type = "VLAD", pyramid.pooling = "max" }'),
    ("channels.a.pyramid", 'channels.a.pyramid.norm = ["intra"]'),
    ("channels.a.kernel_map", 'channels.a = { encoder.type = "LLC", kernel_map.kernel = "chi2" }'),
    ("classifier.kernel", 'channels.a.encoder.type = "LLC"\nclassifier.kernel = "intersection"'),
    ("classifier.kernel", 'classifier.kernel = "chi2"\nstandardize.epsilon = 0.1'),
    ("classifier.kernel", 'classifier.kernel = "chi2"\ncodec = { type = "FeatureHashing" }'),
    ("classifier.kernel", 'classifier.kernel = "precomputed"'),
    ("classifier.distance", 'channels.a.encoder.type = "LCC"\n'
                            'classifier = { type = "NearestNeighbor", distance = "chi2" }'),
    ("classifier", 'classifier = { type = "OneVsRestSGD", loss = "multinomial", class_weight = 2.0 }'),
    ("classifier", 'classifier = { type = "OneVsRestDual", kernel = "intersection", gram = "int8" }'),
    ("classifier.loss", 'classifier = { type = "OneVsRestPrimal", loss = "hinge" }'),
    ("fusion_weights", 'fusion = "scores"\nfusion_weights = [1.0, 2.0]'),
    ("image.upscale", "image.upscale = true"),
]


@pytest.fixture
def refused(tmp_path, window_folder, capsys):
    """A function that runs a config, expects that it is refused at once, and returns the message."""

    def run(*arguments):
        out = tmp_path / "out"
        start = time.perf_counter()
        status = main(["run", *map(str, arguments), "--data", str(window_folder), "--out", str(out)])
        seconds = time.perf_counter() - start
        message = capsys.readouterr().err
        assert status == 2
        assert not out.exists()
        assert message.startswith("bovw: ") and message.count("\n") == 1
        assert seconds < 2, "and importing a library is the most of it"
        return message.removeprefix("bovw: ")

    (tmp_path / "right.toml").write_text(WORDS)
    import bovw.experiment.build  # noqa: F401 what the first refusal would import
    return run


def test_there_are_enough():
    assert len(VALUES) + len(PAIRS) >= 60


@pytest.mark.parametrize(("named", "key", "value"), VALUES)
def test_a_wrong_value_names_file_and_key(named, key, value, refused, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(f'base = "right.toml"\n{key} = {value}\n')
    assert refused(path).startswith((f"{path}: {named}=", f"{path}: {named}[", f"{path}: {named} "))


@pytest.mark.parametrize(("named", "text"), PAIRS)
def test_a_wrong_pair_names_a_key(named, text, refused, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(f'base = "right.toml"\n{text}\n')
    assert f": {named}" in refused(path)


@pytest.mark.parametrize(("key", "value"), [(key, value) for named, key, value in VALUES if named == key][::4])
def test_set_is_named_where_the_value_came_from_it(key, value, refused, tmp_path):
    message = refused(tmp_path / "right.toml", "--set", f"{key}={value}")
    assert message.startswith((f"--set {key}=", f"--set {key}["))


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("lite.data.n_train=3", "lite tables belong in a file; with --lite set the key itself: --set data.n_train=3"),
        ("lite=3", "lite tables belong in a file"),
        ("base=demo", "a base belongs in a file; name demo as the config"),
        ("channels.sift.like=hog", "like belongs in a file"),
    ],
)
def test_what_only_a_file_says_is_refused(assignment, words, refused):
    for more in ([], ["--lite"]):
        assert refused("scene15_fisher", *more, "--set", assignment).startswith(f"--set {assignment}: {words}")


def test_capitals_do_not_hide_a_key(refused):
    assert "did you mean 'C'?" in refused("scene15_llc", "--set", "classifier.c=1")
    assert "did you mean 'GMMCodebook'?" in refused("demo", "--set", "channels.sift.codebook.type=gmmcodebook")


def test_known_keys_are_those_that_can_be_set_there(refused, tmp_path):
    message = refused("scene15_fisher", "--set", "zzz=3")
    assert "known are name, " in message
    assert "lite" not in message
    path = tmp_path / "wrong.toml"
    path.write_text('bse = "right.toml"\n' + WORDS)
    assert refused(path) == f"{path}: bse is an unknown key; did you mean 'base'?\n"


def test_the_file_that_says_it_is_named(refused, tmp_path):
    """A value of the base is the base's, one of a config that comes with bovw is called by its name."""
    (tmp_path / "base.toml").write_text(WORDS.replace("n_words = 16", "n_words = 0"))
    (tmp_path / "child.toml").write_text('base = "base.toml"')
    message = refused(tmp_path / "child.toml")
    assert message == f"{tmp_path / 'base.toml'}: channels.a.codebook.n_words=0 must be at least 1\n"
    message = refused("scene15_fisher", "--set", "channels.sift.codebook.type=KMeansCodebook")
    assert message.startswith("--set channels.sift.codebook.type='KMeansCodebook': channels.sift.encoder.type="
                              "'FisherVector' (scene15_fisher) needs a GMMCodebook")


@pytest.mark.parametrize(
    ("system", "assignment", "blamed"),
    [
        ("scene15_llc", "channels.sift.codebook.n_words=3", "channels.sift.encoder.n_neighbors=5"),
        ("scene15_llc", "channels.sift.n_descriptors=3", "channels.sift.codebook.n_words=1024"),
        ("scene15_tiny_images", "channels.tiny.encoder.type='VLAD'", "channels.tiny.codebook"),
        ("scene15_lazebnik2006", "channels.sift.encoder.type='LLC'", "classifier.kernel='intersection'"),
        ("scene15_xrce2010", "fusion='concatenate'", "fusion_weights="),
    ],
)
def test_of_two_values_that_of_set_is_named_first(system, assignment, blamed, refused, tmp_path):
    assert refused(system, "--set", assignment).startswith(f"--set {assignment}: {blamed}")
    path = tmp_path / "mine.toml"
    path.write_text(f'base = "{system}"\n{assignment}\n')
    assert refused(path).startswith(f"{path}: {assignment}: {blamed}"), "and that of the file before its base's"


def test_a_value_in_an_array_is_named_by_its_place(refused):
    message = refused("demo", "--set", "channels.sift.pyramid.cells=['1x1', '1xx1']")
    assert message.startswith("--set channels.sift.pyramid.cells[1]='1xx1': is not ROWSxCOLUMNS")
    message = refused("demo", "--set", "channels.sift.image.fit=[3]")
    assert message == "--set channels.sift.image.fit=[3]: must be [width, height]\n"


def test_another_encoder_over_a_mixture_is_refused_in_words(refused):
    message = refused("scene15_fisher", "--set", "channels.sift.encoder.type=LLC")
    assert message.startswith("--set channels.sift.encoder.type='LLC': needs a KMeansCodebook")
    assert "channels.sift.codebook.type is 'GMMCodebook'" in message


def test_the_corrected_config_runs_into_the_same_folder(refused, tmp_path, window_folder):
    refused(tmp_path / "right.toml", "--set", "classifier.C=-1")
    arguments = ["run", str(tmp_path / "right.toml"), "--data", str(window_folder), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--jobs", "1", "--quiet"]) == 0
