"""Where things go on a machine: the engine's folder, and the folders in which hosts look, per system. Pure."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RESOLVE = "DaVinci Resolve"
FUSION = "Fusion Studio"


@dataclass(frozen=True)
class Machine:
    """What decides where things go.

    Attributes:
        system: `linux`, `darwin` or `win32`, as `sys.platform` says it.
        home: the user's home folder.
        environment: variables.
        root: before every path that belongs to the system; `/` but in tests.
        site: a folder that a studio shares, or None for the user alone.
    """

    system: str
    home: Path
    environment: Mapping[str, str]
    root: Path = Path("/")
    site: Path | None = None


def this_machine(site: Path | None = None) -> Machine:
    """Give the machine that this runs on."""
    return Machine(sys.platform, Path.home(), os.environ, site=site)


def base_folder(machine: Machine) -> Path:
    """Give the folder of the engine's environment and of the manifest: the shared one, or in the user's data.

    For a user it is the folder in which the engine keeps weights and shots too.
    """
    if machine.site is not None:
        return machine.site
    return user_data(machine) / "mam2"


def user_data(machine: Machine) -> Path:
    """Give the system's folder for a user's own data."""
    if machine.system == "win32":
        return Path(machine.environment.get("LOCALAPPDATA") or machine.home / "AppData" / "Local")
    if machine.system == "darwin":
        return machine.home / "Library" / "Application Support"
    return Path(machine.environment.get("XDG_DATA_HOME") or machine.home / ".local" / "share")


def engine_program(machine: Machine, environment: Path) -> Path:
    """Give the `mam2` of an environment."""
    return environment / ("Scripts/mam2.exe" if machine.system == "win32" else "bin/mam2")


def nuke_home(machine: Machine) -> Path:
    """Give the folder in which every version of Nuke looks first."""
    if machine.system == "win32":
        named = machine.environment.get("HOME") or machine.environment.get("USERPROFILE")
        return (Path(named) if named else machine.home) / ".nuke"
    return machine.home / ".nuke"


def fusion_folder(machine: Machine, host: str) -> Path:
    """Give the folder whose `Fuses`, `Modules`, `Scripts` and `Templates` every version of a host reads.

    Args:
        machine: with a `site`, the folder is the one of all users.
        host: `RESOLVE` or `FUSION`.
    """
    studio = "Fusion" if host == FUSION else "DaVinci Resolve"
    if machine.system == "win32":
        return _fusion_on_windows(machine, studio)
    if machine.system == "darwin":
        above = machine.home if machine.site is None else machine.root
        maker = above / "Library" / "Application Support" / "Blackmagic Design"
        return maker / "Fusion" if host == FUSION else maker / studio / "Fusion"
    if host == FUSION:
        # Fusion Studio on Linux reads no folder of all users: there the user's own serves in both cases.
        return machine.home / ".fusion" / "BlackmagicDesign" / "Fusion"
    if machine.site is not None:
        return machine.root / "opt" / "resolve" / "Fusion"
    # The host keeps to this folder whatever XDG_DATA_HOME says.
    return machine.home / ".local" / "share" / "DaVinciResolve" / "Fusion"


def _fusion_on_windows(machine: Machine, studio: str) -> Path:
    if machine.site is not None:
        named = machine.environment.get("PROGRAMDATA") or machine.root / "ProgramData"
        maker = Path(named) / "Blackmagic Design"
        return maker / "Fusion" if studio == "Fusion" else maker / studio / "Fusion"
    roaming = Path(machine.environment.get("APPDATA") or machine.home / "AppData" / "Roaming")
    maker = roaming / "Blackmagic Design"
    return maker / "Fusion" if studio == "Fusion" else maker / studio / "Support" / "Fusion"


def program_folders(machine: Machine) -> Iterator[Path]:
    """Give the folders below which hosts are installed."""
    if machine.system == "win32":
        programs = Path(machine.environment.get("PROGRAMFILES") or machine.root / "Program Files")
        yield programs
        yield programs / "Blackmagic Design"
    elif machine.system == "darwin":
        yield machine.root / "Applications"
    else:
        for folder in ("usr/local", "opt", "opt/BlackmagicDesign", "opt/Foundry"):
            yield machine.root / folder
        yield machine.home
