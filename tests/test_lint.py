"""Style and types, as tests: one command checks everything."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

CHECKS = {
    "ruff check": ["ruff", "check", "--output-format=concise", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy engine": ["mypy"],
    "mypy install": ["mypy", "install"],
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if "mypy" in name else name for name in sorted(CHECKS)]
)
def test_the_source_passes(repository, name):
    """Every source file passes the linter, the formatter and the strict type check."""
    answer = subprocess.run(
        [sys.executable, "-m", *CHECKS[name]], cwd=repository, capture_output=True, encoding="utf-8", check=False
    )
    if answer.returncode != 0:
        pytest.fail(f"{name} says:\n{answer.stdout}{answer.stderr}", pytrace=False)


def test_modules_of_the_tests_have_names_of_their_own(repository):
    """Tests are imported by file name alone, so that no two files below `tests` share one, `conftest.py` apart."""
    names = Counter(path.name for path in (repository / "tests").rglob("*.py"))
    shared = sorted(name for name, count in names.items() if count > 1 and name not in {"conftest.py", "__init__.py"})
    assert not shared
