from __future__ import annotations

import sys

import pytest
from fake_machine import FakeMachine, facts
from problems import SetupError
from pythons import choose, question
from runner import Terminal

OLD = ("old",)
NEW = ("python3.11",)


def chosen(answers):
    """The executable chosen among commands with these answers; None: the command does not start."""
    machine = FakeMachine(pythons={command: answer for command, answer in answers.items() if answer})
    return choose(machine, list(answers)).executable


def test_the_running_python_is_taken_when_it_fits():
    """The first Python that fits is the one."""
    assert chosen({("running",): facts("/a", (3, 12, 1)), NEW: facts("/b", (3, 11, 7))}) == "/a"


@pytest.mark.parametrize(
    "unfit",
    [
        facts("/a", (3, 9, 18)),
        facts("/a", (3, 10, 13)),
        facts("/a", (3, 99, 0)),
        facts("/a", (3, 11, 7), wheels=False),
        facts("/a", (3, 11, 7), venv=False),
        None,
        "pyenv: python3.12: command not found",
        '{"executable": null}',
    ],
)
def test_what_does_not_fit_is_passed_over(unfit):
    """Old, untried, 32-bit, crippled and merely pretended Pythons are passed over for one that fits."""
    assert chosen({OLD: unfit, NEW: facts("/b", (3, 11, 7))}) == "/b"


def test_no_python_that_fits_is_told_with_what_was_found():
    """The sentence names the versions that would do and the one that was found."""
    with pytest.raises(SetupError) as problem:
        chosen({OLD: facts("/usr/bin/python3", (3, 9, 18)), NEW: None})
    assert "3.11 to 3.14" in problem.value.message
    assert "Python 3.9.18 (/usr/bin/python3)" in problem.value.message
    assert "Install Python 3.12" in problem.value.hint


def test_a_python_without_venv_is_told_what_to_install():
    """On Debian the missing package is named."""
    with pytest.raises(SetupError) as problem:
        chosen({OLD: facts("/a", (3, 9, 18)), NEW: facts("/usr/bin/python3", (3, 11, 2), venv=False)})
    assert "python3.11-venv" in problem.value.hint


def test_a_real_python_answers():
    """The question is understood by the Python that runs this test."""
    found = question(Terminal(), [sys.executable])
    assert found is not None
    assert found.version == sys.version_info[:3]
    assert found.wheels
