"""nuke.AnimationCurve and nuke.AnimationKey: a component's curve, seen from Python."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import curves
from .current import police


class AnimationKey:
    """A key: x is the frame, y the value."""

    def __init__(self, x: float, y: float, interpolation: int = curves.SMOOTH) -> None:
        self.x = float(x)
        self.y = float(y)
        self.interpolation = interpolation


@police
class AnimationCurve:
    """The animation of one component of a knob."""

    def __init__(self) -> None:
        raise TypeError("cannot create 'AnimationCurve' instances")

    @classmethod
    def _of(cls, knob: Any, index: int) -> AnimationCurve:
        self = object.__new__(cls)
        self._knob, self._index = knob, index
        return self

    def _is_gone(self) -> bool:
        return self._knob._is_gone()

    def _curve(self) -> curves.Curve:
        part = self._knob._components[self._index]
        part.curve = part.curve or curves.Curve()
        return part.curve

    def knob(self):
        return self._knob

    def knobIndex(self):
        return self._index

    def knobAndFieldName(self):
        name = self._knob._component_names()[self._index]
        return f"{self._knob.name()}.{name}" if name else self._knob.name()

    def view(self):
        return "main"

    def size(self):
        return len(self._knob._keys(self._index))

    def keys(self):
        return [AnimationKey(key.x, key.y, key.kind) for key in self._knob._keys(self._index)]

    def evaluate(self, t):
        return self._knob._evaluate(self._index, t)

    def setKey(self, t, y):
        with self._knob._edit():
            self._curve().put(curves.Key(float(t), float(y)))
        return AnimationKey(t, y)

    def addKey(self, keys):
        with self._knob._edit():
            for key in keys:
                self._curve().put(curves.Key(key.x, key.y, key.interpolation))

    def removeKey(self, keys):
        with self._knob._edit():
            for key in keys:
                self._curve().remove(key.x)

    def clear(self):
        with self._knob._edit():
            self._curve().keys.clear()

    def changeInterpolation(self, keys, type):
        times = {key.x for key in keys}
        with self._knob._edit():
            curve = self._curve()
            curve.keys = [replace(key, kind=type) if key.x in times else key for key in curve.keys]

    def noExpression(self):
        return not self._knob.hasExpression(self._index)

    def expression(self):
        return self._knob._components[self._index].expression or "curve"

    def setExpression(self, s):
        self._knob.setExpression(s, self._index)

    def constant(self):
        return len({key.y for key in self._knob._keys(self._index)}) <= 1 and self.noExpression()

    def toScript(self, selected=None):
        return self._knob._components[self._index].text()[1:-1]
