"""Processes of ours run our code, wherever they are started."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from engine.contract.errors import EngineError
from engine.doctor.check_trial import check_trial
from engine.doctor.facts import OK, gather, probe_torch
from engine.own_python import environment, python_command, run_python
from engine.service.devices import Device, _ask
from engine.service.store import Store
from engine.service.viewers import Viewer
from engine.service.workers import WorkerProcess


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Work in a folder where packages lie that anybody may have put there; gives what their code leaves when run."""
    folder, mark = tmp_path / "project", tmp_path / "planted code was run"
    code = f"open({str(mark)!r}, 'w').close()\nraise SystemExit('planted')\n"
    for name in ("engine", "torch", "numpy"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(code)
        (folder / name / "__main__.py").write_text(code)
    (folder / "json.py").write_text(code)
    (folder / "argparse.py").write_text(code)
    monkeypatch.chdir(folder)
    return mark


@pytest.mark.slow
def test_a_planted_package_is_not_run_by_probes(planted):
    """What looks for PyTorch, for the doctor and for the engine, finds the installed one."""
    assert probe_torch().version
    assert not planted.exists()
    assert "devices" in _ask()
    assert not planted.exists()


@pytest.mark.slow
def test_a_planted_package_is_not_run_by_the_doctors_trial(planted):
    """The doctor's trial matte is made by our program."""
    (found,) = check_trial(gather())
    assert found.state == OK
    assert not planted.exists()


@pytest.mark.slow
def test_a_planted_package_is_not_run_by_the_engines_processes(planted, tmp_path):
    """Worker and viewer run none of it."""
    store = Store(tmp_path / "store")

    async def start():
        viewer = Viewer(store)
        worker = WorkerProcess(Device("cpu"), store, 1 << 30, 1.0, print)
        with pytest.raises(EngineError, match="no shot"):
            await viewer.ask("picture", shot="none", frame=1, layer="plate", thing="", width=64, mark="", preview=False)
        await viewer.close()
        worker.prepare("starter")
        while worker.device.state != "ready" and not worker.device.deaths:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
        await worker.close()
        return worker.device.deaths

    assert asyncio.run(start()) == 0
    assert not planted.exists()


def test_a_program_of_ours_gets_its_words_and_our_package():
    """The command runs the module with its arguments, from the package that made the command."""
    done = run_python("engine", "--version", timeout=60)
    assert engine.__version__ in done.stdout
    assert python_command("engine", "serve")[-2:] == ["engine", "serve"]


def test_no_process_of_ours_asks_a_hub(monkeypatch, tmp_path):
    """Libraries that would fetch weights from a hub are told to stay away, and paths hold from the other folder too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("MAM2_WEIGHTS", "weights")
    monkeypatch.setenv("OCIO", "ocio://default")
    found = environment()
    assert found["HF_HUB_OFFLINE"] == "1"
    assert Path(found["MAM2_WEIGHTS"]) == tmp_path / "weights"
    assert found["OCIO"] == "ocio://default"
    said = subprocess.run(
        [sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"],
        env=found,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(said.stdout)["HF_HUB_OFFLINE"] == "1"
