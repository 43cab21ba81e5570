"""What pip installs the engine from."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recipe import Recipe

_NAME = "mam2-source"
_FILES = ("pyproject.toml", "README.md", "LICENSE")


@contextmanager
def ready(root: Path, folder: Path, recipe: Recipe) -> Iterator[tuple[str, ...]]:
    """Give pip's words for the engine: a link to the repository, its wheel, or a copy that lives as long as this.

    A copy, because a build leaves its own files beside the source, and takes those of an earlier build for source.

    Args:
        root: the repository, or an unpacked bundle.
        folder: the environment, in which the copy is made.
        recipe: says which of the three.
    """
    if recipe.linked:
        yield ("--editable", ".")
        return
    (first, *others) = recipe.engine_files(root)
    if first.suffix == ".whl" and not others:
        yield (str(first),)
        return
    copy = folder / _NAME
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root / "engine", copy / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copyfile(root / name, copy / name)
    try:
        yield (str(copy),)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
