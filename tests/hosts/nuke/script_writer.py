"""Nodes out as the text of a script."""

from __future__ import annotations

import graphlib
import itertools
from typing import Any

from . import constants, tcl, user_knobs
from .current import session
from .string_knobs import Password_Knob

_NOT_WRITTEN = {"name", "selected", "xpos", "ypos"}  # in an order of their own


class Writer:
    """Writes nodes as Nuke does: what differs from the default, definitions of user knobs, a stack of inputs."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def knob_lines(self, node: Any, mode: int = constants.TO_SCRIPT) -> str:
        """Write what `Node.writeKnobs` gives: `name value` lines, user knobs' definitions too if the mode asks."""
        if not mode & (constants.TO_SCRIPT | constants.TO_VALUE):  # a list of names
            # [V: https://learn.foundry.com/nuke/developers/150/pythondevguide/_autosummary/nuke.PanelNode.html]
            return " ".join(self._names(node, everything=bool(mode & constants.WRITE_ALL)))
        definitions = bool(mode & (constants.WRITE_USER_KNOB_DEFS | constants.TO_SCRIPT))
        return "\n".join(self._lines(node, definitions=definitions, everything=bool(mode & constants.WRITE_ALL)))

    def _names(self, node: Any, *, everything: bool) -> list[str]:
        """The knobs that are not at their defaults; a user knob is compared with a fresh one [R]."""
        own = [knob for knob in node._knobs.values() if knob not in node._user_knobs]
        names = [knob._name for knob in own if knob._name not in _NOT_WRITTEN and self._is_written(knob, everything)]
        users = (knob for knob in node._user_knobs if not knob._is_layout() and not hasattr(knob, "setCommand"))
        return names + [knob._name for knob in users if self._needs_value(knob, everything)]

    def _lines(self, node: Any, *, definitions: bool, everything: bool = False) -> list[str]:
        own = [knob for knob in node._knobs.values() if knob not in node._user_knobs]
        late = [node._knobs[name] for name in ("name", "selected", "xpos", "ypos")]
        ordered = [knob for knob in own if knob._name not in _NOT_WRITTEN] + late
        lines = [f"{knob._name} {knob._word()}" for knob in ordered if self._is_written(knob, everything)]
        for knob in node._user_knobs:
            if definitions:
                lines.append(f"addUserKnob {tcl.braced(knob._definition())}")
            if not knob._is_layout() and not hasattr(knob, "setCommand") and self._needs_value(knob, everything):
                lines.append(f"{knob._name} {knob._word()}")
        return lines

    def _needs_value(self, knob: Any, everything: bool) -> bool:
        """Say whether a user knob's definition alone would not bring its value back."""
        if knob._flags & constants.DO_NOT_WRITE or isinstance(knob, Password_Knob):
            return False
        fresh = user_knobs.make(tcl.braced(knob._definition())[1:-1])
        return everything or bool(knob._flags & constants.ALWAYS_SAVE) or fresh._word() != knob._word()

    def _is_written(self, knob: Any, everything: bool) -> bool:
        if knob._flags & constants.DO_NOT_WRITE:
            return False
        return everything or bool(knob._flags & constants.ALWAYS_SAVE) or not knob._is_default()

    def node(self, node: Any, indent: str = "") -> str:
        """Write one node, and what it holds."""
        head = [self._inputs_line(node), *self._lines(node, definitions=True)]
        body = "".join(f"{indent} {line}\n" for line in head if line)
        text = f"{indent}{node.Class()} {{\n{body}{indent}}}\n"
        if hasattr(node, "_children"):
            text += self.nodes(list(node._children.values()), indent + " ") + f"{indent}end_group\n"
        return text

    def _inputs_line(self, node: Any) -> str:
        count = len(node._inputs)
        main = node._node_class.inputs
        if node._node_class.mask and count > main:
            return f"inputs {main}+1"
        return "" if count == 1 else f"inputs {count}"

    def nodes(self, nodes: list[Any], indent: str = "") -> str:
        """Write nodes of one group, each behind its inputs; inputs from elsewhere are left out."""
        # A variable of Tcl outlives its group, so that no two may share a name.
        chosen = {node: f"N{next(self._numbers)}" for node in nodes}
        needs = {node: [source for source in node._inputs if source in chosen] for node in nodes}
        read_by_others = {source for sources in needs.values() for source in sources}
        text = ""
        for node in graphlib.TopologicalSorter(needs).static_order():
            for source in reversed(node._inputs):
                text += f"{indent}push {f'${chosen[source]}' if source in chosen else 0}\n"
            text += self.node(node, indent)
            if node in read_by_others:
                text += f"{indent}set {chosen[node]} [stack 0]\n"
        return text

    def script(self) -> str:
        """Write the whole script."""
        world = session()
        major, minor, release = world.version_parts
        lines = self._lines(world.root, definitions=True)
        body = "".join(f" {line}\n" for line in lines)
        layers = "".join(
            f"add_layer {tcl.braced([name, *world.layers.channels_of(name)])}\n" for name in world.layers.added_names()
        )
        root = f"Root {{\n inputs 0\n{body}}}\n"
        nodes = self.nodes(list(world.root._children.values()))
        return f"#! nuke -nx\nversion {major}.{minor} v{release}\n{root}{layers}{nodes}"

    def clipboard(self, nodes: list[Any]) -> str:
        """Write nodes as a copy holds them."""
        major, minor, release = session().version_parts
        head = f"set cut_paste_input [stack 0]\nversion {major}.{minor} v{release}\npush $cut_paste_input\n"
        return head + self.nodes(nodes)
