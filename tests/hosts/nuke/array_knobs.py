"""Knobs that hold numbers: each component has a constant, a curve or an expression."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from . import constants, curves, scope, tcl
from .animation import AnimationCurve
from .current import police, session
from .expressions import Expression
from .knob_base import Knob


@dataclass
class Component:
    """One number of a knob."""

    constant: float = 0.0
    curve: curves.Curve | None = None
    expression: str | None = None

    def text(self) -> str:
        """Write it as an element of the knob's list."""
        if self.expression is not None:
            keys = " " + curves.write(self.curve) if self.curve is not None and self.curve.keys else ""
            plain = not keys and not any(c in self.expression for c in '"\\[]{}$;#') and self.expression.strip()
            return "{" + (self.expression if plain == self.expression else _quoted(self.expression)) + keys + "}"
        if self.curve is not None:
            return "{curve " + (curves.write(self.curve) or f"x0 {curves.number(self.constant)}") + "}"
        return curves.number(self.constant)


def _quoted(text: str) -> str:
    word = tcl.quote(text)
    return word if word.startswith('"') else f'"{word}"'


def component(text: str) -> Component:
    """Read an element of a knob's list: a number, `curve ...` or an expression."""
    if text in {"true", "false"}:
        return Component(float(text == "true"))
    try:
        return Component(float(text))
    except ValueError:
        pass
    words = tcl.split(text)
    if words[0] == "curve":
        return Component(curve=curves.parse(words[1:]))
    if text.lstrip().startswith('"') and len(words) > 1:
        return Component(expression=words[0], curve=curves.parse(words[1:]))
    return Component(expression=words[0] if len(words) == 1 else text)


