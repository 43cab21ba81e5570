"""Engines for the tool's tests: one that they share, fresh ones where they are killed."""

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
for folder in (TESTS / "service", TESTS / "hosts" / "fusion"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

from running_engine import engines  # noqa: E402 - stands beside the service's tests


@pytest.fixture(scope="session")
def _one_engine():
    with engines() as make:
        engine = make()
        client = engine.start()
        os.environ.pop("MAM2_RUNTIME", None)  # until a test asks for the engine
        yield engine, client
        client.close()


@pytest.fixture(scope="module")
def engine(_one_engine):
    """Give a client of an engine that all files share; a file's tools find it by its connection file."""
    running, client = _one_engine
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("MAM2_RUNTIME", running.variables["MAM2_RUNTIME"])
        yield client
        for shot in client.status()["shots"]:
            client.delete(shot)


@pytest.fixture
def make_engine():
    """Make engines, each with folders of its own; what still runs at the end is stopped."""
    with engines() as make:
        yield make
