"""A whole job with the `openjd` runner: two chunks, one of them killed in the middle and tried again."""

import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from engine.cli import run
from engine.media.matte_files import read_matte, read_signature

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the runner's processes are found by their POSIX command lines"),
]

FRAMES = range(1001, 1021)
KILLED = range(1011, 1021)  # the second of two chunks
PATIENCE = 600  # a job starts Python a dozen times, which a busy machine makes slow


def _matte(folder, frame):
    return folder / f"sh010_matte.{frame}.exr"


def _times(folder):
    return {frame: _matte(folder, frame).stat().st_mtime_ns for frame in FRAMES if _matte(folder, frame).exists()}


def _kill_mid_chunk(job, folder):
    """Kill the process of the second chunk once its first matte is there; give the times of the mattes by then."""
    chunk, end = None, time.monotonic() + PATIENCE
    while time.monotonic() < end and job.poll() is None:
        if chunk is None:
            time.sleep(0.05)
            chunk = next((p for p in psutil.Process(job.pid).children(recursive=True) if _mattes_chunk(p)), None)
        elif _matte(folder, KILLED[0]).exists():
            chunk.kill()
            psutil.wait_procs([chunk], timeout=10)
            return {
                frame: _matte(folder, frame).stat().st_mtime_ns for frame in FRAMES if _matte(folder, frame).exists()
            }
        else:
            time.sleep(0.001)
    job.kill()
    pytest.fail(f"the second chunk was not met: {job.communicate()[1][-3000:]}")


def _mattes_chunk(process):
    try:
        return f"--frames={KILLED[0]}+{len(KILLED)}" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def test_a_killed_chunk_is_made_again_and_mattes_are_those_of_one_machine(repository, shot_file):
    """The runner completes a job of which a chunk was killed: only lost frames are made anew, equal to one run's."""
    folder = shot_file.parent / "sh010_mattes"
    words = ["submit", str(shot_file), "--device", "cpu", "--chunk", "10", "--run", "--retries", "1"]
    job = subprocess.Popen(
        [sys.executable, "-m", "engine", *words],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    before = _kill_mid_chunk(job, folder)
    assert set(range(1001, 1012)) <= set(before) < set(FRAMES)  # killed in the middle
    out, err = job.communicate(timeout=PATIENCE)
    assert job.returncode == 0, err[-3000:]
    assert "run 2 of 2" in err
    assert "done      tracked, matted and checked" in out
    after = _times(folder)
    assert list(after) == list(FRAMES)
    assert {frame: after[frame] for frame in before} == before
    assert [path.name for path in folder.glob(".*")] == []

    whole = shot_file.parent / "whole"
    assert run(["matte", str(shot_file.parent / "sh010"), "-o", str(whole), "--prompts", str(shot_file)]) == 0
    for frame in FRAMES:
        one, many = read_matte(_matte(whole, frame)), read_matte(_matte(folder, frame))
        assert {name: channel.tobytes() for name, channel in many.items()} == {
            name: channel.tobytes() for name, channel in one.items()
        }
        assert read_signature(_matte(folder, frame)) == read_signature(_matte(whole, frame))
    alpha = read_matte(_matte(whole, 1010))["A"]
    assert np.ptp(alpha) > 0.2  # there is something to compare
