"""What the plug-ins consist of: places below a host's folder, with the content of each file."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from problems import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

_NUKE_PARTS = ("init.py", "menu.py", "selftest.py", "icons", "mam2_nuke")


def version_of(root: Path) -> str:
    """Give the product's version, from the repository or the bundle."""
    text = (root / "engine" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise SetupError(f"{root} does not say which version it is.", "Download MAM2 again.")
    return found[1]


def nuke_payload(root: Path, command: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Give the files of the Nuke plug-in, the contract's copy and the engine's command included."""
    plugin = root / "nuke_plugin"
    for part in _NUKE_PARTS:
        paths = [plugin / part] if (plugin / part).is_file() else sorted((plugin / part).rglob("*"))
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(plugin).as_posix(), path.read_bytes()
    for path in sorted((root / "engine" / "contract").glob("*.py")):
        yield f"vendor/mam2_contract/{path.name}", path.read_bytes()
    yield "vendor/engine_command.json", json.dumps(list(command)).encode("ascii")


def fusion_payload(root: Path, line: str) -> Iterator[tuple[str, bytes]]:
    """Give the files of the plug-in for Resolve and Fusion, with the line that starts the engine."""
    for path, place in _package(root).payload():
        yield place, Path(path).read_bytes()
    yield "Modules/Lua/mam2/installed.lua", f"return {{ command = {_in_lua(line)} }}\n".encode()


def shell_line(system: str, command: tuple[str, ...], variables: Mapping[str, str]) -> str:
    """Give a command as one line for the system's shell.

    On Windows the user's folder is named by its variable where that is possible: Fusion hands the line on in the
    system's code page, in which a name like 'Zoë' need not arrive.
    """
    if system != "win32":
        return shlex.join(command)
    program, *rest = command
    local = variables.get("LOCALAPPDATA")
    if local and PurePath(local) in PurePath(program).parents:
        program = "%LOCALAPPDATA%" + program[len(local) :]
    return " ".join([f'"{program}"', *rest])


def _in_lua(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _package(root: Path) -> ModuleType:
    """Load `resolve_plugin/package.py`, which owns the list of that plug-in's files."""
    spec = importlib.util.spec_from_file_location("mam2_resolve_package", root / "resolve_plugin" / "package.py")
    if spec is None or spec.loader is None:
        raise SetupError(f"The Resolve plug-in is missing from {root}.", "Download MAM2 again.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
