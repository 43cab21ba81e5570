from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_ci_script_is_a_runnable_script(repository):
    """`.ci/run` is executable and bash can read it."""
    script = repository / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("fast", "slow", "expected"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (5, 0, 5), (0, 5, 5)])
def test_the_check_is_the_command_of_the_readme_in_two_lanes(repository, tmp_path, fast, slow, expected):
    """`.ci/run` runs `python3 install test` for the slow tests and for the others, and fails when either does."""
    python = tmp_path / "python3"
    python.write_text(
        f'#!/bin/sh\necho "$@" >> "{tmp_path}/said"\ncase "$*" in *"not slow"*) exit {fast};; *) exit {slow};; esac\n'
    )
    python.chmod(0o755)
    surroundings = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([repository / ".ci" / "run"], env=surroundings, capture_output=True, check=False)
    assert done.returncode == expected
    said = [line.split(" -m ") for line in (tmp_path / "said").read_text().splitlines() if line.startswith("install")]
    assert [words[0].split()[:2] for words in said] == [["install", "test"]] * 2
    assert sorted(words[1].partition(" --num")[0] for words in said) == ["not slow", "slow"]


def test_the_makefile_holds_aliases_only(repository):
    """Each target is one line that calls something that also runs without make."""
    lines = (repository / "Makefile").read_text(encoding="utf-8").splitlines()
    targets = [line.rstrip(":") for line in lines if re.fullmatch(r"[a-z-]+:", line)]
    recipes = [line for line in lines if line.startswith("\t")]
    phony = next(line for line in lines if line.startswith(".PHONY:"))
    assert targets == phony.removeprefix(".PHONY:").split()
    assert len(recipes) == len(targets)
