"""Planted faults, one at a time: each is told apart from all others, with its own cure."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sound_machine import GB, SOUND_DRIVER, SOUND_TORCH

from engine import __version__
from engine.contract.connection import Connection, runtime_folder, write_connection
from engine.contract.launch import find
from engine.doctor.examination import CHECKS, check_models, check_trial, examine
from engine.doctor.facts import FAULT, OK, WARNING, Device, Driver, Torch

QUICK = tuple(check for check in CHECKS if check not in (check_models, check_trial))
"""Those that load no PyTorch; the two others have tests of their own."""

REPOSITORY = Path(__file__).parents[2]


def faults(machine, checks=QUICK):
    """Give what is not ok."""
    return [finding for finding in examine(machine, checks) if finding.state != OK]


def test_a_sound_machine_has_no_fault(machine):
    """Where nothing is wrong, every check says ok, and each has a word."""
    findings = list(examine(machine, QUICK))
    assert {finding.state for finding in findings} == {OK}
    assert {finding.subject for finding in findings} >= {
        "python",
        "torch",
        "device",
        "store",
        "engine",
        "nuke",
        "fusion",
    }
    assert all(finding.says and not finding.cure for finding in findings)


def _with(**facts):
    return lambda machine, _: replace(machine, **facts)


def _torch(**facts):
    return _with(torch=replace(SOUND_TORCH, **facts))


def _environment(machine, **variables):
    os.environ.update(variables)  # the fixture `_restored` takes it back
    return replace(machine, environment={**machine.environment, **variables})


def _sets(**variables):
    return lambda machine, _: _environment(machine, **variables)


def _nuke(machine, folder, version):
    package = folder / "mam2_nuke"
    shutil.copytree(REPOSITORY / "nuke_plugin" / "mam2_nuke", package, ignore=shutil.ignore_patterns("__pycache__"))
    start = package / "__init__.py"
    start.write_text(start.read_text().replace(f'__version__ = "{__version__}"', f'__version__ = "{version}"'))
    return machine


def _nuke_twice(machine, tmp_path):
    _nuke(machine, machine.home / ".nuke", __version__)
    _nuke(machine, tmp_path / "site", __version__)
    return _environment(machine, NUKE_PATH=f"{tmp_path / 'gone'}:{tmp_path / 'site'}")


def _fuse(machine, folder, version="", *, modules=True):
    (folder / "Fuses").mkdir(parents=True)
    text = (REPOSITORY / "resolve_plugin" / "Fuses" / "MAM2.fuse").read_text()
    (folder / "Fuses" / "MAM2.fuse").write_text(text.replace("REG_Version = 100", version) if version else text)
    if modules:
        (folder / "Modules" / "Lua" / "mam2").mkdir(parents=True)
    return machine


def _resolve(machine):
    return machine.home / ".local/share/DaVinciResolve/Fusion"


def _connection(machine, pid, mode=0o600):
    path = write_connection(Connection("127.0.0.1", 9, "token", pid, __version__))
    path.chmod(mode)
    return machine


def _gone(machine, _):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return _connection(machine, process.pid)


def _damaged(machine, _):
    runtime_folder().mkdir()
    (runtime_folder() / "engine.json").write_text('{"host": "127.0')
    (runtime_folder() / "engine.json").chmod(0o600)
    return machine


def _broken_config(machine, tmp_path):
    (tmp_path / "config.ocio").write_text("ocio_profile_version: 2\nroles: [")
    return _environment(machine, OCIO=str(tmp_path / "config.ocio"))


def _config_alone(machine, tmp_path):
    """Plant a configuration of a studio that says nothing of sRGB."""
    (tmp_path / "config.ocio").write_text(
        "ocio_profile_version: 2\nroles: {scene_linear: lin, default: lin}\nfile_rules:\n"
        "  - !<Rule> {name: Default, colorspace: default}\n"
        "displays:\n  d:\n    - !<View> {name: v, colorspace: lin}\n"
        "colorspaces:\n  - !<ColorSpace>\n    name: lin\n"
    )
    return _environment(machine, OCIO=str(tmp_path / "config.ocio"))


def _file_as_store(machine, _):
    Path(os.environ["MAM2_STORE"]).write_text("")
    return machine


PLANTED = {
    "python too old": (_with(python=(3, 9, 18)), "python", FAULT, "3.9.18 is too old", "3.11 to 3.14"),
    "python of 32 bit": (_with(bits=32), "python", FAULT, "32-bit", "64-bit"),
    "python from tomorrow": (_with(python=(3, 15, 0)), "python", WARNING, "newer than what is tested", "3.11 to 3.14"),
    "another program's modules": (_sets(PYTHONPATH="elsewhere"), "python", WARNING, "PYTHONPATH", "unset PYTHONPATH"),
    "a package gone": (_with(missing=("timm",)), "packages", FAULT, "lacks: timm", "python3 install"),
    "torch broken": (
        _with(torch=Torch("", problem="libcudnn.so.9: cannot open shared object file")),
        *("torch", FAULT, "libcudnn.so.9", "python3 install"),
    ),
    "CUDA build, no driver, no GPU": (
        _with(torch=replace(SOUND_TORCH, devices=()), driver=Driver(hardware=False)),
        *("torch", WARNING, "no NVIDIA driver is here", "nothing has to be done"),
    ),
    "CUDA build, driver dead": (
        _with(torch=replace(SOUND_TORCH, devices=()), driver=Driver(hardware=True)),
        *("torch", FAULT, "does not answer", "nvidia-smi must work"),
    ),
    "CPU build with a GPU": (
        _torch(version="2.15.0+cpu", cuda="", devices=(), architectures=()),
        *("torch", WARNING, "CPU alone, and there is a GPU (NVIDIA RTX A5000)", "--torch cuda"),
    ),
    "driver too old": (
        _with(torch=replace(SOUND_TORCH, devices=()), driver=replace(SOUND_DRIVER, version="550.90", cuda=(12, 4))),
        *("torch", FAULT, "driver 550.90 (CUDA 12.4) is too old", "driver that serves CUDA 13"),
    ),
    "GPU hidden": (
        lambda machine, _: _environment(
            replace(machine, torch=replace(SOUND_TORCH, devices=())), CUDA_VISIBLE_DEVICES=""
        ),
        *("torch", WARNING, "CUDA_VISIBLE_DEVICES='' hides", "Unset it"),
    ),
    "driver without a GPU": (
        _with(torch=replace(SOUND_TORCH, devices=()), driver=replace(SOUND_DRIVER, gpus=())),
        *("torch", WARNING, "sees no GPU", "nvidia-smi -L"),
    ),
    "driver and kernel differ": (
        _torch(devices=(), problem="CUDA unknown error"),
        *("torch", FAULT, "although the driver 590.44.01 (CUDA 13.2) suits: CUDA unknown error", "Restart the machine"),
    ),
    "GPU too old for the build": (
        _torch(devices=(Device("cuda:0", "Quadro P4000", "sm_61", 8 * GB, 7 * GB),)),
        *("device", FAULT, "no kernels for Quadro P4000 (sm_61)", "--device cpu"),
    ),
    "GPU full": (
        _torch(devices=(Device("cuda:0", "RTX", "sm_86", 24 * GB, 2 * GB),)),
        *("device", WARNING, "cuda:0 (RTX): 2.0 of 24.0 GB are free", "Close what needs memory"),
    ),
    "machine full": (_with(memory=(64 * GB, 3 * GB)), "device", WARNING, "memory of the machine: 3.0", "Close what"),
    "setting that is none": (_sets(MAM2_STORE_BYTES="lots"), "settings", FAULT, "MAM2_STORE_BYTES", "unset MAM2_STORE"),
    "store larger than the disk": (
        _sets(MAM2_STORE_BYTES=str(10**17)),
        *("store", WARNING, "the disk would be full before", "MAM2_STORE_BYTES to less than"),
    ),
    "a file as store": (_file_as_store, "store", FAULT, "a file is in its place", "set MAM2_STORE to another folder"),
    "connection of an engine that is gone": (
        _gone,
        "engine",
        WARNING,
        "an engine that is gone",
        "next start replaces it",
    ),
    "connection that others may read": (
        lambda machine, _: _connection(machine, os.getpid(), 0o644),
        *("engine", FAULT, "Other users may read", "Delete it"),
    ),
    "connection damaged": (_damaged, "engine", FAULT, "is damaged", "Delete it"),
    "engine that does not answer": (
        lambda machine, _: _connection(machine, os.getpid()),
        *("engine", FAULT, f"Process {os.getpid()} is there, but does not answer", f"end process {os.getpid()}"),
    ),
    "Nuke's plug-in of another version": (
        lambda machine, _: _nuke(machine, machine.home / ".nuke", "0.9.2"),
        *("nuke", FAULT, "is version 0.9.2, the engine", "python3 install hosts"),
    ),
    "Nuke's plug-in damaged": (
        lambda machine, _: _nuke(machine, machine.home / ".nuke", '" + "'),
        *("nuke", FAULT, "is damaged", "python3 install hosts"),
    ),
    "Nuke's plug-in twice": (_nuke_twice, "nuke", WARNING, "the first one hides", "all but one"),
    "Nuke's plug-in where Nuke does not look": (
        lambda machine, _: _nuke(machine, machine.home / ".nuke" / "MAM2", __version__),
        *("nuke", WARNING, "nothing tells Nuke", "nuke.pluginAddPath('./MAM2')"),
    ),
    "Fuse of another version": (
        lambda machine, _: _fuse(machine, _resolve(machine), "REG_Version = 10203"),
        *("fusion", FAULT, "is version 1.2.3", "python3 install hosts"),
    ),
    "Fuse without its modules": (
        lambda machine, _: _fuse(machine, machine.home / ".fusion/BlackmagicDesign/Fusion", modules=False),
        *("fusion", FAULT, "lacks its modules", "python3 install hosts"),
    ),
    "OCIO names nothing": (
        lambda machine, tmp_path: _environment(machine, OCIO=str(tmp_path / "gone.ocio")),
        *("colour", FAULT, "a file that is not there", "unset OCIO"),
    ),
    "OCIO names no configuration": (_broken_config, "colour", FAULT, "no configuration that can be read", "ociocheck"),
    "OCIO without a way to sRGB": (_config_alone, "colour", WARNING, "scene-linear becomes sRGB", "'aces_interchange'"),
}


@pytest.fixture
def _restored(monkeypatch):
    """Take back what a planted fault puts into the environment."""
    for name in ("PYTHONPATH", "CUDA_VISIBLE_DEVICES", "OCIO", "NUKE_PATH", "MAM2_STORE_BYTES"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        if not os.environ[name]:
            del os.environ[name]


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_told_with_its_cure(machine, tmp_path, name):
    """One thing that is wrong gives one finding, which says what it is and what to do."""
    plant, subject, state, says, cure = PLANTED[name]
    found = faults(plant(machine, tmp_path))
    assert [(one.subject, one.state) for one in found] == [(subject, state)], found
    assert says in found[0].says
    assert cure in found[0].cure


def test_a_check_that_fails_itself_is_a_finding(machine):
    """What no check foresaw, or a package that cannot be loaded, is told, and the other checks still run."""

    def check_odd(_):
        raise ZeroDivisionError("seven by nothing")

    def check_gone(_):
        import a_package_that_is_not_here  # noqa: F401

    odd, gone, python = faults(machine, (check_odd, check_gone)) + list(examine(machine, QUICK[:1]))
    assert (odd.subject, odd.state) == ("odd", FAULT)
    assert "ZeroDivisionError: seven by nothing" in odd.says
    assert (gone.subject, gone.cure) == ("gone", "Set up again: python3 install.")
    assert python.state == OK


def test_sound_plug_ins_are_named_with_their_version(machine):
    """Plug-ins of the engine's version are ok in both hosts; the Fuse's number is the engine's version too."""
    _nuke(machine, machine.home / ".nuke" / "MAM2", __version__)
    (machine.home / ".nuke" / "init.py").write_text("import nuke\nnuke.pluginAddPath('./MAM2')\n")
    _fuse(machine, _resolve(machine))
    assert faults(machine) == []
    told = [finding.says for finding in examine(machine, QUICK) if finding.subject in ("nuke", "fusion")]
    assert [says.rpartition("is version ")[2] for says in told] == [__version__, __version__]


@pytest.mark.skipif(sys.platform == "win32", reason="the engine is ended by a signal")
def test_an_engine_that_runs_is_told_with_its_version(machine, monkeypatch):
    """A real engine is ok when it is of this version, and to be ended when it is of another."""
    environment = {**os.environ, "MAM2_DEVICES": "cpu"}
    command = [sys.executable, "-m", "engine", "serve"]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL)
    try:
        while (client := find()) is None:
            assert process.poll() is None
            time.sleep(0.05)
        client.close()
        assert faults(machine) == []
        monkeypatch.setattr("engine.doctor.check_engine.__version__", "7.0.0")
        (found,) = faults(machine)
        assert found.says == f"The engine that is running is version {__version__}, this is 7.0.0."
        assert f"End process {process.pid}" in found.cure
    finally:
        process.terminate()
        process.wait(60)
