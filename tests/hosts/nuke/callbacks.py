"""What Nuke calls: code on knobs first, then functions for the class, then functions for `*` [D]."""

from __future__ import annotations

import traceback
from typing import Any

from .current import session

# name -> the class that nuke.add... means when none is given
BY_CLASS = {
    "OnUserCreate": "*",
    "OnCreate": "*",
    "OnDestroy": "*",
    "OnScriptLoad": "Root",
    "OnScriptSave": "Root",
    "OnScriptClose": "Root",
    "UpdateUI": "*",
    "Autolabel": "*",
    "BeforeRender": "Write",
    "BeforeFrameRender": "Write",
    "AfterFrameRender": "Write",
    "AfterRender": "Write",
    "RenderProgress": "Write",
    "FilenameFilter": "*",
    "ValidateFilename": "Write",
}
# An exception in one of these ends what Nuke was doing [D]; elsewhere Nuke prints it and goes on.
_MAY_STOP = {"BeforeRender", "BeforeFrameRender", "AfterFrameRender", "AfterRender"}


class Callbacks:
    """The functions that were registered, and the ways to call them."""

    def __init__(self) -> None:
        self._lists: dict[str, list[tuple[str, Any, tuple[Any, ...], dict[str, Any], Any]]] = {}

    def add(self, kind: str, call: Any, args: Any, kwargs: Any, node_class: str, node: Any = None) -> None:
        """Register a function; once more is not twice.

        [V: https://learn.foundry.com/nuke/developers/160/pythondevguide/_modules/nuke_internal/callbacks.html]
        """
        if not callable(call):
            raise ValueError("call must be a callable")  # noqa: TRY004 - as Nuke does
        if not isinstance(kwargs, dict):
            raise ValueError("kwargs must be a dictionary")  # noqa: TRY004 - as Nuke does
        entry = (node_class, call, args if isinstance(args, tuple) else (args,), kwargs, node)
        entries = self._lists.setdefault(kind, [])
        if entry in entries:
            entries.remove(entry)
        entries.append(entry)

    def remove(self, kind: str, call: Any, args: Any, kwargs: Any, node_class: str, node: Any = None) -> None:
        """Forget a function; one that is not there is no error."""
        entry = (node_class, call, args if isinstance(args, tuple) else (args,), kwargs, node)
        if entry in self._lists.get(kind, []):
            self._lists[kind].remove(entry)

    def count(self, kind: str) -> int:
        """Say how many functions are registered for an event."""
        return len(self._lists.get(kind, []))

    def _matching(self, kind: str, node: Any) -> list[Any]:
        entries = self._lists.get(kind, [])
        ordered = [e for e in entries if e[0] == node.Class()] + [e for e in entries if e[0] == "*"]
        return [entry for entry in ordered if entry[4] in {None, node}]

    def run(self, kind: str, node: Any, knob: Any = None) -> None:
        """Call everything that waits for an event on a node.

        Raises:
            Exception: what a function raised, where the event is one that may be stopped.
        """
        world = session()
        try:
            with world.inside(node, knob):
                code = node._knobs.get(kind[0].lower() + kind[1:])
                if code is not None and code._value:
                    world.execute_code(code._value)
                for _, call, args, kwargs, _ in self._matching(kind, node):
                    call(*args, **kwargs)
        except Exception:
            if kind in _MAY_STOP:
                raise
            world.tracebacks.append(traceback.format_exc())

    def knob_changed(self, node: Any, knob: Any) -> None:
        """Tell that a knob changed, or one of the dummy knobs `showPanel` and `inputChange`. Not recursive [D]."""
        world = session()
        if world.in_knob_changed:
            return
        world.in_knob_changed = True
        try:
            self.run("KnobChanged", node, knob)
        finally:
            world.in_knob_changed = False

    def filter_filename(self, node: Any, name: str) -> str:
        """Run a name through the filters, the last added first."""
        with session().inside(node):
            for _, call, args, kwargs, _ in reversed(self._matching("FilenameFilter", node)):
                changed = call(name, *args, **kwargs)
                name = name if changed is None else changed
        return name

    def validate_filename(self, node: Any, name: str) -> None:
        """Let functions refuse a name that is to be written."""
        with session().inside(node):
            for _, call, args, kwargs, _ in self._matching("ValidateFilename", node):
                if not call(name, *args, **kwargs):
                    raise RuntimeError(f"{node.fullName()}: {name}: the file name is not valid")

    def label(self, node: Any) -> str:
        """Give the text on a node in the graph."""
        with session().inside(node):
            code = node._knobs["autolabel"]._value
            if code:
                made = session().evaluate_code(code)
                if made is not None:
                    return str(made)
            for _, call, args, kwargs, _ in reversed(self._matching("Autolabel", node)):
                made = call(*args, **kwargs)
                if made is not None:
                    return str(made)
        return node.name()
