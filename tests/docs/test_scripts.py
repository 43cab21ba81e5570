"""The examples of docs/scripting.md, carried out as they stand against an engine of their own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from running_engine import engines
from written_pages import ROOT, fences

from engine.media.matte_files import read_matte, write_exr

BLOCKS = list(fences("docs/scripting.md"))


@pytest.fixture
def shot_folder(tmp_path):
    """Give a folder with four plates of 1920x1080 with a disc at their middle."""
    (tmp_path / "plates").mkdir()
    (tmp_path / "mattes").mkdir()
    y, x = np.mgrid[:1080, :1920]
    plane = np.where((x - 960) ** 2 + (y - 540) ** 2 < 250**2, 0.7, 0.05).astype(np.float16)
    for frame in range(1001, 1005):
        write_exr(tmp_path / "plates" / f"shot.{frame}.exr", {"R": plane, "G": plane, "B": plane}, "")
    return tmp_path


@pytest.fixture
def surroundings():
    """Give the environment of a terminal in which an engine runs and `mam2` is on the path."""
    with engines() as make:
        engine = make()
        engine.start().close()
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        yield {**os.environ, **engine.variables, "PATH": path, "PYTHONPATH": str(ROOT)}


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="curl or bash is not installed")
def test_the_lines_of_curl_give_a_matte(shot_folder, surroundings):
    """Typed as they stand, the lines declare a shot, send its plates, track it and fetch a matte."""
    (script,) = [text for _, text in BLOCKS if "curl" in text]
    first, rest = script.split("\n", 1)
    assert first == "mam2 serve & sleep 3"  # the engine of this test is running already
    _carried_out(["bash", "-e", "-c", rest], shot_folder, surroundings)
    assert read_matte(shot_folder / "matte.1001.exr")["A"].shape == (1080, 1920)


def test_the_example_in_python_gives_mattes(shot_folder, surroundings):
    """The example tracks a shot and fetches every matte; here its shot has three frames."""
    (program,) = [text for language, text in BLOCKS if language == "python"]
    shorter = re.sub(r"\b1101\b", "1004", re.sub(r"\b1100\b", "1003", program))
    assert shorter.count("1004") == 1
    _carried_out([sys.executable, "-c", shorter], shot_folder, surroundings)
    assert sorted(path.name for path in (shot_folder / "mattes").iterdir()) == [
        f"matte.{frame}.exr" for frame in (1001, 1002, 1003)
    ]


def _carried_out(command, folder, surroundings):
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
