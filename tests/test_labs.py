"""The labs run from top to bottom."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

LABS = Path(__file__).parents[1] / "experiments" / "labs"


def test_the_lab_of_scenes_leaves_a_table_and_its_pictures(window_folder, tmp_path):
    if not LABS.exists():
        pytest.skip("needs the labs of the checkout")
    command = [sys.executable, LABS / "scenes.py", "--data", window_folder, "--out", tmp_path, "--train", "6"]
    said = subprocess.run([*command, "--words", "8", "16"], capture_output=True, text=True, check=True).stdout
    text = (tmp_path / "lab.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([^|]*[^| ]) \| ([\d.]+) % \|", text, flags=re.MULTILINE))
    for name in ("tiny images, 1 neighbor", "bag of 8 words, linear SVM", "bag of 16 words, linear SVM"):
        assert f"{rows[name]} %  {name}" in said
    assert len(rows) >= 7
    assert max(map(float, rows.values())) > 60  # four classes: guessing has 25
    for name in re.findall(r"!\[\w+\]\(([\w.]+)\)", text):
        assert cv2.imread(str(tmp_path / name)).std() > 10
