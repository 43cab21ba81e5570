"""Where hosts look for plug-ins, per system."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from engine.doctor.facts import Machine

_ADDED = re.compile(r"""pluginAddPath\(\s*[rf]*(["'])(.+?)\1""")


def nuke_home(machine: Machine) -> Path:
    """Give the folder in which Nuke looks first."""
    if machine.system == "win32":
        named = machine.environment.get("HOME") or machine.environment.get("USERPROFILE")
        return (Path(named) if named else machine.home) / ".nuke"
    return machine.home / ".nuke"


def nuke_folders(machine: Machine) -> tuple[Path, ...]:
    """Give the folders in which Nuke looks for plug-ins, in its order: its own in the home, then `NUKE_PATH`."""
    separator = ";" if machine.system == "win32" else ":"
    named = [part for part in machine.environment.get("NUKE_PATH", "").split(separator) if part]
    found = (nuke_home(machine), *(Path(part).expanduser() for part in named))
    return tuple(dict.fromkeys([place for folder in found for place in (folder, *_added(folder))]))


def fusion_folders(machine: Machine) -> tuple[Path, ...]:
    """Give the folders above `Fuses` and `Modules`, of Resolve and of Fusion Studio, the user's own first."""
    return tuple(dict.fromkeys((*_users(machine), *_everybodys(machine))))


def _added(folder: Path) -> Iterator[Path]:
    """Give the folders that an `init.py` adds by name; what it computes otherwise only Nuke knows."""
    try:
        text = (folder / "init.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for _, named in _ADDED.findall(text):
        path = Path(named).expanduser()
        yield path if path.is_absolute() else Path(os.path.normpath(folder / path))


def _users(machine: Machine) -> Iterator[Path]:
    if machine.system == "win32":
        roaming = Path(machine.environment.get("APPDATA") or machine.home / "AppData" / "Roaming")
        yield roaming / "Blackmagic Design" / "DaVinci Resolve" / "Support" / "Fusion"
        yield roaming / "Blackmagic Design" / "Fusion"
    elif machine.system == "darwin":
        support = machine.home / "Library" / "Application Support" / "Blackmagic Design"
        yield support / "DaVinci Resolve" / "Fusion"
        yield support / "DaVinci Resolve" / "Support" / "Fusion"
        yield support / "Fusion"
    else:
        yield machine.home / ".local" / "share" / "DaVinciResolve" / "Fusion"
        yield machine.home / ".fusion" / "BlackmagicDesign" / "Fusion"


def _everybodys(machine: Machine) -> Iterator[Path]:
    if machine.system == "win32":
        named = machine.environment.get("PROGRAMDATA")
        if named:
            yield Path(named) / "Blackmagic Design" / "DaVinci Resolve" / "Fusion"
            yield Path(named) / "Blackmagic Design" / "DaVinci Resolve" / "Support" / "Fusion"
            yield Path(named) / "Blackmagic Design" / "Fusion"
    elif machine.system == "darwin":
        support = machine.root / "Library" / "Application Support" / "Blackmagic Design"
        yield support / "DaVinci Resolve" / "Fusion"
    else:
        yield machine.root / "opt" / "resolve" / "Fusion"
