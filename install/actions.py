"""What an installation does to files, as data: a plan is a list of these, printed or carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class MakeEnvironment:
    """Make the engine's private Python environment in a folder that is its own from end to end."""

    folder: Path
    content: str

    def __str__(self) -> str:
        return f"make or renew         {self.folder}\n{'':24}{self.content}"


@dataclass(frozen=True)
class WriteFile:
    """Write a file that is the installation's own."""

    path: Path
    content: bytes

    def __str__(self) -> str:
        return f"write                 {self.path}"


@dataclass(frozen=True)
class EditBetweenMarkers:
    """Keep one line between two markers of ours, at the end of a file that is the user's."""

    path: Path
    line: str

    def __str__(self) -> str:
        return f"add between markers   {self.path}\n{'':24}{self.line}"


@dataclass(frozen=True)
class Advice:
    """Something that only the user can do."""

    sentence: str

    def __str__(self) -> str:
        return f"for you to do         {self.sentence}"


FileAction = Union[WriteFile, EditBetweenMarkers]
Action = Union[MakeEnvironment, WriteFile, EditBetweenMarkers, Advice]
