"""The manifest: everything that an installation has put on a machine. What it does not name is never touched."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from atomic import write_file
from problems import SetupError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "installed.json"
_FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What was installed; paths are absolute, as text.

    Attributes:
        version: of the product.
        files: path -> SHA-256 of its content, of files that are the installation's own.
        edits: path -> the line end that was added before the markers, of files that are the user's.
        made_files: those of `edits` that the installation made: they go when nothing but ours is in them.
        folders: folders that it made, those above first; each goes when nothing is left in it.
        trees: folders that are its own from end to end.
        complete: everything that it names was written.
    """

    version: str = ""
    files: dict[str, str] = field(default_factory=dict)
    edits: dict[str, str] = field(default_factory=dict)
    made_files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    complete: bool = False


def read(base: Path) -> Manifest | None:
    """Give the manifest in a folder, or None when there is none.

    Raises:
        SetupError: it cannot be understood.
    """
    try:
        data = json.loads((base / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        data = {}
    if not isinstance(data, dict) or data.pop("format", None) != _FORMAT:
        raise SetupError(
            f"{base / NAME} is damaged, or written by a newer MAM2: what is installed cannot be told from it.",
            "Use the newer version's 'python3 install', or move the file away and remove what it installed by hand.",
        )
    lists = {name: tuple(data[name]) for name in ("made_files", "folders", "trees")}
    return Manifest(**{**data, **lists})


def write(base: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder, whole or not at all."""
    text = json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1, sort_keys=True)
    write_file(base / NAME, text.encode("ascii"))
