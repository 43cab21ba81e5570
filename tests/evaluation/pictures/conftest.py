"""What the tests of the benchmark of photographs share."""

from pathlib import Path

import pytest
from small_model import SMALL, lively
from tiny_pack import make_pack

from engine.training.pictures.stills import read_pack


@pytest.fixture(scope="session")
def pack_folder(tmp_path_factory):
    """A pack of a few small pictures."""
    return make_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture
def pack(pack_folder):
    """What of the small pack is measured on."""
    return read_pack(pack_folder, "dev", ("A", "SA"))


@pytest.fixture(scope="session")
def model():
    """A very small model whose numbers come from a seed."""
    return lively(SMALL)


@pytest.fixture
def real_pack(shared_fixtures: Path):
    """The pack of photographs, where this machine has it."""
    folder = shared_fixtures.parent / "data" / "pictures"
    if not (folder / "index.csv").is_file():
        pytest.skip("the pack of photographs is not on this machine")
    return read_pack(folder, "dev", ("A", "SA"))
