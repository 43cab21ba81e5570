"""From a repository to an offline bundle, to an installation without a network, to nothing: with real pip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from standin_wheels import make_wheels

pytestmark = pytest.mark.slow

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "mam2"
version = "0.1.0"
dependencies = ["torch", "torchvision", "sam2==1.1.0", "peft"]
[project.scripts]
mam2 = "engine.cli:main"
[tool.setuptools.packages.find]
include = ["engine", "engine.*"]
"""
CLI = "import sys\n\n\ndef main():\n    print('{}', *sys.argv[1:])\n"


@pytest.fixture
def repository_in_small(repository, tmp_path):
    """A repository with the real installer and plug-ins, and an engine that says a word."""
    root = tmp_path / "clone é x"
    for part in ("install", "nuke_plugin", "resolve_plugin", "engine/contract"):
        shutil.copytree(repository / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE", "engine/__init__.py"):
        shutil.copyfile(repository / name, root / name)
    (root / "engine" / "__main__.py").write_text("")
    (root / "engine" / "cli").mkdir()
    (root / "engine" / "cli" / "__init__.py").write_text(CLI.format("first"))
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "install" / "constraints.txt").write_text(make_wheels(tmp_path / "index"))
    return root


@pytest.fixture
def run():
    """Run `python3 install ...` of a folder, for a home, with no package index anywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAM2_", "PIP_", "XDG_"))}

    def run(root, *arguments, home, **variables):
        answer = subprocess.run(
            [sys.executable, "-B", root / "install", *arguments],
            env={**kept, "HOME": str(home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, **variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    return run


def _places(folder):
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_a_bundle_installs_without_a_network_and_leaves_no_trace(repository_in_small, run, tmp_path):
    """A bundle packed here installs where there is no index, takes an update, and is removed without a trace."""
    root, home, packed = repository_in_small, tmp_path / "Zoë Ünal home", tmp_path / "bundle.zip"
    (home / ".nuke").mkdir(parents=True)
    links = {"PIP_FIND_LINKS": (tmp_path / "index").as_uri()}
    run(root, "bundle", packed, home=tmp_path / "packer", **links)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".unfinished")]
    before = _places(home)

    unpacked = tmp_path / "air gap"
    zipfile.ZipFile(packed).extractall(unpacked)
    (inside,) = unpacked.iterdir()
    shutil.rmtree(root)
    shutil.rmtree(tmp_path / "index")
    said = run(inside, "--wheels", home=home)
    assert "download" not in said
    command = json.loads((home / ".nuke/mam2/vendor/engine_command.json").read_text())
    assert command == [str(home / ".local/share/mam2/environment/bin/mam2"), "serve"]
    assert subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout == "first serve\n"

    (wheel,) = (inside / "wheels").glob("mam2-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["engine/cli/__init__.py"] = CLI.format("second").encode()
    record = next(name for name in entries if name.endswith("/RECORD"))
    entries[record] = "".join(f"{name},,\n" for name in entries).encode()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    run(inside, "--wheels", home=home)
    assert subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout == "second serve\n"

    run(inside, "remove", home=home)
    assert _places(home) == before


def test_an_installation_outlives_its_source(repository_in_small, run, tmp_path):
    """What was installed from a clone is a copy: it works when the clone is gone, and the clone was left as it was."""
    root, home = repository_in_small, tmp_path / "home"
    home.mkdir()
    before = _places(root)
    run(root, home=home, PIP_FIND_LINKS=(tmp_path / "index").as_uri())
    assert _places(root) == before
    shutil.rmtree(root)
    program = home / ".local/share/mam2/environment/bin/mam2"
    assert subprocess.run([program, "x"], capture_output=True, encoding="utf-8", check=True).stdout == "first x\n"
    assert sorted(path.name for path in (home / ".local/share/mam2").iterdir()) == [
        "environment",
        "installed.json",
        "mam2-setup.lock",
    ]
