"""Engines for the tool's tests: one that a file's tests share, fresh ones where they are killed."""

import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
for folder in (TESTS / "service", TESTS / "hosts" / "fusion"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

from running_engine import RunningEngine  # noqa: E402 - stands beside the service's tests


@pytest.fixture(scope="module")
def engine():
    """Give a client of an engine that the tests of a file share; the tools find it by its connection file."""
    with _engines() as make, make().start() as client:
        yield client


@pytest.fixture
def make_engine():
    """Make engines, each with folders of its own; what still runs at the end is stopped."""
    with _engines() as make:
        yield make


@contextmanager
def _engines():
    # A Unix socket's path must be short, which pytest's own folders are not.
    base = Path(tempfile.mkdtemp(prefix="m2"))
    engines = []
    with pytest.MonkeyPatch.context() as variables:

        def make(**more):
            folder = base / str(len(engines))
            folder.mkdir()
            engines.append(RunningEngine(folder, variables, **more))
            return engines[-1]

        try:
            yield make
        finally:
            for one in engines:
                one.stop()
            shutil.rmtree(base)
