"""The command line as a user meets it: output, exit status, one line for an error, no traceback."""

import json
import subprocess
import sys

import pytest

from bovw.cli.main import VERBS, build_parser, main

from ..datasets.layouts import write_layout


def bovw_command(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "bovw", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, check=False
    )


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(
        """
        name = "small"
        [[published]]
        accuracy = 58.3
        measure = "mean_ap"
        data = "VOC 2007"
        [data]
        n_train = 5
        [channels.sift]
        n_descriptors = 2000
        [channels.sift.extractor]
        step = 6
        bin_size = [4]
        [channels.sift.codebook]
        type = "KMeansCodebook"
        n_words = 16
        [channels.sift.encoder]
        type = "HardAssignment"
        [channels.sift.pyramid]
        norm = ["power", "l2"]
        [classifier]
        C = 10.0
        """
    )
    return path


def test_run_then_predict(config_file, window_folder, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["run", str(config_file), "--data", str(window_folder), "--out", str(out), "--draws", "2"]) == 0
    printed = capsys.readouterr()
    assert "top-1 accuracy" in printed.out
    assert "training signatures: 20/20 images" in printed.err  # plain lines, no bar, outside a terminal
    assert "\r" not in printed.err
    page = (out / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert "published is for other data: VOC 2007." in page
    assert "<span>published" not in page
    assert "http://" not in page
    assert "https://" not in page
    image = str(window_folder / "brick" / "00.png")
    assert main(["predict", str(out / "model"), image, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["image"] == image
    assert len(answer["classes"]) == len(answer["scores"]) == 4
    assert answer["scores"] == sorted(answer["scores"], reverse=True)
    assert main(["predict", str(out / "model"), image]) == 0
    assert f"1. {answer['classes'][0]}" in capsys.readouterr().out
    assert main(["predict", str(out), image]) == 0, "the folder of the run will do"
    assert f"1. {answer['classes'][0]}" in capsys.readouterr().out


def test_a_folder_of_something_else_is_refused_before_the_plan_is_printed(config_file, window_folder, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["run", str(config_file), "--data", str(window_folder), "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "is not empty and holds no run of bovw" in error
    assert error.count("\n") == 1


def test_run_on_the_superclasses_of_cifar100(config_file, tmp_path, capsys):
    data, out = write_layout("cifar100", tmp_path / "cifar", 3, 1, n_classes=20), tmp_path / "run"
    arguments = ["run", str(config_file), "--data", str(data), "--set", "data.n_train=0", "--out", str(out), "--quiet"]
    assert main([*arguments, "--kind", "cifar100_coarse"]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["data"], metrics["n_classes"], metrics["n_train"]) == ("cifar100_coarse", 20, 60)
    assert "data:image/jpeg;base64," in (out / "report.html").read_text()
    assert main([*arguments, "--kind", "cifar1000"]) == 2
    assert "--kind cifar1000 is not one of" in capsys.readouterr().err


def test_predict_goes_on_past_a_bad_image(config_file, window_folder, tmp_path, capsys):
    out = tmp_path / "run"
    main(["run", str(config_file), "--data", str(window_folder), "--out", str(out), "--quiet"])
    capsys.readouterr()
    bad = tmp_path / "notes.txt"
    bad.write_text("not an image")
    status = main(["predict", str(out / "model"), str(bad), str(window_folder / "cat" / "01.png"), "--json"])
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert status == 2
    assert "notes.txt" in first["error"]
    assert len(second["classes"]) == 4


def empty_class(root):
    (root / "dog").mkdir()


def single_image(root):
    (root / "dog").mkdir()
    (root / "dog" / "1.png").write_bytes((root / "cat" / "00.png").read_bytes())


def text_file(root):
    (root / "cat" / "readme.txt").write_text("hello")


def cut_image(root):
    path = root / "cat" / "00.png"
    path.write_bytes(path.read_bytes()[:-50])


@pytest.mark.parametrize(
    ("spoil", "extra", "words"),
    [
        (empty_class, [], ("dog",)),
        (single_image, [], ("dog",)),
        (text_file, [], ("readme.txt",)),
        (cut_image, [], ("00.png",)),
        (None, ["--set", "channels.sift.extractor.stepp=3"], ("stepp", "did you mean 'step'")),
        (None, ["--set", "channels.sift.codebook.n_words=100000"], ("n_words=100000",)),
        (None, ["--set", "data.n_train=50"], ("--set data.n_train=50: needs at least 51", "--set data.n_train=9")),
        (None, ["--set", "data.n_train=0", "--set", "data.n_train_unsplit=50"], ("--set data.n_train_unsplit=50: ",)),
        (None, ["--data", "/no/such/folder"], ("/no/such/folder",)),
    ],
    ids=lambda v: v.__name__ if callable(v) else None,
)
def test_wrong_inputs_end_in_one_line_and_status_2(config_file, window_folder, tmp_path, spoil, extra, words):
    if spoil:
        spoil(window_folder)
    result = bovw_command(
        "run", config_file, "--data", window_folder, "--out", tmp_path / "run", "--quiet", *extra
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_a_missing_config_and_a_missing_model(tmp_path, window_folder):
    for arguments in (
        ("run", tmp_path / "no.toml", "--data", window_folder, "--out", tmp_path / "r"),
        ("predict", tmp_path / "no-model", window_folder / "cat" / "00.png"),
    ):
        result = bovw_command(*arguments)
        assert result.returncode == 2
        assert len(result.stderr.splitlines()) == 1


def test_help_of_every_verb_ends_with_an_example(capsys):
    for name in VERBS:
        with pytest.raises(SystemExit) as stop:
            build_parser().parse_args([name, "--help"])
        assert stop.value.code == 0
        text = capsys.readouterr().out
        assert "example" in text
        assert f"bovw {name} " in text[text.index("example"):]


def test_info(capsys):
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["simd"] in facts["simd_levels"]
    assert "demo" in facts["configs"]
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    assert "opencv-python" in text
    assert f"{len(facts['configs'])}, listed by bovw systems" in text


def test_table_without_a_ledger_says_how_one_comes_about(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["table"]) == 2
    assert "bovw run --ledger FILE.jsonl" in capsys.readouterr().err


def test_demo_lite(tmp_path, capsys):
    out = tmp_path / "demo"
    assert main(["demo", "--lite", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "it is not to recognize new scenes" in printed
    assert "top-5 accuracy" in printed
    metrics = json.loads((out / "results" / "metrics.json").read_text())
    assert metrics["n_classes"] == 18
    assert metrics["top1"]["mean"] > 0.3  # chance is 0.056
    assert len(list((out / "images" / "train" / "coffee").glob("*.png"))) <= 60


def test_demo_windows_share_no_pixel():
    import numpy as np

    from bovw.experiment.demo import cut_windows

    numbered = np.arange(200 * 301).reshape(200, 301)
    left, right = cut_windows(numbered)
    assert not set(np.unique(left)) & set(np.unique(right))
    assert all(w.shape == (64, 64) for w in [*left, *right])


def test_a_run_enters_the_ledger_and_the_table(config_file, window_folder, tmp_path, capsys):
    ledger = tmp_path / "ledger.jsonl"
    command = ["run", config_file, "--data", window_folder, "--out", tmp_path / "run", "--ledger", ledger, "--plan"]
    assert main([str(word) for word in command]) == 0
    error = capsys.readouterr().err
    assert "most of the time" in error  # the estimate that --plan asks for
    assert "extractor  DenseSIFT(step=6, bin_size=[4])" in error
    assert main(["table", str(ledger)]) == 0
    assert "`small`" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plan", "demo", "--images", "100", "--classes", "2", "--cores", "0"], "--cores: 0 must be at least 1"),
        (["plan", "demo", "--images", "0", "--classes", "2"], "--images: 0 must be at least 1"),
        (["demo", "--seed", "-1"], "--seed: -1 must be at least 0"),
        (["run", "demo", "--data", ".", "--out", "o", "--draws", "many"], "--draws: many must be a whole number"),
        (["index", ".", "--jobs", "0"], "--jobs: 0 means no worker at all"),
        (["predict", "model"], "the following arguments are required: IMAGE"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["rn"], "; did you mean 'run'?; see bovw --help"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_wrong_argument_is_one_line(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("bovw: ")
    assert error.count("\n") == 1
    assert words in error


def test_messages_speak_of_options(window_folder, tmp_path, capsys):
    cut_image(window_folder)
    (window_folder / "cat" / "notes.txt").write_text("hello")
    assert main(["extract", str(window_folder), "--extractor", "DenseSIFT", "--out", str(tmp_path / "s")]) == 2
    assert "remove it or give --on-error skip" in capsys.readouterr().err
    assert main(["run", "demo", "--data", str(window_folder), "--out", str(tmp_path / "r"), "--quiet"]) == 2
    assert "remove it or give --set data.on_error=skip" in capsys.readouterr().err
    assert main(["hedge", str(tmp_path), "--data", str(window_folder), "--taxonomy", "."]) == 2
    error = capsys.readouterr().err
    assert "remove it" in error
    assert "on_error" not in error
    assert main(["export", "imagenet-sift", "--images", str(window_folder), "--out", str(tmp_path / "e")]) == 2
    assert "--codebook is missing" in capsys.readouterr().err
