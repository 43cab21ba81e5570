"""The text of a script in as nodes: evaluated by a real Tcl interpreter, as Nuke does."""

from __future__ import annotations

from typing import Any

from . import tcl, user_knobs
from .current import session


class Reader:
    """Reads scripts into a group.

    Args:
        paste: leave the Root's own knobs alone, and select what came in.
    """

    def __init__(self, paste: bool = False) -> None:
        self._paste = paste
        self._stack: list[list[Any]] = [[]]
        self._groups: list[Any] = []
        self._ids: dict[str, Any] = {}
        self._made: list[Any] = []

    def read(self, text: str, into: Any, on_stack: Any = None) -> list[Any]:
        """Read a script and give the nodes that it made in the group.

        Args:
            text: what the file or the clipboard holds.
            into: a Group or the Root.
            on_stack: the node that a paste connects to.

        Raises:
            RuntimeError: the text is no script, or names a knob that does not exist.
        """
        self._groups = [into]
        self._stack = [[on_stack] if on_stack is not None else []]
        interpreter = tcl.Tcl(
            {
                "unknown": self._unknown,
                "push": self._push,
                "stack": self._stack_command,
                "end_group": self._end_group,
                "version": lambda *_: "",
                "define_window_layout_xml": lambda *_: "",
                "add_layer": self._add_layer,
            }
        )
        interpreter.eval(f"set cut_paste_input {self._id(on_stack)}")
        with session().history.paused():
            interpreter.eval(text)
        if len(self._groups) != 1:
            raise RuntimeError(f"{self._groups[-1].name()}: end_group is missing")
        return self._made

    def _id(self, node: Any) -> str:
        if node is None:
            return "0"
        key = f"N{id(node):x}"
        self._ids[key] = node
        return key

    def _push(self, key: str) -> str:
        if key not in self._ids and key != "0":
            raise RuntimeError(f"push {key}: no such node")
        self._stack[-1].append(self._ids.get(key))
        return ""

    def _stack_command(self, index: str = "0") -> str:
        stack = self._stack[-1]
        at = int(index)
        return self._id(stack[-1 - at] if at < len(stack) else None)

    def _add_layer(self, words: str) -> str:
        for channel in tcl.split(words)[1:]:
            session().layers.add(channel)
        return ""

    def _unknown(self, node_class: str, body: str | None = None, *more: str) -> str:
        if body is None or more or node_class in tcl.REMOVED:
            raise RuntimeError(f'invalid command name "{node_class}"')
        words = tcl.split(body)
        if node_class == "Root":
            if not self._paste:
                self._read_pairs(session().root, words)
            return ""
        node = session().make_node(node_class, self._groups[-1], lenient=True)
        inputs = self._take_inputs(words)
        self._read_pairs(node, words)
        for index, source in enumerate(inputs):
            if source is not None:
                self._grow(node, index, source)
        self._stack[-1].append(node)
        if len(self._groups) == 1:
            self._made.append(node)
        if hasattr(node, "_children"):
            self._groups.append(node)
            self._stack.append([])
        else:
            session().callbacks.run("OnCreate", node)
        return ""

    def _grow(self, node: Any, index: int, source: Any) -> None:
        node._inputs += [None] * (index + 1 - len(node._inputs))
        node._inputs[index] = source

    def _take_inputs(self, words: list[str]) -> list[Any]:
        count = 1
        for name, value in zip(words[::2], words[1::2], strict=False):
            if name == "inputs":
                count = sum(int(part) for part in value.split("+"))
        stack = self._stack[-1]
        return [stack.pop() if stack else None for _ in range(count)]

    def _end_group(self) -> str:
        if len(self._groups) == 1:
            raise RuntimeError("end_group without a group")
        self._stack.pop()
        session().callbacks.run("OnCreate", self._groups.pop())
        return ""

    def _read_pairs(self, node: Any, words: list[str]) -> None:
        if len(words) % 2:
            raise RuntimeError(f"{node.Class()}: {words[-1]!r} has no value")
        for name, value in zip(words[::2], words[1::2], strict=True):
            if name == "inputs":
                continue
            if name == "addUserKnob":
                node._add_user_knob(user_knobs.make(value))
            elif name == "name":
                session().name_read(node, value)
            else:
                self._read_knob(node, name, value)

    def _read_knob(self, node: Any, name: str, value: str) -> None:
        knob = node._knob_for_script(name)
        try:
            knob._read(value)
        except ValueError as error:
            raise RuntimeError(f"{node.name()}.{error}") from None
        session().knob_was_read(knob)

    def read_knobs(self, node: Any, text: str) -> None:
        """Read `name value` pairs onto a node."""
        self._read_pairs(node, tcl.split(text))
