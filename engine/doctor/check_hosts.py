"""The plug-ins that hosts would load: where hosts look, of which version they are, and whether that is the engine's."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine import __version__
from engine.doctor.facts import FAULT, OK, WARNING, Finding, Machine

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


_AGAIN = "Install the plug-ins of this version: python3 install hosts."
_NUKE_VERSION = re.compile(r'^__version__ = "([\w.+-]+)"', re.MULTILINE)
_FUSE_VERSION = re.compile(r"\bREG_Version\s*=\s*(\d+)")


@dataclass(frozen=True)
class _PlugIn:
    """A plug-in's folder, and the version in its own file; empty when that cannot be read."""

    folder: Path
    version: str


def check_nuke(machine: Machine) -> Iterator[Finding]:
    """Say which plug-in Nuke would load."""
    folders = nuke_folders(machine)
    found = [_nuke(folder) for folder in folders if (folder / "mam2_nuke").is_dir()]
    yield from _findings("nuke", found)
    home = nuke_home(machine)
    hidden = [path.parent for path in sorted(home.glob("*/mam2_nuke")) if path.parent not in folders]
    if hidden and not found:
        yield Finding(
            "nuke",
            WARNING,
            f"A plug-in lies in '{hidden[0]}', but nothing tells Nuke of that folder.",
            f"Add to the init.py in '{home}': nuke.pluginAddPath('./{hidden[0].name}').",
        )
    elif not found:
        yield Finding("nuke", OK, "no plug-in is installed (python3 install hosts)")


def check_fusion(machine: Machine) -> Iterator[Finding]:
    """Say which plug-ins Resolve and Fusion would load."""
    folders = [folder for folder in fusion_folders(machine) if (folder / "Fuses" / "MAM2.fuse").is_file()]
    for folder in folders:
        yield from _findings("fusion", [_fuse(folder)])
        if not (folder / "Modules" / "Lua" / "mam2").is_dir():
            yield Finding("fusion", FAULT, f"The Fuse in '{folder}' lacks its modules (Modules/Lua/mam2).", _AGAIN)
    if not folders:
        yield Finding("fusion", OK, "no plug-in is installed (python3 install hosts)")


def _findings(subject: str, found: Sequence[_PlugIn]) -> Iterator[Finding]:
    for one in found[:1]:
        where = f"the plug-in in '{one.folder}'"
        if not one.version:
            yield Finding(subject, FAULT, f"{where} does not say its version: it is damaged.", _AGAIN)
        elif one.version.split(".")[:2] != __version__.split(".")[:2]:
            yield Finding(
                subject, FAULT, f"{where} is version {one.version}, the engine {__version__}: they do not talk.", _AGAIN
            )
        else:
            yield Finding(subject, OK, f"{where} is version {one.version}")
    if len(found) > 1:
        others = ", ".join(f"'{one.folder}' ({one.version or 'damaged'})" for one in found[1:])
        yield Finding(
            subject,
            WARNING,
            f"There are others, which the first one hides: {others}.",
            "Remove all but one.",
        )


def _nuke(folder: Path) -> _PlugIn:
    found = _NUKE_VERSION.search(_text(folder / "mam2_nuke" / "__init__.py"))
    return _PlugIn(folder, found[1] if found else "")


def _fuse(folder: Path) -> _PlugIn:
    """Read a Fuse's version: a whole number for the host, 10203 for 1.2.3."""
    found = _FUSE_VERSION.search(_text(folder / "Fuses" / "MAM2.fuse"))
    if found is None:
        return _PlugIn(folder, "")
    major, rest = divmod(int(found[1]), 10_000)
    return _PlugIn(folder, f"{major}.{rest // 100}.{rest % 100}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
