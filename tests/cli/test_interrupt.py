"""Ctrl-C and what a farm sends end the program at once, and what is finished stays."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time

import pytest

from engine.cli.background import Interrupted, in_background
from engine.media.matte_files import read_signature

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")

FRAMES = 40
AT_ONCE = 1.0  # the promise, in seconds


ENDS = [signal.SIGINT, signal.SIGTERM]


def _soon(end=signal.SIGINT):
    threading.Timer(0.3, os.kill, (os.getpid(), end)).start()
    return time.monotonic() + 0.3


@pytest.mark.parametrize("how", ENDS)
def test_work_that_cannot_stop_is_not_waited_for(how):
    """A worker inside one long operation is left behind within a second, and signals mean what they did before."""
    end = threading.Event()
    before = signal.getsignal(how)
    pressed = _soon(how)
    with pytest.raises(Interrupted):
        in_background(lambda _: end.wait(60))
    assert time.monotonic() - pressed < AT_ONCE
    assert signal.getsignal(how) == before
    end.set()


def test_work_that_can_stop_is_let_finish():
    """A worker that looks at its flag ends before the program goes on."""
    trace = []

    def work(stop):
        stop.wait(60)
        trace.append("tidied")

    _soon()
    with pytest.raises(Interrupted):
        in_background(work)
    assert trace == ["tidied"]


def test_results_and_errors_come_through():
    """Without Ctrl-C, a background call is a call."""
    assert in_background(lambda stop: stop.is_set()) is False
    with pytest.raises(LookupError, match="no such"):
        in_background(_fail)


def _fail(_):
    raise LookupError("no such thing")


@pytest.fixture
def long_shot(tmp_path, write_plate):
    """A shot long enough to be interrupted."""
    folder = tmp_path / "plates"
    folder.mkdir()
    write_plate(folder / "shot.1001.exr")
    for frame in range(1002, 1001 + FRAMES):
        os.link(folder / "shot.1001.exr", folder / f"shot.{frame}.exr")
    return folder


@pytest.mark.parametrize("how", ENDS)
def test_an_end_while_matting(repository, long_shot, weights, tmp_path, mam2, how):
    """Within a second: exit status 130, only whole mattes on disk, and the command that goes on works as printed."""
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    scratch.mkdir()
    arguments = [
        "matte",
        str(long_shot),
        "-o",
        str(out),
        "--point",
        "32,24",
        "--model",
        str(weights),
        "--device",
        "cpu",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", *arguments],
        cwd=repository,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("frame 1001:"):
            break
    pressed = time.monotonic()
    process.send_signal(how)
    rest = process.stderr.read()
    code = process.wait(timeout=60)
    took = time.monotonic() - pressed
    assert code == 130, "".join(lines) + rest
    assert took < 2 * AT_ONCE  # twice the promise: other tests may be running

    done = sorted(out.iterdir())
    assert 0 < len(done) < FRAMES
    assert all(path.suffix == ".exr" and not path.name.startswith(".") and read_signature(path) for path in done)
    assert list(scratch.iterdir()) == []
    assert f"frames finished, in {out}" in rest or "stopped: 1 frame finished" in rest
    again = shlex.split(next(line for line in rest.splitlines() if line.startswith("to go on: ")))[3:]
    assert again == ["python", "-m", "engine", *arguments, "--resume"]
    said = mam2(*again[3:])
    assert said.code == 0, said.err
    assert f"{FRAMES - len(done)} frames matted" in said.out
    assert len(list(out.iterdir())) == FRAMES
