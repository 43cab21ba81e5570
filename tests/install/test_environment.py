from __future__ import annotations

import shutil
from collections import namedtuple

import pytest
import stamp
from fake_machine import NO_NETWORK, PINS, make_clone
from problems import SetupError
from runner import Outcome

STEPS = ["pip", "torch", "hydra-core", "sam2", "--editable"]


def packages(environment):
    """Name -> version of what lies in an environment."""
    return stamp.read(environment.folder).packages


def test_a_fresh_machine_gets_everything_in_its_pinned_version(clone, machine):
    """After one set-up the environment holds each package in exactly the tested version, and says that it is ready."""
    environment = machine.environment(clone)
    environment.prepare(("test", "training"))
    assert packages(environment) == PINS
    assert stamp.read(environment.folder).ready


def test_torch_comes_before_sam2_which_is_built_against_it(clone, machine):
    """sam2 never gets an isolated build, which would download torch a second time, nor builds CUDA code."""
    machine.environment(clone).prepare(())
    installs = machine.installs()
    assert [next(word for word in STEPS if word in call) for call in installs] == STEPS
    assert {"--no-build-isolation", "--no-deps"} < set(installs[3])
    sam2_variables = next(variables for command, variables in machine.shown if "sam2" in command)
    assert sam2_variables == {"SAM2_BUILD_CUDA": "0"}


def test_every_installation_is_constrained(clone, machine):
    """No call of pip may choose a version of its own."""
    machine.environment(clone).prepare(("test",))
    calls = [command for command, _ in machine.shown if "install" in command]
    assert calls
    for command in calls:
        assert command[command.index("--constraint") + 1] == "install/constraints.txt"


def test_a_ready_environment_is_left_alone(clone, machine):
    """A second set-up starts no program that the user sees."""
    machine.environment(clone).prepare(("test",))
    machine.shown.clear()
    machine.environment(clone).prepare(("test",))
    machine.environment(clone).prepare(())
    assert machine.shown == []


def test_the_tests_need_is_added_to_the_demos_environment(clone, machine):
    """Extras add up: the demo's environment grows for the tests, and both find theirs afterwards."""
    environment = machine.environment(clone)
    environment.prepare(())
    assert "pytest" not in packages(environment)
    environment.prepare(("test",))
    environment.prepare(("training",))
    assert {"pytest", "accelerate"} <= set(packages(environment))
    assert stamp.read(environment.folder).extras == ("test", "training")


@pytest.mark.parametrize("name", ["install/constraints.txt", "install/steps.py", "pyproject.toml"])
def test_changed_pins_are_followed(clone, machine, name):
    """A pull that changes what belongs in the environment changes the environment on the next run."""
    environment = machine.environment(clone)
    environment.prepare(())
    changed = (clone / name).read_text().replace("torch==2.15.0", "torch==2.16.0")
    (clone / name).write_text(changed + "\n")
    machine.shown.clear()
    environment.prepare(())
    assert machine.installs()
    assert packages(environment)["torch"] == ("2.16.0" if "constraints" in name else "2.15.0")


@pytest.mark.parametrize("word", ["venv", *STEPS])
@pytest.mark.parametrize("ending", [Outcome(1, NO_NETWORK), KeyboardInterrupt()])
def test_an_interrupted_setup_is_finished_by_the_next_run(clone, machine, word, ending):
    """Wherever a set-up stops, the environment counts as unfinished until a later run completes it."""
    environment = machine.environment(clone)
    machine.trouble[word] = ending
    with pytest.raises((SetupError, KeyboardInterrupt)):
        environment.prepare(("test", "training"))
    assert not stamp.read(environment.folder).ready
    machine.trouble.clear()
    environment.prepare(("test", "training"))
    assert packages(environment) == PINS


