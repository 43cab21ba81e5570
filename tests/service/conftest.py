"""Engines for tests: one for those of a file that only talk to it, fresh ones for those that kill it."""

from contextlib import suppress

import pytest
from running_engine import engines
from worker_bench import Bench

from engine.contract.errors import ServiceError
from engine.session.transfer import place_matter
from engine.weights.models import load_model


@pytest.fixture(scope="module")
def client():
    """Give a client of an engine that the tests of one file share which only talk to it."""
    with engines() as make, make().start() as client:
        yield client


@pytest.fixture
def make_engine():
    """Make engines, each with folders of its own; what still runs at the end is stopped."""
    with engines() as make:
        yield make


@pytest.fixture(autouse=True)
def _without_shots(request):
    yield
    if "client" in request.fixturenames:
        with suppress(ServiceError):
            request.getfixturevalue("client").delete("sh")


@pytest.fixture(scope="module")
def model():
    """Give the starter, loaded once for all tests."""
    return load_model("starter", device="cpu")


@pytest.fixture
def bench(tmp_path, model):
    """Make workers on stores of their own."""
    benches = []

    def make():
        benches.append(Bench(tmp_path / str(len(benches)), model))
        return benches[-1]

    yield make
    for one in benches:
        one.runs.close()
    place_matter(model, on_host=False)
