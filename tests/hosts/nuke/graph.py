"""What happens to the graph: nodes come, go, are connected and renamed; each can be undone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import constants, node_table, tcl
from .group import Group
from .knob_base import Knob
from .node import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .callbacks import Callbacks
    from .undo import History


_OF_INDIE = 10


class Graph:
    """The part of a session that changes the graph."""

    root: Any
    groups: list[Any]
    gui: bool
    indie: bool
    given: list[Any]
    version_parts: tuple[int, ...]
    callbacks: Callbacks
    history: History
    is_modified: bool
    touched: dict[Any, None]

    def changed(self) -> None:
        """The script is not what was saved any more."""
        self.is_modified = True

    def make_node(self, node_class: str, parent: Any, *, lenient: bool = False) -> Any:
        """Make a node with a free name; nobody is told.

        Args:
            node_class: its name.
            parent: the group that it comes into.
            lenient: a class that the stand-in does not know becomes a node that keeps its text and cannot be computed.

        Raises:
            RuntimeError: there is no such class.
        """
        known = node_table.CLASSES.get("Group" if node_class == "Gizmo" else node_class)
        if known is None and not lenient:
            raise RuntimeError(f"{node_class}: Unknown command")
        known = known or node_table.unknown_class(node_class)
        node = (Group if known.group else Node)._of(known, parent)
        stem = re.sub(r"\d+$", "", known.name) + "1"
        node._knobs["name"]._value = parent._free_name(stem)
        parent._children[node._knobs["name"]._value] = node
        self.changed()
        return node

    def name_read(self, node: Any, name: str) -> None:
        """Give a node the name that a script says, or the next free one."""
        if node is self.root:
            node._knobs["name"]._value = name
            return
        if name != node._knobs["name"]._value:
            self._move(node, node._parent._free_name(name))

    def _move(self, node: Any, name: str) -> None:
        children = node._parent._children
        old = node._knobs["name"]._value
        node._parent._children = {name if key == old else key: child for key, child in children.items()}
        node._knobs["name"]._value = name

    def rename(self, node: Any, name: str) -> None:
        """Rename a node."""
        old, parent = node._knobs["name"]._value, node._parent
        if old == name:
            return
        self._move(node, name)
        self.changed()
        where = self._path(parent)
        self.history.record(
            f"Rename {old}",
            lambda: self._move(self._at(where)._children[name], old),
            lambda: self._move(self._at(where)._children[old], name),
        )

    def created(self, node: Any, *, by_user: bool) -> None:
        """Tell that a node is there, and let undo take it away."""
        if by_user and self.gui:
            self.callbacks.run("OnUserCreate", node)
        self.callbacks.run("OnCreate", node)
        path, state = self._path(node), self._snapshot(node)
        self.history.record(
            f"Create {node.name()}",
            lambda: self._destroy(self._at(path)),
            lambda: self._bring_back(state),
        )

    def delete(self, node: Any) -> None:
        """Delete a node; what it fed loses the input."""
        if node is self.root:
            raise ValueError("the Root cannot be deleted")
        path, state = self._path(node), self._snapshot(node)
        self._destroy(node)
        self.history.record(
            f"Delete {path[-1]}", lambda: self._bring_back(state), lambda: self._destroy(self._at(path))
        )

    def _destroy(self, node: Any) -> None:
        self._tell_destroyed(node)
        for other in node._parent._children.values():
            other._inputs = [None if source is node else source for source in other._inputs]
            self._trim(other)
        del node._parent._children[node._knobs["name"]._value]
        self._detach(node)
        self.changed()

    def _tell_destroyed(self, node: Any) -> None:
        # [D] on a Group before its children
        self.callbacks.run("OnDestroy", node)
        for child in list(getattr(node, "_children", {}).values()):
            self._tell_destroyed(child)

    def _detach(self, node: Any) -> None:
        for child in getattr(node, "_children", {}).values():
            self._detach(child)
        node._attached = False

    def _snapshot(self, node: Any) -> tuple[Any, ...]:
        """Keep a node as text, and who was connected to it: undo makes a new node, the old object stays dead."""
        siblings = node._parent._children.items()
        sources = [None if source is None else source._knobs["name"]._value for source in node._inputs]
        readers = [(name, i) for name, other in siblings for i, source in enumerate(other._inputs) if source is node]
        return self._path(node._parent), node.name(), self.writer().node(node), sources, readers

    def _bring_back(self, state: tuple[Any, ...]) -> None:
        path, name, text, sources, readers = state
        group = self._at(path)
        self.reader(paste=True).read(text, group)
        node = group._children[name]
        node._inputs = [group._children.get(source) for source in sources]
        for reader, index in readers:
            if reader in group._children:
                self._plug(group._children[reader], index, node)

    def connect(self, node: Any, index: int, source: Any) -> None:
        """Connect an input, or leave it open."""
        old = node._inputs[index] if index < len(node._inputs) else None
        if old is source:
            return
        self._plug(node, index, source)
        self.changed()
        path, was, now = self._path(node), self._path(old), self._path(source)
        self.history.record(
            f"Connect {node.name()}",
            lambda: self._plug(self._at(path), index, self._at(was)),
            lambda: self._plug(self._at(path), index, self._at(now)),
        )
        if node._panel_open:
            self.callbacks.knob_changed(node, Knob("inputChange"))

    def _plug(self, node: Any, index: int, source: Any) -> None:
        node._inputs += [None] * (index + 1 - len(node._inputs))
        node._inputs[index] = source
        self._trim(node)

    def _trim(self, node: Any) -> None:
        while node._inputs and node._inputs[-1] is None:
            node._inputs.pop()

    def _put_back(self, path: Any, name: str, value: Any) -> None:
        """Undo or redo an edit: the node has changed, so updateUI is due; knobChanged is not called [R]."""
        node = self._at(path)
        node._knobs[name]._restore(value)
        self.touched[node] = None

    def knob_was_edited(self, knob: Any, before: Any, after: Any) -> None:
        """Remember an edit for undo, and tell who wants to know."""
        node = knob._node
        if knob._name == "name":
            knob._value = before
            node.setName(after)
            return
        self.changed()
        self.touched[node] = None
        self.knob_was_read(knob)
        path, name = self._path(node), knob._name
        if not knob._flags & constants.NO_UNDO:
            self.history.record(
                f"Change {node.name()}.{name}",
                lambda: self._put_back(path, name, before),
                lambda: self._put_back(path, name, after),
            )
        # [D] up to 17.0 with the panel open only; 17.1 documents every change
        always = knob._flags & constants.KNOB_CHANGED_ALWAYS or self.version_parts >= (17, 1)
        if node._panel_open or always:
            self.callbacks.knob_changed(node, knob)

    def knob_was_read(self, knob: Any) -> None:
        """What follows from some knobs' values: a file type brings its own knobs, the Root's views are the views."""
        node = knob._node
        if node.Class() in {"Write", "DeepWrite"} and knob._name in {"file_type", "file"}:
            self._file_type(node, knob)
        if node is self.root and knob._name == "views":
            self.set_views([tcl.split(line)[0] for line in tcl.split(knob._value)])

    def _file_type(self, node: Any, knob: Any) -> None:
        kind = node["file_type"].value().strip() or knob._text().rpartition(".")[2]
        lines = node_table.FILE_TYPE_KNOBS.get(kind)
        if getattr(node, "_file_kind", None) == kind or not lines:
            return
        for name in getattr(node, "_file_knobs", ()):
            del node._knobs[name]
        made = [node_table.knob_of(line) for line in lines]
        node._file_kind, node._file_knobs = kind, [own._name for own in made]
        for own in made:
            node._own(own)

    def update_nodes(self) -> None:
        """Run updateUI, then autolabel, on nodes that were changed: Nuke does it when it has nothing else to do [D]."""
        while self.touched:
            node = next(iter(self.touched))
            del self.touched[node]
            if node._attached:
                self.callbacks.run("UpdateUI", node)
                node._shown_label = self.callbacks.label(node)

    # Finding

    def find_node(self, name: str, group: Any = None) -> Any:
        """Give a node by its name, or by the names of the groups down to it; None where there is none."""
        at = group or self.groups[-1]
        words = name.split(".")
        if words[0] == "root":
            at, words = self.root, words[1:]
        for word in words:
            at = getattr(at, "_children", {}).get(word)
            if at is None:
                return None if group or self.groups[-1] is self.root else self._from_root(name)
        return at

    def _from_root(self, name: str) -> Any:
        return self.find_node(name, self.root)

    def hand_out(self, node: Any) -> Any:
        """Give a node to Python. Nuke Indie gives ten, then None [R: by which calls].

        [V: of the non-commercial edition, https://bitbucket.org/filmkorn/nodetable/issues/28]
        """
        if self.indie and node is not None and node not in self.given:
            if len(self.given) >= _OF_INDIE:
                return None
            self.given.append(node)
        return node

    def every_node(self, group: Any = None) -> Iterator[Any]:
        """Give all nodes, those in Groups too."""
        for node in list((group or self.root)._children.values()):
            yield node
            if hasattr(node, "_children"):
                yield from self.every_node(node)

    def _path(self, node: Any) -> tuple[str, ...] | None:
        if node is None:
            return None
        path: list[str] = []
        while node is not self.root:
            path.insert(0, node._knobs["name"]._value)
            node = node._parent
        return tuple(path)

    def _at(self, path: tuple[str, ...] | None) -> Any:
        if path is None:
            return None
        at = self.root
        for name in path:
            at = at._children[name]
        return at

    def run_script(self, node: Any, knob: Any, code: str) -> None:
        """Press a button."""
        if node is not None and node.Class() == "Read" and knob._name == "reload":
            node._reload_count += 1
        elif node is not None and node.Class() == "Write" and knob._name == "Render":
            from .execution import execute

            execute(node)
        else:
            with self.inside(node, knob):
                self.execute_code(code)
