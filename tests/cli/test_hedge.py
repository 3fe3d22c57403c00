"""``bovw hedge`` and ``bovw predict --hedge``: a model answers with no more than it can be sure of."""

import json

import pytest

import bovw
from bovw.cli.main import main
from bovw.experiment.hedging import fit_hedged_predictor, load_hedge

WNIDS = {"brick": "n00000011", "coins": "n00000012", "cat": "n00000021", "grass": "n00000022"}
WORDS = {
    "n00000001": "entity", "n00000010": "artifact, artefact", "n00000020": "living thing",
    **{wnid: name for name, wnid in WNIDS.items()},
}


@pytest.fixture
def trained(window_folder, tmp_path):
    """Folders of a model, of the images it learnt from and of others, and of a WordNet of four nouns."""
    train, test, wordnet, model = (tmp_path / name for name in ("train", "test", "wordnet", "model"))
    for name, wnid in WNIDS.items():
        for i, path in enumerate(sorted((window_folder / name).iterdir())):
            folder = (train if i % 2 else test) / wnid
            folder.mkdir(parents=True, exist_ok=True)
            path.rename(folder / path.name)
    wordnet.mkdir()
    (wordnet / "words.txt").write_text("".join(f"{wnid}\t{words}\n" for wnid, words in WORDS.items()))
    edges = [("n00000001", "n00000010"), ("n00000001", "n00000020"),
             *((f"{wnid[:7]}{wnid[7]}0", wnid) for wnid in WNIDS.values())]
    (wordnet / "wordnet.is_a.txt").write_text("".join(f"{parent} {child}\n" for parent, child in edges))
    paths = [str(path) for path in sorted(train.glob("*/*"))]
    classifier = bovw.BovwClassifier(
        bovw.ImageEncoder(bovw.DenseSIFT(step=6, bin_size=4), pca=bovw.DescriptorPCA(16), pyramid=bovw.SpatialPyramid(
            bovw.FisherVector(bovw.GMMCodebook(4)), norm=("power", "l2")), n_descriptors=2000),
        classifier=bovw.OneVsRestDual(C=10.0),
    )
    classifier.fit(paths, [path.split("/")[-2] for path in paths]).save(model)
    return model, train, test, wordnet


def hedge_arguments(model, images, wordnet):
    return ["hedge", str(model), "--data", str(images), "--taxonomy", str(wordnet), "--quiet"]


def predicted(model, images, accuracy, capsys):
    paths = [str(path) for path in sorted(images.glob("*/*"))]
    assert main(["predict", str(model), *paths, "--hedge", str(accuracy), "--json"]) == 0
    return {answer["image"]: answer["answer"] for answer in map(json.loads, capsys.readouterr().out.splitlines())}


@pytest.mark.parametrize("held_out", [False, True])
def test_hedge_then_predict(trained, capsys, held_out):
    model, train, test, wordnet = trained
    arguments = [*hedge_arguments(model, test if held_out else train, wordnet), *["--held-out"][:held_out]]
    assert main(arguments) == 0
    assert "learnt from 20 images" in capsys.readouterr().out
    bold, careful = (predicted(model, test, accuracy, capsys) for accuracy in (0.5, 1.0))
    assert sum(answer["wnid"] == path.split("/")[-2] for path, answer in bold.items()) >= 10
    assert {answer["wnid"] for answer in careful.values()} == {"n00000001"}  # 20 images prove no accuracy of 1
    assert {answer["words"] for answer in (*bold.values(), *careful.values())} <= set(WORDS.values())
    for path, answer in careful.items():
        assert answer["information"] <= bold[path]["information"]
        assert answer["probability"] >= bold[path]["probability"] - 1e-6
    path, answer = next(iter(bold.items()))
    assert main(["predict", str(model), path, "--hedge", "0.5"]) == 0
    assert capsys.readouterr().out == (
        f"{path}\n  {answer['words']} ({answer['wnid']})  {100 * answer['probability']:.1f} %\n"
    )


def test_the_scores_are_those_of_images_that_were_not_seen(trained):
    model, _, test, wordnet = trained
    classifier = bovw.BovwClassifier.load(model).set_params(on_error="skip")
    paths = [str(path) for path in sorted(test.glob("*/*"))]
    bad = test / "bad.png"
    bad.write_bytes(b"no image")
    hedged = fit_hedged_predictor(
        classifier, [*paths, str(bad)], [path.split("/")[-2] for path in paths] + ["n00000011"],
        bovw.Taxonomy.read(wordnet), held_out=True,
    )
    assert hedged.n_images_ == 20  # the one that could not be read is left out
    expected = bovw.HedgedPredictor().fit(
        classifier.decision_function(paths), [path.split("/")[-2] for path in paths], classes=classifier.classes_,
        taxonomy=bovw.Taxonomy.read(wordnet),
    )
    assert hedged.accuracies_.tolist() == expected.accuracies_.tolist()
    with pytest.raises(bovw.ParameterError, match="'owl' is none of the 4"):
        fit_hedged_predictor(classifier, paths[:1], ["owl"], bovw.Taxonomy.read(wordnet))


def test_bad_images_and_missing_or_foreign_hedges(trained, tmp_path, capsys):
    model, _, test, wordnet = trained
    image = str(next(test.glob("*/*")))
    assert main(["predict", str(model), image, "--hedge", "0.9"]) == 2
    assert "bovw hedge" in capsys.readouterr().err
    assert main([*hedge_arguments(model, test, wordnet), "--held-out"]) == 0
    (tmp_path / "no.png").write_text("no image")
    capsys.readouterr()
    assert main(["predict", str(model), str(tmp_path / "no.png"), image, "--hedge", "0.9", "--json"]) == 2
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert "no.png" in first["error"] and second["answer"]["wnid"] in WORDS
    assert main(["predict", str(model), image, "--hedge", "1.5"]) == 2
    assert "accuracy=1.5" in capsys.readouterr().err
    bovw.BovwClassifier.load(model).set_params(on_error="skip").save(model)  # another model in its place
    with pytest.raises(bovw.ModelFormatError, match="fitted to another model"):
        load_hedge(model)


def test_classes_must_be_in_the_taxonomy(trained, capsys):
    model, _, test, wordnet = trained
    text = (wordnet / "words.txt").read_text().replace("n00000022", "n00000023")
    (wordnet / "words.txt").write_text(text)
    edges = (wordnet / "wordnet.is_a.txt").read_text().replace("n00000022", "n00000023")
    (wordnet / "wordnet.is_a.txt").write_text(edges)
    assert main([*hedge_arguments(model, test, wordnet), "--held-out"]) == 2
    assert "'n00000022' is not in the taxonomy" in capsys.readouterr().err
