"""`python3 install` alone, on a machine that is plain files: the environment, its PyTorch, pip's options."""

from __future__ import annotations

from pathlib import Path

import manifest
import pytest
import stamp
import verbs
from fake_machine import NO_NETWORK
from runner import Outcome


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home."""
    home = tmp_path / "Zoë Ünal home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "PIP_CACHE_DIR", "RUSTUP_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def run(clone, machine, home, monkeypatch):
    """Run `python3 install ...` on the machine, for that home."""
    monkeypatch.setattr(verbs, "Terminal", lambda: machine)
    monkeypatch.setattr(verbs, "__file__", str(clone / "install" / "verbs.py"))
    assert home.is_dir()
    return lambda *arguments: verbs.main(arguments)


def _environment(home):
    return home / ".local/share/mam2/environment"


def _calls(machine, verb="install"):
    return [command for command, _ in machine.shown if verb in command[:5]]


def test_the_engine_is_a_copy_in_the_users_data(run, machine, home, clone):
    """Without a verb the engine is installed for the user, as a copy, and the repository stays without environment."""
    assert run() == 0
    assert stamp.read(_environment(home)).ready
    assert _calls(machine)[-1][5:].count("--editable") == 0
    assert not (clone / ".venv").exists()
    known = manifest.read(home / ".local/share/mam2")
    assert (known.complete, known.trees) == (True, (str(_environment(home)),))


def test_a_dry_run_starts_nothing(run, machine, home, capsys):
    """`--dry-run` says where the environment would come and starts no program and writes no file."""
    assert run("--dry-run", "--torch", "cpu") == 0
    said = capsys.readouterr().out
    assert str(_environment(home)) in said
    assert "PyTorch: cpu" in said
    assert machine.shown == []
    assert list(home.iterdir()) == []


def test_an_option_that_there_is_not_ends_with_status_2(run, machine):
    """A misspelt option is no reason to install something."""
    with pytest.raises(SystemExit) as end:
        run("--fast")
    assert end.value.code == 2
    assert machine.shown == []


def test_what_follows_the_dashes_goes_to_every_installation(run, machine):
    """An index of the user's own reaches each `pip install`."""
    run("--", "--trusted-host", "mirror")
    assert _calls(machine)
    assert all(call[-2:] == ["--trusted-host", "mirror"] for call in _calls(machine))


def test_pip_leaves_nothing_in_a_home_without_its_cache(run, machine, home):
    """Where pip has no cache, downloads are kept beside the environment until it is ready, and then go."""
    run()
    assert all(Path(variables["PIP_CACHE_DIR"]).is_relative_to(home / ".local") for _, variables in machine.shown[:3])
    assert not (home / ".local/share/mam2/downloads").exists()


def test_a_cache_that_is_there_is_used(run, machine, home):
    """Where pip keeps downloads already, they are used, and need not come again."""
    (home / ".cache/pip").mkdir(parents=True)
    run()
    assert not any("PIP_CACHE_DIR" in variables for _, variables in machine.shown)


def test_another_pytorch_takes_the_place_of_the_first(run, machine, home):
    """A change of build removes the old PyTorch and installs the new one; later runs keep to that choice."""
    run()
    machine.shown.clear()
    machine.torch = "cpu"
    run("--torch", "cpu")
    assert _calls(machine, "uninstall")[0][5:] == ["--yes", "torch", "torchvision"]
    assert "torch==2.15.0+cpu" in _calls(machine)[1]
    machine.shown.clear()
    run()
    assert machine.shown == []
    assert stamp.read(_environment(home)).torch == "cpu"


def test_a_build_that_pip_did_not_find_is_told(run, machine, home, capsys):
    """When pip's index has another build than was asked for, the installation is not called ready, and says why."""
    machine.torch = "cpu"
    assert run("--torch", "cuda") == 2
    said = capsys.readouterr().err
    assert "PyTorch's cpu build, not one for cuda" in said
    assert "-- OPTIONS OF PIP" in said
    assert not stamp.read(_environment(home)).ready


@pytest.mark.parametrize("word", ["venv", "torch", "sam2", "mam2-source"])
def test_an_interrupted_installation_is_finished_or_removed(run, machine, home, word):
    """Wherever it stops, the next run completes it; and a removal leaves an empty home empty."""
    machine.trouble[word] = Outcome(1, NO_NETWORK)
    assert run() == 2
    assert not manifest.read(home / ".local/share/mam2").complete
    assert run("remove") == 0
    assert list(home.iterdir()) == []
    machine.trouble[word] = KeyboardInterrupt()
    assert run() == 130
    machine.trouble.clear()
    assert run() == 0
    assert manifest.read(home / ".local/share/mam2").complete
    assert run("remove") == 0
    assert list(home.iterdir()) == []


def test_a_folder_of_the_users_is_left_alone(run, machine, home, capsys):
    """A folder in the environment's place that was not made here is refused in words, and stays as it was."""
    _environment(home).mkdir(parents=True)
    (_environment(home) / "work.txt").write_text("mine")
    assert run() == 2
    assert "has not made" in capsys.readouterr().err
    assert [path.name for path in home.rglob("*") if path.is_file()] == ["work.txt"]
    assert machine.shown == []


def test_shots_and_weights_survive_a_removal(run, home, capsys):
    """What the engine has stored is the user's: a removal leaves it and says where it is."""
    run()
    store = home / ".local/share/mam2/store"
    store.mkdir()
    (store / "shot").write_text("work")
    run("remove")
    assert f"stays, for there is something in it that the installation did not write: {store.parent}" in (
        capsys.readouterr().out
    )
    assert [path for path in home.rglob("*") if path.is_file()] == [store / "shot"]


def test_a_folder_without_wheels_is_refused(run, machine, tmp_path, capsys):
    """An empty folder of wheels is a sentence, before anything is made."""
    assert run("--wheels", str(tmp_path)) == 2
    assert "There are no wheels" in capsys.readouterr().err
    assert machine.shown == []


@pytest.mark.parametrize("verb", ["demo", "test", "bundle"])
def test_a_bundle_says_what_it_cannot(run, machine, clone, capsys, verb):
    """What needs the repository says so in an unpacked bundle."""
    (clone / "engine" / "__main__.py").unlink()
    assert run(verb) == 2
    assert "needs the repository" in capsys.readouterr().err
    assert machine.shown == []


def test_the_recommended_weights_are_offered_once(run, machine, home, monkeypatch, capsys):
    """At a terminal the first installation hands over to `mam2 weights pull recommended`, and no later one does."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    pull = [str(_environment(home) / "bin" / "mam2"), "weights", "pull", "recommended"]
    assert run() == 0
    assert [command for command, _ in machine.handed] == [pull]
    assert run() == 0
    assert len(machine.handed) == 1
    assert "weights pull recommended" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [(), ("--site", "shared")])
def test_nobody_is_asked_where_nobody_would_answer(run, machine, monkeypatch, tmp_path, capsys, arguments):
    """Without a terminal, or for a whole studio, the command is named and nothing is asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: bool(arguments), raising=False)
    assert run(*arguments) == 0
    assert machine.handed == []
    assert "weights pull recommended" in capsys.readouterr().out
