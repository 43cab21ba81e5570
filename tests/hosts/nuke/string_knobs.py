"""Knobs that hold text: strings, file names, scripts, buttons."""

from __future__ import annotations

import re
from typing import Any

from . import paths, tcl
from .current import police, session
from .knob_base import Knob


@police
class String_Knob(Knob):
    """A line of text."""

    _type_code = 1

    def __init__(self, name: str = "", label: str | None = None, value: str = "") -> None:
        super().__init__(name, label)
        self._value = self._default = value

    def value(self, oc=None):
        return self._value

    def getValue(self, oc=None):
        return self._value

    def getText(self, oc=None):
        return self._value

    def setValue(self, val, view="default"):
        if not isinstance(val, str):
            raise TypeError(f"{self._name}: a str is needed, not {type(val).__name__}")
        with self._edit():
            self._value = val
        return True

    def _string_value(self) -> str:
        return self._value

    def _text(self) -> str:
        return self._value

    def _read(self, text: str) -> None:
        self._value = text

    def _is_default(self) -> bool:
        return self._value == self._default

    def _state(self) -> Any:
        return self._value

    def _restore(self, state: Any) -> None:
        self._value = state


@police
class EvalString_Knob(String_Knob):
    """Text in which Tcl in brackets is evaluated."""

    _type_code = 1

    def evaluate(self):
        return self._evaluated()

    def _evaluated(self) -> str:
        world = session()
        with world.inside(self._node):
            return world.tcl.subst(self._value)

    def _string_value(self) -> str:
        return self._evaluated()


class Multiline_Eval_String_Knob(EvalString_Knob):
    """Several lines of text."""

    _type_code = 43


@police
class File_Knob(EvalString_Knob):
    """The name of a file or of a sequence: `####` or `%04d` for the frame, `%V` and `%v` for the view."""

    _type_code = 2

    def getValue(self, oc=None):
        return paths.technical(self._value)

    def getEvaluatedValue(self):
        return paths.technical(self._evaluated()) if self._value else None

    def evaluate(self):
        return paths.at(self._evaluated(), session().context) if self._value else None

    def fromUserText(self, s):
        # [R] On a Read, "name 1001-1050" also sets the range.
        match = re.fullmatch(r"(.*\S)\s+(-?\d+)(?:-(-?\d+))?", s)
        with self._edit():
            self._value = match.group(1) if match else s
        if match and self._node is not None and "origfirst" in self._node._knobs:
            first = int(match.group(2))
            last = int(match.group(3) or first)
            for name, value in (("first", first), ("last", last), ("origfirst", first), ("origlast", last)):
                self._node[name].setValue(value)
            self._node["origset"].setValue(True)


@police
class Script_Knob(String_Knob):
    """Text that runs."""

    _type_code = 32

    def command(self):
        return self._value

    def value(self):
        return self._value

    def setCommand(self, cmd):
        self.setValue(cmd)

    def setValue(self, cmd):
        with self._edit():
            self._value = cmd

    def execute(self):
        session().run_script(self._node, self, self._value)

    def _definition_extras(self) -> list[str]:
        return ["T", tcl.quote(self._value)] if self._value else []

    def _define(self, key: str, value: str) -> None:
        if key == "T":
            self._value = value


class PyScript_Knob(Script_Knob):
    """A button that runs Python."""

    _type_code = 22
    _starts_line = False


class PyCustom_Knob(Script_Knob):
    """A knob whose widget Python makes."""

    _type_code = 52


class PythonKnob(String_Knob):
    """Python that a callback runs."""


class Multiline_Text(String_Knob):
    """Several lines of text without Tcl; Python sees no class of its own for it."""

    _type_code = 28

    def Class(self):
        return "Multiline_String_Knob"


@police
class Password_Knob(Knob):
    """Text that is shown as dots and never saved."""

    _type_code = 61

    def __init__(self, name: str = "", label: str | None = None) -> None:
        super().__init__(name, label)
        self._value = ""

    def value(self):
        return self._value

    def getText(self):
        return self._value

    def setValue(self, val, view="default"):
        self._value = val


@police
class Text_Knob(Knob):
    """A line that only says something, or a divider where it says nothing."""

    _type_code = 26

    def __init__(self, name: str = "", label: str | None = None, value: str = "") -> None:
        super().__init__(name, label)
        self._value = value

    def value(self, *args, **kwargs):
        return self._value

    def setValue(self, val, chan=None):
        with self._edit():
            self._value = val

    def _definition_extras(self) -> list[str]:
        return ["T", tcl.quote(self._value)] if self._value else []

    def _define(self, key: str, value: str) -> None:
        if key == "T":
            self._value = value

    def _state(self) -> Any:
        return self._value

    def _restore(self, state: Any) -> None:
        self._value = state

    def _string_value(self) -> str:
        return self._value

    def _is_layout(self) -> bool:
        return True
