"""What is written holds: examples in docstrings and the README run, its tables come from the recorded results."""

import doctest
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bovw

PACKAGE = Path(bovw.__file__).parent
ROOT = Path(__file__).parents[1]
MODULES = sorted(
    "bovw." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


@pytest.fixture(scope="module")
def readme():
    path = ROOT / "README.md"
    if not path.exists():
        pytest.skip("needs the README of the checkout")
    return path.read_text(encoding="utf-8")


def test_the_table_of_speeds_comes_from_the_recorded_benchmarks(readme):
    spec = importlib.util.spec_from_file_location("make_readme", ROOT / "experiments" / "results" / "make_readme.py")
    make_readme = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_readme)
    assert make_readme.render(readme) == readme, "run python experiments/results/make_readme.py"


def marked_documents():
    """Every document of the checkout that marks tables of the ledger."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "experiments").rglob("*.md")]
    return [path for path in documents if "<!-- table: " in path.read_text(encoding="utf-8")]


def test_the_tables_of_accuracy_come_from_the_ledgers(readme):
    from bovw.results.ledger import read_ledger
    from bovw.results.table import renew_tables

    ledgers = sorted((ROOT / "experiments" / "results").glob("*.jsonl"))
    lines = [line for path in ledgers for line in read_ledger(path)]
    documents = marked_documents()
    assert ROOT / "README.md" in documents
    for path in documents:
        text = path.read_text(encoding="utf-8")
        assert renew_tables(text, lines) == text, f"run bovw table --write {path.relative_to(ROOT)}"
    typed_by_hand = re.sub(r"\*\*\d+\.\d+", "**99.99", readme, count=1)
    assert renew_tables(typed_by_hand, lines) == readme != typed_by_hand


def test_the_readme_examples_run(readme, tmp_path):
    """On four of the demo's classes, so that it is quick."""
    pytest.importorskip("pandas")
    from bovw.experiment.demo import write_windows

    write_windows(tmp_path / "bovw-demo" / "images")
    for folder in (tmp_path / "bovw-demo" / "images").glob("*/*"):
        if folder.name not in ("brick", "cat", "moon", "page"):
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
    lines = [f"{path},{path.parent.name}" for path in sorted(tmp_path.glob("bovw-demo/images/train/*/*.png"))]
    (tmp_path / "images.csv").write_text("\n".join(["path,label", *lines]))
    first, second = re.findall(r"```python\n(.*?)```", readme, re.S)
    assert len(first.strip().splitlines()) <= 25
    for example in (first, second.replace("bovw.BovwClassifier(n_jobs", "bovw.BovwClassifier(SMALL, n_jobs")):
        small = "bovw.ImageEncoder(bovw.DenseSIFT(step=16), pca=bovw.DescriptorPCA(16))"
        result = subprocess.run(
            [sys.executable, "-c", f"import bovw\nSMALL = {small}\n{example}"], capture_output=True, text=True,
            cwd=tmp_path, check=False, env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        )
        assert result.returncode == 0, result.stderr
        if example is first:
            assert float(re.search(r"accuracy ([\d.]+)", result.stdout)[1]) > 0.6  # chance is 0.25
        assert (tmp_path / "my-model" / "model.json").exists()
        shutil.rmtree(tmp_path / "my-model")


def test_the_config_of_the_readme_is_one(readme, tmp_path):
    from bovw.experiment import load_config

    path = tmp_path / "mine.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", readme, re.S)[1])
    channels = load_config(str(path)).tree["channels"]
    assert channels["hog"]["extractor"] == {"type": "HOG", "patch_sizes": [16, 24, 32]}
    assert channels["hog"]["codebook"] == channels["sift"]["codebook"]
    assert channels["sift"]["codebook"]["n_components"] == 128


def test_the_readme_names_every_verb(readme):
    from bovw.cli.main import VERBS

    for verb in VERBS:
        assert f"`bovw {verb}" in readme
