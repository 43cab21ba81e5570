"""Style and types, as tests: one command checks everything."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHECKS = {
    "ruff check": ["ruff", "check", "--output-format=concise", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy engine": ["mypy"],
    "mypy install": ["mypy", "install"],
}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_the_source_passes(repository, name):
    """Every source file passes the linter, the formatter and the strict type check."""
    answer = subprocess.run(
        [sys.executable, "-m", *CHECKS[name]], cwd=repository, capture_output=True, encoding="utf-8", check=False
    )
    if answer.returncode != 0:
        pytest.fail(f"{name} says:\n{answer.stdout}{answer.stderr}", pytrace=False)