def test_a_half_installed_package_is_installed_again(clone, machine):
    """A package whose files were cut off is not taken for installed."""
    environment = machine.environment(clone)
    machine.trouble["sam2"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        environment.prepare(())
    record = environment.folder / "lib" / "torch-2.15.0.dist-info" / "RECORD"
    record.unlink()
    machine.trouble.clear()
    environment.prepare(())
    assert record.exists()


def test_metadata_outside_the_environment_is_never_removed(clone, machine, tmp_path):
    """Repairing touches the environment alone, even when a broken package lies elsewhere on Python's path."""
    environment = machine.environment(clone)
    environment.prepare(())
    elsewhere = tmp_path / "elsewhere" / "x-1.dist-info"
    elsewhere.mkdir(parents=True)
    (environment.folder / "lib" / "x-1.dist-info").symlink_to(elsewhere, target_is_directory=True)
    (clone / "pyproject.toml").write_text("changed")
    environment.prepare(())
    assert elsewhere.exists()


@pytest.mark.parametrize("name", ["torch", "peft"])
def test_a_package_that_was_removed_is_noticed(clone, machine, name):
    """An environment that lost a package is completed, not used as it is."""
    environment = machine.environment(clone)
    environment.prepare(())
    shutil.rmtree(environment.folder / "lib" / f"{name}-{PINS[name]}.dist-info")
    environment.prepare(())
    assert (environment.folder / "lib" / f"{name}-{PINS[name]}.dist-info").exists()


def test_a_moved_clone_is_linked_anew(clone, machine):
    """After the repository moved, its environment leads to the new place."""
    machine.environment(clone).prepare(())
    moved = clone.rename(clone.with_name("mam2 moved"))
    environment = machine.environment(moved)
    environment.prepare(())
    assert (environment.folder / "link").read_text(encoding="utf-8") == str(moved)


def test_an_environment_whose_python_died_is_made_again(clone, machine):
    """When the Python beneath is gone, the environment that the set-up made is made afresh."""
    environment = machine.environment(clone)
    environment.prepare(())
    environment.python.write_text("gone")
    (environment.folder / "lib" / "torch-2.15.0.dist-info" / "RECORD").unlink()
    environment.prepare(())
    assert packages(environment)["torch"] == "2.15.0"
    assert environment.python.read_text() == "works"


def test_somebody_elses_broken_environment_is_left_alone(clone, machine):
    """An environment that the set-up did not make is never emptied."""
    environment = machine.environment(clone)
    environment.folder.mkdir()
    (environment.folder / "pyvenv.cfg").write_text("version = 3.8")
    for _ in range(2):
        with pytest.raises(SetupError, match="left alone"):
            environment.prepare(())
    assert (environment.folder / "pyvenv.cfg").read_text() == "version = 3.8"


def test_somebody_elses_working_environment_is_used(clone, machine):
    """An environment that the user made with a suitable Python is filled, not replaced."""
    environment = machine.environment(clone)
    machine._make_environment(environment.folder)
    environment.prepare(())
    assert packages(environment)["torch"] == "2.15.0"
    assert not any("venv" in command for command, _ in machine.shown)


def test_a_folder_with_other_things_is_refused(clone, machine, monkeypatch):
    """MAM2_VENV pointing at a folder of work is an error, and the folder stays as it was."""
    work = clone.parent / "work"
    work.mkdir()
    (work / "comp.nk").write_text("precious")
    monkeypatch.setenv("MAM2_VENV", str(work))
    with pytest.raises(SetupError, match="not a Python environment"):
        machine.environment(clone).prepare(())
    assert [path.name for path in work.iterdir()] == ["comp.nk"]


def test_the_environment_goes_where_it_is_told(clone, machine, monkeypatch):
    """MAM2_VENV moves the environment; an empty folder there is fine, and the repository stays clean."""
    elsewhere = clone.parent / "envs" / "mam2"
    elsewhere.mkdir(parents=True)
    monkeypatch.setenv("MAM2_VENV", str(elsewhere))
    machine.environment(clone).prepare(())
    assert stamp.read(elsewhere).ready
    assert not (clone / ".venv").exists()


def test_a_full_disk_is_told_before_the_download(clone, machine, monkeypatch):
    """Without room for PyTorch the set-up stops before it downloads anything."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024  (what shutil.disk_usage returns)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**12, 10**12 - 10**9, 10**9))
    with pytest.raises(SetupError, match=r"1\.0 GB left"):
        machine.environment(clone).prepare(())
    assert machine.shown == []


def test_an_engine_from_elsewhere_is_told(clone, machine, monkeypatch):
    """An environment in which `import engine` leads to another clone is not called ready."""
    install = machine._install
    monkeypatch.setattr(machine, "_install", lambda folder, arguments, root: install(folder, arguments, root.parent))
    make_clone(clone.parent)
    environment = machine.environment(clone)
    with pytest.raises(SetupError, match="does not lead to"):
        environment.prepare(())
    assert not stamp.read(environment.folder).ready


def test_a_part_that_does_not_start_is_told(clone, machine):
    """An environment whose parts cannot be imported is not called ready."""
    machine.trouble["import torch"] = Outcome(1, "Traceback ...\nImportError: libGL.so.1: cannot open shared object\n")
    environment = machine.environment(clone)
    with pytest.raises(SetupError, match=r"libGL\.so\.1"):
        environment.prepare(())
    assert not stamp.read(environment.folder).ready
