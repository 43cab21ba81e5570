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


def test_the_makefile_holds_aliases_only(repository):
    """Each target is one line that calls something that also runs without make."""
    lines = (repository / "Makefile").read_text(encoding="utf-8").splitlines()
    targets = [line.rstrip(":") for line in lines if re.fullmatch(r"[a-z-]+:", line)]
    recipes = [line for line in lines if line.startswith("\t")]
    phony = next(line for line in lines if line.startswith(".PHONY:"))
    assert targets == phony.removeprefix(".PHONY:").split()
    assert len(recipes) == len(targets)
