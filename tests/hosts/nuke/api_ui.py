"""The functions of the module that talk to the artist."""

from __future__ import annotations

import sys

from .current import police, session
from .menus import Menu, MenuBar, ToolBar

_MENUS = {
    "Nuke": MenuBar,
    "Nodes": ToolBar,
    "Pane": Menu,
    "Properties": Menu,
    "Animation": Menu,
    "Viewer": Menu,
    "Node Graph": Menu,
    "Axis": Menu,
}


def _needs_gui(name: str) -> None:
    if not session().gui:
        raise RuntimeError(f"nuke.{name} is not available in terminal mode")  # [R] the words


def message(prompt):
    _needs_gui("message")
    session().messages.append(prompt)
    session().pump_while_blocked()


def alert(prompt):
    message(prompt)


def ask(prompt):
    _needs_gui("ask")
    world = session()
    world.messages.append(prompt)
    world.pump_while_blocked()
    return world.answers.pop(0) if world.answers else True


def error(message):
    session().errors.append(message)


def warning(message):
    session().errors.append(message)


def critical(message):
    session().errors.append(message)


def debug(message):
    session().prints.append(message)


def tprint(value, sep=" ", end="\n", file=sys.stdout):
    session().prints.append(str(value))


def menu(name):
    _needs_gui("menu")
    if name not in _MENUS:
        return None
    return session().menus.setdefault(name, _MENUS[name](name))


def toolbar(name, create=True):
    _needs_gui("toolbar")
    if not create and name not in session().menus:
        return None
    return session().menus.setdefault(name, ToolBar(name))


def getFilename(message, pattern=None, default=None, favorites=None, type=None, multiple=False):
    _needs_gui("getFilename")
    return default


def activeViewer():
    viewer = session().viewer
    return ViewerWindow(viewer) if viewer is not None and session().gui else None


@police
class ViewerWindow:
    """The window of a Viewer.

    Its node's `colour_sample_bbox` is what was sampled with Ctrl: left, bottom, right, top in halves of the format's
    width, of square pixels, from its middle.
    [V: https://hagbarth.net/blog/page/2; R: that its pixels are square ones]
    """

    def __init__(self, viewer) -> None:
        self._viewer = viewer

    def node(self):
        return self._viewer

    def activeInput(self, secondary=False):
        return 0


def zoom(scale, center=None, group=None):
    _needs_gui("zoom")


def getPaneFor(panelName):
    _needs_gui("getPaneFor")
