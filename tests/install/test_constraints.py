from __future__ import annotations

import re
from importlib import metadata

import pytest
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLLOW_TORCH = re.compile(r"nvidia-(?!ml-py)|cuda-|triton")  # nvidia-ml-py follows the driver alone


@pytest.fixture(scope="module")
def pins(install_folder):
    """Canonical name -> pinned version."""
    lines = (install_folder / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([\w.-]+)==([\w.!+]+)", line) for line in lines if line and not line.startswith("#")]
    assert all(found), "a constraint is a name and one version, nothing else"
    return {canonicalize_name(match[1]): match[2] for match in found}


@pytest.fixture(scope="module")
def needs(repository):
    """Every requirement of the project, with all its extras."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(line) for line in [*project["dependencies"], *(line for extra in extras for line in extra)]]


def test_every_direct_need_is_pinned_within_its_range(pins, needs):
    """What pyproject.toml asks for is pinned, to a version that pyproject.toml allows."""
    for need in needs:
        assert need.specifier.contains(pins[canonicalize_name(need.name)]), need


def test_everything_needed_indirectly_is_pinned(pins, needs):
    """Nothing that the engine pulls in on this machine floats, except what follows torch."""
    waiting, seen = list(needs), set()
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        if name in seen or FOLLOW_TORCH.match(name):
            continue
        seen.add(name)
        assert name in pins, f"{name} is needed, but not pinned"
        inner = map(Requirement, metadata.requires(name) or [])
        waiting += [one for one in inner if one.marker is None or one.marker.evaluate({"extra": ""})]


def test_nothing_that_follows_torch_is_pinned(pins):
    """CUDA libraries differ by platform: torch names its own."""
    assert [name for name in pins if FOLLOW_TORCH.match(name)] == []


def test_torch_is_pinned_to_a_release(pins):
    """The pin names a release, so that a stray local build (such as +cpu) of another version is not taken."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", pins["torch"])