@police
class Array_Knob(Knob):
    """Numbers that can be animated. Frames are the script's; views share their values."""

    _names = ("",)
    _may_be_single = False
    _type_code = 9

    def __init__(self, name: str = "", label: str | None = None, *defaults: float) -> None:
        super().__init__(name, label)
        values = list(defaults) or [0.0] * len(self._names)
        self._components = [Component(float(value)) for value in values]
        self._default = copy.deepcopy(self._components)
        self._range: tuple[float, float] | None = None
        self._single = self._may_be_single and len(set(values)) == 1

    # Values

    def _evaluate(self, index: int, time: float | None = None) -> float:
        world, part = session(), self._components[index]
        context = world.context if time is None else world.context.at(time)
        if part.expression is not None:
            return scope.number(self, part, context)
        return part.curve.evaluate(context.frame, part.constant) if part.curve is not None else part.constant

    def _give(self, index: int | None, time: float | None) -> Any:
        if index is not None and index >= 0:
            self._check(index)
            return self._evaluate(index, time)
        if len(self._components) == 1 or self._single:
            return self._evaluate(0, time)
        return [self._evaluate(i, time) for i in range(len(self._components))]

    def _check(self, index: int) -> None:
        if index >= len(self._components):
            raise IndexError(f"{self._name} has {len(self._components)} components, there is no {index}")

    def value(self, index=None, view=None, time=None):
        return self._give(index, time)

    def getValue(self, index=None, view=None, time=None):
        return self._give(index, time)

    def valueAt(self, time, index=None, view=None):
        return self._give(index, time)

    def getValueAt(self, time, index=None, view=None):
        return self._give(index, time)

    def setValue(self, value, index=None, time=None, view=None):
        with self._edit():
            self._set(value, index, time)
        return True

    def setValueAt(self, value, time, index=None, view=None):
        with self._edit():
            self._set(value, index, time)
        return True

    def _set(self, value: Any, index: int | None, time: float | None) -> None:
        if isinstance(value, (list, tuple)):
            if index not in {None, -1} or len(value) > len(self._components):
                raise TypeError(f"{self._name} cannot take {value!r}")
            targets = list(enumerate(value))
            self._single = False
        elif isinstance(value, str) or value is None:
            raise TypeError(f"{self._name}: a number is needed, not {value!r}")
        elif index is None or index < 0:
            targets = [(i, value) for i in range(len(self._components))]  # [R] without an index, every component
            self._single = self._may_be_single
        else:
            self._check(index)
            targets = [(index, value)]
            self._single = self._single and self._components[index].constant == value
        for i, number in targets:
            part = self._components[i]
            if part.curve is not None:
                part.curve.put(curves.Key(session().context.frame if time is None else time, float(number)))
            else:
                part.constant = float(number)

    def setSingleValue(self, b, view=None):
        self._single = bool(b)

    def singleValue(self, view=None):
        return self._single

    def defaultValue(self):
        return self._default[0].constant

    def setDefaultValue(self, s):
        self._default = [Component(float(value)) for value in s]
        with self._edit():
            self._components = copy.deepcopy(self._default)

    def setRange(self, f1, f2):
        self._range = (float(f1), float(f2))

    def min(self):
        return self._range[0] if self._range else 0.0

    def max(self):
        return self._range[1] if self._range else 1.0

    def arraySize(self):
        return len(self._components)

    def notDefault(self):
        return not self._is_default()

    # Animation

    def _indices(self, index: int | None) -> list[int]:
        if index is None or index < 0:
            return list(range(len(self._components)))
        self._check(index)
        return [index]

    def setAnimated(self, index=None, view=None):
        if self._flags & constants.NO_ANIMATION:
            return False
        with self._edit():
            for i in self._indices(index):
                self._components[i].curve = self._components[i].curve or curves.Curve()
        return True

    def isAnimated(self, index=None, view=None):
        parts = [self._components[i] for i in self._indices(index)]
        return any(part.curve is not None or part.expression is not None for part in parts)

    def clearAnimated(self, index=None, view=None):
        with self._edit():
            for i in self._indices(index):
                self._components[i] = Component(self._evaluate(i))
        return True

    def isKey(self, index=None, view=None):
        return self.isKeyAt(session().context.frame, index)

    def isKeyAt(self, time, index=None, view=None):
        parts = [self._components[i] for i in self._indices(index)]
        return any(part.curve is not None and part.curve.at(time) is not None for part in parts)

    def setKeyAt(self, time, index=None, view=None):
        with self._edit():
            for i in self._indices(index):
                value = self._evaluate(i, time)
                self._components[i].curve = self._components[i].curve or curves.Curve()
                self._components[i].curve.put(curves.Key(float(time), value))
        return True

    def removeKey(self, index=None, view=None):
        return self.removeKeyAt(session().context.frame, index)

    def removeKeyAt(self, time, index=None, view=None):
        with self._edit():
            for part in (self._components[i] for i in self._indices(index)):
                if part.curve is not None:
                    part.constant = part.curve.evaluate(time, part.constant)
                    part.curve.remove(time)
        return True

    def _keys(self, index: int) -> list[curves.Key]:
        part = self._components[index]
        return part.curve.keys if part.curve is not None else []

    def getKeyList(self):
        return sorted({key.x for i in range(len(self._components)) for key in self._keys(i)})

    def getNumKeys(self, index=0, view=None):
        return len(self._keys(index))

    def getKeyTime(self, n, index=0, view=None):
        return self._keys(index)[n].x

    def animation(self, chan, view=None):
        self._check(chan)
        return AnimationCurve._of(self, chan) if self.isAnimated(chan) else None

    def animations(self, view=None):
        return [AnimationCurve._of(self, i) for i in range(len(self._components)) if self.isAnimated(i)]

    def setExpression(self, expression, channel=-1, view=None):
        Expression(session().tcl_free(expression))  # a syntax error is refused at once
        with self._edit():
            for i in self._indices(channel):
                self._components[i].expression = expression
        return True

    def hasExpression(self, index=-1):
        return any(self._components[i].expression is not None for i in self._indices(index))

    # Text

    def _component_names(self) -> list[str]:
        return list(self._names)

    def _text(self) -> str:
        plain = all(part.curve is None and part.expression is None for part in self._components)
        if plain and (
            len(self._components) == 1 or (self._single and len({p.constant for p in self._components}) == 1)
        ):
            return self._components[0].text()
        return " ".join(part.text() for part in self._components)

    def _word(self) -> str:
        text = self._text()
        return text if " " not in text and not text.startswith("{") else "{" + text + "}"

    def _read(self, text: str) -> None:
        parts = [component(part) for part in tcl.split(text)]
        if not parts or len(parts) > len(self._components):
            raise ValueError(f"{self._name}: {text!r} does not fit {len(self._components)} components")
        self._single = self._may_be_single and len(parts) == 1
        if len(parts) == 1 and len(self._components) > 1:
            parts = [copy.deepcopy(parts[0]) for _ in self._components]
        self._components[: len(parts)] = parts

    def _is_default(self) -> bool:
        return self._components == self._default

    def _state(self) -> Any:
        return (self._components, self._single)

    def _restore(self, state: Any) -> None:
        self._components, self._single = copy.deepcopy(state)

    def _definition_extras(self) -> list[str]:
        size = ["n", str(len(self._components))] if type(self) is Array_Knob else []
        return size + (["R", *map(curves.number, self._range)] if self._range else [])

    def _clone(self) -> Knob:
        other = super()._clone()
        other._default = copy.deepcopy(self._default)
        return other
