"""The verbs print what the functions return."""

import argparse
import json

import pytest

from bovw.cli import evaluate, synset
from bovw.errors import DatasetError, ParameterError
from bovw.evaluation import evaluate_files

from .. import mat_kit


@pytest.fixture
def command(tmp_path, capsys):
    mat_kit.write(tmp_path / "meta.mat")
    (tmp_path / "truth.txt").write_text("1\n2\n3\n4\n")
    (tmp_path / "pred.txt").write_text("2 1\n2\n4\n0\n")
    parser = argparse.ArgumentParser(prog="bovw")
    verbs = parser.add_subparsers(required=True)
    for verb in (evaluate, synset):
        verb.add_parser(verbs)

    def run(*arguments):
        args = parser.parse_args([str(a).replace("@", f"{tmp_path}/") for a in arguments])
        assert args.run(args) == 0
        return capsys.readouterr().out

    return run


FILES = ("--predictions", "@pred.txt", "--truth", "@truth.txt", "--meta", "@meta.mat")


def test_evaluate_prints_a_table_or_json(command, tmp_path):
    lines = command("evaluate", *FILES).splitlines()
    assert lines[1].split() == ["guesses", "flat", "error", "hierarchical", "error"]
    assert lines[2].split() == ["1", "0.7500", "4.0000"] and lines[6].split() == ["5", "0.5000", "2.5000"]
    report = json.loads(command("evaluate", *FILES, "--json"))
    assert report == evaluate_files(tmp_path / "pred.txt", tmp_path / "truth.txt", tmp_path)
    assert "hierarchical" not in command("evaluate", *FILES[:4])


def test_synset_prints_every_line_up(command):
    text = command("synset", "n00000014", "--meta", "@meta.mat")
    assert text.startswith("n00000014 (id 4) robot dog\n  a machine\n")
    assert text.count("n00000001") == 2  # below an animal and a machine
    assert text == command("synset", "Robot Dog", "--meta", "@meta.mat")


def test_errors_reach_the_caller(command):
    with pytest.raises(ParameterError, match="did you mean 'n00000014'"):
        command("synset", "n00000041", "--meta", "@meta.mat")
    with pytest.raises(DatasetError, match=r"absent\.txt cannot be read"):
        command("evaluate", "--predictions", "@absent.txt", "--truth", "@truth.txt")


@pytest.mark.parametrize("verb", ["evaluate", "synset"])
def test_help_ends_with_an_example(command, verb, capsys):
    with pytest.raises(SystemExit):
        command(verb, "--help")
    assert f"\n  bovw {verb} " in capsys.readouterr().out.split("example")[1]
