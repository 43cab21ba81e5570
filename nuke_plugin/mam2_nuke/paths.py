"""Paths: as Nuke's file knobs take them, and where this user's mattes are kept."""

import os
import sys
from pathlib import Path
from typing import Any, Union

import nuke


def tcl_path(path: Union[str, Path]) -> str:
    """Give a path, or a pattern of paths, as a file knob takes it: forward slashes, and nothing in it taken for Tcl."""
    text = str(path).replace("\\", "/")
    for character in "[]$":
        text = text.replace(character, "\\" + character)
    return text


def project_path(path: str) -> Path:
    """Give a path as Nuke takes it: a relative one starts in the project's folder, or in the script's."""
    root: Any = nuke.root()
    base = root["project_directory"].evaluate() or os.path.dirname(str(root["name"].value()))  # noqa: PTH120 - may be ""
    return Path(base or ".") / Path(path).expanduser()


def cache_root(named: str) -> Path:
    """Give the folder of all nodes' mattes: what the knob names, `$MAM2_CACHE`, or the user's own cache."""
    found = named or os.environ.get("MAM2_CACHE", "")
    if found:
        return project_path(found).absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mam2" / "nuke"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mam2" / "nuke"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mam2" / "nuke"
