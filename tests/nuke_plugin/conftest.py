"""The plug-in in a stand-in for Nuke, and real engines for it."""

import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parent.parent
PLUGIN = _TESTS.parent / "nuke_plugin"
# The plug-in's folder is on the host's path, as NUKE_PATH puts it there; engines come from the service's own tests.
for _folder in (PLUGIN, _TESTS / "service"):
    sys.path.insert(0, str(_folder))

from running_engine import engines  # noqa: E402 - stands beside the service's tests


@pytest.fixture(autouse=True)
def _this_environment(monkeypatch):
    """An engine that the plug-in starts by itself runs in the environment of these tests, wherever that lies."""
    monkeypatch.setenv("MAM2_VENV", sys.prefix)


@pytest.fixture
def make_engine():
    """Make engines, each with folders of its own; what still runs at the end is stopped."""
    with engines() as make:
        yield make


@pytest.fixture
def engine(make_engine):
    """Give an engine that answers."""
    engine = make_engine()
    engine.start().close()
    return engine


@pytest.fixture(scope="module")
def shared_engine():
    """Give an engine that answers, to tests of one file that neither end it nor count its shots."""
    with engines() as make:
        engine = make()
        engine.start().close()
        yield engine


@pytest.fixture
def terminal(start_nuke):
    """Start `nuke -t` with the plug-in on its path."""
    return start_nuke(gui=False, paths=[PLUGIN])


@pytest.fixture
def artist(start_nuke):
    """Start Nuke with its window and the plug-in on its path."""
    return start_nuke(paths=[PLUGIN])
