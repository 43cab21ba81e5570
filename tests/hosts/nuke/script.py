"""What happens to the script as a whole: opened, saved, cleared, copied, pasted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .script_reader import Reader
from .script_writer import Writer

if TYPE_CHECKING:
    from .callbacks import Callbacks

CLIPBOARD = "%clipboard%"


class Script:
    """The part of a session that reads and writes scripts."""

    root: Any
    groups: list[Any]
    callbacks: Callbacks
    clipboard: str
    is_modified: bool

    def reader(self, paste: bool = False) -> Reader:
        """Something that reads one script."""
        return Reader(paste)

    def writer(self) -> Writer:
        """Something that writes scripts."""
        return Writer()

    def project_directory(self) -> str:
        """Where relative file names start."""
        text = self.root["project_directory"]._value
        if text and "[" not in text:
            return text
        name = self.root["name"]._value
        return os.path.dirname(name) or str(Path.cwd())

    def filtered(self, node: Any, name: str) -> str:
        """Give a file name as the system gets it."""
        name = self.callbacks.filter_filename(node, name)
        return name if not name or os.path.isabs(name) else os.path.join(self.project_directory(), name)

    def read_text(self, path: str) -> str:
        """Read a script's file.

        Raises:
            RuntimeError: it cannot be read.
        """
        try:
            return Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise RuntimeError(f"{path}: {error.strerror}") from None

    def open_script(self, path: str) -> None:
        """Open a script in place of the one that is open."""
        text = self.read_text(path)
        self.clear()
        self.root["name"]._value = path
        self.reader().read(text, self.root)
        self.root["name"]._value = path
        self.callbacks.run("OnCreate", self.root)
        self.callbacks.run("OnScriptLoad", self.root)
        self.is_modified = False

    def save(self, path: str | None = None) -> bool:
        """Save the script; a function for onScriptSave may change it first."""
        if path:
            self.root["name"]._value = path
        self.callbacks.run("OnScriptSave", self.root)
        name = self.root["name"]._value
        if not name:
            raise RuntimeError("the script has no name")
        Path(name).write_text(self.writer().script(), encoding="utf-8")
        self.is_modified = False
        return True

    def clear(self) -> None:
        """Close the script and begin an empty one."""
        from . import node_table

        self.callbacks.run("OnScriptClose", self.root)
        self._tell_destroyed(self.root)
        for node in list(self.root._children.values()):
            self._detach(node)
        keep = {name: self.root[name]._format for name in ("format", "proxy_format")}
        self.root._children.clear()
        self.root._user_knobs.clear()
        self.root._knobs = {}
        for knob in node_table.CLASSES["Root"].make_knobs():
            self.root._own(knob)
        self.root["format"]._format, self.root["proxy_format"]._format = keep["format"], keep["proxy_format"]
        self.groups[:] = [self.root]
        self.file_cache.clear()
        self.history.done.clear()
        self.history.undone.clear()
        self.set_views(["main"])
        self.is_modified = False

    def copy(self, target: str) -> bool:
        """Copy the selected nodes to the clipboard or to a file."""
        group = self.groups[-1]
        nodes = group.selectedNodes()
        if not nodes:
            return False
        text = self.writer().clipboard(nodes)
        if target == CLIPBOARD:
            self.clipboard = text
        else:
            Path(target).write_text(text, encoding="utf-8")
        return True

    def paste(self, source: str) -> Any:
        """Paste nodes behind the selected one; they are selected afterwards, and undo takes them away."""
        text = self.clipboard if source == CLIPBOARD else self.read_text(source)
        group = self.groups[-1]
        chosen = group.selectedNodes()
        before = set(group._children.values())
        for node in before:
            node.setSelected(False)
        made = self.reader(paste=True).read(text, group, chosen[-1] if chosen else None)
        for node in made:
            node.setSelected(True)
        states = [(self._path(node), self._snapshot(node)) for node in made]
        self.changed()
        self.history.record(
            "Paste",
            lambda: [self._destroy(self._at(path)) for path, _ in states],
            lambda: [self._bring_back(state) for _, state in states],
        )
        return made[-1] if made else None
