"""Plug-in folders: their init.py and menu.py, and what they leave in Python."""

from __future__ import annotations

import os
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

from .current import session


class PluginPaths:
    """The folders in which Nuke looks, the first one first."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self._menus_ran = False

    def start(self, folders: list[str]) -> None:
        """Start Nuke: every init.py, the last folder's first; then, with a user interface, every menu.py [D]."""
        for folder in reversed(folders):
            self.add(folder)
        if session().gui:
            self._menus_ran = True
            for folder in reversed(list(self.folders)):
                self._run(folder, "menu.py")

    def add(self, folder: str, *, to_sys_path: bool = True, first: bool = True) -> None:
        """Add a folder and run its init.py; its menu.py follows, or runs now where Nuke has started."""
        folder = str(Path(folder).absolute())
        if folder in self.folders:
            return
        self.folders.insert(0 if first else len(self.folders), folder)
        if to_sys_path and folder not in sys.path:
            sys.path.insert(1 if first else len(sys.path), folder)
        self._run(folder, "init.py")
        if self._menus_ran:
            self._run(folder, "menu.py")

    def _run(self, folder: str, name: str) -> None:
        path = Path(folder) / name
        if path.is_file():
            namespace = {"__name__": "__main__", "__file__": str(path), "nuke": session().nuke}
            exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)  # noqa: S102 - as Nuke does

    def find(self, name: str) -> str | None:
        """Give the first file of a name in the folders."""
        paths = (os.path.join(folder, name) for folder in self.folders)
        return next((path for path in paths if os.path.isfile(path)), None)


def _holds_nuke(loaded: Any) -> bool:
    held = vars(loaded).get("nuke") if isinstance(loaded, types.ModuleType) else None
    return isinstance(held, types.ModuleType) and held.__name__ == "nuke"


class Modules:
    """Python's modules as they were before Nuke started, so that nothing of one session is left for the next."""

    def __init__(self) -> None:
        self._modules = sys.modules.copy()  # at once, whatever a thread imports meanwhile
        self._path = list(sys.path)

    def install(self, world: Any) -> None:
        """Let `import nuke` and `import nukescripts` find the session's modules.

        What holds another session's nuke is forgotten first: a test may have put it back after that session's end.
        """
        left = {name.partition(".")[0] for name, loaded in sys.modules.copy().items() if _holds_nuke(loaded)}
        for name in [name for name in sys.modules.copy() if name.partition(".")[0] in left]:
            del sys.modules[name]
            self._modules.pop(name, None)
        sys.modules["nuke"] = world.nuke
        if world.gui:
            scripts = types.ModuleType("nukescripts")
            panels = types.ModuleType("nukescripts.panels")
            scripts.panels = panels  # type: ignore[attr-defined]

            def registerWidgetAsPanel(widget, name, id, create=False):
                world.panels[id] = (widget, name)

            panels.registerWidgetAsPanel = registerWidgetAsPanel  # type: ignore[attr-defined]
            scripts.registerWidgetAsPanel = registerWidgetAsPanel  # type: ignore[attr-defined]
            sys.modules["nukescripts"] = scripts
            sys.modules["nukescripts.panels"] = panels

    def restore(self) -> None:
        """Forget what plug-ins imported: it holds on to this session's nuke. Installed packages stay."""
        sys.path[:] = self._path
        installed = {sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        for name, loaded in sys.modules.copy().items():
            if self._modules.get(name) is loaded:
                continue
            origin = getattr(loaded, "__file__", None) or ""
            ours = name.partition(".")[0] in {"engine", "hosts"}
            if name.partition(".")[0] in {"nuke", "nukescripts"} or (
                origin and not ours and not origin.startswith(tuple(installed))
            ):
                del sys.modules[name]
                parent, _, own = name.rpartition(".")
                if getattr(self._modules.get(parent), own, None) is loaded:
                    delattr(self._modules[parent], own)  # else `from . import own` would find it still
        for name in ("nuke", "nukescripts", "nukescripts.panels"):
            if name in self._modules:
                sys.modules[name] = self._modules[name]
