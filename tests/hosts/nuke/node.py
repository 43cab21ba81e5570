"""nuke.Node: knobs, inputs, name, place; and what Nuke can say of its picture."""

from __future__ import annotations

import re
from typing import Any

from . import constants, node_info, node_table
from .current import police, session
from .formats import Info
from .knob_base import Knob
from .layout_knobs import AnyText, Page, Tab_Knob


@police
class Node:
    """A node of the graph. Once it is deleted, every call on it or on its knobs raises ValueError."""

    _node_class: node_table.NodeClass

    def __init__(self) -> None:
        raise TypeError("Node cannot be created like this; use nuke.createNode or nuke.nodes")

    @classmethod
    def _of(cls, node_class: node_table.NodeClass, parent: Any) -> Node:
        self = object.__new__(cls)
        self._node_class = node_class
        self._parent = parent
        self._inputs: list[Node | None] = []
        self._user_knobs: list[Knob] = []
        self._knobs: dict[str, Knob] = {}
        self._attached = True
        self._panel_open = False
        self._reload_count = 0
        for knob in node_class.make_knobs():
            self._own(knob)
        return self

    def __repr__(self) -> str:
        if not self._attached:
            return "<Node object, not attached to a node>"
        return f"<{self.Class()} object {self._knobs['name']._value!r}>"

    def _is_gone(self) -> bool:
        return not self._attached

    def _own(self, knob: Knob) -> None:
        knob._node = self
        self._knobs[knob._name] = knob

    # Names

    def Class(self):
        return self._node_class.name

    def name(self):
        return self._knobs["name"]._value

    def setName(self, name, uncollide=True, updateExpressions=False):
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"{name!r} is no name for a node")
        if self._parent is not None:
            if name != self.name() and name in self._parent._children:
                if not uncollide:
                    raise ValueError(f"a node named {name!r} exists")
                name = self._parent._free_name(name)
            session().rename(self, name)

    def fullName(self):
        outer = self._parent
        return self.name() if outer is None or outer._parent is None else f"{outer.fullName()}.{self.name()}"

    def parent(self):
        return self._parent

    def rootNode(self):
        return session().root

    def help(self):
        return self._knobs["help"]._value

    # Knobs

    def __getitem__(self, key):
        if key not in self._knobs:
            raise NameError(f"knob {key} does not exist")
        return self._knobs[key]

    def __len__(self):
        return len(self._knobs)

    def knob(self, p, follow_link=None):
        if isinstance(p, int):
            return list(self._knobs.values())[p]
        return self._knobs.get(p)

    def knobs(self):
        return dict(self._knobs)

    def allKnobs(self):
        return list(self._knobs.values())

    def numKnobs(self):
        return len(self._knobs)

    def addKnob(self, k):
        if k._node is not None:
            raise ValueError(f"knob {k._name} is on a node already")
        if k._name in self._knobs and not isinstance(k, Page):
            raise ValueError(f"knob {k._name} exists already")
        if not self._user_knobs and not isinstance(k, Page):
            self._add_user_knob(Tab_Knob("User"))  # Nuke makes this page by itself
        self._add_user_knob(k)
        session().changed()

    def _add_user_knob(self, knob: Knob) -> None:
        self._user_knobs.append(knob)
        knob._node = self
        self._knobs.setdefault(knob._name or f"__{len(self._user_knobs)}", knob)

    def removeKnob(self, k):
        if k not in self._user_knobs:
            raise ValueError(f"knob {k._name} is no user knob of {self.name()}")
        self._user_knobs.remove(k)
        self._knobs = {name: knob for name, knob in self._knobs.items() if knob is not k}
        k._node = None
        session().changed()

    def readKnobs(self, s):
        session().reader().read_knobs(self, s)

    def writeKnobs(self, i=constants.TO_SCRIPT):
        return session().writer().knob_lines(self, i)

    def _knob_for_script(self, name: str) -> Knob:
        """Give the knob that a script names; a lenient class keeps what it does not know."""
        if name in self._knobs:
            return self._knobs[name]
        # Nuke writes such a line for a colour whose components were shown one by one [S].
        is_panel_state = name.removesuffix("_panelDropped") in self._knobs
        if not self._node_class.lenient and not is_panel_state:
            raise RuntimeError(f"{self.name() or self.Class()}: no such knob {name!r}")
        self._own(AnyText(name))
        return self._knobs[name]

    # Inputs

    def inputs(self):
        return len(self._inputs)

    def input(self, i):
        return self._inputs[i] if 0 <= i < len(self._inputs) else None

    def _max_inputs(self):
        return self._node_class.inputs + self._node_class.mask

    def maximumInputs(self):
        return self._max_inputs()

    def minimumInputs(self):
        return min(1, self._node_class.inputs)

    def optionalInput(self):
        return self._node_class.inputs if self._node_class.mask else 0

    def canSetInput(self, i, node):
        return 0 <= i < self._max_inputs() and (
            node is None or (node._parent is self._parent and not node._needs(self))
        )

    def setInput(self, i, node):
        if not self.canSetInput(i, node):
            return False
        session().connect(self, i, node)
        return True

    def connectInput(self, i, node):
        return self.setInput(i, node)

    def _needs(self, other: Node) -> bool:
        return self is other or any(node is not None and node._needs(other) for node in self._inputs)

    def dependencies(self, what=None):
        return node_info.dependencies(self, what)

    def dependent(self, what=None, forceEvaluate=None):
        nodes = self._parent._children.values() if self._parent is not None else ()
        return [node for node in nodes if self in node_info.dependencies(node, what)]

    # Place in the graph and on the screen

    def isSelected(self):
        return bool(self._knobs["selected"]._components[0].constant)

    def setSelected(self, selected):
        self._knobs["selected"]._components[0].constant = float(bool(selected))

    def selectOnly(self):
        for node in self._parent._children.values():
            node.setSelected(node is self)

    def xpos(self):
        return int(self._knobs["xpos"]._components[0].constant)

    def ypos(self):
        return int(self._knobs["ypos"]._components[0].constant)

    def setXpos(self, x):
        self.setXYpos(x, self.ypos())

    def setYpos(self, y):
        self.setXYpos(self.xpos(), y)

    def setXYpos(self, x, y):
        self._knobs["xpos"]._components[0].constant = float(int(x))
        self._knobs["ypos"]._components[0].constant = float(int(y))

    def screenWidth(self):
        return 80

    def screenHeight(self):
        return 18

    def autoplace(self):
        session().changed()

    def shown(self):
        return self._panel_open

    def showControlPanel(self, forceFloat=False):
        if session().gui and not self._panel_open:
            self._panel_open = True
            session().callbacks.knob_changed(self, Knob("showPanel"))

    def hideControlPanel(self):
        self._panel_open = False

    def redraw(self):
        return None

    # Pictures

    def _image(self) -> Any:
        return session().renderer().image(self, session().context)

    def format(self):
        return node_info.format_of(self)

    def width(self):
        return self.format().width()

    def height(self):
        return self.format().height()

    def pixelAspect(self):
        return self.format().pixelAspect()

    def bbox(self):
        box = self._image().bbox
        return Info(box.x, box.y, box.w, box.h)

    def channels(self):
        return list(self._image().channels)

    def metadata(self, key=None, time=None, view=None):
        return node_info.metadata(self, key, time, view)

    def sample(self, c, x, y, dx=None, dy=None, frame=None):
        return node_info.sample(self, c, x, y, dx, dy, frame)

    def firstFrame(self):
        return node_info.frame_range(self)[0]

    def lastFrame(self):
        return node_info.frame_range(self)[1]

    def frameRange(self):
        from .frame_ranges import FrameRange

        return FrameRange(*node_info.frame_range(self), 1)

    def opHashes(self):
        return [node_info.op_hash(self, session().context)]

    def error(self):
        return self.hasError()

    def hasError(self):
        return node_info.problem(self) is not None

    def treeHasError(self):
        return self.hasError()

    def proxy(self):
        return session().context.scale != 1
