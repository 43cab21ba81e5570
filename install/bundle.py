"""The offline bundle: every wheel, the plug-ins and this installer, for machines without a network."""

from __future__ import annotations

import argparse
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import engine_source
import pythons
from environment import Environment, say
from options import split_pip
from payload import version_of
from problems import SetupError, explain
from recipe import Recipe, check_torch, torch_packages
from steps import CONSTRAINTS, steps

if TYPE_CHECKING:
    from collections.abc import Sequence

_TREES = ("install", "nuke_plugin", "resolve_plugin", "engine/contract")
_FILES = ("engine/__init__.py", "pyproject.toml", "README.md", "LICENSE")
_ONLY_AS_SOURCE = ("sam2", "iopath", "antlr4-python3-runtime")
_FIRST = """MAM2 {version}, for {system} and {python}, without a network

    python3 install --wheels

in this folder installs the engine and the plug-ins of the hosts that it finds. First it says what it will do; with
--dry-run it does no more than that. The weights inside are the starter's. 'python3 install remove' takes it all back.
"""


def bundle(environment: Environment, arguments: Sequence[str]) -> int:
    """Pack an offline bundle for the system and the Python that this runs on."""
    own, pip = split_pip(arguments)
    parser = argparse.ArgumentParser(
        prog="python3 install bundle",
        description="Pack an offline bundle for the system and the Python that this runs on.",
        epilog="What follows -- goes to every call of pip.",
    )
    parser.add_argument("out", type=Path, help="a folder, or a file that ends with .zip; it must not be there yet")
    parser.add_argument("--torch", default="", metavar="BUILD", help="default, cpu, cuda, rocm, or a label (cu128)")
    given = parser.parse_args(own)
    out, torch = given.out.absolute(), check_torch(given.torch, sys.platform)
    if out.exists():
        raise SetupError(f"{out} is there already.", "Name another place, or remove it.")
    environment.prepare(())
    unfinished = out.with_name(out.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        folder = unfinished / f"mam2-{version_of(environment.root)}"
        _wheels(environment, folder / "wheels", torch, pip)
        _tree(environment, folder)
        if out.suffix == ".zip":
            say(f"Packing {out} ...")
            _zip(folder, unfinished / out.name)
            (unfinished / out.name).replace(out)
        else:
            folder.replace(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    say(f"Packed: {out}. Where it is unpacked, 'python3 install --wheels' installs it without a network.")
    return 0


def _wheels(environment: Environment, folder: Path, torch: str, pip: Sequence[str]) -> None:
    """Build what is published as source only, and the engine; then fetch everything else that they need."""
    folder.mkdir(parents=True)
    pins = (environment.root / CONSTRAINTS).read_text(encoding="utf-8")
    packages = torch_packages(torch, sys.platform, pins)
    say("[1/2] Building wheels of the engine and of what is published as source ...")
    with engine_source.ready(environment.root, folder.parent, Recipe(linked=False)) as engine:
        build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder))
        _pip(environment, (*build, *_ONLY_AS_SOURCE, *engine), pip)
    say("[2/2] Fetching wheels (download: about 3 GB where PyTorch brings CUDA) ...")
    fetch = ("download", "--only-binary", ":all:", "--dest", str(folder), "--find-links", str(folder))
    (wheel,) = folder.glob("mam2-*.whl")
    needed = [word for step in steps((), sys.platform, torch=packages, engine=(str(wheel),)) for word in step.arguments]
    _pip(environment, (*fetch, *_ONLY_AS_SOURCE, *(word for word in needed if not word.startswith("--"))), pip)


def _pip(environment: Environment, arguments: Sequence[str], pip: Sequence[str]) -> None:
    command = [str(environment.python), "-I", "-m", "pip", *arguments, "--constraint", CONSTRAINTS, *pip]
    outcome = environment.runner.show(command, environment.root, {"SAM2_BUILD_CUDA": "0"})
    if outcome.status != 0:
        raise explain("the bundle's wheels", outcome.status, outcome.errors)


def _tree(environment: Environment, folder: Path) -> None:
    for name in _TREES:
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(environment.root / name, folder / name, ignore=ignored)
    for name in _FILES:
        shutil.copyfile(environment.root / name, folder / name)
    found = pythons.question(environment.runner, [str(environment.python)])
    python = "Python {}.{}".format(*(found.version if found else sys.version_info))
    text = _FIRST.format(version=version_of(environment.root), system=sys.platform, python=python)
    (folder / "READ-ME-FIRST.txt").write_text(text, encoding="utf-8")


def _zip(folder: Path, path: Path) -> None:
    """Pack a folder under its own name; wheels are packed already, so nothing is compressed again."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for entry in sorted(folder.rglob("*")):
            if entry.is_file():
                archive.write(entry, entry.relative_to(folder.parent))
