"""Knobs that order a panel, and links to knobs elsewhere."""

from __future__ import annotations

from typing import Any

from . import constants, scope, tcl
from .current import police, session
from .knob_base import Knob
from .string_knobs import String_Knob


class Page(Knob):
    """A page of a panel, or one end of a group of knobs."""

    _type_code = 20
    _kind = constants.TABKNOB

    def _is_layout(self) -> bool:
        return True

    def _definition_extras(self) -> list[str]:
        return ["n", str(self._kind)] if self._kind else []

    def _define(self, key: str, value: str) -> None:
        if key == "n":
            self._kind = int(value)


@police
class Tab_Knob(Page):
    """A page of a panel; with a type it begins or ends a group of knobs."""

    def __init__(self, name: str = "", label: str | None = None, type: int = constants.TABKNOB) -> None:
        super().__init__(name, label)
        self._kind = int(type)

    def value(self, *args, **kwargs):
        return None

    def setValue(self, val, chan=None):
        return None


class BeginTabGroup_Knob(Page):
    """Begins a group of knobs."""

    _kind = constants.TABBEGINGROUP


class EndTabGroup_Knob(Page):
    """Ends a group of knobs."""

    _kind = constants.TABENDGROUP


@police
class Link_Knob(Knob):
    """Shows a knob of another node as if it were here. Python must ask `getLinkedKnob` for what it shows."""

    _type_code = 41

    def __init__(self, name: str = "", label: str | None = None) -> None:
        super().__init__(name, label)
        self._link = ""

    def makeLink(self, s, t):
        with self._edit():
            self._link = f"{s}.{t}"

    def setLink(self, s):
        with self._edit():
            self._link = s

    def getLink(self):
        return self._link

    def getLinkedKnob(self):
        target, rest = scope.find(self._node, self._link) if self._link else (None, [])
        return target if not rest and not hasattr(target, "_knobs") else None

    def value(self):
        target = self.getLinkedKnob()
        return None if target is None else target.value()

    def setValue(self):
        return None  # the real one takes no value: set the linked knob's

    def _is_layout(self) -> bool:
        return True

    def _definition_extras(self) -> list[str]:
        return ["T", tcl.quote(self._link)] if self._link else []

    def _define(self, key: str, value: str) -> None:
        if key == "T":
            self._link = value

    def _state(self) -> Any:
        return self._link

    def _restore(self, state: Any) -> None:
        self._link = state


class ViewNames(String_Knob):
    """The views that a Write renders, as words. Python sees MultiView_Knob's name."""

    def Class(self):
        return "MultiView_Knob"

    def _chosen(self) -> list[str]:
        return self._value.split() or session().view_names()


class AnyText(String_Knob):
    """A knob of a class that the stand-in does not know, kept as it was written."""

    def Class(self):
        return "Knob"
