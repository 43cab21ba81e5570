"""What every knob can do: name, label, flags, its place on a node, and edits that can be undone."""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING, Any

from . import constants, tcl
from .current import police, session

if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAG_WORDS = {"INVISIBLE": constants.INVISIBLE, "DISABLED": constants.DISABLED}


@police
class Knob:
    """A control on a node. `Class()` and the name of its Python class are the same."""

    _starts_line = True
    _type_code = 0

    def __init__(self, name: str = "", label: str | None = None) -> None:
        if not isinstance(name, str):
            raise TypeError(f"argument 1 must be str, not {type(name).__name__}")
        self._name = name
        self._label = label
        self._tooltip = ""
        self._flags = constants.STARTLINE if self._starts_line else 0
        self._hidden = False
        self._node: Any = None
        self._editing = False
        self._problem: str | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object {self._name!r}>"

    def _is_gone(self) -> bool:
        return self._node is not None and self._node._is_gone()

    # What is common to all

    def Class(self):
        return type(self).__name__

    def node(self):
        return self._node

    def name(self):
        return self._name

    def setName(self, s):
        if self._node is not None and self._node.knob(s) not in {None, self}:
            raise ValueError(f"knob {s} exists already")
        if self._node is not None:
            self._node._knobs = {s if name == self._name else name: k for name, k in self._node._knobs.items()}
        self._name = s

    def label(self):
        return self._label or ""

    def setLabel(self, s):
        self._label = s

    def tooltip(self):
        return self._tooltip

    def setTooltip(self, s):
        self._tooltip = s

    def fullyQualifiedName(self, channel=-1):
        suffix = f".{self._component_names()[channel]}" if channel >= 0 else ""
        return f"{self._node.fullName()}.{self._name}{suffix}"

    def setFlag(self, f):
        self._flags |= f

    def clearFlag(self, f):
        self._flags &= ~f

    def getFlag(self, f):
        return bool(self._flags & f)

    def setEnabled(self, enabled):
        self.clearFlag(constants.DISABLED) if enabled else self.setFlag(constants.DISABLED)

    def enabled(self):
        return not self._flags & constants.DISABLED

    # HIDDEN is what setVisible changes. INVISIBLE is for knobs that nobody may ever see; it stays whatever is shown.
    # [V: https://learn.foundry.com/nuke/developers/105/ndkdevguide/knobs-and-handles/knobflags.html]
    def setVisible(self, visible):
        self._hidden = not visible

    def visible(self):
        return not self._hidden and not self._flags & constants.INVISIBLE

    def error(self, message):
        self._problem = message

    def warning(self, message):
        self._problem = message

    def value(self):
        return None

    def getValue(self):
        return self.value()

    def setValue(self, val, chan=None):
        raise TypeError(f"a {self.Class()} holds no value")

    def hasExpression(self, index=-1):
        return False

    def isAnimated(self, *args, **kwargs):
        return False

    def getKeyList(self):
        return []

    def toScript(self, quote=None, context=None):
        return self._text()

    def fromScript(self, s):
        with self._edit():
            self._read(s)
        return True

    # What the stand-in needs

    def _component_names(self) -> list[str]:
        return [""]

    def _text(self) -> str:
        """The value as a script holds it, without the quotes of a word."""
        return ""

    def _word(self) -> str:
        """The value as one word of a script."""
        return tcl.quote(self._text())

    def _read(self, text: str) -> None:
        """Take the value from the text that a script holds."""

    def _is_default(self) -> bool:
        return True

    def _is_layout(self) -> bool:
        return False

    def _state(self) -> Any:
        """What an undo brings back."""
        return None

    def _restore(self, state: Any) -> None:
        """Take back what `_state` gave."""

    def _definition(self) -> list[str]:
        """The words of `addUserKnob {...}` that make this knob again."""
        words = [str(self._type_code), tcl.quote(self._name)]
        if self._label is not None and self._label != self._name:
            words += ["l", tcl.quote(self._label)]
        if self._tooltip:
            words += ["t", tcl.quote(self._tooltip)]
        words += self._definition_extras()
        starts = bool(self._flags & constants.STARTLINE)
        if starts != self._starts_line:
            words.append("+STARTLINE" if starts else "-STARTLINE")
        words += [f"+{word}" for word, flag in _FLAG_WORDS.items() if self._flags & flag]
        return words + (["+HIDDEN"] if self._hidden else [])

    def _definition_extras(self) -> list[str]:
        return []

    def _define(self, key: str, value: str) -> None:
        """Take one `key value` pair of `addUserKnob {...}`."""

    def _clone(self) -> Knob:
        """Give the same knob, on no node."""
        other = copy.copy(self)
        other._node = None
        other._restore(copy.deepcopy(self._state()))
        return other

    @contextlib.contextmanager
    def _edit(self) -> Iterator[None]:
        """Surround a change: it can be undone, marks the script as modified and calls knobChanged."""
        if self._editing or self._node is None:
            yield
            return
        before, self._editing = copy.deepcopy(self._state()), True
        try:
            yield
        finally:
            self._editing = False
        after = copy.deepcopy(self._state())
        if after != before:
            session().knob_was_edited(self, before, after)
