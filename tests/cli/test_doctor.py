"""`mam2 doctor`, run as a person runs it."""

import getpass
import json
import os
import socket
import subprocess
import sys

import pytest

from engine import __version__


@pytest.fixture
def doctor(repository, tmp_path):
    """Run the program in an environment whose every folder is the test's own."""
    home = tmp_path / "Wanda Müller"
    home.mkdir()
    own = {
        "HOME": str(home),
        "MAM2_WEIGHTS": str(home / "weights"),
        "MAM2_STORE": str(tmp_path / "shots" / "store"),
        "MAM2_STORE_BYTES": str(2 << 20),
        "MAM2_RUNTIME": str(tmp_path / "run"),
        "OMP_NUM_THREADS": "1",
    }
    taken = ("OCIO", "NUKE_PATH", "PYTHONPATH", "PYTHONHOME")
    rest = {name: value for name, value in os.environ.items() if name not in taken}

    def call(*options, **variables):
        return subprocess.run(
            [sys.executable, "-m", "engine", "doctor", *options],
            cwd=repository,
            env={**rest, **own, **variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return call


_HELP = """
import sys
from engine.cli import run
assert run(sys.argv[1:]) == 0
print("loaded:", *(name for name in ("torch", "numpy", "psutil", "httpx2") if name in sys.modules))
"""


@pytest.mark.parametrize("verb", ["doctor", "weights pull", "weights remove"])
def test_help_waits_for_nothing(repository, verb):
    """The help of doctor and weights imports no package that only their work needs."""
    said = subprocess.run(
        [sys.executable, "-c", _HELP, *verb.split(), "--help"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines()[-1] == "loaded:"


def test_a_report_can_be_posted(doctor, tmp_path):
    """On a machine without faults the status is 0, two frames are matted, and nobody and no folder is named."""
    said = doctor()
    assert said.returncode == 0, said.stdout + said.stderr
    lines = said.stdout.splitlines()
    assert lines[0].startswith(f"mam2 {__version__}, Python 3.")
    assert all(line.split()[0] in ("ok", "warning") for line in lines[1:-1])
    assert all("  -> " in line for line in lines if line.startswith("warning"))
    assert any("two frames with the starter" in line for line in lines)
    assert lines[-1].startswith("0 faults, ")
    for secret in (str(tmp_path), "Wanda", getpass.getuser(), socket.gethostname()):
        assert secret not in said.stdout
    assert list(tmp_path.iterdir()) == [tmp_path / "Wanda Müller"], "it leaves nothing behind"


def test_a_fault_is_the_exit_status(doctor, tmp_path):
    """A fault makes the status 1; as JSON each finding has its cure, and with --paths the whole path."""
    said = doctor("--json", "--paths", OCIO=str(tmp_path / "Wanda Müller" / "gone.ocio"))
    assert said.returncode == 1
    report = json.loads(said.stdout)
    faults = {one["subject"]: one for one in report["findings"] if one["state"] == "fault"}
    assert set(faults) == {"colour", "matte"}
    assert report["faults"] == 2
    assert "'~/gone.ocio'" in faults["colour"]["says"]
    assert "unset OCIO" in faults["colour"]["cure"]
    assert "gone.ocio" in faults["matte"]["says"]
    assert faults["matte"]["cure"]
    assert any(str(tmp_path / "shots" / "store") in one["says"] for one in report["findings"])
