from __future__ import annotations

import pytest
from problems import SetupError
from recipe import Recipe, check_torch, family, torch_packages

PINS = "numpy==2.4.6\ntorch==2.15.0\ntorchvision==0.29.2"


@pytest.mark.parametrize(
    ("build", "system", "packages"),
    [
        ("default", "linux", ("torch", "torchvision")),
        ("cpu", "linux", ("torch==2.15.0+cpu", "torchvision==0.29.2+cpu")),
        ("cpu", "darwin", ("torch", "torchvision")),
        ("cpu", "win32", ("torch", "torchvision")),
        ("cuda", "win32", ("torch", "torchvision")),
        ("cu128", "linux", ("torch==2.15.0+cu128", "torchvision==0.29.2+cu128")),
        ("rocm6.4", "linux", ("torch==2.15.0+rocm6.4", "torchvision==0.29.2+rocm6.4")),
    ],
)
def test_a_build_is_asked_for_by_its_own_name(build, system, packages):
    """A label names the very build in its pinned version; what the default already is needs no name."""
    assert torch_packages(check_torch(build, system), system, PINS) == packages


@pytest.mark.parametrize(
    ("build", "system"), [("cuda", "darwin"), ("cu128", "darwin"), ("rocm", "win32"), ("fast", "linux")]
)
def test_a_build_that_there_is_not_is_refused_in_words(build, system):
    """A build that a system has not, or nobody knows, is refused before anything is downloaded."""
    with pytest.raises(SetupError, match="PyTorch"):
        check_torch(build, system)


@pytest.mark.parametrize(("build", "kind"), [("cpu", "cpu"), ("cuda", "cuda"), ("cu128", "cuda"), ("rocm6.4", "rocm")])
def test_a_label_tells_what_computes(build, kind):
    """Each label belongs to one of cpu, cuda and rocm."""
    assert family(build) == kind


def test_a_folder_of_wheels_keeps_pip_from_the_network(tmp_path):
    """With a folder of wheels every call of pip is told to look nowhere else; the user's own options come after."""
    assert Recipe(wheels=tmp_path, pip=("--pre",)).options == ("--no-index", "--find-links", str(tmp_path), "--pre")


def test_the_digest_follows_the_engines_files(clone):
    """A copy is renewed when a file of the engine changes, is added or goes; a link need not be."""
    copy, link = Recipe(linked=False), Recipe()
    digests = [(copy.digest(clone), link.digest(clone))]
    (clone / "engine" / "__init__.py").write_text("changed")
    digests.append((copy.digest(clone), link.digest(clone)))
    (clone / "engine" / "new.py").write_text("")
    digests.append((copy.digest(clone), link.digest(clone)))
    (clone / "engine" / "new.py").unlink()
    digests.append((copy.digest(clone), link.digest(clone)))
    assert len({copied for copied, _ in digests}) == 3
    assert digests[1][0] == digests[3][0]
    assert len({linked for _, linked in digests}) == 1
