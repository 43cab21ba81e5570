from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import verbs
from fake_machine import NO_NETWORK
from runner import Outcome


@pytest.fixture
def run(clone, machine, monkeypatch):
    """Run `python3 install ...` on the machine, for the clone."""
    monkeypatch.setattr(verbs, "Terminal", lambda: machine)
    monkeypatch.setattr(verbs, "__file__", str(clone / "install" / "verbs.py"))
    return lambda *arguments: verbs.main(arguments)


def test_the_demo_starts_after_the_setup(run, clone, machine):
    """`demo` sets up and hands over to the engine, with the results in the repository's demo folder."""
    assert run("demo") == 0
    environment = machine.environment(clone)
    assert machine.handed == [
        ([str(environment.python), "-m", "engine", "demo", "--out", str(clone / "demo")], clone),
    ]


def test_the_demos_results_go_where_the_user_stands(run, machine, tmp_path, monkeypatch):
    """A relative `--out` is relative to the user's folder, not to the repository."""
    monkeypatch.chdir(tmp_path)
    run("demo", "--out", "my results")
    assert Path(machine.handed[0][0][-1]) == tmp_path / "my results"


def test_the_tests_get_their_arguments(run, clone, machine):
    """`test` installs the test extra and passes everything behind it to pytest unchanged."""
    assert run("test", "-k", "install or lint", "-x") == 0
    (command, folder), *_ = machine.handed
    assert command[1:] == ["-m", "pytest", "-k", "install or lint", "-x"]
    assert folder == clone
    assert [call[-1] for call in machine.installs()][-1] == ".[test,training]"


def test_the_verbs_status_is_the_programs(run, machine, monkeypatch):
    """A failing test run fails the command with the same status."""
    monkeypatch.setattr(machine, "hand_over", lambda *_: 1)
    assert run("test") == 1


def test_no_network_is_a_sentence_and_a_hint(run, machine, capsys):
    """Without a network the command ends with status 2, says why and what to do, and starts nothing."""
    machine.trouble["torch"] = Outcome(1, NO_NETWORK)
    assert run("demo") == 2
    said = capsys.readouterr().err
    assert "The package index cannot be reached." in said
    assert "Check the network" in said
    assert "Traceback" not in said
    assert machine.handed == []


def test_a_folder_that_cannot_be_made_is_a_sentence(run, machine, tmp_path, monkeypatch, capsys):
    """A place where no environment can be made ends with status 2 and names the way out."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MAM2_VENV", str(tmp_path / "file" / "environment"))
    assert run("demo") == 2
    assert "set MAM2_VENV (for an installation: --site) to a folder" in capsys.readouterr().err
    assert machine.shown == []


def test_stopping_is_no_failure_with_a_traceback(run, machine, capsys):
    """Ctrl-C ends the set-up with the usual status and says that the next run goes on."""
    machine.trouble["torch"] = KeyboardInterrupt()
    assert run("demo") == 130
    assert "goes on where it stopped" in capsys.readouterr().err


def test_a_fresh_setup_says_what_it_does_and_how_large_it_is(run, capsys):
    """The user reads what arrives and roughly how large it is, before it is downloaded."""
    run("demo")
    said = capsys.readouterr().out
    assert "private environment" in said
    assert all(f"[{number}/5]" in said for number in range(1, 6))
    assert "PyTorch (download: about" in said


@pytest.mark.parametrize("arguments", [["fly"], ["demos", "--out", "x"]])
def test_an_unknown_verb_gets_the_help_and_status_2(run, machine, capsys, arguments):
    """What is not a verb shows the verbs, sets nothing up and ends with status 2."""
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in verbs.VERBS)
    assert machine.shown == []


def test_python_runs_the_folder(install_folder, tmp_path):
    """`python3 install --help` works from any folder, with nothing installed."""
    answer = subprocess.run(
        [sys.executable, "-I", "-S", install_folder, "--help"], capture_output=True, check=False, cwd=tmp_path
    )
    assert answer.returncode == 0
    assert b"demo" in answer.stdout
