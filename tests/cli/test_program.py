"""The program around the verbs: help, version, usage errors, bugs."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from engine import __version__

_WATCHED = ["torch", "cv2", "numpy", "OpenEXR", "OpenImageIO", "PyOpenColorIO", "av"]
_HELP = """
import sys
from engine.cli import run
code = run(sys.argv[1:])
print("loaded:", *(name for name in {watched!r} if name in sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize("arguments", ["--help", "matte --help", "demo --help", "weights --help", "model --help", ""])
def test_help_waits_for_no_library(repository, arguments):
    """No help page imports torch, nor any other library that takes long."""
    said = subprocess.run(
        [sys.executable, "-c", _HELP.format(watched=_WATCHED), *arguments.split()],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "Usage:" in said.stdout
    assert said.stdout.splitlines()[-1] == "loaded:"


def test_the_module_is_the_program(repository):
    """`python -m engine` is `mam2`, and calls itself so in what it tells to type."""
    said = subprocess.run(
        [sys.executable, "-m", "engine", "matte"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert said.returncode == 2
    assert said.stderr.splitlines() == [
        "error: Missing argument 'PLATES'.",
        "hint: See `python -m engine matte --help`.",
    ]


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_leave_the_processor_to_the_host(repository, given, expected):
    """The program asks torch's threads to wait asleep, unless the user has said otherwise."""
    show = "atexit.register(lambda: print(os.environ['OMP_WAIT_POLICY']))"
    code = f"import os, atexit, engine.cli; {show}; engine.cli.main()"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
        env=environment | ({} if given is None else {"OMP_WAIT_POLICY": given}),
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[-1] == expected


_HEAPS = """
import atexit, ctypes, os, threading
import engine.cli

def show():
    threads = [threading.Thread(target=bytearray, args=(100_000,)) for _ in range(4)]
    [thread.start() or thread.join() for thread in threads]
    with open(os.environ["HEAPS"], "w") as file:
        libc = ctypes.CDLL(None)
        libc.fdopen.restype = ctypes.c_void_p
        libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(os.dup(file.fileno()), b"w"))), libc.fflush(None)

atexit.register(show)
engine.cli.main()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries share memory in ways of their own")
def test_threads_share_one_store_of_memory(repository, tmp_path):
    """What one thread of the program has freed serves every other: its threads have one heap between them."""
    environment = os.environ | {"HEAPS": str(tmp_path / "heaps.xml")}
    said = subprocess.run(
        [sys.executable, "-c", _HEAPS], cwd=repository, capture_output=True, text=True, check=False, env=environment
    )
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "heaps.xml").read_text().count("<heap ") == 1


def test_matte_help_has_groups_and_examples(mam2, monkeypatch):
    """The page of `matte` begins with examples and sorts its options into panels."""
    monkeypatch.setenv("COLUMNS", "110")
    page = mam2("matte", "--help").out
    assert "mam2 matte plates/shot.####.exr -o mattes --point 960,540@1001" in page
    for panel in ("Prompts", "Tracking", "Mattes", "Running"):
        assert f"─ {panel} ─" in page
    for option in ("--colorspace", "--not-point", "X0,Y0,X1,Y1@FRAME", "--resume"):
        assert option in page


def test_version(mam2):
    """`--version` is one line."""
    said = mam2("--version")
    assert (said.code, said.out) == (0, f"mam2 {__version__}\n")


@pytest.mark.parametrize("arguments", ["mate", "--nonsense", "matte", "matte a", "matte a b -o c"])
def test_a_wrong_command_line_is_bad_input(mam2, arguments):
    """Unknown verbs and options and missing or surplus arguments: one sentence, a hint, status 2."""
    said = mam2(*arguments.split())
    assert said.code == 2
    assert said.out == ""
    assert "--help`" in said.err
    assert said.error


def test_a_group_alone_shows_its_help(mam2):
    """`mam2 weights` lists its verbs."""
    said = mam2("weights")
    assert "verify" in said.out + said.err
    assert "error:" not in said.err


def test_a_bug_says_that_it_is_one(matte, monkeypatch, tmp_path):
    """What no check foresaw is called a bug, with a log that holds the traceback and the command line; status 1."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))

    def broken(*_):
        raise ZeroDivisionError("seven by nothing")

    monkeypatch.setattr("engine.cli.matte.run.check_not_over_plates", broken)
    said = matte("--point", "32,24@1001")
    assert said.code == 1
    assert "bug in mam2: ZeroDivisionError: seven by nothing" in said.error
    log = Path(next(word for word in said.err.split() if word.endswith(".log")))
    assert tmp_path in log.parents
    text = log.read_text()
    assert "Traceback" in text
    assert "in broken" in text
    assert "--point 32,24@1001" in text
    assert not (tmp_path / "out").exists()
