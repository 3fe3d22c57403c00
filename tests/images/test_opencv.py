"""OpenCV is loaded when it is first used, one sentence says if it cannot be, and its threads keep to the budget."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

import bovw
from bovw._threads import single_threaded
from bovw.images.opencv import cv2 as lazy

PACKAGE = Path(bovw.__file__).parent


@pytest.fixture
def without_screen(tmp_path):
    """Runs Python where importing cv2 fails as it does without libGL."""
    broken = "libGL.so.1: cannot open shared object file: No such file or directory"
    (tmp_path / "masked" / "cv2").mkdir(parents=True)
    (tmp_path / "masked" / "cv2" / "__init__.py").write_text(f"raise ImportError({broken!r})\n")
    path = os.pathsep.join([str(tmp_path / "masked"), str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path, capture_output=True,
            text=True, check=False,
        )

    return run


@pytest.mark.parametrize(
    "arguments", [("--help",), ("info",), ("synset", "--help"), ("evaluate", "--help"), ("table", "--help")]
)
def test_these_verbs_need_no_opencv(without_screen, arguments):
    result = without_screen("-m", "bovw", *arguments)
    assert result.returncode == 0, result.stderr


def test_what_needs_opencv_says_how_to_get_it_in_one_sentence(without_screen):
    result = without_screen("-m", "bovw", "demo", "--lite")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == (
        "bovw: OpenCV cannot be loaded (libGL.so.1: cannot open shared object file: No such file or directory): "
        "on a machine without a screen install opencv-python-headless in its place: "
        "pip uninstall -y opencv-python && pip install opencv-python-headless"
    )
    assert "Traceback" not in result.stderr


def test_descriptors_classifiers_and_every_public_name_need_no_opencv(without_screen):
    script = """
import numpy as np, bovw
for name in bovw.__all__:
    getattr(bovw, name)
image = np.random.default_rng(0).uniform(0, 255, (64, 64)).astype(np.float32)
print(len(bovw.DenseSIFT().transform([image])), bovw.OneVsRestDual().fit(image, np.arange(64) % 2).predict(image).shape)
"""
    result = without_screen("-c", script)
    assert result.stdout == "1 (64,)\n", result.stderr


def test_no_file_but_one_imports_opencv():
    for path in PACKAGE.rglob("*.py"):
        if path != PACKAGE / "images" / "opencv.py":
            imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Import)]
            assert "cv2" not in [alias.name for node in imports for alias in node.names], path


def test_threads_are_given_back_after_the_last_block():
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        first, second = single_threaded(), single_threaded()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert cv2.getNumThreads() == 1
        second.__exit__(None, None, None)
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_opencv_loaded_inside_a_block_has_one_thread():
    script = """
import sys
import numpy as np
from bovw import resize_image
from bovw._threads import single_threaded
with single_threaded():
    assert "cv2" not in sys.modules
    resize_image(np.zeros((60, 60), np.uint8), max_side=20)
    print(sys.modules["cv2"].getNumThreads())
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.stdout == "1\n", result.stderr


def test_a_name_that_opencv_lacks_is_an_attribute_error():
    assert lazy.imdecode is cv2.imdecode
    assert not hasattr(lazy, "no_such_name")
