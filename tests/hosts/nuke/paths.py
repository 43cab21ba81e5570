"""File names of sequences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scope import Context

_HASHES = re.compile(r"#+")
_FRAME = re.compile(r"%(0\d+)?d")


def technical(name: str) -> str:
    """Write a sequence with `%04d` rather than `####`."""
    return _HASHES.sub(lambda match: f"%0{len(match.group())}d" if len(match.group()) > 1 else "%d", name)


def at(name: str, context: Context) -> str:
    """Give the one file of a frame and a view."""
    name = name.replace("%V", context.view).replace("%v", context.view[:1])
    return _FRAME.sub(lambda match: match.group() % int(context.frame), technical(name))
