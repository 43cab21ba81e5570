"""Menus: kept as a tree, and commands that a test can choose."""

from __future__ import annotations

from typing import Any

from .current import police, session


@police
class MenuItem:
    """A command of a menu: Python text, or something to call."""

    def __init__(
        self, name: str = "", command: Any = None, shortcut: str | None = None, icon: str | None = None
    ) -> None:
        self._name = name
        self._command = command
        self._shortcut = shortcut
        self._icon = icon
        self._enabled = True

    def name(self):
        return self._name

    def icon(self):
        return self._icon or ""

    def setIcon(self, icon):
        self._icon = icon

    def script(self):
        return self._command if isinstance(self._command, str) else ""

    def setScript(self, script):
        self._command = script

    def shortcut(self):
        return self._shortcut or ""

    def setShortcut(self, keySequence):
        self._shortcut = keySequence

    def setEnabled(self, enabled, recursive=False):
        self._enabled = bool(enabled)

    def setVisible(self, visible):
        self._visible = bool(visible)

    def invoke(self):
        if callable(self._command):
            self._command()
        elif self._command:
            session().execute_code(self._command)


@police
class _Items:
    """What menus and bars share: items. Names with `/` go down into menus within."""

    _items: list[MenuItem]

    def _place(self, path: str) -> tuple[Any, str]:
        *folders, last = path.split("/")
        menu: Any = self
        for folder in folders:
            menu = menu.addMenu(folder)
        return menu, last

    def _insert(self, item: MenuItem, index: int | None) -> MenuItem:
        old = self._child(item._name)
        if old is not None:
            self._items[self._items.index(old)] = item
        else:
            self._items.insert(len(self._items) if index in {None, -1} else index, item)
        return item

    def _child(self, name: str) -> MenuItem | None:
        return next((item for item in self._items if item._name == name), None)

    def addCommand(
        self,
        name,
        command=None,
        shortcut=None,
        icon=None,
        tooltip=None,
        index=None,
        readonly=None,
        shortcutContext=None,
        tag=None,
        tagTarget=None,
        nodeClass="",
    ):
        menu, last = self._place(name)
        return menu._insert(MenuItem(last, command, shortcut, icon), index)

    def addMenu(self, name, icon=None, tooltip=None, index=None):
        menu, last = self._place(name) if "/" in name else (self, name)
        old = menu._child(last)
        return old if isinstance(old, Menu) else menu._insert(Menu(last, icon), index)

    def addSeparator(self, index=None):
        self._items.insert(len(self._items) if index in {None, -1} else index, MenuItem("-"))

    def findItem(self, name):
        item: Any = self
        for part in name.split("/"):
            item = item._child(part) if isinstance(item, _Items) else None
        return item

    def menu(self, name):
        item = self.findItem(name)
        return item if isinstance(item, Menu) else None

    def removeItem(self, name):
        self._items = [item for item in self._items if item._name != name]

    def clearMenu(self):
        self._items.clear()
        return True

    def items(self):
        return list(self._items)


class Menu(_Items, MenuItem):
    """A menu."""

    def __init__(self, name: str = "", icon: str | None = None) -> None:
        super().__init__(name, icon=icon)
        self._items = []


@police
class MenuBar(_Items):
    """The bar at the top."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._items = []

    def name(self):
        return self._name


@police
class ToolBar(_Items):
    """The bar at the side."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._items = []

    def name(self):
        return self._name
