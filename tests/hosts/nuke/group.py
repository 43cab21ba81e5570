"""nuke.Group and nuke.Root: nodes that hold nodes."""

from __future__ import annotations

import re
from typing import Any

from . import node_info
from .current import police, session
from .node import Node


@police
class Group(Node):
    """Holds nodes; its picture is that of its Output. It has as many inputs as it holds Input nodes."""

    @classmethod
    def _of(cls, node_class: Any, parent: Any) -> Group:
        self = super()._of(node_class, parent)
        self._children: dict[str, Node] = {}
        return self

    def _free_name(self, wanted: str) -> str:
        """Give the wanted name, with another number behind it if it is taken."""
        stem = re.sub(r"\d+$", "", wanted) or wanted
        number = 1
        while wanted in self._children:
            wanted = f"{stem}{number}"
            number += 1
        return wanted

    def nodes(self):
        return list(reversed(self._children.values()))  # [R] the newest first

    def numNodes(self):
        return len(self._children)

    def node(self, s):
        return session().hand_out(session().find_node(s, self))

    def findNode(self, name):
        return session().find_node(name, self)

    def output(self):
        return next((node for node in self._children.values() if node.Class() == "Output"), None)

    def _input_nodes(self) -> list[Node]:
        inputs = [node for node in self._children.values() if node.Class() == "Input"]
        return sorted(inputs, key=lambda node: node["number"].value())

    def _max_inputs(self):
        return len(self._input_nodes())

    def selectedNodes(self):
        return [node for node in self._children.values() if node.isSelected()]

    def selectedNode(self):
        chosen = self.selectedNodes()
        return chosen[-1] if chosen else None

    def begin(self):
        session().groups.append(self)
        return self

    def end(self):
        if session().groups[-1] is not self:
            raise RuntimeError(f"{self.name()}.end() without its begin()")
        session().groups.pop()

    def __enter__(self):
        return self.begin()

    def __exit__(self, *args, **kwargs):
        self.end()

    def run(self, callable):
        with self:
            return callable()


@police
class Root(Group):
    """The script itself."""

    def __len__(self):
        return len(self._knobs)

    def inputs(self):
        return 0

    def canSetInput(self, i, node):
        return False

    def setName(self, name, uncollide=True, updateExpressions=False):
        self._knobs["name"]._value = name

    def modified(self):
        return session().is_modified

    def setModified(self, b):
        session().is_modified = bool(b)

    def firstFrame(self):
        return self["first_frame"].value()

    def lastFrame(self):
        return self["last_frame"].value()

    def fps(self):
        return self["fps"].value()

    def realFps(self):
        return self["fps"].value()

    def setFrame(self, n):
        session().set_frame(n)

    def proxy(self):
        return self["proxy"].value()

    def setProxy(self, b):
        self["proxy"].setValue(b)

    def addView(self, name, color=None):
        session().add_view(name)

    def deleteView(self, s):
        session().delete_view(s)

    def setView(self, s):
        session().set_view(s)

    def layers(self):
        return session().layers.names()

    def channels(self):
        return session().layers.channels()

    def format(self):
        return self["format"].value()

    def mergeFrameRange(self, a, b):
        self["first_frame"].setValue(min(a, self.firstFrame()))
        self["last_frame"].setValue(max(b, self.lastFrame()))

    def hasError(self):
        return any(node_info.problem(node) is not None for node in self._children.values())
