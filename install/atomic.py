"""Writing a file: whole or not at all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".mam2-new"


def write_file(path: Path, content: bytes) -> None:
    """Write under a temporary name in the same folder, then rename.

    A link stays a link: the file that it leads to is replaced. A file that was there keeps its permissions.
    """
    target = path.resolve()
    unfinished = target.with_name(target.name + SUFFIX)
    try:
        unfinished.write_bytes(content)
        if target.exists():
            shutil.copymode(target, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
