from __future__ import annotations

import json
import subprocess
import venv
from pathlib import Path

import pytest
import pythons


@pytest.fixture
def site(tmp_path):
    """The package folder of a real, empty environment, in a folder with a space and a letter beyond ASCII."""
    folder = tmp_path / "env é x"
    venv.create(folder, with_pip=False)
    path = subprocess.run(
        [pythons.of_environment(folder), "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "utf-8"},
    )
    return Path(path.stdout.decode("utf-8").strip())


def put(site, name, version, content):
    """Install a package of one module by hand."""
    metadata = site / f"{name}-{version}.dist-info"
    metadata.mkdir()
    (site / f"{name}.py").write_text(content, encoding="utf-8")
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    record = f"{name}.py,,{len(content)}\n{name}-{version}.dist-info/METADATA,,\n"
    (metadata / "RECORD").write_text(record, encoding="utf-8")
    return metadata


@pytest.fixture
def probe(site, install_folder):
    """What the probe says about the environment."""
    folder = next(parent for parent in site.parents if (parent / "pyvenv.cfg").exists())
    command = [pythons.of_environment(folder), "-I", install_folder / "probe.py"]
    return lambda *options: json.loads(subprocess.run([*command, *options], capture_output=True, check=True).stdout)


def test_the_probe_lists_packages_and_finds_the_engine(site, probe):
    """Names, versions and the place of the engine are told; without `--files` no file is looked at."""
    put(site, "alpha", "1.2", "x = 1\n")
    put(site, "engine", "0.1", "")
    report = probe()
    assert report["packages"] == {"alpha": "1.2", "engine": "0.1"}
    assert Path(report["engine"]) == site / "engine.py"
    assert report["broken"] == []


def test_an_environment_without_the_engine_says_so(probe):
    """No engine is null, not an error."""
    assert probe()["engine"] is None


@pytest.mark.parametrize("damage", ["cut", "gone", "no record"])
def test_the_probe_finds_a_half_installed_package(site, probe, damage):
    """A file that is short or missing, or a missing list of files, makes the package broken; a whole one is not."""
    put(site, "whole", "1.0", "x = 1\n")
    metadata = put(site, "half", "2.0", "y = 1\n")
    if damage == "cut":
        (site / "half.py").write_text("")
    elif damage == "gone":
        (site / "half.py").unlink()
    else:
        (metadata / "RECORD").unlink()
    assert [Path(path) for path in probe("--files")["broken"]] == [metadata]
