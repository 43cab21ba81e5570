"""The set-up's modules import each other plainly, as a folder that Python runs does; so do these tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

INSTALL = Path(__file__).resolve().parent.parent.parent / "install"
sys.path.insert(0, str(INSTALL))

from fake_machine import FakeMachine, make_clone  # noqa: E402  (they need the path above)


@pytest.fixture(scope="session")
def install_folder():
    """The folder that Python runs."""
    return INSTALL


@pytest.fixture
def clone(tmp_path):
    """A repository's bare bones, in a folder with a space and a letter beyond ASCII."""
    return make_clone(tmp_path / "clone é x" / "mam2")


@pytest.fixture
def machine(monkeypatch):
    """A machine with one good Python, a package index and an empty disk."""
    monkeypatch.delenv("MAM2_VENV", raising=False)
    return FakeMachine()
