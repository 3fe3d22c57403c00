"""How the command starts: at once, without libraries it does not need, and to be stopped at every moment."""

import os
import random
import subprocess
import sys

import pytest

from bovw.cli.main import VERBS

MESSAGE = "bovw: interrupted\n"
RESUMES = "bovw: interrupted; the same command goes on from the last finished block\n"
#: what the installed `bovw` does, with a Ctrl-C as the n-th module from bovw's own on is looked for
INTERRUPTED = """
import os, signal, sys
left = {moment}
def count(event, arguments):
    global left
    if event == "import" and "bovw.cli.main" in sys.modules:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(count)
from bovw.cli.main import main
status = main()
if left > 0:
    print("modules", {moment} - left)
sys.exit(status)
"""


def cpu_seconds(*arguments):
    """Of `python -m bovw`: user and system time, the least of a few runs."""
    times = []
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-m", "bovw", *arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        times.append(usage.ru_utime + usage.ru_stime)
    return min(times)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs the times of a child process")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "--help"], ["encode", "--help"]])
def test_help_comes_at_once(arguments):
    assert cpu_seconds(*arguments) < 0.3


def test_help_names_every_verb_with_its_line():
    text = subprocess.run(
        [sys.executable, "-m", "bovw", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for verb in VERBS:
        assert any(line.split()[:1] == [verb] and len(line.split()) > 3 for line in text.splitlines()), verb


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (["--help"], {"numpy", "sklearn", "scipy", "cv2", "matplotlib", "joblib"}),
        (["synset", "n00000001", "--wordnet", "."], {"sklearn", "cv2", "matplotlib"}),
        (["info"], {"sklearn", "cv2", "matplotlib"}),
        (["evaluate", "--predictions", "p.txt", "--truth", "t.txt"], {"cv2", "matplotlib"}),
        (["evaluate", "--predictions", "p.csv"], {"cv2", "matplotlib"}),
        (["table", "ledger.jsonl"], {"cv2", "matplotlib"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_verb_imports_no_library_it_does_not_need(tmp_path, arguments, unneeded):
    (tmp_path / "words.txt").write_text("n00000001\tthing\nn00000002\tsmall thing\n")
    (tmp_path / "wordnet.is_a.txt").write_text("n00000001 n00000002\n")
    (tmp_path / "p.txt").write_text("1 2\n2 1\n")
    (tmp_path / "t.txt").write_text("1\n1\n")
    (tmp_path / "p.csv").write_text("image,truth,left_out,score:a,score:b\n1.jpg,a,,1.0,0.0\n2.jpg,b,,0.0,1.0\n")
    (tmp_path / "ledger.jsonl").write_text("")
    code = (
        "import sys\nfrom bovw.cli.main import main\ntry:\n    status = main()\nexcept SystemExit as stop:\n"
        "    status = stop.code\nprint('loaded', status, *sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=tmp_path,
                            check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    status, *modules = result.stdout.splitlines()[-1].split()[1:]
    assert status == "0", result.stderr
    assert unneeded.isdisjoint(modules)


@pytest.mark.parametrize("assignment", ["data.n_train", "zzz=1", "data.n_train=x", "data.n_train=-1",
                                        "image.max_side=0", "channels.sift.codebook.type=Forest"])
def test_a_wrong_setting_is_refused_before_libraries_are_imported(tmp_path, assignment):
    arguments = ["run", "demo", "--data", ".", "--out", str(tmp_path / "out"), "--set", assignment]
    code = f"import sys; from bovw.cli.main import main; print(main({arguments}), *sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    status, *modules = result.stdout.split()
    assert (status, result.stderr.count("\n")) == ("2", 1)
    assert {"sklearn", "scipy", "cv2", "matplotlib"}.isdisjoint(modules)


def test_importing_bovw_imports_no_library():
    code = "import sys, bovw; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "sklearn", "scipy", "cv2", "argparse"}.isdisjoint(modules)


def interrupted(moment, *arguments):
    return subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(moment=moment), *arguments], capture_output=True, text=True,
        check=False,
    )


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C goes to all processes of a console there")
def test_ctrl_c_is_one_line_at_any_moment_of_the_start(tmp_path):
    arguments = ["predict", str(tmp_path), "image.png"]  # needs NumPy, OpenCV and scikit-learn to see that it is wrong
    whole = interrupted(10**9, *arguments)
    n_modules = int(whole.stdout.split()[-1])
    assert n_modules > 500
    draw = random.Random(0)
    for moment in [1, 2, *(draw.randrange(3, n_modules) for _ in range(6))]:
        result = interrupted(moment, *arguments)
        assert (result.returncode, result.stdout, result.stderr) == (130, "", MESSAGE), moment


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C goes to all processes of a console there")
@pytest.mark.parametrize(
    ("body", "closed"),
    [
        ("try:\n    os.kill(os.getpid(), signal.SIGINT)\nfinally:\n    print('closed', flush=True)", True),
        ("class Thing:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGINT)\nThing()", False),
        ("import atexit\natexit.register(os.kill, os.getpid(), signal.SIGINT)", False),
    ],
    ids=["at work", "in a destructor", "at the end"],
)
def test_ctrl_c_is_one_line_later_too(body, closed):
    result = as_process("info", body)
    assert (result.returncode, result.stderr) == (130, MESSAGE)
    assert ("closed" in result.stdout) == closed


def as_process(verb, body, *arguments):
    """What the command does whose verb runs ``body``."""
    code = (
        f"import os, signal, sys\nfrom bovw.cli import {verb}, main\n"
        f"def run(options):\n    exec({body!r}, {{'os': os, 'signal': signal}})\n"
        f"{verb}.run = run\nsys.argv[1:] = {[verb, *arguments]}\nsys.exit(main.main())"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C goes to all processes of a console there")
def test_only_verbs_that_go_on_say_so():
    stop = "os.kill(os.getpid(), signal.SIGINT)"
    assert as_process("demo", stop).stderr == RESUMES
    assert as_process("systems", stop).stderr == MESSAGE


def test_a_warning_is_one_line_without_a_path():
    result = as_process("info", "import warnings\nwarnings.warn('some words')")
    assert (result.returncode, result.stderr) == (0, "bovw: warning: some words\n")
