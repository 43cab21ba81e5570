"""The plan: every file that an installation writes, worked out before one is touched. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions import Action, Advice, EditBetweenMarkers, MakeEnvironment, WriteFile
from host_programs import FIRST_NUKE, NAMES, NUKE, Host
from payload import fusion_payload, nuke_payload, shell_line
from places import FUSION, RESOLVE, base_folder, engine_program, fusion_folder, nuke_home

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from pathlib import Path

    from places import Machine

NUKE_LINE = f'import nuke; nuke.NUKE_VERSION_MAJOR >= {FIRST_NUKE} and nuke.pluginAddPath("./mam2")'
"""What Nuke's init.py of the user gets; every Nuke can read it, also one that is too old for the plug-in."""


@dataclass(frozen=True)
class Order:
    """What is to be installed.

    Attributes:
        root: the repository, or an unpacked bundle.
        hosts: whose plug-ins.
        environment: the folder of the engine's environment.
        content: what comes into an environment that is to be made, for the user to read; empty where it is there.
    """

    root: Path
    hosts: Sequence[Host]
    environment: Path
    content: str = ""


def installed(machine: Machine, files: Container[str]) -> tuple[Host, ...]:
    """Give the hosts whose plug-in is among the files of a manifest: a plan that leaves one out removes it."""
    first = {name: fusion_folder(machine, name) / "Fuses" / "MAM2.fuse" for name in (RESOLVE, FUSION)}
    first[NUKE] = _nuke_folder(machine) / "init.py"
    return tuple(Host(name) for name in NAMES if str(first[name]) in files)


def plan(machine: Machine, order: Order) -> tuple[Action, ...]:
    """Give what is to be done, in this order."""
    return tuple(_actions(machine, order))


def _actions(machine: Machine, order: Order) -> Iterator[Action]:
    if order.content:
        yield MakeEnvironment(order.environment, order.content)
    command = (str(engine_program(machine, order.environment)), "serve")
    wanted = list(dict.fromkeys(host.name for host in order.hosts if host.supported))
    for name in wanted:
        if name == NUKE:
            yield from _nuke(machine, order.root, command)
        else:
            yield from _fusion(machine, order.root, name, command)
    for host in order.hosts:
        if not host.supported:
            yield Advice(f"{host} is too old for the plug-in; it runs in Nuke {FIRST_NUKE} and newer.")


def _nuke(machine: Machine, root: Path, command: tuple[str, ...]) -> Iterator[Action]:
    folder = _nuke_folder(machine)
    for place, content in nuke_payload(root, command):
        yield WriteFile(folder / place, content)
    if machine.site is not None:
        yield Advice(f"Put this folder on NUKE_PATH for everybody: {folder}")
    else:
        yield EditBetweenMarkers(nuke_home(machine) / "init.py", NUKE_LINE)


def _nuke_folder(machine: Machine) -> Path:
    return base_folder(machine) / "nuke" if machine.site is not None else nuke_home(machine) / "mam2"


def _fusion(machine: Machine, root: Path, name: str, command: tuple[str, ...]) -> Iterator[Action]:
    folder = fusion_folder(machine, name)
    for place, content in fusion_payload(root, shell_line(machine.system, command, machine.environment)):
        yield WriteFile(folder / place, content)
    if name == FUSION and machine.site is not None and machine.system == "linux":
        yield Advice("Fusion Studio on Linux has no folder of all users: every user runs 'python3 install hosts'.")


def describe(actions: Sequence[Action], *, whole: bool) -> Iterator[str]:
    """Give the plan for the user: every action, or with the files of each folder counted instead of named."""
    files: dict[Path, int] = {}
    for action in actions:
        if whole or not isinstance(action, WriteFile):
            yield str(action)
        else:
            files[_plugin_folder(action, actions)] = files.get(_plugin_folder(action, actions), 0) + 1
    for folder, count in files.items():
        yield f"write                 {count} files below {folder}"


def _plugin_folder(action: WriteFile, actions: Sequence[Action]) -> Path:
    """Give the folder above a file in which the first file of its plug-in starts: the host's own folder."""
    for parent in action.path.parents:
        if parent.name in {"Fuses", "Modules", "Scripts", "Templates"}:
            return parent.parent
        if any(isinstance(other, WriteFile) and other.path == parent / "init.py" for other in actions):
            return parent
    return action.path.parent
