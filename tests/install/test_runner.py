from __future__ import annotations

import sys

import pytest
from runner import Outcome, Terminal, clean_variables


def test_a_shown_program_is_seen_and_its_errors_are_kept(tmp_path, capfd):
    """Output passes through; standard error is also given back with the exit status."""
    script = "import os, sys; print(os.environ['WORD']); print('oh é', file=sys.stderr); sys.exit(3)"
    outcome = Terminal().show([sys.executable, "-c", script], tmp_path, {"WORD": "seen"})
    assert outcome == Outcome(3, "oh é\n")
    shown = capfd.readouterr()
    assert shown.out.split() == ["seen"]
    assert "oh" in shown.err


def test_an_answer_is_what_the_program_prints():
    """Asking gives standard output and shows nothing."""
    assert Terminal().ask([sys.executable, "-c", "print('yes é')"]) == "yes é\n"


@pytest.mark.parametrize("command", [["no-such-program-anywhere"], [sys.executable, "-c", "raise SystemExit(1)"]])
def test_a_failed_question_has_no_answer(command):
    """A program that is missing or fails gives None, not an error."""
    assert Terminal().ask(command) is None


def test_a_program_with_the_terminal_runs_in_the_folder(tmp_path):
    """Handing over gives the program's own exit status, and runs it in the folder."""
    script = "import os, sys; open('here', 'w').close(); sys.exit(7)"
    assert Terminal().hand_over([sys.executable, "-c", script], tmp_path) == 7
    assert (tmp_path / "here").exists()


def test_the_users_mirror_stays_and_stray_paths_go(monkeypatch):
    """The user's pip settings are respected, except the one that cannot work; another Python's paths are dropped."""
    mirror = "https://mirror.example/simple"
    for name, value in (("PIP_INDEX" + "_URL", mirror), ("PIP_USER", "1"), ("PYTHONPATH", "x"), ("PYTHONHOME", "y")):
        monkeypatch.setenv(name, value)
    variables = clean_variables()
    assert variables["PIP_INDEX" + "_URL"] == mirror
    assert variables["PIP_USER"] == "0"
    assert not {"PYTHONPATH", "PYTHONHOME"} & set(variables)
