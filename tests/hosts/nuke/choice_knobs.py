"""Knobs that choose from a list: enumerations, channels, formats."""

from __future__ import annotations

from typing import Any

from . import tcl
from .current import police, session
from .knob_base import Knob
from .number_knobs import Unsigned_Knob


@police
class Enumeration_Knob(Unsigned_Knob):
    """One of several words. In a script the word stands, or its index, or an expression for the index."""

    _type_code = 4

    def __init__(self, name: str = "", label: str | None = None, items: Any = ()) -> None:
        super().__init__(name, label)
        self._items = [str(item) for item in items]

    def value(self):
        index = int(self._evaluate(0))
        return self._items[index] if 0 <= index < len(self._items) else ""

    def setValue(self, item):
        with self._edit():
            self._choose(item)

    def _choose(self, item: Any) -> None:
        if isinstance(item, str):
            if item not in self._items:
                raise ValueError(f"{self._name}: {item!r} is none of {self._items}")
            item = self._items.index(item)
        self._set(item, 0, None)

    def values(self):
        return list(self._items)

    def numValues(self):
        return len(self._items)

    def enumName(self, n):
        return self._items[n]

    def setValues(self, items):
        chosen = self.value()
        with self._edit():
            self._items = [str(item) for item in items]
            if chosen in self._items:
                self._components[0].constant = float(self._items.index(chosen))

    def _plain(self) -> bool:
        part = self._components[0]
        return part.curve is None and part.expression is None

    def _text(self) -> str:
        return self.value() if self._plain() else super()._text()

    def _word(self) -> str:
        return tcl.quote(self.value()) if self._plain() else super()._word()

    def _string_value(self) -> str:
        return self.value()

    def _read(self, text: str) -> None:
        if text in self._items:
            self._choose(text)
        elif text.lstrip("-").isdigit():
            self._choose(int(text))
        elif text.startswith("{"):
            super()._read(text)
        else:
            self._read_unknown(text)

    def _read_unknown(self, text: str) -> None:
        raise ValueError(f"{self._name}: {text!r} is none of {self._items}")

    def _state(self) -> Any:
        return (super()._state(), list(self._items))

    def _restore(self, state: Any) -> None:
        super()._restore(state[0])
        self._items = list(state[1])

    def _definition_extras(self) -> list[str]:
        return ["M", tcl.braced(tcl.quote(item) for item in self._items)]

    def _define(self, key: str, value: str) -> None:
        if key == "M":
            self._items = tcl.split(value)
            # Nuke itself writes empty words behind the last item.
            while len(self._items) > 1 and not self._items[-1]:
                self._items.pop()


class Pulldown_Knob(Enumeration_Knob):
    """Words that run something."""

    _type_code = 35


class CascadingEnumeration_Knob(Enumeration_Knob):
    """Words in menus."""

    _type_code = 68


class OpenEnumeration(Enumeration_Knob):
    """Words of which the stand-in knows some: what a colour configuration offers. Python sees its base's name."""

    def Class(self):
        return "Enumeration_Knob"

    def _choose(self, item: Any) -> None:
        if isinstance(item, str) and item not in self._items:
            self._items.append(item)
        super()._choose(item)

    def _read_unknown(self, text: str) -> None:
        self._choose(text)


@police
class Channel_Knob(Knob):
    """The name of a channel (`rgba.alpha`)."""

    _type_code = 11

    def __init__(self, name: str = "", label: str | None = None, channels: str = "none", depth: int = 1) -> None:
        super().__init__(name, label)
        self._value = self._default = channels
        self._depth = depth

    def value(self):
        return self._value

    def setValue(self, name):
        with self._edit():
            self._value = session().layers.checked(name)

    def depth(self):
        return self._depth

    def inputNumber(self):
        return 0

    def _string_value(self) -> str:
        return self._value

    def _text(self) -> str:
        return self._value

    def _read(self, text: str) -> None:
        words = tcl.split(text)
        if len(words) > 1:  # {rgba.red rgba.green -rgba.blue rgba.alpha}: the marked channels of a layer
            self._value = " ".join(words)
        else:
            self._value = session().layers.checked(words[0] if words else "none")

    def _word(self) -> str:
        return "{" + self._value + "}" if " " in self._value else tcl.quote(self._value)

    def _is_default(self) -> bool:
        return self._value == self._default

    def _state(self) -> Any:
        return self._value

    def _restore(self, state: Any) -> None:
        self._value = state

    def _channels(self) -> list[str]:
        """The channels meant, by their full names."""
        words = [word for word in self._value.split() if not word.startswith("-")]
        return [name for word in words for name in session().layers.channels_of(word)]


class ChannelMask_Knob(Channel_Knob):
    """A layer, some of its channels, `all` or `none`."""

    _type_code = 10


@police
class Format_Knob(Knob):
    """A picture's size and pixel aspect."""

    _type_code = 17

    def __init__(self, name: str = "", label: str | None = None) -> None:
        super().__init__(name, label)
        self._format: Any = None

    def value(self):
        return self._format if self._format is not None else session().root["format"].value()

    def actualValue(self):
        return self.value()

    def name(self):
        return self._name

    def setValue(self, format):
        with self._edit():
            self._format = session().format_named(format) if isinstance(format, str) else format
        return True

    def notDefault(self):
        return self._format is not None

    def _text(self) -> str:
        return self.value()._script()

    def _read(self, text: str) -> None:
        self._format = session().format_from(text)

    def _is_default(self) -> bool:
        return self._format is None

    def _state(self) -> Any:
        # Formats are shared by everybody who names them: an undo brings back which one, not what it said.
        return _Same(self._format)

    def _restore(self, state: Any) -> None:
        self._format = state.thing


class _Same:
    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __deepcopy__(self, memo: Any) -> _Same:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)
