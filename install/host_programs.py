"""Which hosts a machine has, in which versions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from places import FUSION, RESOLVE, fusion_folder, nuke_home, program_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from places import Machine

NUKE = "Nuke"
NAMES = (NUKE, RESOLVE, FUSION)
FIRST_NUKE = 14
"""Older ones run a Python that cannot read the plug-in."""

_PATTERNS = (
    (NUKE, re.compile(r"Nuke[ ]?((\d+)\.\d+v\d+)")),
    (RESOLVE, re.compile(r"(?:DaVinci Resolve|resolve)()")),
    (FUSION, re.compile(r"(?:Blackmagic )?Fusion[ ]?(\d+)(?:\.app)?")),
)


@dataclass(frozen=True)
class Host:
    """A host of a machine.

    Attributes:
        name: one of `NAMES`.
        version: as its folder says it, e.g. `15.1v2`; empty where only the host's own folder of the user was found.
        supported: the plug-in runs in it.
    """

    name: str
    version: str = ""
    supported: bool = True

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


def find_hosts(machine: Machine) -> tuple[Host, ...]:
    """Give the hosts of a machine, by their programs or, where there are none, by their folder of the user."""
    found = sorted(set(_programs(machine)), key=lambda host: (NAMES.index(host.name), host.version))
    named = {host.name for host in found}
    traces = (
        (NUKE, nuke_home(machine)),
        (RESOLVE, fusion_folder(machine, RESOLVE).parent),
        (FUSION, fusion_folder(machine, FUSION)),
    )
    return (*found, *(Host(name) for name, folder in traces if name not in named and folder.is_dir()))


def _programs(machine: Machine) -> Iterator[Host]:
    for folder in program_folders(machine):
        try:
            entries = sorted(path.name for path in folder.iterdir() if path.is_dir())
        except OSError:
            continue
        for entry in entries:
            for name, pattern in _PATTERNS:
                match = pattern.fullmatch(entry)
                if match:
                    yield Host(name, match[1], supported=name != NUKE or int(match[2]) >= FIRST_NUKE)
