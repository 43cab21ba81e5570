"""A host of whatever Python, with nothing of ours but a copy of the contract, against a real engine."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running_engine import SIZE, write_plate

from engine.media.matte_files import read_matte

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def _python(version):
    """Give an interpreter of a version, on the path or among pyenv's; None where there is none."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = [sys.executable] if sys.version_info[:2] == tuple(map(int, version.split("."))) else []
    for python in (*named, shutil.which(f"python{version}"), *sorted(kept.glob(f"{version}.*/bin/python"))):
        if python and not subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
            return python
    return None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_host_needs_the_standard_library_alone(client, repository, tmp_path, version):
    """From Python 3.9 on a host hands plates over as it writes them and has every matte at the end."""
    python = _python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    shutil.copytree(repository / "engine" / "contract", tmp_path / "host" / "mam2_contract")
    for frame in (1001, 1002):
        write_plate(tmp_path, frame)
    (tmp_path / "out").mkdir()
    script = repository / "benchmarks" / "overhead_host.py"
    where = (tmp_path / "host", tmp_path, tmp_path / "out")
    done = subprocess.run(
        [str(part) for part in (python, "-I", script, *where, 1001, 1002, *SIZE, 20, 24, "sh")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["end"] == "done"
    assert all("thing.alpha" in read_matte(tmp_path / "out" / f"matte.{frame}.exr") for frame in (1001, 1002))
    assert client.status()["shots"] == []


def test_the_contract_is_written_in_the_oldest_hosts_python(repository):
    """Whatever Python runs the tests, the contract's files are Python 3.9."""
    for path in (repository / "engine" / "contract").glob("*.py"):
        ast.parse(path.read_text(), str(path), feature_version=(3, 9))
