"""The stamp: what an environment was set up for, and whether that was finished."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

NAME = "mam2-environment.json"
_SOURCES = ("install/constraints.txt", "install/steps.py", "pyproject.toml")


@dataclass(frozen=True)
class Stamp:
    """What is known about an environment.

    Attributes:
        digest: of everything that decides what is installed, see `digest`.
        extras: the project's extras that it holds, sorted.
        packages: name to version of every package in it when it was finished; empty before.
        ready: the set-up ran to its end.
        made_here: the folder was made by this set-up, which may therefore empty it and start over.
        torch: the build of PyTorch that was asked for, see `recipe.Recipe`.
    """

    digest: str
    extras: tuple[str, ...]
    packages: dict[str, str]
    ready: bool
    made_here: bool
    torch: str = "default"


def digest(root: Path) -> str:
    """Give a hash of the pins, the steps, the project's own file and the repository's place.

    The place counts because the project is installed as a link to it: a moved folder needs a new link.
    """
    return _digest(str(root.resolve()), [root / name for name in _SOURCES])


def digest_of_copy(root: Path, parts: Sequence[Path]) -> str:
    """Give a hash of the pins, the steps, the project's own file and what the engine is installed from as a copy.

    Args:
        root: the repository, or an unpacked bundle.
        parts: files of the engine, or its wheel. Where they lie does not count, what is in them does.
    """
    names = "\n".join(path.name for path in parts)
    return _digest(names, [*(root / name for name in _SOURCES), *parts])


def _digest(text: str, paths: Iterable[Path]) -> str:
    content = hashlib.sha256(text.encode("utf-8", "surrogateescape"))
    for path in paths:
        content.update(b"\0" + path.read_bytes())
    return content.hexdigest()


def read(folder: Path) -> Stamp | None:
    """Give the stamp of an environment, or None when it has none that can be read."""
    try:
        data = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return Stamp(**{**data, "extras": tuple(data["extras"]), "packages": dict(data["packages"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(folder: Path, stamp: Stamp) -> None:
    """Write the stamp beside its final name, then rename: a stamp is never half there."""
    unfinished = folder / f"{NAME}.new"
    unfinished.write_text(json.dumps(asdict(stamp), indent=1, sort_keys=True), encoding="utf-8")
    unfinished.replace(folder / NAME)
